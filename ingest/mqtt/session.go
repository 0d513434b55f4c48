package mqtt

import (
	"context"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/wire"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// session is one paho client, which reconnects by itself, with the connection it has at the moment. A new session is
// begun only when the client seems beyond help; what the old one still delivers stays bound to its own connection.
type session struct {
	*Subscriber
	client paho.Client
	conn   atomic.Pointer[wire.Conn]
	ctx    context.Context // ends with the session
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	// strings is owned by the goroutine that reads; the library does not connect again before it has ended.
	strings wire.Strings
	recent  *wire.Recent // of the present connection, and before it of the last one; owned like strings
	before  *wire.Recent
	asking  sync.Mutex   // held while a subscription waits for its answer
	asked   atomic.Int64 // for how many filters
}

// begin starts a client that connects, and goes on trying.
func (s *Subscriber) begin() *session {
	in := &session{Subscriber: s, recent: new(wire.Recent)}
	in.ctx, in.cancel = context.WithCancel(context.Background())

	o := s.options.client(s.broker, s.options.ClientID)
	o.SetCleanSession(false)
	o.SetAutoReconnect(true)
	o.SetConnectRetry(true)
	o.SetOrderMatters(true)
	o.SetAutoAckDisabled(true)
	o.SetCustomOpenConnectionFn(in.open)
	o.SetOnConnectHandler(func(paho.Client) { in.connected() })
	o.SetConnectionLostHandler(func(_ paho.Client, err error) { in.lost(err) })
	o.SetConnectionNotificationHandler(func(_ paho.Client, n paho.ConnectionNotification) {
		if failed, ok := n.(paho.ConnectionNotificationFailed); ok {
			in.lost(failed.Reason)
		}
	})
	in.client = paho.NewClient(o)
	s.current.Store(in)
	in.client.Connect() // its token ends with the first success: OnConnect tells us
	return in
}

// open is called for each attempt to connect.
func (in *session) open(u *url.URL, _ paho.ClientOptions) (net.Conn, error) {
	if err := in.ctx.Err(); err != nil {
		return nil, err
	}
	var c *wire.Conn
	c, err := in.options.open(in.ctx, u, wire.FilterOptions{
		Limit: in.options.MaxPacket,
		// The library sees no message: it would read each in three pieces and pass it through three goroutines. Here they are
		// taken in order by the one goroutine that reads, which a full intake blocks.
		Publish:  func(p wire.Publish) (bool, error) { in.publish(c, &p); return true, nil },
		Oversize: func(o wire.Oversize) error { return in.oversize(c, o) },
		Inspect:  in.inspect,
		Progress: func() []byte { return pingresp }, // or the client gives up while a large message is being skipped
	})
	if err != nil {
		return nil, err
	}
	in.before, in.recent = in.recent, new(wire.Recent)
	in.conn.Store(c)
	return c, nil
}

// inspect learns from CONNACK what the library does not tell at a reconnect, and refuses a SUBACK that would make it
// panic.
func (in *session) inspect(header byte, length int, body []byte) error {
	in.recent.Heard(in.now())
	switch header >> 4 {
	case wire.TypeConnack:
		if len(body) == 2 && body[1] == packets.Accepted {
			in.greeted(body[0]&1 == 1)
		}
	case wire.TypeSuback:
		if int64(length) != 2+in.asked.Load() {
			return wire.ErrMalformed
		}
	}
	return nil
}

// publish takes one message over.
func (in *session) publish(c *wire.Conn, p *wire.Publish) {
	topic, _ := in.strings.Topic(p.Topic) // one that is not valid is the decoder's to reject
	payload := in.strings.Payload(p.Payload[:min(len(p.Payload), wire.MaxPayload+1)])
	in.take(c, topic, payload, p.Header, p.ID)
}

// oversize takes over the beginning of a message that was too large to be kept.
func (in *session) oversize(c *wire.Conn, o wire.Oversize) error {
	in.metrics.oversize.Inc()
	in.log.Warn("a message exceeds the packet limit and will be rejected", "size", o.Size, "limit", in.options.MaxPacket)
	in.take(c, o.Topic, o.Head, o.Header, o.ID)
	return nil
}

// take takes over a message; header is the first byte of its packet.
func (in *session) take(c *wire.Conn, topic string, payload []byte, header byte, id uint16) {
	packet := wire.Publish{Header: header}
	qos, retained := packet.QoS(), packet.Retained()
	select {
	case <-in.stop: // keep the connection for the acknowledgements that are still to go out
		<-in.stopped
		return
	case <-in.ctx.Done():
		return
	default:
	}
	received := time.Now()
	now := int64(received.Sub(in.epoch))
	in.heard.Store(now)
	if topic == in.options.CanaryTopic {
		in.hear(payload)
		acknowledge(c, qos, id)
		return
	}
	m := ingest.Message{
		Topic:    topic,
		Payload:  payload,
		Retained: retained,
		QoS:      qos,
		Received: telemetry.InstantOf(received),
		Ack: func() {
			acknowledge(c, qos, id)
			in.backlog.Done()
		},
	}
	if qos > 0 {
		m.Session, m.Packet = in.identity, id
		if packet.Duplicate() {
			oldest := now - int64(in.backlog.Oldest(now))
			m.Repeated = !in.recent.Speaks(id, topic, payload, in.before, oldest)
		}
		in.recent.Note(id, topic, payload, now)
	}
	in.backlog.Take(now)
	in.full.Store(true)
	err := in.intake.Put(m)
	in.full.Store(false)
	if err != nil { // the gateway is stopping: it will be delivered again
		in.backlog.Done()
		return
	}
	in.metrics.messages[min(qos, 2)].Inc()
	if retained {
		in.metrics.retained.Inc()
	}
}

// acknowledge writes past the library, whose own way takes three channels. On a connection that is gone it does nothing,
// and the broker delivers the message again.
func acknowledge(c *wire.Conn, qos byte, id uint16) {
	switch qos {
	case 1:
		c.Ack(wire.Puback, id)
	case 2:
		c.Ack(wire.Pubrec, id)
	}
}

// greeted records whether the broker had our session.
func (in *session) greeted(present bool) {
	in.change(func(st *state) {
		if !present && st.had {
			in.metrics.sessionLost.Inc()
			in.log.Warn("session lost: the broker does not know us any more, and what it held for us is gone")
		}
		st.present, st.had = present, true
	})
}

// lost records that there is no connection.
func (in *session) lost(err error) {
	if in.ctx.Err() != nil {
		return // given up or stopped
	}
	changed := false
	in.change(func(st *state) {
		changed = st.connected || st.lost == ""
		if now := time.Now(); st.connected {
			st.lived, st.refusing = max(1, now.Sub(st.since)), false
			st.since = now
		} else {
			st.refusing = true
		}
		st.connected, st.lost = false, err.Error()
	})
	if changed {
		in.log.Warn("not connected", "broker", in.broker.Redacted(), "err", err)
	}
}

// abandon ends the session without waiting for what may hang.
func (in *session) abandon() {
	in.finish()
	in.change(func(st *state) {
		if st.connected {
			st.connected, st.since = false, time.Now()
		}
		st.granted, st.refused, st.lost = nil, "", "given up"
	})
	in.client.Disconnect(100)
	if c := in.conn.Load(); c != nil {
		_ = c.Close()
	}
	in.tasks.Wait()
}

// end lets the acknowledgements out and says goodbye. It does not unsubscribe, which would delete the queue at the broker.
//
// BUG(paho): between two attempts to connect the library sleeps without listening to anybody, so a client that is ended or
// abandoned just then leaves two goroutines for at most MaxRetry. They open no connection any more.
func (in *session) end() {
	in.finish()
	c := in.conn.Load()
	if c != nil {
		_ = c.Flush()
	}
	in.client.Disconnect(500)
	if c != nil {
		_ = c.Close()
	}
	in.tasks.Wait()
}

// finish ends the session's context. Under the lock, so that no task begins after it.
func (in *session) finish() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.cancel()
}
