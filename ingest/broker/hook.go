package broker

import (
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
	case mochi.OnConnect, mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnSessionEstablish, mochi.OnSessionEstablished,
		mochi.OnDisconnect, mochi.OnClientExpired, mochi.OnPacketRead, mochi.OnPacketEncode, mochi.OnPacketProcessed,
		mochi.OnPublish, mochi.OnSubscribe, mochi.OnSubscribed, mochi.OnUnsubscribe:
		return true
	}
	return false
}

// OnSessionEstablish comes before the session is taken over and before the CONNACK.
func (h *hook) OnSessionEstablish(cl *mochi.Client, _ packets.Packet) {
	c := connOf(cl)
	c.recent = new(wire.Recent)
	h.broker.log.Debug("connected", "client", bounded(c.id), "credential", c.account.Name, "remote", cl.Net.Remote)
}

// OnSessionEstablished comes when the client is in the server's list: from here on a change of credentials finds it.
func (h *hook) OnSessionEstablished(cl *mochi.Client, _ packets.Packet) {
	c := connOf(cl)
	if !h.broker.current(c.account) {
		h.broker.revoke(cl, c)
		return
	}
	c.session.out.attach(c)
}

func (h *hook) OnDisconnect(cl *mochi.Client, err error, expire bool) {
	if c := connOf(cl); c != nil && c.session != nil {
		c.session.before.Store(c.recent) // its goroutine has read the last of it
		h.broker.left(cl, c, expire)
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
	case packets.Connect:
		return h.broker.greet(cl, pk)
	case packets.Publish:
		if pk.Properties.TopicAliasFlag && len(pk.TopicName) > maxTopic { // it would be kept
			_ = h.broker.server.DisconnectClient(cl, packets.ErrTopicAliasInvalid)
			return pk, packets.ErrRejectPacket // the library lets others pass
		}
		if strings.HasPrefix(pk.TopicName, "$") {
			pk.TopicName = forbidden + pk.TopicName
		}
	case packets.Puback, packets.Pubrec, packets.Pubcomp:
		if c := connOf(cl); c != nil && c.answered(pk.FixedHeader.Type, &pk) {
			return nothing, nil
		}
	case packets.Pubrel:
		if c := connOf(cl); c != nil && c.session != nil {
			c.session.release(pk.PacketID)
		}
	case packets.Disconnect:
		if c := connOf(cl); c != nil && c.session != nil {
			c.session.out.detach(c) // what comes now was never sent
			if pk.Properties.SessionExpiryIntervalFlag && pk.Properties.SessionExpiryInterval == 0 {
				c.session.finish(c) // whoever connects now finds none, though the connection has yet to end
			}
		}
		pk.Properties.SessionExpiryInterval = min(pk.Properties.SessionExpiryInterval, maxSession) // which only the CONNECT is asked for
	}
	return pk, nil
}

// OnPublish takes those messages over that takePublish has left to the library: of MQTT 5, and unusual ones. What it returns
// makes the library do nothing more with it: a QoS 0 packet to be ignored has no answer and no subscribers.
// (packets.ErrRejectPacket has the same effect and is as fast, but boxes the packet for a log line that nobody reads: 1 KB and
// 5 allocations a message.)
func (h *hook) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		return pk, nil
	}
	c := connOf(cl)
	if pk.TopicName == "" { // by an alias that stands for nothing
		_ = h.broker.server.DisconnectClient(cl, packets.ErrProtocolViolation)
		return packets.Packet{Ignore: true}, nil
	}
	m := message{
		topic:   strings.Clone(strings.TrimPrefix(pk.TopicName, forbidden)), // it holds on to the packet
		payload: pk.Payload,
		qos:     pk.FixedHeader.Qos,
		id:      pk.PacketID,
		retain:  pk.FixedHeader.Retain,
		again:   pk.FixedHeader.Dup,
	}
	if pk.ProtocolVersion == 5 {
		m.properties = propertiesOf(&pk)
	}
	switch err := h.broker.take(c, m); {
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

// bounded is outside text fit for a log line: its shape. A login name or a topic that nobody configured may be a person's.
func bounded(s string) string { return ingest.Outline(s) }
