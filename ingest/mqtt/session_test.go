package mqtt_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/gerbang-iot/gerbang/ingest/broker"
	"github.com/gerbang-iot/gerbang/ingest/mqtt"
	"github.com/gerbang-iot/gerbang/ingest/wire"
	"github.com/gerbang-iot/gerbang/testengine"
)

// What is not acknowledged comes again after a reconnect; acknowledgements of the old connection are harmless.
func TestUnackedIsRedelivered(t *testing.T) {
	broker := testengine.Mosquitto(t)
	proxy := testengine.Proxy(t, broker.Addr)
	in := make(inbox, 1000)
	s, _ := subscribe(t, mqtt.Options{Connection: connection("tcp://"+proxy.Addr(), "g")}, in)
	healthy(t, s)
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "test")})
	const n = 50
	say(t, p, 0, n)

	var late []func()
	for range 20 { // as many as this broker has in flight
		late = append(late, in.next(t).Ack)
	}
	if len(in) > 0 {
		t.Errorf("got %d messages more than the broker's window", len(in))
	}
	proxy.Cut()
	m := in.next(t) // again
	for _, ack := range late {
		ack()
	}
	seen := map[string]bool{}
	for {
		seen[string(m.Payload)] = true
		m.Ack()
		if len(seen) == n {
			break
		}
		m = in.next(t)
	}
	h := s.Health()
	if !h.SessionPresent || h.Connects != 2 || h.Unacked != 0 {
		t.Errorf("got %+v", h)
	}
}

// Faults 1 and 2: the broker goes away and comes back, with its store and without.
func TestBrokerRestart(t *testing.T) {
	broker := testengine.Mosquitto(t, testengine.MosquittoPersistence(""))
	b := new(book)
	registry := prometheus.NewRegistry()
	s, _ := subscribe(t, mqtt.Options{Connection: connection(broker.URL, "g"), Registerer: registry}, b)
	healthy(t, s)
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "test")})
	say(t, p, 0, 1)
	eventually(t, 5*time.Second, "the first message", func() bool { return b.has("0") })

	broker.Stop()
	eventually(t, 5*time.Second, "unhealthy", func() bool { return strings.HasPrefix(s.Health().Reason, "not connected") })
	if err := p.Publish(context.Background(), "a", nil, false); err == nil {
		t.Error("Publish without a broker: got no error")
	}
	broker.Start()
	healthy(t, s)
	if !s.Health().SessionPresent {
		t.Error("the session was lost, though it was stored")
	}
	lost(t, registry, 0)

	broker.WipeSession()
	eventually(t, 10*time.Second, "a new session", func() bool { h := s.Health(); return h.Reason == "" && !h.SessionPresent })
	lost(t, registry, 1)
	eventually(t, 10*time.Second, "the publisher is back", func() bool { return p.Health().Connected })
	say(t, p, 1, 2)
	eventually(t, 5*time.Second, "a message in the new session", func() bool { return b.has("1") })
}

func lost(t *testing.T, r prometheus.Gatherer, want int) {
	t.Helper()
	text := fmt.Sprintf("# HELP gerbang_mqtt_session_lost_total Connections at which the broker no longer had our session.\n# TYPE gerbang_mqtt_session_lost_total counter\ngerbang_mqtt_session_lost_total %d\n", want)
	if err := testutil.GatherAndCompare(r, strings.NewReader(text), "gerbang_mqtt_session_lost_total"); err != nil {
		t.Error(err)
	}
}

// Messages published while the gateway was down are there when it comes back under the same id.
func TestQueuedWhileDown(t *testing.T) {
	broker := testengine.Mosquitto(t)
	s, stop := subscribe(t, mqtt.Options{Connection: connection(broker.URL, "g")}, new(book))
	healthy(t, s)
	stop()
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "test")})
	say(t, p, 0, 100)
	b := new(book)
	s, _ = subscribe(t, mqtt.Options{Connection: connection(broker.URL, "g"), Resumed: true}, b)
	eventually(t, 10*time.Second, "the last queued message", func() bool { return b.has("99") })
	for i := range 100 {
		if !b.has(fmt.Sprint(i)) {
			t.Errorf("message %d is missing", i)
		}
	}
	if !s.Health().SessionPresent {
		t.Error("no session")
	}
}

