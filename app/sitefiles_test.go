package app

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
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
	f := r.app.files
	noted := func() (all []telemetry.Record) {
		all, err := f.entries.Entries(t.Context(), "gedung", telemetry.EntryFile, 10)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	device := func(zone string) []revise.Change {
		return []revise.Change{{Path: []string{"devices", "udara"}, Value: revise.Map{{Key: "name", Value: "Udara, aula"}, {Key: "zone", Value: zone}}}}
	}
	unchanged := func(when, want string) {
		t.Helper()
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s the file is\n%s%v", when, got, err)
		}
		if all := noted(); len(all) > 0 {
			t.Errorf("%s %v was noted", when, all)
		}
		if left, err := f.intents.all(); err != nil || len(left) > 0 {
			t.Errorf("%s %v, %v is left to do", when, left, err)
		}
		if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 1 {
			t.Errorf("%s the folder has %v, %v", when, left, err)
		}
	}
	by := telemetry.Entry{ID: "1", Kind: telemetry.EntryFile, Author: "tini", Subject: "device:udara", Asked: "udara"}

	d, err := f.Draft("gedung", device("aul"))
	if err != nil || len(d.Problems) != 1 || d.Problems[0].Line != 12 || !strings.Contains(d.Problems[0].Text, `zone "aul" does not exist, did you mean "aula"?`) {
		t.Errorf("a zone that is not there: %+v, %v, want check's words", d, err)
	}
	if _, _, err := f.Put(t.Context(), "gedung", d.Version, device("aul"), by); !errors.Is(err, web.ErrProblems) {
		t.Errorf("problems: got %v", err)
	}
	if _, _, err := f.Put(t.Context(), "gedung", "another", device("aula"), by); !errors.Is(err, revise.ErrChanged) {
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
	if _, _, err := f.Put(t.Context(), "gedung", d.Version, device("aula"), by); !errors.Is(err, broken) {
		t.Errorf("a reload that fails: got %v", err)
	}
	unchanged("after a reload that failed", reloadSite)

	r.app.reload.hurdle = nil
	if _, _, err := f.Put(t.Context(), "gedung", d.Version, device("aula"), by); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != reloadSite+"  udara: {name: \"Udara, aula\", zone: aula}\n" {
		t.Errorf("the file is\n%s%v", got, err)
	}
	if s := r.app.reload.inForce.Load().Sites[0]; len(s.Devices) != 2 {
		t.Errorf("in force are %v", s.Devices)
	}
	if all := noted(); len(all) != 1 || all[0].Entry.Author != "tini" || all[0].Entry.After != `udara: {name: "Udara, aula", zone: aula}` {
		t.Errorf("noted: %v", all)
	}

	// The same again is answered the same; anything else under its id is refused.
	first := noted()[0].Seq
	if rec, _, err := f.Put(t.Context(), "gedung", d.Version, device("aula"), by); err != nil || rec.Seq != first {
		t.Errorf("the same again: got record %d, %v, want %d", rec.Seq, err, first)
	}
	other := by
	other.Asked = "something else"
	if _, _, err := f.Put(t.Context(), "gedung", "", device("utama"), other); !errors.Is(err, web.ErrUsedOtherwise) {
		t.Errorf("another change under its id: got %v", err)
	}

	// What somebody does in the file of another site does not come into force with it.
	r.write("sites/lain.yaml", "id: lain\n")
	var differ *web.FilesDiffer
	if _, err := f.Draft("gedung", device("aula")); err != nil {
		t.Errorf("nothing to change: got %v", err)
	}
	to := []revise.Change{{Path: []string{"devices", "udara", "interval"}, Value: "5m"}}
	if _, err := f.Draft("gedung", to); !errors.As(err, &differ) || !slices.Equal(differ.Files, []string{"sites/lain.yaml"}) {
		t.Errorf("another file is being worked on: got %v", err)
	}
	// One that is broken, and was told of, holds nobody up.
	if err := r.app.Reload(t.Context()); err == nil {
		t.Fatal("a site with mistakes was loaded")
	}
	if d, err = f.Draft("gedung", device("")); err != nil || len(d.Problems) != 1 || !strings.Contains(d.Problems[0].Text, "exactly one of") {
		t.Errorf("got %+v, %v", d, err)
	}
	if d, err = f.Draft("gedung", to); err != nil || len(d.Problems) != 0 {
		t.Fatalf("got %+v, %v", d, err)
	}
	by.ID = "2"
	if _, _, err := f.Put(t.Context(), "gedung", d.Version, to, by); err != nil {
		t.Error(err)
	}
}

// An address that a device of another site has is no address of this one's: neither is left out because of it.
func TestAnAddressOfAnotherSite(t *testing.T) {
	r := runApp(t)
	other := strings.NewReplacer("id: gedung", "id: lain", "{name: Penghitung, door: utama}", "{name: Penghitung, model: milesight-vs133, address: 24e124716b010203, door: utama}").Replace(reloadSite)
	r.write("sites/lain.yaml", other)
	if err := r.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := r.text("sites/gedung.yaml")
	changes := []revise.Change{{Path: []string{"devices", "hitung-2"}, Value: revise.Map{{Key: "model", Value: "milesight-vs133"}, {Key: "address", Value: "24e124716b010203"}, {Key: "door", Value: "utama"}}}}
	d, err := r.app.files.Draft("gedung", changes)
	if err != nil || len(d.Problems) == 0 {
		t.Errorf("got %+v, %v, want that the address is taken", d, err)
	}
	e := telemetry.Entry{ID: "1", Kind: telemetry.EntryFile, Author: "tini", Reason: "x", Asked: "1"}
	if _, _, err := r.app.files.Put(t.Context(), "gedung", "", changes, e); !errors.Is(err, web.ErrProblems) || r.text("sites/gedung.yaml") != before {
		t.Errorf("got %v", err)
	}
}
