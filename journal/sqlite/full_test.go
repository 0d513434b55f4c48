package sqlite

import (
	"errors"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/testengine"
)

// Finding L2: on a full disk nothing is stored and nothing is doubtful, and the same batch is stored once when there is room.
func TestL2_FullDiskRefusesAndGoesOn(t *testing.T) {
	disk := testengine.SmallDisk(t, "2m")
	j := open(t, disk.Dir)
	commit(t, j, &journal.Batch{Records: records(1, 10)})
	for round := range 3 {
		from := uint64(11 + 200*round)
		disk.Fill()
		// Small ones may still find room in what the log has; one that needs more fails for as long as the disk is full.
		batch := &journal.Batch{Records: records(from, 200)}
		for i := range 20 {
			err := j.Commit(t.Context(), batch)
			if !errors.Is(err, journal.ErrFull) || errors.Is(err, journal.ErrOutcomeUnknown) {
				t.Fatalf("round %d, try %d on a full disk: got %v, want ErrFull", round, i, err)
			}
		}
		if n := len(replayed(t, j, "", 0)); n != int(from)-1 {
			t.Errorf("%d records on the full disk, want %d", n, from-1)
		}
		disk.Free()
		commit(t, j, batch)
	}
	_ = j.Close()
	j = open(t, disk.Dir)
	if n := len(replayed(t, j, "", 0)); n != 610 {
		t.Errorf("%d records in the end, want 610", n)
	}
}

// The same where the database itself may not grow, which needs no disk of its own.
func TestL2_FullDatabaseRefusesAndGoesOn(t *testing.T) {
	j := open(t, t.TempDir())
	commit(t, j, &journal.Batch{Records: records(1, 10)})
	limit := func(pragma string) {
		t.Helper()
		if _, err := j.writer.conn.ExecContext(t.Context(), pragma); err != nil {
			t.Fatal(err)
		}
	}
	limit("PRAGMA max_page_count = 1") // as it is
	batch := &journal.Batch{Records: records(11, 500)}
	if err := j.Commit(t.Context(), batch); !errors.Is(err, journal.ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	limit("PRAGMA max_page_count = 1000000")
	commit(t, j, batch)
	if n := len(replayed(t, j, "", 0)); n != 510 {
		t.Errorf("%d records in the end, want 510", n)
	}
}

// A transaction that an error has left open does not keep the next one from beginning.
func TestL2_AnOpenTransactionIsEnded(t *testing.T) {
	j := open(t, t.TempDir())
	if err := j.writer.begin.exec(); err != nil {
		t.Fatal(err)
	}
	_ = j.Commit(t.Context(), &journal.Batch{Records: records(1, 1)})
	commit(t, j, &journal.Batch{Records: records(1, 1)})
}
