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
	first := len(past)
	for first > 0 && past[first-1].at > e.clock.Add(-askedWithin) {
		first--
	}
	var asked, near telemetry.Instant // since when it is asked, or was last; since when it is near
	open := false                     // whether asked still holds
	for i := max(0, first-1); i <= len(past); i++ {
		end := e.clock
		if i < len(past) {
			end = past[i].at
		}
		if near != 0 && !open {
			for at := max(near.Add(askAfter), asked.Add(askAgain)); ; {
				if count := z.countBefore(at); count != 0 && count.Add(askAgain) > at {
					at = count.Add(askAgain)
					continue
				}
				if at <= end && at > near {
					if isOpen, opened, _ := e.plan.open(at); isOpen && (opened == 0 || at >= opened.Add(askAfter)) {
						asked, open = at, true
					}
				}
				break
			}
		}
		if i == len(past) {
			break
		}
		switch {
		case !past[i].near:
			near, open = 0, false
		case near == 0:
			near = past[i].at
		}
	}
	if !open || z.countBefore(e.clock) >= asked {
		return 0
	}
	return asked
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
