package codec

import (
	"fmt"
	"math"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("ascoel", "Ascoel push button, door contact and motion (PB868, CM868, IR868)", ascoel)
}

// ascoel reads the devices of Ascoel by their ports: 40 a push button, 20 an event of a contact or a motion detector, 30 the
// same with the climate, 9 and 8 the periodic state. Others say what the device is.
//
// intrusion is 1 while a contact is open or motion is seen; counter counts the events on and on and wraps at 16 bits.
// buttonPushed is there when the button was, and not in the periodic state.
//
// Source: the device types at github.com/akenza-io/device-type-library, ascoel, and the maker's documentation as the parsers
// of ZENNER's Element IoT read it.
func ascoel(up Uplink, out *object.Writer) error {
	const firstState, state, event, climate, button = 8, 9, 20, 30, 40
	c := newCursor(up.Bytes)
	switch up.Port {
	case button:
		c.bits(7)
		out.Int("buttonPushed", int64(c.bits(1)))
		out.Int("count", int64(c.u16()))
	case event:
		ascoelEvent(c, out)
		out.Int("counter", int64(c.u16()))
	case climate:
		ascoelEvent(c, out)
		out.Int("counter", int64(c.u16()))
		ascoelClimate(c, out)
	case firstState, state:
		c.flag() // kind of battery
		out.Int("battery", int64(c.bits(7)))
		if c.left() > 0 {
			ascoelEvent(c, out)
		}
		switch len(up.Bytes) { // of a button, a contact, a motion detector, a contact with climate
		case 1, 2:
		case 4:
			out.Int("counter", int64(c.u16()))
		default:
			ascoelClimate(c, out)
		}
	case 0:
		return fmt.Errorf("port %d: want the port of the frame, which says what it is", up.Port)
	default:
		return nil
	}
	return c.end()
}

func ascoelEvent(c *cursor, out *object.Writer) {
	c.bits(5)
	for _, name := range []string{"batterywarn", "tamper", "intrusion"} {
		out.Int(name, int64(c.bits(1)))
	}
}

// ascoelClimate reads two floating-point numbers, the low byte first.
func ascoelClimate(c *cursor, out *object.Writer) {
	for _, name := range []string{"temperature", "humidity"} {
		v := float64(math.Float32frombits(c.u32le()))
		out.Number(name, math.Round(v*100)/100)
	}
}
