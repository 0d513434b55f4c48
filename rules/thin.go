package rules

import (
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	// covered is how long a step may be to be thinned: what passed in it is known to that much, as in the thinned past of a zone.
	covered = coarse
	// guard is how many values on either side of one that is thinned out must be in line. Every decision, and the doubt about a
	// beginning, lies within it.
	guard = 4
	// firstThin is how many points are kept at the least before any is thinned out.
	firstThin = 32
)

func newTotal(q telemetry.Quantity, channel, unit string) *total {
	return &total{quantity: q, channel: strings.Clone(channel), unit: unit, thinAt: firstThin}
}

func compareTotals(a, b *total) int {
	if a.quantity != b.quantity {
		return int(a.quantity) - int(b.quantity)
	}
	if c := strings.Compare(a.channel, b.channel); c != 0 {
		return c
	}
	return strings.Compare(a.unit, b.unit)
}

// thin bounds what is kept of a total and its other direction. Values go that lie before the time exact and say what their
// neighbours say: in the middle of a level, or of a climb in short steps that nothing near it doubts. What passed is told
// already, and a value that still comes between such neighbours cannot change the sum. Whole stretches go that lie before the
// time old, when nothing is taken in any more.
func (c *total) thin(exact, old telemetry.Instant) {
	if len(c.points) < c.thinAt {
		return
	}
	both := [...]*total{c, c.other}
	var spare [2][]bool
	for i, t := range both {
		if t != nil {
			t.forget(old)
			spare[i] = t.spare(exact)
		}
	}
	if c.other != nil {
		// What is told of a time is told of both directions, so that one that may change yet keeps the other's.
		for a, b := 0, 0; a < len(c.points) && b < len(c.other.points); {
			p, q := &c.points[a], &c.other.points[b]
			switch {
			case p.at < q.at:
				a++
			case p.at > q.at:
				b++
			default:
				if !spare[0][a] && q.count != 0 {
					spare[1][b] = false
				}
				if !spare[1][b] && p.count != 0 {
					spare[0][a] = false
				}
				a++
				b++
			}
		}
	}
	for i, t := range both {
		if t != nil {
			t.drop(spare[i])
			t.thinAt = max(firstThin, 2*len(t.points))
		}
	}
}

// spare marks the points that can go.
func (c *total) spare(before telemetry.Instant) []bool {
	n := len(c.points)
	spare := make([]bool, n)
	wanted := make([]bool, n) // an explanation passes over it, or comes to it from farther than the next point
	line := make([]int, n)    // how many points up to this one are in line, one behind the other
	for k := range c.points {
		p := &c.points[k]
		for j := k - int(p.back); j < k-1; j++ {
			wanted[j], wanted[j+1] = true, true
		}
		if k > 0 && p.kept && p.back == 1 && p.v >= c.points[k-1].v && p.faults == c.points[k-1].faults {
			line[k] = line[k-1] + 1
		}
	}
	ahead := 0 // points in line from the next one on
	for k := n - 1; k > 0; k-- {
		p := &c.points[k]
		if line[k] >= guard && ahead >= guard && c.points[k+1].at < before && !wanted[k] {
			prev, next := &c.points[k-1], &c.points[k+1]
			short := (p.dense || p.at.Sub(prev.at) <= covered) && (next.dense || next.at.Sub(p.at) <= covered)
			spare[k] = short || prev.v == next.v
		}
		if line[k] > 0 {
			ahead++
		} else {
			ahead = 0
		}
	}
	return spare
}

// drop removes points.
func (c *total) drop(spare []bool) {
	kept := c.points[:0]
	end := 0
	dense := false
	for k, p := range c.points {
		if spare[k] {
			dense = true
			continue
		}
		if k == c.end {
			end = len(kept)
		}
		if p.back > 1 {
			// Count again how far back it is: points between may have gone.
			gone := 0
			for j := k - int(p.back) + 1; j < k; j++ {
				if spare[j] {
					gone++
				}
			}
			p.back -= uint8(gone)
		}
		p.dense = p.dense || dense
		dense = false
		kept = append(kept, p)
	}
	clear(c.points[len(kept):])
	c.points, c.end = kept, end
}

// keptTotals is how many values of a running total are kept however old they are: what a counter that comes back after
// weeks says is judged by them.
const keptTotals = 8

// forget drops the points before a time, as far as nothing behind them leans on them.
func (c *total) forget(old telemetry.Instant) {
	first := 0
	leans := len(c.points) // the first point that a later one is explained by
	for k := len(c.points) - 1; k > 0; k-- {
		p := &c.points[k]
		if p.kept && p.at < old && k <= leans && len(c.points)-k >= keptTotals {
			first = k
			break
		}
		leans = min(leans, k-int(p.back))
	}
	if first == 0 {
		return
	}
	c.points = append(c.points[:0], c.points[first:]...)
	c.end -= first
	c.cut = true
	base := c.points[0].faults
	for k := range c.points {
		c.points[k].faults -= base
	}
	c.points[0].back, c.points[0].dense = 0, false
}
