package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	// askAfter is how long in a row the people must be near the limit before a manual count pays.
	askAfter = 10 * time.Minute
	// askAgain is the least time between two times that somebody is asked, and from a count to the next question.
	askAgain = 2 * time.Hour
	// askedWithin is how far back the history of questions is looked at: a question is forgotten by then.
	askedWithin = 24 * time.Hour
)

// countAsked is since when a manual count of a zone would pay; 0: it would not. It follows from the history of the verdict alone.
func (e *Engine) countAsked(z *zoneState) telemetry.Instant {
	if z.capacity == nil || z.capacity.now().rule == nil || !z.capacity.present().near {
		return 0
	}
	past := z.capacity.past
	first := len(past) - 1
	for first > 0 && past[first].at > e.clock.Add(-askedWithin) {
		first--
	}
	var asked, near telemetry.Instant // when it was asked last; since when it is near, 0: it is not
	for i := max(0, first); i < len(past); i++ {
		switch {
		case past[i].near && near == 0:
			near = past[i].at
		case !past[i].near && near != 0:
			_, asked = e.questions(z, near, past[i].at, asked)
			near = 0
		}
	}
	standing, _ := e.questions(z, near, e.clock+1, asked)
	return standing
}

// questions asks for counts while the people are near the limit in [near, end), when it was asked last before. It gives the question
// that stands in the end, 0 for none, and when it was asked last.
func (e *Engine) questions(z *zoneState, near, end, asked telemetry.Instant) (standing, last telemetry.Instant) {
	for from := near; ; {
		at := max(from.Add(askAfter), asked.Add(askAgain))
		if count := z.countBefore(at); count != 0 {
			at = max(at, count.Add(askAgain))
		}
		if at >= end {
			return 0, asked
		}
		if open, opened, until := e.plan.open(at); !open {
			if until >= end {
				return 0, asked
			}
			from = until
			continue
		} else if at < opened.Add(askAfter) {
			from = opened
			continue
		}
		asked = at
		answer := z.countAfter(at)
		if answer == 0 || answer >= end {
			return asked, asked
		}
		from = answer
	}
}

// countBefore is the last manual count at or before t; 0: none is known.
func (z *zoneState) countBefore(t telemetry.Instant) telemetry.Instant {
	for i := len(z.anchors) - 1; i >= 0; i-- {
		if a := &z.anchors[i]; a.kind == countAnchor && a.at <= t {
			return a.at
		}
	}
	return 0
}

// countAfter is the first manual count after t; 0: there is none.
func (z *zoneState) countAfter(t telemetry.Instant) (at telemetry.Instant) {
	for i := len(z.anchors) - 1; i >= 0 && z.anchors[i].at > t; i-- {
		if z.anchors[i].kind == countAnchor {
			at = z.anchors[i].at
		}
	}
	return at
}
