package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// opened is the opening by which a day's task must be done, as it is known at t: that of the hours, or the moment at which the first
// visitor was in. While nobody has come it is as late as it can be.
func (j *disinfectionJudge) opened(day serviceDay, t telemetry.Instant) telemetry.Instant {
	p := j.params
	if p.Anchor != anchorPeople || day.open <= 1 {
		return day.open
	}
	from, late := minuteOf(day.open.Add(-p.Drift)), min(day.open.Add(p.Drift), day.close)
	now := min(minuteOf(t), late)
	if now <= from {
		return late
	}
	first := j.building.reached(from, now, people(p.Staff)*person)
	switch {
	case !j.building.seen(from, min(first, now)):
		return day.open
	case first != telemetry.Never:
		return first
	}
	return late
}

// closed is the closing after which a day's task is done, as it is known at t: that of the hours, or the moment at which the last
// visitor was out.
func (j *disinfectionJudge) closed(day serviceDay, t telemetry.Instant) telemetry.Instant {
	p := j.params
	if p.Anchor != anchorPeople || t < day.close || day.close == telemetry.Never {
		return day.close
	}
	from := max(minuteOf(day.open)+telemetry.Instant(time.Minute), minuteOf(day.close.Add(-p.Drift)))
	now := min(minuteOf(t), day.close.Add(p.Drift))
	if !j.building.seen(from, now) {
		return day.close
	}
	return j.building.left(from, now, people(p.Staff)*person)
}

// place is where people are counted for the task: its zone, where something counts there, or the building; nil: nobody is counted.
func (j *disinfectionJudge) place() *zoneState {
	for _, z := range []*zoneState{j.zone, j.building} {
		if z != nil && len(z.feeders) > 0 && !z.derived() {
			return z
		}
	}
	return nil
}

// occupied is for how many of the minutes in [from, t) somebody was in the task's place at their end, or nobody knows.
func (j *disinfectionJudge) occupied(from, t telemetry.Instant) time.Duration {
	z := j.place()
	if z == nil {
		return t.Sub(from)
	}
	begin, end := minuteAfter(from), minuteOf(t)
	var d time.Duration
	for m := begin; m < end; {
		last := m.Add(time.Minute) - 1
		e, until := z.estimate(last)
		// The state holds for all minutes whose end lies before it changes.
		next := m.Add(time.Minute)
		if until > last && until != telemetry.Never {
			next = max(next, minuteOf(until))
		} else if until == telemetry.Never {
			next = end
		}
		if next = min(next, end); !e.known || e.persons > 0 {
			d += next.Sub(m)
		}
		m = next
	}
	return d
}

// crowded is the demand after so many people in the service of a day.
func (j *disinfectionJudge) crowded(now serviceDay, t telemetry.Instant, turn func(telemetry.Instant) telemetry.Instant) duty {
	p := j.params
	begin := max(now.open, j.task.since)
	d := duty{constraint: afterPeople, verdict: Within, from: max(begin, j.done(0, t))}
	z := j.place()
	if z == nil {
		d.verdict, d.reason, d.due = Unknown, ReasonNoData, telemetry.Never
		return d
	}
	from, to := minuteAfter(d.from), minuteOf(t)
	d.entered = max(0, z.cameIn(from, to))
	turn(z.nextPassing(t))
	due := func(from telemetry.Instant) telemetry.Instant {
		if at := z.reached(minuteAfter(from), to, people(p.AfterPeople)*person-1); at != telemetry.Never {
			return turn(at.Add(p.Grace))
		}
		return telemetry.Never
	}
	d.due = due(d.from)
	if j.done(d.from, t) == 0 {
		d.reason = ReasonPending
	}
	est, until := z.estimate(t)
	turn(until)
	switch {
	case t >= d.due && j.possible(0, t) > 0 && t < due(max(begin, j.possible(0, t))):
		d.verdict, d.reason = Unknown, ReasonUnsure
	case t >= d.due:
		d.verdict, d.reason = Breached, ReasonOverdue
	case !est.known && est.reason != ReasonUncounted:
		d.verdict, d.reason, d.detail = Unknown, est.reason, est.detail // more may have come than were counted
	}
	return d
}
