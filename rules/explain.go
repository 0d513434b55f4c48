package rules

import (
	"math"
	"slices"
)

// A running total is read in the way that supposes the fewest faults. Each value is believed or not; between believed
// neighbours the counter climbs, wraps, or began again. In halves of a fault: a value that is not believed costs 2, a
// beginning costs 5. So a value that falls out of line is a glitch as soon as the line goes on, within the next two values;
// if these go on from it instead, the counter began again there. Until then it counts nothing and is doubted.
//
//   - Of equal values only two cost where the old line goes on behind them: a sensor that is away says 0 for as long as it is
//     away. At the end, where nothing goes on yet, each costs, so that a counter that began again and stands still is known
//     after three.
//   - Of several unbelieved values that agree each but one costs 4: of those above what follows, which were people before the
//     counter lost what it had not stored, and of those that climb to what follows by no more than an eighth of what the door
//     lets through, which were people after it began again.
//   - The drop of a counter that had only just begun costs 1, less than a glitch: a counter whose power fails does so twice, and
//     little is at stake.
//   - A value that stands for others that were thinned out is never given up.
//
// This is the shortest way through a graph of values, and is found as such: each point knows the best way that ends in it.
const (
	faultGlitch  = 2
	faultClimb   = 4
	faultRestart = 5
	faultAgain   = 1 // of one that had only just begun
	faultProven  = 9

	agreeing = 1.0 / 8 // of what a door lets through

	maxFaults = 16 // more in one link, and no explanation is worth it
	reach     = 64 // how many points back a link can go
	// calmEnough is after how many different values in line no link can go back behind them.
	calmEnough = maxFaults/faultGlitch + 1
)

// explain finds the best explanation anew after the point at index i is new or changed, and appends what that changes.
func (c *total) explain(i int, door doorway, to []flowChange) []flowChange {
	settled := len(c.points) // from here on nothing has changed
	same := 0
	for k := i; k < len(c.points); k++ {
		p := &c.points[k]
		was := [...]int32{p.faults, int32(p.back), int32(p.calm)}
		c.best(k, door)
		if k > i && was == [...]int32{p.faults, int32(p.back), int32(p.calm)} {
			if same++; same == reach {
				settled = k + 1 - reach
				break
			}
		} else {
			same = 0
		}
	}
	wasEnd := c.end
	c.end = c.last()
	high := len(c.points)
	if c.end == wasEnd && c.points[c.end].kept && c.end >= settled {
		for high = settled; !c.points[high].kept; high++ {
		}
	}
	return c.tell(i, high, door, to)
}

// best finds the best explanation that ends in the point at index k, which it believes.
func (c *total) best(k int, door doorway) {
	p := &c.points[k]
	if k == 0 {
		p.faults, p.back, p.calm = 0, 0, 0
		return
	}
	least := int32(math.MaxInt32)
	p.back = 0
	var skipped int32
	above, agree := 0, true
	for j := k - 1; j >= 0 && k-j <= reach && skipped <= maxFaults; j-- {
		q := &c.points[j]
		l, _ := door.step(q, p)
		if n := q.faults + skipped + door.faults(l, q); n < least || n == least && q.faults < c.points[k-int(p.back)].faults {
			least, p.back = n, uint8(k-j)
		}
		if j == k-1 && l == climb && q.calm >= calmEnough {
			break
		}
		next := &c.points[j+1]
		agree = agree && next.v >= q.v && next.v-q.v <= door.bound(next.at.Sub(q.at))*agreeing
		if q.v > p.v {
			above++
		}
		skipped += c.skip(j, above > 1 && q.v > p.v || agree && j+1 < k && next.v > q.v)
	}
	p.faults = least
	q := &c.points[k-int(p.back)]
	p.calm = 0
	if p.back == 1 && p.faults == q.faults {
		switch {
		case p.v == q.v:
			p.calm = q.calm
		case p.dense:
			p.calm = calmEnough
		default:
			p.calm = min(q.calm+1, calmEnough)
		}
	}
}

// skip is what it costs not to believe the point at index j, which another value behind it may support.
func (c *total) skip(j int, supported bool) int32 {
	s, next := &c.points[j], &c.points[j+1]
	switch {
	case next.dense && next.v != s.v:
		return faultProven
	case j > 0 && s.v == c.points[j-1].v && (s.dense || j > 1 && s.v == c.points[j-2].v):
		return 0
	case s.dense && s.v != c.points[j-1].v:
		return faultProven
	case supported:
		return faultClimb
	}
	return faultGlitch
}

