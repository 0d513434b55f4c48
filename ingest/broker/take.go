package broker

import (
	"bytes"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
	"golang.org/x/time/rate"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/wire"
	"github.com/gerbang-iot/gerbang/telemetry"
)

var (
	errStopping = errors.New("broker is stopping")
	errEarly    = errors.New("publish before login")

	errUnreleased = errors.New("too many messages of QoS 2 that are not released")
)

// message is a PUBLISH on its way in.
type message struct {
	topic      string
	payload    []byte
	properties *packets.Properties // of MQTT 5; nil: none
	qos        byte
	id         uint16
	retain     bool
	again      bool // it is marked as sent again
	will       bool // nobody waits for an acknowledgement
	willQoS    byte // what subscribers get; qos is 0
}

// take hands a message to the intake, with what is to be done after its commit. It blocks its client, and nobody else,
// for as long as the intake is full or the client is faster than it may be. An error means that the message was not
// taken and the connection must end, so that it is sent again later.
func (b *Broker) take(c *conn, m message) error {
	select {
	case <-b.stopping: // keep the connection for the acknowledgements that are still to go out
		<-b.stopped
		return errStopping
	default:
	}
	reserved := access.Reserved(m.topic)
	if ignored, err := b.judge(c, &m, reserved); ignored || err != nil {
		return err
	}
	if l := c.account.Limiter; l != nil {
		if err := b.throttle(l); err != nil {
			return err
		}
	}
	if m.qos == 2 {
		isNew, err := c.session.take(m.id)
		if err != nil {
			return err
		}
		if !isNew {
			b.metrics.repeated.Inc()
			return nil
		}
	}
	now := time.Now()
	in := ingest.Message{
		Topic:    m.topic,
		Payload:  m.payload,
		QoS:      m.qos,
		Received: telemetry.InstantOf(now),
		Sender:   c.account.Sender,
	}
	if reserved {
		in.Sender = c.account.Refused
	}
	arrived := int64(now.Sub(b.epoch))
	in.Ack = b.after(c, m, arrived)
	if m.qos > 0 {
		in.Session, in.Packet = c.session.identity, m.id
		in.Repeated = m.again && b.repeats(c, m, arrived)
		c.recent.Note(m.id, m.topic, m.payload, arrived)
	}
	if err := b.await(c.owner, &in); err != nil {
		if m.qos == 2 {
			c.session.drop(m.id)
		}
		return err
	}
	b.backlog.Take(arrived)
	if err := b.intake.Put(in); err != nil {
		b.backlog.Done()
		if m.qos == 2 {
			c.session.drop(m.id)
		}
		return err
	}
	b.metrics.messages[m.qos].Inc()
	return nil
}

// repeats reports whether nothing that is remembered speaks against a message being what it is marked as: sent again.
func (b *Broker) repeats(c *conn, m message, now int64) bool {
	return !c.recent.Speaks(m.id, m.topic, m.payload, c.session.before.Load(), now-int64(b.backlog.Oldest(now)))
}

// throttle waits until the account may send again.
func (b *Broker) throttle(l *rate.Limiter) error {
	if l.Allow() {
		return nil
	}
	b.metrics.throttled.Inc()
	turn := l.Reserve()
	wait := time.NewTimer(turn.Delay())
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-b.stopping:
		<-b.stopped
		return errStopping
	}
}

// after returns what is to be done when the message is on disk: the acknowledgement, and passing it on to subscribers if
// there are any.
func (b *Broker) after(c *conn, m message, arrived int64) func() {
	p := b.parcel(c, &m, arrived)
	qos, id := m.qos, m.id
	if qos == 1 && p == nil { // the usual case, with the smallest closure
		return func() {
			c.Ack(wire.Puback, id)
			b.backlog.Done()
		}
	}
	return func() {
		switch qos {
		case 1:
			c.Ack(wire.Puback, id)
		case 2:
			c.session.commit(id)
		}
		b.backlog.Done()
		if p != nil {
			b.relay.offer(p)
		}
	}
}

// parcel is the whole message as it goes on to subscribers; nil: there are none, or the account may not reach them.
func (b *Broker) parcel(c *conn, m *message, arrived int64) *parcel {
	if !m.retain && b.routes.filters.Load() == 0 || !c.account.MayRelay(m.topic) {
		return nil
	}
	p := &parcel{
		topic:      m.topic,
		origin:     c.client.ID,
		owner:      c.owner,
		payload:    bytes.Clone(m.payload), // the other one belongs to the receiver
		properties: m.properties,
		qos:        max(m.qos, m.willQoS),
		retain:     m.retain,
	}
	if m.properties != nil && m.properties.MessageExpiryInterval > 0 {
		p.expires = arrived + int64(m.properties.MessageExpiryInterval)*int64(time.Second)
	}
	return p
}

// takePublish takes a message past the library, which would copy it about and look at it several times over. What the
// library may want to refuse, and all of MQTT 5, is left to it; it works in the same goroutine, so order is kept.
func (b *Broker) takePublish(c *conn, p *wire.Publish) (taken bool, err error) {
	if c.session == nil || c.client.Properties.ProtocolVersion == 5 || !p.Plain() {
		return false, nil
	}
	if c.client.Closed() { // taken over or revoked: what is still buffered comes again, if it may
		return false, net.ErrClosed
	}
	topic, valid := c.strings.Topic(p.Topic)
	if !valid {
		return false, nil
	}
	err = b.take(c, message{topic: topic, payload: c.strings.Payload(p.Payload), qos: p.QoS(), id: p.ID, retain: p.Retained(), again: p.Duplicate()})
	if err != nil {
		return false, err
	}
	size := int64(len(p.Topic) + len(p.Payload))
	info := b.server.Info
	atomic.AddInt64(&info.BytesReceived, size)
	atomic.AddInt64(&info.PacketsReceived, 1)
	atomic.AddInt64(&info.MessagesReceived, 1)
	c.alive()
	return true, nil
}

// alive moves the deadline by which the client must be heard again, as the library does with each packet it sees.
func (c *conn) alive() {
	var deadline time.Time
	if keepalive := time.Duration(c.client.State.Keepalive) * time.Second; keepalive > 0 {
		deadline = time.Now().Add(keepalive + keepalive/2)
	}
	_ = c.SetReadDeadline(deadline)
}

// takeOversize hands over the beginning of a message that was too large to be kept.
func (b *Broker) takeOversize(c *conn, o wire.Oversize) error {
	if c.session == nil {
		return errEarly
	}
	b.metrics.oversize.Inc()
	b.notes.Warn("a message exceeds the packet limit and will be rejected", c.account.Name, "credential", c.account.Name, "client", bounded(c.id),
		"topic", bounded(o.Topic), "size", o.Size, "limit", b.options.MaxPacket)
	head := o.Head
	if c.client.Properties.ProtocolVersion == 5 {
		head = afterProperties(head)
	}
	return b.take(c, message{topic: o.Topic, payload: head, qos: min(o.QoS(), 2), id: o.ID, again: o.Header&8 != 0})
}

// afterProperties cuts the properties of an MQTT 5 PUBLISH off, as far as they are there.
func afterProperties(b []byte) []byte {
	length := 0
	for i := 0; i < len(b) && i < 4; i++ {
		length |= int(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return b[min(len(b), i+1+length):]
		}
	}
	return b
}
