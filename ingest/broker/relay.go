package broker

import (
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// relay passes committed device messages on to other subscribers, such as an operator who listens in, and retains them.
// It has a goroutine of its own because acknowledging must not wait for subscribers. Its queue is bounded; when it is
// full a message is not passed on, and counted: this is a view, the record is the journal.
type relay struct {
	broker *Broker
	client *mochi.Client
	queue  chan message
	done   chan struct{}
}

func newRelay(b *Broker) *relay {
	return &relay{
		broker: b,
		client: b.server.NewClient(nil, mochi.LocalListener, "relay", true),
		queue:  make(chan message, 4096),
		done:   make(chan struct{}),
	}
}

// offer queues a message. It never blocks.
func (r *relay) offer(m message) {
	select {
	case r.queue <- m:
	default:
		r.broker.metrics.relayLost.Inc()
	}
}

func (r *relay) run() {
	for {
		select {
		case m := <-r.queue:
			r.pass(m)
		case <-r.done:
			return
		}
	}
}

func (r *relay) stop() { close(r.done) }

func (r *relay) pass(m message) {
	if m.retain && !r.broker.retainers.keep(r.broker, m.owner, m.topic, len(m.payload)) {
		r.broker.metrics.retainedOut.Inc()
		r.broker.refuse(m.owner, causeRetained)
		m.retain = false
	}
	err := r.broker.server.InjectPacket(r.client, packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: m.qos, Retain: m.retain},
		TopicName:   m.topic,
		Payload:     m.payload,
		PacketID:    uint16(m.qos), // not used, but checked
	})
	if err != nil {
		r.broker.notes.Warn("a message was not passed on", m.owner.name, "topic", bounded(m.topic), "err", err)
		return
	}
	r.broker.metrics.relayed.Inc()
}
