package rules

import (
	"math"
	"slices"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// activation gives an expression the values of one subject at one time, and is what answers the question about it. An engine has one,
// and others for the case that a question is asked while another is being answered: a site has hundreds of judges, and each
// needs it only for the length of an answer.
type activation struct {
	judge *expressionJudge
	moment
	gauge   []gauged    // by quantity
	sensors [][]*series // by place in the rule's list: who measures it
	view    view        // of the question that is being answered
	bound   []*series   // what the last finding rests on
	decided view        // likewise, by place in the rule's list
	// Of a condition that is true and not for long enough: since when, and for how many readings in a row. 0: it is not so.
	since telemetry.Instant
	row   int
	brief bool    // only verdict and reason are asked
	found finding // the answer then
}

// moment is what begin finds for a time.
type moment struct {
	t                 telemetry.Instant
	est               estimate
	persons           float64 // of the estimate, or a bound of it
	limit             float64
	open              bool
	opened            telemetry.Instant
	closes            telemetry.Instant // while it is open
	done              telemetry.Instant // of a task
	fact              [len(healthFacts)]float64
	unsure            [len(healthFacts)]int // so many devices more may not be well
	missed            Reason                // why that is not known; empty: it is
	missedOf          string
	left              float64 // visitors that may still come, or a bound of them
	leftLow, leftHigh float64
	// reason and detail say what is missing; empty: nothing.
	reason Reason
	detail string
}

// gauged is the value of a gauge in an expression.
type gauged struct {
	v, err float64
	read   telemetry.Instant
	ok     bool
}

// activation is the n-th of those that answer at the same time.
func (e *Engine) activation(n int) *activation {
	for len(e.activations) <= n {
		e.activations = append(e.activations, new(activation))
	}
	return e.activations[n]
}

// answering gives the activation for a question to a judge. Until answered is called the next question gets another.
func (e *Engine) answering(j *expressionJudge) *activation {
	a := e.activation(e.answers)
	e.answers++
	n := len(j.list)
	a.judge, a.brief = j, false
	a.bound, a.decided, a.since, a.row = a.bound[:0], a.decided[:0], 0, 0
	a.sensors, a.view = resized(a.sensors, n), resized(a.view, n)
	if n > 0 {
		a.gauge = resized(a.gauge, int(j.list[n-1])+1)
		clear(a.gauge)
	}
	return a
}

// answered ends what answering began.
func (e *Engine) answered() { e.answers-- }

// resized is a slice of n elements in the memory of another, whose elements keep theirs.
func resized[T any](s []T, n int) []T {
	return slices.Grow(s[:0], n)[:n]
}

// Parent ends the search for names here.
func (a *activation) Parent() cel.Activation { return nil }

// ResolveName gives the value of a variable.
func (a *activation) ResolveName(name string) (any, bool) {
	j := a.judge
	switch name {
	case "open":
		return a.open, true
	case "near":
		return a.near(), j.crowded
	case "level":
		return j.levels.at(a.t), true
	case "age_minutes":
		ages := make(map[string]float64, len(j.list))
		for _, q := range j.list {
			if v := a.gauge[q]; v.ok {
				ages[q.String()] = math.Floor(minutes(a.t.Sub(v.read)))
			}
		}
		return ages, true
	}
	get := variable(name)
	if get == nil {
		return nil, false
	}
	return get(a)
}

// begin collects for t all but the gauges, and finds what is missing of it. It gives the time at which that changes by itself.
func (a *activation) begin(t telemetry.Instant) telemetry.Instant {
	j := a.judge
	a.moment = moment{t: t}
	until := j.levels.next(t)
	// A norm that looks back asks about hours that another definition may have said.
	plan, next := j.engine.planAt(t)
	until = min(until, next)
	a.open, a.opened, next = plan.open(t)
	until = min(until, next)
	if a.closes = next; j.closing && a.open && next == telemetry.Never {
		a.reason = ReasonNoLimit // it never closes
	}
	if j.timed {
		until = min(until, t-t%telemetry.Instant(time.Minute)+telemetry.Instant(time.Minute))
	}
	if level, missing := j.levels.missing(t); missing && j.leveled {
		a.reason, a.detail = ReasonNoLevel, level
	}
	if j.sums != 0 || j.hourly {
		until = min(until, a.told())
	}
	if j.facts != 0 {
		until = min(until, a.known(t))
	}
	if j.quoted {
		until = min(until, a.visitorsLeft(t))
	}
	if j.task != nil {
		if a.done, _ = j.task.lastDone(j.items, t); a.done == 0 {
			a.reason, a.detail = ReasonNoData, ""
		}
	}
	if j.crowded {
		var est *estimate
		est, next = j.zone.estimate(t)
		a.est = *est
		a.persons = a.est.persons.number()
		until = min(until, next)
		if !a.est.known && a.reason == "" {
			a.reason, a.detail = a.est.reason, a.est.detail
		}
		if j.limited && a.reason == "" {
			until = min(until, a.findLimit())
		}
	}
	return until
}

// findLimit takes the limit of the first capacity rule about the zone that is in force at that time, and gives when that changes.
func (a *activation) findLimit() (until telemetry.Instant) {
	f, until := a.judge.zone.limitAt(a.t)
	a.reason = ReasonNoLimit
	switch a.limit = f.limit; {
	case f.hasLimit:
		a.reason = ""
	case f.reason == ReasonNoLevel:
		a.reason, a.detail = f.reason, f.detail
	}
	return until
}

// bounds calls yield for each combination of the bounds of what is measured with an error and of what the facts may be, until it gives
// false. Without errors there is one: the values themselves.
func (a *activation) bounds(yield func() bool) {
	if a.missed == "" {
		a.corners(yield)
		return
	}
	a.eachFact(func() bool { return a.corners(yield) })
}

// corners is the same for one combination of facts; it reports whether yield never gave false.
func (a *activation) corners(yield func() bool) bool {
	j := a.judge
	var open [maxBounds]*float64
	var low, high [maxBounds]float64
	n := 0
	bound := func(v *float64, from, to float64) {
		if from < to && n < maxBounds {
			open[n], low[n], high[n] = v, from, to
			n++
		}
	}
	for _, q := range j.list {
		g := &a.gauge[q]
		bound(&g.v, g.v-g.err, g.v+g.err)
	}
	if j.quoted {
		bound(&a.left, a.leftLow, a.leftHigh)
	}
	if j.crowded && !j.doubt {
		bound(&a.persons, a.est.low.number(), a.est.high.number())
	}
	if n == 0 {
		return yield()
	}
	more := true
	var was [maxBounds]float64
	for i := range n {
		was[i] = *open[i]
	}
	for mask := range 1 << n {
		for i := range n {
			if *open[i] = low[i]; mask>>i&1 == 1 {
				*open[i] = high[i]
			}
		}
		if more = yield(); !more {
			break
		}
	}
	for i := range n {
		*open[i] = was[i]
	}
	return more
}

// maxBounds is of how many measured values at once the errors are looked at; a rule has two or three.
const maxBounds = 6
