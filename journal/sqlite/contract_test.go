package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/journal/journaltest"
)

func TestContract(t *testing.T) {
	journaltest.Run(t, func(t testing.TB) journaltest.Harness { return &harness{t.TempDir()} })
}

// harness is a data directory.
type harness struct{ dir string }

var (
	_ journaltest.Interrupter  = (*harness)(nil)
	_ journaltest.Filler       = (*harness)(nil)
	_ journaltest.Damager      = (*harness)(nil)
	_ journaltest.SecondReader = (*harness)(nil)
)

func (h *harness) Open(t testing.TB, window int) (journal.Journal, error) {
	j, err := Open(t.Context(), Options{Dir: h.dir, Window: window, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = j.Close() })
	return j, nil
}

// Crash copies the files as they are: what a killed process leaves, because the system has all that was written.
func (h *harness) Crash(t testing.TB) journaltest.Harness { return &harness{copied(t, h.dir)} }

// Interrupt cuts the log behind each of the pages that the commit has added, and in the middle of each. Anchor and head are those of
// before: they are written when the commit is over.
func (h *harness) Interrupt(t testing.TB, commit func()) []journaltest.Harness {
	before := copied(t, h.dir)
	commit()
	after := copied(t, h.dir)
	log, err := os.ReadFile(filepath.Join(after, FileName+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(before, FileName+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	const half = (24 + 4096) / 2 // of a page and its header
	all := []journaltest.Harness{&harness{copied(t, before)}}
	for size := info.Size(); size <= int64(len(log)); size += half {
		dir := copied(t, before)
		if err := os.WriteFile(filepath.Join(dir, FileName+"-wal"), log[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		all = append(all, &harness{dir})
	}
	if len(all) < 5 {
		t.Fatalf("the commit has added no page to the log: %d bytes, then %d", info.Size(), len(log))
	}
	return append(all, &harness{after})
}

func (h *harness) Fill(t testing.TB, j journal.Journal) { h.limit(t, j, 1) } // as large as it is

func (h *harness) Free(t testing.TB, j journal.Journal) { h.limit(t, j, 1_000_000) }

func (h *harness) limit(t testing.TB, j journal.Journal, pages int) {
	if _, err := j.(*Journal).writer.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
		t.Fatal(err)
	}
}

func (h *harness) Lose(t testing.TB, first, last uint64) {
	h.exec(t, `DELETE FROM records WHERE seq BETWEEN ? AND ?`, int64(first), int64(last))
}

func (h *harness) Change(t testing.TB, seq uint64) {
	h.exec(t, `UPDATE records SET at = at + 1 WHERE seq = ?`, int64(seq))
}

func (h *harness) exec(t testing.TB, query string, args ...any) {
	db, err := sql.Open("sqlite", filepath.Join(h.dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), query, args...)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func (h *harness) OpenReader(ctx context.Context) (journal.Recovery, func() error, error) {
	j, err := OpenReader(ctx, h.dir)
	if err != nil {
		return nil, nil, err
	}
	return j, j.Close, nil
}
