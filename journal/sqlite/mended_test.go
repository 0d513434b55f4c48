package sqlite

import (
	"bytes"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What retention has deleted of samples and flows is known from their numbers, also where nothing is left.
func TestFreeze_SaysWhatRetentionHasDeleted(t *testing.T) {
	type thinned struct{ Samples, Flows bool }
	for what, c := range map[string]struct {
		keep time.Duration // of samples and flows, at second 100
		want thinned
	}{
		"nothing":     {0, thinned{}},
		"the oldest":  {50 * time.Second, thinned{true, true}},
		"all of them": {time.Nanosecond, thinned{true, true}},
	} {
		t.Run(what, func(t *testing.T) {
			j := open(t, t.TempDir())
			for i := range uint64(90) {
				at := telemetry.Instant((i + 1) * 1e9)
				commit(t, j, &journal.Batch{Records: records(i+1, 1), Samples: []rules.Sample{{Site: "mall", At: at, Record: i + 1}},
					Flows: []rules.Flow{{Site: "mall", Device: "d", At: at, Record: i + 1}}})
			}
			if _, err := j.Retain(t.Context(), journal.Retention{Samples: c.keep}, 100e9); err != nil {
				t.Fatal(err)
			}
			f, err := j.Freeze(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if got := thinned(f.Moment().Thinned); got != c.want || f.Moment().Deleted {
				t.Errorf("got %+v, records deleted: %v; want %+v and no record", got, f.Moment().Deleted, c.want)
			}
		})
	}
	j := open(t, t.TempDir()) // one that never had any
	f, err := j.Freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Moment().Thinned.Samples || f.Moment().Thinned.Flows {
		t.Errorf("an empty journal: %+v", f.Moment().Thinned)
	}
}

// Ranges of deleted records that touch become one, in whatever order they were deleted, and the checksum stays that of the last.
func TestGaps_ThatTouchBecomeOne(t *testing.T) {
	for what, order := range map[string][][2]int64{
		"one in the middle first": {{100, 100}, {1, 200}},
		"from behind":             {{151, 200}, {51, 150}, {1, 50}},
		"every other one":         {{10, 10}, {30, 30}, {20, 20}, {31, 200}, {1, 29}},
		"in between last":         {{1, 99}, {101, 200}, {100, 100}},
	} {
		t.Run(what, func(t *testing.T) {
			j := open(t, t.TempDir())
			commit(t, j, &journal.Batch{Records: records(1, 250)})
			for _, r := range order {
				if _, err := j.deleteRecords(t.Context(), r[0], r[1], deletable); err != nil {
					t.Fatal(err)
				}
			}
			c, err := readChain(t.Context(), j.reads)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.gaps) != 1 || c.gaps[0].first != 1 || c.gaps[0].last != 200 {
				t.Errorf("got %+v, want one gap from 1 to 200", c.gaps)
			}
			sound(t, j)
		})
	}
	// What is lost stays told, and so does what was deleted on both sides of it.
	dir := t.TempDir()
	j := open(t, dir)
	commit(t, j, &journal.Batch{Records: records(1, 250)})
	if err := j.lose(t.Context(), j.reads, 1000); err == nil {
		t.Fatal("a reader wrote")
	}
	if _, err := j.writer.conn.ExecContext(t.Context(), `INSERT INTO gaps SELECT seq, seq, sum, 1 FROM records WHERE seq = 100`); err != nil {
		t.Fatal(err)
	}
	if _, err := j.writer.conn.ExecContext(t.Context(), `DELETE FROM records WHERE seq = 100`); err != nil {
		t.Fatal(err)
	}
	if _, err := j.deleteRecords(t.Context(), 1, 200, deletable); err != nil {
		t.Fatal(err)
	}
	if found := verified(t, j); !reflect.DeepEqual(found, []journal.Finding{{First: 100, Last: 100, What: journal.Lost}}) {
		t.Errorf("found %v, want record 100 lost", found)
	}
}

// Turning durability on is done when all is on disk, and not where a reader has kept it in the log.
func TestStrict_FailsWhereTheLogIsStillRead(t *testing.T) {
	j, err := Open(t.Context(), Options{Dir: t.TempDir(), Relaxed: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	var level int
	if err := j.checkpoints.db.QueryRowContext(t.Context(), `PRAGMA synchronous`).Scan(&level); err != nil || level != 2 {
		t.Errorf("the checkpointer has synchronous=%d, %v: want 2 (full), it goes on when the commits are durable", level, err)
	}
	commit(t, j, &journal.Batch{Records: records(1, 10)})
	f, err := j.Freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	commit(t, j, &journal.Batch{Records: records(11, 10)})
	err = j.Strict(t.Context())
	f.Close()
	if err == nil {
		t.Error("no error although somebody reads the log")
	}
	if err := j.Strict(t.Context()); err != nil {
		t.Errorf("when nobody reads it: %v", err)
	}
	if info, err := os.Stat(j.path() + "-wal"); err != nil || info.Size() != 0 {
		t.Errorf("the log: %v, %v, want it empty", info, err)
	}
	commit(t, j, &journal.Batch{Records: records(21, 10)})
	sound(t, j)
}

// The checkpointer beside it does not keep durability from being turned on.
func TestStrict_WaitsForTheCheckpointer(t *testing.T) {
	for range 5 {
		j, err := Open(t.Context(), Options{Dir: t.TempDir(), Relaxed: true, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		commit(t, j, &journal.Batch{Records: records(1, 60_000)})
		j.writer.long <- struct{}{}
		for len(j.writer.long) > 0 { // until it has begun
			time.Sleep(time.Microsecond)
		}
		time.Sleep(time.Millisecond)
		if err := j.Strict(t.Context()); err != nil {
			t.Error(err)
		}
		_ = j.Close()
	}
}

// Whoever comes to a writer that is closed gets an error, and waits for nothing.
func TestWriter_ThatIsClosedRefuses(t *testing.T) {
	j := open(t, t.TempDir())
	w := j.writer
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() error{
		"a transaction": func() error { return w.transaction(func() error { return nil }) },
		"a checkpoint":  func() error { return w.checkpoint(t.Context()) },
		"durability":    func() error { return w.strict(t.Context()) },
		"a rescue":      func() error { _, err := j.Rescue(t.Context()); return err },
		"a note":        func() error { return j.Note(t.Context(), []journal.Finding{{First: 1, Last: 1, What: journal.Lost}}) },
	} {
		done := make(chan error, 1)
		go func() { done <- do() }()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s: no error", what)
			}
		case <-time.After(3 * time.Second):
			t.Errorf("%s waits for ever", what)
		}
	}
}

// A writer that cannot begin keeps no connection.
func TestWriter_ThatCannotBeginLeavesNothingOpen(t *testing.T) {
	for _, spoil := range []string{`DROP TABLE flows`, `DROP TABLE series`, `DROP TABLE outbox`, `ALTER TABLE records RENAME TO gone`} {
		dir := written(t, 5)
		by(t, dir, spoil)
		db, err := connect(filepath.Join(dir, FileName), "rw")
		if err != nil {
			t.Fatal(err)
		}
		w, err := newWriter(t.Context(), db)
		if err == nil || w != nil {
			t.Errorf("%s: got %v, %v, want an error and no writer", spoil, w, err)
		}
		if n := db.Stats().InUse; n != 0 {
			t.Errorf("%s: %d connections are in use, want none", spoil, n)
		}
		_ = db.Close()
	}
}

// Whoever writes the anchor, one at a time does.
func TestAnchor_IsWrittenByOneAtATime(t *testing.T) {
	dir := t.TempDir()
	var log lockedLog
	a := newAnchorer(dir, "id", slog.New(slog.NewTextHandler(&log, nil)), 0, 0, false)
	var all sync.WaitGroup
	for i := range uint64(4) {
		all.Go(func() {
			for n := range uint64(100) {
				a.committed(1+n*4+i, n)
				a.strict()
			}
		})
	}
	all.Wait()
	a.close()
	if text := log.String(); text != "" {
		t.Errorf("the log says\n%s", text)
	}
	if got, err := ReadAnchor(dir); err != nil || got == nil || got.Record != a.record {
		t.Errorf("the anchor: %+v, %v, want record %d", got, err, a.record)
	}
}

type lockedLog struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *lockedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(b)
}

// However many ranges of deleted records there are, the neighbours of one are found without a walk through all: commits wait meanwhile.
func TestGaps_AreFoundByTheirIndex(t *testing.T) {
	j := open(t, t.TempDir())
	for _, query := range []string{beforeSQL, behindGapSQL, sumSQL} {
		err := each(t.Context(), j.reads, func(rows *sql.Rows) error {
			var id, parent, unused int
			var step string
			err := rows.Scan(&id, &parent, &unused, &step)
			if strings.HasPrefix(step, "SCAN gaps") {
				t.Errorf("%s\n%s", query, step)
			}
			return err
		}, "EXPLAIN QUERY PLAN "+query, 1)
		if err != nil {
			t.Fatal(err)
		}
	}
}
