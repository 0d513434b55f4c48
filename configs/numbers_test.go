package configs

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/rules"
)

// A number is taken as whoever types it means it, or he is asked.
func TestNumbersAsPeopleTypeThem(t *testing.T) {
	plain := &Number{Part: "zone", Value: "80", path: []string{"n"}}
	area := &Number{Part: "zone", Value: "140 m²", Unit: "m²", path: []string{"n"}}
	fine := &Number{Part: "zone", Value: "1.125 m", Unit: "m", path: []string{"n"}}
	span := &Number{Part: "rule", Value: "4h", path: []string{"n"}}
	level := &Number{Part: "level", Value: "50%", path: []string{"n"}}
	judged := &Number{Part: "rule", Value: "800", Unit: "ppm", path: []string{"air", "limit"}, expr: &rules.Expression{SubjectKind: rules.SubjectZone, Expr: "co2 > 800.0", Limit: 800}}
	for _, tc := range []struct {
		of    *Number
		typed string
		want  any // nil: it is taken out
	}{
		{plain, "60", 60}, {plain, " 60 ", 60}, {plain, "37,5", 37.5}, {plain, "37.5", 37.5}, {plain, "0,125", 0.125}, {plain, "1.5", 1.5}, {plain, "1 000", 1000}, {plain, "1\u00a0000,5", 1000.5},
		{plain, "1.234,5", 1234.5}, {plain, "1,234.5", 1234.5}, {plain, "1000", 1000}, {plain, "-3", -3}, {plain, "sixty", "sixty"}, {plain, "6o", "6o"}, {plain, "60 orang", "60 orang"}, {plain, "1.2.3", "1.2.3"}, {plain, "", nil},
		{area, "140", "140 m²"}, {area, "140 m²", "140 m²"}, {area, "140m2", "140 m²"}, {area, "1.234,5 m²", "1234.5 m²"}, {area, "140 cm", "140 cm"},
		{fine, "1.125", "1.125 m"}, {fine, "1,125", "1.125 m"},
		{span, "30m", "30m"}, {span, "1,5h", "1.5h"}, {span, "4", 4},
		{level, "25", "25%"}, {level, "12,5 %", "12.5%"}, {level, "25%", "25%"},
		{judged, "750", 750}, {judged, "750,5 ppm", 750.5},
	} {
		got, err := tc.of.Edits(tc.typed)
		if err != nil || !reflect.DeepEqual(got[0].Value, tc.want) {
			t.Errorf("%q for %s: got %v, %v, want %v", tc.typed, tc.of.Value, got, err, tc.want)
		}
	}
	for typed, want := range map[string]AmbiguousError{
		"1.000": {"1.000", "1000", "1.0000"}, "1,000": {"1,000", "1000", "1.0000"}, "12.500": {"12.500", "12500", "12.5000"}, "1.000 m²": {"1.000", "1000", "1.0000"}, "2.000.000": {"2.000.000", "2000000", "2000.0000"},
	} {
		for _, n := range []*Number{plain, area, span, level, judged} {
			var two *AmbiguousError
			if _, err := n.Edits(typed); !errors.As(err, &two) || *two != want {
				t.Errorf("%q for %s: got %v, want %v", typed, n.Value, err, &want)
			}
		}
	}
	for _, n := range []*Number{level, judged} {
		if got, err := n.Edits(" "); !errors.Is(err, ErrNeeded) {
			t.Errorf("nothing for %s: got %v, %v, want it refused", n.Value, got, err)
		}
	}
	if got, err := judged.Edits("750"); err != nil || len(got) != 2 || got[1].String() != "air.expr" || got[1].Value != "co2 > 750.0" {
		t.Errorf("a limit of an expression: got %v, %v", got, err)
	}
}

