package codec

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("sensative", "Sensative Strips (door, comfort, presence, proximity, leak)", sensative)
}

// sensative reads Strips: a history number, then reports of a type and a value, high byte first. The highest bit of a type
// says that the report is also kept in the device's history. Reports of now are on port 1, history that was asked for on
// port 2, settings on others.
//
// door.value is true while the door is closed, doorAlarm.value true when it has been open for too long; the setting
// INVERT_DOOR of the device turns the first round. doorCount counts on and on. An empty frame is a sign of life.
//
// Source: the maker's decoders at github.com/Sensative/strips-lora-translator-open-source and the one for The Things Network.
func sensative(up Uplink, out *object.Writer) error {
	const now, history = 1, 2
	switch up.Port {
	case 0, now:
		return sensativeNow(newCursor(up.Bytes), out)
	case history:
		return sensativeHistory(newCursor(up.Bytes), out)
	}
	return nil
}

func sensativeNow(c *cursor, out *object.Writer) error {
	sequence := c.u16()
	kept := uint16(0)
	out.Int("historySeqNr", int64(sequence))
	readings := false
	for c.left() > 0 {
		at := c.pos()
		keep, kind := c.flag(), uint8(c.bits(7))
		if keep {
			kept++
		}
		for _, kind := range sensativeNames(kind) {
			if err := c.once(at, uint16(kind)); err != nil {
				return err
			}
		}
		reading, ok := sensativeReport(c, kind, out)
		if !ok && !readings {
			return fmt.Errorf("byte %d: unknown report type %d", at, kind)
		}
		if !ok {
			if err := c.stop(out, at, uint64(kind)); err != nil {
				return err
			}
		}
		readings = readings || reading
	}
	out.Int("prevHistSeqNr", int64(sequence-kept))
	if !readings {
		out.Reset()
	}
	return c.err
}

// sensativeHistory writes the reports of the past as an array; secondsAgo counts back from the moment of sending.
func sensativeHistory(c *cursor, out *object.Writer) error {
	sequence := c.u16()
	if c.left() == 0 {
		return c.err
	}
	out.Array("history")
	for ; c.left() > 0; sequence++ {
		out.Object("")
		out.Int("seqNr", int64(sequence))
		out.Int("secondsAgo", int64(c.u32()))
		at := c.pos()
		kind := c.u8() & 0x7F
		if _, ok := sensativeReport(c, kind, out); !ok {
			return fmt.Errorf("byte %d: unknown report type %d", at, kind)
		}
		out.End()
	}
	out.End()
	return c.err
}

// sensativeNames are the reports that a combined one stands for, or the report itself.
func sensativeNames(kind uint8) []uint8 {
	switch kind {
	case 80:
		return []uint8{6, 2}
	case 81:
		return []uint8{6, 4}
	case 82:
		return []uint8{9, 2}
	}
	return []uint8{kind}
}

// sensativeReport reads the value of a report. It is not ok where the type is unknown; it is not a reading where it only
// says that the device lives or how it fares.
func sensativeReport(c *cursor, kind uint8, out *object.Writer) (reading, ok bool) {
	switch kind {
	case 0: // empty
		return false, true
	case 1:
		out.Int("battery", int64(c.u8())) // %
	case 2:
		sensativeTenths(c, "temperature", out)
	case 3:
		sensativeLimits(c, "tempAlarm", out)
	case 4:
		sensativeTenths(c, "averageTemperature", out)
	case 5:
		sensativeLimits(c, "avgTempAlarm", out)
	case 6:
		sensativeHalves(c, "humidity", out)
	case 15: // one byte under two names, the older of which is a flag
		v := c.u8()
		sensativeValue(out, "oilAlarm", float64(v))
		sensativeFlag(out, "foilAlarm", v != 0)
	case 22:
		v := c.u8()
		out.Object("disinfectAlarm")
		out.Int("value", int64(v))
		if states := []string{"dirty", "occupied", "cleaning", "clean"}; int(v) < len(states) {
			out.Text("state", states[v])
		}
		out.End()
	case 80:
		sensativeHalves(c, "humidity", out)
		sensativeTenths(c, "temperature", out)
	case 81:
		sensativeHalves(c, "humidity", out)
		sensativeTenths(c, "averageTemperature", out)
	case 82:
		sensativeFlag(out, "door", c.u8() != 0)
		sensativeTenths(c, "temperature", out)
	case 110: // check-in: firmware and counts of restarts
		c.skip(8)
		return false, true
	default:
		switch {
		case sensativeFlags[kind] != "":
			sensativeFlag(out, sensativeFlags[kind], c.u8() != 0)
		case sensativeBytes[kind] != "":
			sensativeValue(out, sensativeBytes[kind], float64(c.u8()))
		case sensativeWords[kind] != "":
			sensativeValue(out, sensativeWords[kind], float64(c.u16()))
		default:
			return false, false
		}
	}
	return true, true
}

// The plain reports by type.
var (
	sensativeFlags = map[uint8]string{9: "door", 10: "doorAlarm", 11: "tamperReport", 12: "tamperAlarm", 14: "floodAlarm",
		16: "userSwitch1Alarm", 18: "presence", 21: "closeProximityAlarm"}
	sensativeBytes = map[uint8]string{13: "flood"} // % of wetness
	sensativeWords = map[uint8]string{7: "lux", 8: "lux2", 17: "doorCount", 19: "IRproximity", 20: "IRcloseproximity",
		112: "capacitanceFlood", 113: "capacitancePad", 114: "capacitanceEnd"}
)

func sensativeFlag(out *object.Writer, name string, v bool) {
	out.Object(name)
	out.Flag("value", v)
	out.End()
}

func sensativeValue(out *object.Writer, name string, v float64) {
	out.Object(name)
	out.Number("value", v)
	out.End()
}

func sensativeTenths(c *cursor, name string, out *object.Writer) {
	sensativeValue(out, name, float64(c.i16())/10)
}

func sensativeHalves(c *cursor, name string, out *object.Writer) {
	sensativeValue(out, name, float64(c.u8())/2)
}

// sensativeLimits says which limit was passed.
func sensativeLimits(c *cursor, name string, out *object.Writer) {
	v := c.u8()
	out.Object(name)
	out.Flag("highAlarm", v&1 != 0)
	out.Flag("lowAlarm", v&2 != 0)
	out.End()
}
