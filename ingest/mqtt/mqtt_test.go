package mqtt_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/mqtt"
)

func TestMain(m *testing.M) {
	const library = "github.com/eclipse/paho%2emqtt%2egolang."
	goleak.VerifyTestMain(m, // what the library leaves behind for a while: see the note at session.end
		goleak.IgnoreAnyFunction(library+"(*backoffController).sleepWithBackoff"),
		goleak.IgnoreAnyFunction(library+"(*client).Connect.func1"),
		goleak.IgnoreAnyFunction(library+"(*connectionStatus).Disconnecting"))
}

// inbox is an Intake whose messages the test takes and acknowledges itself.
type inbox chan ingest.Message

func (i inbox) Put(m ingest.Message) error { i <- m; return nil }

func (i inbox) next(t testing.TB) ingest.Message {
	t.Helper()
	select {
	case m := <-i:
		return m
	case <-time.After(15 * time.Second):
		t.Fatal("no message arrived")
		panic("unreachable")
	}
}

// book is an Intake that acknowledges each message and remembers its payload.
type book struct {
	mu   sync.Mutex
	seen map[string]int
}

func (b *book) Put(m ingest.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil {
		b.seen = map[string]int{}
	}
	b.seen[string(m.Payload)]++
	m.Ack()
	return nil
}

func (b *book) has(payload string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen[payload] > 0
}

// connection has the short times that tests need.
func connection(broker, id string) mqtt.Connection {
	return mqtt.Connection{
		Broker: broker, ClientID: id,
		KeepAlive: time.Second, PingTimeout: time.Second, ConnectTimeout: 2 * time.Second, WriteTimeout: time.Second,
		RetryInterval: 50 * time.Millisecond, MaxRetry: time.Second,
	}
}

// subscribe runs a subscriber until the test ends or stop is called.
func subscribe(t testing.TB, o mqtt.Options, intake ingest.Intake) (_ *mqtt.Subscriber, stop func()) {
	t.Helper()
	if o.Topics == nil {
		o.Topics = []string{"gerbang/v1/+/+"}
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = 200 * time.Millisecond
	}
	s, err := mqtt.New(o, intake)
	if err != nil {
		t.Fatal(err)
	}
	return s, run(t, s.Run)
}

// publisher runs a publisher until the test ends, and waits until it is connected.
func publisher(t testing.TB, o mqtt.PublisherOptions) (_ *mqtt.Publisher, stop func()) {
	t.Helper()
	p, err := mqtt.NewPublisher(o)
	if err != nil {
		t.Fatal(err)
	}
	stop = run(t, p.Run)
	eventually(t, 10*time.Second, "the publisher is connected", func() bool { return p.Health().Connected })
	return p, stop
}

func run(t testing.TB, f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func healthy(t testing.TB, s *mqtt.Subscriber) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("health: %+v", s.Health())
		}
	})
	eventually(t, 15*time.Second, "the subscriber is healthy", func() bool { return s.Health().Reason == "" })
}

func eventually(t testing.TB, within time.Duration, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

// say publishes numbered messages.
func say(t testing.TB, p *mqtt.Publisher, from, to int) {
	t.Helper()
	var batch []mqtt.Out
	for i := from; i < to; i++ {
		batch = append(batch, mqtt.Out{Topic: "gerbang/v1/mpp/door", Payload: fmt.Append(nil, i)})
	}
	if err := p.PublishBatch(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
}
