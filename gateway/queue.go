package gateway

import (
	"errors"
	"sync"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// ErrStopping is what front doors get once the gateway takes no more messages.
var ErrStopping = errors.New("the gateway is stopping")

// queue is the bounded intake: many doors put, the loop takes everything at once. When it is full, Put blocks, which is how
// back-pressure reaches the brokers and devices; nothing is ever dropped here.
type queue struct {
	mu       sync.Mutex
	notFull  sync.Cond
	messages []ingest.Message
	bytes    int
	closed   bool

	maxMessages, maxBytes int
	// wake has room for one token: there is something to take.
	wake chan struct{}
}

func newQueue(maxMessages, maxBytes int) *queue {
	q := &queue{maxMessages: maxMessages, maxBytes: maxBytes, wake: make(chan struct{}, 1)}
	q.notFull.L = &q.mu
	return q
}

var _ ingest.Intake = (*queue)(nil)

// Put hands a message over. It blocks while the queue is full and fails with ErrStopping after close.
func (q *queue) Put(m ingest.Message) error {
	q.mu.Lock()
	for !q.closed && (len(q.messages) >= q.maxMessages || q.bytes >= q.maxBytes) {
		q.notFull.Wait()
	}
	if q.closed {
		q.mu.Unlock()
		return ErrStopping
	}
	q.messages = append(q.messages, m)
	q.bytes += len(m.Payload)
	first := len(q.messages) == 1
	q.mu.Unlock()
	if first {
		q.signal()
	}
	return nil
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take exchanges the waiting messages for an empty slice.
func (q *queue) take(empty []ingest.Message) []ingest.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	messages := q.messages
	q.messages, q.bytes = empty[:0], 0
	select {
	case <-q.wake: // it was for these
	default:
	}
	q.notFull.Broadcast()
	return messages
}

func (q *queue) len() int {
	n, _ := q.waiting()
	return n
}

// waiting is how many messages wait, and when the first of them was received; 0: none waits.
func (q *queue) waiting() (messages int, oldest telemetry.Instant) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.messages) > 0 {
		oldest = q.messages[0].Received
	}
	return len(q.messages), oldest
}

// close refuses new messages and wakes whoever is blocked in Put. What waits can still be taken.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.notFull.Broadcast()
}
