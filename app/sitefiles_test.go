package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

// A site's file is changed where it was asked for, checked before, in force afterwards and noted; or nothing is changed.
func TestSiteFilesAreChangedWholeOrNotAtAll(t *testing.T) {
	r := runApp(t)
	r.settled()
	name := filepath.Join(r.dir, "sites", "gedung.yaml")
	noted := []telemetry.Entry{}
	f := &siteFiles{reload: r.app.reload, log: slog.New(slog.DiscardHandler), enter: func(_ context.Context, _ string, e telemetry.Entry, _ telemetry.Instant) (telemetry.Record, error) {
		noted = append(noted, e)
		return telemetry.Record{}, nil
	}}
	device := func(zone string) []revise.Change {
		return []revise.Change{{Path: []string{"devices", "udara"}, Value: revise.Map{{Key: "name", Value: "Udara, aula"}, {Key: "zone", Value: zone}}}}
	}
	unchanged := func(when, want string) {
		t.Helper()
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s the file is\n%s%v", when, got, err)
		}
		if len(noted) > 0 {
			t.Errorf("%s %v was noted", when, noted)
		}
		if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 1 {
			t.Errorf("%s the folder has %v, %v", when, left, err)
		}
	}
	by := telemetry.Entry{ID: "1", Kind: telemetry.EntryFile, Author: "tini", Subject: "device:udara", After: "udara: …"}

	d, err := f.Draft("gedung", device("aul"))
	if err != nil || len(d.Problems) != 1 || d.Problems[0].Line != 12 || !strings.Contains(d.Problems[0].Text, `zone "aul" does not exist, did you mean "aula"?`) {
		t.Errorf("a zone that is not there: %+v, %v, want check's words", d, err)
	}
	if _, err := f.Put(t.Context(), "gedung", d.Version, device("aul"), by); !errors.Is(err, web.ErrProblems) {
		t.Errorf("problems: got %v", err)
	}
	if _, err := f.Put(t.Context(), "gedung", "another", device("aula"), by); !errors.Is(err, revise.ErrChanged) {
		t.Errorf("changed meanwhile: got %v", err)
	}
	if _, err := f.Draft("none", device("aula")); !errors.Is(err, web.ErrNoFile) {
		t.Errorf("a site that is not there: got %v", err)
	}
	if d, err := f.Draft("gedung", []revise.Change{{Path: []string{"id"}, Value: "rumah"}}); err != nil || len(d.Problems) != 1 {
		t.Errorf("a site that would be another: %+v, %v", d, err)
	}
	unchanged("after what was refused", reloadSite)

	broken := errors.New("broken on purpose")
	r.app.reload.hurdle = func(string) error { return broken }
	d, err = f.Draft("gedung", device("aula"))
	if err != nil || len(d.Problems) != 0 || len(d.Diff) == 0 {
		t.Fatalf("got %+v, %v", d, err)
	}
	if _, err := f.Put(t.Context(), "gedung", d.Version, device("aula"), by); !errors.Is(err, broken) {
		t.Errorf("a reload that fails: got %v", err)
	}
	unchanged("after a reload that failed", reloadSite)

	r.app.reload.hurdle = nil
	if _, err := f.Put(t.Context(), "gedung", d.Version, device("aula"), by); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != reloadSite+"  udara: {name: \"Udara, aula\", zone: aula}\n" {
		t.Errorf("the file is\n%s%v", got, err)
	}
	if s := r.app.reload.inForce.Load().Sites[0]; len(s.Devices) != 2 {
		t.Errorf("in force are %v", s.Devices)
	}
	if len(noted) != 1 || noted[0].Author != "tini" {
		t.Errorf("noted: %v", noted)
	}

	// The file of another site that is broken holds nobody up.
	r.write("sites/lain.yaml", "id: lain\n")
	if d, err = f.Draft("gedung", device("")); err != nil || len(d.Problems) != 1 || !strings.Contains(d.Problems[0].Text, "exactly one of") {
		t.Errorf("got %+v, %v", d, err)
	}
	to := []revise.Change{{Path: []string{"devices", "udara", "interval"}, Value: "5m"}}
	if d, err = f.Draft("gedung", to); err != nil || len(d.Problems) != 0 {
		t.Fatalf("got %+v, %v", d, err)
	}
	if _, err := f.Put(t.Context(), "gedung", d.Version, to, by); err != nil {
		t.Error(err)
	}
}
