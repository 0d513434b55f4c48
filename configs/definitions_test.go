package configs

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

func subjectsOf(d rules.Definition, protocol, rule string) []string {
	for _, p := range d.Protocols {
		for _, r := range p.Rules {
			if p.ID == protocol && r.ID == rule {
				return r.Subjects
			}
		}
	}
	return nil
}

func TestDefinitionsNameWhatASiteCanMeasure(t *testing.T) {
	c, err := LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	all := c.Definitions()
	d := all[slices.IndexFunc(all, func(d rules.Definition) bool { return d.Site.ID == "mpp-magetan" })]
	for rule, want := range map[string][]string{
		// The upper floor is counted on the stairs, the ground floor through the hall in it; the library corner is not.
		"kapasitas":     {"mpp-magetan", "lantai-1", "ruang-tunggu", "lantai-2"},
		"co2-perhatian": {"ruang-tunggu", "loket", "aula"},
		"cakupan-suhu":  {"pintu-utama", "pintu-samping"},
		"isi-ulang":     {"pintu-utama-cuci", "tunggu-cuci"},
		"suhu-tubuh":    nil, // the kind knows its thermometers
	} {
		if got := subjectsOf(d, "kmk-382-2020", rule); !slices.Equal(got, want) {
			t.Errorf("subjects of %s: got %v, want %v", rule, got, want)
		}
	}
	for _, d := range all {
		if err := rules.Compile(&d); err != nil {
			t.Errorf("site %s: %v", d.Site.ID, err)
		}
	}
}

func TestDefinitionsAreTheSameTwice(t *testing.T) {
	first, err := LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	second, err := LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	a, err := json.Marshal(first.Definitions())
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(second.Definitions())
	if err != nil {
		t.Fatal(err)
	}
	if string(a) != string(b) {
		t.Error("the same files gave different definitions")
	}
	var back []rules.Definition
	if err := json.Unmarshal(a, &back); err != nil {
		t.Fatalf("definitions do not survive JSON: %v", err)
	}
	if !reflect.DeepEqual(back[0].Protocols, first.Definitions()[0].Protocols) {
		t.Error("protocols changed on the way through JSON")
	}
}

// TestFleet holds what the demo promises: ten buildings in two time zones, each light enough to simulate.
func TestFleet(t *testing.T) {
	c, err := Demo(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	zones := map[string]int{}
	for _, s := range c.Sites {
		zones[s.Location.String()]++
		if n := len(s.Devices); n < 13 || n > 20 {
			t.Errorf("site %s has %d devices, want 13 to 20", s.ID, n)
		}
		if len(s.Hours.Exceptions) < 4 || s.Reset == nil || len(s.Levels) == 0 || len(s.Zones) < 8 {
			t.Errorf("site %s lacks holidays, a reset, levels or zones", s.ID)
		}
	}
	if want := map[string]int{"Asia/Jakarta": 7, "Asia/Makassar": 3}; !reflect.DeepEqual(zones, want) {
		t.Errorf("got sites by time zone %v, want %v", zones, want)
	}
}
