package codec

import (
	"math"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// adeunisQuantity is how a value is sent, and its unit as the maker writes it.
type adeunisQuantity struct {
	unit string
	read func(c *cursor) float64
}

func adeunisWord(c *cursor) float64 { return float64(c.u16()) }
func adeunisByte(c *cursor) float64 { return float64(c.u8()) }

// adeunisTenths is not a number, which is written as null, where the probe has failed.
func adeunisTenths(c *cursor) float64 {
	v := c.i16()
	if v == math.MinInt16 {
		return math.NaN()
	}
	return float64(v) / 10
}

var adeunisQuantities = map[string]adeunisQuantity{
	"temperature": {"°C", adeunisTenths},
	"humidity":    {"%", adeunisByte},
	"co2":         {"ppm", adeunisWord},
	"voc":         {"index value", adeunisWord},
	"tvoc":        {"µg/m3", adeunisWord},
	"pm10":        {"µg/m3", adeunisWord},
	"pm25":        {"µg/m3", adeunisWord},
	"pm1":         {"µg/m3", adeunisWord},
}

// adeunisSamples reads samples of the named quantities up to the end of the frame.
func adeunisSamples(names ...string) func(c *cursor, out *object.Writer) {
	return func(c *cursor, out *object.Writer) {
		values := make([][]float64, len(names))
		for first := true; first || c.left() > 0; first = false { // a frame without any is too short
			for i, name := range names {
				values[i] = append(values[i], adeunisQuantities[name].read(c))
			}
		}
		for i, name := range names {
			adeunisValues(out, name, adeunisQuantities[name].unit, values[i])
		}
	}
}

func adeunisValues(out *object.Writer, name, unit string, values []float64) {
	out.Object(name)
	out.Text("unit", unit)
	out.Array("values")
	for _, v := range values {
		out.Number("", v)
	}
	out.End()
	out.End()
}

// adeunisAlarms reads which limits are passed, by their bits in one byte, and the values. A bit of 0 is a quantity that the
// device has not.
func adeunisAlarms(temperature, humidity, co2, voc uint8) func(c *cursor, out *object.Writer) {
	alarms := []struct {
		bit         uint8
		name, value string
	}{{temperature, "alarmTemperature", "temperature"}, {humidity, "alarmHumidity", "humidity"}, {co2, "alarmCo2", "co2"}, {voc, "alarmVoc", "voc"}}
	return func(c *cursor, out *object.Writer) {
		passed := c.u8()
		for _, a := range alarms {
			if a.bit == 0 {
				continue
			}
			quantity := adeunisQuantities[a.value]
			out.Object(a.name)
			adeunisState(out, passed&a.bit != 0)
			out.Object(a.value)
			out.Text("unit", quantity.unit)
			out.Number("value", quantity.read(c))
			out.End()
			out.End()
		}
	}
}

func adeunisState(out *object.Writer, active bool) {
	if active {
		out.Text("alarmStatus", "active")
	} else {
		out.Text("alarmStatus", "inactive")
	}
}

func adeunisBreathAlarm(c *cursor, out *object.Writer) {
	passed := c.u8()
	for i, name := range []string{"tvoc", "pm10", "pm25", "pm1"} {
		out.Object(name)
		adeunisState(out, passed>>i&1 == 1)
		out.Text("unit", adeunisQuantities[name].unit)
		out.Number("value", adeunisQuantities[name].read(c))
		out.End()
	}
}

// adeunisMotionCounts has globalCounterValue, all movements since the start, and the movements and the light of each period.
func adeunisMotionCounts(c *cursor, out *object.Writer) {
	out.Int("globalCounterValue", int64(c.u16()))
	var light []float64
	out.Array("counterValues")
	for first := true; first || c.left() > 0; first = false {
		out.Int("", int64(c.i16()))
		light = append(light, adeunisByte(c))
	}
	out.End()
	adeunisValues(out, "luminosity", "%", light)
}

func adeunisMotionCountAlarm(c *cursor, out *object.Writer) {
	out.Object("alarmPresence")
	out.Int("globalCounterValue", int64(c.u16()))
	out.Int("counterValue", int64(c.u16()))
	out.End()
}

// adeunisMotion has whether somebody is seen now, and of each period the share of time that somebody was, and the light.
func adeunisMotion(c *cursor, out *object.Writer) {
	out.Flag("presenceDetectedWhenSending", c.u8() != 0)
	var presence, light []float64
	for first := true; first || c.left() > 0; first = false {
		presence, light = append(presence, adeunisByte(c)), append(light, adeunisByte(c))
	}
	adeunisValues(out, "presence", "%", presence)
	adeunisValues(out, "luminosity", "%", light)
}

func adeunisLuminosityAlarm(name string) func(c *cursor, out *object.Writer) {
	return func(c *cursor, out *object.Writer) {
		out.Object(name)
		adeunisState(out, c.u8() != 0)
		out.Object("luminosity")
		out.Text("unit", "%")
		out.Int("value", int64(c.u8()))
		out.End()
		out.End()
	}
}

// adeunisInput has the state of a contact that is wired to the device, and how often it changed: ever, and since the frame
// before.
func adeunisInput(c *cursor, out *object.Writer) {
	c.bits(6)
	out.Object("state")
	out.Flag("previousFrame", c.flag())
	out.Flag("current", c.flag())
	out.End()
	out.Object("counter")
	out.Int("global", int64(c.u32()))
	out.Int("instantaneous", int64(c.u16()))
	out.End()
}

var adeunisChannels = [4]string{"channelA", "channelB", "channelC", "channelD"}

// adeunisContacts has the changes of each contact since the frame before, and its state: true is closed.
func adeunisContacts(c *cursor, out *object.Writer) {
	counts := [4]uint16{c.u16(), c.u16(), c.u16(), c.u16()}
	states := c.u8()
	for i, name := range adeunisChannels {
		out.Object(name)
		out.Int("value", int64(counts[i]))
		out.Flag("currentState", states>>(2*i)&1 == 1)
		out.Flag("previousFrameState", states>>(2*i)&2 == 2)
		out.End()
	}
}

func adeunisContactsAlive(c *cursor, out *object.Writer) {
	counts := [4]uint16{c.u16(), c.u16(), c.u16(), c.u16()}
	states := c.u8()
	for i, name := range adeunisChannels {
		out.Object(name)
		out.Int("value", int64(counts[i]))
		out.Flag("state", states>>i&1 == 1)
		out.End()
	}
}

func adeunisContactLong(c *cursor, out *object.Writer) {
	out.Int("channel", int64(c.u8()))
	out.Object("durationThreshold")
	out.Text("unit", "min")
	out.Int("value", int64(c.u16()))
	out.End()
}

func adeunisContactTimes(c *cursor, out *object.Writer) {
	present := c.u8()
	for i, name := range adeunisChannels {
		if present>>i&1 == 0 {
			continue
		}
		out.Object(name + "TimeCounter")
		out.Text("unit", "s")
		out.Int("value", int64(c.u32()))
		out.End()
	}
}