// Fault 3: a connection on which nothing arrives any more is noticed within keep-alive + ping time-out + 5 s.
func TestHalfOpen(t *testing.T) {
	for name, d := range map[string]testengine.Direction{"both ways": testengine.Up | testengine.Down, "towards us": testengine.Down} {
		t.Run(name, func(t *testing.T) {
			broker := testengine.Mosquitto(t)
			proxy := testengine.Proxy(t, broker.Addr)
			b := new(book)
			s, _ := subscribe(t, mqtt.Options{Connection: connection("tcp://"+proxy.Addr(), "g")}, b)
			healthy(t, s)
			proxy.Blackhole(d)
			eventually(t, 7*time.Second, "the loss is noticed", func() bool { return !s.Health().Connected })
			proxy.Cut()
			proxy.Heal()
			healthy(t, s)
			p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "test")})
			say(t, p, 0, 1)
			eventually(t, 5*time.Second, "a message", func() bool { return b.has("0") })
		})
	}
}

// Fault 13: a message over the limit is handed over cut, acknowledged, and not delivered again and again.
func TestOversize(t *testing.T) {
	broker := testengine.Mosquitto(t)
	in := make(inbox, 10)
	s, _ := subscribe(t, mqtt.Options{Connection: connection(broker.URL, "g"), MaxPacket: 300 << 10}, in)
	healthy(t, s)
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "test")})
	huge := bytes.Repeat([]byte("ab"), 4<<20)
	if err := p.Publish(context.Background(), "gerbang/v1/mpp/door", huge, false); err != nil {
		t.Fatal(err)
	}
	m := in.next(t)
	if m.Topic != "gerbang/v1/mpp/door" || len(m.Payload) != wire.MaxPayload+1 || !bytes.HasPrefix(huge, m.Payload) {
		t.Errorf("got topic %q, %d bytes", m.Topic, len(m.Payload))
	}
	m.Ack()
	say(t, p, 0, 1)
	if m := in.next(t); string(m.Payload) != "0" {
		t.Errorf("got %q", m.Payload)
	} else {
		m.Ack()
	}
	if n := s.Health().Connects; n != 1 {
		t.Errorf("connected %d times, want once", n)
	}
}

// What was taken before the end is acknowledged; nothing of it comes again.
func TestStopDrains(t *testing.T) {
	broker := testengine.Mosquitto(t)
	in := make(inbox, 100)
	s, stop := subscribe(t, mqtt.Options{Connection: connection(broker.URL, "g"), DrainTimeout: 5 * time.Second}, in)
	healthy(t, s)
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "test")})
	say(t, p, 0, 5)
	var acks []func()
	for range 5 {
		acks = append(acks, in.next(t).Ack)
	}
	time.AfterFunc(50*time.Millisecond, func() {
		for _, ack := range acks {
			ack()
		}
	})
	stop()
	if got := s.Health(); got.Reason != "not running" || got.Connected || got.Unacked != 0 {
		t.Errorf("got %+v", got)
	}
	say(t, p, 5, 6)
	in = make(inbox, 100)
	subscribe(t, mqtt.Options{Connection: connection(broker.URL, "g")}, in)
	if m := in.next(t); string(m.Payload) != "5" {
		t.Errorf("got %q, which had been acknowledged; want 5", m.Payload)
	}
}

func TestRetainedIsMarked(t *testing.T) {
	broker := testengine.Mosquitto(t)
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "test")})
	if err := p.Publish(context.Background(), "gerbang/v1/mpp/door", []byte("old"), true); err != nil {
		t.Fatal(err)
	}
	in := make(inbox, 10)
	s, _ := subscribe(t, mqtt.Options{Connection: connection(broker.URL, "g")}, in)
	healthy(t, s)
	if m := in.next(t); !m.Retained || m.Sender != nil {
		t.Errorf("got %+v", m)
	} else {
		m.Ack()
	}
	say(t, p, 0, 1)
	if m := in.next(t); m.Retained {
		t.Errorf("got %+v", m)
	} else {
		m.Ack()
	}
}

