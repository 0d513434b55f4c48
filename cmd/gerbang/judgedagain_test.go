package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A site that was stopped while another went on is judged again at the next start: its changes of verdict get later numbers than
// those of the other, and the journal is as sound as before.
func TestCheckOfASiteThatWasJudgedAgainBesideAnother(t *testing.T) {
	r := newRig(t).building()
	writeFile(t, r.dir, "sites/lain.yaml", strings.Replace(gedung, "id: gedung", "id: lain", 1))
	now := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)
	seq := 0
	running(t, r, now, func(send func(site string, at time.Time, celsius float64)) {
		for _, celsius := range []float64{36.5, 39.2, 36.4, 39.5, 36.2} {
			seq++
			send("gedung", now.Add(time.Duration(seq)*time.Minute), celsius)
			send("lain", now.Add(time.Duration(seq)*time.Minute), celsius)
		}
	})
	// As if the first site had stopped at its second reading: what was not judged is in no log.
	before := len(tamper(t, r))
	const from = `(SELECT min(record) FROM transitions WHERE site = 'gedung' AND verdict = 1)`
	after := tamper(t, r, `INSERT INTO cursors (name, position) VALUES ('stopped/gedung', `+from+`) ON CONFLICT (name) DO UPDATE SET position = excluded.position`,
		`UPDATE snapshots SET body = x'' WHERE site = 'gedung'`,
		`DELETE FROM samples WHERE site = 'gedung' AND record >= `+from,
		`DELETE FROM transitions WHERE site = 'gedung' AND record >= `+from, unlogged)
	if len(after) >= before {
		t.Fatalf("%d changes of verdict, want fewer than %d", len(after), before)
	}
	running(t, r, now.Add(time.Hour), func(func(string, time.Time, float64)) {})
	if got := len(tamper(t, r)); got < before {
		t.Errorf("%d changes of verdict after the start, want the %d from before", got, before)
	}
	if code, out, errs := run(t, "", "journal", "check", "--data", r.data()); code != 0 {
		t.Errorf("journal check: code %d: %s%s", code, out, errs)
	}
}

// running opens the gateway of a rig without its doors, lets readings be sent to it, and ends it.
func running(t *testing.T, r *rig, now time.Time, do func(send func(site string, at time.Time, celsius float64))) {
	t.Helper()
	ctx := context.Background()
	g, end := doorless(t, r, now)
	defer end()
	last := telemetry.InstantOf(now)
	do(func(site string, at time.Time, celsius float64) {
		t.Helper()
		last = telemetry.InstantOf(at)
		payload := fmt.Appendf(nil, `{"boot":"a","seq":%d,"body_temperature":%v}`, g.LastSeq(), celsius)
		if err := g.Accept(ctx, &ingest.Message{Topic: "gerbang/v1/" + site + "/suhu", Payload: payload, QoS: 1, Received: last}); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Commit(ctx, last); err != nil {
			t.Fatal(err)
		}
		g.Begin()
	})
	if err := g.Rest(ctx, last); err != nil {
		t.Fatal(err)
	}
}
