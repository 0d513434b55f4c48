package broker_test

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
)

// inbox is an Intake whose messages the test takes and acknowledges itself.
type inbox chan ingest.Message

func (i inbox) Put(m ingest.Message) error { i <- m; return nil }

// next returns the next message.
func (i inbox) next(t testing.TB) ingest.Message {
	t.Helper()
	select {
	case m := <-i:
		return m
	case <-time.After(10 * time.Second):
		t.Fatal("no message arrived")
		panic("unreachable")
	}
}

// none fails if a message is there. What orders it behind the device's packets is the caller's business.
func (i inbox) none(t testing.TB) {
	t.Helper()
	select {
	case m := <-i:
		t.Fatalf("got a message on %q, want none", m.Topic)
	default:
	}
}
