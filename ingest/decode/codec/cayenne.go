package codec

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("cayenne-lpp", "Cayenne Low Power Payload, with the extensions of Electronic Cats and RAKwireless", cayenne)
}

// cayenne reads Cayenne's Low Power Payload: items of a channel, a type and a value whose length the type gives, high byte first.
// Each becomes a member called by its type and channel, as The Things Stack's own formatter does: temperature_7, relative_humidity_9.
// A frame with an unknown type is an error as a whole, as its length is unknown: many makers' formats look much like this one.
//
// Source: the format's documentation at mydevices.com, the library at github.com/ElectronicCats/CayenneLPP, and RAKwireless'
// standardised payload.
func cayenne(up Uplink, out *object.Writer) error {
	c := newCursor(up.Bytes)
	if c.left() == 0 {
		return fmt.Errorf("byte 0: %w", ErrShort)
	}
	for c.left() > 0 {
		at, channel, kind := c.pos(), c.u8(), c.u8()
		t, ok := cayenneTypes[kind]
		switch {
		case c.err != nil:
			return c.err
		case !ok:
			return fmt.Errorf("byte %d: unknown type %#02x", at+1, kind)
		}
		if kind == cayennePrecise {
			kind = cayenneHumidity // another precision, and the same name
		}
		if err := c.once(at, uint16(channel)<<8|uint16(kind)); err != nil {
			return err
		}
		if t.name == "" {
			c.skip(t.size)
			continue
		}
		raw := int64(c.bits(8 * t.size))
		if t.signed {
			raw = frameSigned(raw, 8*t.size)
		}
		if c.err == nil {
			out.Number(fmt.Sprintf("%s_%d", t.name, channel), float64(raw)/t.by)
		}
	}
	return c.err
}

const (
	cayenneHumidity = 104
	cayennePrecise  = 112
)

// cayenneType is how a value is packed; without a name it is passed over.
type cayenneType struct {
	name   string
	size   int // bytes
	by     float64
	signed bool
}

var cayenneTypes = map[uint8]cayenneType{
	0: {"digital_in", 1, 1, false}, 1: {"digital_out", 1, 1, false}, 2: {"analog_in", 2, 100, true}, 3: {"analog_out", 2, 100, true},
	100: {"generic", 4, 1, false}, 101: {"luminosity", 2, 1, false}, 102: {"presence", 1, 1, false}, 103: {"temperature", 2, 10, true},
	cayenneHumidity: {"relative_humidity", 1, 2, false}, cayennePrecise: {"relative_humidity", 2, 10, false}, 113: {size: 6}, 115: {"barometric_pressure", 2, 10, false},
	116: {"voltage", 2, 100, false}, 117: {"current", 2, 1000, false}, 118: {"frequency", 4, 1, false}, 120: {"percentage", 1, 1, false},
	121: {"altitude", 2, 1, true}, 125: {"concentration", 2, 1, false}, 128: {"power", 2, 1, false}, 130: {"distance", 4, 1000, false},
	131: {"energy", 4, 1000, false}, 132: {"direction", 2, 1, false}, 133: {size: 4}, 134: {size: 6}, 135: {size: 3}, 136: {size: 9}, 137: {size: 11},
	138: {"voc_index", 2, 1, false}, 142: {"switch", 1, 1, false}, 184: {"capacity", 1, 1, false}, 190: {"wind_speed", 2, 100, false}, 191: {"wind_direction", 2, 1, false},
}
