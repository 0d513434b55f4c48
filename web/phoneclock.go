package web

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	// sendLimit is how long a phone waits for an answer before it takes the sending for lost.
	sendLimit = 30 * time.Second
	// clockSlack is what two clocks may differ by that agree, beside a thousandth of the time that they have run.
	clockSlack = 15 * time.Second
)

// agreeing is how far apart two clocks may be after some time that agree: quartz in a warm pocket, and steps of network time that nobody sees.
func agreeing(span time.Duration) time.Duration { return clockSlack + max(0, span)/1000 }

// whenDone is when something was done by the gateway's clock, by what the phone says of its own and when that was received. Where earliest is
// not 0 nobody knows more than that it was done at some time from earliest to at: the phone's clock was set in between.
//
// What is certain is so within agreeing of the time that passed, and sendLimit. Two ways lead there. The phone's clock was as far from the
// gateway's when it last heard from it before as it is now, and never went back: then it was right all the time, however long the phone slept.
// Or both of its clocks say that the same time has passed since, and none went back. A clock that was set forward and back again by the same, while no page was
// open to see it, is believed.
func whenDone(p telemetry.PhoneClock, received telemetry.Instant) (at, earliest telemetry.Instant) {
	shown := p.Sent.Sub(p.Done)
	at = received.Add(-max(0, p.Elapsed)) // the clock that is never set stands still at times: it was done then or before
	if p.Heard > 0 && p.Heard <= received {
		span := received.Sub(p.Heard)
		before, now := p.Heard.Sub(p.HeardAt), received.Sub(p.Sent)
		still := now-before >= -agreeing(span) && now-before <= agreeing(span)+sendLimit
		done := p.Done.Add(before)
		if still && !p.SetBack && done >= p.Heard.Add(-clockSlack) && (p.Elapsed < 0 || shown >= p.Elapsed-agreeing(shown)) {
			return min(max(done, p.Heard), received), 0
		}
		earliest = p.Heard
	}
	if p.Elapsed >= 0 && !p.SetBack && max(shown-p.Elapsed, p.Elapsed-shown) <= agreeing(p.Elapsed) && at >= earliest.Add(-clockSlack) {
		return at, 0
	}
	if earliest == 0 {
		earliest = received.Add(-countPast)
	}
	if at.Sub(earliest) <= clockSlack { // it cannot be far off
		return max(at, earliest), 0
	}
	return at, earliest
}
