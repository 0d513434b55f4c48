package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// openCase is a case as one rule sees it. Times are event times; Never: not yet.
type openCase struct {
	sensor   uint16
	opened   telemetry.Instant
	last     telemetry.Instant // when the person was last seen too warm before a thermometer
	seenBy   uint16            // by that one
	value    float64           // the warmest of the first check
	checked  telemetry.Instant // the second check; Never: none
	second   float64
	by       uint16            // the thermometer of the second check
	closed   telemetry.Instant // by a reading, a person, or because too many are open
	how      CaseHow
	outcome  Outcome
	words    int // how often a person said how it ended
	saidLast Outcome
}

// confirmed reports whether the second check by t was too warm again.
func (c *openCase) confirmed(t telemetry.Instant) bool {
	return c.checked <= t && !(c.how == ByReading && c.closed == c.checked)
}

// caseFold are the cases of a place under one rule, found from the facts in the order of their times. What happens later changes
// nothing of what was so at a time, so that the past is answered from the same list.
type caseFold struct {
	params *Temperature
	bars   func(device string) float64
	cases  []openCase // by opened
}

// mostOpen bounds the cases that are open at one door: of more the oldest is given up.
const mostOpen = 64

// due is when the second check is to be made, late when it is overdue, end when the case is given up.
func (f *caseFold) due(c *openCase) telemetry.Instant  { return c.opened.Add(f.params.Case) }
func (f *caseFold) late(c *openCase) telemetry.Instant { return f.due(c).Add(f.params.Recheck) }
func (f *caseFold) lapse(c *openCase) telemetry.Instant {
	return c.opened.Add(max(f.params.Lapse, f.params.Case+f.params.Recheck))
}

// end is when the case ended, or will if nothing comes.
func (f *caseFold) end(c *openCase) telemetry.Instant { return min(c.closed, f.lapse(c)) }

func (f *caseFold) class(b *caseBook, s *sighting) uint64 {
	return f.params.class(s.value, f.params.bar(f.bars(b.sensors[s.sensor].device)))
}

// used reports whether a case was closed or confirmed by a reading at t, or opened then.
func (f *caseFold) used(t telemetry.Instant) bool {
	for i := len(f.cases) - 1; i >= 0 && f.lapse(&f.cases[i]) >= t; i-- {
		c := &f.cases[i]
		if c.checked == t || c.opened == t {
			return true
		}
	}
	return false
}

// again finds the cases anew from a time on; where somebody was just before a thermometer, from when he came. It gives that time.
func (f *caseFold) again(b *caseBook, at telemetry.Instant) (from telemetry.Instant) {
	from = at
	for i := len(f.cases) - 1; i >= 0 && f.lapse(&f.cases[i]) >= from; i-- {
		if c := &f.cases[i]; c.opened < from && c.last.Add(samePerson) >= from {
			from = c.opened
		}
	}
	n := len(f.cases)
	for n > 0 && f.cases[n-1].opened >= from {
		n--
	}
	f.cases = f.cases[:n]
	for i := range f.cases {
		c := &f.cases[i]
		if c.checked >= from {
			c.checked, c.second = telemetry.Never, 0
		}
		if c.closed >= from {
			c.closed, c.how, c.outcome = telemetry.Never, "", ""
		}
		c.words, c.saidLast = 0, ""
	}
	for i := range b.said {
		if s := &b.said[i]; s.at >= from {
			break
		} else if c := f.meant(b, s); c != nil {
			c.words, c.saidLast = c.words+1, s.outcome
		}
	}
	k := 0
	for k < len(b.said) && b.said[k].at < from {
		k++
	}
	i := b.line.upTo(from - 1)
	// A person who was seen from before until after the time is one sighting.
	for ; i < b.line.size(); i++ {
		for at := b.line.get(i).at; k < len(b.said) && b.said[k].at < at; k++ {
			f.hear(b, &b.said[k])
		}
		f.see(b, i)
	}
	for ; k < len(b.said); k++ {
		f.hear(b, &b.said[k])
	}
	return from
}

