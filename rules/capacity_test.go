package rules

import (
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	in    = telemetry.PeopleIn
	out   = telemetry.PeopleOut
	body  = telemetry.BodyTemperature
	seats = telemetry.PeoplePresent
)

// exact makes the counters of a definition free of error.
func exact(d *Definition) *Definition {
	for i := range d.Site.Devices {
		d.Site.Devices[i].Accuracy = 1
	}
	return d
}

func TestLimitIsTheSmallest(t *testing.T) {
	tests := []struct {
		name       string
		zone       facility.Zone
		spacing    float64
		grid       Grid
		want       float64
		constraint string
	}{
		{"declared", facility.Zone{Capacity: 30, Seats: 40, Area: 100}, 1, Square, 30, byDeclared},
		{"seats", facility.Zone{Capacity: 50, Seats: 40, Area: 100}, 1, Square, 40, bySeats},
		{"area less fixtures", facility.Zone{Capacity: 500, Area: 100, Fixtures: 20}, 1.5, Square, 35, byArea},
		{"hexagonal holds more", facility.Zone{Area: 100}, 1, Hexagonal, 115, byArea},
		{"every second seat", facility.Zone{Seats: 21, SeatPitch: 0.6}, 1, Square, 11, bySeats},
		{"pitch is the spacing", facility.Zone{Seats: 21, SeatPitch: 1}, 1, Square, 21, bySeats},
		{"exact division", facility.Zone{Area: 9}, 1.5, Square, 4, byArea},
		{"a tie goes to the first", facility.Zone{Capacity: 20, Seats: 20}, 1, Square, 20, byDeclared},
		{"nothing", facility.Zone{}, 1, Square, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, constraint, ok := fullLimit(&tt.zone, tt.spacing, tt.grid)
			if got != tt.want || constraint != tt.constraint || ok != (tt.constraint != "") {
				t.Errorf("limit: got %v by %q (%v), want %v by %q", got, constraint, ok, tt.want, tt.constraint)
			}
		})
	}
}

func TestCapacityJudgesTheInterval(t *testing.T) {
	r := newRig(t, with(mall(t), capacityRule(nil)))
	r.wantVerdict("capacity", "hall", "unknown/no_data")
	r.read("c-main", "2022-07-04 09:00:00", in, 40)
	r.wantVerdict("capacity", "hall", "within")
	r.read("c-main", "2022-07-04 09:10:00", in, 10) // 46 to 55
	r.wantVerdict("capacity", "hall", "unknown/near")
	r.read("c-main", "2022-07-04 09:20:00", in, 1) // 49 to 56
	r.wantVerdict("capacity", "hall", "unknown/near")
	r.read("c-main", "2022-07-04 09:30:00", in, 2) // 51 to 58
	r.wantVerdict("capacity", "hall", "breached")
	r.wantTransitions(
		"09:00:00 capacity zone/hall unknown>within",
		"09:10:00 capacity zone/hall within>unknown",
		"09:30:00 capacity zone/hall unknown>breached",
	)
	z := r.zone("hall")
	if z.Limit != 50 || z.Binding != "declared" || z.Advice != AdviceStop {
		t.Errorf("hall: got limit %v by %s, advice %s, want 50 by declared, stop", z.Limit, z.Binding, z.Advice)
	}
}

func TestCapacityThroughInnerDoors(t *testing.T) {
	r := newRig(t, with(exact(mall(t)), capacityRule(nil)))
	r.read("c-main", "2022-07-04 09:00:00", in, 20)
	r.read("c-inner", "2022-07-04 09:01:00", in, 11)
	r.wantPersons("hall", 20) // those in the waiting room are in the hall too
	r.wantPersons("waiting", 11)
	r.wantVerdict("capacity", "waiting", "breached") // every second of 20 seats: 10
	r.read("c-back", "2022-07-04 09:02:00", in, 5)   // the back door leads out
	r.wantPersons("hall", 15)
	if got := r.engine.View().Persons.Persons; got != 15 {
		t.Errorf("persons in the building: got %v, want 15", got)
	}
}

func TestHysteresisAndLevel(t *testing.T) {
	d := exact(with(mall(t), capacityRule(func(p *Capacity) { p.Hysteresis = 3 })))
	d.Site.Levels = append(d.Site.Levels, facility.LevelPeriod{From: facility.Date{Year: 2022, Month: 7, Day: 5}, Level: "l2"})
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 09:00:00", in, 51)
	r.wantVerdict("capacity", "hall", "breached")
	r.read("c-main", "2022-07-04 09:01:00", out, 2)
	r.wantVerdict("capacity", "hall", "within") // 49 of 50: the verdict knows no hysteresis, the alarm does
	r.read("c-main", "2022-07-04 09:02:00", out, 2)
	r.wantAlarms("09:00:00 capacity zone/hall firing", "09:02:00 capacity zone/hall quiet")
	r.out.Reset()
	r.read("c-main", "2022-07-05 09:00:00", in, 30) // the level allows half of 50 now
	r.wantVerdict("capacity", "hall", "breached")
	r.enter("2022-07-05 10:00:00", telemetry.Entry{Kind: telemetry.EntryLevel, Text: "l1", Until: r.at("2022-07-05 11:00:00")})
	r.wantVerdict("capacity", "hall", "within")
	r.tick("2022-07-05 11:00:00")
	r.wantVerdict("capacity", "hall", "breached")
	r.wantTransitions(
		"09:00:00 capacity zone/hall within>breached",
		"10:00:00 capacity zone/hall breached>within",
		"11:00:00 capacity zone/hall within>breached",
	)
}
