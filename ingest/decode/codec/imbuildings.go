package codec

import (
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("imbuildings", "IMBuildings: People Counter, Office Occupancy Counter, VertiCount, Comfort Sensor, Desk Sensor, buttons, Moodbox", imbuildings)
}

// A frame of IMBuildings begins with its type (what the device is) and variant (which values), then a header with the device's
// id and, by variant, its status; then the data, all big-endian. LoRaWAN devices can be set to send the data alone; the port
// then says type and variant: 10·type + variant, or 100·type + variant for two digits. Sources: IMBuildings, "Reference guide for
// system integrators" 1.1, the payload definitions of its documentation, and its payload parser, which gives the names.

const (
	imbDownlink     = 0xF1 // answers to settings
	imbDownlinkPort = 10
	imbNoSignal     = 99 // RSSI of a modem that has no reading
)

// imbHead is the header of a frame.
type imbHead uint8

const (
	imbID6 imbHead = iota // 6 bytes of id, status, voltage, RSSI: NB-IoT
	imbID8                // 8 bytes of id, status, voltage: LoRaWAN
	imbEUI                // 8 bytes of id: people counters, whose data begins with the status
)

var imbHeadSize = [...]int{imbID6: 10, imbID8: 11, imbEUI: 8}

// imbFormat is one variant of one type.
type imbFormat struct {
	kind, variant byte
	head          imbHead
	size          int // of the data, in bytes
	data          func(f *frame, out *object.Writer)
}

var imbFormats = []imbFormat{
	{1, 1, imbID6, 7, imbClimate},
	{1, 2, imbID6, 14, func(f *frame, out *object.Writer) {
		imbTime(f, out)
		imbClimate(f, out)
	}},
	{1, 3, imbID8, 7, imbClimate},
	{1, 4, imbID6, 6, func(f *frame, out *object.Writer) {
		frameCelsius(out, "min_temperature", f.signedBig(2), 100)
		frameCelsius(out, "max_temperature", f.signedBig(2), 100)
		frameCelsius(out, "current_temperature", f.signedBig(2), 100)
	}},
	{1, 5, imbID6, 1, imbByte("presence_event")},
	{1, 6, imbID8, 1, imbByte("event")},      // 1: presence, 2: power lost
	{1, 7, imbID8, 1, imbByte("percentage")}, // of the interval, present
	{1, 8, imbID8, 1, imbByte("minutes")},    // of the interval, present
	{1, 9, imbID8, 3, imbConnected("event")},
	{1, 10, imbID8, 3, imbConnected("percentage")},
	{1, 11, imbID8, 3, imbConnected("minutes")},
	{2, 2, imbID6, 3, func(f *frame, out *object.Writer) {
		out.Int("counter_a", f.big(1))
		out.Int("counter_b", f.big(1))
		out.Int("sensor_status", f.big(1))
	}},
	{2, 3, imbID6, 5, imbCounters},
	{2, 4, imbID6, 12, func(f *frame, out *object.Writer) {
		imbTime(f, out)
		imbCounters(f, out)
	}},
	{2, 5, imbID8, 6, func(f *frame, out *object.Writer) {
		imbCounters(f, out)
		out.Int("payload_counter", f.big(1))
	}},
	{2, 6, imbEUI, 13, imbPeople},
	{2, 7, imbEUI, 5, func(f *frame, out *object.Writer) {
		out.Int("sensor_status", f.big(1))
		imbTotals(f, out)
	}},
	{2, 8, imbEUI, 4, func(f *frame, out *object.Writer) {
		imbStatus(f, out)
		out.Int("sensor_status", f.big(1))
	}},
	{2, 9, imbEUI, 15, func(f *frame, out *object.Writer) {
		imbPeople(f, out)
		imbSignal(f, out)
		out.Int("ce_level", f.big(1))
	}},
	{2, 12, imbEUI, 8, func(f *frame, out *object.Writer) {
		imbStatus(f, out)
		out.Int("sensor_status", f.big(1))
		out.Object("sensor_activity") // s since the frame before
		out.Int("on", f.big(2))
		out.Int("off", f.big(2))
		out.End()
	}},
	{3, 1, imbID6, 1, imbPressed},
	{3, 2, imbID6, 8, func(f *frame, out *object.Writer) {
		imbTime(f, out)
		imbPressed(f, out)
	}},
	{3, 3, imbID8, 1, imbPressed},
	{3, 4, imbID8, 10, imbPresses},
	{3, 5, imbID8, 3, func(f *frame, out *object.Writer) {
		imbPressed(f, out)
		imbSignal(f, out)
		out.Int("CELevel", f.big(1))
	}},
	{3, 6, imbID8, 12, func(f *frame, out *object.Writer) {
		imbPresses(f, out)
		imbSignal(f, out)
		out.Int("CELevel", f.big(1))
	}},
	{4, 1, imbID6, 8, func(f *frame, out *object.Writer) {
		imbTime(f, out)
		out.Int("counter", f.big(1))
	}},
}

// port is where a device sends the data alone.
func (d *imbFormat) port() int {
	if d.variant < 10 {
		return 10*int(d.kind) + int(d.variant)
	}
	return 100*int(d.kind) + int(d.variant)
}

