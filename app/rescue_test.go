package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// watched watches a journal with one record.
func watched(t *testing.T, dir string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	j, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	tick := telemetry.Record{Seq: 1, Kind: telemetry.KindTick, Site: "gedung", At: 1, Received: 1}
	if err := j.Commit(t.Context(), &journal.Batch{Records: []telemetry.Record{tick}}); err != nil {
		t.Fatal(err)
	}
	w := &journalWatch{journal: j, log: log, report: func(alerts.Fault) {}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; _ = j.Close() })
	time.Sleep(2 * lookEvery)
}

// rescuedIn waits until a directory has so many rescued journals.
func rescuedIn(t *testing.T, dir string, want int) {
	t.Helper()
	var err error
	for range 150 {
		found, _ := filepath.Glob(filepath.Join(dir, "journal-rescued-*.db"))
		if len(found) == want {
			return
		}
		err = fmt.Errorf("found %v, want %d", found, want)
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal(err)
}

// A rescue that fails is tried again: the only copy dies with the process.
func TestRescue_IsTriedUntilItSucceeds(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	watched(t, dir)
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(4 * lookEvery) // there is no place for it
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	rescuedIn(t, dir, 1)
	time.Sleep(rescueAgain + 2*lookEvery)
	rescuedIn(t, dir, 1)
}

// What was rescued of files that came back is no help when they go for good.
func TestRescue_IsDoneAgainWhenTheFilesWereBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	watched(t, dir)
	path := filepath.Join(dir, sqlite.FileName)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	rescuedIn(t, dir, 1)
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100*time.Millisecond + 2*lookEvery) // the copies are named by the second
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	rescuedIn(t, dir, 2)
}
