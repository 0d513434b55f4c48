package broker

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// forbidden marks topics that the library would drop without an answer, which would leave their senders waiting. It
// cannot come from a client, as MQTT does not allow NUL in a topic.
const forbidden = "\x00"

// hook is how the broker takes part in the library's work.
type hook struct {
	mochi.HookBase
	broker *Broker

	passing sync.Mutex   // held while a message goes to its subscribers
	size    atomic.Int64 // of it, in memory
}

var _ mochi.Hook = (*hook)(nil)

func (h *hook) ID() string { return "gerbang" }

func (h *hook) Provides(b byte) bool {
	switch b {
	case mochi.OnConnect, mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnSessionEstablish, mochi.OnSessionEstablished,
		mochi.OnDisconnect, mochi.OnClientExpired, mochi.OnPacketRead, mochi.OnPacketEncode, mochi.OnPacketSent,
		mochi.OnPacketProcessed, mochi.OnPublish, mochi.OnPublished, mochi.OnPublishDropped, mochi.OnSubscribe, mochi.OnSubscribed,
		mochi.OnQosPublish, mochi.OnQosComplete, mochi.OnQosDropped, mochi.OnRetainedExpired, mochi.OnWill, mochi.OnWillSent:
		return true
	}
	return false
}

// OnSessionEstablish comes before the session is taken over and before the CONNACK.
func (h *hook) OnSessionEstablish(cl *mochi.Client, _ packets.Packet) {
	c := connOf(cl)
	c.recent = new(wire.Recent)
	if most := cl.Properties.Props.TopicAliasMaximum; most > maxAliases {
		cl.State.TopicAliases.Outbound = mochi.NewOutboundTopicAliases(maxAliases)
	}
	h.broker.log.Debug("connected", "client", bounded(c.id), "credential", c.account.Name, "remote", cl.Net.Remote)
}

// OnSessionEstablished comes when the client is in the server's list: from here on SetCredentials finds it.
func (h *hook) OnSessionEstablished(cl *mochi.Client, _ packets.Packet) {
	c := connOf(cl)
	c.session.recount() // the library has moved what waits from the old connection to this one
	if !h.broker.current(c.account) {
		h.broker.revoke(cl, c)
	}
}

func (h *hook) OnDisconnect(cl *mochi.Client, err error, expire bool) {
	if c := connOf(cl); c != nil && c.session != nil {
		c.session.before.Store(c.recent) // its goroutine has read the last of it
	}
	if expire {
		h.broker.sessions.end(cl.ID, connOf(cl))
	}
	h.broker.log.Debug("disconnected", "client", bounded(cl.ID), "err", err)
}

func (h *hook) OnClientExpired(cl *mochi.Client) { h.broker.sessions.end(cl.ID, connOf(cl)) }

// OnPacketRead sees each packet before the library judges it.
func (h *hook) OnPacketRead(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if c := connOf(cl); c != nil && c.session != nil {
		c.recent.Heard(int64(time.Since(h.broker.epoch)))
	}
	switch pk.FixedHeader.Type {
	case packets.Publish:
		if pk.Properties.TopicAliasFlag && len(pk.TopicName) > maxTopic { // it would be kept
			return pk, packets.ErrTopicAliasInvalid
		}
		if strings.HasPrefix(pk.TopicName, "$") {
			pk.TopicName = forbidden + pk.TopicName
		}
	case packets.Pubrel:
		if c := connOf(cl); c != nil && c.session != nil {
			c.session.release(pk.PacketID)
		}
	}
	return pk, nil
}

// OnPacketEncode comes when a packet is about to be written. It corrects PUBCOMP: the library does not know the identifier, the
// session did.
func (h *hook) OnPacketEncode(cl *mochi.Client, pk packets.Packet) packets.Packet {
	if c := connOf(cl); c != nil {
		c.out.began.Store(h.broker.since())
		if pk.FixedHeader.Type == packets.Publish && !pk.FixedHeader.Dup {
			c.out.less(memoryOf(&pk))
		}
	}
	if pk.FixedHeader.Type == packets.Pubcomp {
		pk.ReasonCode = packets.CodeSuccess.Code
		pk.Properties = packets.Properties{}
	}
	return pk
}

// OnPublish takes those messages over that takePublish has left to the library: of MQTT 5, and unusual ones. What it returns makes the library do nothing more with it: a QoS 0 packet to
// be ignored has no answer and no subscribers. (packets.ErrRejectPacket has the same effect and is as fast, but boxes the
// packet for a log line that nobody reads: 1 KB and 5 allocations a message.)
func (h *hook) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		h.passing.Lock() // until OnPublished
		h.size.Store(memoryOf(&pk))
		return pk, nil
	}
	c := connOf(cl)
	err := h.broker.take(c, message{
		topic:   strings.Clone(strings.TrimPrefix(pk.TopicName, forbidden)), // it holds on to the packet
		payload: pk.Payload,
		qos:     pk.FixedHeader.Qos,
		id:      pk.PacketID,
		retain:  pk.FixedHeader.Retain,
		again:   pk.FixedHeader.Dup,
	})
	switch {
	case errors.Is(err, errOutside):
		_ = h.broker.server.DisconnectClient(cl, packets.ErrNotAuthorized) // gone already, or told
	case err != nil:
		cl.Stop(packets.ErrServerShuttingDown)
	}
	pk.FixedHeader.Qos = 0
	pk.FixedHeader.Retain = false
	pk.Ignore = true
	return pk, nil
}

// OnPublished comes when a message has gone to its subscribers.
func (h *hook) OnPublished(cl *mochi.Client, _ packets.Packet) {
	if cl.Net.Inline {
		h.size.Store(0)
		h.passing.Unlock()
	}
}

// OnRetainedExpired comes when the library has let a retained message go.
func (h *hook) OnRetainedExpired(topic string) { h.broker.retainers.expired(topic) }

// OnWill comes when a client has gone without a goodbye. A will that the client had no right to publish goes nowhere.
func (h *hook) OnWill(cl *mochi.Client, will mochi.Will) (mochi.Will, error) {
	if c := connOf(cl); c == nil || !h.broker.current(c.account) || !c.account.MayRelay(will.TopicName) {
		will.TopicName = forbidden + will.TopicName
		will.Retain = false
	} else if will.Retain && !h.broker.retainers.keep(h.broker, c.owner, will.TopicName, len(will.Payload)) {
		h.broker.refuse(c.owner, causeRetained)
		will.Retain = false
	}
	return will, nil
}

// OnWillSent takes a will like any other message; nobody waits for its answer.
func (h *hook) OnWillSent(cl *mochi.Client, pk packets.Packet) {
	c := connOf(cl)
	if c == nil || !h.broker.current(c.account) {
		return
	}
	m := message{topic: strings.TrimPrefix(pk.TopicName, forbidden), payload: bytes.Clone(pk.Payload), sent: true}
	if err := h.broker.take(c, m); err != nil && !errors.Is(err, errStopping) {
		h.broker.notes.Warn("a client's will was not taken", c.account.Name, "credential", c.account.Name, "err", err)
	}
}

// bounded is outside text fit for a log line.
func bounded(s string) string {
	if len(s) > 64 {
		s = s[:64] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
