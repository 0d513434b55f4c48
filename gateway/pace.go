package gateway

import "time"

// pace decides how long the loop waits for company before it commits. A commit costs about the same whatever its size
// (85 µs of CPU and one fsync), so at high rates waiting a few milliseconds saves most of the work; at low rates it would only
// add latency. Messages are judged while others are waited for, and the wait ends as soon as an alert is among what they
// caused, or messages stop coming: a broker that allows 20 unacknowledged messages is then waiting for us.
type pace struct {
	linger time.Duration // the longest wait
	rate   float64       // messages per second, smoothed
	last   time.Time
}

const (
	lingerFrom  = 2_000                   // messages per second; below, a batch is committed at once
	lingerSlice = 1500 * time.Microsecond // longer than the pause of a reader that gathers
	lingerFull  = 512                     // messages: enough company
)

// observe takes the size of a batch.
func (p *pace) observe(n int, now time.Time) {
	if !p.last.IsZero() {
		if dt := now.Sub(p.last).Seconds(); dt > 0 {
			// The weight of the past halves in about 50 ms, however often we are called.
			keep := 0.05 / (0.05 + dt)
			p.rate = keep*p.rate + (1-keep)*float64(n)/dt
		}
	}
	p.last = now
}

// waits reports whether a batch that was begun some time ago, now has so many messages, and has just been given fresh ones,
// waits for more.
func (p *pace) waits(fresh, taken int, waited time.Duration) bool {
	return p.rate >= lingerFrom && fresh > 0 && taken < lingerFull && waited < p.linger
}