// imbuildings reads frames of IMBuildings with or without their header, from LoRaWAN (where the port is known) or NB-IoT.
func imbuildings(up Uplink, out *object.Writer) error {
	f := frame{bytes: up.Bytes}
	// Data alone may look like a header: the port decides first.
	for i := range imbFormats {
		if d := &imbFormats[i]; int(up.Port) == d.port() && len(up.Bytes) == d.size {
			imbType(d, out)
			d.data(&f, out)
			return f.end()
		}
	}
	kind, variant := f.byte(), f.byte()
	if f.err != nil {
		return f.err
	}
	if kind == imbDownlink {
		return nil
	}
	// Counters up to firmware 1.35 call their variant 7 a 6; only its length tells.
	if kind == 2 && variant == 6 && len(up.Bytes) == 15 {
		variant = 7
	}
	for i := range imbFormats {
		d := &imbFormats[i]
		if d.kind != kind || d.variant != variant {
			continue
		}
		imbType(d, out)
		switch d.head {
		case imbID6:
			out.Text("device_id", f.hex(6))
			imbStatus(&f, out)
			imbSignal(&f, out)
		case imbID8:
			out.Text("device_id", f.hex(8))
			imbStatus(&f, out)
		case imbEUI:
			out.Text("device_id", f.hex(8))
		}
		d.data(&f, out)
		if err := f.end(); err != nil {
			return fmt.Errorf("type %d, variant %d, %d bytes: %w", kind, variant, 2+imbHeadSize[d.head]+d.size, err)
		}
		return nil
	}
	if up.Port == imbDownlinkPort {
		return fmt.Errorf("port %d: got type %d, want %d, an answer to a setting", up.Port, kind, imbDownlink)
	}
	return fmt.Errorf("byte 0: got type %d, variant %d of %d bytes on port %d, want a payload definition of IMBuildings", kind, variant, len(up.Bytes), up.Port)
}

func imbType(d *imbFormat, out *object.Writer) {
	out.Int("payload_type", int64(d.kind))
	out.Int("payload_variant", int64(d.variant))
}

// imbStatus reads what the device says of itself. Status is a set of bits: 1 started, 2 reconnected, 4 settings changed, 8 the
// battery was not full when placed.
func imbStatus(f *frame, out *object.Writer) {
	out.Int("device_status", f.big(1))
	frameScaled(out, "battery_voltage", f.big(2), 100)
}

func imbSignal(f *frame, out *object.Writer) {
	if rssi := f.signedBig(1); rssi != imbNoSignal {
		out.Int("rssi", rssi) // dBm
		return
	}
	out.Null("rssi")
}

// imbClimate reads a comfort sensor. All its models send all values: without a CO2 sensor that value is 0.
func imbClimate(f *frame, out *object.Writer) {
	frameCelsius(out, "temperature", f.signedBig(2), 100)
	frameScaled(out, "humidity", f.big(2), 100)
	frameCO2(out, "CO2", f.big(2))
	out.Flag("presence", f.big(1) == 1) // in the interval
}

// imbCounters reads what passed since the frame before. Sensor status is a set of bits: 128 infrared blocked, 64 disturbed, 32
// receiver's battery low, 4 powered up, 2 infrared weak.
func imbCounters(f *frame, out *object.Writer) {
	out.Int("counter_a", f.big(2))
	out.Int("counter_b", f.big(2))
	out.Int("sensor_status", f.big(1))
}

// imbTotals reads the totals since the device started or was preset; they roll over after 65535.
func imbTotals(f *frame, out *object.Writer) {
	out.Int("total_counter_a", f.big(2))
	out.Int("total_counter_b", f.big(2))
}

func imbPeople(f *frame, out *object.Writer) {
	imbStatus(f, out)
	imbCounters(f, out)
	imbTotals(f, out)
	out.Int("payload_counter", f.big(1))
}

// imbPressed reads which of five buttons were pressed.
func imbPressed(f *frame, out *object.Writer) {
	b := f.byte()
	out.Flag("button_pressed", b != 0)
	out.Object("button")
	for i := range 5 {
		out.Flag(string(rune('a'+i)), b>>i&1 == 1)
	}
	out.End()
}

// imbPresses reads how often each of five buttons was pressed since the device started.
func imbPresses(f *frame, out *object.Writer) {
	out.Object("button")
	for i := range 5 {
		out.Int(string(rune('a'+i)), f.big(2))
	}
	out.End()
}

func imbByte(name string) func(f *frame, out *object.Writer) {
	return func(f *frame, out *object.Writer) { out.Int(name, f.big(1)) }
}

func imbConnected(name string) func(f *frame, out *object.Writer) {
	return func(f *frame, out *object.Writer) {
		out.Int(name, f.big(1))
		imbSignal(f, out)
		out.Int("ce_level", f.big(1))
	}
}

// imbTime reads seven bytes of decimal digits, YYYYMMDDHHmmss in UTC; null where they are no time.
func imbTime(f *frame, out *object.Writer) {
	at, err := time.Parse("20060102150405", f.hex(7))
	if err != nil {
		out.Null("datetime")
		return
	}
	out.Text("datetime", at.Format(time.RFC3339))
}
