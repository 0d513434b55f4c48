package recompute

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// total is a running total of one unit of hardware at one place: docs/counters.md.
type total struct {
	quantity telemetry.Quantity
	channel  string
	unit     string
	most     float64 // people a minute that the door lets through
	values   []value // by time, one for each
}

type value struct {
	at telemetry.Instant
	v  float64
}

// total takes a value of a running total in: of two for one time the greater counts.
func (s *Site) total(d *device, def *facility.Device, m *facility.Mounting, x telemetry.Reading, at telemetry.Instant) {
	c := s.last()
	unit := []string{def.Model, def.Address, string(m.Place.Kind), m.Place.ID}
	most := c.MaxPassages
	if m.Place.Kind == facility.AtDoor {
		door := c.door(m.Place.ID)
		unit = append(unit, door.From, door.To)
		if door.MaxPassages > 0 {
			most = door.MaxPassages
		}
	}
	if m.Swap {
		unit = append(unit, "swap")
	}
	name := strings.Join(unit, "|")
	i := slices.IndexFunc(d.totals, func(t *total) bool {
		return t.quantity == x.Quantity && t.channel == x.Channel && t.unit == name
	})
	if i < 0 {
		i = len(d.totals)
		d.totals = append(d.totals, &total{quantity: x.Quantity, channel: x.Channel, unit: name, most: most})
	}
	t := d.totals[i]
	k, found := slices.BinarySearchFunc(t.values, at, func(v value, at telemetry.Instant) int { return cmp(v.at, at) })
	if found {
		t.values[k].v = max(t.values[k].v, x.Value)
		return
	}
	t.values = slices.Insert(t.values, k, value{at, x.Value})
}

// The costs of a fault, in halves of one.
const (
	glitch    = 2
	climbed   = 4
	restarted = 5
	again     = 1
)

// explain reads the values in the way that supposes the fewest faults: which are believed, what passed at each and what may have.
func (t *total) explain() (counted, doubted []float64) {
	n := len(t.values)
	counted, doubted = make([]float64, n), make([]float64, n)
	cost, back := make([]int, n), make([]int, n)
	for k := 1; k < n; k++ {
		cost[k] = math.MaxInt
		skipped, above, agree := 0, 0, true
		for j := k - 1; j >= 0 && skipped <= 16; j-- {
			link := t.fault(j, k)
			if c := cost[j] + skipped + link; c < cost[k] || c == cost[k] && cost[j] < cost[back[k]] {
				cost[k], back[k] = c, j
			}
			// What it costs not to believe j.
			v, p := t.values[j].v, t.values[k].v
			next := t.values[j+1]
			agree = agree && next.v >= v && next.v-v <= t.bound(j, j+1)/8
			if v > p {
				above++
			}
			switch {
			case j > 1 && v == t.values[j-1].v && v == t.values[j-2].v:
			case above > 1 && v > p, agree && j+1 < k && next.v > v:
				skipped += climbed
			default:
				skipped += glitch
			}
		}
	}
	end, least := 0, math.MaxInt
	for j := n - 1; j >= 0; j-- {
		if c := cost[j] + glitch*(n-1-j); c <= least {
			end, least = j, c
		}
	}
	var path []int
	for k := end; ; k = back[k] {
		path = append(path, k)
		if k == 0 {
			break
		}
	}
	slices.Reverse(path)
	for x := 1; x < len(path); x++ {
		a, b := path[x-1], path[x]
		what, passed := t.step(a, b)
		counted[b] = passed
		switch what {
		case jumps:
			doubted[b] = t.most * math.Max(1, min(t.apart(a, b), 2*time.Hour).Minutes())
		case resets, restores:
			rate := math.Max(t.rate(path, x-1, -1), t.rate(path, x, 1))
			doubted[b] = math.Max(0, t.usual(rate, t.apart(a, b))-passed)
		}
	}
	for k := end + 1; k < n; k++ {
		least := 1.0
		what, says := t.step(end, k)
		if k > end+1 {
			least = 0
			if w, more := t.step(k-1, k); w == climbs {
				what, says = w, more
			}
		}
		if what == jumps {
			says = t.most * math.Max(1, min(t.apart(k-1, k), 2*time.Hour).Minutes())
		}
		doubted[k] = max(least, says, t.usual(t.rate(path, len(path)-1, -1), t.apart(k-1, k)))
	}
	return counted, doubted
}

// What the step between two believed values is.
const (
	climbs = iota
	wraps
	resets
	restores
	jumps
)

func (t *total) apart(a, b int) time.Duration { return t.values[b].at.Sub(t.values[a].at) }

func (t *total) bound(a, b int) float64 { return t.most * math.Max(1, t.apart(a, b).Minutes()) }

// begun: the counter had only just begun to count.
func (t *total) begun(a int) bool { return t.values[a].v <= t.most/8 }

func (t *total) step(a, b int) (what int, passed float64) {
	from, to, bound := t.values[a].v, t.values[b].v, t.bound(a, b)
	switch {
	case to >= from && to-from <= bound:
		return climbs, to - from
	case to >= from:
		return jumps, 0
	}
	for _, register := range []float64{1 << 16, 1 << 32} {
		if from < register && from >= register*0.9 && to <= register*0.1 && to-from+register <= bound/4 {
			return wraps, to - from + register
		}
	}
	if to <= bound && (to < from/2 || t.begun(a)) {
		return resets, to
	}
	return restores, 0
}

func (t *total) fault(a, b int) int {
	switch what, _ := t.step(a, b); {
	case what == climbs || what == wraps:
		return 0
	case what != jumps && t.begun(a):
		return again
	}
	return restarted
}

// rate is how many passed in a minute over the two steps before or after; −1: nobody knows.
func (t *total) rate(path []int, x, way int) float64 {
	to := x
	for range 2 {
		next := to + way
		if next < 0 || next >= len(path) {
			break
		}
		if what, _ := t.step(path[min(to, next)], path[max(to, next)]); what != climbs {
			break
		}
		to = next
	}
	if to == x {
		return -1
	}
	a, b := path[min(x, to)], path[max(x, to)]
	return (t.values[b].v - t.values[a].v) / math.Max(t.apart(a, b).Minutes(), 1.0/60)
}

// usual is how many pass in a time, of which two hours count at most.
func (t *total) usual(rate float64, d time.Duration) float64 {
	d = min(d, 2*time.Hour)
	most := t.most * math.Max(1, d.Minutes())
	if rate < 0 {
		return most
	}
	return math.Min(most, math.Ceil(rate*d.Minutes()))
}

// Flow is what passed a counter of running totals at one value, in the directions of its place.
type Flow struct {
	Device, Channel string
	At              telemetry.Instant
}

// Flows are all of them: in and out.
func (s *Site) Flows() map[Flow][2]float64 {
	all := map[Flow][2]float64{}
	for _, d := range s.devices {
		for _, t := range d.totals {
			counted, _ := t.explain()
			for i, v := range t.values {
				f := all[Flow{d.def.ID, t.channel, v.at}]
				if (t.quantity == telemetry.PeopleInTotal) != s.swapped(d, v.at) {
					f[0] += counted[i]
				} else {
					f[1] += counted[i]
				}
				all[Flow{d.def.ID, t.channel, v.at}] = f
			}
		}
	}
	return all
}
