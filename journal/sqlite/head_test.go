package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
)

// Finding L6: what a cut of the log costs is told to the last record that was acknowledged, also where the cut itself was not noticed
// (it lies within the last page, or a large commit went over it at once) and the process was killed before the anchor followed.
func TestL6_ACutThatNobodySawIsTold(t *testing.T) {
	for _, c := range []struct {
		what string
		// again: the journal was killed and opened before, so that its log has old pages behind the ones in use
		again bool
		// to is the length to which a log of so many bytes is cut; next how many records the commit behind it has.
		to   func(size int64) int64
		next int
	}{
		{"within the last page", false, func(size int64) int64 { return size - 100 }, 1},
		{"at the last page", false, func(size int64) int64 { return size - 4096 + 8 }, 500},
		{"opened again, within the last page", true, func(size int64) int64 { return size - 2000 }, 3},
		{"opened again, below its first pages, and one large commit", true, func(int64) int64 { return 32 + 2*4120 }, 20_000},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := t.TempDir()
			j := open(t, dir)
			last := uint64(0)
			more := func(n int) bool {
				err := j.Commit(t.Context(), &journal.Batch{Records: records(last+1, n)})
				if err == nil {
					last += uint64(n)
				}
				return err == nil
			}
			for range 20 {
				more(50)
			}
			if c.again {
				was := j
				dir = copied(t, dir)
				_ = was.Close()
				j = open(t, dir)
				if err := j.writer.checkpoint(t.Context()); err != nil { // the log is written over from its beginning
					t.Fatal(err)
				}
				for range 5 {
					more(1)
				}
			}
			wal := filepath.Join(dir, FileName+"-wal")
			info, err := os.Stat(wal)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(wal, c.to(info.Size())); err != nil {
				t.Fatal(err)
			}
			seen := !more(c.next) || !more(1)
			killed := copied(t, dir)
			_ = j.Close()
			j = open(t, killed)
			v := verified(t, j)
			have := map[uint64]bool{}
			for _, rec := range replayed(t, j, "", 0) {
				have[rec.Seq] = true
			}
			lost, silent := 0, 0
			for seq := uint64(1); seq <= last; seq++ {
				if !have[seq] {
					lost++
					if f := (journal.Finding{First: seq, Last: seq, What: findings(v).of(seq)}); f.What == "" {
						silent++
					}
				}
			}
			t.Logf("of %d acknowledged records %d are lost, %d of them in silence; noticed at once: %v", last, lost, silent, seen)
			if silent > 0 {
				t.Errorf("%d lost records are not told: %v", silent, v)
			}
			if next := j.writer.head.Record + 1; next <= last {
				t.Errorf("number %d is given again", next)
			}
		})
	}
}
