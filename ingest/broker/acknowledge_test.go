package broker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/broker"
	"github.com/gerbang-iot/gerbang/ingest/wire"
)

var door = access.Credential{Name: "door", Password: "p", Role: access.Device, Device: "mpp/door"}

func open(t testing.TB, b *broker.Broker, l login) *device {
	t.Helper()
	d, code, _ := connect(t, dial(t, b), l)
	if code != 0 {
		t.Fatalf("login of %q: got code %d, want 0", l.user, code)
	}
	return d
}

func asDoor(id string) login { return login{id: id, user: "door", password: "p"} }

// Promise 1: acknowledged means on disk.
func TestNoPubackBeforeAck(t *testing.T) {
	in := make(inbox, 10)
	b := start(t, broker.Options{Credentials: []access.Credential{door}}, in)
	for _, version := range []byte{4, 5} {
		d := open(t, b, login{id: "d", user: "door", password: "p", version: version})
		d.publish(1, 7, "gerbang/v1/mpp/door", `{"people_in":1}`)
		m := in.next(t)
		if m.Topic != "gerbang/v1/mpp/door" || string(m.Payload) != `{"people_in":1}` || m.QoS != 1 || m.Retained || m.Received == 0 {
			t.Errorf("got %+v", m)
		}
		d.nothing()
		if b.Health().Unacked != 1 {
			t.Errorf("Unacked: got %d, want 1", b.Health().Unacked)
		}
		m.Ack()
		d.acked(wire.Puback, 7)
		if b.Health().Unacked != 0 {
			t.Errorf("Unacked: got %d, want 0", b.Health().Unacked)
		}
		_ = d.Close()
	}
}

// One connection has many messages under way; their acknowledgements keep the order.
func TestPipelined(t *testing.T) {
	const n = 2000
	in := make(inbox, n)
	b := start(t, broker.Options{Credentials: []access.Credential{door}}, in)
	d := open(t, b, asDoor("d"))
	for i := range n {
		d.publish(1, uint16(i+1), "gerbang/v1/mpp/door", "x")
	}
	var acks []func()
	for range n {
		acks = append(acks, in.next(t).Ack)
	}
	d.nothing()
	for _, ack := range acks {
		ack()
	}
	for i := range n {
		d.acked(wire.Puback, uint16(i+1))
	}
}

// QoS 2 is taken once, also if the client sends it again before the commit, after it, or on a new connection.
func TestExactlyOnce(t *testing.T) {
	for _, version := range []byte{4, 5} {
		t.Run(fmt.Sprint("v", version), func(t *testing.T) {
			in := make(inbox, 10)
			b := start(t, broker.Options{Credentials: []access.Credential{door}}, in)
			l := login{id: "d", user: "door", password: "p", persistent: true, version: version}
			d := open(t, b, l)
			d.publish(2, 9, "gerbang/v1/mpp/door", "x")
			m := in.next(t)
			d.publish(2, 9, "gerbang/v1/mpp/door", "x")
			d.nothing()
			in.none(t)

			_ = d.Close()
			d = open(t, b, l)
			d.publish(2, 9, "gerbang/v1/mpp/door", "x")
			d.nothing()
			in.none(t)
			m.Ack()
			d.acked(wire.Pubrec, 9) // on the new connection
			d.publish(2, 9, "gerbang/v1/mpp/door", "x")
			d.acked(wire.Pubrec, 9)
			in.none(t)

			d.send(0x62, []byte{0, 9})
			kind, body := d.receive()
			if kind != 0x70 || !bytes.Equal(body[:2], []byte{0, 9}) || len(body) > 2 && body[2] != 0 {
				t.Errorf("got packet %#x %v, want PUBCOMP for 9 without an error", kind, body)
			}
			d.publish(2, 9, "gerbang/v1/mpp/door", "another")
			in.next(t).Ack()
			d.acked(wire.Pubrec, 9)
		})
	}
}

func TestQoS0IsTaken(t *testing.T) {
	in := make(inbox, 1)
	b := start(t, broker.Options{Credentials: []access.Credential{door}}, in)
	d := open(t, b, asDoor("d"))
	d.publish(0, 0, "gerbang/v1/mpp/door", "x")
	in.next(t).Ack()
	d.nothing()
}