// twoSites are a site's files on disk: two sites, of which the first has a protocol of its own, and the second one that it says.
func twoSites(t *testing.T, second string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	site := "id: satu\nname: Satu\ntimezone: Asia/Jakarta\nprotocols: [ours]\nlevels: {2022-01-01: half}\nhours: {mon-fri: \"08:00-15:00\"}\nzones:\n  aula: {name: Aula, area: 400 m², capacity: 100}\n" +
		"doors:\n  utama: {name: Utama, from: outside, to: aula}\ndevices:\n  hitung: {name: Penghitung, door: utama}\n"
	for name, text := range map[string]string{
		"gerbang.yaml":        "data: data\nmqtt: {embedded: {anonymous: allow}}\nsites: sites/\nprotocols: protocols/\n",
		"sites/satu.yaml":     site,
		"sites/dua.yaml":      strings.NewReplacer("id: satu", "id: dua", "[ours]\nlevels: {2022-01-01: half}", second).Replace(site),
		"protocols/ours.yaml": "id: ours\ntitle: Ours\nlevels: {half: 50%, full: {share: 100%}}\nrules:\n  full: {kind: capacity, hysteresis: 2}\n",
	} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Nobody takes a protocol for his own because the file of the site that has it, too, cannot be read.
func TestAProtocolOfASiteThatIsLeftOut(t *testing.T) {
	today := facility.Date{Year: 2026, Month: 1, Day: 1}
	for second, want := range map[string][]string{
		"[kmk-382-2020]":                     nil,
		"[ours]\nlevels: {2022-01-01: half}": {"dua"},
		"[kmk-382-2020]\nno: 1":              nil, // a mistake, and what it is judged by is plain
		"[ours]\nno: 1":                      {"dua"},
		"[ours\nno: 1":                       {"dua"}, // nobody knows
		"7\n":                                {"dua"},
	} {
		dir := twoSites(t, second)
		c, _, err := LoadServing(filepath.Join(dir, "gerbang.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		all, err := c.Numbers("satu", today)
		i := slices.IndexFunc(all, func(n Number) bool { return n.ID == "rule:ours:full:hysteresis" })
		if err != nil || i < 0 {
			t.Fatalf("%q: got %v, %v", second, all, err)
		}
		if n := &all[i]; !slices.Equal(n.Shared, want) || (n.Fixed == FixedShared) != (want != nil) {
			t.Errorf("%q: shared with %v and fixed %q, want %v", second, n.Shared, n.Fixed, want)
		}
	}
}

// Of a site whose file has mistakes these are told, and not that there is no file.
func TestNumbersOfASiteThatIsLeftOut(t *testing.T) {
	today := facility.Date{Year: 2026, Month: 1, Day: 1}
	dir := twoSites(t, "[ours]\nlevels: {2022-01-01: half}")
	file := filepath.Join(dir, "sites/dua.yaml")
	well, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(well, "no: 1\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, err := LoadServing(filepath.Join(dir, "gerbang.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var wrong Problems
	if _, err := c.Numbers("dua", today); !errors.As(err, &wrong) || len(wrong) != 1 || !strings.HasSuffix(wrong[0].File, "sites/dua.yaml") {
		t.Errorf("got %v, want what is wrong with its file", err)
	}
	if err := os.WriteFile(file, well, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Numbers("dua", today); !errors.Is(err, ErrNotReloaded) {
		t.Errorf("put right: got %v, want that it is not in force", err)
	}
}

// What gerbang check warns of is told of a change as well.
func TestAChangeOfWhichCheckWarns(t *testing.T) {
	dir := twoSites(t, "[ours]\nlevels: {2022-01-01: half}")
	file := filepath.Join(dir, "protocols/ours.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	after := append(slices.Clone(text), "until: 2027-01-01\n"...)
	next, broken, err := LoadChanged(filepath.Join(dir, "gerbang.yaml"), file, after)
	if err != nil || len(broken) > 0 {
		t.Fatal(broken, err)
	}
	if !slices.ContainsFunc(next.Warnings, func(w Problem) bool { return strings.Contains(w.Text, "no protocol is in force") }) {
		t.Errorf("warned of %v, want that nothing is judged from then on", next.Warnings)
	}
}

// A share in a level of its own is taken out alone, and never the level with it.
func TestALevelKeepsItsShare(t *testing.T) {
	dir := twoSites(t, "[kmk-382-2020]")
	c, _, err := LoadServing(filepath.Join(dir, "gerbang.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.Numbers("satu", facility.Date{Year: 2026, Month: 1, Day: 1})
	if err != nil {
		t.Fatal(err)
	}
	text, err := revise.Read(filepath.Join(dir, "protocols/ours.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"level:ours:half": "{half: 25%, full: {share: 100%}}", "level:ours:full": "{half: 50%, full: {share: 25%}}"} {
		i := slices.IndexFunc(all, func(n Number) bool { return n.ID == id })
		if i < 0 {
			t.Fatalf("no %s", id)
		}
		if _, err := all[i].Edits(""); !errors.Is(err, ErrNeeded) {
			t.Errorf("%s without a value: got %v", id, err)
		}
		edits, err := all[i].Edits("25")
		if err != nil {
			t.Fatal(err)
		}
		if after, err := revise.Apply(text, edits...); err != nil || !strings.Contains(string(after), want) {
			t.Errorf("%s: got\n%s%v", id, after, err)
		}
	}
}
