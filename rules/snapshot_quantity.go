package rules

import (
	"fmt"
	"math/bits"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// A snapshot outlives the program that wrote it, and another one may number its quantities otherwise (finding A3). So it begins with
// their names in the order of their numbers, and whoever reads it finds by name what is meant.

// quantities writes the names.
func (c *encoder) quantities() {
	all := telemetry.Quantities()
	c.list(len(all))
	for _, q := range all {
		c.string(q.String())
	}
}

func (c *encoder) quantity(q telemetry.Quantity) { c.uint(uint64(q)) }

// mask writes a set of quantities.
func (c *encoder) mask(m uint64) { c.uint(m) }

// quantities reads the names. One that is unknown is an error only where the snapshot holds something of it.
func (c *decoder) quantities() {
	c.numbered = make([]numbered, 1, 64) // none has 0
	for range c.count() {
		q, err := telemetry.ParseQuantity(c.string())
		c.numbered = append(c.numbered, numbered{q, err})
	}
}

// numbered is a quantity of a snapshot.
type numbered struct {
	quantity telemetry.Quantity
	err      error // it is unknown
}

// quantity reads a number that encoder.quantity wrote.
func (c *decoder) quantity() telemetry.Quantity {
	n := c.uint()
	if n == 0 {
		return telemetry.NoQuantity
	}
	return c.find(n)
}

// mask reads a set that encoder.mask wrote.
func (c *decoder) mask() uint64 {
	var m uint64
	for set := c.uint(); set != 0 && c.err == nil; set &= set - 1 {
		m |= maskOf(c.find(uint64(bits.TrailingZeros64(set))))
	}
	return m
}

// find is the quantity with a number of the snapshot.
func (c *decoder) find(n uint64) telemetry.Quantity {
	switch {
	case n == 0 || n >= uint64(len(c.numbered)):
		c.fail()
		return telemetry.NoQuantity
	case c.numbered[n].err != nil:
		c.err, c.b = fmt.Errorf("the snapshot holds what this version does not know: %w", c.numbered[n].err), nil
	}
	return c.numbered[n].quantity
}
