package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// countedDay is the time from one hour at which the building was verified empty to the next, or to what is known now: in slots of a
// quarter of an hour.
type countedDay struct {
	from, to int64
	empty    telemetry.Instant
}

// daysBefore are the days up to t, the newest first, back to the one on which somebody said how a counter hangs, or the rules about the
// building changed while it was open: what was counted before is no evidence of how things are now.
func (j *directionJudge) daysBefore(t telemetry.Instant) []countedDay {
	e, p := j.engine, j.plan
	stated := max(e.since, p.from)
	for d := range e.everyDevice() {
		for i := range d.turns {
			if w := &d.turns[i]; w.from > 1 && w.from <= t {
				stated = max(stated, w.from)
			}
		}
	}
	var days []countedDay
	to := slotOf(t.Add(-p.late))
	for date := p.date(t); len(days) <= directionDays; date = date.AddDays(-1) {
		at, ok := p.emptyOn(date)
		if !ok || at > t {
			if date.Year < firstYear || t.Sub(p.midnight(date)) > (directionDays+1)*24*time.Hour {
				break
			}
			continue
		}
		// What was said before the doors opened is as good as said before.
		if stated > at && stated > p.opensAfter(at) {
			break
		}
		from := slotOf(at.Add(quarter - 1))
		days = append(days, countedDay{from, to, at})
		to = from
	}
	return days
}

// emptyOn is when the building is verified empty on a day: at the hour of the reset, or, where none is configured, at midnight, if it is
// closed then.
func (p *plan) emptyOn(day facility.Date) (telemetry.Instant, bool) {
	if p.def.Site.Reset == nil {
		at := p.midnight(day)
		open, _, _ := p.openAt(at)
		return at, !open && !p.always
	}
	at := p.def.Site.Reset.On(day, p.loc)
	return telemetry.InstantOf(at), day.Exists(p.loc) && (p.always || !p.def.Site.Hours.Open(at, p.loc))
}

// opensAfter is when the building opens next after a time at which it was empty; itself, where it is always open.
func (p *plan) opensAfter(empty telemetry.Instant) telemetry.Instant {
	open, _, until := p.openAt(empty)
	if open || p.always {
		return empty
	}
	return until
}

// closesAfter is when the service of the day ends that opens at a time.
func (p *plan) closesAfter(opens telemetry.Instant) telemetry.Instant {
	if p.always || opens == telemetry.Never {
		return telemetry.Never
	}
	if o, ok := p.def.Site.Hours.At(opens.In(p.loc), p.loc); ok {
		return p.service(o, true).close
	}
	return telemetry.Never
}
