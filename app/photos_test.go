package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// paperEntries are the entries about photos by site.
type paperEntries map[string][]telemetry.Record

func (p paperEntries) EntriesDuring(_ context.Context, site string, _ telemetry.EntryKind, _, _ telemetry.Instant, _ int) ([]telemetry.Record, error) {
	if p == nil {
		return nil, errors.New("the record cannot be read")
	}
	return p[site], nil
}

// TestPhotosThatNoEntryHasGo at the next start: of an erasure or an upload that a crash has cut. What may have its entry yet to come stays, and so
// does everything where the record cannot be read.
func TestPhotosThatNoEntryHasGo(t *testing.T) {
	p := photos{filepath.Join(t.TempDir(), "photos")}
	entry := func(e telemetry.Entry) telemetry.Record { return telemetry.Record{Entry: &e} }
	record := paperEntries{"mpp-satu": {
		entry(telemetry.Entry{ID: "1", Photo: "aa"}), entry(telemetry.Entry{ID: "2", Photo: "bb"}), entry(telemetry.Entry{ID: "3", Ends: "2"}),
		entry(telemetry.Entry{ID: "4", Photo: "cc"}), entry(telemetry.Entry{ID: "5", Photo: "cc"}), entry(telemetry.Entry{ID: "6", Ends: "4"}), // photographed twice
	}}
	for site, hashes := range map[string][]string{"mpp-satu": {"aa", "bb", "cc", "dd"}, "mpp": {"aa"}} {
		for _, hash := range hashes {
			if err := p.KeepPhoto(site, hash, []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range []string{"new-123", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(p.dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, now := slog.New(slog.DiscardHandler), time.Now()
	left := func() (names []string) {
		files, _ := os.ReadDir(p.dir)
		for _, f := range files {
			names = append(names, f.Name())
		}
		return names
	}
	all := left()
	p.sweep(t.Context(), record, now, log)
	p.sweep(t.Context(), paperEntries(nil), now.Add(2*newPhoto), log)
	if got := left(); !slices.Equal(slices.DeleteFunc(got, func(n string) bool { return n == "new-123" }), slices.DeleteFunc(all, func(n string) bool { return n == "new-123" })) {
		t.Errorf("young ones, and with a record that cannot be read: got %q left, want all", got)
	}
	p.sweep(t.Context(), record, now.Add(2*newPhoto), log)
	if got, want := left(), []string{"mpp-satu-aa.jpg", "mpp-satu-cc.jpg", "notes.txt"}; !slices.Equal(got, want) {
		t.Errorf("got %q left, want %q", got, want)
	}
}
