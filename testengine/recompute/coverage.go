package recompute

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// coverage looks at the last whole window; its counters are exact.
func (s *Site) coverage(r *rule, k Key, t telemetry.Instant) Answer {
	p, d := &r.params, s.doors[k.ID]
	o, open := s.config(t).days.at(t)
	w := telemetry.Instant(p.Window)
	to := t - t%w
	from := to - w
	if !open || from < o.open {
		return Answer{Verdict: Unknown, Idle: true}
	}
	counts := false
	for _, x := range s.devices {
		if x.place != (facility.Place{Kind: facility.AtDoor, ID: k.ID}) || !x.flows() {
			continue
		}
		counts = true
		for _, g := range s.outages(x) {
			if g.silent < to && g.to > from {
				return Answer{Verdict: Unknown}
			}
		}
	}
	for _, x := range s.deafness() {
		if x.from < to && x.to > from && min(x.to, to).Sub(max(x.from, from)) >= time.Minute {
			return Answer{Verdict: Unknown}
		}
	}
	if !counts {
		return Answer{Verdict: Unknown}
	}
	var entered, credible float64
	for _, x := range d.in {
		if x.at >= from && x.at < to {
			entered += x.in
		}
	}
	for _, x := range d.thermometers {
		for _, y := range x.readings {
			if y.quantity == telemetry.BodyTemperature && y.at >= from && y.at < to && s.credible(x, y.value, t) {
				credible++
			}
		}
	}
	doubted := slices.ContainsFunc(d.thermometers, func(x *device) bool { bad, _ := s.incredible(x.def.ID, t); return bad })
	switch {
	case entered < float64(p.People):
		return Answer{Verdict: Unknown, Idle: true}
	case doubted:
		return Answer{Verdict: Unknown}
	case min(1, credible/entered) >= p.Least:
		return Answer{Verdict: Within}
	}
	return Answer{Verdict: Breached}
}
