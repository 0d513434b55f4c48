package codec

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("radio-bridge", "Radio Bridge door, contact, push button, climate, water, tilt and level (RBS series)", radioBridge)
}

// radioBridge reads the messages of Radio Bridge's sensors: protocol and counter in one byte, the event, and what belongs to
// it. Each kind of event has an object of its own.
//
// A supervisory message is the daily sign of life with the battery; the states in it are not read, the maker has given them
// up. A push button says pressed, held and released in messages of their own: a press is State "Pressed". A reset, the link
// and acknowledgements carry no reading, and those of trackers, bridges and vibration are not read.
//
// Source: the maker's decoder at github.com/TheThingsNetwork/lorawan-devices, vendor/radio-bridge.
func radioBridge(up Uplink, out *object.Writer) error {
	c := newCursor(up.Bytes)
	protocol, counter, code := c.bits(4), c.bits(4), c.u8()
	if c.err != nil {
		return c.err
	}
	event, ok := radioBridgeEvents[code]
	if !ok {
		return fmt.Errorf("byte 1: unknown event %#02x", code)
	}
	if event.read == nil {
		return nil
	}
	out.Int("Protocol", int64(protocol))
	out.Int("Counter", int64(counter))
	out.Text("Type", event.kind)
	out.Object(event.name)
	if event.states != nil {
		state := int(c.u8())
		out.Text("Event", radioBridgeName(event.states, state))
	}
	event.read(c, out)
	out.End()
	return c.err // messages are filled up to one length
}

// radioBridgeEvents are the events by their code. Those without a function carry no reading. Where states are named, the
// next byte is one of them.
var radioBridgeEvents = map[uint8]struct {
	kind, name string
	states     []string
	read       func(c *cursor, out *object.Writer)
}{
	0x00: {kind: "RESET"}, 0x15: {kind: "CUSTOM"}, 0x16: {kind: "GPS"}, 0x17: {kind: "HONEYWELL5800"}, 0x18: {kind: "MAGNETOMETER"},
	0x19: {kind: "VIBRATION"}, 0x1A: {kind: "VIBRATION"}, 0xFB: {kind: "LINK QUALITY"}, 0xFC: {kind: "RATE LIMIT"}, 0xFD: {kind: "TEST"},
	0xFF: {kind: "DOWNLINKACK"},

	0x01: {"SUPERVISORY", "Supervisory", nil, radioBridgeSupervisory},
	0x02: {"TAMPER", "Tamper", []string{"Open", "Closed"}, radioBridgeNothing},
	0x03: {"DOOR/WINDOW", "DoorWindow", []string{"Closed", "Open"}, radioBridgeNothing},
	0x06: {"BUTTON", "Button", nil, radioBridgeButton},
	0x07: {"CONTACT", "Contact", []string{"Contacts Shorted", "Contacts Opened"}, radioBridgeNothing},
	0x08: {"WATER", "Water", []string{"Water Present", "Water Not Present"}, radioBridgeByte("Relative")},
	0x09: {"TEMPERATURE", "Temperature", radioBridgeLimits("Temperature "), radioBridgeTemperature},
	0x0A: {"TILT", "Tilt", []string{"Transitioned to Vertical", "Transitioned to Horizontal", "Report-on-Change Toward Vertical",
		"Report-on-Change Toward Horizontal"}, radioBridgeByte("Angle")},
	0x0D: {"ATH", "ATH", []string{"Periodic Report", "Temperature has Risen Above Upper Threshold",
		"Temperature has Fallen Below Lower Threshold", "Temperature Report-on-Change Increase", "Temperature Report-on-Change Decrease",
		"Humidity has Risen Above Upper Threshold", "Humidity has Fallen Below Lower Threshold", "Humidity Report-on-Change Increase",
		"Humidity Report-on-Change Decrease"}, radioBridgeClimate},
	0x0E: {"ABM", "ABM", []string{"Movement Started", "Movement Stopped"}, radioBridgeNothing},
	0x0F: {"TILT-HP", "TiltHP", []string{"Periodic Report", "Transitioned Toward 0-Degree Vertical Orientation",
		"Transitioned Away From 0-Degree Vertical Orientation", "Report-on-Change Toward 0-Degree Vertical Orientation",
		"Report-on-Change Away From 0-Degree Vertical Orientation"}, radioBridgeTilt},
	0x10: {"ULTRASONIC", "Ultrasonic", []string{"Periodic Report", "Distance has Risen Above Upper Threshold",
		"Distance has Fallen Below Lower Threshold", "Report-on-Change Increase", "Report-on-Change Decrease"}, radioBridgeWord("Distance", 1)},
	0x11: {"4-20mA", "A420mA", radioBridgeAnalog, radioBridgeWord("Current", 100)},
	0x13: {"Thermocouple", "Thermocouple", radioBridgeAnalog, radioBridgeThermocouple},
	0x14: {"VOLTMETER", "Voltmeter", []string{"Periodic Report", "Voltage has Risen Above Upper Threshold",
		"Voltage has Fallen Below Lower Threshold", "Report on Change Increase", "Report on Change Decrease"}, radioBridgeWord("Voltage", 100)},
}

