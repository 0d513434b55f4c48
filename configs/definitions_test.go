package configs

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
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
		"cakupan-suhu":  nil, // and the doors at which one hangs
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

func TestInstruments(t *testing.T) {
	site := &facility.Site{
		ID:    "s",
		Zones: []facility.Zone{{ID: "hall", Area: 10}, {ID: "room", Area: 10}, {ID: "store", Area: 10}, {ID: "floor", Area: 90}, {ID: "corner", Parent: "floor", Area: 5}},
		Doors: []facility.Door{{ID: "main", From: "outside", To: "hall"}, {ID: "back", From: "outside", To: "store"}, {ID: "side", From: "hall", To: "store"}, {ID: "inner", From: "hall", To: "room"}},
		Devices: []facility.Device{
			{ID: "a", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}},
			{ID: "b", Place: facility.Place{Kind: facility.AtDoor, ID: "side"}},
			{ID: "c", Place: facility.Place{Kind: facility.AtDoor, ID: "inner"}},
			{ID: "d", Place: facility.Place{Kind: facility.AtZone, ID: "corner"}},
			{ID: "e", Place: facility.Place{Kind: facility.AtDoor, ID: "back"}},
			{ID: "f", Place: facility.Place{Kind: facility.AtTask, ID: "wipe"}},
		},
	}
	in := []telemetry.Quantity{telemetry.PeopleIn, telemetry.PeopleOut}
	m := instruments{site: site, measures: map[string][]telemetry.Quantity{
		"a": in, "b": in, "c": in, "d": {telemetry.PeoplePresent}, "e": {telemetry.BodyTemperature},
	}}
	for zone, want := range map[string]bool{
		"hall": true, "room": true, "corner": true,
		"floor":   true,  // by the corner in it
		"store":   false, // one of its doors has no counter
		"nowhere": false,
	} {
		if got := m.counted(zone); got != want {
			t.Errorf("zone %s counted: got %v, want %v", zone, got, want)
		}
	}
	for name, tc := range map[string]struct {
		params rules.Params
		want   []string
	}{
		"capacity with the building": {&rules.Capacity{Site: true}, []string{"s", "hall", "room", "floor", "corner"}},
		"distancing by density":      {&rules.Distancing{Density: true}, []string{"hall", "room", "floor", "corner"}},
		"distancing by sensors":      {&rules.Distancing{Measured: true}, nil},
		"expression about people":    {&rules.Expression{SubjectKind: rules.SubjectZone, Expr: "persons > 3.0"}, []string{"hall", "room", "floor", "corner"}},
		"expression about a gauge":   {&rules.Expression{SubjectKind: rules.SubjectZone, Expr: "co2 > 3.0"}, nil},
		"expression about screening": {&rules.Expression{SubjectKind: rules.SubjectDoor, Expr: "screened_today < 3.0"}, []string{"back"}},
		"expression about devices":   {&rules.Expression{SubjectKind: rules.SubjectDevice, Expr: "fill_level < 3.0"}, nil},
	} {
		if got, all := m.fitting(&rules.Rule{Params: tc.params}); all || !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %v (all %v), want %v", name, got, all, tc.want)
		}
	}
	if _, all := m.fitting(&rules.Rule{Params: &rules.Silence{}}); !all {
		t.Error("silence: want the kind to choose its subjects")
	}
}
