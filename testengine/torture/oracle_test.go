package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// written is a journal of ten messages of the boot "a", as docs/durability.md describes one, with some statements done to it.
func written(t *testing.T, hands ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	do := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	do(`CREATE TABLE records (seq INTEGER PRIMARY KEY, kind, site TEXT, at, received, identity, body TEXT, sum)`)
	for _, table := range []string{"damage", "gaps", "set_aside"} {
		do(`CREATE TABLE ` + table + ` (first)`)
	}
	sum := uint64(0)
	for seq := range int64(10) {
		r := row{seq: seq + 1, kind: 1, at: time.Now().UnixNano(), received: time.Now().UnixNano(), identity: seq, site: []byte("s00"),
			body: fmt.Appendf(nil, `{"device":"d","boot":"a","sequence":%d,"values":[["people_in",1]]}`, seq+1)}
		sum = r.link(sum)
		do(`INSERT INTO records VALUES (?,?,?,?,?,?,?,?)`, r.seq, r.kind, string(r.site), r.at, r.received, r.identity, string(r.body), int64(sum))
	}
	for _, hand := range hands {
		do(hand)
	}
	return path
}

// What no gateway may do must be seen: an oracle that finds nothing proves nothing.
func TestOracleSees(t *testing.T) {
	for _, c := range []struct{ name, hand, want string }{
		{"nothing", `UPDATE records SET kind = 1`, ""},
		{"a record deleted", `DELETE FROM records WHERE seq = 4`, "records 4 to 4 are not there"},
		{"a record changed", `UPDATE records SET body = replace(body, '1]', '2]') WHERE seq = 5`, "record 5 has the checksum"},
		{"a time changed", `UPDATE records SET at = at + 1 WHERE seq = 6`, "record 6 has the checksum"},
		{"a checksum lost", `UPDATE records SET sum = NULL WHERE seq = 7`, "record 7 has the checksum"},
		{"a message twice", `INSERT INTO records SELECT 11, kind, site, at, received, identity, body, 0 FROM records WHERE seq = 3`, "message 3 of d is there twice"},
		{"a time to come", `UPDATE records SET received = received + 3600000000000 WHERE seq = 10`, "which is to come"},
		{"damage noted", `INSERT INTO damage VALUES (1)`, "1 damage in a journal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			problems, err := newOracle("a").read(written(t, c.hand))
			if err != nil {
				t.Fatal(err)
			}
			if all := strings.Join(problems, "\n"); c.want == "" && all != "" || !strings.Contains(all, c.want) {
				t.Errorf("it says %q, want %q", all, c.want)
			}
		})
	}
}

func TestOracleMisses(t *testing.T) {
	o := newOracle("a")
	if _, err := o.read(written(t, `DELETE FROM records WHERE seq = 10`)); err != nil {
		t.Fatal(err)
	}
	want := []identity{{"d", 10}}
	if got := o.missing([]identity{{"d", 1}, {"d", 10}, {"d", 9}}); !slices.Equal(got, want) {
		t.Errorf("missing: %v, want %v", got, want)
	}
}

func TestNamed(t *testing.T) {
	text := "record 10 is changed\nrecords 301 to 1000 are lost\n" + `msg="the journal is damaged" component=journal first=1001 last=1002 what=unreadable` + "\nrecords 1 to 5 are chained"
	got := named(text)
	if want := []span{{10, 10}, {301, 1000}, {1001, 1002}}; !slices.Equal(got, want) {
		t.Fatalf("named: %v, want %v", got, want)
	}
	if !covers(got, 1000) || covers(got, 11) || covers(got, 1) {
		t.Error("the wrong records are covered")
	}
	if got := union([]span{{5, 9}, {1, 3}, {3, 6}}); !slices.Equal(got, []span{{1, 9}}) {
		t.Errorf("union: %v", got)
	}
}

func TestPlan(t *testing.T) {
	got, err := plan("kill=3, flip", 7)
	if err != nil || len(got) != 2 || got["kill"] != 3 || got["flip"] != 7 {
		t.Errorf("plan: %v, %v", got, err)
	}
	if _, err := plan("fire", 1); err == nil {
		t.Error("a fault that is not there is taken")
	}
}
