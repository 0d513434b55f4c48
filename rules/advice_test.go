package rules

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// airRules are two limits on CO₂, as the shipped protocol has them.
func airRules() []Rule {
	rule := func(id, expr string, s Severity) Rule {
		p, _ := NewParams("expression")
		x := p.(*Expression)
		x.Expr, x.Value, x.Unit = expr, "co2", "ppm"
		return Rule{ID: id, Kind: "expression", Severity: s, Params: x}
	}
	return []Rule{rule("first", "co2 > 1000.0", Warning), rule("action", "co2 > 1500.0", Critical), rule("note", "co2 > 800.0", Info)}
}

// A room in which the air is bad, or a building that is closed, was shown as free to enter.
func TestAdviceFollowsAllThatIsKnown(t *testing.T) {
	d := with(exact(mall(t)), append(airRules(), capacityRule(nil))...)
	r := newRig(t, d)
	want := func(zone string, a Advice, held string) {
		t.Helper()
		if z := r.zone(zone); z.Advice != a || z.Held != held {
			t.Errorf("%s at %v: got advice %q by rule %q, want %q by %q", zone, r.engine.Clock(), z.Advice, z.Held, a, held)
		}
	}
	r.read("c-main", "2022-07-04 09:00:00", in, 3)
	r.read("c-inner", "2022-07-04 09:00:01", in, 1)
	r.read("air", "2022-07-04 09:01:00", telemetry.CO2, 700)
	want("hall", AdviceGo, "")
	r.read("air", "2022-07-04 09:02:00", telemetry.CO2, 900)
	want("hall", AdviceGo, "") // what is only to be known holds nobody up
	r.read("air", "2022-07-04 09:03:00", telemetry.CO2, 1200)
	want("hall", AdviceWait, "first")
	r.read("air", "2022-07-04 09:04:00", telemetry.CO2, 1600)
	want("hall", AdviceStop, "action")
	want("waiting", AdviceGo, "") // of another room nothing is known that speaks against it
	r.read("air", "2022-07-04 09:05:00", telemetry.CO2, 600)
	want("hall", AdviceGo, "")
	r.read("c-main", "2022-07-04 09:06:00", in, 60)
	want("hall", AdviceStop, "")
	r.read("c-main", "2022-07-04 09:07:00", out, 60)
	want("hall", AdviceGo, "")
	if due := r.engine.Due(); due > r.at("2022-07-04 16:00:00") {
		t.Errorf("got nothing due until %v, want the closing: displays change then", due)
	}
	r.tick("2022-07-04 16:00:00")
	want("hall", AdviceStop, "")
	want("waiting", AdviceStop, "")
	r.tick("2022-07-05 08:00:00")
	r.read("c-main", "2022-07-05 08:00:01", in, 1)
	want("hall", AdviceGo, "")
}

// Where nobody counts there is no advice, unless something is known that forbids to go in.
func TestAdviceWhereNobodyCounts(t *testing.T) {
	d := mall(t)
	d.Site.Doors, d.Site.Devices = nil, d.Site.Devices[4:5]
	r := newRig(t, with(d, airRules()...))
	for _, tc := range []struct {
		co2  float64
		want Advice
	}{{700, ""}, {1200, ""}, {1600, AdviceStop}} {
		r.read("air", "2022-07-04 09:00:00", telemetry.CO2, tc.co2)
		if z := r.zone("hall"); z.Advice != tc.want {
			t.Errorf("at %v ppm: got advice %q, want %q", tc.co2, z.Advice, tc.want)
		}
	}
}

// A building that is too full holds up those at the doors from outside, not those who go from room to room.
func TestAdviceOfAFullBuilding(t *testing.T) {
	rule := capacityRule(func(c *Capacity) { c.Site, c.SiteCapacity = true, 10 })
	rule.Severity = Critical
	r := newRig(t, with(exact(mall(t)), rule))
	r.read("c-main", "2022-07-04 09:00:00", in, 12)
	r.read("c-inner", "2022-07-04 09:00:01", in, 1)
	if z := r.zone("hall"); z.Advice != AdviceStop || z.Held != "capacity" {
		t.Errorf("hall: got %q by %q, want stop by capacity: the building is full", z.Advice, z.Held)
	}
	if z := r.zone("waiting"); z.Advice != AdviceGo {
		t.Errorf("waiting room: got %q, want go", z.Advice)
	}
}

// An alarm that KeepFiring holds says when it ends; one that hysteresis holds does not.
func TestAnAlarmThatIsKeptSaysWhenItEnds(t *testing.T) {
	rule := capacityRule(func(c *Capacity) { c.Hysteresis = 2 })
	rule.KeepFiring = 5 * time.Minute
	r := newRig(t, with(exact(mall(t)), rule))
	ends := func() telemetry.Instant {
		for _, v := range r.engine.View().Verdicts {
			if v.Subject.ID == "hall" {
				return v.AlarmEnds
			}
		}
		return -1
	}
	r.read("c-main", "2022-07-04 09:00:00", in, 60)
	if got := ends(); got != 0 {
		t.Errorf("while it is breached: got %v, want none", got)
	}
	r.read("c-main", "2022-07-04 09:01:00", out, 10) // 50 of 50
	if got := ends(); got != 0 {
		t.Errorf("at the limit: got %v, want none: hysteresis holds it", got)
	}
	r.read("c-main", "2022-07-04 09:02:00", out, 10)
	if got, want := ends(), r.at("2022-07-04 09:07:00"); got != want {
		t.Errorf("below the limit: got %v, want %v", got, want)
	}
}
