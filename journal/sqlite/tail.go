package sqlite

import (
	"slices"
	"sync"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// tailRecords is how many of the newest records stay in memory, so that a reader that keeps up (the InfluxDB writer) needs
// neither SQL nor decoding.
const tailRecords = 8_192

// tail holds the records of the newest commits. It is safe for concurrent use.
type tail struct {
	mu      sync.Mutex
	batches [][]telemetry.Record // without gaps between them
	count   int
}

func newTail() *tail { return &tail{} }

// push takes the records of a commit; they must not change any more.
func (t *tail) push(records []telemetry.Record) {
	if len(records) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.batches = append(t.batches, records)
	t.count += len(records)
	drop := 0
	for t.count-len(t.batches[drop]) >= tailRecords {
		t.count -= len(t.batches[drop])
		drop++
	}
	if drop > 0 {
		t.batches = slices.Delete(t.batches, 0, drop) // clears what it drops
	}
}

// after appends up to limit records that follow the given one, if the tail still reaches back that far.
func (t *tail) after(seq uint64, limit int, dst []telemetry.Record) ([]telemetry.Record, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.batches) == 0 || t.batches[0][0].Seq > seq+1 {
		return dst, false
	}
	at, _ := slices.BinarySearchFunc(t.batches, seq, func(b []telemetry.Record, seq uint64) int {
		if b[len(b)-1].Seq <= seq {
			return -1
		}
		return 1
	})
	for _, batch := range t.batches[at:] {
		if batch[0].Seq <= seq {
			batch = batch[seq-batch[0].Seq+1:]
		}
		n := min(limit, len(batch))
		dst = append(dst, batch[:n]...)
		if limit -= n; limit == 0 {
			break
		}
	}
	return dst, true
}

// broadcast wakes everybody who waits.
type broadcast struct {
	mu     sync.Mutex
	c      chan struct{}
	closed bool
}

func newBroadcast() *broadcast { return &broadcast{c: make(chan struct{})} }

// next is closed at the next call of all, or of close.
func (b *broadcast) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.c
}

func (b *broadcast) all() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		close(b.c)
		b.c = make(chan struct{})
	}
}

func (b *broadcast) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		close(b.c)
	}
}
