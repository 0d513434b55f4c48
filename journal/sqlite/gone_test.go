package sqlite

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/testengine"
)

// Finding L3: what is done to the files under the process is noticed before the next acknowledgement.
func TestL3_FilesThatAreTakenAwayAreNoticed(t *testing.T) {
	for what, do := range map[string]func(path string) error{
		"deleted":      os.Remove,
		"moved":        func(path string) error { return os.Rename(path, path+".moved") },
		"truncated":    func(path string) error { return os.Truncate(path, 0) },
		"cut in half":  func(path string) error { return os.Truncate(path, 8192) },
		"replaced":     replaceByCopy,
		"log deleted":  func(path string) error { return os.Remove(path + "-wal") },
		"log cut":      func(path string) error { return os.Truncate(path+"-wal", 0) },
		"log replaced": func(path string) error { return replaceByCopy(path + "-wal") },
		"index cut":    func(path string) error { return os.Truncate(path+"-shm", 0) },
		"index gone":   func(path string) error { return os.Remove(path + "-shm") },
		"folder gone":  func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+".moved") },
	} {
		t.Run(what, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			j := open(t, dir)
			commit(t, j, &journal.Batch{Records: records(1, 500)})
			if err := j.Look(); err != nil {
				t.Fatal(err)
			}
			if _, err := j.writer.conn.ExecContext(t.Context(), "PRAGMA wal_checkpoint(passive)"); err != nil { // so that the database has content
				t.Fatal(err)
			}
			commit(t, j, &journal.Batch{Records: records(501, 500)})
			if err := do(filepath.Join(dir, FileName)); err != nil {
				t.Fatal(err)
			}
			if what == "deleted" { // in the middle of a commit
				if err := j.Commit(t.Context(), &journal.Batch{Records: records(1001, 1)}); !errors.Is(err, journal.ErrGone) {
					t.Errorf("committing at once: got %v, want ErrGone", err)
				}
			}
			if err := j.Look(); !errors.Is(err, journal.ErrGone) {
				t.Errorf("looking: got %v, want ErrGone", err)
			}
			if err := j.Commit(t.Context(), &journal.Batch{Records: records(1001, 1)}); !errors.Is(err, journal.ErrGone) || errors.Is(err, journal.ErrOutcomeUnknown) {
				t.Errorf("committing: got %v, want ErrGone", err)
			}
		})
	}
}

func replaceByCopy(path string) error {
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path+".copy", b, 0o600)
	}
	if err == nil {
		err = os.Rename(path+".copy", path)
	}
	return err
}

// A journal that is moved away and back is the same one: it takes commits again by itself. One that was written to meanwhile, or
// was cut, does not.
func TestL3_WhatComesBackIsTaken(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	commit(t, j, &journal.Batch{Records: records(1, 10)})
	path := filepath.Join(dir, FileName)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(lookEvery)
	batch := &journal.Batch{Records: records(11, 10)}
	if err := j.Commit(t.Context(), batch); !errors.Is(err, journal.ErrGone) {
		t.Fatalf("committing: got %v, want ErrGone", err)
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	commit(t, j, batch)
	if n := len(replayed(t, j, "", 0)); n != 20 {
		t.Errorf("%d records, want 20", n)
	}
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path+"-wal", 0); err != nil {
		t.Fatal(err)
	}
	_ = j.Look()
	if err := os.Truncate(path+"-wal", info.Size()); err != nil { // all zeros
		t.Fatal(err)
	}
	if err := j.Commit(t.Context(), &journal.Batch{Records: records(21, 1)}); !errors.Is(err, journal.ErrGone) {
		t.Errorf("committing to a log that was cut: got %v, want ErrGone", err)
	}
}

// Finding L3: a log that is cut under load has grown over its former size, with a hole in it, when it is looked at.
func TestL3_ALogThatIsCutAndGrowsAgainIsNoticed(t *testing.T) {
	for what, part := range map[string]int64{"emptied": 0, "cut in half": 50, "cut at its end": 98} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			j := open(t, dir)
			if err := j.checkpoints.close(); err != nil { // it is long
				t.Fatal(err)
			}
			path := filepath.Join(dir, FileName+"-wal")
			for i := range uint64(10) {
				commit(t, j, &journal.Batch{Records: records(1+1000*i, 1000)})
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, info.Size()*part/100); err != nil {
				t.Fatal(err)
			}
			// At once: there was a look just now, however busy the machine is.
			j.watch.mu.Lock()
			j.watch.looked = time.Now().Add(time.Minute)
			j.watch.mu.Unlock()
			err = j.Commit(t.Context(), &journal.Batch{Records: records(10_001, 1000)})
			if grown, err := os.Stat(path); err != nil || grown.Size() < info.Size() {
				t.Fatalf("the log has %v, and had %d: this tests nothing (%v)", grown.Size(), info.Size(), err)
			}
			if !errors.Is(err, journal.ErrGone) {
				t.Errorf("committing: got %v, want ErrGone", err)
			}
			if err := j.Look(); !errors.Is(err, journal.ErrGone) {
				t.Errorf("looking: got %v, want ErrGone", err)
			}
		})
	}
}