// A message over the limit becomes one that the decoder will reject, and its sender goes on.
func TestOversize(t *testing.T) {
	in := make(inbox, 1)
	b := start(t, broker.Options{Credentials: []access.Credential{door}, MaxPacket: 300 << 10}, in)
	for _, version := range []byte{4, 5} {
		d := open(t, b, login{id: "d", user: "door", password: "p", version: version})
		d.publish(1, 3, "gerbang/v1/mpp/door", string(bytes.Repeat([]byte("ab"), 1<<20)))
		m := in.next(t)
		if m.Topic != "gerbang/v1/mpp/door" || m.Sender == nil || len(m.Payload) < wire.MaxPayload || string(m.Payload[:4]) != "abab" {
			t.Errorf("version %d: got topic %q, %d bytes", version, m.Topic, len(m.Payload))
		}
		d.nothing()
		m.Ack()
		d.acked(wire.Puback, 3)
		d.publish(1, 4, "gerbang/v1/mpp/door", "x")
		in.next(t).Ack()
		d.acked(wire.Puback, 4)
		_ = d.Close()
	}
}

// What was taken is acknowledged before the broker stops; what was not is not.
func TestStopDrains(t *testing.T) {
	in := make(inbox, 10)
	b, err := broker.New(broker.Options{Listeners: []broker.Listener{{Kind: broker.TCP, Address: "127.0.0.1:0"}},
		Credentials: []access.Credential{door}}, in)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	d := open(t, b, asDoor("d"))
	d.publish(1, 1, "gerbang/v1/mpp/door", "taken")
	m := in.next(t)
	cancel()
	time.AfterFunc(20*time.Millisecond, m.Ack) // while the broker drains
	d.acked(wire.Puback, 1)
	if err := <-done; err != nil {
		t.Error(err)
	}
	d.closed()
	if err := b.Publish(context.Background(), "a", nil, false); !errors.Is(err, broker.ErrNotRunning) {
		t.Errorf("Publish after the end: got %v, want ErrNotRunning", err)
	}
}

// Finding T3: a message says how it was delivered, and whether it is sent again, by both ways that a PUBLISH takes through the
// broker, across connections and in its session's name.
func TestT3_DeliveriesAreNamed(t *testing.T) {
	in := make(inbox, 10)
	b := start(t, broker.Options{Credentials: []access.Credential{door}}, in)
	const topic = "gerbang/v1/mpp/door"
	publish := func(d *device, header byte, id uint16, payload string) ingest.Message {
		t.Helper()
		body := append(text(topic), byte(id>>8), byte(id))
		if d.version == 5 {
			body = append(body, 0)
		}
		d.send(header, append(body, payload...))
		m := in.next(t)
		m.Ack()
		d.acked(wire.Puback, id)
		return m
	}
	for _, version := range []byte{4, 5} {
		l := login{id: fmt.Sprintf("d%d", version), user: "door", password: "p", persistent: true, version: version}
		d := open(t, b, l)
		first := publish(d, 0x32, 2, `{"people_in_total":17}`)
		other := publish(d, 0x32, 3, `{"people_in_total":18}`)
		if first.Session == 0 || first.Session != other.Session || first.Packet != 2 || other.Packet != 3 || first.Repeated || other.Repeated {
			t.Errorf("version %d: got %+v and %+v", version, first, other)
		}
		_ = d.Close()
		d = open(t, b, l)
		if m := publish(d, 0x3a, 3, `{"people_in_total":18}`); !m.Repeated || m.Session != first.Session || m.Packet != 3 {
			t.Errorf("version %d: sent again: got %+v", version, m)
		}
		if m := publish(d, 0x3a, 4, `{"people_in_total":19}`); !m.Repeated {
			t.Errorf("version %d: nothing speaks against what was never received: got %+v", version, m)
		}
		if m := publish(d, 0x32, 3, `{"people_in_total":20}`); m.Repeated {
			t.Errorf("version %d: an identifier that is used again: got %+v", version, m)
		}
		if m := publish(d, 0x3a, 3, `{"people_in_total":18}`); m.Repeated {
			t.Errorf("version %d: the last use of the identifier was another: got %+v", version, m)
		}
		_ = d.Close()
	}
}
