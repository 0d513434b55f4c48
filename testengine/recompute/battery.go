package recompute

import (
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// newest is what each channel of a device said last of a quantity up to t.
func (s *Site) newest(id string, q telemetry.Quantity, t telemetry.Instant) (all []reading) {
	for _, d := range s.whole(id) {
		for _, channel := range d.channelsOf(q) {
			if x := d.upTo(q, channel, t); len(x) > 0 {
				all = append(all, x[len(x)-1])
			}
		}
	}
	return all
}

// battery is low, or will be: by the line through the lowest charge of each day.
func (s *Site) battery(r *rule, k Key, t telemetry.Instant) Answer {
	p, a := &r.params, idle
	for _, q := range []telemetry.Quantity{telemetry.Battery, telemetry.BatteryVoltage} {
		least := p.Below
		if q == telemetry.BatteryVoltage {
			least = p.Voltage
		}
		if q == telemetry.BatteryVoltage && least == 0 {
			continue
		}
		for _, x := range s.newest(k.ID, q, t) {
			switch {
			case t >= x.at.Add(p.Stale):
				a.Idle = false
			case x.value < least:
				return Answer{Verdict: Breached}
			default:
				a.Verdict = Within
			}
		}
	}
	if a.Verdict == Within && p.Days > 0 {
		if days := s.healthOf(k.ID).lasts(p.Below, t); days < float64(p.Days) {
			return Answer{Verdict: Breached}
		}
	}
	return Answer{Verdict: a.Verdict, Idle: a.Idle && a.Verdict == Unknown}
}

// lasts is in how many days the charge will have fallen to a level; infinite: it does not fall, or nobody can tell.
func (h *health) lasts(level float64, t telemetry.Instant) float64 {
	today := int64(t / (24 * hour))
	var days, charges []float64
	last := math.Inf(-1)
	for day := today - 1; day >= today-30; day-- {
		low, ok := h.lowest[day]
		if !ok {
			continue
		}
		if last > low+10 {
			break // it was changed, or charged
		}
		last = low
		days, charges = append(days, float64(day-today)), append(charges, low)
	}
	if len(days) < 5 {
		return math.Inf(1)
	}
	mean := func(all []float64) (m float64) {
		for _, v := range all {
			m += v / float64(len(all))
		}
		return m
	}
	x, y := mean(days), mean(charges)
	up, down := 0.0, 0.0
	for i := range days {
		up, down = up+(days[i]-x)*(charges[i]-y), down+(days[i]-x)*(days[i]-x)
	}
	if up/down >= -1e-12 {
		return math.Inf(1)
	}
	return max(0, x+(level-y)/(up/down))
}

// tamper: somebody has opened or removed it, as it says itself.
func (s *Site) tamper(r *rule, k Key, t telemetry.Instant) Answer {
	a := idle
	for _, x := range s.newest(k.ID, telemetry.Tamper, t) {
		switch {
		case r.params.Stale > 0 && t >= x.at.Add(r.params.Stale):
			a.Idle = false
		case x.value > 0:
			return Answer{Verdict: Breached}
		default:
			a.Verdict = Within
		}
	}
	return Answer{Verdict: a.Verdict, Idle: a.Idle && a.Verdict == Unknown}
}

// passed is how many people a counter counted in [from, to), either way, and whether it said anything.
func (s *Site) passed(id string, from, to telemetry.Instant) (n float64, spoke bool) {
	for _, d := range s.whole(id) {
		for _, c := range d.counts {
			if c.at >= from && c.at < to {
				n += c.in + c.out
			}
		}
		spoke = spoke || slices.ContainsFunc(d.said, func(at telemetry.Instant) bool { return at >= from && at < to })
	}
	return n, spoke
}

// deadCounter counts nobody while so many pass the others that some should have passed it.
func (s *Site) deadCounter(r *rule, k Key, t telemetry.Instant) Answer {
	p := &r.params
	o, open := s.config(t).days.at(t)
	if !open || o.open != 0 && t < o.open.Add(p.Window) {
		return idle
	}
	to := t - t%quarter
	from := to.Add(-p.Window)
	own, spoke := s.passed(k.ID, from, to)
	switch {
	case !spoke:
		return idle
	case own > 0:
		return Answer{Verdict: Within}
	}
	const before = 7 * 24 * time.Hour
	usual, _ := s.passed(k.ID, from.Add(-before), from)
	others, usually := 0.0, 0.0
	for _, d := range s.last().Site.Devices {
		if d.ID != k.ID {
			now, _ := s.passed(d.ID, from, to)
			then, _ := s.passed(d.ID, from.Add(-before), from)
			others, usually = others+now, usually+then
		}
	}
	if usually > 0 && others*usual/usually >= p.People {
		return Answer{Verdict: Breached}
	}
	return idle
}
