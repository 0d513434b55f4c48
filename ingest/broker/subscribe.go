package broker

import (
	"slices"
	"strings"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// OnSubscribe judges what may be subscribed to. The library is told that all is refused, so that it keeps nothing; the answer
// that it then gives gets its codes from here.
func (h *hook) OnSubscribe(cl *mochi.Client, pk packets.Packet) packets.Packet {
	c := connOf(cl)
	if c == nil || c.session == nil {
		return pk
	}
	c.codes = make([]byte, len(pk.Filters))
	c.asked = slices.Clone(pk.Filters)
	room := h.broker.options.Limits.Subscriptions - h.broker.subscriptions(c.owner)
	fresh := map[string]bool{}
	for i, f := range c.asked {
		group, filter := shared(f.Filter)
		known := fresh[f.Filter] || h.broker.routes.has(c.session, f.Filter)
		switch {
		case group != "" && f.NoLocal: // [MQTT-3.8.3-4]
			_ = h.broker.server.DisconnectClient(cl, packets.ErrProtocolViolationInvalidSharedNoLocal)
			c.codes[i] = packets.ErrTopicFilterInvalid.Code
		case !validFilter(filter) || !mochi.IsValidFilter(f.Filter, false):
			c.codes[i] = packets.ErrTopicFilterInvalid.Code
		case strings.Contains(f.Filter, forbidden) || !c.account.MayRead(f.Filter):
			h.broker.refuse(c.owner, causeSubscribe)
			c.codes[i] = packets.ErrNotAuthorized.Code
		case len(f.Filter) > maxTopic || strings.Count(f.Filter, "/") >= maxLevels, !known && room <= 0:
			h.broker.refuse(c.owner, causeSubscriptions)
			c.codes[i] = packets.ErrQuotaExceeded.Code
		default:
			if !known {
				fresh[f.Filter] = true
				room--
			}
			c.codes[i] = f.Qos
		}
		if c.codes[i] > 2 && cl.Properties.ProtocolVersion < 5 {
			c.codes[i] = packets.ErrUnspecifiedError.Code
		}
	}
	c.session.out.hold()
	return pk
}

// OnSubscribed comes before the answer is sent.
func (h *hook) OnSubscribed(cl *mochi.Client, _ packets.Packet, _ []byte) {
	c := connOf(cl)
	if c == nil || c.session == nil {
		return
	}
	granted := c.asked[:0]
	for i, f := range c.asked {
		if c.codes[i] <= 2 {
			granted = append(granted, f)
		}
	}
	h.broker.routes.subscribe(c.session, c.bridge, granted, h.broker.now())
	c.asked = nil
}

// OnPacketProcessed comes when the library is through with a packet: behind the answer to a SUBSCRIBE.
func (h *hook) OnPacketProcessed(cl *mochi.Client, pk packets.Packet, _ error) {
	if c := connOf(cl); c != nil && c.session != nil && pk.FixedHeader.Type == packets.Subscribe {
		c.session.out.release()
	}
}

// OnUnsubscribe comes before the answer to an UNSUBSCRIBE.
func (h *hook) OnUnsubscribe(cl *mochi.Client, pk packets.Packet) packets.Packet {
	c := connOf(cl)
	if c == nil || c.session == nil {
		return pk
	}
	c.codes = make([]byte, len(pk.Filters))
	for i, f := range pk.Filters {
		if !h.broker.routes.unsubscribe(c.session, f.Filter) {
			c.codes[i] = packets.CodeNoSubscriptionExisted.Code
		}
	}
	return pk
}

// OnACLCheck is asked about subscriptions, which are judged before, and about what clients publish. That is never refused here,
// as MQTT 3.1.1 could only answer with a disconnect: the message is taken, with its sender, and the decoder rejects it.
func (h *hook) OnACLCheck(_ *mochi.Client, _ string, write bool) bool { return write }

// subscriptions is how many a credential has.
func (b *Broker) subscriptions(o *owner) int {
	b.sessions.mu.Lock()
	defer b.sessions.mu.Unlock()
	n := 0
	for _, s := range o.sessions {
		n += b.routes.count(s)
	}
	return n
}

// validFilter reports whether a filter keeps to the rules for wildcards.
func validFilter(filter string) bool {
	for more := true; more; {
		var key string
		key, filter, more = strings.Cut(filter, "/")
		if strings.Contains(key, "#") && (key != "#" || more) || strings.Contains(key, "+") && key != "+" {
			return false
		}
	}
	return true
}