// see takes in the i-th sighting, the newest so far.
func (f *caseFold) see(b *caseBook, i int) {
	e := b.line.get(i)
	class := f.class(b, &e.v)
	if class == implausible || class == unclear {
		return // nobody was measured, or nobody can tell
	}
	var due, same *openCase
	open, oldest := 0, -1
	for k := len(f.cases) - 1; k >= 0 && f.lapse(&f.cases[k]) > e.at; k-- {
		c := &f.cases[k]
		if same == nil && c.seenBy == e.v.sensor && e.at.Sub(c.last) <= samePerson {
			same = c
		}
		if f.end(c) <= e.at {
			continue
		}
		open++
		oldest = k
		if c.checked == telemetry.Never && f.due(c) <= e.at && e.at < f.late(c) {
			due = c // the one that was opened first is found last
		}
	}
	if class == hot && same != nil && f.stays(b, i) {
		same.last = max(same.last, e.v.last)
		switch {
		case same.checked == telemetry.Never && due != same:
			same.value = max(same.value, e.v.value)
		case same.checked != telemetry.Never && same.by == e.v.sensor:
			same.second = max(same.second, e.v.value)
		}
		if due != same {
			return // he stands there still
		}
	}
	switch {
	case due != nil && class == hot:
		due.checked, due.second, due.by = e.at, e.v.value, e.v.sensor
		due.last, due.seenBy = e.v.last, e.v.sensor
	case due != nil:
		due.checked, due.second, due.by = e.at, e.v.value, e.v.sensor
		due.closed, due.how, due.outcome = e.at, ByReading, Cleared
	case class == hot:
		if open >= mostOpen {
			f.cases[oldest].closed, f.cases[oldest].how = e.at, ByTime
		}
		f.cases = append(f.cases, openCase{
			sensor: e.v.sensor, opened: e.at, last: e.v.last, seenBy: e.v.sensor, value: e.v.value, checked: telemetry.Never, closed: telemetry.Never,
		})
	}
}

// stays reports whether the i-th sighting is of who was last too warm before the same thermometer: nobody was measured by it in between.
func (f *caseFold) stays(b *caseBook, i int) bool {
	e := b.line.get(i)
	for i--; i >= 0; i-- {
		prev := b.line.get(i)
		if prev.at < e.at.Add(-coarse-samePerson) {
			break
		}
		if prev.v.sensor != e.v.sensor {
			continue
		}
		if class := f.class(b, &prev.v); class == hot || class == normal {
			return class == hot && e.at.Sub(prev.v.last) <= samePerson
		}
	}
	return false
}

// meant is the case that a person's word is about: the newest that the device had opened at its time; nil: there is none.
func (f *caseFold) meant(b *caseBook, s *saying) *openCase {
	for k := len(f.cases) - 1; k >= 0; k-- {
		c := &f.cases[k]
		if b.sensors[c.sensor].device != s.device || c.opened >= s.opened.Add(time.Millisecond) || c.opened > s.at {
			continue
		}
		if f.lapse(c) < s.opened {
			break
		}
		return c
	}
	return nil
}

// hear takes in what a person said. It closes a case that is open; of one that is closed it says how it really ended.
func (f *caseFold) hear(b *caseBook, s *saying) {
	c := f.meant(b, s)
	if c == nil {
		return
	}
	c.words, c.saidLast = c.words+1, s.outcome
	if f.end(c) > s.at {
		c.closed, c.how, c.outcome = s.at, ByPerson, s.outcome
	}
}

func (f *caseFold) forget(before telemetry.Instant) {
	n := 0
	for n < len(f.cases) && f.cases[n].opened < before {
		n++
	}
	f.cases = append(f.cases[:0], f.cases[n:]...)
}

// state is how far a case has come at t, at or after it was opened.
func (f *caseFold) state(c *openCase, t telemetry.Instant) CaseState {
	switch {
	case f.end(c) <= t:
		return CaseClosed
	case c.confirmed(t):
		return CaseConfirmed
	case t >= f.late(c):
		return CaseOverdue
	case t >= f.due(c):
		return CaseDue
	}
	return CaseWaiting
}

// urgency orders the states of open cases by what asks most of people.
func (s CaseState) urgency() int {
	switch s {
	case CaseConfirmed:
		return 3
	case CaseOverdue:
		return 2
	case CaseDue:
		return 1
	}
	return 0
}

// running finds the most urgent case that a device opened and that is open at t, the oldest of several; n is how many are open. until
// is when that changes next.
func (f *caseFold) running(b *caseBook, device string, t telemetry.Instant) (c *openCase, n int, until telemetry.Instant) {
	until = telemetry.Never
	for k := len(f.cases) - 1; k >= 0; k-- {
		x := &f.cases[k]
		if f.lapse(x) <= t {
			break
		}
		if b.sensors[x.sensor].device != device {
			continue
		}
		if x.opened > t {
			until = min(until, x.opened)
			continue
		}
		end := f.end(x)
		if end <= t {
			continue
		}
		until = min(until, end)
		for _, at := range [...]telemetry.Instant{f.due(x), f.late(x), x.checked} {
			if at > t {
				until = min(until, at)
			}
		}
		n++
		if c == nil || f.state(x, t).urgency() >= f.state(c, t).urgency() {
			c = x
		}
	}
	return c, n, until
}
