package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

const houseRules = `id: ours
title: Ours
levels: {half: 50%}
rules:
  # The school's doctor asked for it.
  air: {kind: expression, subject: site, expr: persons > 800.0, value: persons, limit: 800, over: 10m}
  full: {kind: capacity, spacing_m: 1, hysteresis: 2}
`

// limitsRun is a gateway with two sites, one protocol of its own and one that both have.
func limitsRun(t *testing.T) (*running, *limitDesk) {
	t.Helper()
	r := runApp(t)
	config, err := os.ReadFile(filepath.Join(r.dir, "gerbang.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	r.write("gerbang.yaml", string(config)+"protocols: protocols/\n")
	r.write("protocols/ours.yaml", houseRules)
	r.write("protocols/kota.yaml", "id: kota\ntitle: Kota\nrules:\n  full-b: {kind: capacity, hysteresis: 3}\n")
	r.write("sites/gedung.yaml", strings.Replace(reloadSite, "[kmk-382-2020]", "[kmk-382-2020, ours, kota]\nlevels: {2022-01-01: half}", 1)+"  # the last line\n")
	r.write("sites/lain.yaml", strings.NewReplacer("id: gedung", "id: lain", "[kmk-382-2020]", "[kota]").Replace(reloadSite))
	if err := r.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	parts := &r.app.reload.parts
	return r, &limitDesk{files: r.app.files, trials: parts.rehearsal, now: time.Now}
}

// by is the entry of a change that somebody asks for, each time another one.
func by(author string) telemetry.Entry {
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", asked.Add(1))
	return telemetry.Entry{ID: id, Kind: telemetry.EntryLimit, Author: author, Reason: "because", Asked: id}
}

var asked atomic.Int64

func (r *running) text(name string) string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

func (r *running) capacity() int {
	for _, s := range r.app.reload.inForce.Load().Sites {
		if s.ID == "gedung" {
			return s.Zones[0].Capacity
		}
	}
	return -1
}

// A number is changed where it stands, checked before, in force afterwards as from who changed it; the file is as it was in all else.
func TestALimitIsChangedInItsFile(t *testing.T) {
	r, d := limitsRun(t)
	all, err := d.Limits(t.Context(), "gedung")
	if err != nil {
		t.Fatal(err)
	}
	of := func(id string) web.Limit {
		if i := slices.IndexFunc(all, func(l web.Limit) bool { return l.ID == id }); i >= 0 {
			return all[i]
		}
		t.Errorf("no number %s", id)
		return web.Limit{}
	}
	if l := of("zone:aula:capacity"); l.Value != "100" || l.File != "sites/gedung.yaml" || l.Line != 8 || l.Fixed != "" || l.Differs {
		t.Errorf("the capacity: %+v", l)
	}
	if l := of("zone:aula:area"); l.Value != "400 m²" || l.Unit != "m²" {
		t.Errorf("the area: %+v", l)
	}
	if l := of("rule:kota:full-b:hysteresis"); l.Fixed != "shared" || !slices.Equal(l.Shared, []string{"lain"}) {
		t.Errorf("a number of two sites: %+v", l)
	}
	if !slices.ContainsFunc(all, func(l web.Limit) bool { return l.Protocol == "kmk-382-2020" && l.Fixed == "built_in" }) {
		t.Error("no number of the regulation")
	}
	if l := of("level:ours:half"); l.Value != "50%" || l.Fixed != "" || l.Line != 3 {
		t.Errorf("a level: %+v", l)
	}

	// What the field does not take is said as gerbang check says it.
	var wrong *web.LimitMistakes
	if _, err := d.Draft(t.Context(), "gedung", web.LimitChange{Limit: "zone:aula:capacity", Value: "viel"}); !errors.As(err, &wrong) || len(wrong.Problems) != 1 ||
		!strings.HasPrefix(wrong.Problems[0], `sites/gedung.yaml:8:`) || !strings.Contains(wrong.Problems[0], `capacity is "viel", want a whole number from 1 to 1000000`) {
		t.Errorf("no number: got %v", err)
	}
	for id, want := range map[string]error{"rule:kota:full-b:hysteresis": web.ErrFixed, "zone:none:capacity": web.ErrNotFound} {
		if _, err := d.PutInForce(t.Context(), "gedung", web.LimitChange{Limit: id, Value: "7"}, by("Rina")); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", id, err, want)
		}
	}
	if _, err := d.Draft(t.Context(), "gedung", web.LimitChange{Limit: "zone:aula:capacity", Value: " 100 "}); !errors.Is(err, web.ErrSame) {
		t.Errorf("the same: got %v", err)
	}

	before := r.text("sites/gedung.yaml")
	draft, err := d.Draft(t.Context(), "gedung", web.LimitChange{Limit: "zone:aula:capacity", Value: "60"})
	if err != nil || draft.After != "60" || draft.Try == nil || r.text("sites/gedung.yaml") != before {
		t.Fatalf("a draft: %+v, %v", draft, err)
	}
	if _, err = d.PutInForce(t.Context(), "gedung", web.LimitChange{Limit: "zone:aula:capacity", Value: "60", Version: draft.Version}, by("Ibu Rina")); err != nil {
		t.Fatal(err)
	}
	if got, want := r.text("sites/gedung.yaml"), strings.Replace(before, "capacity: 100", "capacity: 60", 1); got != want || r.capacity() != 60 {
		t.Errorf("in force are %d, the file is\n%s", r.capacity(), got)
	}
	records, err := d.trials.journal.Configurations(t.Context(), "gedung", 0, 1<<40)
	if err != nil || records[len(records)-1].Configuration.Author != "Ibu Rina" {
		t.Errorf("the record of the configuration: %v, want who changed it", err)
	}

	// A limit of an expression stands in it twice.
	if _, err = d.PutInForce(t.Context(), "gedung", web.LimitChange{Limit: "rule:ours:air:limit", Value: "750,5"}, by("Ibu Rina")); err != nil {
		t.Fatal(err)
	}
	if got, want := r.text("protocols/ours.yaml"), strings.NewReplacer("persons > 800.0", `"persons > 750.5"`, "limit: 800", "limit: 750.5").Replace(houseRules); got != want {
		t.Errorf("the protocol is\n%s", got)
	}
}

// Nobody's work is overwritten: of those who change the same text one wins, and what somebody does in the files is left to him.
func TestALimitThatSomebodyElseChanges(t *testing.T) {
	r, d := limitsRun(t)
	draft, err := d.Draft(t.Context(), "gedung", web.LimitChange{Limit: "zone:aula:capacity", Value: "60"})
	if err != nil {
		t.Fatal(err)
	}
	var won, late atomic.Int32
	var all sync.WaitGroup
	for _, value := range []string{"60", "61", "62", "63"} {
		all.Go(func() {
			switch _, err := d.PutInForce(t.Context(), "gedung", web.LimitChange{Limit: "zone:aula:capacity", Value: value, Version: draft.Version}, by(value)); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, web.ErrMeanwhile):
				late.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || late.Load() != 3 {
		t.Errorf("%d won and %d were late, want 1 and 3", won.Load(), late.Load())
	}
	now := r.text("sites/gedung.yaml")
	change := web.LimitChange{Limit: "zone:aula:area", Value: "390"}

	// A reload that is refused puts the file back.
	r.app.reload.hurdle = func(string) error { return errors.New("broken on purpose") }
	var refused *web.NotInForceError
	if _, err := d.PutInForce(t.Context(), "gedung", change, by("Rina")); !errors.As(err, &refused) || r.text("sites/gedung.yaml") != now {
		t.Errorf("a reload that fails: got %v and\n%s", err, r.text("sites/gedung.yaml"))
	}
	r.app.reload.hurdle = nil

	if err := os.Chmod(filepath.Join(r.dir, "sites/gedung.yaml"), 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := d.PutInForce(t.Context(), "gedung", change, by("Rina")); !errors.Is(err, web.ErrReadOnly) {
		t.Errorf("a file that may only be read: got %v", err)
	}
	if err := os.Chmod(filepath.Join(r.dir, "sites/gedung.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}

	// Another file is being worked on: a reload would bring it into force, half done.
	lain := r.text("sites/lain.yaml")
	r.write("sites/lain.yaml", strings.Replace(lain, "capacity: 100", "capacity: 1", 1))
	var differ *web.FilesDiffer
	if _, err := d.PutInForce(t.Context(), "gedung", change, by("Rina")); !errors.As(err, &differ) || !slices.Equal(differ.Files, []string{"sites/lain.yaml"}) {
		t.Errorf("another file differs: got %v", err)
	}
	r.write("sites/lain.yaml", lain)

	byHand := strings.Replace(now, "name: Aula", "name: Aula besar", 1)
	r.write("sites/gedung.yaml", byHand)
	if _, err := d.PutInForce(t.Context(), "gedung", change, by("Rina")); !errors.As(err, &differ) || !slices.Equal(differ.Files, []string{"sites/gedung.yaml"}) || r.text("sites/gedung.yaml") != byHand {
		t.Errorf("changed by hand: got %v", err)
	}
	if all, err := d.Limits(t.Context(), "gedung"); err != nil || !all[0].Differs {
		t.Errorf("changed by hand: got %+v, %v, want the page to say so", all[0], err)
	}
	r.write("sites/gedung.yaml", byHand[:len(byHand)/2]+"\n}")
	var wrong *web.LimitMistakes
	if _, err := d.Limits(t.Context(), "gedung"); !errors.As(err, &wrong) {
		t.Errorf("a file with mistakes: got %v", err)
	}
}

// The past is judged with the one number changed, and with nothing else of what the site is now.
func TestAChangeOfALimitAmendsTheSite(t *testing.T) {
	_, d := limitsRun(t)
	cfg := d.files.reload.inForce.Load()
	numbers, err := d.numbers(cfg, "gedung")
	if err != nil {
		t.Fatal(err)
	}
	for i := range numbers {
		n := &numbers[i]
		reform := reformOf(cfg, n, "gedung")
		was := facility.Site{Zones: []facility.Zone{{ID: "aula", Capacity: 1, Area: 2, Seats: 3, SeatPitch: 4, Fixtures: 5}}}
		switch {
		case n.Protocol != "":
			if len(reform.Protocols) != 1 || reform.Protocols[0].ID != n.Protocol || reform.Amend != nil {
				t.Errorf("%s: got %+v", n.ID, reform)
			}
		case !reform.Amend(&was):
			t.Errorf("%s: not there", n.ID)
		case n.Key == "capacity" && !reflect.DeepEqual(was.Zones[0], facility.Zone{ID: "aula", Capacity: 100, Area: 2, Seats: 3, SeatPitch: 4, Fixtures: 5}):
			t.Errorf("%s: got %+v", n.ID, was.Zones[0])
		}
		if reform.Amend != nil && reform.Amend(&facility.Site{}) {
			t.Errorf("%s: is there where there is no zone", n.ID)
		}
	}
}
