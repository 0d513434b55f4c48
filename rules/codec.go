package rules

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// encoder writes the values of a snapshot: whole numbers as varints, so that quiet sites have small snapshots.
type encoder struct{ b []byte }

func (c *encoder) uint(v uint64)   { c.b = binary.AppendUvarint(c.b, v) }
func (c *encoder) int(v int64)     { c.b = binary.AppendVarint(c.b, v) }
func (c *encoder) float(v float64) { c.b = binary.LittleEndian.AppendUint64(c.b, math.Float64bits(v)) }

// appendWhole writes a number that mostly is a multiple of unit in as few bytes as that takes.
func appendWhole(b []byte, v, unit int64) []byte {
	if v%unit == 0 {
		return binary.AppendVarint(b, v/unit*2)
	}
	b = binary.AppendVarint(b, 1)
	return binary.AppendVarint(b, v)
}

func (c *encoder) bool(v bool) {
	if v {
		c.b = append(c.b, 1)
	} else {
		c.b = append(c.b, 0)
	}
}

func (c *encoder) string(s string) {
	c.uint(uint64(len(s)))
	c.b = append(c.b, s...)
}

// errCut is what a decoder finds in a snapshot that was cut or damaged.
var errCut = errors.New("the snapshot is cut or damaged")

// decoder reads what an encoder wrote. After the first error it gives zeros; err tells.
type decoder struct {
	b   []byte
	err error
	// limit is the present by a clock that was set back: what lies behind it is read as it. 0: there is none.
	limit    telemetry.Instant
	numbered []numbered // the quantities, by the numbers that the snapshot gives them
}

func (c *decoder) fail() {
	c.err, c.b = errCut, nil
}

func (c *decoder) uint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *decoder) int() int64 {
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.b = c.b[n:]
	return v
}

// whole reads what appendWhole wrote.
func (c *decoder) whole(unit int64) int64 {
	if v := c.int(); v != 1 {
		return v / 2 * unit
	}
	return c.int()
}

// count is the length of a list, each element of which takes a byte at least.
func (c *decoder) count() int {
	n := c.uint()
	if n > uint64(len(c.b)) {
		c.fail()
		return 0
	}
	return int(n)
}

func (c *decoder) float() float64 {
	if len(c.b) < 8 {
		c.fail()
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(c.b))
	c.b = c.b[8:]
	return v
}

func (c *decoder) bool() bool {
	if len(c.b) == 0 {
		c.fail()
		return false
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v != 0
}

func (c *decoder) string() string {
	n := c.count()
	if c.err != nil {
		return ""
	}
	s := string(c.b[:n])
	c.b = c.b[n:]
	return s
}
