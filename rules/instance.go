package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// instance is one rule about one subject: who judges when, and what was judged.
//
// The verdict is a function of event time, and a fact about the time t makes the engine judge again from t on. For a fact
// about now, that is one question; for one that comes late it is the history, with the same code.
type instance struct {
	rule    string // id
	subject Subject
	eras    []era // by from; the last one is now
	past    []change
	dirty   telemetry.Instant // to be judged again from here on; 0: no
	order   int               // in the engine's list
	slot    int               // of its deadline
}

// era is a time in which one rule of one plan was in force about the subject.
type era struct {
	from     telemetry.Instant
	plan     *plan
	ref      ruleRef
	rule     *Rule // nil: no rule was in force
	protocol *Protocol
	judge    judge
}

// change is a state that holds from a time on.
type change struct {
	at telemetry.Instant
	state
}

// state is a verdict and what is about to change it.
type state struct {
	verdict Verdict
	since   telemetry.Instant
	// pending: the condition asks for another verdict since this time, but For or KeepFiring holds it back. 0: no.
	pending telemetry.Instant
}

// now is the era in force.
func (i *instance) now() *era { return &i.eras[len(i.eras)-1] }

// eraAt is the era of t, or the first; next is when the one after it begins.
func (i *instance) eraAt(t telemetry.Instant) (e *era, next telemetry.Instant) {
	next = telemetry.Never
	for k := len(i.eras) - 1; k > 0; k-- {
		if i.eras[k].from <= t {
			return &i.eras[k], next
		}
		next = i.eras[k].from
	}
	return &i.eras[0], next
}

// present is the state at the clock.
func (i *instance) present() state {
	if n := len(i.past); n > 0 {
		return i.past[n-1].state
	}
	return state{verdict: Unknown, since: i.eras[0].from}
}

// changedAt reports whether the state changed at t exactly.
func (i *instance) changedAt(t telemetry.Instant) bool {
	for k := len(i.past) - 1; k >= 0 && i.past[k].at >= t; k-- {
		if i.past[k].at == t {
			return true
		}
	}
	return false
}

// ask puts the question to the judge in force at t.
func (i *instance) ask(t telemetry.Instant, was Verdict) (finding, telemetry.Instant) {
	e, next := i.eraAt(t)
	if e.judge == nil {
		return unknown(ReasonNotInForce, ""), next
	}
	f, until := e.judge.judge(t, was)
	return f, min(until, next)
}

// step is the state at t when the condition's verdict is v, and when it changes if the condition stays.
func (s state) step(t telemetry.Instant, v Verdict, r *Rule) (state, telemetry.Instant) {
	if v == s.verdict {
		s.pending = 0
		return s, telemetry.Never
	}
	var hold time.Duration
	switch {
	case r == nil:
	case v == Breached:
		hold = r.For
	case v == Within && s.verdict == Breached:
		hold = r.KeepFiring
	}
	if hold > 0 {
		if s.pending == 0 {
			s.pending = t
		}
		if end := s.pending.Add(hold); t < end {
			return s, end
		}
	}
	return state{verdict: v, since: t}, telemetry.Never
}

// rejudge judges the instance from a time up to the clock and tells what changed.
func (e *Engine) rejudge(i *instance, from telemetry.Instant) {
	if first := i.eras[0].from; from < first {
		from = first
	}
	k := len(i.past)
	for k > 0 && i.past[k-1].at >= from {
		k--
	}
	old := append(e.old[:0], i.past[k:]...)
	before := state{verdict: Unknown, since: from}
	if k > 0 {
		before = i.past[k-1].state
	}
	i.past = i.past[:k]
	s, t := before, from
	for {
		f, until := i.ask(t, s.verdict)
		era, _ := i.eraAt(t)
		next, hold := s.step(t, f.verdict, era.rule)
		if next != s || k == 0 && len(i.past) == 0 {
			s = next
			i.past = append(i.past, change{t, s})
		}
		until = min(until, hold)
		if until > e.clock || until <= t {
			e.queue.set(i.slot, max(until, e.clock+1))
			break
		}
		t = until
	}
	if len(old) > 0 || len(i.past) > k {
		e.tell(i, before.verdict, from, old, i.past[k:])
	}
	e.old = old[:0]
}

// tell emits the difference between the path of verdicts that was judged before and the new one, both from a time to the
// clock.
//
// News are ordinary transitions at their own times. Where the old path already said something else about the past, or the
// record is late, the past is revised by late transitions, which raise no alert, and only a difference that still stands
// is an ordinary transition, at the clock.
func (e *Engine) tell(i *instance, before Verdict, from telemetry.Instant, old, now []change) {
	if !e.late && !turns(before, old) {
		was := before
		for _, c := range now {
			if c.verdict != was {
				e.emit(i, c.at, 0, was, c.verdict)
				was = c.verdict
			}
		}
		return
	}
	oldVerdict, newVerdict := before, before
	start := from
	for len(old) > 0 || len(now) > 0 {
		at := e.clock
		if len(old) > 0 {
			at = min(at, old[0].at)
		}
		if len(now) > 0 {
			at = min(at, now[0].at)
		}
		was, is := oldVerdict, newVerdict
		for len(old) > 0 && old[0].at <= at {
			oldVerdict, old = old[0].verdict, old[1:]
		}
		for len(now) > 0 && now[0].at <= at {
			newVerdict, now = now[0].verdict, now[1:]
		}
		if oldVerdict == was && newVerdict == is {
			continue
		}
		if was != is && at > start {
			e.emit(i, start, at, was, is)
		}
		start = at
	}
	if oldVerdict != newVerdict {
		if start < e.clock {
			e.emit(i, start, e.clock, oldVerdict, newVerdict)
		}
		e.emit(i, e.clock, 0, oldVerdict, newVerdict)
	}
}

// turns reports whether a path leaves the verdict it begins with.
func turns(before Verdict, path []change) bool {
	for _, c := range path {
		if c.verdict != before {
			return true
		}
	}
	return false
}

// emit appends a transition; until other than 0 makes it a late one.
func (e *Engine) emit(i *instance, at, until telemetry.Instant, from, to Verdict) {
	if e.out == nil {
		return
	}
	era, _ := i.eraAt(at)
	if era.rule == nil && len(i.eras) > 1 {
		era = &i.eras[len(i.eras)-2] // the one that ended
	}
	e.out.Transitions = append(e.out.Transitions, Transition{
		Site: e.site, Rule: i.rule, Kind: era.rule.Kind, Class: era.rule.class(), Subject: i.subject, At: at, From: from, To: to,
		Severity: era.rule.severity(), Late: until != 0, Until: until, Explanation: i.explain(at, to), Record: e.record, Index: e.index,
	})
	e.index++
}

// explain says why the verdict at t is what it is. was is the verdict itself, so that hysteresis explains it the same way.
func (i *instance) explain(t telemetry.Instant, was Verdict) Explanation {
	f, _ := i.ask(t, was)
	x := Explanation{
		Value: f.value, Error: f.err, Limit: f.limit, HasValue: f.hasValue, HasLimit: f.hasLimit, Unit: f.unit,
		Constraint: f.constraint, Reason: f.reason, Detail: f.detail, Share: f.share, Inputs: f.inputs,
	}
	if era, _ := i.eraAt(t); era.judge != nil {
		x.Evidence = era.judge.evidence(t, nil)
	}
	return x
}

// forget drops what lies before the time, except the state that held there.
func (i *instance) forget(before telemetry.Instant) {
	n := 0
	for n+1 < len(i.past) && i.past[n+1].at < before {
		n++
	}
	i.past = append(i.past[:0], i.past[n:]...)
}
