package codec

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// cursor reads a frame from front to back, the high bit of a byte first; numbers of several bytes have the high byte first
// unless a method says otherwise. The first read beyond the end fails the cursor for good: from then on all reads give zero
// and left gives 0, so loops end and a codec looks at err once, after its last read.
type cursor struct {
	frame []byte
	at    int   // the next bit
	err   error // why a read failed; wraps ErrShort

	seen []uint16 // what once was asked for
}

// newCursor starts at the first byte of frame.
func newCursor(frame []byte) *cursor { return &cursor{frame: frame} }

// left is how many whole bytes are not read.
func (c *cursor) left() int {
	if c.err != nil {
		return 0
	}
	return len(c.frame) - (c.at+7)/8
}

// pos is the byte that the next read starts in, counted from 0.
func (c *cursor) pos() int { return c.at / 8 }

// bits reads n bits, at most 64.
func (c *cursor) bits(n int) uint64 {
	if c.err != nil {
		return 0
	}
	if end := c.at + n; end > 8*len(c.frame) {
		c.err = fmt.Errorf("byte %d: %d bytes are left, want %d: %w", c.pos(), c.left(), (n+7)/8, ErrShort)
		return 0
	}
	var v uint64
	for n > 0 {
		here := min(n, 8-c.at%8) // bits to take from this byte
		b := c.frame[c.at/8] << (c.at % 8) >> (8 - here)
		v = v<<here | uint64(b)
		c.at += here
		n -= here
	}
	return v
}

func (c *cursor) flag() bool  { return c.bits(1) == 1 }
func (c *cursor) u8() uint8   { return uint8(c.bits(8)) }
func (c *cursor) u16() uint16 { return uint16(c.bits(16)) }
func (c *cursor) u24() uint32 { return uint32(c.bits(24)) }
func (c *cursor) u32() uint32 { return uint32(c.bits(32)) }
func (c *cursor) i8() int8    { return int8(c.bits(8)) }
func (c *cursor) i16() int16  { return int16(c.bits(16)) }

// u16le, i16le and u32le read the low byte first.
func (c *cursor) u16le() uint16 { return bits.ReverseBytes16(c.u16()) }
func (c *cursor) i16le() int16  { return int16(c.u16le()) }
func (c *cursor) u32le() uint32 { return bits.ReverseBytes32(c.u32()) }

// skip passes over n bytes that must be there.
func (c *cursor) skip(n int) {
	for ; n > 0 && c.err == nil; n-- {
		c.u8()
	}
}

// once is for a frame of typed items, each of which has a name in the object: what gives a name that is there already is of
// no use, and an error. Kinds that share a name are asked for as one of them.
func (c *cursor) once(at int, kind uint16) error {
	if slices.Contains(c.seen, kind) {
		return fmt.Errorf("byte %d: type %#x a second time", at, kind)
	}
	c.seen = append(c.seen, kind)
	return nil
}

// end is the error of a frame that was read as a whole: what is left over is of no known format.
func (c *cursor) end() error {
	if n := c.left(); n > 0 {
		return fmt.Errorf("byte %d: %d bytes are left, want the end of the frame", c.pos(), n)
	}
	return c.err
}

// rest is the end of a frame whose kind is sure and whose maker may have put more behind what is known: that stays, and the
// field "unread" says how many bytes were not read.
func (c *cursor) rest(out *object.Writer) error {
	if n := c.left(); n > 0 {
		out.Int("unread", int64(n))
	}
	return c.err
}

// stop ends the reading of a frame of typed items at an item whose type is not known, so that its length is not known
// either. What was read before it holds and is kept; the field "unread" says how many bytes, from that type on, were not
// read. A frame that starts like this is of another device: an error.
func (c *cursor) stop(out *object.Writer, at int, kind uint64) error {
	if at == 0 || out.Empty() {
		return fmt.Errorf("byte %d: unknown type %#x", at, kind)
	}
	out.Int("unread", int64(len(c.frame)-at))
	c.at = 8 * len(c.frame)
	return nil
}
