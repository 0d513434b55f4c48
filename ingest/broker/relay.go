package broker

import "sync"

// Bounds of what waits to be passed on. It is passed on far faster than it is committed.
const (
	maxRelayed      = 1 << 16   // messages
	maxRelayedBytes = 128 << 20 // of payload and topic
)

// relay passes committed device messages on to other subscribers, such as an operator who listens in, and retains them.
// It has a goroutine of its own because acknowledging must not wait for subscribers. Its queue is bounded; when it is
// full a message is not passed on, and counted: this is a view, the record is the journal.
type relay struct {
	broker *Broker
	wake   chan struct{}
	done   chan struct{}

	mu    sync.Mutex
	queue []*parcel
	bytes int64
}

func newRelay(b *Broker) *relay {
	return &relay{broker: b, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// offer queues a message. It never blocks.
func (r *relay) offer(p *parcel) {
	r.mu.Lock()
	if len(r.queue) >= maxRelayed || r.bytes+p.size() > maxRelayedBytes {
		r.mu.Unlock()
		r.broker.metrics.relayLost.Inc()
		return
	}
	r.queue = append(r.queue, p)
	r.bytes += p.size()
	first := len(r.queue) == 1
	r.mu.Unlock()
	if first {
		select {
		case r.wake <- struct{}{}:
		default: // it will look anyway
		}
	}
}

func (r *relay) run() {
	var batch []*parcel
	for {
		select {
		case <-r.wake:
		case <-r.done:
			return
		}
		r.mu.Lock()
		batch, r.queue, r.bytes = r.queue, batch[:0], 0
		r.mu.Unlock()
		for i, p := range batch {
			r.broker.deliver(p)
			r.broker.metrics.relayed.Inc()
			batch[i] = nil
		}
		if cap(batch) > 4096 { // grown by a rare burst
			batch = nil
		}
	}
}

func (r *relay) stop() { close(r.done) }

// deliver passes a message on to whoever has subscribed.
func (b *Broker) deliver(p *parcel) { b.routes.deliver(p) }

// keep reports whether a message may be retained. Those of the gateway always may.
func (b *Broker) keep(p *parcel) bool {
	if p.owner == nil || b.retainers.keep(b, p) {
		return true
	}
	b.metrics.retainedOut.Inc()
	b.refuse(p.owner, causeRetained)
	return false
}
