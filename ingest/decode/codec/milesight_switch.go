package codec

import (
	"fmt"
	"slices"
	"strconv"
)

var msSwitchLines = []msLine{
	{name: "milesight-ws101", title: "Milesight WS101, WS136, WS156 (buttons)", channels: msButtons},
	{name: "milesight-ws201", title: "Milesight WS201 (fill level of a roll)", channels: msWS201},
	{name: "milesight-ws202", title: "Milesight WS202 (PIR, light)", channels: msWS202},
	{name: "milesight-ws203", title: "Milesight WS203 (occupancy, temperature, humidity)", channels: msWS203},
	{name: "milesight-ws301", title: "Milesight WS301 (door or window contact)", channels: msWS301},
	{name: "milesight-ws302", title: "Milesight WS302 (sound level)", channels: msWS302},
	{name: "milesight-ws303", title: "Milesight WS303 (leak)", channels: msWS303},
	msLightSwitch("milesight-ws501", "Milesight WS501 (light switch, neither v4 nor CN)", 1),
	msLightSwitch("milesight-ws502", "Milesight WS502 (two light switches, neither v4 nor CN)", 2),
	msLightSwitch("milesight-ws503", "Milesight WS503 (three light switches, neither v4 nor CN)", 3),
}

// msButtons: WS101 says how its one button was pressed, the panels which button was, and what other devices it commands.
var msButtons = []msChannel{
	msBattery,
	msIn("button_event", 0xff, 0x2e, 1, msWord("status", 0, msWords{1: "short press", 2: "long press", 3: "double press"})),
	msCall(0xff, 0x34, 3, func(f *msFrame, data []byte) error {
		button := "button_" + strconv.Itoa(int(data[0]))
		f.number(button, 1)
		f.number(button+"_d2d", float64(msUint16.raw(data[1:])))
		return nil
	}),
}

var msWS201 = []msChannel{
	msBattery,
	msOf(0x03, 0x82, 2, msU16("distance", 0).unless(msNone16)), // mm
	msOf(0x04, 0xd6, 1, msU8("remaining", 0).unless(msNoPercent)),
}

var msWS202 = []msChannel{
	msBattery,
	msOf(0x03, 0x00, 1, msWord("pir", 0, msWords{0: "normal", 1: "trigger"})),
	msOf(0x04, 0x00, 1, msWord("daylight", 0, msWords{0: "dim", 1: "bright"})),
}

var msWS203 = []msChannel{
	msBattery,
	msOf(0x03, 0x67, 2, msTemperature(0)),
	msOf(0x04, 0x68, 1, msHumidity(0)),
	msOf(0x05, 0x00, 1, msWord("occupancy", 0, msOccupied)),
	msOf(0x83, 0x67, 3, msTemperature(0), msWord("temperature_alarm", 2, msWords{0: "threshold alarm release", 1: "threshold alarm"})),
	msHistory(0x20, 9,
		msWord("report_type", 4, msReportType),
		msWord("occupancy", 5, msOccupied), msTemperature(6), msHumidity(8)),
}

// msReportType is in the low three bits of its byte.
var msReportType = func() msWords {
	low := []string{"temperature threshold alarm release", "temperature threshold alarm", "pir idle", "pir trigger", "period"}
	words := make(msWords)
	for raw := range uint32(0x100) {
		if kind := int(raw & 7); kind < len(low) {
			words[raw] = low[kind]
		}
	}
	return words
}()

var msMagnet = msWords{0: "close", 1: "open"}

var msWS301 = []msChannel{
	msBattery,
	msOf(0x03, 0x00, 1, msWord("magnet_status", 0, msMagnet)),
	msOf(0x04, 0x00, 1, msWord("tamper_status", 0, msWords{0: "installed", 1: "uninstalled"})),
}

// msWS302 names its values by how the sound is weighted: LAF is A and fast, LAeq the mean, LAFmax the most, all in dB.
var msWS302 = []msChannel{
	msBattery,
	msCall(0x05, 0x5b, 7, func(f *msFrame, data []byte) error {
		frequency, time := data[0]&3, data[0]>>2&3
		if frequency == 3 || time == 3 {
			return fmt.Errorf("unknown weighting 0x%02x, want Z, A or C and impulse, fast or slow", data[0])
		}
		l := "L" + string("ZAC"[frequency])
		for i, name := range []string{l + string("IFS"[time]), l + "eq", l + string("IFS"[time]) + "max"} {
			level := msU16(name, 1+2*i).per(10).unless(msNone16)
			level.into(f, data)
		}
		return nil
	}),
}

var msLeak = msWords{0: "normal", 1: "leak"}

var msWS303 = []msChannel{
	msBattery,
	msOf(0x03, 0x00, 1, msWord("leakage_status", 0, msLeak)),
}

func msLightSwitch(name, title string, n int) msLine {
	return msLine{name: name, title: title, channels: slices.Concat(msSwitches(n), msMains), replies: map[byte]int{0x25: 2}}
}

// msSwitches is the state of n switches: the low half of the byte says which are on, the high half which have just changed.
func msSwitches(n int) []msChannel {
	read := func(f *msFrame, data []byte) error {
		for i := range n {
			name := "switch_" + strconv.Itoa(i+1)
			f.text(name, msWords{0: "off", 1: "on"}.of(uint32(data[0])>>i&1))
			f.text(name+"_change", msWords{0: "no", 1: "yes"}.of(uint32(data[0])>>(i+4)&1))
		}
		return nil
	}
	return []msChannel{msCall(0xff, 0x29, 1, read), msCall(0x08, 0x29, 1, read)}
}

// msMains is what switches with a meter say of the mains, and the key of those without a neutral wire.
var msMains = []msChannel{
	msOf(0x03, 0x74, 2, msU16("voltage", 0).per(10)),
	msOf(0x04, 0x80, 4, msU32("active_power", 0)),
	msOf(0x05, 0x81, 1, msU8("power_factor", 0)),
	msOf(0x06, 0x83, 4, msU32("power_consumption", 0)),
	msOf(0x07, 0xc9, 2, msU16("current", 0)),
	msCall(0xff, 0x2b, 1, func(f *msFrame, _ []byte) error { f.text("function_key_event", "yes"); return nil }),
}
