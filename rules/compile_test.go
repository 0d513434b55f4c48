package rules

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
)

func TestCompileFindsAllProblems(t *testing.T) {
	d := mall(t)
	d.Site.Zones[1].Parent = "attic"
	d.Site.Doors[0].To = "cellar"
	d.Site.Devices[0].Place.ID = "window"
	d.Lateness = -1
	d.Site.Levels = []facility.LevelPeriod{{Level: "l9"}}
	fever := feverRule(func(p *Temperature, _ *Rule) { p.Above = 99; p.Operator = "=" })
	fever.Subjects = []string{"thermo"}
	lost := capacityRule(nil)
	lost.ID, lost.Subjects = "lost", []string{"hall", "roof"}
	loud := silenceRule(nil)
	loud.Severity, loud.For = "shrill", -1
	bad := airRule(func(p *Expression) { p.Expr = "co3 > 1" })
	d.Protocols[0].Levels = map[string]float64{"l0": 0}
	d.Protocols[0].From = facility.Date{Year: 2022, Month: 7, Day: 2}
	d.Protocols[0].Until = facility.Date{Year: 2022, Month: 7, Day: 1}
	with(d, fever, lost, loud, loud, bad, Rule{ID: "odd", Kind: "magic"})
	want := []string{
		`lateness: -1ns: want a duration, 0 to 24h`,
		`zones.waiting.parent: "attic": want the id of a zone`,
		`doors.main.to: "cellar": want the id of a zone, or outside`,
		`devices.c-main.place: door "window": want a place that exists`,
		`levels[0]: "l9": want a level of one of the protocols`,
		`protocol "p": until: 2022-07-01: want a time after from`,
		`protocol "p": levels.l0: 0: want a share above 0 and at most 1`,
		`protocol "p": rule "fever": params.above: 99: want Cel, inside the plausible window`,
		`protocol "p": rule "fever": params.operator: "=": want > or >=`,
		`protocol "p": rule "lost": subjects[1]: "roof": want the id of something that a capacity rule judges`,
		`protocol "p": rule "alive": severity: "shrill": want critical, warning or info`,
		`protocol "p": rule "alive": for: -1ns: want a duration, 0 or more`,
		`protocol "p": rule "alive": id: "alive": want an id that is given once`,
		`protocol "p": rule "alive": severity: "shrill": want critical, warning or info`,
		`protocol "p": rule "alive": for: -1ns: want a duration, 0 or more`,
		`protocol "p": rule "air": params.expr: column 1: undeclared reference to 'co3' (did you mean 'co2'?)`,
		`protocol "p": rule "odd": kind: unknown kind of rule "magic": want one of ` + strings.Join(Kinds(), ", "),
	}
	got := Problems(Compile(d))
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("problem %d: got none, want %q", i, want[i])
		case i >= len(want):
			t.Errorf("problem %d: got %q, want no more", i, got[i])
		case got[i].Error() != want[i]:
			t.Errorf("problem %d: got %q, want %q", i, got[i], want[i])
		}
	}
}

func TestDefaultParametersAreValid(t *testing.T) {
	for _, name := range Kinds() {
		p, err := NewParams(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "expression" {
			p.(*Expression).Expr = "co2 > 1000"
		}
		if err := p.Validate(); err != nil {
			t.Errorf("%s: got %v, want valid defaults", name, err)
		}
		r := Rule{ID: "x", Kind: name, Params: p}
		if a := AdviceFor(&r); a["en"] == "" || a["id"] == "" {
			t.Errorf("%s: got advice %v, want both languages", name, a)
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again Rule
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatal(err)
		}
		c, _ := json.Marshal(again)
		if string(b) != string(c) {
			t.Errorf("%s: got %s after a round trip, want %s", name, c, b)
		}
	}
}
