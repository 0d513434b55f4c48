package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/mqtt"
	"github.com/gerbang-iot/gerbang/testengine"
)

const status = "gerbang/v1/mpp/status"

// The status is retained, true after a clean stop, and also after the connection was cut.
func TestStatusAndWill(t *testing.T) {
	broker := testengine.Mosquitto(t)
	proxy := testengine.Proxy(t, broker.Addr)
	in := make(inbox, 100)
	s, _ := subscribe(t, mqtt.Options{Connection: connection(broker.URL, "reader")}, in)
	healthy(t, s)
	expect := func(want string) {
		t.Helper()
		m := in.next(t)
		m.Ack()
		if m.Topic != status || string(m.Payload) != want {
			t.Fatalf("got %q on %s, want %q", m.Payload, m.Topic, want)
		}
	}
	p, stop := publisher(t, mqtt.PublisherOptions{Connection: connection("tcp://"+proxy.Addr(), "g"), StatusTopic: status})
	expect("online")
	proxy.Cut()
	expect("offline")
	expect("online")
	eventually(t, 5*time.Second, "connected again", func() bool { return p.Health().Connected })
	stop()
	expect("offline")
	if err := p.Publish(context.Background(), "a", nil, false); !errors.Is(err, mqtt.ErrNotConnected) {
		t.Errorf("Publish after the end: got %v, want ErrNotConnected", err)
	}
}

func TestPublishBatchKeepsOrder(t *testing.T) {
	broker := testengine.Mosquitto(t, testengine.MosquittoOpenLimits())
	in := make(inbox, 5000)
	s, _ := subscribe(t, mqtt.Options{Connection: connection(broker.URL, "reader")}, in)
	healthy(t, s)
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "g")})
	say(t, p, 0, 2500)
	for i := range 2500 {
		m := in.next(t)
		m.Ack()
		if string(m.Payload) != fmt.Sprint(i) {
			t.Fatalf("got %s, want %d", m.Payload, i)
		}
	}
}

// An error means "not known to be published": a dead connection must not look like success, nor hang.
func TestPublishOnDeadConnection(t *testing.T) {
	broker := testengine.Mosquitto(t)
	proxy := testengine.Proxy(t, broker.Addr)
	o := mqtt.PublisherOptions{Connection: connection("tcp://"+proxy.Addr(), "g"), Timeout: 500 * time.Millisecond}
	p, _ := publisher(t, o)
	proxy.Blackhole(testengine.Up | testengine.Down)
	if err := p.Publish(context.Background(), "a", []byte("x"), false); err == nil {
		t.Error("got no error")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := p.Publish(ctx, "a", []byte("x"), false); err == nil {
		t.Error("got no error")
	}
	if err := p.Publish(context.Background(), "a/#", nil, false); err == nil {
		t.Error("published on a filter")
	}
	eventually(t, 10*time.Second, "the loss is noticed", func() bool { return !p.Health().Connected })
	proxy.Cut()
	proxy.Heal()
	eventually(t, 15*time.Second, "connected again", func() bool { return p.Health().Connected })
	say(t, p, 0, 1)
}
