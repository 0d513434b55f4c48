package gateway

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// The deadlines that are kept are those of the engines, whatever happens to the sites.
func TestDeadlinesKeptAreThoseOfTheEngines(t *testing.T) {
	b := newBench(t, newMemory(), "a", "c")
	random := rand.New(rand.NewPCG(7, 7))
	at := begin
	check := func(what string) {
		t.Helper()
		b.dues.find(b.order)
		want := telemetry.Never
		for _, s := range b.order {
			if s.stopped == "" {
				want = min(want, s.engine.Due())
			}
		}
		if got := b.dues.next(); got != want {
			t.Fatalf("%s: the next deadline is kept as %v, want %v", what, got, want)
		}
	}
	for i := range 300 {
		at = at.Add(time.Duration(random.IntN(40)) * time.Second)
		switch i {
		case 100:
			b.defs = append(b.defs, definition(t, "b"))
			if err := b.Configure(context.Background(), b.defs, "test", at); err != nil {
				t.Fatal(err)
			}
		case 200:
			b.stop(b.sites["a"], b.seq+1, fmt.Errorf("a fault"))
		}
		if random.IntN(3) == 0 {
			if err := b.Advance(context.Background(), at); err != nil {
				t.Fatal(err)
			}
		} else {
			b.send("gerbang/v1/"+[]string{"a", "b", "c"}[random.IntN(3)]+"/count", counted(i+1, 1, 0), at)
		}
		check(fmt.Sprint("step ", i))
		b.commit(at)
	}
}
