package main

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A journal whose samples and minutes are kept for a shorter time than its records is as it was written: the check does not miss what
// retention has deleted, and says that it cannot compare it. What is wrong beside it is found all the same.
func TestJournalCheck_MissesNothingThatRetentionHasDeleted(t *testing.T) {
	t.Parallel()
	r := newRig(t).building()
	begin := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)
	g, end := doorless(t, r, begin.Add(-time.Hour))
	at := begin
	for i := range 60 {
		at = at.Add(20 * time.Second)
		msg := &ingest.Message{Topic: "gerbang/v1/gedung/hitung", Payload: fmt.Appendf(nil, `{"boot":"a","seq":%d,"people_in":1}`, i+1), QoS: 1, Received: telemetry.InstantOf(at)}
		if err := g.Accept(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
		if err := g.Advance(t.Context(), msg.Received); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Commit(t.Context(), msg.Received); err != nil {
			t.Fatal(err)
		}
		g.Begin()
	}
	if err := g.Rest(t.Context(), telemetry.InstantOf(at)); err != nil {
		t.Fatal(err)
	}
	end()
	j, err := sqlite.Open(t.Context(), sqlite.Options{Dir: r.data(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	const kept = 10 * time.Minute
	removed, err := j.Retain(t.Context(), journal.Retention{Samples: kept, Rollups: kept, Records: 365 * 24 * time.Hour}, telemetry.InstantOf(at.Add(time.Minute)))
	if err != nil || removed.Samples == 0 || removed.Rollups == 0 || removed.Records != 0 {
		t.Fatalf("removed %+v, %v: this tests nothing", removed, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, errs := run(t, "", "journal", "check", "--data", r.data())
	if code != 0 || !strings.Contains(out, "samples or flows are not compared: retention has deleted old ones") {
		t.Errorf("code %d\n%s%s", code, out, errs)
	}
	tamper(t, r, `UPDATE rollups SET count = count + 1`)
	if code, out, errs := run(t, "", "journal", "check", "--data", r.data()); code != 1 {
		t.Errorf("minutes that are not what was written: code %d\n%s%s", code, out, errs)
	}
}
