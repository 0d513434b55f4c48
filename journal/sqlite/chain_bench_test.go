package sqlite

import (
	"log/slog"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
)

// What the chain costs a record.
func BenchmarkLink(b *testing.B) {
	rec := records(1, 1)[0]
	body, err := appendBody(nil, &rec)
	if err != nil {
		b.Fatal(err)
	}
	var sum uint64
	var scratch []byte
	for b.Loop() {
		sum, scratch = link(scratch, sum, &rec, body)
	}
}

// What looking at the files costs a commit.
func BenchmarkLook(b *testing.B) {
	j, err := Open(b.Context(), Options{Dir: b.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	for b.Loop() {
		if err := j.watch.look(false); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCommit writes records in commits of 500, without fsync: what the processor does.
func BenchmarkCommit(b *testing.B) {
	j, err := Open(b.Context(), Options{Dir: b.TempDir(), Relaxed: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	const size = 500
	seq := uint64(1)
	for b.Loop() {
		b.StopTimer()
		batch := &journal.Batch{Records: records(seq, size)}
		seq += size
		b.StartTimer()
		if err := j.Commit(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/record")
}

// BenchmarkDigest binds records in a digest: what the transparency log costs each reading, once a day.
func BenchmarkDigest(b *testing.B) {
	j, err := Open(b.Context(), Options{Dir: b.TempDir(), Relaxed: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	const size = 50_000
	seq := uint64(1)
	for b.Loop() {
		b.StopTimer()
		if err := j.Commit(b.Context(), &journal.Batch{Records: records(seq, size)}); err != nil {
			b.Fatal(err)
		}
		seq += size
		b.StartTimer()
		if err := j.digestThrough(b.Context(), int64(seq-1)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/record")
}
