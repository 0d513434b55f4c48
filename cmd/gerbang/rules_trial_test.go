package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const trialSite = `
id: hall
name: Hall
timezone: Asia/Jakarta
protocols: [ours]
levels: {2026-01-01: half}
hours: {mon-fri: "08:00-15:00"}
reset: "03:00"
zones: {lobby: {name: Lobby, capacity: 100}}
doors: {main: {name: Main door, from: outside, to: lobby}}
devices:
  counter: {name: Counter, door: main, measures: [people_in, people_out], accuracy: 100%, interval: 1h}
`

const trialProtocol = `
id: ours
title: Ours
levels: {half: 50%, quarter: 25%}
rules:
  full: {kind: capacity, severity: critical, for: 2m, advice: {en: Close the door.}}
`

// trialFolder has a configuration, and the journal of two days of it: each day 40 people from 08:00 to 12:00.
func trialFolder(t *testing.T) (dir, data string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"gerbang.yaml": "mqtt: {embedded: {anonymous: allow}}\nsites: hall.yaml\nprotocols: ours.yaml\n", "hall.yaml": trialSite, "ours.yaml": trialProtocol,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := configs.Load(filepath.Join(dir, "gerbang.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	j, err := openJournal(ctx, cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := app.NewDecoder(cfg, app.Surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	wib := time.FixedZone("WIB", 7*3600)
	g, err := app.OpenGateway(ctx, cfg, decoder, j, log, time.Date(2026, 3, 2, 2, 0, 0, 0, wib))
	if err != nil {
		t.Fatal(err)
	}
	g.Quiet(true)
	v := &virtual{gateway: g}
	for day := 2; day <= 3; day++ {
		for half := range 15 {
			in, out := 0, 0
			switch half {
			case 0:
				in = 40
			case 8:
				out = 40
			}
			at := time.Date(2026, 3, day, 8, 30*half, 0, 0, wib)
			payload := fmt.Sprintf(`{"at":%q,"people_in":%d,"people_out":%d}`, at.Format(time.RFC3339), in, out)
			if err := v.accept(ctx, &ingest.Message{Topic: "gerbang/v1/hall/counter", Payload: []byte(payload), QoS: 1, Received: telemetry.InstantOf(at)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	end := telemetry.InstantOf(time.Date(2026, 3, 4, 2, 0, 0, 0, wib))
	if err := v.advance(ctx, end); err != nil {
		t.Fatal(err)
	}
	if err := g.Rest(ctx, end); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, cfg.Data
}

// A rule's author changes a limit, looks at what it would have meant, and is told in words where a name is wrong.
func TestRulesOverAJournal(t *testing.T) {
	dir, data := trialFolder(t)
	changed := filepath.Join(dir, "changed.yaml")
	other := filepath.Join(dir, "other.yaml")
	for name, text := range map[string]string{
		changed: strings.Replace(trialProtocol, "half: 50%", "half: 30%", 1), other: strings.Replace(trialProtocol, "id: ours", "id: our", 1),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		args      []string
		code      int
		out, errs string
	}{
		// Four hours of each day 40 people are over 30 and not over 50.
		"changed":      {[]string{"backtest", "--protocol", changed, "--from", "2026-03-02", "--to", "2026-03-04"}, 0, "hall  full  zone/lobby  0:00 → 8:00", "judged 60 readings again"},
		"one day":      {[]string{"backtest", "--protocol", changed, "--from", "2026-03-03"}, 0, "hall  full  zone/lobby  0:00 → 4:00", ""},
		"same":         {[]string{"backtest", "--protocol", filepath.Join(dir, "ours.yaml")}, 0, "nothing would have been judged otherwise", ""},
		"level":        {[]string{"rehearse", "--level", "quarter"}, 0, "0 → 1 site over", ""},
		"hours":        {[]string{"rehearse", "--level", "quarter"}, 0, "0:00 → 8:00", ""},
		"no level":     {[]string{"rehearse", "--level", "quartr"}, 1, "", "level: did you mean \"quarter\"?"},
		"no protocol":  {[]string{"backtest", "--protocol", other}, 1, "", "did you mean \"ours\"?"},
		"no file":      {[]string{"backtest", "--protocol", "chnged.yaml"}, 1, "", "chnged.yaml: cannot be read"},
		"none":         {[]string{"backtest"}, 2, "", "--protocol is missing"},
		"no change":    {[]string{"rehearse"}, 2, "", "nothing is changed, want --level, --spacing or --protocol"},
		"no site":      {[]string{"rehearse", "--level", "quarter", "--site", "hal"}, 2, "", "did you mean \"hall\"?"},
		"no time":      {[]string{"rehearse", "--level", "quarter", "--from", "monday"}, 2, "", "--from \"monday\": want a day"},
		"backwards":    {[]string{"rehearse", "--level", "quarter", "--from", "2026-03-04", "--to", "2026-03-02"}, 2, "", "want a period"},
		"no data":      {[]string{"rehearse", "--level", "quarter", "--data", filepath.Join(dir, "nowhere")}, 1, "", "--data names the data directory"},
		"explain":      {[]string{"explain", "hall", "full", "--at", "2026-03-02 10:15"}, 0, "half: 50 % of the full limit", ""},
		"limit":        {[]string{"explain", "hall", "full", "--at", "2026-03-02 10:15"}, 0, "limit          50, set by declared", ""},
		"evidence":     {[]string{"explain", "hall", "full", "--at", "2026-03-02 10:15"}, 0, "record 7: counter people_in 0 at 2026-03-02 10:00", ""},
		"step":         {[]string{"explain", "hall", "full", "--at", "2026-03-02 10:15"}, 0, "WITHIN\n                   40 against 50", ""},
		"too early":    {[]string{"explain", "hall", "full", "--at", "2026-03-01 10:15"}, 1, "", "what the journal holds of it begins later"},
		"no rule":      {[]string{"explain", "hall", "ful"}, 2, "", "did you mean \"full\"?"},
		"no subject":   {[]string{"explain", "hall", "full", "--subject", "loby"}, 2, "", "did you mean \"lobby\"?"},
		"unknown site": {[]string{"explain", "hal", "full"}, 2, "", "did you mean \"hall\"?"},
	} {
		args := append([]string{"rules"}, tt.args...)
		if name != "no data" {
			args = append(args, "--data", data)
		}
		code, out, errs := run(t, "", args...)
		if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.errs) {
			t.Errorf("%s: exit %d, want %d; got\n%s%s\nwant %q and %q", name, code, tt.code, out, errs, tt.out, tt.errs)
		}
	}
	_, out, _ := run(t, "", "rules", "rehearse", "--level", "quarter", "--json", "--data", data)
	var outcomes []outcomeJSON
	if err := json.Unmarshal([]byte(out), &outcomes); err != nil || len(outcomes) != 1 || outcomes[0].Would.Over != 8 || outcomes[0].Was.Over != 0 || len(outcomes[0].Would.Alerts) != 2 {
		t.Errorf("got %v, %s: want 8 hours over and two alerts", err, out)
	}
	_, out, _ = run(t, "", "rules", "backtest", "--protocol", changed, "--csv", "--data", data)
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(rows) < 2 || rows[1][0] != "hall" || rows[1][15] != "8.0000" {
		t.Errorf("got %v, %q: want 8 hours over in column 16", err, rows)
	}
}
