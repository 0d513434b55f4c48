package sqlite

import (
	"database/sql"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding I1: what passed counters of running totals is a stream of its own, which survives a restart and is kept for as long as
// InfluxDB needs it.
func TestI1_FlowsAreAStream(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	flow := func(record uint64, at telemetry.Instant, in float64) rules.Flow {
		return rules.Flow{Site: "mall", Device: "d", Channel: "a", At: at, In: in, Out: 1, Record: record}
	}
	first, second := []rules.Flow{flow(1, 10, 3), flow(1, 20, 4)}, []rules.Flow{flow(2, 10, 2)}
	commit(t, j, &journal.Batch{Records: records(1, 1), Flows: first})
	commit(t, j, &journal.Batch{Records: records(2, 1), Flows: second})
	if got, want := j.Head(), (journal.Position{Record: 2, Flow: 3}); got != want {
		t.Errorf("head: got %+v, want %+v", got, want)
	}
	_ = j.Close()

	j = open(t, dir)
	if got, want := j.Head(), (journal.Position{Record: 2, Flow: 3}); got != want {
		t.Errorf("head after a restart: got %+v, want %+v", got, want)
	}
	s := j.Source()
	got, err := s.Flows(t.Context(), 1, 10, nil)
	want := []journal.Flow{{ID: 2, Flow: first[1]}, {ID: 3, Flow: second[0]}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("flows after 1: got %+v (%v), want %+v", got, err, want)
	}
	if got, err := s.Flows(t.Context(), 0, 1, nil); err != nil || len(got) != 1 {
		t.Errorf("one flow: got %+v (%v)", got, err)
	}
	if err := s.Advance(t.Context(), journal.Position{Record: 1, Flow: 2}, nil); err != nil {
		t.Fatal(err)
	}
	if at, err := s.Position(t.Context()); err != nil || at != (journal.Position{Record: 1, Flow: 2}) {
		t.Errorf("position: got %+v (%v)", at, err)
	}
	// Retention waits for InfluxDB where there is one.
	for _, tt := range []struct {
		cursors bool
		want    int64
	}{{true, 2}, {false, 1}} {
		removed, err := j.Retain(t.Context(), journal.Retention{Samples: time.Second, Cursors: tt.cursors}, 1<<40)
		if err != nil || removed.Flows != tt.want {
			t.Errorf("with cursors %t: removed %+v (%v), want %d flows", tt.cursors, removed, err, tt.want)
		}
	}
	commit(t, j, &journal.Batch{Records: records(3, 1), Flows: []rules.Flow{flow(3, 30, 1)}})
	if got, err := s.Flows(t.Context(), 0, 10, nil); err != nil || len(got) != 1 || got[0].ID != 4 {
		t.Errorf("after all were removed: got %+v (%v), want number 4", got, err)
	}
}

// Finding I1: the InfluxDB writer asks what was configured where it goes on.
func TestI1_ConfiguredAtARecord(t *testing.T) {
	j := open(t, t.TempDir())
	configured := func(seq uint64, site, version string) telemetry.Record {
		return telemetry.Record{Seq: seq, Kind: telemetry.KindConfiguration, Site: site, At: 1, Received: 1,
			Configuration: &telemetry.Configuration{Version: version, Definition: []byte(`{}`)}}
	}
	all := append([]telemetry.Record{configured(1, "mall", "m1"), configured(2, "hall", "h1")}, records(3, 2)...)
	all = append(all, configured(5, "mall", "m2"))
	commit(t, j, &journal.Batch{Records: append(all, records(6, 1)...)})
	for seq, want := range map[uint64]map[string]string{
		0: {}, 1: {"mall": "m1"}, 4: {"mall": "m1", "hall": "h1"}, 5: {"mall": "m2", "hall": "h1"}, 6: {"mall": "m2", "hall": "h1"},
	} {
		found, err := j.Source().Configured(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, rec := range found {
			got[rec.Site] = rec.Configuration.Version
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("at record %d: got %v, want %v", seq, got, want)
		}
	}
}

// A journal of an older version gets the table, and keeps what it has.
func TestI1_OlderJournalsGetFlows(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	for version := range 2 {
		if err := migrateOne(t.Context(), db, version); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(`INSERT INTO records VALUES (1, 4, 'mall', 5, 5, 0, '{}')`); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	j := open(t, dir)
	commit(t, j, &journal.Batch{Records: records(2, 1), Flows: []rules.Flow{{Site: "mall", Device: "d", At: 5, In: 1, Record: 2}}})
	if got := replayed(t, j, "mall", 0); len(got) != 2 {
		t.Errorf("records: got %d, want the old one and the new one", len(got))
	}
	if got, err := j.Source().Flows(t.Context(), 0, 10, nil); err != nil || len(got) != 1 {
		t.Errorf("flows: got %+v (%v), want 1", got, err)
	}
}
