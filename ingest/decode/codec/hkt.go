package codec

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() { register("hkt", "HKT infrared people counter and door sensor", hkt) }

// hkt reads the frames of HKT's sensors: the letters "hkt", two bytes that number the frame, then items of a type and a
// value, high byte first.
//
// counterA and counterB count who passed in either direction since the report before, absCountA and absCountB all of them;
// which way is in depends on how the counter hangs. The door's nrOpenings and absOpenings relate alike.
//
// Source: the device types hkt at github.com/akenza-io/device-type-library; the items 05 and 86 have a value of two bytes
// that is not described.
func hkt(up Uplink, out *object.Writer) error {
	c := newCursor(up.Bytes)
	const magic = 'h'<<16 | 'k'<<8 | 't'
	if v := c.u24(); c.err == nil && v != magic {
		return fmt.Errorf("byte 0: found %#06x, want %#06x", v, magic)
	}
	c.skip(2)
	for c.left() > 0 {
		at := c.pos()
		kind := c.u8()
		if err := c.once(at, uint16(kind)); err != nil {
			return err
		}
		switch kind {
		case 0x01:
			out.Int("hwVersion", int64(c.u8()))
			out.Int("swVersion", int64(c.u8()))
		case 0x03:
			out.Int("batteryLevel", int64(c.u8())) // %
		case 0x04:
			out.Text("reportingPattern", hktPattern(c.u8()))
		case 0x05, 0x86:
			c.skip(2)
		case 0x06:
			out.Int("threshold", int64(c.u16()))
		case 0x07:
			out.Int("counterA", int64(c.u16()))
			out.Int("counterB", int64(c.u16()))
			out.Int("absCountA", int64(c.u32()))
			out.Int("absCountB", int64(c.u32()))
		case 0x08:
			out.Flag("open", c.u8() != 0)
		case 0x22:
			out.Int("mode", int64(c.u8()))
		case 0x23:
			from, to := c.u16(), c.u16()
			out.Text("countingHours", fmt.Sprintf("%d:%d-%d:%d", from>>8, from&0xFF, to>>8, to&0xFF))
		case 0x24:
			out.Int("countingInterval", int64(c.u16())) // min
		case 0x25:
			hours := int64(8)
			switch c.u8() {
			case 0:
				hours = 24
			case 1:
				hours = 12
			}
			out.Int("lifecycleInterval", hours)
		case 0x26:
			out.Int("nrOpenings", int64(c.u16()))
			out.Int("nrClosings", int64(c.u16()))
			out.Int("absOpenings", int64(c.u32()))
			out.Int("absClosings", int64(c.u32()))
		case 0x83:
			out.Flag("infraredError", c.u8() != 0)
		case 0x84:
			out.Flag("installed", c.u8() != 0)
		default:
			if err := c.stop(out, at, uint64(kind)); err != nil {
				return err
			}
		}
	}
	return c.err
}

func hktPattern(v uint8) string {
	names := []string{"TIME_INTERVAL", "NUMBER_OF_COUNTS", "TIME_INTERVAL_PLUS_COUNTS", "EVENT", "TIME_INTERVAL_PLUS_EVENT"}
	if v < 1 || int(v) > len(names) {
		return "UNKNOWN"
	}
	return names[v-1]
}
