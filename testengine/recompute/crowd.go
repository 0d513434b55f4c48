package recompute

import (
	"math"
	"slices"
	"sort"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// fullLimit is the smallest of declared capacity, usable seats and free area.
func (s *Site) fullLimit(z *facility.Zone, p *params) (limit float64, any bool) {
	limit = math.Inf(1)
	if z.Capacity > 0 {
		limit = float64(z.Capacity)
	}
	if z.Seats > 0 {
		seats, n := float64(z.Seats), 1.0
		if z.SeatPitch > 0 && z.SeatPitch < p.Spacing {
			n = math.Ceil(p.Spacing/z.SeatPitch - 1e-9)
		}
		limit = min(limit, math.Ceil(seats/n))
	}
	if z.Area > 0 && p.Spacing > 0 {
		limit = min(limit, places(z, p))
	}
	return limit, !math.IsInf(limit, 1)
}

// places is for how many people there is room at the spacing.
func places(z *facility.Zone, p *params) float64 {
	each := p.Spacing * p.Spacing
	if p.Grid == "hexagonal" {
		each *= math.Sqrt(3) / 2
	}
	return math.Floor(max(0, z.Area-z.Fixtures)/each + 1e-9)
}

// limit is how many people may be in a zone (the building: "") at t by a capacity rule; reason: there is none, or no level.
func (s *Site) limit(r *rule, k Key, t telemetry.Instant) (limit float64, none, noLevel bool) {
	c, p := s.config(t), &r.params
	var full float64
	declared := true
	if k.Kind == "site" {
		if full = float64(p.SiteCapacity); p.SiteCapacity == 0 {
			declared = false
			for i := range c.Site.Zones {
				if z := &c.Site.Zones[i]; z.Parent == "" {
					if v, any := s.fullLimit(z, p); any {
						full += v
					}
				}
			}
		}
	} else {
		var any bool
		if full, any = s.fullLimit(c.zone(k.ID), p); !any {
			return 0, true, false
		}
	}
	if full == 0 && !declared {
		return 0, true, false
	}
	share, ok := s.share(r.protocol, t)
	if !ok {
		return 0, false, true
	}
	if share == 0 {
		return full, false, false
	}
	return math.Floor(full*share + 1e-9), false, false
}

func (k Key) zone() string {
	if k.Kind == "site" {
		return ""
	}
	return k.ID
}

func (s *Site) capacity(r *rule, k Key, t telemetry.Instant, firing bool) Answer {
	limit, none, noLevel := s.limit(r, k, t)
	if none || noLevel {
		return Answer{Verdict: Unknown, Idle: none}
	}
	if firing {
		limit -= r.params.Hysteresis
	}
	return s.People(k.zone(), t).against(limit)
}

// against judges an interval: breached where all of it is above the limit, within where none is, else near it. Too many who were
// counted in are too many, whoever was inside before.
func (e Estimate) against(limit float64) Answer {
	switch {
	case !e.Known && !(e.Uncounted && e.Low > limit):
		return Answer{Verdict: Unknown}
	case e.Low > limit:
		return Answer{Verdict: Breached}
	case e.High <= limit:
		return Answer{Verdict: Within}
	}
	return Answer{Verdict: Unknown, Near: true}
}

// worse orders answers: breached, unknown, within.
func worse(a, b Answer) bool {
	rank := [...]int{1, 0, 2}
	return rank[a.Verdict+1] > rank[b.Verdict+1]
}

func (s *Site) distancing(r *rule, k Key, t telemetry.Instant) Answer {
	p, z := &r.params, s.config(t).zone(k.ID)
	var answers []Answer
	if p.Density && z.Area > 0 {
		answers = append(answers, s.People(k.ID, t).against(places(z, p)))
	}
	if p.Measured {
		for _, d := range s.zones[k.ID].devices {
			for _, channel := range d.channelsOf(telemetry.Distance) {
				if a, ok := d.distance(p, channel, t); ok {
					answers = append(answers, a)
				}
			}
		}
	}
	if len(answers) == 0 {
		return Answer{Verdict: Unknown}
	}
	// Of equally bad ones the first: people before distances.
	worst := answers[0]
	for _, a := range answers[1:] {
		if worse(a, worst) {
			worst = a
		}
	}
	return worst
}

// distance judges one sensor; ok is false where it says nothing.
func (d *device) distance(p *params, channel string, t telemetry.Instant) (Answer, bool) {
	all := d.upTo(telemetry.Distance, channel, t)
	if len(all) == 0 {
		return Answer{}, false
	}
	if d.silent(t) {
		return Answer{Verdict: Unknown}, true
	}
	if t >= all[len(all)-1].at.Add(p.Stale) {
		return Answer{}, false
	}
	surely, maybe := true, true
	for i := range p.Readings {
		if i == len(all) {
			return Answer{Verdict: Within}, true
		}
		v := all[len(all)-1-i].value
		surely = surely && v+d.def.Error < p.Spacing
		maybe = maybe && v-d.def.Error < p.Spacing
	}
	switch {
	case surely:
		return Answer{Verdict: Breached}, true
	case maybe:
		return Answer{Verdict: Unknown, Near: true}, true
	}
	return Answer{Verdict: Within}, true
}

// channelsOf lists the channels on which a device has measured a quantity at its own place. Where one has no name, the others are
// probes that measure elsewhere.
func (d *device) channelsOf(q telemetry.Quantity) []string {
	form := q.Definition().Form
	if _, ok := d.lines[line{q, ""}]; ok && (len(d.lines) == 1 || d.channel == "" && (form == telemetry.Gauge || form == telemetry.Flag)) {
		return unnamed
	}
	var all []string
	for l := range d.lines {
		if l.quantity == q {
			all = append(all, l.channel)
		}
	}
	slices.Sort(all)
	return all
}

var unnamed = []string{""}

// upTo lists a device's readings of a quantity and channel up to t.
func (d *device) upTo(q telemetry.Quantity, channel string, t telemetry.Instant) []reading {
	all := d.lines[line{q, channel}]
	return all[:sort.Search(len(all), func(i int) bool { return all[i].at > t })]
}
