package influx

import (
	"sync"
	"time"

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
	Age     time.Duration
	// LastError is why the last attempt failed, without secrets; empty once a write has succeeded.
	LastError string
	// Written and Rejected count points since the start.
	Written, Rejected uint64
}

// health is the part of the Writer that other goroutines look at.
type health struct {
	mu sync.Mutex
	// guarded by mu
	now    Health
	head   Position          // newest elements in the journal, as far as known
	done   Position          // the durable position
	oldest telemetry.Instant // receipt of the first record that waits, as far as known
}

// lag is how much waits.
func (h *health) lag() (records uint64, age time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.waiting()
}

func (h *health) waiting() (records uint64, age time.Duration) {
	if h.head.Record <= h.done.Record {
		return 0, 0
	}
	if h.oldest != 0 {
		age = max(0, time.Since(h.oldest.Time()))
	}
	return h.head.Record - h.done.Record, age
}

// committed raises the head; it never falls.
func (h *health) committed(head Position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.oldest == 0 && head.Record > h.done.Record {
		h.oldest = telemetry.InstantOf(time.Now())
	}
	h.head = Position{max(h.head.Record, head.Record), max(h.head.Transition, head.Transition), max(h.head.Sample, head.Sample), max(h.head.Flow, head.Flow)}
}

// pending is how many elements of all streams wait.
func (h *health) pending() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head.Record - min(h.head.Record, h.done.Record) +
		uint64(h.head.Transition-min(h.head.Transition, h.done.Transition)) +
		uint64(h.head.Sample-min(h.head.Sample, h.done.Sample)) +
		uint64(h.head.Flow-min(h.head.Flow, h.done.Flow))
}

// filled notes the age of the batch in work.
func (h *health) filled(oldest telemetry.Instant) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if oldest != 0 {
		h.oldest = oldest
	}
}

// advanced notes a durable position.
func (h *health) advanced(to Position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done = to
	h.head = Position{max(h.head.Record, to.Record), max(h.head.Transition, to.Transition), max(h.head.Sample, to.Sample), max(h.head.Flow, to.Flow)}
	h.oldest = 0
	if h.head.Record > to.Record {
		h.oldest = telemetry.InstantOf(time.Now())
	}
}

// is changes the state.
func (h *health) is(s State, err string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(s)
	h.now.LastError = err
}

// stored counts a confirmed write.
func (h *health) stored(points int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(Writing)
	h.now.LastError = ""
	h.now.LastSuccess = time.Now()
	h.now.Written += uint64(points)
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
	return h
}
