package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding L7: whatever is changed by hand in a journal, the check finds it: records, and everything that was derived from them.
func TestL7_TheCheckComparesEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t).building()
	written := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)
	g, end := doorless(t, r, written.Add(-time.Hour))
	at := written
	for i := range 60 {
		for topic, value := range map[string]string{
			"hitung": `"people_in":1`, "suhu": fmt.Sprintf(`"body_temperature":%v`, []float64{36.5, 39.1, 36.4}[i%3]), "udara": fmt.Sprintf(`"co2":%d`, 500+i),
		} {
			at = at.Add(7 * time.Second)
			msg := &ingest.Message{Topic: "gerbang/v1/gedung/" + topic, Payload: fmt.Appendf(nil, `{"boot":"a","seq":%d,%s}`, i+1, value), QoS: 1, Received: telemetry.InstantOf(at)}
			if err := g.Accept(t.Context(), msg); err != nil {
				t.Fatal(err)
			}
			if err := g.Advance(t.Context(), msg.Received); err != nil {
				t.Fatal(err)
			}
			if _, err := g.Commit(t.Context(), msg.Received); err != nil {
				t.Fatal(err)
			}
			g.Begin()
		}
	}
	if err := g.Rest(t.Context(), telemetry.InstantOf(at)); err != nil {
		t.Fatal(err)
	}
	end()
	if code, out, errs := run(t, "", "journal", "check", "--data", r.data()); code != 0 || !strings.Contains(out, "all as derived") {
		t.Fatalf("an untouched journal: code %d\n%s%s", code, out, errs)
	}
	path := filepath.Join(r.data(), sqlite.FileName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := `(SELECT max(id) FROM transitions)`
	for what, do := range map[string]string{
		"the last record":          `UPDATE records SET body = replace(body, '"people_in",1', '"people_in",2') WHERE seq = (SELECT max(seq) FROM records WHERE body LIKE '%people_in%')`,
		"the last 100 records":     `DELETE FROM records WHERE seq > (SELECT max(seq) FROM records) - 100`,
		"a record's site":          `UPDATE records SET site = 'x' WHERE seq = 20`,
		"a change of verdict":      `UPDATE transitions SET body = replace(body, '"to":"breached"', '"to":"within"') WHERE verdict = 1`,
		"the last change, gone":    `DELETE FROM transitions WHERE id = ` + last,
		"one more change":          `INSERT INTO transitions (record, site, rule, subject, at, until, late, verdict, body) SELECT record + 100000, site, rule, subject, at, until, late, verdict, replace(body, '"record":', '"record":100000') FROM transitions WHERE id = ` + last,
		"a verdict's column":       `UPDATE transitions SET verdict = 0 WHERE verdict = 1`,
		"a time's column":          `UPDATE transitions SET at = at + 1 WHERE id = ` + last,
		"near":                     `UPDATE transitions SET near = 1 WHERE id = ` + last,
		"a subject's column":       `UPDATE transitions SET subject = 'zone/x' WHERE id = ` + last,
		"an alert's end":           `UPDATE alerts SET resolved = resolved + 1 WHERE rule_of(body) = 'suhu'`,
		"an alert, ended":          `UPDATE alerts SET resolved = 5, body = json_set(body, '$.resolved', 5) WHERE id = (SELECT max(id) FROM alerts WHERE body LIKE '%suhu%')`,
		"an alert and its changes": `UPDATE alert_changes SET body = json_set(body, '$.severity', 'info'); UPDATE alerts SET body = json_set(body, '$.severity', 'info')`,
		"an alert, gone":           `DELETE FROM alerts WHERE id = (SELECT max(id) FROM alerts WHERE body LIKE '%suhu%')`,
		"one more alert":           `INSERT INTO alerts SELECT 'x' || id, site, opened, resolved, json_set(body, '$.id', 'x' || id) FROM alerts WHERE body LIKE '%suhu%' LIMIT 1; INSERT INTO alert_changes (alert, what, at, body) SELECT id, 'opened', opened, body FROM alerts WHERE id LIKE 'x%'`,
		"an alert's change, gone":  `DELETE FROM alert_changes`,
		"a minute's sum":           `UPDATE rollups SET sum = sum + 1 WHERE rowid_of = 1`,
		"a minute's last value":    `UPDATE rollups SET last = last + 0.5 WHERE series = 1`,
		"a minute's count":         `UPDATE rollups SET count = count + 1 WHERE series = 2`,
		"a minute, gone":           `DELETE FROM rollups WHERE series = 3 AND minute = (SELECT max(minute) FROM rollups WHERE series = 3)`,
		"one more minute":          `INSERT INTO rollups SELECT series, minute + 60000000000000, count, sum, min, max, last, last_at FROM rollups WHERE series = 1 LIMIT 1`,
		"a series' name":           `UPDATE series SET device = 'lain' WHERE id = 1`,
		"a sample":                 `UPDATE samples SET persons = persons + 1 WHERE id = (SELECT max(id) FROM samples)`,
		"a sample, gone":           `DELETE FROM samples WHERE id = (SELECT max(id) FROM samples)`,
		"a counter":                `UPDATE counters SET stored = stored + 1`,
	} {
		t.Run(what, func(t *testing.T) {
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			do = strings.ReplaceAll(do, "rule_of(body)", "json_extract(body, '$.rule')")
			do = strings.ReplaceAll(do, "rowid_of = 1", "series = (SELECT min(series) FROM rollups)")
			before := digest(t, path)
			tamper(t, r, strings.Split(do, "; ")...)
			if digest(t, path) == before {
				t.Fatal("nothing was changed: this tests nothing")
			}
			code, out, errs := run(t, "", "journal", "check", "--data", r.data())
			if code != 1 || !strings.Contains(errs, "not as it was written") {
				t.Errorf("code %d\n%s%s", code, out, errs)
			}
		})
	}
}

func digest(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
