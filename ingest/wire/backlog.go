package wire

import (
	"sync/atomic"
	"time"
)

// laps is the number of messages whose arrival a Backlog remembers.
const laps = 8192

// Backlog counts messages that were handed over and are not yet acknowledged, and knows how long the oldest has waited.
// It relies on acknowledgements coming in the order of arrival. All methods are safe for concurrent use and cost a few
// atomic operations. The zero Backlog is empty.
type Backlog struct {
	taken, done atomic.Uint64
	arrivals    [laps]struct{ number, at atomic.Int64 }
}

// Take records the arrival of a message at the time now, nanoseconds of any clock.
func (b *Backlog) Take(now int64) {
	n := b.taken.Add(1)
	slot := &b.arrivals[n%laps]
	slot.number.Store(0) // for a moment the slot holds a time of the previous lap
	slot.at.Store(now)
	slot.number.Store(int64(n))
}

// Done records an acknowledgement, or that a message was not taken after all.
func (b *Backlog) Done() { b.done.Add(1) }

// Len is the number of messages that wait.
func (b *Backlog) Len() int {
	done := b.done.Load() // first: it never overtakes taken
	return int(b.taken.Load() - done)
}

// Oldest is how long the oldest message has waited at the time now; a lower bound once more than 8,192 wait.
func (b *Backlog) Oldest(now int64) time.Duration {
	done := b.done.Load()
	taken := b.taken.Load()
	if taken <= done {
		return 0
	}
	n := max(done+1, taken-min(taken, laps-1))
	slot := &b.arrivals[n%laps]
	at := slot.at.Load()
	if slot.number.Load() != int64(n) {
		return 0
	}
	return max(0, time.Duration(now-at))
}
