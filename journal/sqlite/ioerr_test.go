//go:build unix

package sqlite

import (
	"errors"
	"os/signal"
	"syscall"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
)

// Finding L2, a sibling: a write that fails for another reason than a full disk (here a limit of the size of files) is as clean.
func TestL2_AFailedWriteRefusesAndGoesOn(t *testing.T) {
	j := open(t, t.TempDir())
	commit(t, j, &journal.Batch{Records: records(1, 10)})
	signal.Ignore(syscall.SIGXFSZ) // the write fails instead
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4 << 20, Max: was.Max}); err != nil {
		t.Skipf("limiting the size of files: %v", err)
	}
	batch := &journal.Batch{Records: records(11, 48_000)}
	for range 3 {
		if err := j.Commit(t.Context(), batch); err == nil || errors.Is(err, journal.ErrOutcomeUnknown) {
			t.Errorf("committing: got %v, want a clean refusal", err)
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	commit(t, j, batch)
	if n := len(replayed(t, j, "", 0)); n != 48_010 {
		t.Errorf("%d records, want 48,010", n)
	}
	if found := verified(t, j); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}
