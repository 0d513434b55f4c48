package codec

import (
	"fmt"
	"strconv"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("netvox", "Netvox doors, motion, climate, air, buttons, seats, leaks and levels (R311, R312, R315, R718, R719, R720, RA07, RB02, RB11)", netvox)
}

// netvox reads the reports of Netvox's LoRaWAN Application Command: version, device type, report type, battery, and seven
// bytes whose meaning the device type gives, high byte first. Reports are on port 6; replies to commands on other ports,
// and the report of type 0, which says what the device is, carry no reading.
//
// The maker writes a low battery into the text of Volt; here Volt is always a number in volt, null on mains, and LowBattery
// says the rest. Buttons report 1 when pressed and 0 in their periodic report.
//
// Source: the maker's decoders at github.com/TheThingsNetwork/lorawan-devices, vendor/netvox.
func netvox(up Uplink, out *object.Writer) error {
	const reports, newer = 6, 22
	switch up.Port {
	case 0, reports:
	case newer:
		return fmt.Errorf("port %d: reports of the R900 series are not read, want port %d", up.Port, reports)
	default:
		return nil
	}
	c := newCursor(up.Bytes)
	version, kind, report := c.u8(), c.u8(), c.u8()
	switch {
	case c.err != nil:
		return c.err
	case up.Port == 0 && version&0x80 != 0: // a reply to a command
		return nil
	case version < 1 || version > 3:
		return fmt.Errorf("byte 0: version %d, want 1 to 3", version)
	}
	device, ok := netvoxDevices[kind]
	if !ok {
		return fmt.Errorf("byte 1: unknown device type %#02x", kind)
	}
	if report == 0 {
		return nil
	}
	out.Text("Device", device.model)
	switch device.layout {
	case netvoxAir:
		return netvoxAirReport(c, report, out)
	case netvoxMulti:
		return netvoxMultiReport(c, report, out)
	}
	netvoxBattery(c, out)
	for _, v := range netvoxLayouts[device.layout] {
		v.write(c, v.name, out)
	}
	return c.err
}

// netvoxBattery reads the voltage in tenths of a volt; the highest bit says that it is low.
func netvoxBattery(c *cursor, out *object.Writer) {
	low, tenths := c.flag(), c.bits(7)
	if tenths == 0 {
		out.Null("Volt")
	} else {
		out.Number("Volt", float64(tenths)/10)
	}
	out.Flag("LowBattery", low)
}

// netvoxAirReport reads the devices that take any sensors of a list: each report type has some of them, and one that is not
// fitted is all ones.
func netvoxAirReport(c *cursor, report uint8, out *object.Writer) error {
	names, ok := netvoxAirReports[report]
	if !ok {
		return fmt.Errorf("byte 2: unknown report type %d", report)
	}
	netvoxBattery(c, out)
	for _, v := range names {
		v.write(c, v.name, out)
	}
	return c.err
}

// netvoxMultiReport reads the R315: which functions are built in or plugged in, and a bit for each that has two states. Such
// a bit is written only where the function is there.
func netvoxMultiReport(c *cursor, report uint8, out *object.Writer) error {
	switch report {
	case 1:
		netvoxBattery(c, out)
		enabled, states := c.u16(), c.u16()
		out.Text("FunctionEnable", strconv.FormatUint(uint64(enabled), 2))
		out.Text("BinarySensorReport", strconv.FormatUint(uint64(states), 2))
		for i, f := range netvoxFunctions {
			if enabled>>f.enabled&1 == 1 {
				out.Flag(f.name, states>>i&1 == 1)
			}
		}
		temperature, humidity := c.i16(), c.u8()
		if enabled&1 == 0 || temperature == -1 && humidity == 0xFF {
			out.Null("Temp")
			out.Null("Humi")
			return c.err
		}
		out.Number("Temp", float64(temperature)/100)
		out.Number("Humi", float64(humidity)/2)
	case 2:
		netvoxBattery(c, out)
		out.Int("Illuminance", int64(c.u16()))
	default:
		return fmt.Errorf("byte 2: unknown report type %d", report)
	}
	return c.err
}

// netvoxFunctions are the two-state functions of an R315 in the order of their state bits, with their bit among the enabled
// functions.
var netvoxFunctions = []struct {
	name    string
	enabled int
}{
	{"PIR", 2}, {"EmergenceButton", 3}, {"Tilt", 4}, {"InternalContactSwitch", 5}, {"ExternalContactSwitch", 6},
	{"InternalShock", 7}, {"ExternalShock", 8}, {"DryContact", 9}, {"WaterLeak", 11}, {"Seat", 12}, {"GlassBreak", 13},
}
