package rules

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// runRestarting is run with an engine that is saved and restored before about every n-th record. A restored engine has the same snapshot.
func runRestarting(t testing.TB, rng *rand.Rand, n int, d *Definition, start, end telemetry.Instant, records []telemetry.Record) *Engine {
	t.Helper()
	e, out := New(d.Site.ID), &Output{}
	all := append([]telemetry.Record{configRecord(t, d, start)}, records...)
	all = append(all, telemetry.Record{Kind: telemetry.KindTick, Site: d.Site.ID, At: end, Received: end})
	for i := range all {
		all[i].Seq = uint64(i + 1)
		if rng.IntN(n) == 0 {
			e = restarted(t, e)
		}
		if err := e.Apply(&all[i], out); err != nil {
			t.Fatal(err)
		}
	}
	return restarted(t, e)
}

// restarted is the engine that a snapshot of e gives.
func restarted(t testing.TB, e *Engine) *Engine {
	t.Helper()
	snap, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	next := New(e.site)
	if err := next.Restore(snap); err != nil {
		t.Fatal(err)
	}
	if again, err := next.Snapshot(); err != nil || !bytes.Equal(snap, again) {
		t.Fatalf("a restored engine has another snapshot (%v)", err)
	}
	return next
}

// sameThroughRestarts wants of every record, the definitions among them, the same output and deadline whether or not the engine is saved and
// restored before about every n-th, and the same state in the end.
func sameThroughRestarts(t testing.TB, rng *rand.Rand, n int, site string, records []telemetry.Record) {
	t.Helper()
	straight, again := New(site), New(site)
	var a, b Output
	for i := range records {
		records[i].Seq = uint64(i + 1)
		a.Reset()
		b.Reset()
		if err := straight.Apply(&records[i], &a); err != nil {
			t.Fatal(err)
		}
		if rng.IntN(n) == 0 {
			again = restarted(t, again)
		}
		if err := again.Apply(&records[i], &b); err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprintf("%+v", b), fmt.Sprintf("%+v", a); got != want {
			t.Fatalf("record %d: outputs differ:\n%s", i+1, firstDifference(got, want))
		}
		if got, want := again.Due(), straight.Due(); got != want {
			t.Fatalf("record %d: due: got %v, want %v", i+1, got, want)
		}
	}
	if got, want := plain(t, again), plain(t, straight); got != want {
		t.Errorf("final states differ:\n%s", firstDifference(got, want))
	}
}
