package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding T4: a journal that was written by a clock that was ahead is mended: what lies in the future is listed and set aside, the
// rest is judged as if it had not been there, and the check is green.
func TestT4_RepairClock(t *testing.T) {
	for _, ahead := range []time.Duration{26 * time.Hour, 120 * 24 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			r := newRig(t).building()
			now := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)
			writeJournal(t, r, now, ahead)
			// It is wrong by now: what came after the jump is not judged.
			at := now.Add(time.Hour).Format(time.RFC3339)
			code, out, errs := run(t, "", "journal", "repair-clock", "--data", r.data(), "--now", at)
			if code != 0 || !strings.Contains(out, `device "suhu"`) || !strings.Contains(out, "3 records set aside") {
				t.Fatalf("code %d: %s%s\nwant three records listed and set aside", code, out, errs)
			}
			if code, out, errs := run(t, "", "journal", "check", "--data", r.data()); code != 0 {
				t.Errorf("journal check afterwards: code %d: %s%s", code, out, errs)
			}
			j, err := sqlite.OpenReader(t.Context(), r.data())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = j.Close() }()
			st, err := j.State(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var open []string
			for _, a := range st.Open {
				open = append(open, a.Rule)
				if a.Opened.Time().After(now.Add(time.Hour)) {
					t.Errorf("alert %s is opened in the future: %v", a.Rule, a.Opened)
				}
			}
			if !strings.Contains(strings.Join(open, " "), "suhu") {
				t.Errorf("open alerts: %v, want the fever that was read after the clock was right", open)
			}
			rejections, err := j.Rejections(t.Context(), "", 10)
			if err != nil || len(rejections) != 3 || rejections[0].Rejection.Reason != telemetry.ReasonClock {
				t.Errorf("rejections: %d (%v), want the three that were set aside", len(rejections), err)
			}
			// Three readings before the jump and two after it, each in a minute of its own, and each of them once.
			if got := strings.Join(minutes(t, r), " "); got != "02:50×1 02:51×1 02:52×1 03:00×1 03:01×1" {
				t.Errorf("minutes: got %s, want each reading that stands, once", got)
			}
			if code, out, _ := run(t, "", "journal", "repair-clock", "--data", r.data(), "--now", at); code != 0 || !strings.Contains(out, "nothing to mend") {
				t.Errorf("a second time: code %d: %s", code, out)
			}
		})
	}
}

// minutes lists the minutes of a journal with how many readings each has.
func minutes(t *testing.T, r *rig) (all []string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(r.data(), sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.Query(`SELECT minute, count FROM rollups ORDER BY minute`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var minute, count int64
		if err := rows.Scan(&minute, &count); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s×%d", time.Unix(0, minute).UTC().Format("15:04"), count))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// fevers are readings of a thermometer, one a minute from a time on.
type fevers struct {
	from    time.Time
	celsius []float64
}

// writeJournal writes what a gateway would have whose clock was ahead for a while.
func writeJournal(t *testing.T, r *rig, now time.Time, ahead time.Duration) {
	t.Helper()
	writeReadings(t, r, now.Add(-time.Hour), now.Add(ahead+time.Hour), "gedung",
		fevers{now.Add(-10 * time.Minute), []float64{36.5, 39.2, 36.4}},
		fevers{now.Add(ahead), []float64{36.6, 39.9, 36.3}},
		fevers{now, []float64{36.5, 39.4}})
}

// doorless opens the gateway of a rig without its doors. end closes its journal, for others to open.
func doorless(t *testing.T, r *rig, now time.Time) (g *gateway.Gateway, end func()) {
	t.Helper()
	cfg, err := configs.Load(r.config())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	j, err := app.OpenJournal(context.Background(), cfg, false, log)
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := app.NewDecoder(cfg, app.Surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	if g, err = app.OpenGateway(context.Background(), cfg, decoder, j, log, now); err != nil {
		t.Fatal(err)
	}
	return g, func() { _ = j.Close() }
}

// writeReadings writes what a gateway makes of readings at a site; those at a site that it does not know are rejections.
func writeReadings(t *testing.T, r *rig, start, rest time.Time, site string, groups ...fevers) {
	t.Helper()
	ctx := context.Background()
	g, end := doorless(t, r, start)
	defer end()
	for _, group := range groups {
		for i, celsius := range group.celsius {
			received := telemetry.InstantOf(group.from.Add(time.Duration(i) * time.Minute))
			msg := &ingest.Message{Topic: "gerbang/v1/" + site + "/suhu", Payload: fmt.Appendf(nil, `{"boot":%q,"seq":%d,"body_temperature":%v}`, group.from.String(), i+1, celsius),
				QoS: 1, Received: received}
			if err := g.Accept(ctx, msg); err != nil {
				t.Fatal(err)
			}
			if _, err := g.Commit(ctx, received); err != nil {
				t.Fatal(err)
			}
			g.Begin()
		}
	}
	if err := g.Rest(ctx, telemetry.InstantOf(rest)); err != nil {
		t.Fatal(err)
	}
}
