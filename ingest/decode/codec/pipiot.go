package codec

import (
	"errors"
	"fmt"
	"math"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("pipiot", "PiPIoT PeopleSense people counter", pipiotPeople)
	register("pipiot-levelsense", "PiPIoT LevelSense fill level", pipiotLevel)
}

// The kinds of frame.
const (
	pipiotMeasured = iota
	pipiotSecond   // PeopleSense: measured, with temperature; LevelSense: a position, no reading
	pipiotRadio    // a test of the radio link, no reading
	pipiotExtended
)

// pipiotKind reads the first byte: a bit that is 0 for what comes from a sensor, three that tell the kind, four to spare.
func pipiotKind(c *cursor) (uint64, error) {
	command, kind := c.flag(), c.bits(3)
	c.bits(4)
	switch {
	case command:
		return 0, errors.New("byte 0: a frame of commands, want one of a sensor")
	case kind > pipiotExtended:
		return 0, fmt.Errorf("byte 0: unknown kind %d", kind)
	}
	return kind, c.err
}

// pipiotPeople reads the counts of a PeopleSense. peopleCount is who was seen in the reporting interval and the bins are
// equal parts of it; a bin is null until the bins are ready. heartbeatFlag marks a frame that came by the clock,
// countAlertFlag one that came because a limit was passed.
//
// Source: the device type pipiot/peopleSense at github.com/akenza-io/device-type-library.
func pipiotPeople(up Uplink, out *object.Writer) error {
	c := newCursor(up.Bytes)
	kind, err := pipiotKind(c)
	if err != nil || kind == pipiotRadio {
		return err
	}
	out.Number("batteryVoltage", float64(c.u8())/20)
	out.Int("peopleCount", int64(c.u16()))
	bins := make([]uint64, 0, 6)
	switch kind {
	case pipiotMeasured:
		bins = bins[:6]
	case pipiotSecond:
		bins = bins[:5]
	case pipiotExtended:
		out.Int("alertCount", int64(c.u16()))
		c.bits(2)
	}
	for i := range bins {
		bins[i] = c.bits(10)
	}
	if kind != pipiotMeasured {
		out.Flag("forcedDownlinkFlag", c.flag())
		out.Flag("countAlertFlag", c.flag())
	}
	for _, name := range []string{"heartbeatFlag", "magSwitchFlag", "proxHWError"} {
		out.Flag(name, c.flag())
	}
	ready := c.flag()
	out.Flag("binsReadyFlag", ready)
	for i, v := range bins {
		if name := fmt.Sprintf("peopleCountBin%d", i+1); ready {
			out.Int(name, int64(v))
		} else {
			out.Null(name)
		}
	}
	if kind != pipiotMeasured {
		pipiotTemperature(c, out)
	}
	return c.rest(out)
}

// pipiotLevel reads the distances of a LevelSense to what it hangs above, in cm, by ultrasound and by laser. A distance that
// could not be measured, or not upright, is null.
//
// Source: the device type pipiot/levelSense at github.com/akenza-io/device-type-library.
func pipiotLevel(up Uplink, out *object.Writer) error {
	c := newCursor(up.Bytes)
	kind, err := pipiotKind(c)
	if err != nil || kind == pipiotRadio || kind == pipiotSecond {
		return err
	}
	flags := make(map[string]bool, 8)
	for _, name := range []string{"motionFlag", "dayTimerFlag", "overTempFlag", "tiltedFlag", "magSwitchFlag", "ultrasoundHWErrorFlag",
		"laserHWErrorFlag", "accelerometerHWErrorFlag"} {
		flags[name] = c.flag()
		out.Flag(name, flags[name])
	}
	hot := flags["overTempFlag"]
	if kind == pipiotMeasured {
		blind := hot || flags["tiltedFlag"]
		sound, laser := float64(c.u8()), float64(c.u8())
		pipiotNumber(out, "ultrasonicDistance", sound, !blind)
		pipiotNumber(out, "laserDistance", laser, !blind && laser > 0 && laser <= 200)
	} else { // sent in steps of 2 mm
		c.skip(1)
		sound, laser := math.Round(float64(c.u16())/5), math.Round(float64(c.u8())/5)
		pipiotNumber(out, "ultrasonicDistanceExt", sound, sound > 0 && !flags["ultrasoundHWErrorFlag"])
		pipiotNumber(out, "laserDistanceExt", laser, laser > 0 && !flags["laserHWErrorFlag"])
	}
	out.Int("laserReflectance", int64(c.u16())*256)
	pipiotTemperature(c, out)
	tilt, battery := float64(c.u8()), float64(c.u8())
	pipiotNumber(out, "tiltAngle", tilt, !hot && tilt < 180)
	pipiotNumber(out, "batteryVoltage", battery/40+3, battery > 0 && battery <= 200)
	if kind == pipiotExtended {
		c.skip(1)
	}
	return c.rest(out)
}

// pipiotNumber is null where v is not valid.
func pipiotNumber(out *object.Writer, name string, v float64, valid bool) {
	if valid {
		out.Number(name, v)
	} else {
		out.Null(name)
	}
}

// pipiotTemperature is in whole degrees; what the sensor cannot measure is null.
func pipiotTemperature(c *cursor, out *object.Writer) {
	v := float64(c.i8())
	pipiotNumber(out, "temperature", v, v >= -40 && v <= 125)
}
