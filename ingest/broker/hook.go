package broker

import (
	"bytes"
	"errors"
	"strings"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// forbidden marks topics that the library would drop without an answer, which would leave their senders waiting. It
// cannot come from a client, as MQTT does not allow NUL in a topic.
const forbidden = "\x00"

// hook is how the broker takes part in the library's work.
type hook struct {
	mochi.HookBase
	broker *Broker
}

var _ mochi.Hook = (*hook)(nil)

func (h *hook) ID() string { return "gerbang" }

func (h *hook) Provides(b byte) bool {
	switch b {
	case mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnSessionEstablish, mochi.OnSessionEstablished,
		mochi.OnDisconnect, mochi.OnClientExpired, mochi.OnPacketRead, mochi.OnPacketEncode, mochi.OnPublish,
		mochi.OnWill, mochi.OnWillSent:
		return true
	}
	return false
}

// OnConnectAuthenticate decides who may connect. A client id belongs to the credential that used it first: its session
// holds subscriptions and undelivered messages.
func (h *hook) OnConnectAuthenticate(cl *mochi.Client, pk packets.Packet) bool {
	b, c := h.broker, connOf(cl)
	a := b.anonymous
	if name := string(pk.Connect.Username); name != "" || a == nil {
		a = b.accounts.Load().Authenticate(name, string(pk.Connect.Password))
	}
	if a == nil || c == nil {
		b.metrics.refused[causeLogin].Inc()
		b.log.Warn("login refused", "credential", bounded(string(pk.Connect.Username)), "client", bounded(cl.ID), "remote", cl.Net.Remote)
		return false
	}
	if other, ok := b.server.Clients.Get(cl.ID); ok {
		if o := connOf(other); o == nil || o.account.Name != a.Name {
			b.metrics.refused[causeClientID].Inc()
			b.log.Warn("login refused: the client id belongs to another credential", "credential", a.Name, "client", bounded(cl.ID), "remote", cl.Net.Remote)
			return false
		}
	}
	c.account, c.client = a, cl
	return true
}

// OnACLCheck decides what may be subscribed to and delivered. Publishing is never refused here, as MQTT 3.1.1 could only
// answer with a disconnect: the message is taken, with its sender, and the decoder rejects it.
func (h *hook) OnACLCheck(cl *mochi.Client, topic string, write bool) bool {
	if write {
		return true
	}
	c := connOf(cl)
	if c == nil || strings.HasPrefix(topic, forbidden) { // a will that goes nowhere
		return false
	}
	if c.account.MayRead(topic) {
		return true
	}
	h.broker.metrics.refused[causeSubscribe].Inc()
	return false
}

// OnSessionEstablish comes before the session is taken over and before the CONNACK.
func (h *hook) OnSessionEstablish(cl *mochi.Client, pk packets.Packet) {
	c := connOf(cl)
	c.recent = new(wire.Recent)
	c.session = h.broker.sessions.begin(cl.ID, pk.Connect.Clean, c)
	h.broker.log.Debug("connected", "client", cl.ID, "credential", c.account.Name, "remote", cl.Net.Remote)
}

// OnSessionEstablished comes when the client is in the server's list: from here on SetCredentials finds it.
func (h *hook) OnSessionEstablished(cl *mochi.Client, _ packets.Packet) {
	if c := connOf(cl); !h.broker.current(c.account) {
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
	h.broker.log.Debug("disconnected", "client", cl.ID, "err", err)
}

func (h *hook) OnClientExpired(cl *mochi.Client) { h.broker.sessions.end(cl.ID, connOf(cl)) }

// OnPacketRead sees each packet before the library judges it.
func (h *hook) OnPacketRead(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if c := connOf(cl); c != nil && c.session != nil {
		c.recent.Heard(int64(time.Since(h.broker.epoch)))
	}
	switch pk.FixedHeader.Type {
	case packets.Publish:
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

// OnPacketEncode corrects PUBCOMP: the library does not know the identifier, the session did.
func (h *hook) OnPacketEncode(_ *mochi.Client, pk packets.Packet) packets.Packet {
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
	if err != nil {
		cl.Stop(packets.ErrServerShuttingDown)
	}
	pk.FixedHeader.Qos = 0
	pk.FixedHeader.Retain = false
	pk.Ignore = true
	return pk, nil
}

// OnWill comes when a client has gone without a goodbye. A will that the client had no right to publish goes nowhere.
func (h *hook) OnWill(cl *mochi.Client, will mochi.Will) (mochi.Will, error) {
	if c := connOf(cl); c == nil || !h.broker.current(c.account) || !c.account.MayRelay(will.TopicName) {
		will.TopicName = forbidden + will.TopicName
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
		h.broker.log.Warn("a client's will was not taken", "client", bounded(cl.ID), "err", err)
	}
}

// bounded is outside text fit for a log line: its shape. A login name or a topic that nobody configured may be a person's.
func bounded(s string) string { return ingest.Outline(s) }
