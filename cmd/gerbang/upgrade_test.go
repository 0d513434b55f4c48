package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the journal's driver

	"github.com/gerbang-iot/gerbang/journal/sqlite"
)

// A journal that another version of the engine judged: the new one begins where it ended, rewrites nothing, and the check
// recomputes what its own version judged and calls the rest recorded.
func TestUpgradeOfTheEngineKeepsWhatWasJudged(t *testing.T) {
	r := newRig(t).building().serve()
	c := connect(t, "tcp://"+r.mqtt, "thermometer", nil)
	for i, celsius := range []float64{36.5, 39.1, 36.4} {
		publish(t, c, "gerbang/v1/gedung/suhu", fmt.Sprintf(`{"boot":"a","seq":%d,"body_temperature":%v}`, i+1, celsius))
	}
	r.alerted("suhu")
	r.stop()
	before := tamper(t, r, `UPDATE records SET body = '{"Version":"0","After":0}' WHERE kind = 6`,
		`UPDATE snapshots SET body = x'00'`, unchained, chainedAnew, unlogged)
	r.serve()
	c = connect(t, "tcp://"+r.mqtt, "thermometer", nil)
	publish(t, c, "gerbang/v1/gedung/suhu", `{"boot":"a","seq":4,"body_temperature":39.7}`)
	r.p.eventually(5*time.Second, "to raise another alert", func() error {
		_, err := r.alert("suhu")
		return err
	})
	r.stop()
	after := tamper(t, r)
	if len(after) < len(before) || strings.Join(after[:len(before)], "\n") != strings.Join(before, "\n") {
		t.Errorf("changes of verdict: got\n%s\nwant these unchanged in front\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	code, out, errs := run(t, "", "journal", "check", "--data", r.data())
	want := fmt.Sprintf("%d changes of verdict by another version of the engine: recorded, not recomputable here", len(before))
	if code != 0 || !strings.Contains(out, want) {
		t.Errorf("journal check: got code %d: %s%s\nwant %q", code, out, errs, want)
	}
	// What was changed by hand is found, also where nothing comes out again.
	tamper(t, r, `UPDATE transitions SET body = replace(body, '"to":"breached"', '"to":"within"') WHERE id = (SELECT max(id) FROM transitions WHERE verdict = 1)`)
	if code, out, _ := run(t, "", "journal", "check", "--data", r.data()); code == 0 {
		t.Errorf("journal check of a changed verdict: got code 0: %s", out)
	}
}

// A journal that an older version wrote has no checksums, and no transparency logs: they begin behind what is there.
const (
	unlogged = `DELETE FROM logs; DELETE FROM log_entries; DELETE FROM log_tiles; UPDATE logs_since SET record = (SELECT max(seq) FROM records),
		transition = coalesce((SELECT max(id) FROM transitions), 0), change = coalesce((SELECT max(id) FROM alert_changes), 0)`
	unchained   = `UPDATE records SET sum = NULL`
	chainedAnew = `UPDATE chain SET begins = (SELECT max(seq) FROM records) + 1`
)

// tamper changes the journal of a gateway that is not running, and lists its changes of verdict.
func tamper(t *testing.T, r *rig, statements ...string) (transitions []string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(r.data(), sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := db.Query(`SELECT body FROM transitions ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			t.Fatal(err)
		}
		transitions = append(transitions, body)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return transitions
}
