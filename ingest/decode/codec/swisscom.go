package codec

import "github.com/gerbang-iot/gerbang/ingest/decode/object"

func init() {
	register("swisscom-multisense", "Swisscom Multisense (button, door, motion, temperature, humidity)", swisscomMultisense)
}

// swisscomMultisense reads a Multisense: version, mode, why it sends, battery, then items of a type and a value, high byte
// first. Readings are on port 3, a change of mode on port 100.
//
// The event is what the maker's platform calls it: the last of those that came together. buttonEvent is there, and 1, if the
// button was pressed, whatever else came; without it a frame came by the clock (TIMED_EVENT), as a sign of life (LIFECYCLE)
// or by another sensor. reedCounter and motionCounter run on and wrap at 16 bits; the reed switch counts a door's opening
// and its closing.
//
// Source: the device type swisscom/multisense at github.com/akenza-io/device-type-library.
func swisscomMultisense(up Uplink, out *object.Writer) error {
	const readings = 3
	if up.Port != 0 && up.Port != readings {
		return nil
	}
	c := newCursor(up.Bytes)
	out.Int("payloadVersion", int64(c.u8()))
	mode, status := c.u8(), c.u8()
	out.Int("mode", int64(mode))
	millivolt := int64(c.u8())*6 + 2000
	out.Number("batteryVoltage", float64((millivolt+50)/100)/10)
	swisscomEvents(mode, status, out)
	for c.left() > 0 {
		at := c.pos()
		kind := c.u8()
		name := kind
		if kind == 6 || kind == 7 { // with a history: the same names
			name -= 5
		}
		if err := c.once(at, uint16(name)); err != nil {
			return err
		}
		switch kind {
		case 1:
			swisscomTemperature(c, "temperature", out)
		case 2:
			swisscomHumidity(c, "humidity", out)
		case 3:
			out.Int("reedCounter", int64(c.u16()))
		case 4:
			out.Int("motionCounter", int64(c.u16()))
		case 5:
			for _, name := range []string{"accX", "accY", "accZ"} {
				out.Int(name, int64(c.i16()))
			}
		case 6:
			swisscomTemperature(c, "temperature", out)
			for _, name := range []string{"tempHistory0", "tempHistory1", "tempHistory2", "tempHistory3", "tempHistory4", "tempHistory5",
				"tempHistory6"} {
				swisscomTemperature(c, name, out)
			}
		case 7:
			swisscomHumidity(c, "humidity", out)
			for _, name := range []string{"humHistory0", "humHistory1", "humHistory2", "humHistory3", "humHistory4", "humHistory5",
				"humHistory6"} {
				swisscomHumidity(c, name, out)
			}
		default:
			if err := c.stop(out, at, uint64(kind)); err != nil {
				return err
			}
		}
	}
	return c.err
}

// swisscomEvents reads the reasons of a frame; the mode that watches the use of a thing has its own.
func swisscomEvents(mode, status uint8, out *object.Writer) {
	const usage, button = 1, "BUTTON_EVENT"
	events := []string{"TIMED_EVENT", button, "REED_EVENT", "TEMPERATURE_EVENT", "HUMIDITY_EVENT", "MOTION_EVENT", "LIFECYCLE"}
	if mode == usage {
		events = []string{"USAGE_START_EVENT", "USAGE_CHECK_EVENT", button, "LIFECYCLE"}
	}
	last, pressed := "", false
	for i, event := range events {
		if status<<i&0x80 != 0 {
			last = event
			pressed = pressed || event == button
		}
	}
	if last != "" {
		out.Text("event", last)
	}
	if pressed {
		out.Int("buttonEvent", 1)
	}
}

func swisscomTemperature(c *cursor, name string, out *object.Writer) {
	out.Number(name, float64(c.i16())/100)
}

func swisscomHumidity(c *cursor, name string, out *object.Writer) {
	out.Number(name, float64(c.u8())/2)
}
