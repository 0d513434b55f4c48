package broker_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/broker"
)

// The broker stops while clients leave: the library's list of clients stood still for ever then.
func TestStopsWhileClientsLeave(t *testing.T) {
	in := acknowledge(t)
	for round := range 20 {
		b, err := broker.New(broker.Options{Listeners: []broker.Listener{{Kind: broker.TCP, Address: "127.0.0.1:0"}}, AllowAnonymous: true}, in)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		var all []*device
		for i := range 60 {
			all = append(all, open(t, b, login{id: fmt.Sprint(i)}))
		}
		go cancel()
		for _, d := range all {
			_ = d.Close()
		}
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("round %d: the broker has not stopped", round)
		}
	}
}
