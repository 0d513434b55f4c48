package sqlite

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/testengine"
)

// Finding L2, a sibling: on a file system that is read-only the journal can be read from the start, and takes commits as soon as it
// can be written.
func TestL2_StartsOnAReadOnlyFileSystem(t *testing.T) {
	for _, how := range []string{"closed", "killed", "killed, its log empty"} {
		t.Run(how, func(t *testing.T) {
			disk := testengine.SmallDisk(t, "8m")
			remount := func(flags uintptr) {
				t.Helper()
				if err := syscall.Mount("tmpfs", disk.Dir, "tmpfs", syscall.MS_REMOUNT|flags, "size=8m"); err != nil {
					t.Fatal(err)
				}
			}
			dir := filepath.Join(disk.Dir, "data")
			j := open(t, dir)
			commit(t, j, &journal.Batch{Records: records(1, 100)})
			if how != "closed" {
				if how == "killed, its log empty" {
					if err := j.watch.anew(func() error { return j.writer.strict(t.Context()) }); err != nil {
						t.Fatal(err)
					}
				}
				killed := copied(t, dir)
				_ = j.Close()
				putBack(t, killed, dir, FileName, FileName+"-wal", AnchorFile, HeadFile)
			}
			_ = j.Close()
			remount(syscall.MS_RDONLY)
			t.Cleanup(func() { _ = j.Close() })
			j = open(t, dir)
			if held := j.Held(); held == nil || errors.Is(held, journal.ErrFull) || errors.Is(held, journal.ErrGone) {
				t.Fatalf("held: %v, want that it cannot be written", held)
			}
			st, err := j.State(t.Context())
			if err != nil || st.LastSeq != 100 {
				t.Fatalf("state: %+v, %v: want 100 records", st, err)
			}
			batch := &journal.Batch{Records: records(101, 100)}
			for range 3 {
				if err := j.Commit(t.Context(), batch); err == nil || errors.Is(err, journal.ErrOutcomeUnknown) {
					t.Errorf("committing: got %v, want a clean refusal", err)
				}
				if n := len(replayed(t, j, "", 0)); n != 100 {
					t.Errorf("%d records are read, want 100", n)
				}
				time.Sleep(resumeEvery)
			}
			remount(0)
			time.Sleep(resumeEvery)
			commit(t, j, batch)
			if j.Held() != nil {
				t.Errorf("still held: %v", j.Held())
			}
			if n := len(replayed(t, j, "", 0)); n != 200 {
				t.Errorf("%d records, want 200", n)
			}
			if found := verified(t, j); len(found) > 0 {
				t.Errorf("found %v", found)
			}
			_ = j.Close()
		})
	}
}
