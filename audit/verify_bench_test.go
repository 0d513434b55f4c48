package audit

import (
	"testing"
)

// BenchmarkVerify reads and verifies a log of a hundred thousand entries, from memory.
func BenchmarkVerify(b *testing.B) {
	const entries = 100_000
	k := testKey(b, 1)
	files := logOf(entries).files(b, k)
	known := Known{Keys: []string{k.Verifier(testOrigin)}}
	for b.Loop() {
		if r := verify(b, files, known); !r.OK() {
			b.Fatal(r.Lines)
		}
	}
	b.ReportMetric(float64(b.N)*entries/b.Elapsed().Seconds(), "entries/s")
}
