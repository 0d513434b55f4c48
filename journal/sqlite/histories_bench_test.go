package sqlite

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// BenchmarkVerdictHistory asks for a month of one of ten sites with twenty rules, each with twenty changes a day, in a journal of three months.
func BenchmarkVerdictHistory(b *testing.B) {
	j, err := Open(b.Context(), Options{Dir: b.TempDir(), Window: 100, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	start := telemetry.Instant(1_700_000_000e9)
	seq := uint64(0)
	for day := range 93 {
		batch := &journal.Batch{}
		for n := range 20 {
			at := start.Add(time.Duration(day)*24*time.Hour + time.Duration(n)*72*time.Minute)
			seq++
			batch.Records = append(batch.Records, telemetry.Record{Seq: seq, Kind: telemetry.KindTick, Site: "site-0", At: at, Received: at})
			for site := range 10 {
				for rule := range 20 {
					batch.Transitions = append(batch.Transitions, rules.Transition{
						Site: fmt.Sprint("site-", site), Rule: fmt.Sprint("rule-", rule), Subject: rules.Subject{Kind: rules.SubjectZone, ID: "hall"}, At: at, Told: at,
						To: rules.Verdict(n%3 - 1), Record: seq, Late: n == 7, Until: at.Add(time.Minute), Explanation: rules.Explanation{Evidence: make([]rules.Evidence, 8)},
					})
				}
			}
		}
		if err := j.Commit(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	for _, explained := range []bool{false, true} {
		b.Run(fmt.Sprint("explained=", explained), func(b *testing.B) {
			for b.Loop() {
				from := start.Add(31 * 24 * time.Hour)
				h, err := j.VerdictHistory(b.Context(), journal.HistoryQuery{Site: "site-3", From: from, Until: from.Add(31 * 24 * time.Hour), Explained: explained})
				if err != nil || len(h.Transitions) < 12_000 {
					b.Fatalf("%d changes (%v), want 12,400 and more", len(h.Transitions), err)
				}
			}
		})
	}
}
