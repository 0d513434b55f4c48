package influx

import (
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// State says how the Writer stands.
type State string

// The states.
const (
	Starting State = "starting" // nothing was tried yet
	Writing  State = "writing"  // the last write succeeded, or nothing is to be written
	Retrying State = "retrying" // InfluxDB is away, busy or failing: it comes back by itself
	Blocked  State = "blocked"  // a person must act: token, bucket, certificate
)

// Health is how the Writer stands at one moment.
type Health struct {
	State State
	Since time.Time // of the state
	// LastSuccess is when InfluxDB last confirmed a write; zero: never since the start.
	LastSuccess time.Time
	// Waiting is how many records of the journal are not in InfluxDB yet, Age how long ago the gateway received the first
	// of them.
	Waiting uint64
	// Known says that the Writer has found out where it stands. Before, nobody can tell how much waits.
	Known bool
	Age   time.Duration
	// LastError is why the last attempt failed, without secrets; empty once a write has succeeded.
	LastError string
	// Held is why older readings are neither taken nor refused, while newer ones are stored; empty: they are not held.
	Held string
	// Past is how many of the Waiting are left to the lane of older readings.
	Past uint64
	// Written and Rejected count points since the start.
	Written, Rejected uint64
}

// health is the part of the Writer that other goroutines look at.
type health struct {
	mu sync.Mutex
	// guarded by mu
	now           Health
	head          journal.Position  // newest elements in the journal, as far as known
	done          journal.Position  // the present's position
	oldest        telemetry.Instant // receipt of the first record that waits in the present; 0: none, or not known
	left          bool              // there is a past
	pastDone      journal.Position
	pastEnd       journal.Position
	pastOldest    telemetry.Instant
	struggles     bool      // the present fails
	presentStored time.Time // the present's last success
}

// lag is how much waits.
func (h *health) lag() (records uint64, age time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.waiting()
}

func (h *health) waiting() (records uint64, age time.Duration) {
	var since telemetry.Instant
	if !h.now.Known {
		return 0, 0
	}
	if h.head.Record > h.done.Record {
		records, since = h.head.Record-h.done.Record, h.oldest
	}
	if n := h.behindEnd(); n > 0 {
		records += n
		if h.pastOldest != 0 {
			since = h.pastOldest
		}
	}
	if since != 0 {
		age = max(0, time.Since(since.Time()))
	}
	return records, age
}

// behindEnd is how many records the past has still to write; mu is held.
func (h *health) behindEnd() uint64 {
	if !h.left {
		return 0
	}
	return h.pastEnd.Record - min(h.pastEnd.Record, h.pastDone.Record)
}

// age is that of the oldest that waits.
func (h *health) age() time.Duration {
	_, age := h.lag()
	return age
}

// committed raises the head; it never falls.
func (h *health) committed(head journal.Position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.oldest == 0 && head.Record > h.done.Record {
		h.oldest = telemetry.InstantOf(time.Now())
	}
	h.head = h.head.Max(head)
}

// pending is how many elements of all streams wait in the present.
func (h *health) pending() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.done.Elements(h.head)
}

// newer reports whether the journal goes on behind a position.
func (h *health) newer(than journal.Position) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return than.Elements(h.head) > 0
}

// behind gives the journal's end where the present is so far from it that it should leave the rest to the past.
func (h *health) behind(batch uint64) (head journal.Position, yes bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head, h.oldest != 0 && h.done.Elements(h.head) > batch && time.Since(h.oldest.Time()) >= pastAge
}

// filled notes the age of the batch in work.
func (h *health) filled(past bool, oldest telemetry.Instant) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case oldest == 0:
	case past:
		h.pastOldest = oldest
	default:
		h.oldest = oldest
	}
}

// advanced notes a position, and when the gateway learned of the first record behind it.
func (h *health) advanced(past bool, to journal.Position, oldest telemetry.Instant) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if past {
		h.pastDone = to
		if oldest != 0 {
			h.pastOldest = oldest
		}
		return
	}
	h.now.Known = true
	h.done, h.oldest, h.struggles = to, oldest, false
	h.head = h.head.Max(to)
	if oldest == 0 && h.head.Record > to.Record { // committed a moment ago
		h.oldest = telemetry.InstantOf(time.Now())
	}
}

// split notes that what lies between two positions is left to the past.
func (h *health) split(from, end journal.Position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.left {
		h.left, h.pastDone, h.pastOldest = true, from, h.oldest
	}
	h.pastEnd = end
}

// joined notes that there is no past any more.
func (h *health) joined() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left = false
}

// hold notes why the past waits; empty: it does not.
func (h *health) hold(why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now.Held = why
}

// struggling reports whether the present fails.
func (h *health) struggling() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.struggles
}

// struggle notes that the present fails.
func (h *health) struggle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.struggles = true
}

// is changes the state.
func (h *health) is(s State, err string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(s)
	h.now.LastError = err
}

// stored counts a confirmed write.
func (h *health) stored(past bool, points int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(Writing)
	h.now.LastError = ""
	h.now.LastSuccess = time.Now()
	if !past {
		h.presentStored, h.struggles = h.now.LastSuccess, false
	}
	h.now.Written += uint64(points)
}

// storedSince reports whether the present has stored anything after a time.
func (h *health) storedSince(t time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.presentStored.After(t)
}

// refused counts rejected points.
func (h *health) refused(points int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now.Rejected += uint64(points)
}

// set changes the state; mu is held.
func (h *health) set(s State) {
	if h.now.State != s {
		h.now.State, h.now.Since = s, time.Now()
	}
}

// Health is how the Writer stands now. Any goroutine may ask.
func (w *Writer) Health() Health {
	w.health.mu.Lock()
	defer w.health.mu.Unlock()
	h := w.health.now
	h.Waiting, h.Age = w.health.waiting()
	h.Past = w.health.behindEnd()
	return h
}
