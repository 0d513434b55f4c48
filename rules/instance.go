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
	told    told              // what the outside knows of the alarm
	news    telemetry.Instant // of the newest verdict that was told as one of the present
	dirty   telemetry.Instant // to be judged again from here on; 0: no
	order   int               // in the engine's list
	slot    int               // of its deadline
	limited *zoneState        // whose samples say its verdict; nil: none
}

// era is a time in which one rule of one plan was in force about the subject.
type era struct {
	from     telemetry.Instant
	plan     *plan
	ref      ruleRef
	rule     *Rule // nil: no rule was in force
	protocol *Protocol
	class    Class // of the rule
	judge    judge
	upkeep   *upkeep // the maintenance that concerns it; nil: none
	book     *upkeepBook
}

// change is a state that holds from a time on.
type change struct {
	at telemetry.Instant
	state
}

// state is a verdict, and what it asks of people.
type state struct {
	answer
	since telemetry.Instant // of the answer
	alarm alarm
}

// answer is what history tells apart: near the limit is an unknown of its own, and so is one about which there was nothing to
// judge. Without the second, a thermometer that dies before the day's first visitor would count as waiting for him all day.
type answer struct {
	verdict Verdict
	near    bool
	idle    bool
	upkeep  bool // idle because of maintenance
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
	return beginning(i.eras[0].from)
}

