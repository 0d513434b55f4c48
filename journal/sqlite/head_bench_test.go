package sqlite

import (
	"log/slog"
	"testing"
)

// What each commit pays for the head.
func BenchmarkHead(b *testing.B) {
	h := openHead(b.TempDir(), "id", slog.New(slog.DiscardHandler))
	defer h.close()
	for i := range b.N {
		h.note(uint64(i), 7)
	}
}
