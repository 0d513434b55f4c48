package codec

import (
	"fmt"
	"math"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() { register("parametric", "Parametric PCR2 radar people counter", parametric) }

// parametric reads the counts of a PCR2 in all the forms it can be set to; settings are on ports 190 and 1 and carry no
// reading.
//
// LTR and RTL are who passed to the right and to the left, as the counter looks, since the frame before; LTR_SUM and RTL_SUM
// are all since power-up and wrap at 16 bits. TEMP is of the processor, SBX_BATT the battery of the solar box: % in version
// 3, mV in versions 4 and 5, and 0 where there is no such box.
//
// Source: the maker's decoder at github.com/TheThingsNetwork/lorawan-devices, vendor/parametric, and the PCR2 manual.
func parametric(up Uplink, out *object.Writer) error {
	const counts = 14
	if up.Port != 0 && up.Port != counts {
		return nil
	}
	c, length := newCursor(up.Bytes), len(up.Bytes)
	if length >= 4 && up.Bytes[0] == 0xBE && up.Bytes[1] == 0x01 {
		version, kind := up.Bytes[2], up.Bytes[3]
		switch {
		case version == 3 && length == 16, version == 4 && length == 17:
			c.skip(3)
			parametricExtended(c, version, out)
			return c.end()
		case kind == 0xA5 && length == 10:
			c.skip(4)
			parametricCompact(c, out)
			return c.end()
		case up.Port == 0 && (kind == 0xC5 || kind == 0xD5 || length >= 20): // settings and what the device is
			return nil
		}
		return fmt.Errorf("byte 2: version %d with %d bytes, want 3 with 16 or 4 with 17: %w", version, length, ErrShort)
	}
	const oldSettings = 14
	if up.Port == 0 && length == oldSettings {
		return nil
	}
	switch {
	case length < 3:
		return fmt.Errorf("byte %d: want at least 3 bytes: %w", length, ErrShort)
	case up.Bytes[0] == 0:
		return parametricLPP(c, out)
	case up.Bytes[0] != 0x0A:
		return fmt.Errorf("byte 0: unknown type %#02x", up.Bytes[0])
	}
	return parametricElsys(c, out)
}

// parametricExtended reads versions 3 and 4, which differ in the battery.
func parametricExtended(c *cursor, version uint8, out *object.Writer) {
	out.Int("LTR", int64(c.u16()))
	out.Int("RTL", int64(c.u16()))
	right, left := int64(c.u16()), int64(c.u16())
	out.Int("LTR_SUM", right)
	out.Int("RTL_SUM", left)
	if version == 3 {
		out.Int("SBX_BATT", int64(c.u8()))
	} else {
		out.Int("SBX_BATT", int64(c.u16()))
	}
	out.Int("SBX_PV", int64(c.u16())) // mW
	out.Int("DIFF", max(right-left, left-right))
	parametricTemperature(c, out)
}

// parametricCompact reads version 5; DCNT numbers the frames.
func parametricCompact(c *cursor, out *object.Writer) {
	out.Int("LTR", int64(c.u16()))
	out.Int("RTL", int64(c.u16()))
	out.Int("SBX_BATT", int64(c.u8())*100)
	out.Int("DCNT", int64(c.u8()))
}

// parametricElsys reads the form that decoders of Elsys know.
func parametricElsys(c *cursor, out *object.Writer) error {
	for c.left() > 0 {
		at := c.pos()
		kind := c.u8()
		if err := c.once(at, uint16(kind)); err != nil {
			return err
		}
		switch kind {
		case 0x01:
			parametricTemperature(c, out)
		case 0x0A:
			out.Int("LTR", int64(c.u16()))
		case 0x16:
			out.Int("RTL", int64(c.u16()))
		default:
			if err := c.stop(out, at, uint64(kind)); err != nil {
				return err
			}
		}
	}
	return c.err
}

// parametricLPP reads Cayenne LPP: a channel, a type and a value. The counts end at 255 here.
func parametricLPP(c *cursor, out *object.Writer) error {
	const right, left, temperature = 0x0066, 0x0166, 0x0267
	for c.left() > 0 {
		at := c.pos()
		item := c.u16()
		if err := c.once(at, item); err != nil && c.err == nil {
			return err
		}
		switch {
		case c.err != nil:
		case item == right:
			out.Int("LTR", int64(c.u8()))
		case item == left:
			out.Int("RTL", int64(c.u8()))
		case item == temperature:
			parametricTemperature(c, out)
		default:
			if err := c.stop(out, at, uint64(item)); err != nil {
				return err
			}
		}
	}
	return c.err
}

// parametricTemperature is in tenths and written in whole degrees, rounded down as the maker does.
func parametricTemperature(c *cursor, out *object.Writer) {
	out.Number("TEMP", math.Floor(float64(c.i16())/10))
}
