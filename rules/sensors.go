package rules

import (
	"math"
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// The words of Expression.Of. Anything else is the id of a device.
const (
	ofWorst = "worst"
	ofAny   = "any"
	ofAll   = "all"
	ofMean  = "mean"
)

// OfWords lists what Expression.Of may be besides the id of a device.
func OfWords() []string { return []string{ofWorst, ofAny, ofAll, ofMean} }

// view is one way of giving each gauge of an expression its value: by a sensor, or by the mean of several.
type view [][]*series

// find lists who measures each gauge of the expression at the subject at t; missing is a gauge that nobody does. A sensor is one from
// its first reading on, and before it only if the configuration says so: what came later does not make the past unknown. until is
// when there is one more.
func (a *activation) find(t telemetry.Instant) (missing telemetry.Quantity, until telemetry.Instant) {
	j := a.judge
	until = telemetry.Never
	for i, q := range j.list {
		all := a.sensors[i][:0]
		add := func(s *series) {
			switch first := s.line.next(0); {
			case s.quantity != q || s.probe() || !j.wants(s.device):
			case first > t && first != telemetry.Never && !j.promised(s.device, q):
				until = min(until, first)
			default:
				all = append(all, s)
			}
		}
		if j.device != nil {
			for s := range j.device.allSeries(q) {
				add(s)
			}
		} else if j.zone != nil {
			for _, s := range j.zone.sensors {
				add(s)
			}
			for _, d := range j.zone.devices {
				if s := j.silent(d, q, all); s != nil {
					add(s)
				}
			}
		}
		if a.sensors[i] = all; len(all) == 0 && missing == telemetry.NoQuantity {
			missing = q
		}
	}
	return missing, until
}

// promised reports whether the configuration says that a device measures a quantity where it hangs.
func (j *expressionJudge) promised(d *deviceState, q telemetry.Quantity) bool {
	return j.device != nil || d.whole.index < len(j.plan.measures) && j.plan.measures[d.whole.index]&maskOf(q) != 0
}

// wants reports whether the rule is about the device's values.
func (j *expressionJudge) wants(d *deviceState) bool {
	switch j.params.Of {
	case "", ofWorst, ofAny, ofAll, ofMean:
		return true
	}
	return d.id == j.params.Of
}

// silent is a sensor that is known to measure a quantity and never said anything of it; nil: the device is not one. What a
// model can measure need not be fitted: a device that speaks has shown what it has, unless its own configuration says more.
func (j *expressionJudge) silent(d *deviceState, q telemetry.Quantity, heard []*series) *series {
	if d.channel != "" || d.whole.index >= len(j.plan.measures) || j.plan.measures[d.whole.index]&maskOf(q) == 0 {
		return nil
	}
	// Who has spoken of it is asked first: that is all of them, once a building works.
	if slices.ContainsFunc(heard, func(s *series) bool { return s.device.whole == d }) || d.series(q, "") != nil {
		return nil
	}
	if d.messages > 0 && !slices.Contains(j.plan.device(d.id).Measures, q) {
		return nil
	}
	for _, p := range d.parts {
		if p.known&maskOf(q) != 0 {
			return nil
		}
	}
	for _, s := range d.blanks {
		if s.quantity == q {
			return s
		}
	}
	s := &series{device: d, quantity: q}
	d.blanks = append(d.blanks, s)
	return s
}

// among judges each view of the sensors and lets those decide that the rule names.
func (a *activation) among(t telemetry.Instant, best *finding) (until telemetry.Instant) {
	if a.judge.params.Of == ofMean {
		copy(a.view, a.sensors)
		a.decided = append(a.decided[:0], a.view...)
		return a.one(t, a.view, best)
	}
	if single(a.sensors) {
		// Most zones have one sensor of each.
		copy(a.view, a.sensors)
		until = a.one(t, a.view, best)
		a.bind()
	} else {
		until = telemetry.Never
		seen := false
		a.views(0, func() {
			var f finding
			until = min(until, a.one(t, a.view, &f))
			if !seen || a.judge.prefers(&f, best) {
				*best, seen = f, true
				a.bind()
			}
		})
	}
	if !a.brief && (best.reason == "" || best.reason == ReasonNear) {
		best.detail = a.named()
	}
	return until
}

// single reports whether one sensor gives each gauge.
func single(sensors [][]*series) bool {
	for _, all := range sensors {
		if len(all) != 1 {
			return false
		}
	}
	return true
}

// views calls yield with each view in a.view, from the i-th gauge on. A device that measures several gauges is judged by its
// own values of all of them.
func (a *activation) views(i int, yield func()) {
	if i == len(a.view) {
		yield()
		return
	}
	// A device that gives an earlier gauge and measures this one too gives both.
	for _, earlier := range a.view[:i] {
		d := earlier[0].device
		own := slices.IndexFunc(a.sensors[i], func(s *series) bool { return s.device == d })
		if own >= 0 {
			a.view[i] = a.sensors[i][own : own+1]
			a.views(i+1, yield)
			return
		}
	}
	for k := range a.sensors[i] {
		a.view[i] = a.sensors[i][k : k+1]
		a.views(i+1, yield)
	}
}

// bind notes the sensors of the view as those that the finding rests on.
func (a *activation) bind() {
	a.bound, a.decided = a.bound[:0], append(a.decided[:0], a.view...)
	for _, all := range a.view {
		a.bound = append(a.bound, all...)
	}
}

// named is the sensor that decided, where the subject does not tell; empty: there are several.
func (a *activation) named() string {
	if a.judge.zone == nil {
		return ""
	}
	id := a.bound[0].device.id
	for _, s := range a.bound {
		if s.device.id != id {
			return ""
		}
	}
	return id
}

// prefers reports whether what one view says weighs more than what another said.
func (j *expressionJudge) prefers(f, than *finding) bool {
	if f.verdict != than.verdict {
		return j.weight(f) > j.weight(than)
	}
	switch {
	case f.verdict == Unknown && j.params.Of == ofAny:
		return f.reason == ReasonNear && than.reason != ReasonNear // whoever says nothing is left out
	case f.verdict == Unknown:
		return f.reason != ReasonNear && than.reason == ReasonNear
	case !f.hasValue || !than.hasValue || !f.hasLimit:
		return false
	case f.verdict == Breached && j.params.Of != ofAll:
		return math.Abs(f.value-f.limit) > math.Abs(than.value-than.limit)
	}
	return math.Abs(f.value-f.limit) < math.Abs(than.value-than.limit)
}

// weight orders verdicts by which of them decides.
func (j *expressionJudge) weight(f *finding) int {
	order := [...]int{Unknown + 1: 1, Within + 1: 0, Breached + 1: 2}
	switch j.params.Of {
	case ofAny:
		// Whoever says nothing is left out; who is near the limit says something.
		if order[Unknown+1] = -1; f.reason == ReasonNear {
			order[Unknown+1] = 1
		}
	case ofAll:
		order = [...]int{Unknown + 1: 1, Within + 1: 2, Breached + 1: 0}
	}
	return order[f.verdict+1]
}

// see gives the gauges their values at t by the sensors of a view. missing is why one has none, and of is which sensor's.
func (a *activation) see(t telemetry.Instant, v view) (missing Reason, of string, until telemetry.Instant) {
	j := a.judge
	until = telemetry.Never
	for i, all := range v {
		q := j.list[i]
		g := gauged{ok: true}
		for _, s := range all {
			e, k, read := s.at(t)
			until = min(until, s.line.next(k+1), s.device.nextSilence(t))
			switch {
			case e == nil:
				if missing == "" {
					missing, of = ReasonNoData, s.device.id
				}
				continue
			case t >= e.v.last.Add(j.params.Stale) || s.device.silent(t):
				if missing == "" || missing == ReasonNoData {
					missing, of = ReasonSilent, s.device.id
				}
				continue
			}
			until = min(until, e.v.last.Add(j.params.Stale))
			g.v += e.v.v
			g.err += s.bar()
			g.read = max(g.read, read)
		}
		g.v /= float64(len(all))
		g.err /= float64(len(all))
		a.gauge[q] = g
	}
	return missing, of, until
}

// bar is the error bar of a series' values; flags have none.
func (s *series) bar() float64 {
	if s.quantity.Definition().Form != telemetry.Gauge {
		return 0
	}
	return s.device.err
}