var radioBridgeAnalog = []string{"Periodic Report", "Analog Value has Risen Above Upper Threshold",
	"Analog Value has Fallen Below Lower Threshold", "Report on Change Increase", "Report on Change Decrease"}

func radioBridgeLimits(what string) []string {
	return []string{"Periodic Report", what + "Over Upper Threshold", what + "Under Lower Threshold", what + "Report-on-Change Increase",
		what + "Report-on-Change Decrease"}
}

// radioBridgeName names a state; of two, all that is not the first is the second.
func radioBridgeName(states []string, i int) string {
	switch {
	case i < len(states):
		return states[i]
	case len(states) == 2:
		return states[1]
	}
	return "Undefined"
}

func radioBridgeNothing(*cursor, *object.Writer) {}

func radioBridgeByte(name string) func(*cursor, *object.Writer) {
	return func(c *cursor, out *object.Writer) { out.Int(name, int64(c.u8())) }
}

func radioBridgeWord(name string, divisor float64) func(*cursor, *object.Writer) {
	return func(c *cursor, out *object.Writer) { out.Number(name, float64(c.u16())/divisor) }
}

// radioBridgeSupervisory reads the battery in tenths of a volt, a digit in each half of the byte. The count is what the
// device counts at all: presses, openings, and so on.
func radioBridgeSupervisory(c *cursor, out *object.Writer) {
	c.bits(3)
	for _, name := range []string{"TamperSinceLastReset", "TamperState", "ErrorWithLastDownlink", "BatteryLow", "RadioCommError"} {
		out.Int(name, int64(c.bits(1)))
	}
	c.skip(1)
	volt, tenth := c.bits(4), c.bits(4)
	out.Text("Battery", fmt.Sprintf("%d.%dV", volt, tenth))
	out.Number("Volt", float64(volt)+float64(tenth)/10)
	if c.left() >= 6 { // older firmware ends here
		c.skip(4)
		out.Int("Accumulation", int64(c.u16()))
	}
}

func radioBridgeButton(c *cursor, out *object.Writer) {
	names := map[uint8]string{0x01: "Button 1", 0x02: "Button 2", 0x03: "Button", 0x12: "Both Buttons"}
	name, ok := names[c.u8()]
	if !ok {
		name = "Undefined"
	}
	out.Text("Event", name)
	out.Text("State", radioBridgeName([]string{"Pressed", "Released", "Held"}, int(c.u8())))
}

func radioBridgeTemperature(c *cursor, out *object.Writer) {
	out.Int("Temperature", int64(c.i8()))
	out.Int("Relative", int64(c.i8()))
}

// radioBridgeClimate reads two numbers, each a byte and a tenth in the high half of the next. The highest bit of the
// temperature is its sign.
func radioBridgeClimate(c *cursor, out *object.Writer) {
	negative, whole, tenths := c.flag(), float64(c.bits(7)), float64(c.bits(4))
	c.bits(4)
	temperature := whole + tenths/10
	if negative {
		temperature = -temperature
	}
	out.Number("Temperature", temperature)
	humidity := float64(c.u8())
	out.Number("Humidity", humidity+float64(c.bits(4))/10)
}

func radioBridgeTilt(c *cursor, out *object.Writer) {
	angle := float64(c.u8())
	out.Number("Angle", angle+float64(c.u8())/10)
	out.Int("Temperature", int64(c.i8()))
}

// radioBridgeThermocouple is null where the probe has a fault.
func radioBridgeThermocouple(c *cursor, out *object.Writer) {
	temperature, faults := float64(c.i16())/16, c.u8()
	if faults == 0 {
		out.Number("Temperature", temperature)
	} else {
		out.Null("Temperature")
	}
	out.Object("Fault")
	for i, name := range []string{"OpenCircuit", "VoltageOutsideRange", "TCTooLow", "TCTooHigh", "ColdBelowThresh", "ColdAboveThresh",
		"HotOutsideRange", "ColdOutsideRange"} {
		out.Text(name, map[bool]string{true: "True", false: "False"}[faults>>i&1 == 1])
	}
	out.End()
}
