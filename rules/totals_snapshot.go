package rules

import (
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Bits of a point in a snapshot.
const (
	pointKept     = 0x01
	pointDense    = 0x02
	pointBack     = 0x04 // the value before it in its explanation is not the next one
	pointFaults   = 0x08 // it has other faults than the one before
	pointDoubt    = 0x10
	pointFraction = 0x20 // its value is no whole number
)

// total writes a running total, apart from its quantity.
func (c *encoder) total(t *total) {
	c.string(t.channel)
	c.string(t.unit)
	c.bool(t.cut)
	c.list(t.end)
	c.list(t.thinAt)
	c.list(len(t.points))
	var was point
	for i := range t.points {
		p := &t.points[i]
		bits := flag(p.kept, pointKept) | flag(p.dense, pointDense) | flag(p.back != 1, pointBack) | flag(p.faults != was.faults, pointFaults) |
			flag(p.doubt != 0, pointDoubt) | flag(!whole(p.v), pointFraction)
		c.uint(bits)
		c.b = appendWhole(c.b, int64(p.at-was.at), int64(time.Millisecond))
		if bits&pointFraction != 0 {
			c.float(p.v)
		} else {
			c.int(int64(p.v))
		}
		c.b = appendWhole(c.b, int64(p.count), int64(person))
		if bits&pointDoubt != 0 {
			c.int(int64(p.doubt))
		}
		if bits&pointBack != 0 {
			c.uint(uint64(p.back))
		}
		if bits&pointFaults != 0 {
			c.int(int64(p.faults))
		}
		c.uint(uint64(p.calm))
		was = *p
	}
}

// total reads what total wrote.
func (c *decoder) total(q telemetry.Quantity) *total {
	t := &total{quantity: q, channel: c.string(), unit: c.string(), cut: c.bool(), end: int(c.uint()), thinAt: int(c.uint())}
	n := c.count()
	if n == 0 || t.end < 0 || t.end >= n || t.thinAt < firstThin || t.thinAt > 1<<30 {
		c.fail() // a total has a value at least
		return t
	}
	t.points = make([]point, n)
	var was point
	for i := range t.points {
		bits := c.uint()
		p := point{kept: bits&pointKept != 0, dense: bits&pointDense != 0, back: 1, faults: was.faults}
		p.at = was.at + telemetry.Instant(c.whole(int64(time.Millisecond)))
		if bits&pointFraction != 0 {
			p.v = c.float()
		} else {
			p.v = float64(c.int())
		}
		p.count = people(c.whole(int64(person)))
		if bits&pointDoubt != 0 {
			p.doubt = people(c.int())
		}
		if bits&pointBack != 0 {
			p.back = uint8(c.uint())
		}
		if bits&pointFaults != 0 {
			p.faults = int32(c.int())
		}
		p.calm = uint8(c.uint())
		if int(p.back) > i || i > 0 && (p.back == 0 || p.at <= was.at) || math.IsNaN(p.v) {
			c.fail()
			return t
		}
		t.points[i] = p
		was = p
	}
	if !t.points[t.end].kept {
		c.fail()
	}
	return t
}

// setBack is what is left of a total when the clock was set back to the present: where values lie behind it, the last that is
// believed is a baseline at the present, and what was told before stands. 0: the clock was not set back.
func (c *total) setBack(present telemetry.Instant) {
	if n := len(c.points); present == 0 || n == 0 || c.points[n-1].at <= present {
		return
	}
	p := c.points[c.end]
	c.points = append(c.points[:0], point{at: min(p.at, present), v: p.v, count: p.count, doubt: p.doubt, kept: true})
	c.end, c.cut = 0, true
}

// whole reports whether a value is a whole number that an int64 holds exactly.
func whole(v float64) bool {
	return v == math.Trunc(v) && math.Abs(v) < 1<<53 && !(v == 0 && math.Signbit(v))
}

func flag(set bool, bit uint64) uint64 {
	if set {
		return bit
	}
	return 0
}