func TestTLS(t *testing.T) {
	ca, other := testengine.NewCA(t), testengine.NewCA(t)
	server := ca.Issue("broker", time.Hour)
	broker := testengine.Mosquitto(t, testengine.MosquittoTLS(server), testengine.MosquittoUsers(map[string]string{"g": "secret"}))
	c := connection(broker.URL, "g")
	c.TLS = ca.Issue("g", time.Hour).ClientConfig(t)
	c.Username, c.Password = "g", func() string { return "secret" }
	b := new(book)
	s, _ := subscribe(t, mqtt.Options{Connection: c}, b)
	healthy(t, s)

	for name, change := range map[string]func(*mqtt.Connection){
		"another authority": func(c *mqtt.Connection) { c.TLS = other.Issue("g", time.Hour).ClientConfig(t) },
		"wrong password":    func(c *mqtt.Connection) { c.Password = func() string { return "sesame" } },
	} {
		t.Run(name, func(t *testing.T) {
			c := c
			c.ClientID = "h"
			change(&c)
			s, _ := subscribe(t, mqtt.Options{Connection: c}, b)
			eventually(t, 5*time.Second, "it is refused", func() bool { return strings.HasPrefix(s.Health().Reason, "not connected: ") })
			if r := s.Health().Reason; strings.Contains(r, "sesame") {
				t.Errorf("a password is in %q", r)
			}
		})
	}
}

func TestWebSocket(t *testing.T) {
	in := make(inbox, 10)
	b, err := broker.New(broker.Options{AllowAnonymous: true, Listeners: []broker.Listener{{Kind: broker.WebSocket, Address: "127.0.0.1:0"}}}, in)
	if err != nil {
		t.Fatal(err)
	}
	run(t, b.Run)
	url := "ws://" + b.Addr(0) + "/mqtt"
	seen := new(book)
	s, stop := subscribe(t, mqtt.Options{Connection: connection(url, "g")}, seen)
	healthy(t, s)
	p, stopPublisher := publisher(t, mqtt.PublisherOptions{Connection: connection(url, "test")})
	done := make(chan struct{})
	go func() {
		defer close(done)
		m := in.next(t)
		m.Ack()
	}()
	say(t, p, 0, 1)
	<-done
	eventually(t, 5*time.Second, "the message was passed on", func() bool { return seen.has("0") })
	stopPublisher()
	stop()
}

// Finding T3: what the broker sends again after a reconnect says so, under the name that the first delivery had, for a
// subscriber that was started anew too.
func TestT3_DeliveriesAreNamed(t *testing.T) {
	broker := testengine.Mosquitto(t)
	proxy := testengine.Proxy(t, broker.Addr)
	in := make(inbox, 1000)
	options := mqtt.Options{Connection: connection("tcp://"+proxy.Addr(), "g")}
	s, stop := subscribe(t, options, in)
	healthy(t, s)
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "test")})
	say(t, p, 0, 3)
	type name struct {
		session uint64
		packet  uint16
	}
	first := map[string]name{}
	for range 3 {
		m := in.next(t)
		if m.Repeated || m.Session == 0 || m.Packet == 0 {
			t.Errorf("got %+v", m)
		}
		first[string(m.Payload)] = name{m.Session, m.Packet}
	}
	again := func(how string) {
		t.Helper()
		for range 3 {
			m := in.next(t)
			if !m.Repeated || (name{m.Session, m.Packet}) != first[string(m.Payload)] {
				t.Errorf("%s: got %q as %d/%d, sent again %t; want %v", how, m.Payload, m.Session, m.Packet, m.Repeated, first[string(m.Payload)])
			}
		}
	}
	proxy.Cut()
	again("after a reconnect")
	stop()
	s, _ = subscribe(t, options, in)
	healthy(t, s)
	again("after a restart")
	say(t, p, 3, 4)
	if m := in.next(t); m.Repeated {
		t.Errorf("a new message: got %+v", m)
	}
}
