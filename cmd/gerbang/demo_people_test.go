package main

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// The demo's week has people: alerts that somebody was told of, saw, opened and took in time, and some that nobody did; comments, counts,
// corrections that were taken back, notes, tasks, shifts handed over and taken.
func TestTheDemosWeekHasPeople(t *testing.T) {
	if testengine.Racing {
		t.Skip("weeks of ten buildings: CI makes them without the detector")
	}
	now := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	ctx := context.Background()
	s := tell(t, 1, now)
	if err := s.rest(ctx); err != nil {
		t.Fatal(err)
	}
	kinds := map[telemetry.EntryKind]int{}
	var undone, taken int
	for _, site := range s.gateway.Sites() {
		for _, kind := range telemetry.EntryKinds() {
			all, err := s.journal.EntriesDuring(ctx, site, kind, 0, telemetry.Never, math.MaxInt32)
			if err != nil {
				t.Fatal(err)
			}
			kinds[kind] += len(all)
			for _, rec := range all {
				if rec.Entry.Ends != "" {
					undone++
				}
				if kind == telemetry.EntryHandover && rec.Entry.Subject != "" {
					taken++
				}
			}
		}
	}
	for kind, least := range map[telemetry.EntryKind]int{
		telemetry.EntryAcknowledge: 12, telemetry.EntryComment: 5, telemetry.EntryCount: 3, telemetry.EntryCorrection: 2, telemetry.EntryNote: 5, telemetry.EntryTask: 10, telemetry.EntryHandover: 40,
	} {
		if kinds[kind] < least {
			t.Errorf("%d entries of kind %s, want %d or more", kinds[kind], kind, least)
		}
	}
	if undone == 0 || taken == 0 || taken >= kinds[telemetry.EntryHandover]-taken {
		t.Errorf("%d taken back, %d of %d shifts taken: want some of both, and a shift that nobody took", undone, taken, kinds[telemetry.EntryHandover]-taken)
	}
	full, never := 0, 0
	past, err := s.journal.AlertsDuring(ctx, "mpp-banjar", 0, telemetry.Never, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for i := range past {
		a := &past[i]
		switch all := a.Acknowledgements(); {
		case len(all) > 0 && a.Accepted != 0 && len(a.Told) > 0 && a.Shown != 0 && a.Looked != 0 && a.Opened <= a.Accepted && a.Accepted <= a.Shown && a.Shown <= a.Looked && a.Looked <= all[0].At:
			full++
		case len(all) == 0:
			never++
		}
	}
	if t.Logf("%v; %d alerts with a full response clock, %d that nobody took", kinds, full, never); full < 8 || never == 0 {
		t.Errorf("%d alerts have a full response clock, %d nobody took: want many and some", full, never)
	}
}
