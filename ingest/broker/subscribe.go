package broker

import (
	"strings"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// OnSubscribe decides what may be subscribed to, before the library asks filter by filter, when it no longer says that it is
// about a subscription. What may not be is marked.
func (h *hook) OnSubscribe(cl *mochi.Client, pk packets.Packet) packets.Packet {
	c := connOf(cl)
	if c == nil || c.session == nil {
		return pk
	}
	room := h.broker.options.Limits.Subscriptions - h.broker.subscriptions(c.owner)
	granted := make(map[string]bool, len(pk.Filters))
	filters := make(packets.Subscriptions, len(pk.Filters))
	copy(filters, pk.Filters)
	for i := range filters {
		f := filters[i].Filter
		_, known := cl.State.Subscriptions.Get(f)
		switch {
		case strings.HasPrefix(f, forbidden) || !c.account.MayRead(f):
			h.broker.refuse(c.owner, causeSubscribe)
			filters[i].Filter = forbidden
		case len(f) > maxTopic || strings.Count(f, "/") >= maxLevels, !known && !granted[f] && room <= 0:
			h.broker.refuse(c.owner, causeSubscriptions)
			filters[i].Filter = forbidden + forbidden
		default:
			if !known && !granted[f] {
				room--
			}
			granted[f] = true
		}
	}
	c.granted.Store(&granted)
	pk.Filters = filters
	return pk
}

// OnSubscribed comes before the answer is sent. What was one too many is told from what may not be read, where MQTT can.
func (h *hook) OnSubscribed(cl *mochi.Client, pk packets.Packet, codes []byte) {
	c := connOf(cl)
	if c == nil {
		return
	}
	c.granted.Store(nil)
	for i := range codes {
		if cl.Properties.ProtocolVersion == 5 && i < len(pk.Filters) && pk.Filters[i].Filter == forbidden+forbidden {
			codes[i] = packets.ErrQuotaExceeded.Code
		}
	}
	c.retained.Store(true) // the library delivers retained messages next, in this goroutine
}

// OnPacketProcessed comes when the library is through with a packet.
func (h *hook) OnPacketProcessed(cl *mochi.Client, pk packets.Packet, _ error) {
	if c := connOf(cl); c != nil && pk.FixedHeader.Type == packets.Subscribe {
		c.retained.Store(false)
	}
}

// subscriptions is how many a credential has.
func (b *Broker) subscriptions(o *owner) int {
	b.sessions.mu.Lock()
	defer b.sessions.mu.Unlock()
	n := 0
	for _, s := range o.sessions {
		s.mu.Lock()
		c := s.conn
		s.mu.Unlock()
		n += c.client.State.Subscriptions.Len()
	}
	return n
}

// OnACLCheck is asked about subscriptions, about messages to be delivered, and about what clients publish. Publishing is never
// refused here, as MQTT 3.1.1 could only answer with a disconnect: the message is taken, with its sender, and the decoder
// rejects it.
func (h *hook) OnACLCheck(cl *mochi.Client, topic string, write bool) bool {
	if write {
		return true
	}
	c := connOf(cl)
	if c == nil || c.session == nil || strings.HasPrefix(topic, forbidden) { // a will that goes nowhere
		return false
	}
	if granted := c.granted.Load(); granted != nil && (*granted)[topic] {
		return true
	}
	if !c.account.MayRead(topic) { // the subscription was wider than what may be read
		h.broker.refuse(c.owner, causeSubscribe)
		return false
	}
	size := h.size.Load()
	if c.retained.Load() {
		if pk, ok := h.broker.server.Topics.Retained.Get(topic); ok {
			size = memoryOf(&pk)
		}
	}
	if !h.broker.room(cl, c, max(size, perMessage)) {
		h.broker.refuse(c.owner, causeQueue)
		return false
	}
	if !cl.Closed() {
		c.out.bytes.Add(max(size, perMessage))
	}
	return true
}
