package sqlite

import (
	"log/slog"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// BenchmarkReplay reads records back, as a rehearsal and a restart do.
func BenchmarkReplay(b *testing.B) {
	j, err := Open(b.Context(), Options{Dir: b.TempDir(), Relaxed: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	const size, batches = 2000, 10
	for i := range uint64(batches) {
		if err := j.Commit(b.Context(), &journal.Batch{Records: records(1+i*size, size)}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n = 0
		if err := j.Replay(b.Context(), "", 0, func(*telemetry.Record) error { n++; return nil }); err != nil {
			b.Fatal(err)
		}
	}
	if n != size*batches {
		b.Fatalf("%d records, want %d", n, size*batches)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/record")
}
