package broker_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/broker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a broker until the test ends.
func start(t testing.TB, o broker.Options, intake ingest.Intake) *broker.Broker {
	t.Helper()
	if o.Listeners == nil {
		o.Listeners = []broker.Listener{{Kind: broker.TCP, Address: "127.0.0.1:0"}}
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = 200 * time.Millisecond
	}
	b, err := broker.New(o, intake)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for b.Health().Reason != "" {
		time.Sleep(time.Millisecond)
	}
	return b
}
