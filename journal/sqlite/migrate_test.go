package sqlite

import (
	"bytes"
	"database/sql"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// firstVersion is what a gateway of schema 1 has written, table by table.
const firstVersion = `
INSERT INTO records VALUES
  (1, 5, 'mall', 1000000000, 1000000000, 0,  '{"version":"v1","author":"file","definition":{"site":{"id":"mall"}}}'),
  (2, 1, 'mall', 2000000000, 2000000001, 77, '{"device":"d","boot":"a","sequence":9,"values":[["people_in",3],["co2",400.5,"a"]]}'),
  (3, 2, '',     3000000000, 3000000000, -1, '{"Topic":"x/y","Reason":"syntax","Detail":"no JSON","Size":3,"Raw":"AP94"}'),
  (4, 3, 'mall', 4000000000, 4000000000, 5,  '{"ID":"e1","Kind":"count","Author":"guard","Reason":"","Subject":"hall","Value":12,"Text":"","Until":0}'),
  (5, 4, 'mall', 5000000000, 5000000000, 0,  '{}');
INSERT INTO transitions (id, record, site, rule, subject, at, until, late, verdict, body) VALUES
  (1, 2, 'mall', 'capacity', 'zone/hall', 2000000000, 0, 0, 1, '{"site":"mall","rule":"capacity","kind":"capacity","class":"breach","subject":{"kind":"zone","id":"hall"},"at":2000000000,"from":"unknown","to":"breached","explanation":{"value":13,"has_value":true},"record":2,"index":0}'),
  (2, 4, 'mall', 'capacity', 'zone/hall', 4000000000, 0, 0, 0, '{"site":"mall","rule":"capacity","kind":"capacity","class":"breach","subject":{"kind":"zone","id":"hall"},"at":4000000000,"from":"breached","to":"within","explanation":{"value":12,"has_value":true},"record":4,"index":0}'),
  (3, 5, 'mall', 'capacity', 'zone/hall', 3000000000, 3500000000, 1, 1, '{"site":"mall","rule":"capacity","kind":"capacity","class":"breach","subject":{"kind":"zone","id":"hall"},"at":3000000000,"until":3500000000,"late":true,"from":"within","to":"breached","explanation":{},"record":5,"index":0}');
INSERT INTO samples (id, record, site, zone, at, persons, error, lim, verdict) VALUES
  (1, 2, 'mall', 'hall', 2000000000, 3, 1, 10, 0), (2, 4, 'mall', 'hall', 64000000000, 0.5, 2, 10, -1),
  (3, 5, 'mall', 'hall', 65000000000, 1, 0, 0, -1);
INSERT INTO alerts VALUES
  ('a1', 'mall', 2000000000, 0,          '{"id":"a1","site":"mall","rule":"capacity","opened":2000000000,"updated":2000000000,"resolved":0}'),
  ('a2', 'mall', 1000000000, 1500000000, '{"id":"a2","site":"mall","rule":"silence","opened":1000000000,"updated":1500000000,"resolved":1500000000}');
INSERT INTO alert_changes (alert, what, at, body) VALUES ('a1', 'opened', 2000000000, '{"id":"a1"}');
INSERT INTO outbox (id, topic, payload, retain) VALUES ('s1', 'gerbang/v1/mall/out/alert/a1', x'7b7d', 1);
INSERT INTO cursors VALUES ('influx/records', 4), ('influx/transitions', 2), ('influx/samples', 1), ('gateway/alive', 6000000000);
INSERT INTO snapshots VALUES ('mall', 4, x'6f6c64');
UPDATE counters SET received = 4, stored = 2, rejected = 1, duplicate = 1, readings = 2;
INSERT INTO series VALUES (7, 'mall', 'd', 'co2', 'a');
INSERT INTO rollups VALUES (7, 0, 1, 400.5, 400.5, 400.5, 400.5, 2000000000);
INSERT INTO refused (at, line, text) VALUES (2000000000, 'p f=1', 'no');
`

// A journal of the first version keeps all that it has, goes on behind it, and says that it takes long.
func TestTheFirstVersionIsMigratedWithItsData(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := migrateOne(t.Context(), db, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(firstVersion); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	var said bytes.Buffer
	j, err := Open(t.Context(), Options{Dir: dir, Window: 100, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	if !strings.Contains(said.String(), "newer schema") || !strings.Contains(said.String(), "records=5") || !strings.Contains(said.String(), "took=") {
		t.Errorf("it says %q, want that it is migrated, and how long that took", said.String())
	}

	all := replayed(t, j, "", 0)
	if len(all) != 5 {
		t.Fatalf("%d records, want five", len(all))
	}
	if o := all[1].Observation; o.Device != "d" || o.Boot != "a" || o.Sequence != 9 || len(o.Readings) != 2 || o.Readings[1] != (telemetry.Reading{Quantity: telemetry.CO2, Value: 400.5, Channel: "a"}) {
		t.Errorf("observation: %+v", o)
	}
	if all[0].Configuration.Version != "v1" || all[2].Rejection.Topic != "x/y" || all[2].Identity != 1<<64-1 || all[3].Entry.Value != 12 {
		t.Errorf("records: %+v", all)
	}
	st, err := j.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s := st.Snapshots["mall"]; st.LastSeq != 5 || s.Seq != 4 || string(s.Body) != "old" || st.Alive != 6e9 || len(st.Open) != 1 || st.Open[0].ID != "a1" ||
		len(st.Engines) != 0 || !reflect.DeepEqual(st.Identities, []uint64{0, 77, 1<<64 - 1, 5, 0}) || st.Counters.Received != 4 {
		t.Errorf("state: %+v", st)
	}
	verdicts, err := j.Verdicts(t.Context(), "mall")
	if err != nil || len(verdicts) != 1 || verdicts[0].To != rules.Within || verdicts[0].Near {
		t.Errorf("last verdicts: %+v (%v), want the one of record 4", verdicts, err)
	}
	samples, err := j.Occupancy(t.Context(), "mall", "hall", 0, 1e12)
	if err != nil || len(samples) != 3 || samples[0].Low != 2 || samples[0].High != 4 || samples[1].Low != 0 || samples[1].Near {
		t.Fatalf("occupancy: %+v (%v), want the interval of persons ± error", samples, err)
	}
	for i, limited := range []bool{true, true, false} {
		if s := samples[i]; !s.Known || s.HasLimit != limited {
			t.Errorf("sample %d: %+v, want that it was known, and a limit: %v", i+1, s, limited)
		}
	}
	if history, err := j.History(t.Context(), "", 10); err != nil || len(history) != 1 || history[0].ID != "a2" {
		t.Errorf("past alerts: %+v (%v)", history, err)
	}
	if at, err := j.Source().Position(t.Context()); err != nil || at != (journal.Position{Record: 4, Transition: 2, Sample: 1}) {
		t.Errorf("position of the InfluxDB writer: %+v (%v)", at, err)
	}

	// It goes on.
	resolved := st.Open[0]
	resolved.Resolved = 9e9
	commit(t, j, &journal.Batch{
		Records: records(6, 1), Transitions: []rules.Transition{{Site: "mall", Rule: "capacity", At: 9e9, To: rules.Unknown, Near: true, Record: 6}},
		Changes: []alerts.Change{{Alert: resolved, What: alerts.Resolved, At: 9e9}}, Sent: []string{"s1"},
		Rollups:  []journal.Rollup{{Site: "mall", Device: "d", Quantity: telemetry.CO2, Channel: "a", Minute: 0, Count: 1, Sum: 500, Min: 500, Max: 500, Last: 500, LastAt: 3e9}},
		Counters: journal.Counters{Received: 5, Stored: 3, Rejected: 1, Duplicate: 1},
	})
	if head := j.Head(); head.Record != 6 || head.Transition != 4 || head.Sample != 3 {
		t.Errorf("head: %+v, want the numbers to go on", head)
	}
	var count int
	var sum float64
	if err := j.reads.QueryRowContext(t.Context(), `SELECT count, sum FROM rollups`).Scan(&count, &sum); err != nil || count != 2 || sum != 900.5 {
		t.Errorf("the minute: %d readings, sum %v (%v), want both", count, sum, err)
	}
	if owed, err := j.Owed(t.Context(), 10); err != nil || len(owed) != 0 {
		t.Errorf("owed: %+v (%v), want none", owed, err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	said.Reset()
	again, err := Open(t.Context(), Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if said.Len() != 0 {
		t.Errorf("a second time it says %q, want nothing", said.String())
	}
	_ = again.Close()
}