// last is the last point of the best explanation of all values. Of equally good ones it is the one that takes the newest
// values for glitches: a candidate counts nothing.
func (c *total) last() int {
	end, least := 0, int32(math.MaxInt32)
	var skipped int32
	for j := len(c.points) - 1; j >= 0 && len(c.points)-j <= reach; j-- {
		if n := c.points[j].faults + skipped; n <= least {
			end, least = j, n
		}
		if c.points[j].dense {
			skipped += faultProven
		} else {
			skipped += faultGlitch
		}
	}
	return end
}

// margin is on how many believed values on either side the doubt about a beginning depends, and one to spare.
const margin = 4

// tell walks the best explanation, which is as before up to somewhere before index low and from index high on, and appends
// how what passed differs from what was told.
func (c *total) tell(low, high int, door doorway, to []flowChange) []flowChange {
	var room [64]int
	path := room[:0] // believed points, newest first
	if high < len(c.points) {
		for k, n := high+1, 0; k < len(c.points) && n < margin; k++ {
			if c.points[k].kept {
				path = append(path, k)
				n++
			}
		}
		slices.Reverse(path)
	} else {
		high = c.end
	}
	first := high
	for k, left := high, -1; left != 0; k -= int(c.points[k].back) {
		path = append(path, k)
		first = k
		if left > 0 {
			left--
		} else if k < low && c.points[k].kept {
			left = margin
		}
		if c.points[k].back == 0 {
			break
		}
	}
	slices.Reverse(path)

	// Near the ends of a path that goes on, what is told stays: there is not enough of it to tell anew.
	from, until := 1, len(path)
	if first > 0 {
		from = margin - 1
	}
	if high < c.end {
		until = slices.Index(path, high) + margin - 1
	}
	x := 0 // of the next believed point in path
	for k := first; k < len(c.points); k++ {
		p := &c.points[k]
		believed := x < len(path) && path[x] == k
		count, doubt := p.count, p.doubt
		switch {
		case believed:
			if x >= from && x < until && !p.dense { // what led to one that stands for others is told already
				count, doubt = c.passage(path, x, door)
			}
			x++
		case k > c.end:
			count, doubt = 0, c.candidate(path, k, door)
		case x == len(path):
			return to // nothing is new behind the last believed point that was looked at
		default:
			count, doubt = 0, 0
		}
		p.kept = believed
		if count != p.count || doubt != p.doubt {
			to = append(to, flowChange{at: p.at, count: count - p.count, doubt: doubt - p.doubt})
			p.count, p.doubt = count, doubt
		}
	}
	return to
}

// passage is what passed at the believed point at path[x], and what may have passed besides.
func (c *total) passage(path []int, x int, door doorway) (count, doubt people) {
	a, b := &c.points[path[x-1]], &c.points[path[x]]
	l, n := door.step(a, b)
	if l <= wrap {
		return peopleOf(n), 0
	}
	if l == jump {
		return 0, peopleOf(door.bound(min(b.at.Sub(a.at), usualStay)))
	}
	rate := math.Max(c.rate(path, x-1, -1, door), c.rate(path, x, 1, door))
	return peopleOf(n), peopleOf(math.Max(0, door.usual(rate, b.at.Sub(a.at))-n))
}

// candidate is what may have passed at a point after the last one that is believed.
func (c *total) candidate(path []int, k int, door doorway) people {
	a, q, p := &c.points[c.end], &c.points[k-1], &c.points[k]
	may := 0.0
	l, n := door.step(a, p)
	if k > c.end+1 {
		if step, more := door.step(q, p); step == climb {
			l, n = step, more
		}
	} else {
		may = 1 // it always widens the interval
	}
	if l == jump {
		n = door.bound(min(p.at.Sub(q.at), usualStay))
	}
	rate := c.rate(path, len(path)-1, -1, door)
	return peopleOf(math.Max(math.Max(may, n), door.usual(rate, p.at.Sub(q.at))))
}

// rate is how many people a minute climbed over the two steps before (way −1) or after (way 1) the point at path[x]; −1: not
// known.
func (c *total) rate(path []int, x, way int, door doorway) float64 {
	to := x
	for range 2 {
		next := to + way
		if next < 0 || next >= len(path) {
			break
		}
		if l, _ := door.step(&c.points[path[min(to, next)]], &c.points[path[max(to, next)]]); l != climb {
			break
		}
		to = next
	}
	if to == x {
		return -1
	}
	a, b := &c.points[path[min(x, to)]], &c.points[path[max(x, to)]]
	return (b.v - a.v) / math.Max(minutes(b.at.Sub(a.at)), 1.0/60)
}
