package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// leap is the longest time over which every deadline fires when the gateway listens again, or its clock is set. Whoever was
// away for longer gets no history of the duties that were missed meanwhile: it begins anew, and no jump of a clock makes more
// work than the deadlines there are.
const leap = 31 * 24 * time.Hour

// serve takes in what the gateway says about itself, before the clock moves.
func (e *Engine) serve(s *telemetry.Service, received telemetry.Instant) error {
	switch {
	case s.Set && received < e.clock:
		if err := e.setBack(received); err != nil {
			return err
		}
	case s.Set:
		e.setForward(received)
	}
	from := min(s.Since, received)
	switch {
	case from != 0:
	case s.Set:
		from = min(e.clock, received) // what lies between the two clocks has no time of its own
	default:
		from = received // when the record before was, or a tick, says nothing of who listened
	}
	e.deafness.end(received)
	if s.Since != 0 {
		e.deafness.add(from, received)
	}
	if s.Deaf {
		e.deafness.add(from, telemetry.Never)
	}
	e.forgetOutages()
	for _, i := range e.instances {
		if slices.ContainsFunc(i.eras, func(r era) bool { return listens(r.judge) }) {
			e.ask(i, max(1, from))
		}
	}
	e.settle()
	if since := e.deafness.began(received); since != 0 {
		e.missed(since, received)
	}
	if received.Sub(e.clock) > leap {
		e.skip(received)
	}
	return nil
}

// listens reports whether a judge asks who was heard, and so who listened.
func listens(j judge) bool {
	switch j.(type) {
	case *silenceJudge, *outageJudge:
		return true
	}
	return false
}

// skip moves the clock over a long time at once: what is due on the way fires at its end, once.
func (e *Engine) skip(to telemetry.Instant) {
	missed := e.resetAt
	e.clock = to
	for at := max(missed, e.plan.nextReset(to.Add(-resetDays*24*time.Hour))); at <= to; at = e.plan.nextReset(at) {
		missed = at
	}
	if missed <= to { // the newest of the nights on the way
		for _, z := range e.allZones() {
			z.fix(anchor{at: missed, kind: closingAnchor}, false)
			e.crowdChanged(z, missed)
		}
	}
	e.newDay()
	e.refreshLevel()
	e.resetAt, e.learnAt = e.plan.nextReset(to), e.nextLearning(to)
	e.queue.set(0, e.nextTurn())
	e.settle()
}

// setForward prepares for a clock that is set forward: no time has passed, so no device was silent for longer.
func (e *Engine) setForward(to telemetry.Instant) {
	by := to.Sub(e.clock)
	for _, w := range e.watches {
		if w.last == 0 {
			w.since = w.since.Add(by)
		} else {
			w.last = min(to, w.last.Add(by))
		}
		e.queue.set(w.slot, w.due())
	}
	for d := range e.everyDevice() {
		if d.pulse != nil {
			e.refreshOutages(d)
		}
	}
}

// setBack moves the clock back. What has a time that is still to come by the new clock gets the present: it has happened, and
// nobody knows when.
func (e *Engine) setBack(to telemetry.Instant) error {
	b, err := e.Snapshot()
	if err != nil {
		return fmt.Errorf("setting the clock of site %q back: %w", e.site, err)
	}
	old := *e
	*e = *New(old.site)
	if err := e.restore(&decoder{b: b[:len(b)-checksumSize], limit: to}); err != nil {
		*e = old
		return fmt.Errorf("setting the clock of site %q back: %w", old.site, err)
	}
	e.out, e.record, e.received, e.index, e.work, e.snapshotSize = old.out, old.record, old.received, old.index, old.work, old.snapshotSize
	e.clock = to
	e.day, e.midnight, e.resetAt = e.plan.midnight(e.plan.date(to)), e.plan.nextMidnight(to), e.plan.nextReset(to)
	e.learnAt, e.protocolAt = e.nextLearning(to), e.plan.nextProtocol(to)
	if e.day != old.day {
		e.recountToday()
	}
	for _, z := range e.allZones() {
		z.again(to) // what was lost in a time that never was is not lost
	}
	e.refreshLevel()
	e.enforce(to)
	e.queue.set(0, e.nextTurn())
	e.askAll(to)
	for _, z := range e.allZones() {
		e.touch(z)
	}
	e.settle()
	return nil
}

// collapse keeps the newest of the values that got the present for their time.
func collapse[V any](line []entry[V], present telemetry.Instant) []entry[V] {
	n := len(line)
	for n > 1 && line[n-1].at == present && line[n-2].at == present {
		line[n-2] = line[n-1]
		n--
	}
	return line[:n]
}
