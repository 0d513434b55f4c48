package recompute

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func (s *Site) temperature(r *rule, k Key, t telemetry.Instant) Answer {
	var worst Answer
	seen := false
	warm := s.warm(&r.params, k, t)
	// Who is too warm even by one that reads too little is.
	if bad, high := s.incredible(k.ID, t); bad && (high || !warm) {
		return Answer{Verdict: Unknown}
	}
	if warm {
		return Answer{Verdict: Breached}
	}
	for _, d := range s.whole(k.ID) {
		for _, channel := range d.channelsOf(telemetry.BodyTemperature) {
			a := s.fever(r, d, channel, t)
			if !seen || worse(a, worst) {
				worst, seen = a, true
			}
		}
	}
	if !seen {
		return Answer{Verdict: Unknown}
	}
	return worst
}

const (
	normal = iota
	hot
	maybeHot
	impossible
)

func (p *params) class(v, deviceError float64) int {
	if v < p.PlausibleMin || v > p.PlausibleMax {
		return impossible
	}
	beyond := func(v float64) bool { return v > p.Above || v == p.Above && p.Operator == ">=" }
	bar := 0.0
	if p.UseError {
		if bar = p.Error; deviceError > 0 {
			bar = deviceError
		}
	}
	switch {
	case beyond(v-bar) && beyond(v+bar):
		return hot
	case beyond(v + bar):
		return maybeHot
	}
	return normal
}

// fever is what one sensor says beside the cases: whoever may be too warm makes it near for the time of a case.
func (s *Site) fever(r *rule, d *device, channel string, t telemetry.Instant) Answer {
	p := &r.params
	all := d.upTo(telemetry.BodyTemperature, channel, t)
	if len(all) == 0 {
		return Answer{Verdict: Unknown}
	}
	near := false
	for _, x := range all {
		near = near || t < x.at.Add(p.Case) && p.class(x.value, s.config(t).device(d.def.ID).Error) == maybeHot
	}
	if near {
		return Answer{Verdict: Unknown, Near: true}
	}
	newest := all[len(all)-1].at
	if t >= newest.Add(p.Stale) {
		o, open := s.config(t).days.at(t)
		return Answer{Verdict: Unknown, Idle: !open || t < max(o.open, newest).Add(p.Stale)}
	}
	for i := range p.Implausible {
		if i == len(all) {
			break
		}
		if p.class(all[len(all)-1-i].value, s.config(t).device(d.def.ID).Error) != impossible {
			return Answer{Verdict: Within}
		}
	}
	return Answer{Verdict: Unknown}
}

// silence: what counts is the time in which somebody listened.
func (s *Site) silence(r *rule, k Key, t telemetry.Instant) Answer {
	p := &r.params
	interval := s.config(t).device(k.ID).Interval
	bound := p.bound(interval)
	if bound == 0 {
		return Answer{Verdict: Unknown, Idle: true}
	}
	grace := interval
	if grace == 0 {
		grace = bound
	}
	for _, x := range s.deaf {
		if x.from <= t && t < x.to {
			return Answer{Verdict: Unknown}
		}
	}
	heard := telemetry.Instant(0)
	for _, x := range s.device(k.ID).signs {
		counts := len(p.Quantities) == 0 || slices.ContainsFunc(x.quantities, func(q telemetry.Quantity) bool { return slices.Contains(p.Quantities, q) })
		if counts && x.at <= t {
			heard = x.at
		}
	}
	from := heard
	if heard == 0 {
		from = s.configs[0].from
	}
	if p.OnlyOpen {
		o, open := s.config(t).days.at(t)
		if !open {
			return Answer{Verdict: Unknown, Idle: true}
		}
		from = max(from, o.open)
	}
	switch {
	case t >= s.dueFrom(from, bound, grace):
		return Answer{Verdict: Breached, Explained: heard != 0 && s.explained(k.ID, heard, t)}
	case heard == 0:
		return Answer{Verdict: Unknown}
	}
	return Answer{Verdict: Within}
}

