package sqlite

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
)

// Finding L6: a number above the last that was given is no record: it is told, it is not used, and the journal goes on behind the
// last real one.
func TestL6_ANumberAboveTheLastIsNotUsed(t *testing.T) {
	for _, c := range []struct {
		what     string
		do       string
		next     uint64 // the number that is given next
		told     journal.Finding
		verified []journal.Finding // from then on
		records  int
		strays   int
	}{
		{"the last one, near", `UPDATE records SET seq = 600+64 WHERE seq = 600`, 601, journal.Finding{First: 664, Last: 664, What: journal.Changed}, nil, 600, 0},
		{"the last one, far", `UPDATE records SET seq = 600+(1<<40) WHERE seq = 600`, 601, journal.Finding{First: 600 + 1<<40, Last: 600 + 1<<40, What: journal.Changed}, nil, 600, 0},
		{"nobody's, far", `INSERT INTO records SELECT 9223372036854775807, kind, site, at, received, identity, body, 5 FROM records WHERE seq = 3`, 602,
			journal.Finding{First: 1<<63 - 1, Last: 1<<63 - 1, What: journal.Changed}, []journal.Finding{{First: 601, Last: 601, What: journal.Lost}}, 600, 1},
		{"the last one, far, and garbled", `UPDATE records SET seq = 600+(1<<40), body = 'x', kind = 'y' WHERE seq = 600`, 601,
			journal.Finding{First: 600 + 1<<40, Last: 600 + 1<<40, What: journal.Changed}, []journal.Finding{{First: 600, Last: 600, What: journal.Lost}}, 599, 1},
		// Nothing tells it from the last of some that are lost.
		{"the last one, near, and garbled", `UPDATE records SET seq = 600+64, body = 'x' WHERE seq = 600`, 665, journal.Finding{First: 664, Last: 664, What: journal.Changed},
			[]journal.Finding{{First: 600, Last: 663, What: journal.Lost}}, 600, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := written(t, 600)
			by(t, dir, c.do)
			j := open(t, dir)
			noted, err := j.Damage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !covered(c.told, noted) {
				t.Errorf("noted: %v, want %v among it", noted, c.told)
			}
			if st, err := j.State(t.Context()); err != nil || st.LastSeq != c.next-1 {
				t.Errorf("the last record is %+v (%v), want %d", st.LastSeq, err, c.next-1)
			}
			if got := j.writer.head.Record + 1; got != c.next {
				t.Fatalf("the next number is %d, want %d", got, c.next)
			}
			if n := len(replayed(t, j, "", 0)); n != c.records {
				t.Errorf("%d records are read, want %d", n, c.records)
			}
			var strays int
			if err := j.row(t.Context(), `SELECT count(*) FROM strays`, &strays); err != nil || strays != c.strays {
				t.Errorf("%d strays (%v), want %d", strays, err, c.strays)
			}
			// New ones meet nothing: not even those that come to the number of the stray.
			commit(t, j, &journal.Batch{Records: records(c.next, 100)})
			if got := verified(t, j); !reflect.DeepEqual(got, c.verified) {
				t.Errorf("found %v, want %v", got, c.verified)
			}
		})
	}
}

