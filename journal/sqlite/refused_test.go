package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding I3: refused points are kept once each, listed, forgotten when they were stored, and pruned with the messages.
func TestI3_RefusedPointsAreKeptListedAndPruned(t *testing.T) {
	t.Parallel()
	j := open(t, t.TempDir())
	ctx, now := t.Context(), time.Now()
	var all []journal.Rejected
	for i := range 25 {
		all = append(all, journal.Rejected{Stream: journal.StreamRecords, ID: int64(i), Site: fmt.Sprintf("s%d", i%2), Device: "d", At: telemetry.InstantOf(now), Line: fmt.Sprintf("air co2_ppm=%d 1", i), Reason: "first"})
	}
	for range 2 { // a batch may be sent again
		if err := j.Source().Advance(ctx, journal.Position{}, all); err != nil {
			t.Fatal(err)
		}
	}
	list := func(site string, before int64, limit int) []journal.Refused {
		t.Helper()
		points, err := j.Refused(ctx, site, before, limit)
		if err != nil {
			t.Fatal(err)
		}
		return points
	}
	got := list("", 0, 10)
	if len(got) != 10 || got[0].Line != "air co2_ppm=24 1" || got[0].Site != "s0" || got[0].Device != "d" || got[0].When == 0 {
		t.Fatalf("first page: got %+v, want the ten newest", got)
	}
	if got = list("", got[9].Number, 100); len(got) != 15 || got[0].Line != "air co2_ppm=14 1" {
		t.Errorf("second page: got %d from %q, want the other 15", len(got), got[0].Line)
	}
	if got = list("s1", 0, 100); len(got) != 12 {
		t.Errorf("one site: got %d, want 12", len(got))
	}
	if err := j.Stored(ctx, []int64{got[0].Number, got[1].Number}); err != nil {
		t.Fatal(err)
	}
	if n, err := j.RefusedCount(ctx); err != nil || n != 23 {
		t.Errorf("after two were stored: got %d, %v, want 23", n, err)
	}
	for _, tt := range []struct {
		after time.Duration
		want  int64
	}{{0, 0}, {2 * time.Hour, 23}} {
		removed, err := j.Retain(ctx, journal.Retention{Records: time.Hour}, telemetry.InstantOf(now.Add(tt.after)))
		if err != nil || removed.Refused != tt.want {
			t.Errorf("after %v: got %+v, %v, want %d removed", tt.after, removed, err, tt.want)
		}
	}
	if n, err := j.RefusedCount(ctx); err != nil || n != 0 {
		t.Errorf("after their time: got %d, %v, want none", n, err)
	}
}