// dueFrom is when something that was heard at a time is silent for too long: after so much time in which somebody listened, and with a
// grace since nobody did.
func (s *Site) dueFrom(from telemetry.Instant, bound, grace time.Duration) telemetry.Instant {
	due := from.Add(bound)
	for _, x := range s.deafness() {
		if x.to <= from || x.from >= due {
			continue
		}
		if x.to == telemetry.Never {
			return telemetry.Never
		}
		due = max(due.Add(x.to.Sub(max(x.from, from))), x.to.Add(grace))
	}
	return due
}

// deafness are the times in which nobody listened, apart from each other.
func (s *Site) deafness() []span {
	all := slices.Clone(s.deaf)
	slices.SortFunc(all, func(a, b span) int { return cmp(a.from, b.from) })
	var apart []span
	for _, x := range all {
		if n := len(apart); n > 0 && x.from <= apart[n-1].to {
			apart[n-1].to = max(apart[n-1].to, x.to)
		} else if x.to > x.from {
			apart = append(apart, x)
		}
	}
	return apart
}

// screening looks at whole minutes.
func (s *Site) screening(r *rule, k Key, t telemetry.Instant) Answer {
	p, d := &r.params, s.doors[k.ID]
	o, open := s.config(t).days.at(t)
	if !open {
		return Answer{Verdict: Unknown, Idle: true}
	}
	minute := telemetry.Instant(time.Minute)
	now := t - t%minute
	from := now.Add(-p.Window)
	// What a counter tells is of up to an interval before.
	before := s.lookBack(s.at(facility.Place{Kind: facility.AtDoor, ID: k.ID}), t)
	var entered, credible, since float64
	worked := telemetry.Instant(0) // the newest minute since the opening (or in the window) with a credible reading
	for _, x := range d.thermometers {
		for _, y := range x.readings {
			m := y.at - y.at%minute
			if y.quantity != telemetry.BodyTemperature || m >= now || !s.credible(x, y.value, t) {
				continue
			}
			if m >= min(o.open, from) {
				worked = max(worked, m)
			}
			if m >= from.Add(-before) {
				credible++
			}
		}
	}
	n := sort.Search(len(d.in), func(i int) bool { return d.in[i].at >= now })
	for _, x := range d.in[:n] {
		m := x.at - x.at%minute
		if m >= from {
			entered += x.in
		}
		if m >= min(o.open, from) && (worked == 0 || m > worked.Add(before)) {
			since += x.in
		}
	}
	last := max(o.open, 1)
	if worked > 0 {
		last = worked
	}
	switch {
	case (o.open == 0 || from >= o.open) && entered >= p.People && credible < max(1, math.Ceil(p.Least*entered)),
		since >= p.People && now.Sub(last) >= p.Window:
		return Answer{Verdict: Breached}
	case worked == 0:
		return Answer{Verdict: Unknown, Idle: true}
	}
	return Answer{Verdict: Within}
}

// lookBack is how far back the counters among devices look in one message: as long as they promise to speak, a quarter of an hour at most.
func (s *Site) lookBack(devices []*device, t telemetry.Instant) (most time.Duration) {
	for _, d := range devices {
		if d.flows() || d.channel == "" && slices.ContainsFunc(counting, func(q telemetry.Quantity) bool { return slices.Contains(d.promised, q) }) {
			most = max(most, min(s.config(t).device(d.def.ID).Interval, 15*time.Minute))
		}
	}
	return most
}

// credible reports whether a reading can be a person's: by the temperature rule about the device, else by its defaults.
func (s *Site) credible(d *device, v float64, t telemetry.Instant) bool {
	for _, k := range slices.Backward(s.keys) {
		if r := s.rule(k.Rule, t); r != nil && r.Kind == "temperature" && k.ID == d.def.ID {
			return v >= r.params.PlausibleMin && v <= r.params.PlausibleMax
		}
	}
	return v >= 30 && v <= 43
}
