package mqtt_test

import (
	"context"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/mqtt"
	"github.com/gerbang-iot/gerbang/testengine"
)

// on takes the next message on a topic; it and others before it are acknowledged.
func (i inbox) on(t *testing.T, topic string) ingest.Message {
	t.Helper()
	for {
		m := i.next(t)
		m.Ack()
		if m.Topic == topic {
			return m
		}
	}
}

// TestFollow: topics that come later are heard at once, with what the broker has retained on them, and again after a
// reconnect; those that go are no longer heard.
func TestFollow(t *testing.T) {
	broker := testengine.Mosquitto(t)
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "test")})
	ctx := context.Background()
	publish := func(topic, payload string, retained bool) {
		t.Helper()
		if err := p.Publish(ctx, topic, []byte(payload), retained); err != nil {
			t.Fatal(err)
		}
	}
	publish("room/a", "old", true)
	in := make(inbox, 100)
	s, _ := subscribe(t, mqtt.Options{Connection: connection(broker.URL, "g")}, in)
	healthy(t, s)
	if err := s.Follow(ctx, []string{"room/a", "room/b", "gerbang/v1/mpp/door", ""}); err != nil {
		t.Fatal(err)
	}
	if m := in.on(t, "room/a"); !m.Retained || string(m.Payload) != "old" {
		t.Errorf("got %+v, want what was retained", m)
	}
	publish("room/b", "new", false)
	if m := in.on(t, "room/b"); m.Retained || string(m.Payload) != "new" {
		t.Errorf("got %+v", m)
	}
	broker.WipeSession()
	eventually(t, 10*time.Second, "it is connected again", func() bool { return s.Health().Connects > 1 && s.Health().Reason == "" })
	eventually(t, 10*time.Second, "room/b is heard again", func() bool {
		if p.Publish(ctx, "room/b", []byte("again"), false) != nil {
			return false
		}
		for {
			select {
			case m := <-in:
				m.Ack()
				if m.Topic == "room/b" {
					return true
				}
			case <-time.After(50 * time.Millisecond):
				return false
			}
		}
	})
	if err := s.Follow(ctx, []string{"room/a"}); err != nil {
		t.Fatal(err)
	}
	publish("room/b", "unheard", false)
	publish("room/a", "heard", false)
	for m := in.on(t, "room/a"); string(m.Payload) != "heard"; m = in.on(t, "room/a") {
	}
	publish("gerbang/v1/mpp/door", "end", false)
	for m := in.next(t); ; m = in.next(t) {
		m.Ack()
		if string(m.Payload) == "unheard" {
			t.Error("a topic that was left is still heard")
		}
		if m.Topic == "gerbang/v1/mpp/door" {
			break
		}
	}
	if h := s.Health(); h.Reason != "" || len(h.Granted) != 1 {
		t.Errorf("got %+v, want it healthy and Topics granted", h)
	}
}

// TestFollowBeforeRun: what is followed before there is a connection is asked for with the first.
func TestFollowBeforeRun(t *testing.T) {
	broker := testengine.Mosquitto(t)
	in := make(inbox, 10)
	s, err := mqtt.New(mqtt.Options{Connection: connection(broker.URL, "g"), Topics: []string{"gerbang/v1/+/+"}}, in)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Follow(context.Background(), []string{"room/a"}); err != nil {
		t.Fatal(err)
	}
	run(t, s.Run)
	healthy(t, s)
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "test")})
	eventually(t, 5*time.Second, "room/a is heard", func() bool {
		if p.Publish(context.Background(), "room/a", []byte("x"), false) != nil {
			return false
		}
		select {
		case m := <-in:
			m.Ack()
			return m.Topic == "room/a"
		case <-time.After(50 * time.Millisecond):
			return false
		}
	})
}

// TestARefusedTopicIsNoFault: a device may name a topic that the broker does not let us hear; the others count.
func TestARefusedTopicIsNoFault(t *testing.T) {
	broker := fakeBroker(t, []byte{1})
	s, _ := subscribe(t, mqtt.Options{Connection: connection(broker, "g")}, new(book))
	eventually(t, 5*time.Second, "it is granted", func() bool { return len(s.Health().Granted) == 1 })
	if err := s.Follow(context.Background(), []string{"room/a"}); err != nil {
		t.Errorf("granted: %v", err)
	}
	refusing := fakeBroker(t, []byte{0x80})
	r, _ := subscribe(t, mqtt.Options{Connection: connection(refusing, "h")}, new(book))
	eventually(t, 5*time.Second, "it is connected", func() bool { return r.Health().Connected })
	if err := r.Follow(context.Background(), []string{"room/a"}); err != nil {
		t.Errorf("refused: %v, want that it is no error", err)
	}
}