// A log that begins anew is cut by SQLite itself, which alarms nobody.
func TestL3_ALogThatBeginsAnewIsNoLoss(t *testing.T) {
	j := open(t, t.TempDir())
	const limit = 1 << 20
	if _, err := j.writer.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA journal_size_limit = %d", limit)); err != nil {
		t.Fatal(err)
	}
	j.watch.wal.kept = limit
	if err := j.checkpoints.close(); err != nil { // the log grows
		t.Fatal(err)
	}
	seq := uint64(1)
	for j.watch.wal.size < 2*limit {
		commit(t, j, &journal.Batch{Records: records(seq, 500)})
		seq += 500
	}
	if err := j.writer.checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		commit(t, j, &journal.Batch{Records: records(seq, 10)})
		seq += 10
	}
	if j.watch.wal.size > limit {
		t.Errorf("the log has %d bytes: it was not cut, and this tests nothing", j.watch.wal.size)
	}
}

// Finding L6: where there was a journal no other begins in silence.
func TestL6_AJournalThatIsGoneIsHeld(t *testing.T) {
	for what, do := range map[string]func(dir string) error{
		"deleted": func(dir string) error { return os.Remove(filepath.Join(dir, FileName)) },
		"empty":   func(dir string) error { return os.Truncate(filepath.Join(dir, FileName), 0) },
		"no database": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, FileName), []byte(strings.Repeat("x", 9000)), 0o600)
		},
		"another one": func(dir string) error {
			return os.Rename(filepath.Join(written(t, 7), FileName), filepath.Join(dir, FileName))
		},
		"only its log":       logOnly,
		"of another program": func(dir string) error { by(t, dir, `PRAGMA application_id = 7`); return nil },
	} {
		t.Run(what, func(t *testing.T) {
			dir := written(t, 100)
			if err := do(dir); err != nil {
				t.Fatal(err)
			}
			before := listed(t, dir)
			j := open(t, dir)
			held := j.Held()
			if !errors.Is(held, journal.ErrNoJournal) || !errors.Is(held, journal.ErrGone) || !errors.Is(j.Look(), journal.ErrNoJournal) {
				t.Fatalf("held: %v, want ErrNoJournal", held)
			}
			// What starts a gateway works, and is empty.
			if st, err := j.State(t.Context()); err != nil || st.LastSeq != 0 {
				t.Errorf("state: %+v, %v", st, err)
			}
			if n := len(replayed(t, j, "", 0)); n != 0 {
				t.Errorf("%d records, want none", n)
			}
			for range 2 {
				if err := j.Commit(t.Context(), &journal.Batch{Records: records(1, 1)}); !errors.Is(err, journal.ErrGone) {
					t.Errorf("committing: got %v, want ErrGone", err)
				}
				time.Sleep(resumeEvery)
			}
			_ = j.Close()
			if after := listed(t, dir); after != before {
				t.Errorf("files before\n%s\nand after\n%s\nwant them untouched", before, after)
			}

			moved, err := BeginAnew(t.Context(), Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
			if err != nil || !moved {
				t.Fatalf("beginning anew: %v, %v", moved, err)
			}
			j = open(t, dir)
			commit(t, j, &journal.Batch{Records: records(1, 3)})
			_ = j.Close()
			// Said once more it changes nothing.
			if moved, err := BeginAnew(t.Context(), Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)}); err != nil || moved {
				t.Errorf("beginning anew where there is a journal: %v, %v", moved, err)
			}
			if n := len(replayed(t, open(t, dir), "", 0)); n != 3 {
				t.Errorf("%d records, want three", n)
			}
			kept, _ := filepath.Glob(filepath.Join(dir, "*.old-*"))
			if len(kept) == 0 {
				t.Error("what was there is not kept")
			}
		})
	}
}

// logOnly leaves a write-ahead log without anchor and database, as of an older version.
func logOnly(dir string) error {
	if err := os.Remove(filepath.Join(dir, AnchorFile)); err != nil {
		return err
	}
	return os.Rename(filepath.Join(dir, FileName), filepath.Join(dir, FileName+"-wal"))
}

func listed(t *testing.T, dir string) string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, e := range all {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(e.Name(), "-shm") || e.Name() == "lock" {
			continue
		}
		text.WriteString(e.Name() + " " + info.ModTime().String() + "\n")
	}
	return text.String()
}

// Finding L2: on a full disk the journal can be read from the start, and takes commits as soon as there is room.
func TestL2_StartsOnAFullDisk(t *testing.T) {
	for _, how := range []string{"closed", "killed"} {
		t.Run(how, func(t *testing.T) {
			disk := testengine.SmallDisk(t, "2m")
			dir := filepath.Join(disk.Dir, "data")
			j := open(t, dir)
			commit(t, j, &journal.Batch{Records: records(1, 100)})
			if how == "killed" {
				killed := copied(t, dir)
				_ = j.Close()
				putBack(t, killed, dir, FileName, FileName+"-wal", AnchorFile)
			}
			_ = j.Close()
			disk.Fill()
			j = open(t, dir)
			if err := j.Held(); !errors.Is(err, journal.ErrFull) {
				t.Fatalf("held: %v, want ErrFull", err)
			}
			st, err := j.State(t.Context())
			if err != nil || st.LastSeq != 100 {
				t.Fatalf("state: %+v, %v: want 100 records", st, err)
			}
			batch := &journal.Batch{Records: records(101, 100)}
			for range 3 {
				if err := j.Commit(t.Context(), batch); !errors.Is(err, journal.ErrFull) {
					t.Errorf("committing: got %v, want ErrFull", err)
				}
				if n := len(replayed(t, j, "", 0)); n != 100 {
					t.Errorf("%d records are read, want 100", n)
				}
				time.Sleep(resumeEvery)
			}
			disk.Free()
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
		})
	}
}

// putBack writes files of a journal that was copied over those that are there.
func putBack(t *testing.T, from, to string, names ...string) {
	t.Helper()
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
