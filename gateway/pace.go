package gateway

import "time"

// pace decides how long the loop waits for company before it commits. A commit costs about the same whatever its size
// (85 µs of CPU and one fsync), so at high rates waiting a few milliseconds saves most of the work; at low rates it would only
// add latency. The wait ends as soon as messages stop coming: a broker that allows 20 unacknowledged messages is then waiting
// for us.
type pace struct {
	linger time.Duration // the longest wait
	rate   float64       // messages per second, smoothed
	last   time.Time
}

const (
	lingerFrom  = 2_000                // messages per second; below, a batch is committed at once
	lingerSlice = 2 * time.Millisecond // longer than the pause of a reader that gathers
	lingerFull  = 2_048                // messages: enough company
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

// gather waits for company and returns. waiting tells how many messages wait now.
func (p *pace) gather(waiting func() int) {
	if p.rate < lingerFrom || p.linger <= 0 {
		return
	}
	have := waiting()
	for begin := time.Now(); time.Since(begin) < p.linger && have < lingerFull; {
		time.Sleep(lingerSlice)
		now := waiting()
		if now == have {
			return
		}
		have = now
	}
}
