package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func airRule(change func(*Expression)) Rule {
	p, _ := NewParams("expression")
	change(p.(*Expression))
	return Rule{ID: "air", Kind: "expression", Params: p}
}

func TestExpression(t *testing.T) {
	co2 := func(p *Expression) { p.Expr, p.Value, p.Limit = "co2 > 1000", "co2", 1000 }
	r := newRig(t, exact(with(mall(t), airRule(co2))))
	r.wantVerdict("air", "hall", "unknown/no_data")
	r.read("air", "2022-07-04 09:00:00", telemetry.CO2, 900)
	r.wantVerdict("air", "hall", "within")
	r.read("air", "2022-07-04 09:05:00", telemetry.CO2, 1100)
	r.wantVerdict("air", "hall", "breached")
	x := r.engine.View().Verdicts[0].Explanation
	if x.Value != 1100 || x.Limit != 1000 || len(x.Evidence) != 1 || x.Evidence[0].Value != 1100 {
		t.Errorf("explanation: got %+v, want 1100 against 1000 with its reading", x)
	}
	r.tick("2022-07-04 10:04:59")
	r.wantVerdict("air", "hall", "breached")
	r.tick("2022-07-04 10:05:00") // an hour old
	r.wantVerdict("air", "hall", "unknown/silent")
	r.late("air", "2022-07-04 09:10:00", "2022-07-04 10:06:00", telemetry.CO2, 700)
	r.wantTransitions(
		"09:00:00 air zone/hall unknown>within",
		"09:05:00 air zone/hall within>breached",
		"10:05:00 air zone/hall breached>unknown",
		"09:10:00 air zone/hall breached>within until 10:05:00",
		"10:05:00 air zone/hall unknown>within until 10:06:00",
		"10:06:00 air zone/hall unknown>within",
	)
}

func TestExpressionVariables(t *testing.T) {
	tests := []struct {
		kind SubjectKind
		id   string
		expr string
		want string
	}{
		{SubjectZone, "hall", "persons > 4 && error < 1", "breached"},
		{SubjectZone, "hall", "persons > limit", "within"},
		{SubjectZone, "hall", `open && minutes_since_open == 60.0 && level == "l2" && share == 0.5`, "breached"},
		{SubjectZone, "hall", `age_minutes["co2"] >= 10`, "breached"},
		{SubjectZone, "hall", "in_today == 9.0 && out_today == 4.0", "breached"},
		{SubjectZone, "waiting", "persons > 4", "unknown/no_data"},
		{SubjectDoor, "main", "in_today > 0 && screened_today / in_today < 0.9", "breached"},
		{SubjectDevice, "air", "co2 > 700 && humidity > 10", "unknown/no_data"},
		{SubjectSite, "mpp", "persons == 5.0", "breached"},
		{SubjectZone, "hall", "co2 / (co2 - co2) > 1", "breached"}, // infinite, and greater
	}
	for _, tt := range tests {
		t.Run(tt.expr, func(t *testing.T) {
			rule := airRule(func(p *Expression) { p.SubjectKind, p.Expr = tt.kind, tt.expr })
			r := newRig(t, exact(with(mall(t), rule, capacityRule(nil))))
			r.enter("2022-07-04 07:00:00", telemetry.Entry{Kind: telemetry.EntryLevel, Text: "l2"})
			r.read("air", "2022-07-04 08:50:00", telemetry.CO2, 800)
			r.read("thermo", "2022-07-04 08:50:00", body, 36)
			r.read("c-main", "2022-07-04 08:55:00", in, 9, out, 4)
			r.tick("2022-07-04 09:00:00")
			r.wantVerdict("air", tt.id, tt.want)
		})
	}
}

func TestExpressionsAreCheckedAtLoad(t *testing.T) {
	tests := []struct{ expr, want string }{
		{"", "want a CEL expression"},
		{"co2 >", "column 6: Syntax error"},
		{"co3 > 1", "undeclared reference to 'co3'"},
		{"co2 + 1.0", "it gives double: want bool"},
		{"screened_today > 1.0", "undeclared reference"}, // a door's
		{`timestamp("2022-01-01T00:00:00Z") < now`, "undeclared reference to 'now'"},
	}
	for _, tt := range tests {
		p, _ := NewParams("expression")
		p.(*Expression).Expr = tt.expr
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want an error that says %q", tt.expr, err, tt.want)
		}
	}
}

func TestExpressionCostIsBounded(t *testing.T) {
	rule := airRule(func(p *Expression) {
		list := "[1,2,3,4,5,6,7,8,9,10]"
		p.Expr = list + ".all(a, " + list + ".all(b, " + list + ".all(c, " + list + ".all(d, a+b+c+d < 1000)))) && co2 > 0.0"
	})
	r := newRig(t, with(mall(t), rule))
	r.read("air", "2022-07-04 09:00:00", telemetry.CO2, 900)
	r.wantVerdict("air", "hall", "unknown/expression")
}

func distancingRule(change func(*Distancing)) Rule {
	p, _ := NewParams("distancing")
	if change != nil {
		change(p.(*Distancing))
	}
	return Rule{ID: "distance", Kind: "distancing", Params: p}
}

func TestDistancingByDensity(t *testing.T) {
	r := newRig(t, exact(with(mall(t), distancingRule(func(p *Distancing) { p.Spacing = 2 })))) // 100 m² free: 25 people
	r.read("c-main", "2022-07-04 09:00:00", in, 25)
	r.wantVerdict("distance", "hall", "within")
	r.read("c-main", "2022-07-04 09:01:00", in, 1)
	r.wantVerdict("distance", "hall", "breached")
	r.wantVerdict("distance", "waiting", "none") // no area
}

func TestDistancingMeasured(t *testing.T) {
	rule := distancingRule(func(p *Distancing) { p.Density = false })
	rule.Subjects = []string{"hall"}
	r := newRig(t, with(mall(t), rule))
	for _, s := range []struct {
		at       string
		distance float64
		want     string
	}{
		{"09:00:00", 1.5, "within"}, {"09:00:10", 0.8, "within"}, {"09:00:20", 0.9, "within"}, {"09:00:30", 0.7, "breached"}, {"09:00:40", 1, "within"},
	} {
		r.read("air", "2022-07-04 "+s.at, telemetry.Distance, s.distance)
		r.wantVerdict("distance", "hall", s.want)
	}
	r.tick("2022-07-04 09:15:40")
	r.wantVerdict("distance", "hall", "unknown/no_data")
}

func TestSilentSensorGivesNoValue(t *testing.T) {
	d := with(mall(t), airRule(func(p *Expression) { p.Expr = "co2 > 1000" }))
	d.Site.Devices[4].Interval = 5 * time.Minute
	r := newRig(t, d)
	r.read("air", "2022-07-04 09:00:00", telemetry.CO2, 500)
	r.wantVerdict("air", "hall", "within")
	r.tick("2022-07-04 09:15:00")
	r.wantVerdict("air", "hall", "unknown/silent")
}
