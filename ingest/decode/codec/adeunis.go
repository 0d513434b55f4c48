package codec

import (
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("adeunis", "Adeunis MOTION, COMFORT, COMFORT CO2, COMFORT SERENITY, BREATH and DRY CONTACTS", adeunis)
}

// adeunis reads the frames of Adeunis' sensors: a code that names the frame, a status byte, then values, high byte first.
// Settings, keep-alives without values and the statistics of a day carry no reading. All is in the object "bytes", as the
// maker's decoders give it; of several samples in one frame the first is the newest.
//
// Source: the user guides of the devices and the maker's decoders at github.com/TheThingsNetwork/lorawan-devices,
// vendor/adeunis.
func adeunis(up Uplink, out *object.Writer) error {
	c := newCursor(up.Bytes)
	code := c.u8()
	if c.err != nil {
		return c.err
	}
	frame, ok := adeunisFrames[code]
	if !ok {
		return fmt.Errorf("byte 0: unknown frame code %#02x", code)
	}
	// Only of DRY CONTACTS has the keep-alive values; the daily frames of the others are of other lengths.
	const keepAlive = 0x30
	if frame.read == nil || code == keepAlive && len(up.Bytes) != 11 && len(up.Bytes) != 15 {
		return nil
	}
	out.Object("bytes")
	out.Text("type", fmt.Sprintf("0x%02x %s", code, frame.title))
	stamped := adeunisStatus(c, out)
	end := len(up.Bytes)
	if stamped && frame.stamped {
		end -= 4
		if end < 2 {
			return fmt.Errorf("byte %d: want a time of 4 bytes: %w", len(up.Bytes), ErrShort)
		}
		// Seconds since the start of 2013, on the device's clock.
		seconds := int64(newCursor(up.Bytes[end:]).u32())
		epoch := time.Date(2013, 1, 1, 0, 0, 0, 0, time.UTC)
		out.Text("timestamp", epoch.Add(time.Duration(seconds)*time.Second).Format("2006-01-02T15:04:05.000"))
		c.frame = up.Bytes[:end]
	}
	frame.read(c, out)
	out.End()
	if c.left() > 0 {
		return fmt.Errorf("byte %d: %d bytes are left, want the end of the frame", c.pos(), c.left())
	}
	return c.err
}

// adeunisStatus reads the status byte and says whether the frame ends with a time.
func adeunisStatus(c *cursor, out *object.Writer) (stamped bool) {
	out.Object("status")
	defer out.End()
	out.Int("frameCounter", int64(c.bits(3)))
	c.flag()
	out.Flag("configurationInconsistency", c.flag())
	stamped = c.flag()
	out.Flag("lowBattery", c.flag())
	out.Flag("configurationDone", c.flag())
	return stamped
}

// adeunisFrames are the frames by their code. Those without a function carry no reading.
var adeunisFrames = map[uint8]struct {
	title   string
	stamped bool // ends with a time where the status says so
	read    func(c *cursor, out *object.Writer)
}{
	0x10: {title: "configuration"}, 0x1F: {title: "digital input configuration"}, 0x20: {title: "Configuration"},
	0x2F: {title: "Downlink ack"}, 0x31: {title: "Get Register"}, 0x33: {title: "Set register status"}, 0x37: {title: "Software version"},
	0x38: {title: "Comfort Serenity Daily frame"},

	0x30: {"Dry Contacts 2 keep alive", true, adeunisContactsAlive},
	0x40: {"Dry Contacts 2 data", true, adeunisContacts},
	0x41: {"Dry Contacts 2 duration alarm", true, adeunisContactLong},
	0x59: {"Dry Contacts 2 time counting data", true, adeunisContactTimes},
	0x4C: {"Comfort 2 data", true, adeunisSamples("temperature", "humidity")},
	0x4D: {"Comfort 2 alarm", true, adeunisAlarms(0xF0, 0x01, 0, 0)},
	0x6A: {"Comfort CO2 data", true, adeunisSamples("temperature", "humidity", "co2")},
	0x6B: {"Comfort CO2 alarm", true, adeunisAlarms(0x10, 0x01, 0x20, 0)},
	0x6F: {"Comfort Serenity data", true, adeunisSamples("temperature", "humidity", "co2", "voc")},
	0x70: {"Comfort Serenity alarm", true, adeunisAlarms(0x10, 0x01, 0x20, 0x40)},
	0x6D: {"Breath periodic data", false, adeunisSamples("tvoc", "pm10", "pm25", "pm1")},
	0x6E: {"Breath alarm", false, adeunisBreathAlarm},
	0x4E: {"Motion data", false, adeunisMotionCounts},
	0x4F: {"Motion presence alarm", false, adeunisMotionCountAlarm},
	0x50: {"Motion luminosity alarm", false, adeunisLuminosityAlarm("alarmLuminosity")},
	0x5C: {"Motion data", false, adeunisMotion},
	0x5D: {"Motion presence alarm", false, adeunisLuminosityAlarm("alarmPresence")},
	0x51: {"digital input 1 alarm", true, adeunisInput},
	0x52: {"digital input 2 alarm", true, adeunisInput},
}
