package rules

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// What is no news to a rule changes none of its answers: an engine that asks everybody after each record finds the same at the same
// time. The values lie around what the rules compare with; messages come late, twice for a time, and not for hours.
func TestWhoIsNotAskedHasNothingToSay(t *testing.T) {
	seeds(t, 8, func(t *testing.T, rng *rand.Rand) {
		d := crowded(t, "s", 2)
		air := func(expr string, change func(p *Expression)) {
			r := about(SubjectZone, expr)
			change(r.Params.(*Expression))
			r.ID = fmt.Sprint(expr, len(d.Protocols[0].Rules))
			d.Protocols[0].Rules = append(d.Protocols[0].Rules, r)
		}
		air("co2 > 1000.0", func(p *Expression) { p.Readings = 3 })
		air("persons > 5.0 && co2 > 900.0", func(p *Expression) { p.Readings = 3 })
		air("persons > 5.0 && co2 > 900.0", func(p *Expression) { p.Over = 12 * time.Minute })
		air("co2 > 1000.0", func(p *Expression) { p.Over = 12 * time.Minute })
		air("co2 > 1000.0", func(p *Expression) { p.Value, p.Limit = "co2", 1000 })
		air("co2 > 1000.0", func(p *Expression) { p.Value = "1.0 / (co2 - 900.0)" })
		air("co2 > 1000.0", func(p *Expression) { p.When = "humidity > 60.0"; p.Stale = 11 * time.Minute })
		air("co2 > 1000.0", func(p *Expression) { p.Of = ofMean })
		for i := range d.Site.Devices {
			d.Site.Devices[i].Error = float64(rng.IntN(3)) * 20
		}
		some, all := newRig(t, d), newRig(t, d)
		at := some.at("2022-07-04 08:00:00")
		for round := range 250 {
			at = at.Add(time.Duration(rng.IntN(240)) * time.Second)
			if rng.IntN(60) == 0 {
				at = at.Add(time.Duration(rng.IntN(200)) * time.Minute)
			}
			device, pairs := d.Site.Devices[rng.IntN(len(d.Site.Devices))].ID, []any{}
			switch device[0] {
			case 'c':
				pairs = append(pairs, telemetry.PeopleIn, float64(rng.IntN(12)), telemetry.PeopleOut, float64(rng.IntN(6)))
			case 'a':
				pairs = append(pairs, telemetry.CO2, 800+float64(rng.IntN(5))*100)
				if rng.IntN(2) == 0 {
					pairs = append(pairs, telemetry.Humidity, 60+float64(rng.IntN(5))*5, telemetry.Temperature, 25+float64(rng.IntN(8)))
				}
			default:
				pairs = append(pairs, telemetry.FillLevel, 10+float64(rng.IntN(10)), telemetry.Dispensed, float64(rng.IntN(100)))
			}
			rec := reading(device, at.Add(-time.Duration(max(0, rng.IntN(200)-150))*time.Minute/8), at, pairs...)
			if rng.IntN(8) == 0 {
				rec.Observation.Readings[0].Channel = "two"
			}
			some.apply(rec)
			all.apply(rec)
			all.engine.askAll(all.engine.clock)
			all.engine.settle()
			if a, b := fmt.Sprint(some.transitions()), fmt.Sprint(all.transitions()); a != b {
				t.Fatalf("after record %d (%s %v): %s", round, device, pairs, firstDifference(a, b))
			}
			if round%25 != 0 {
				continue
			}
			if d := parting(t, some.engine, all.engine); d != "" {
				t.Fatalf("after record %d (%s %v): %s", round, device, pairs, d)
			}
		}
		checkSane(t, some.engine)
	})
}

// A value that says what the one before it said is no question to anybody; one on the other side of a limit is one to those it concerns.
func TestASteadyReadingAsksNobody(t *testing.T) {
	d := crowded(t, "s", 1)
	r := newRig(t, d)
	for i, at := range []string{"2022-07-04 09:01:00", "2022-07-04 09:06:00", "2022-07-04 09:11:00", "2022-07-04 09:12:00"} {
		r.read("az00", at, telemetry.CO2, 600+float64(i))
	}
	if n := r.engine.work.steps; n != 0 {
		t.Errorf("603 ppm after 602: %d questions, want none", n)
	}
	r.read("az00", "2022-07-04 09:13:00", telemetry.CO2, 1200)
	if n := r.engine.work.steps; n != 2 {
		t.Errorf("1200 ppm after 603: %d questions, want 2: of the limits of 800 and 1000", n)
	}
}
