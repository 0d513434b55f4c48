package rules

import (
	"slices"
	"sort"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// total is one running total of one unit: the device that hangs in one place under one address. What passed between two
// believed values that are neighbours in event time is counted at the later one; the first value is a baseline. Which values
// are believed, and what a drop means, follows from all of them together (see explain.go), so that the sum depends on the set
// of values and never on the order in which they arrive.
type total struct {
	quantity telemetry.Quantity
	channel  string
	unit     string
	other    *total // the same unit's total of the other direction; nil: none yet
	cut      bool   // values before the first of points were dropped
	end      int    // index of the last believed value
	thinAt   int    // thin when there are so many points
	touched  uint64 // the record that last had a value for it; not kept over a restart
	points   []point
}

// point is one value of a running total, with the best explanation of the values up to it that believes it.
type point struct {
	at           telemetry.Instant
	v            float64
	count, doubt people // as told: what passed at it, and what may have passed besides
	faults       int32  // of the explanation
	back         uint8  // how far back the value lies that the explanation believes before it; 0: it is the first
	calm         uint8  // how many different values before it are in no doubt; saturates
	kept         bool   // believed in the best explanation of all values
	dense        bool   // values between the one before and it were dropped: they said the same
}

// flowChange corrects what passed at a time, by so much.
type flowChange struct {
	at           telemetry.Instant
	count, doubt people
}

// total finds the running total of a quantity and channel, making it if it is new.
func (d *deviceState) total(q telemetry.Quantity, channel string) *total {
	for _, c := range d.totals {
		if c.quantity == q && c.channel == channel && c.unit == d.unit {
			return c
		}
	}
	c := newTotal(q, channel, d.unit)
	d.totals = append(d.totals, c)
	d.pairTotals()
	return c
}

// pairTotals puts a device's totals in order and tells each which is that of the other direction.
func (d *deviceState) pairTotals() {
	slices.SortFunc(d.totals, compareTotals)
	for _, a := range d.totals {
		for _, b := range d.totals {
			if a != b && a.channel == b.channel && a.unit == b.unit {
				a.other = b
			}
		}
	}
}

// find is the number of points at or before a time.
func (c *total) find(at telemetry.Instant) int {
	n := len(c.points)
	if n == 0 || c.points[n-1].at <= at {
		return n
	}
	return sort.Search(n, func(k int) bool { return c.points[k].at > at })
}

// doubted is from when on later values may still tell otherwise what passed; Never: nothing is in doubt.
func (c *total) doubted() telemetry.Instant {
	n := len(c.points)
	for k := n - 1; k > 0; k-- {
		if p := &c.points[k]; p.kept && p.calm >= calmEnough {
			if k == n-1 {
				return telemetry.Never
			}
			return p.at
		}
	}
	if n < 2 {
		return telemetry.Never
	}
	return c.points[0].at
}

// weigh finds from when on the device's totals may still tell otherwise what passed, and whether that is new.
func (d *deviceState) weigh() (changed bool) {
	was := d.doubt
	d.doubt = telemetry.Never
	for _, c := range d.totals {
		if c.unit == d.unit {
			d.doubt = min(d.doubt, c.doubted())
		}
	}
	return d.doubt != was
}

// passed is what is told of a time: 0 where the total has no value for it.
func (c *total) passed(at telemetry.Instant) people {
	if c == nil {
		return 0
	}
	if i := c.find(at); i > 0 && c.points[i-1].at == at {
		return c.points[i-1].count
	}
	return 0
}

// record takes in a value and appends what that changes, oldest first. A second value for the same time replaces a smaller
// one: the order of arrival must not matter, and equal ones add nothing. taken is false for a value of a time that was thinned
// out: what passed then is told already.
func (c *total) record(at telemetry.Instant, v float64, door doorway, to []flowChange) (changes []flowChange, taken bool) {
	i := c.find(at)
	same := i > 0 && c.points[i-1].at == at
	switch {
	case same && (c.points[i-1].v >= v || c.proven(i-1)):
		return to, true
	case !same && i < len(c.points) && c.points[i].dense:
		return to, false // it says what is counted, or it is a glitch among many that agree
	case i == 0 && c.cut:
		return to, false
	case same:
		i--
		c.points[i].v = v
	case i == len(c.points) && c.climbs(at, v, door):
		last := &c.points[i-1]
		p := point{at: at, v: v, count: peopleOf(v - last.v), faults: last.faults, back: 1, calm: last.calm, kept: true}
		c.points = append(c.points, p)
		c.end = i
		if p.count == 0 {
			return to, true
		}
		return append(to, flowChange{at: at, count: p.count}), true
	default:
		c.insert(i, point{at: at, v: v})
	}
	return c.explain(i, door, to), true
}

// climbs reports whether a new last value only goes on: nothing before it is in doubt, and it is reached by a plain step.
func (c *total) climbs(at telemetry.Instant, v float64, door doorway) bool {
	if c.end != len(c.points)-1 {
		return false
	}
	last := &c.points[c.end]
	return last.calm >= calmEnough && v >= last.v && v-last.v <= door.bound(at.Sub(last.at))
}

// insert puts a point at index i.
func (c *total) insert(i int, p point) {
	c.points = slices.Insert(c.points, i, p)
	for k := i + 1; k < min(len(c.points), i+1+reach); k++ {
		if q := &c.points[k]; q.back > 0 && k-1-int(q.back) < i {
			q.back++
		}
	}
	if c.end >= i && len(c.points) > 1 {
		c.end++
	}
}

// proven reports whether a point stands for others that were dropped.
func (c *total) proven(i int) bool {
	return c.points[i].dense || i+1 < len(c.points) && c.points[i+1].dense
}
