package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/web"
)

// Issue 9, "previewed on the site's own last week": what a page shows of a level is what `rules rehearse` prints, and it is read beside
// the gateway, from the journal alone.
func TestALevelOnThePagesIsTheCommands(t *testing.T) {
	dir, _ := trialFolder(t)
	cfg, err := configs.Load(filepath.Join(dir, "gerbang.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	j, err := openJournal(context.Background(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	now := time.Date(2026, 3, 4, 2, 0, 0, 0, time.FixedZone("WIB", 7*3600))
	r := app.NewRehearsals(j, func() []alerts.Alert { return nil }, func() time.Time { return now }, log)
	t.Cleanup(func() { _ = r.Close() })
	finish := func(level string) (x web.Rehearsal) {
		t.Helper()
		poll := time.NewTicker(time.Millisecond) // SQLite answers on the real clock
		defer poll.Stop()
		limit := time.NewTimer(time.Minute)
		defer limit.Stop()
		for {
			if x, err = r.Rehearse("hall", level); err != nil {
				t.Fatal(err)
			}
			if x.Done {
				return x
			}
			select {
			case <-poll.C:
			case <-limit.C:
				t.Fatalf("level %s is still tried after a minute: %+v", level, x)
			}
		}
	}
	x := finish("quarter")
	if x.Failed || x.Outcome == nil || x.Outcome.Unfit != "" || x.Outcome.Would.Over != 8*time.Hour || x.Outcome.Was.Over != 0 || len(x.Outcome.Would.Alerts) != 2 || len(x.Outcome.Was.Alerts) != 0 {
		t.Fatalf("got %+v, want 8 hours over and two alerts where there was none", x)
	}
	if again := finish("quarter"); again.Outcome != x.Outcome {
		t.Error("asked again at once: it was judged again, want what was found")
	}
	now = now.Add(11 * time.Minute)
	if later := finish("quarter"); later.Outcome == x.Outcome {
		t.Error("asked later: got what was found then, want the week up to now")
	}
	if same := finish("half"); same.Outcome.Would.Over != same.Outcome.Was.Over || len(same.Outcome.Would.Alerts) != 0 {
		t.Errorf("the level that holds: got %+v, want what was", same.Outcome)
	}
	if unfit := finish("none"); unfit.Outcome == nil || unfit.Outcome.Unfit == "" {
		t.Errorf("a level that there is not: got %+v, want that it does not fit", unfit)
	}
}
