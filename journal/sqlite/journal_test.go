package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func open(t *testing.T, dir string) *Journal {
	t.Helper()
	j, err := Open(t.Context(), Options{Dir: dir, Window: 100, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// records are n observations from seq on.
func records(seq uint64, n int) []telemetry.Record {
	all := make([]telemetry.Record, n)
	for i := range all {
		s := seq + uint64(i)
		all[i] = telemetry.Record{
			Seq: s, Kind: telemetry.KindObservation, Site: "mall", At: telemetry.Instant(s * 1e9), Received: telemetry.Instant(s*1e9 + 5), Identity: s * 7,
			Observation: telemetry.Observation{Device: "d", Sequence: s, HasSequence: true, Readings: []telemetry.Reading{
				{Quantity: telemetry.PeopleIn, Value: float64(s % 5)}, {Quantity: telemetry.CO2, Value: 400.5, Channel: "a"},
			}},
		}
	}
	return all
}

func commit(t *testing.T, j *Journal, b *journal.Batch) {
	t.Helper()
	if err := j.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func replayed(t *testing.T, j *Journal, site string, after uint64) []telemetry.Record {
	t.Helper()
	var all []telemetry.Record
	err := j.Replay(t.Context(), site, after, func(rec *telemetry.Record) error {
		kept := *rec
		kept.Observation.Readings = append([]telemetry.Reading(nil), rec.Observation.Readings...)
		all = append(all, kept)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryKindOfRecordSurvives(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	want := append(records(1, 100),
		telemetry.Record{Seq: 101, Kind: telemetry.KindRejection, At: 5, Received: 6, Identity: 1<<64 - 1, Rejection: &telemetry.Rejection{
			Topic: "a/b", Reason: telemetry.ReasonSyntax, Detail: "no JSON", Size: 3, Raw: []byte{0, 255, 'x'}}},
		telemetry.Record{Seq: 102, Kind: telemetry.KindEntry, Site: "mall", At: 7, Received: 7, Entry: &telemetry.Entry{
			ID: "1", Kind: telemetry.EntryCount, Author: "guard", Subject: "hall", Value: 12}},
		telemetry.Record{Seq: 103, Kind: telemetry.KindTick, Site: "other", At: 8, Received: 8},
		telemetry.Record{Seq: 104, Kind: telemetry.KindConfiguration, Site: "other", At: 9, Received: 9, Configuration: &telemetry.Configuration{
			Version: "v", Author: "file", Definition: []byte(`{"site":{"id":"other"}}`)}},
	)
	commit(t, j, &journal.Batch{Records: want})
	_ = j.Close()

	j = open(t, dir)
	if got := replayed(t, j, "", 0); !reflect.DeepEqual(got, want) {
		t.Errorf("records\n got %+v\nwant %+v", got, want)
	}
	if got := replayed(t, j, "other", 0); len(got) != 2 {
		t.Errorf("%d records of the other site, want 2", len(got))
	}
	st, err := j.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if st.LastSeq != 104 {
		t.Errorf("last record %d, want 104", st.LastSeq)
	}
	if n := len(st.Identities); n != 100 || st.Identities[n-1] != 0 || st.Identities[n-4] != 1<<64-1 {
		t.Errorf("identities %v: want the 100 newest, oldest first", st.Identities)
	}
	if _, ok := st.Snapshots["other"]; !ok {
		t.Error("a site with a configuration and no snapshot is not known")
	}
}

func TestBatchIsWhole(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	alert := alerts.Alert{ID: "a1", Site: "mall", Rule: "capacity", Opened: 5}
	resolved := alert
	resolved.Resolved = 9
	commit(t, j, &journal.Batch{
		Records:     records(1, 1),
		Transitions: []rules.Transition{{Site: "mall", Rule: "capacity", At: 5, To: rules.Breached, Record: 1}},
		Samples:     []rules.Sample{{Site: "mall", Zone: "hall", At: 5, Persons: 3, Limit: 10, Record: 1}},
		Changes:     []alerts.Change{{Alert: alert, What: alerts.Opened, At: 5}},
		Signals:     []alerts.Signal{{ID: "s1", Topic: "t", Payload: []byte("x"), Retain: true}, {ID: "s2", Topic: "t"}},
		Snapshots:   []journal.Snapshot{{Site: "mall", Seq: 1, Body: []byte("snap")}},
		Rollups:     []journal.Rollup{{Site: "mall", Device: "d", Quantity: telemetry.CO2, Minute: 0, Count: 1, Sum: 400, Min: 400, Max: 400, Last: 400, LastAt: 5}},
		Counters:    journal.Counters{Received: 1, Stored: 1},
	})
	commit(t, j, &journal.Batch{
		Changes: []alerts.Change{{Alert: resolved, What: alerts.Resolved, At: 9}}, Sent: []string{"s1"},
		Rollups: []journal.Rollup{{Site: "mall", Device: "d", Quantity: telemetry.CO2, Minute: 0, Count: 2, Sum: 1000, Min: 300, Max: 700, Last: 700, LastAt: 4}},
	})
	owed, err := j.Owed(t.Context(), 10)
	if err != nil || len(owed) != 1 || owed[0].ID != "s2" {
		t.Errorf("owed %+v (%v), want s2", owed, err)
	}
	history, err := j.History(t.Context(), "", 10)
	if err != nil || len(history) != 1 || history[0].Resolved != 9 {
		t.Errorf("history %+v (%v), want the resolved alert", history, err)
	}
	var row [6]float64
	if err := j.reads.QueryRowContext(t.Context(), `SELECT count, sum, min, max, last, last_at FROM rollups`).
		Scan(&row[0], &row[1], &row[2], &row[3], &row[4], &row[5]); err != nil || row != [6]float64{3, 1400, 300, 700, 400, 5} {
		t.Errorf("rollup %v (%v): want both parts added, and the last value by its time", row, err)
	}
	if head := j.Head(); head != (journal.Position{Record: 1, Transition: 1, Sample: 1}) {
		t.Errorf("head %+v", head)
	}
}

// A full disk refuses the batch whole and takes the same batch when there is room again.
func TestFullDiskRefusesAndRecovers(t *testing.T) {
	j := open(t, t.TempDir())
	commit(t, j, &journal.Batch{Records: records(1, 10)})
	limit := func(pages int) {
		if _, err := j.writer.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes the present size instead
	big := &journal.Batch{Records: records(11, 20_000)}
	for range 3 {
		if err := j.Commit(t.Context(), big); !errors.Is(err, journal.ErrFull) {
			t.Fatalf("commit on a full disk: %v, want ErrFull", err)
		}
		if n := len(replayed(t, j, "", 0)); n != 10 {
			t.Fatalf("%d records after a refused commit, want 10", n)
		}
	}
	limit(1 << 30)
	commit(t, j, big)
	if n := len(replayed(t, j, "", 0)); n != 20_010 {
		t.Errorf("%d records after the disk has room, want 20010", n)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	if _, err := Open(t.Context(), Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)}); !errors.Is(err, journal.ErrInUse) {
		t.Errorf("second open: %v, want ErrInUse", err)
	}
}

func TestNewerAndForeignFilesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spoil string
		want  func(error) bool
	}{
		"newer":   {"PRAGMA user_version = 99", func(err error) bool { return errors.Is(err, journal.ErrNewer) }},
		"foreign": {"PRAGMA application_id = 7", func(err error) bool { return err != nil && strings.Contains(err.Error(), "another program") }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_ = open(t, dir).Close()
			db, err := sql.Open("sqlite", filepath.Join(dir, FileName))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(c.spoil); err != nil {
				t.Fatal(err)
			}
			_ = db.Close()
			_ = os.Remove(filepath.Join(dir, AnchorFile)) // it would be missed otherwise: TestL6_
			before, _ := os.ReadFile(filepath.Join(dir, FileName))
			if _, err := Open(t.Context(), Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)}); !c.want(err) {
				t.Errorf("opened with %v", err)
			}
			if _, err := OpenReader(t.Context(), dir); !c.want(err) {
				t.Errorf("opened for reading with %v", err)
			}
			if after, _ := os.ReadFile(filepath.Join(dir, FileName)); !reflect.DeepEqual(before, after) {
				t.Error("the refused file was changed")
			}
		})
	}
}

func TestStrangeDirectoryNames(t *testing.T) {
	for _, name := range []string{"a b", "50%", "q?x=1", "h#1", "é"} {
		dir := filepath.Join(t.TempDir(), name)
		j := open(t, dir)
		commit(t, j, &journal.Batch{Records: records(1, 1)})
		if _, err := os.Stat(filepath.Join(dir, FileName)); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		_ = j.Close()
	}
}

func TestSourceGivesTheSameFromMemoryAndDisk(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	for seq := uint64(1); seq < 3*tailRecords; seq += 1000 {
		commit(t, j, &journal.Batch{Records: records(seq, 1000)})
	}
	read := func(j *Journal) (all []telemetry.Record) {
		s := j.Source()
		for after := uint64(0); ; {
			got, err := s.Records(t.Context(), after, 777, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 {
				return all
			}
			all, after = append(all, got...), got[len(got)-1].Seq
		}
	}
	live := read(j)
	_ = j.Close()
	cold := read(open(t, dir))
	if len(live) != 50_000 && len(live) < 3*tailRecords-1000 {
		t.Errorf("%d records", len(live))
	}
	if !reflect.DeepEqual(live, cold) {
		t.Error("records from memory differ from those on disk")
	}
	for i := range live {
		if live[i].Seq != uint64(i+1) {
			t.Fatalf("record %d at place %d", live[i].Seq, i+1)
		}
	}
}

func TestRetentionKeepsWhatIsNeeded(t *testing.T) {
	day := telemetry.Instant(24 * time.Hour)
	j := open(t, t.TempDir())
	// One record a second from second 1 on; an entry among them.
	batch := &journal.Batch{Records: records(1, 49_999), Snapshots: []journal.Snapshot{{Site: "mall", Seq: 8_000, Body: []byte("x")}}}
	batch.Records[10].Kind, batch.Records[10].Entry = telemetry.KindEntry, &telemetry.Entry{ID: "1"}
	commit(t, j, batch)
	count := func() (n int) {
		if err := j.row(t.Context(), `SELECT count(*) FROM records`, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	retain := func(r journal.Retention) journal.Removed {
		removed, err := j.Retain(t.Context(), r, 10*day)
		if err != nil {
			t.Fatal(err)
		}
		return removed
	}
	r := journal.Retention{Records: 24 * time.Hour, Cursors: true}
	if removed := retain(r); removed.Records != 0 || removed.HeldBy == "" {
		t.Errorf("removed %+v while InfluxDB has nothing: want nothing, held back", removed)
	}
	s := j.Source()
	if err := s.Advance(t.Context(), journal.Position{Record: 5_000}, nil); err != nil {
		t.Fatal(err)
	}
	if removed := retain(r); removed.Records != 4_999 || removed.HeldBy == "" {
		t.Errorf("removed %+v behind the cursor at 5,000: want 4,999 (one is an entry)", removed)
	}
	r.Cursors = false
	if removed := retain(r); removed.Records != 3_000 {
		t.Errorf("removed %+v: want 3,000 up to the snapshot", removed)
	}
	if n := count(); n != 42_000 {
		t.Errorf("%d records left, want 41,999 and the entry", n)
	}
	if removed := retain(journal.Retention{}); removed != (journal.Removed{}) {
		t.Errorf("no retention removed %+v", removed)
	}
	// The numbers go on even if everything is gone.
	commit(t, j, &journal.Batch{Snapshots: []journal.Snapshot{{Site: "mall", Seq: 49_999, Body: []byte("x")}}})
	retain(journal.Retention{MaxBytes: 1})
	if st, err := j.State(t.Context()); err != nil || st.LastSeq != 49_999 {
		t.Errorf("last record %d (%v) after everything was deleted, want 49,999", st.LastSeq, err)
	}
}

func TestReaderWorksBesideAWriter(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	commit(t, j, &journal.Batch{Records: records(1, 5)})
	r, err := OpenReader(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	commit(t, j, &journal.Batch{Records: records(6, 5)})
	if n := len(replayed(t, r, "", 0)); n != 10 {
		t.Errorf("the reader sees %d records, want 10", n)
	}
}
