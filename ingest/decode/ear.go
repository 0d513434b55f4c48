package decode

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// ListeningTime is how long an Ear listens.
const ListeningTime = 10 * time.Minute

// The bounds of what an Ear holds: messages, bytes of one and of all. What is oldest goes first.
const (
	maxHeard      = 100
	maxHeardOne   = 4 << 10
	maxHeardBytes = 256 << 10
)

// Ear holds messages that are not understood as they are, while somebody listens: to find out what a device really sends. They lie in
// memory, for ten minutes at most, and are nowhere else. The zero value is ready and hears nothing. It is safe for concurrent use.
type Ear struct {
	on    atomic.Bool // somebody listens; mu guards the rest
	mu    sync.Mutex
	until time.Time // zero: nobody listens
	heard []Heard
	bytes int
	ends  *time.Timer
}

// Heard is a message as it came.
type Heard struct {
	At      time.Time
	Topic   string
	Payload []byte // at most 4 KiB
	Size    int    // of the whole payload, bytes
	Why     string // it is not understood
}

// Listen begins to hold messages, or goes on for ten more minutes, and says until when.
func (e *Ear) Listen() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.until = time.Now().Add(ListeningTime)
	e.on.Store(true)
	if e.ends != nil {
		e.ends.Stop()
	}
	until := e.until
	e.ends = time.AfterFunc(ListeningTime, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.until.Equal(until) {
			e.forget()
		}
	})
	return until
}

// Stop ends listening and forgets what was heard.
func (e *Ear) Stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forget()
}

func (e *Ear) forget() {
	if e.ends != nil {
		e.ends.Stop()
	}
	e.on.Store(false)
	clear(e.heard)
	e.until, e.heard, e.bytes, e.ends = time.Time{}, nil, 0, nil
}

// Heard lists what was heard, the newest first, and until when somebody listens; the zero time: nobody does.
func (e *Ear) Heard() ([]Heard, time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]Heard, len(e.heard))
	for i := range e.heard {
		all[len(all)-1-i] = e.heard[i]
	}
	return all, e.until
}

// note holds a message.
func (e *Ear) note(msg *ingest.Message, why string) {
	h := Heard{
		At: msg.Received.Time(), Topic: written.Bounded(msg.Topic, written.MaxTopic), Size: len(msg.Payload), Why: written.Bounded(why, written.MaxDetail),
		Payload: bytes.Clone(msg.Payload[:min(len(msg.Payload), maxHeardOne)]),
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.until.IsZero() {
		return
	}
	e.heard = append(e.heard, h)
	e.bytes += len(h.Payload)
	drop := 0
	for len(e.heard)-drop > maxHeard || e.bytes > maxHeardBytes {
		e.bytes -= len(e.heard[drop].Payload)
		drop++
	}
	e.heard = append(e.heard[:0], e.heard[drop:]...)
	clear(e.heard[len(e.heard) : len(e.heard)+drop])
}

// hear lets whoever listens have a message that is not understood, or not in full.
func (d *Decoder) hear(w *worker, msg *ingest.Message, f *fault.Fault, records []telemetry.Record) {
	e := d.limits.Ear
	if e == nil || !e.on.Load() {
		return
	}
	if f == nil {
		f = w.refused.first
	}
	for i := range records {
		if r := records[i].Rejection; r != nil {
			why := r.Detail
			if f != nil {
				why = f.Said(w.shared.lexicon(), redact.Open)
			}
			e.note(msg, why)
			return
		}
	}
}
