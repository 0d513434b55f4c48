package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A script learns from one object what is wrong, by numbers, and whether somebody has accepted it; the exit code is that of the words.
func TestJournalCheckAsJSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	b := &journal.Batch{Counters: journal.Counters{Received: 20, Stored: 20}}
	for i := range uint64(20) {
		at := telemetry.InstantOf(time.Date(2026, 3, 2, 3, 0, int(i), 0, time.UTC))
		b.Records = append(b.Records, telemetry.Record{Seq: i + 1, Kind: telemetry.KindTick, Site: "gedung", At: at, Received: at})
	}
	if err := errors.Join(j.Commit(t.Context(), b), j.Close()); err != nil {
		t.Fatal(err)
	}
	check := func(wantCode int) (r journalReport) {
		t.Helper()
		code, out, errs := run(t, "", "journal", "check", "--json", "--data", dir)
		if err := json.Unmarshal([]byte(out), &r); code != wantCode || err != nil || r.OK != (code == 0) || errs != "" {
			t.Fatalf("code %d, want %d: %v\n%s%s", code, wantCode, err, out, errs)
		}
		return r
	}
	if r := check(0); r.Found == nil || len(r.Found) > 0 || len(r.Notes) == 0 || r.Chained.First != 1 || r.Chained.Last != 20 || r.Chained.Records != 20 || r.Counters == nil || r.Counters.Received != 20 {
		t.Errorf("a whole journal: %+v", r)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `DELETE FROM records WHERE seq IN (5, 6, 7)`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	want := journalFound{Text: "records 5 to 7 are lost", First: 5, Last: 7, What: journal.Lost}
	if r := check(1); len(r.Found) != 1 || r.Found[0] != want {
		t.Errorf("found %+v, want %+v", r.Found, want)
	}
	if code, out, errs := run(t, "", "journal", "accept", "--data", dir, "--by", "Siti", "--why", "card replaced"); code != 0 {
		t.Fatalf("journal accept: code %d\n%s%s", code, out, errs)
	}
	r := check(0)
	if len(r.Found) != 1 || r.Found[0].Accepted == nil || r.Found[0].Accepted.By != "Siti" || r.Found[0].Accepted.Why != "card replaced" || r.Found[0].Accepted.At.IsZero() {
		t.Errorf("when it was accepted: %+v", r.Found)
	}
	if code, out, errs := run(t, "", "journal", "check", "--json", "--data", t.TempDir()); code != 1 || out != "" || errs == "" {
		t.Errorf("where there is no journal: code %d, %q, %q; want 1 and words on standard error", code, out, errs)
	}
}