// beginning is the state before anything was judged.
func beginning(since telemetry.Instant) state {
	return state{answer: answer{verdict: Unknown}, since: since}
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

// eraOfRule is the era of t that has a rule: where none is in force, the one that ended.
func (i *instance) eraOfRule(t telemetry.Instant) *era {
	era, _ := i.eraAt(t)
	if era.rule == nil && len(i.eras) > 1 {
		era = &i.eras[len(i.eras)-2]
	}
	return era
}

// ask puts the question to the judge in force at t. was is Within for the truth of the moment; Breached while an alarm
// fires, for the judges that know hysteresis.
func (i *instance) ask(t telemetry.Instant, was Verdict) (finding, telemetry.Instant) {
	e, next := i.eraAt(t)
	return e.ask(t, was, next)
}

// ask does the same in an era that ends at a time.
func (e *era) ask(t telemetry.Instant, was Verdict, end telemetry.Instant) (finding, telemetry.Instant) {
	if e.judge == nil {
		return unknown(ReasonNotInForce, ""), end
	}
	f, until := e.judge.judge(t, was)
	if e.upkeep != nil {
		held, change := e.maintained(t)
		if until = min(until, change); held {
			// What was found stays to be seen. It is not judged.
			f.verdict, f.reason, f.detail = Unknown, ReasonMaintenance, ""
		}
	}
	return f, min(until, end)
}

// decide is what history keeps of ask for the truth of the moment.
func (e *era) decide(t, end telemetry.Instant) (Verdict, Reason, telemetry.Instant) {
	if e.upkeep == nil {
		switch j := e.judge.(type) {
		case nil:
			return Unknown, ReasonNotInForce, end
		case decider:
			v, r, until := j.decide(t)
			return v, r, min(until, end)
		}
	}
	f, until := e.ask(t, Within, end)
	return f.verdict, f.reason, until
}

// step is the state at t, and when it changes next as far as that is known.
func (i *instance) step(s state, t telemetry.Instant) (state, telemetry.Instant) {
	era, end := i.eraAt(t)
	v, r, until := era.decide(t, end)
	if a := answerOf(v, r); a != s.answer {
		s.answer, s.since = a, t
	}
	d := Void
	if era.rule != nil {
		d = DemandOf(era.class, v, r)
		if s.alarm.phase == Firing && d != Wanted {
			g, next := era.ask(t, Breached, end)
			d, until = max(d, DemandOf(era.class, g.verdict, g.reason)), min(until, next)
		}
	}
	if d == Void && s.alarm.phase == Quiet {
		return s, until
	}
	var hold telemetry.Instant
	s.alarm, hold = s.alarm.step(t, d, era.rule)
	return s, min(until, hold)
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
	before := beginning(from)
	if k > 0 {
		before = i.past[k-1].state
	}
	i.past = i.past[:k]
	e.breaches = e.breaches[:0]
	s, t := before, from
	for {
		e.work.judged(i, t)
		next, until := i.step(s, t)
		if until <= t {
			until = asked(i, t, until)
		}
		if next != s || k == 0 && len(i.past) == 0 {
			s = next
			i.past = append(i.past, change{t, s})
		}
		if s.alarm.phase == Firing && s.verdict == Breached {
			e.breaches = append(e.breaches, t)
		}
		if until > e.clock {
			e.queue.set(i.slot, until)
			break
		}
		t = until
	}
	if len(old) > 0 || len(i.past) > k {
		e.tell(i, before.answer, from, old, i.past[k:])
	}
	was := i.told.firing
	e.sound(i, i.past[k:])
	e.peaks(i, e.breaches, was)
	e.old = old[:0]
}

// asked is when an instance is asked again whose judge named a time that is not later than the one that it was asked about. That would be
// for ever, or once a nanosecond; the next minute is soon enough for what a judge that is wrong about the time may have meant.
func asked(i *instance, t, until telemetry.Instant) telemetry.Instant {
	if backwards != nil {
		backwards(i, t, until)
	}
	return minuteOf(t).Add(time.Minute)
}

// backwards is told of every time that is not later than the one that was asked about: tests fail then.
var backwards func(i *instance, t, until telemetry.Instant)

// tell emits the difference between the path of verdicts that was judged before and the new one, both from a time to the
// clock.
//
// News are ordinary transitions at their own times, which never run back: sorted by time or by record, they tell the same.
// Where the old path already said something else about the past, or the record is late, the past is revised by late
// transitions, which raise no alert, and only a difference that still stands is an ordinary transition, at the clock.
func (e *Engine) tell(i *instance, before answer, from telemetry.Instant, old, now []change) {
	if !e.late && !turns(before, old) && (len(now) == 0 || now[0].at >= i.news) {
		was := before
		for _, c := range now {
			if c.answer != was {
				e.emit(i, c.at, 0, was, c.answer)
				was = c.answer
			}
		}
		return
	}
	oldAnswer, newAnswer := before, before
	start := from
	for len(old) > 0 || len(now) > 0 {
		at := e.clock
		if len(old) > 0 {
			at = min(at, old[0].at)
		}
		if len(now) > 0 {
			at = min(at, now[0].at)
		}
		was, is := oldAnswer, newAnswer
		for len(old) > 0 && old[0].at <= at {
			oldAnswer, old = old[0].answer, old[1:]
		}
		for len(now) > 0 && now[0].at <= at {
			newAnswer, now = now[0].answer, now[1:]
		}
		if oldAnswer == was && newAnswer == is {
			continue
		}
		if was != is && at > start {
			e.emit(i, start, at, was, is)
		}
		start = at
	}
	if oldAnswer != newAnswer {
		if start < e.clock {
			e.emit(i, start, e.clock, oldAnswer, newAnswer)
		}
		e.emit(i, e.clock, 0, oldAnswer, newAnswer)
	}
}

// turns reports whether a path leaves the verdict it begins with.
func turns(before answer, path []change) bool {
	for k := range path {
		if path[k].answer != before {
			return true
		}
	}
	return false
}

// emit appends a transition; until other than 0 makes it a late one.
func (e *Engine) emit(i *instance, at, until telemetry.Instant, from, to answer) {
	if until == 0 {
		i.news = at
	}
	if e.out == nil {
		return
	}
	era := i.eraOfRule(at)
	e.out.Transitions = append(e.out.Transitions, Transition{
		Site: e.site, Rule: i.rule, Kind: era.rule.Kind, Class: era.class, Subject: i.subject, At: at,
		From: from.verdict, FromNear: from.near, FromIdle: from.idle, To: to.verdict, Near: to.near, Idle: to.idle,
		Severity: era.rule.severity(), Late: until != 0, Until: until, Explanation: i.explain(at), Record: e.record, Index: e.index, Told: e.received,
	})
	e.index++
}

// explain says why the verdict at t is what it is.
func (i *instance) explain(t telemetry.Instant) Explanation {
	f, _ := i.ask(t, Within)
	x := Explanation{
		Value: f.value, Error: f.err, Limit: f.limit, HasValue: f.hasValue, HasLimit: f.hasLimit, Unit: f.unit,
		Constraint: f.constraint, Reason: f.reason, Detail: f.detail, Share: f.share, Low: f.low, High: f.high, HasRange: f.hasRange, Inputs: f.inputs,
	}
	if era, _ := i.eraAt(t); era.judge != nil {
		x.Evidence = era.judge.evidence(t, nil)
		if w, ok := era.judge.(workings); ok {
			w.show(t, &x)
		}
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
