package recompute

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// judges reports whether any rule is of a kind.
func (s *Site) judges(kind string) bool {
	return slices.ContainsFunc(s.keys, func(k Key) bool {
		return slices.ContainsFunc(s.rulesOf(k), func(r *rule) bool { return r.Kind == kind })
	})
}

// healthEvents are when the answer of a rule about devices, or about what they count in periods, may change.
func (s *Site) healthEvents(k Key) (all []telemetry.Instant) {
	every := func(step telemetry.Instant) {
		for at := s.configs[0].from - s.configs[0].from%step; at <= s.end; at += step {
			all = append(all, at)
		}
	}
	for _, r := range s.rulesOf(k) {
		switch c := s.cond[r.params.Expr]; r.Kind {
		case "clock", "rejected", "lost":
			every(hour)
		case "frozen", "dead_counter":
			every(quarter)
		case "battery":
			every(24 * hour)
		case "credibility", "temperature", "coverage", "screening":
			if r.Kind == "coverage" {
				every(telemetry.Instant(r.params.Window))
			}
			if s.judges("credibility") {
				every(hour)
				all = append(all, s.airTurns()...)
			}
		case "outage":
			all = append(all, s.cutTurns(r)...)
		case "silence":
			for _, other := range s.keys {
				for _, x := range s.rulesOf(other) {
					if x.Kind == "outage" {
						all = append(all, s.cutTurns(x)...)
					}
				}
			}
		case "expression":
			if len(c.sums) == 0 && !c.passes {
				continue
			}
			every(quarter)
			for _, d := range append(s.tellers(k, false), s.tellers(k, true)...) {
				for _, o := range s.outages(d) {
					all = append(all, o.silent, o.to)
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(t telemetry.Instant) bool { return t == telemetry.Never })
}

// airTurns are when the air around a thermometer may be another.
func (s *Site) airTurns() (all []telemetry.Instant) {
	if !slices.ContainsFunc(s.devices, func(d *device) bool { return d.def.Ambient != nil }) {
		return nil
	}
	for _, d := range s.devices {
		for _, x := range d.readings {
			if x.quantity == telemetry.Temperature {
				all = append(all, x.at, x.at.Add(30*time.Minute))
			}
		}
	}
	return all
}

// cutTurns are when devices fall silent by a rule about outages, are known not to have, and speak again.
func (s *Site) cutTurns(r *rule) (all []telemetry.Instant) {
	if times, ok := s.cutTimes[r]; ok {
		return times
	}
	var intervals []time.Duration
	for _, d := range s.last().Site.Devices {
		if d.Interval > 0 && !slices.Contains(intervals, d.Interval) {
			intervals = append(intervals, d.Interval)
		}
	}
	bound := func(i time.Duration) time.Duration { return time.Duration(r.params.Factor * float64(i)) }
	for _, d := range s.devices {
		if d.def.Interval == 0 || d.channel != "" {
			continue
		}
		for i, x := range d.signs {
			gap := i+1 == len(d.signs) || d.signs[i+1].at.Sub(x.at) > bound(d.def.Interval)
			if i == 0 {
				all = append(all, x.at)
			}
			if !gap {
				continue
			}
			all = append(all, x.at, s.dueFrom(x.at, bound(d.def.Interval), d.def.Interval))
			for _, other := range intervals {
				all = append(all, x.at.Add(other+bound(other)))
			}
			if i+1 < len(d.signs) {
				all = append(all, d.signs[i+1].at)
				for _, other := range intervals {
					all = append(all, d.signs[i+1].at.Add(other+other/2))
				}
			}
		}
	}
	slices.Sort(all)
	s.cutTimes[r] = slices.Compact(all)
	return s.cutTimes[r]
}
