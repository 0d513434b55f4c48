package main

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/simulate"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// ordinaryWeek is ordinary life in buildings from a Monday on, judged by the gateway on a virtual clock: messages as devices send them, the
// decoder, the journal, the rules and the alerts. Its configuration is the shipped one on disk, as a person would change it.
type ordinaryWeek struct {
	t       *testing.T
	cfg     *configs.Config
	from    time.Time // the night before the Monday
	past    *demoPast
	changes []alerts.Change
	late    []time.Time // breaches of a rule about CO₂ that late data made
}

// weekOptions say what is not ordinary.
type weekOptions struct {
	sites  []string                    // empty: all
	edits  []weekEdit                  // of the shipped configuration, as a person would change it
	faults map[string][]simulate.Fault // by site
	seed   uint64
	days   int
}

// weekEdit replaces text in a file of the configuration, or makes a file.
type weekEdit struct{ file, old, text string }

// monday is the week's: no site has an exception in it.
var monday = facility.Date{Year: 2026, Month: time.November, Day: 2}

// loadWeek puts the configuration on disk and loads it.
func loadWeek(t *testing.T, o *weekOptions) *ordinaryWeek {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, configs.Examples()); err != nil {
		t.Fatal(err)
	}
	for _, e := range o.edits {
		file := filepath.Join(dir, e.file)
		text, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), e.old) {
			t.Fatalf("%s has no %q to replace", e.file, e.old)
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), e.old, e.text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.sites) > 0 {
		files, err := fs.Glob(os.DirFS(dir), "sites/*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !slices.Contains(o.sites, strings.TrimSuffix(filepath.Base(f), ".yaml")) {
				if err := os.Remove(filepath.Join(dir, f)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	cfg, err := configs.Load(filepath.Join(dir, "gerbang.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Log.Level = "error"
	cfg.Data = t.TempDir()
	return &ordinaryWeek{t: t, cfg: cfg, from: monday.In(time.UTC).Add(-9 * time.Hour)}
}

// live runs the week.
func (w *ordinaryWeek) live(o *weekOptions) {
	w.t.Helper()
	t, ctx := w.t, context.Background()
	log := newLogger(io.Discard, w.cfg.Log)
	j, err := app.OpenJournal(ctx, w.cfg, true, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	decoder, err := app.NewDecoder(w.cfg, app.Surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := app.OpenGateway(ctx, w.cfg, decoder, j, log, w.from)
	if err != nil {
		t.Fatal(err)
	}
	g.Quiet(true)
	w.past = &demoPast{journal: j, gateway: g, from: w.from, virtual: &virtual{gateway: g, now: telemetry.InstantOf(w.from)}}
	w.past.virtual.observe = w.observe
	for _, d := range w.cfg.Definitions() {
		w.past.buildings = append(w.past.buildings, simulate.NewBuilding(d.Site, w.from, simulate.Options{
			Seed: o.seed, Measures: d.Measures, Ways: demoWays[d.Site.ID], Peak: peakOf(d.Site.ID), Faults: o.faults[d.Site.ID],
		}))
	}
	begun := time.Now()
	if err := w.past.make(ctx, newProgress(io.Discard, "", 0), w.from.AddDate(0, 0, o.days)); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d records in %s", g.LastSeq(), time.Since(begun).Round(time.Millisecond))
}

func (w *ordinaryWeek) observe(b *journal.Batch) {
	w.changes = append(w.changes, b.Changes...)
	for _, x := range b.Transitions {
		if x.Late && x.To == rules.Breached && x.Rule == "co2-perhatian" {
			w.late = append(w.late, x.At.Time())
		}
	}
}

// peakOf is how many people are inside at the busiest time: fewer than in the demo, so that no room comes near its limit.
func peakOf(site string) float64 {
	for _, p := range demoPoints {
		if p.site == site {
			return min(50, 0.8*p.peak)
		}
	}
	return 0
}
