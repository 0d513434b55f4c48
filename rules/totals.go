package rules

import (
	"math"
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// DefaultPassages is the most people that can pass one counter in a minute where the definition does not say.
const DefaultPassages = 600

// keptTotals is how many old values of a running total are kept besides those within the lateness bound, so that a value
// that comes late finds its neighbours.
const keptTotals = 8

// total is one running total of a device: what passed between two neighbours in event time is counted at the later one.
// The first value is a baseline. Each pair of neighbours is judged by itself, so that the sum is independent of the order
// of arrival.
type total struct {
	quantity telemetry.Quantity
	channel  string
	cut      bool // values before the first of points were dropped
	points   []entry[float64]
}

// passed is what two neighbouring values of a running total mean.
type passed struct {
	count people
	doubt people // people that may have passed besides, where the step cannot be explained
	reset bool   // the counter began again, or its step is impossible
}

// step explains the step from one value to the next. A drop is a reset, after which the new value itself has passed; a
// drop from near the end of a 16- or 32-bit register is a wrap. What no door lets through is not counted but doubted.
func step(a, b entry[float64], perMinute float64) passed {
	bound := perMinute * math.Max(1, minutes(b.at.Sub(a.at)))
	d := b.v - a.v
	if d >= 0 {
		if d > bound {
			return passed{doubt: peopleOf(bound), reset: true}
		}
		return passed{count: peopleOf(d)}
	}
	for _, width := range [...]float64{1 << 16, 1 << 32} {
		if a.v < width && a.v >= width*0.9 && b.v <= width*0.1 && d+width <= bound {
			return passed{count: peopleOf(d + width)}
		}
	}
	if b.v <= bound {
		return passed{count: peopleOf(b.v), reset: true}
	}
	return passed{doubt: peopleOf(bound), reset: true}
}

// change is a correction of what passed at a time.
type flowChange struct {
	at     telemetry.Instant
	passed passed
	undo   bool // takes passed back instead
}

// record takes in a value and appends what that changes. A second value for the same time replaces a smaller one: the
// order of arrival must not matter, and equal ones add nothing.
func (c *total) record(p entry[float64], perMinute float64, to []flowChange) []flowChange {
	i := len(c.points)
	for i > 0 && c.points[i-1].at > p.at {
		i--
	}
	if i == 0 && c.cut {
		return to // counted already with the step to the first value that is kept
	}
	same := i > 0 && c.points[i-1].at == p.at
	if same && c.points[i-1].v >= p.v {
		return to
	}
	prev := i - 1
	if same {
		prev--
	}
	if prev >= 0 {
		if same {
			to = append(to, flowChange{p.at, step(c.points[prev], c.points[i-1], perMinute), true})
		}
		to = append(to, flowChange{p.at, step(c.points[prev], p, perMinute), false})
	}
	if i < len(c.points) {
		next := c.points[i]
		if i > 0 {
			to = append(to, flowChange{next.at, step(c.points[i-1], next, perMinute), true})
		}
		to = append(to, flowChange{next.at, step(p, next, perMinute), false})
	}
	if same {
		c.points[i-1] = p
	} else {
		c.points = slices.Insert(c.points, i, p)
	}
	return to
}

// trim drops values that are older than the time and have enough successors.
func (c *total) trim(before telemetry.Instant) {
	for len(c.points) > keptTotals && c.points[0].at < before {
		c.points = shift(c.points)
		c.cut = true
	}
}