// A record among the others whose number is one of the far future, or of another one, is passed over: those behind it are read, by the
// InfluxDB writer as well, and the chain knows which record it is.
func TestL6_AStrayAmongOthersIsPassedOver(t *testing.T) {
	for _, to := range []uint64{300 + 1<<12, 300 + 64, 300 + 1<<9, 301, 299, 0} {
		dir := written(t, 600)
		renumber(t, dir, 300, to)
		j := open(t, dir)
		want := []journal.Finding{{First: 300, Last: 300, What: journal.Changed}}
		if to > 600 {
			want = append(want, journal.Finding{First: to, Last: to, What: journal.Changed})
		}
		got := verified(t, j)
		for _, f := range want {
			if !slices.Contains(got, f) {
				t.Errorf("300 as %d: found %v, want %v among it", to, got, f)
			}
		}
		// Some are there and are not found by their numbers.
		for seq := uint64(200); seq <= 400; seq++ {
			var one int
			if err := j.row(t.Context(), fmt.Sprintf(`SELECT 1 FROM records WHERE seq = %d`, seq), &one); err != nil && findings(got).of(seq) == "" {
				t.Errorf("300 as %d: record %d is not found by its number (%v), and is not told", to, seq, err)
			}
		}
		if head := j.writer.head.Record; head != 600 {
			t.Errorf("300 as %d: the last record is %d, want 600", to, head)
		}
		all := replayed(t, j, "", 0)
		read, err := j.Source().Records(t.Context(), 0, 1000, nil)
		if len(all) != 599 || len(read) != 599 || err != nil {
			t.Errorf("300 as %d: %d records are replayed and %d go to InfluxDB (%v), want 599", to, len(all), len(read), err)
		}
		for i := range all {
			if want := uint64(i) + 1 + b2u(i >= 299); all[i].Seq != want {
				t.Fatalf("300 as %d: record %d comes where %d belongs", to, all[i].Seq, want)
			}
		}
		_ = j.Close()
	}
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// renumber changes the number of a record and nothing else: it is not moved to where it would be in order.
func renumber(t *testing.T, dir string, from, to uint64) {
	t.Helper()
	for _, page := range leaves(t, dir, "records") {
		if replaceNumber(t, filepath.Join(dir, FileName), page, from, to) {
			return
		}
	}
	t.Fatalf("no page has number %d", from)
}

// replaceNumber changes the number of a cell on a leaf.
func replaceNumber(t *testing.T, path string, page int64, from, to uint64) bool {
	t.Helper()
	all, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	leaf := all[(page-1)*4096 : page*4096]
	cells := int(binary.BigEndian.Uint16(leaf[3:]))
	for i := range cells {
		at := int(binary.BigEndian.Uint16(leaf[8+2*i:]))
		for leaf[at]&0x80 != 0 {
			at++ // the length of what the row holds
		}
		was := varint(from)
		if bytes.HasPrefix(leaf[at+1:], was) {
			copy(leaf[at+1:], varint(to))
			if err := os.WriteFile(path, all, 0o600); err != nil {
				t.Fatal(err)
			}
			return true
		}
	}
	return false
}

// varint is a number below 16,384 as SQLite may write it, in two bytes.
func varint(n uint64) []byte {
	return []byte{byte(n>>7) | 0x80, byte(n & 0x7f)}
}

// Siblings of the finding: numbers of other tables that are not what was written neither stop the gateway nor hide anything.
func TestL6_NumbersOfOtherTables(t *testing.T) {
	for _, c := range []struct {
		what, do string
		check    func(*testing.T, *Journal)
	}{
		{"a snapshot of a record to come", `UPDATE snapshots SET seq = 300+512`, func(t *testing.T, j *Journal) {
			st, err := j.State(t.Context())
			if err != nil || st.LastSeq != 300 || st.Snapshots["mall"].Seq > 300 || len(st.Snapshots["mall"].Body) > 0 {
				t.Errorf("it begins with %+v (%v), want record 300 and no body of a snapshot", st, err)
			}
		}},
		{"a snapshot of another record", `UPDATE snapshots SET seq = 300-32`, func(t *testing.T, j *Journal) {
			st, err := j.State(t.Context())
			if err != nil || len(st.Snapshots["mall"].Body) > 0 {
				t.Errorf("it begins with %+v (%v), want no body of a snapshot", st, err)
			}
		}},
		{"a snapshot that says something else", `UPDATE snapshots SET body = CAST('S' AS BLOB)`, func(t *testing.T, j *Journal) {
			st, err := j.State(t.Context())
			if err != nil || len(st.Snapshots["mall"].Body) > 0 {
				t.Errorf("it begins with %+v (%v), want no body of a snapshot", st, err)
			}
		}},
		{"a gap to come", `INSERT INTO gaps VALUES (700, 764, 1, 0)`, nil},
		{"a position of InfluxDB to come", `UPDATE cursors SET position = position + 1024 WHERE name LIKE 'influx/%'`, func(t *testing.T, j *Journal) {
			if p, err := j.Source().Position(t.Context()); err != nil || p != (journal.Position{}) {
				t.Errorf("the writer is at %+v (%v), want all to be sent again", p, err)
			}
		}},
		{"a sequence of the past", `UPDATE sqlite_sequence SET seq = seq - 256`, nil},
		{"a sequence of the future", `UPDATE sqlite_sequence SET seq = seq + (1 << 40)`, nil},
		{"a change of verdict with a number to come", `UPDATE transitions SET id = id + 8192 WHERE id = 300`, nil},
		{"a series with a number that comes next", `UPDATE series SET id = 3 WHERE id = 2`, nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := filled(t)
			by(t, dir, c.do)
			j := open(t, dir)
			if head := j.writer.head.Record; head != 300 {
				t.Errorf("the last record is %d, want 300", head)
			}
			if c.check != nil {
				c.check(t, j)
			}
			if err := j.Commit(t.Context(), nextBatch()); err != nil {
				t.Errorf("it does not go on: %v", err)
			}
			if got := verified(t, j); len(got) > 0 {
				t.Errorf("found %v among the records, which nobody touched", got)
			}
		})
	}
	for _, table := range []string{"transitions", "samples", "flows"} {
		t.Run("a number among those of "+table, func(t *testing.T) {
			dir := filled(t)
			changed := false
			for _, page := range leaves(t, dir, table) {
				changed = changed || replaceNumber(t, filepath.Join(dir, FileName), page, 150, 150+128*40)
			}
			if !changed {
				t.Fatal("no page has number 150")
			}
			j := open(t, dir)
			if wrong, err := j.Integrity(t.Context()); err != nil || len(wrong) == 0 {
				t.Errorf("the database says %q (%v), want that a number is out of order", wrong, err)
			}
			s := j.Source()
			n, after := 0, int64(0)
			for range 50 { // in small steps, as the writer may
				var ids []int64
				switch table {
				case "transitions":
					got, err := s.Transitions(t.Context(), after, 20, nil)
					for i := range got {
						ids = append(ids, got[i].ID)
					}
					if err != nil {
						t.Fatal(err)
					}
				case "samples":
					got, err := s.Samples(t.Context(), after, 20, nil)
					for i := range got {
						ids = append(ids, got[i].ID)
					}
					if err != nil {
						t.Fatal(err)
					}
				case "flows":
					got, err := s.Flows(t.Context(), after, 20, nil)
					for i := range got {
						ids = append(ids, got[i].ID)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				if len(ids) == 0 {
					break
				}
				n, after = n+len(ids), ids[len(ids)-1]
			}
			if n < 299 {
				t.Errorf("%d of 300 go to InfluxDB, want all but the one with another number", n)
			}
			if err := j.Commit(t.Context(), nextBatch()); err != nil {
				t.Errorf("it does not go on: %v", err)
			}
		})
	}
}

// leaves are the pages with the rows of a table, in order.
func leaves(t *testing.T, dir, table string) (pages []int64) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	err = each(t.Context(), db, func(rows *sql.Rows) error {
		var page int64
		err := rows.Scan(&page)
		pages = append(pages, page)
		return err
	}, `SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path`, table)
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// filled is a closed journal with something in every table that a gateway writes as it runs.
func filled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	j := open(t, dir)
	b := &journal.Batch{Records: records(1, 300), Snapshots: []journal.Snapshot{{Site: "mall", Seq: 300, Body: []byte("s")}}}
	for i := range 300 {
		b.Transitions = append(b.Transitions, rules.Transition{Record: uint64(i + 1), Site: "mall"})
		b.Samples = append(b.Samples, rules.Sample{Record: uint64(i + 1), Site: "mall"})
		b.Flows = append(b.Flows, rules.Flow{Record: uint64(i + 1), Site: "mall"})
	}
	b.Changes = []alerts.Change{{Alert: alerts.Alert{ID: "a", Site: "mall", Opened: 1}, What: alerts.Opened, At: 1}}
	b.Signals = []alerts.Signal{{ID: "s", Topic: "t"}}
	b.Stops = []journal.Stop{{Site: "other", Seq: 7}}
	b.Alive = 5
	b.Rollups = []journal.Rollup{{Site: "mall", Device: "a", Count: 1}, {Site: "mall", Device: "b", Count: 1}}
	commit(t, j, b)
	if err := j.Source().Advance(t.Context(), journal.Position{Record: 200, Transition: 200, Sample: 200, Flow: 200}, nil); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// nextBatch is what a gateway writes next.
func nextBatch() *journal.Batch {
	return &journal.Batch{Records: records(301, 10), Transitions: []rules.Transition{{Record: 301, Site: "mall"}}, Samples: []rules.Sample{{Record: 301, Site: "mall"}},
		Flows: []rules.Flow{{Record: 301, Site: "mall"}}, Snapshots: []journal.Snapshot{{Site: "mall", Seq: 310, Body: []byte("t")}},
		Rollups: []journal.Rollup{{Site: "mall", Device: "c", Count: 1}, {Site: "mall", Device: "d", Count: 1}}}
}

// A column that holds what no version writes there, in whatever table, keeps neither the gateway from starting nor from going on: it is
// one bit away from any number.
func TestL6_NoColumnStopsTheStart(t *testing.T) {
	from := filled(t)
	j := open(t, from)
	var columns [][2]string
	err := each(t.Context(), j.reads, func(rows *sql.Rows) error {
		var c [2]string
		err := rows.Scan(&c[0], &c[1])
		columns = append(columns, c)
		return err
	}, `SELECT t.name, c.name FROM pragma_table_list t, pragma_table_xinfo(t.name) c WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT IN ('sqlite_schema', 'chain', 'records')
		AND NOT (c.pk > 0 AND c.type = 'INTEGER' AND t.wr = 0)`)
	if err != nil || len(columns) < 60 {
		t.Fatalf("%d columns, %v", len(columns), err)
	}
	_ = j.Close()
	for _, c := range columns {
		for _, value := range []string{`'x'`, `x'ff'`, `1.5`} {
			dir := copied(t, from)
			by(t, dir, fmt.Sprintf(`UPDATE OR REPLACE %s SET %s = %s`, c[0], c[1], value))
			j := open(t, dir)
			if err := j.Held(); err != nil {
				t.Errorf("%s.%s = %s: held: %v", c[0], c[1], value, err)
				continue
			}
			if _, err := j.State(t.Context()); err != nil {
				t.Errorf("%s.%s = %s: %v", c[0], c[1], value, err)
			}
			if _, err := j.Source().Position(t.Context()); err != nil {
				t.Errorf("%s.%s = %s: %v", c[0], c[1], value, err)
			}
			b := nextBatch()
			for i := range b.Records {
				b.Records[i].Seq = j.writer.head.Record + 1 + uint64(i)
			}
			if err := j.Commit(t.Context(), b); err != nil {
				t.Errorf("%s.%s = %s: it does not go on: %v", c[0], c[1], value, err)
			}
			_ = j.Close()
		}
	}
}
