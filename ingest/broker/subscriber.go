package broker

import (
	"bytes"
	"strings"
	"sync"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// maxSession is how long a session waits for its client, seconds.
const maxSession = 7 * 24 * 3600

// subscriber is what a connection knows of its client as one that gets messages. Owned by the client's goroutine.
type subscriber struct {
	will    *testament
	bridge  bool                   // another broker's, by the protocol level that these use among each other
	resumed bool                   // the session was there before
	asked   []packets.Subscription // by the SUBSCRIBE that is being answered
	codes   []byte                 // of the answer to a SUBSCRIBE or an UNSUBSCRIBE

	writing bool // under the outbox's mu
	writers sync.WaitGroup
}

// mailbox is what a session subscribes to and gets.
type mailbox struct {
	client  string // id
	out     outbox
	filters map[string]bool // under routes.mu
	coming  *item           // likewise: of the parcel that is being delivered
}

func (b *Broker) mailbox(id string, o *owner) *mailbox {
	most := b.options.Limits.Queue
	return &mailbox{client: id, filters: map[string]bool{}, out: outbox{
		clock: b.now,
		lost:  func() { b.refuse(o, causeQueue) },
		room:  room{share: most / int64(b.options.Limits.Sessions), most: most, owner: &o.queued, all: &b.sessions.queued},
	}}
}

// now is the broker's clock in nanoseconds, which setting the machine's does not change.
func (b *Broker) now() int64 { return int64(time.Since(b.epoch)) }

// retire forgets what a session that is over has subscribed to and would have got.
func (b *Broker) retire(s *session) {
	b.routes.forget(s)
	s.out.clear()
	b.wills.hasten(s)
}

// lasting reports whether a client's session outlives its connection.
func lasting(cl *mochi.Client) bool {
	if cl.Properties.ProtocolVersion == 5 {
		return cl.Properties.Props.SessionExpiryInterval > 0
	}
	return !cl.Properties.Clean
}

// left deals with the end of a connection that had a session. over: the session ends with it.
func (b *Broker) left(cl *mochi.Client, c *conn, over bool) {
	c.session.out.detach(c)
	wait := uint32(maxSession)
	if cl.Properties.ProtocolVersion == 5 {
		wait = cl.Properties.Props.SessionExpiryInterval
	}
	c.session.leave(c, time.Duration(wait)*time.Second)
	b.testament(cl, c, over)
}

// nothing is a packet with which the library does nothing: an answer to no message.
var nothing = packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}}

// Protocol levels of bridges. mosquitto's begin with them unless they are told not to, and mosquitto takes them.
const (
	bridge31  = 0x83
	bridge311 = 0x84
)

// greet changes a CONNECT into one that the library understands: it knows nothing of bridges, and too little of wills.
func (b *Broker) greet(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	c := connOf(cl)
	if c == nil || c.session != nil { // a second one, which ends the connection
		return pk, nil
	}
	if name := string(pk.Connect.ProtocolName); name == "MQTT" && pk.ProtocolVersion == bridge311 || name == "MQIsdp" && pk.ProtocolVersion == bridge31 {
		c.bridge = true
		pk.ProtocolVersion &= 0x7f
	} else if pk.ProtocolVersion < 3 || pk.ProtocolVersion > 5 {
		_, _ = c.Write([]byte{packets.Connack << 4, 2, 0, packets.Err3UnsupportedProtocolVersion.Code})
		return pk, packets.ErrRejectPacket
	}
	if !c.takeWill(&pk) {
		return pk, packets.ErrRejectPacket
	}
	return pk, nil
}

// OnPacketEncode corrects what the library would send.
func (h *hook) OnPacketEncode(cl *mochi.Client, pk packets.Packet) packets.Packet {
	switch pk.FixedHeader.Type {
	case packets.Connack:
		if c := connOf(cl); pk.ReasonCode == packets.CodeSuccess.Code && c != nil {
			pk.SessionPresent = c.resumed // the library takes one for present that ended with the connection
			pk.Properties.TopicAliasMaximum = maxAliases
			pk.Properties.MaximumPacketSize = uint32(h.broker.options.MaxPacket)
		}
	case packets.Pubcomp: // the library does not know the identifier, the session did
		pk.ReasonCode = packets.CodeSuccess.Code
		pk.Properties = packets.Properties{}
	case packets.Suback, packets.Unsuback:
		pk.Properties.User = nil // they are the client's own
		if c := connOf(cl); c != nil {
			pk.ReasonCodes = c.codes
		}
	case packets.Disconnect:
		if cl.Properties.ProtocolVersion < 5 { // whose servers say nothing; the library sends no packet of this type
			pk.FixedHeader.Type = packets.Reserved
		}
	}
	return pk
}

// propertiesOf returns the properties of a message that go on to subscribers; nil: it has none. They do not hold on to the packet,
// which they may outlive by far.
func propertiesOf(pk *packets.Packet) *packets.Properties {
	q := &pk.Properties
	if !q.PayloadFormatFlag && q.MessageExpiryInterval == 0 && q.ContentType == "" && q.ResponseTopic == "" && q.CorrelationData == nil && q.User == nil {
		return nil
	}
	p := &packets.Properties{
		PayloadFormat:         q.PayloadFormat,
		PayloadFormatFlag:     q.PayloadFormatFlag,
		MessageExpiryInterval: q.MessageExpiryInterval,
		ContentType:           strings.Clone(q.ContentType),
		ResponseTopic:         strings.Clone(q.ResponseTopic),
		CorrelationData:       bytes.Clone(q.CorrelationData),
	}
	for _, u := range q.User {
		p.User = append(p.User, packets.UserProperty{Key: strings.Clone(u.Key), Val: strings.Clone(u.Val)})
	}
	return p
}
