package influx

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding I6: a refill writes the same points again, and no state that was revised later is older afterwards.
func TestI6_RefillReplacesExactly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j, server := &memoryJournal{}, &fakeServer{}
		j.add(arrived(3000, 2*time.Hour)...)
		at := j.records[1500].At
		for i, f := range []struct {
			in     float64
			record uint64
		}{{1, 1000}, {2, 1600}, {3, 2900}} { // the last one comes late, behind the refilled period
			j.flows = append(j.flows, journal.Flow{ID: int64(i + 1), Flow: rules.Flow{Site: "magetan", Device: "counter-1", Channel: "t", At: at, In: f.in, Record: f.record}})
		}
		_, stop := start(t, options(j, server))
		time.Sleep(time.Minute)
		stop()
		want := maps.Clone(server.points)
		if len(want) != 3001 {
			t.Fatalf("points: got %d, want 3001", len(want))
		}
		o := options(j, server)
		position := j.saved()
		done, err := Refill(t.Context(), RefillOptions{
			Server: o.Server, Source: j, Transport: server, From: journal.Position{Record: 500, Flow: 0}, To: journal.Position{Record: 2000, Flow: 2}, Head: j.head(),
			Until: j.records[2000].Received,
		})
		if err != nil || done.Written < 1500 || done.Written > 1510 || len(done.Refused) != 0 {
			t.Errorf("refill: got %d points, %d refused, %v, want those of the period", done.Written, len(done.Refused), err)
		}
		if !maps.Equal(server.points, want) {
			t.Error("points differ after the refill")
		}
		if j.saved() != position {
			t.Errorf("position: got %v, want it left alone at %v", j.saved(), position)
		}
		clear(server.points)
		if _, err := Refill(t.Context(), RefillOptions{Server: o.Server, Source: j, Transport: server, To: j.head(), Head: j.head(), Until: telemetry.InstantOf(time.Now())}); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(server.points, want) {
			t.Errorf("a bucket made anew: got %d points, want %d", len(server.points), len(want))
		}
	})
}
