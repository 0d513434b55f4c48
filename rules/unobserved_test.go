package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Promise 3: what nobody observed is never within. Of five devices three are silent or well, and of the others nobody knows.
func TestPromise3FactsOfDevicesThatAreNotHeard(t *testing.T) {
	want := map[string]string{
		"devices_frozen == 0.0":      "unknown/no_data",
		"devices_frozen > 0":         "unknown/no_data",
		"devices_battery_low > 4":    "within", // no more than four can be
		"devices_battery_low > 3":    "unknown/no_data",
		"devices_battery_low <= 3":   "unknown/no_data",
		"devices_battery_low >= 2":   "breached",
		"devices_battery_low == 3.0": "unknown/no_data", // neither bound is three
		"devices_battery_low < 2":    "within",
		"devices_tampered > 0":       "within", // all that can tell have
	}
	var all []Rule
	for expr := range want {
		all = append(all, about(SubjectZone, expr, "hall"))
	}
	asks := about(SubjectZone, "devices_tampered > 0 || true", "hall")
	asks.Params.(*Expression).When = "devices_battery_low <= 2"
	d := with(mall(t), append(all, asks)...)
	d.Measures = map[string][]telemetry.Quantity{}
	place := facility.Place{Kind: facility.AtZone, ID: "hall"}
	for i := range 5 {
		x := facility.Device{ID: fmt.Sprintf("s-%d", i), Model: "native", Place: place}
		if d.Measures[x.ID] = []telemetry.Quantity{telemetry.Temperature, telemetry.Battery}; i == 4 {
			d.Measures[x.ID] = []telemetry.Quantity{telemetry.Tamper} // has no battery
		}
		d.Site.Devices = append(d.Site.Devices, x)
	}
	r := newRig(t, d)
	for n := range 3 * 26 {
		at := r.at("2022-07-04 00:05:00").Add(time.Duration(n) * 20 * time.Minute)
		for i := range 2 {
			id := fmt.Sprintf("s-%d", i)
			r.apply(reading(id, at, at, telemetry.Temperature, 24+float64(n%5)*0.1, telemetry.Battery, 10))
		}
		r.apply(reading("s-4", at, at, telemetry.Tamper, 0))
	}
	check := func(r *rig) {
		t.Helper()
		for expr, v := range want {
			r.wantVerdict(expr, "hall", v)
		}
		r.wantVerdict(asks.ID, "hall", "unknown/no_data")
	}
	check(r)
	check(r.restored())
}

// Promise 3: a rule that begins to ask knows nothing of what was counted before, and neither does a site that begins.
func TestPromise3SumsFromWhenTheyAreAsked(t *testing.T) {
	soap, before := about(SubjectZone, "dispensed_today > 40", "hall"), gated(t)
	hour, people := about(SubjectZone, "dispensed > 40", "hall"), []Rule{about(SubjectZone, "in_today > 40", "hall"), about(SubjectZone, "in_hour > 40", "hall")}
	for _, begins := range []string{"the rule", "the site"} {
		r := &rig{t: t, engine: New("mpp"), loc: before.Site.Location.Location}
		if begins == "the rule" {
			r.configure(before, r.at("2022-07-04 00:00:00"))
			r.read("soap", "2022-07-04 09:20:00", telemetry.Dispensed, 50)
			r.read("c-main", "2022-07-04 09:20:00", telemetry.PeopleIn, 50)
		}
		r.configure(gated(t, append(people, soap, hour)...), r.at("2022-07-04 12:14:00"))
		for _, at := range []string{"2022-07-04 12:20:00", "2022-07-04 13:10:00", "2022-07-04 13:20:00", "2022-07-04 23:50:00", "2022-07-05 00:20:00"} {
			r.read("soap", at, telemetry.Dispensed, 1)
			r.read("c-main", at, telemetry.PeopleIn, 1)
			day, inHour, inDay := "unknown/no_data", "unknown/no_data", "unknown/no_data"
			if at > "2022-07-04 13:15" {
				inHour = "within"
			}
			if at > "2022-07-05" {
				day, inDay = "within", "within"
			}
			for _, x := range []*rig{r, r.restored()} {
				x.tick(at)
				x.wantVerdict(soap.ID, "hall", day)
				x.wantVerdict(hour.ID, "hall", inHour)
				if begins == "the site" {
					x.wantVerdict("in_today > 40", "hall", inDay)
					x.wantVerdict("in_hour > 40", "hall", inHour)
				} else if at < "2022-07-05" {
					x.wantVerdict("in_today > 40", "hall", "breached")
				}
			}
		}
	}
}

// Promise 3: of a counter that promises no interval and says nothing while the building is open nobody knows whether it is alive.
func TestPromise3DirectionNeedsEveryCounter(t *testing.T) {
	for name, says := range map[string]doorFlow{"within": morning, "a door": morning.swapped("main")} {
		for _, spoke := range []bool{false, true} {
			r := newRig(t, office(t, directionRule()))
			if spoke { // on the day before
				r.read("c-back", "2022-07-04 09:00:00", telemetry.PeopleIn, 1, telemetry.PeopleOut, 1)
			}
			flow := doorFlow{"main": says["main"], "inner": says["inner"], "side": says["side"]}
			r.passes(5, 8, 11, flow)
			r.tick("2022-07-05 11:05:00")
			if got := r.found(); got != "unknown/uncounted  c-back" {
				t.Errorf("%s, spoke %v: got %q", name, spoke, got)
			}
			r.read("c-back", "2022-07-05 11:06:00", telemetry.PeopleIn, 0, telemetry.PeopleOut, 0)
			r.tick("2022-07-05 11:20:00")
			if got := r.found(); got == "unknown/uncounted  c-back" {
				t.Errorf("%s, spoke %v: still %q when it has said that nobody passed", name, spoke, got)
			}
		}
	}
}
