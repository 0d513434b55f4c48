package gateway

import "time"

// pace decides how long the loop waits for company before it commits. A commit costs about the same whatever its size
// (85 µs of CPU and one fsync), so a few milliseconds save most of the work. Messages are judged while others are waited for, and
// the wait ends as soon as an alert is among what they caused.
//
// Whoever sends only so many messages before the first is acknowledged waits for us while we wait for him: a bridge with a window of
// one, a broker that allows twenty. So the wait ends when messages have stopped coming, as far as the pauses between them tell. Waits
// that bring nobody after their beginning are left out for a while, and tried again now and then.
type pace struct {
	linger time.Duration // the longest wait
	rate   float64       // messages per second, smoothed
	last   time.Time
	alone  int // how many waits in a row brought nobody
	skip   int // batches that do not wait, before it is tried again

	// The batch that is open.
	waited bool
	begun  time.Duration // when its first message was taken, since its wait began
	newest time.Duration // when its newest was
	taken  int
}

const (
	// lingerFrom is the rate, in messages per second, from which on messages are fetched in slices: to be woken by each would cost
	// more than it is worth. Below, the loop takes each when it comes.
	lingerFrom  = 2_000
	lingerSlice = 1500 * time.Microsecond // longer than the pause of a reader that gathers
	lingerFull  = 512                     // messages: enough company
	fewAlone    = 3                       // waits in a row without company happen by chance
	mostSkipped = 64
	manyPauses  = 5 // of messages that come by chance, one in 150 pauses is as long as so many
	shortPause  = 500 * time.Microsecond
)

// observe takes the size of a batch, and ends it.
func (p *pace) observe(n int, now time.Time) {
	if !p.last.IsZero() {
		if dt := now.Sub(p.last).Seconds(); dt > 0 {
			// The weight of the past halves in about 50 ms, however often we are called.
			keep := 0.05 / (0.05 + dt)
			p.rate = keep*p.rate + (1-keep)*float64(n)/dt
		}
	}
	p.last = now
	switch {
	case n == 0:
	case !p.waited:
		p.skip = max(p.skip-1, 0)
	case p.newest-p.begun > p.linger/8:
		p.alone = 0
	default:
		if p.alone++; p.alone >= fewAlone {
			p.skip = min(1<<(p.alone-1), mostSkipped)
		}
	}
	p.waited, p.taken = false, 0
}

// waits reports whether a batch that was begun some time ago, now has so many messages, and has just been given fresh ones,
// waits for more.
func (p *pace) waits(fresh, taken int, begun time.Duration) bool {
	if p.taken == 0 {
		p.begun = begun
	}
	if fresh > 0 {
		p.newest = begun
	}
	p.taken = taken
	if taken == 0 || taken >= lingerFull || p.skip > 0 || fresh == 0 && p.sliced() || begun >= p.until() {
		return false
	}
	p.waited = true
	return true
}

// until is when the batch waits no longer, since its wait began.
func (p *pace) until() time.Duration {
	if p.taken < 2 {
		return p.linger
	}
	pause := max((p.newest-p.begun).Seconds()/float64(p.taken-1), 1/p.rate) // what comes in pairs comes again
	return min(p.linger, p.newest+max(time.Duration(manyPauses*min(pause, 1)*float64(time.Second)), shortPause))
}

// sliced reports whether messages come so fast that they are fetched in slices.
func (p *pace) sliced() bool { return p.rate >= lingerFrom }
