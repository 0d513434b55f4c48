package rules

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// shares is the mall with a camera for masks and a dispenser at the main door, a dispenser in the hall, a counter of vehicles, and a
// checklist of a counter.
func shares(t testing.TB, all ...Rule) *Definition {
	d := mall(t)
	door, hall := facility.Place{Kind: facility.AtDoor, ID: "main"}, facility.Place{Kind: facility.AtZone, ID: "hall"}
	d.Site.Zones = append(d.Site.Zones, facility.Zone{ID: "gate", Name: "Gate"})
	gate := facility.Place{Kind: facility.AtZone, ID: "gate"}
	d.Site.Devices = append(d.Site.Devices,
		facility.Device{ID: "masks", Model: "native", Place: door, Interval: time.Hour},
		facility.Device{ID: "soap", Model: "native", Place: door, Interval: 2 * time.Hour},
		facility.Device{ID: "gel", Model: "native", Place: hall},
		facility.Device{ID: "cars", Model: "native", Place: gate, Interval: 2 * time.Hour},
	)
	d.Measures = map[string][]telemetry.Quantity{
		"masks": {telemetry.MaskWorn, telemetry.MaskMissing}, "soap": {telemetry.Dispensed, telemetry.FillLevel}, "gel": {telemetry.FillLevel},
		"cars": {telemetry.VehiclesIn}, "c-main": {telemetry.PeopleIn, telemetry.PeopleOut}, "c-back": {telemetry.PeopleIn, telemetry.PeopleOut},
		"c-inner": {telemetry.PeopleIn, telemetry.PeopleOut}, "thermo": {telemetry.BodyTemperature}, "air": {telemetry.Humidity}, "button": {telemetry.Button},
	}
	for i := range d.Site.Devices {
		if x := &d.Site.Devices[i]; x.ID == "c-main" || x.ID == "c-back" {
			x.Accuracy, x.Interval = 1, 3*time.Hour
		}
	}
	d.Site.Tasks = append(d.Site.Tasks,
		facility.Task{ID: "cars", Name: "Spray vehicles", Place: gate, Kind: facility.TaskVehicles},
		facility.Task{ID: "counter-1", Name: "Counter 1", Place: hall, Kind: facility.TaskChecklist, Items: []string{"mask", "gloves", "face shield", "partition"}})
	return with(d, all...)
}

func ruleOf(kind string, change func(Params)) Rule {
	p, err := NewParams(kind)
	if err != nil {
		panic(err)
	}
	if change != nil {
		change(p)
	}
	return Rule{ID: kind, Kind: kind, Params: p}
}

func TestMasks(t *testing.T) {
	tests := []struct {
		worn, missing int
		want          string
	}{
		{19, 0, "unknown/few"}, {20, 0, "unknown/near"}, {40, 0, "within"}, {95, 5, "within"}, {50, 3, "unknown/near"}, {50, 30, "breached"}, {10, 10, "breached"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.worn, " of ", tt.worn+tt.missing), func(t *testing.T) {
			r := newRig(t, shares(t, ruleOf("masks", func(p Params) { p.(*Masks).Least = 0.9 })))
			r.tick("2022-07-04 07:00:00")
			r.wantVerdict("masks", "main", "unknown/closed")
			r.read("masks", "2022-07-04 09:30:00", telemetry.MaskWorn, tt.worn, telemetry.MaskMissing, tt.missing)
			r.tick("2022-07-04 09:31:00")
			r.wantVerdict("masks", "main", tt.want)
			x := r.engine.View().Verdicts[0].Explanation
			if n, _ := inputOf(x, InputWorn); n != float64(tt.worn) {
				t.Errorf("got %v with a mask in the explanation, want %d", n, tt.worn)
			}
			r.tick("2022-07-04 10:31:00")
			r.wantVerdict("masks", "main", "unknown/few") // the hour is over, and nobody was seen
			r.tick("2022-07-04 12:31:00")
			r.wantVerdict("masks", "main", "unknown/silent")
		})
	}
}

func TestHygiene(t *testing.T) {
	r := newRig(t, shares(t, ruleOf("hygiene", nil)))
	r.tick("2022-07-04 06:00:00")
	r.wantVerdict("hygiene", "main", "unknown/silent")
	r.wantVerdict("hygiene", "hall", "unknown/no_data")
	r.read("c-main", "2022-07-04 06:30:00", telemetry.PeopleIn, 0, telemetry.PeopleOut, 0)
	r.read("soap", "2022-07-04 06:45:00", telemetry.Dispensed, 0)
	r.read("gel", "2022-07-04 08:30:00", telemetry.FillLevel, 50)
	r.read("soap", "2022-07-04 08:30:00", telemetry.FillLevel, 80, telemetry.Dispensed, 3)
	r.read("c-main", "2022-07-04 08:30:00", telemetry.PeopleIn, 10, telemetry.PeopleOut, 0)
	r.tick("2022-07-04 08:31:00")
	r.wantVerdict("hygiene", "main", "within") // by the level: too few came to speak of uses
	r.wantVerdict("hygiene", "hall", "within")
	r.read("c-main", "2022-07-04 09:25:00", telemetry.PeopleIn, 60, telemetry.PeopleOut, 0)
	r.tick("2022-07-04 09:26:00")
	r.wantVerdict("hygiene", "main", "within") // the dispenser has not told yet who used it since
	r.read("soap", "2022-07-04 09:26:30", telemetry.Dispensed, 0)
	r.tick("2022-07-04 09:27:00")
	r.wantVerdict("hygiene", "main", "breached") // 3 uses of 70 people
	x := r.engine.View().Verdicts
	for _, v := range x {
		if v.Subject.ID == "main" && (v.Explanation.Constraint != "uses" || v.Explanation.Limit != 10) {
			t.Errorf("got %+v, want uses against 10 %%", v.Explanation)
		}
	}
	r.read("soap", "2022-07-04 09:27:10", telemetry.FillLevel, 70, telemetry.Dispensed, 12)
	r.tick("2022-07-04 09:28:00")
	r.wantVerdict("hygiene", "main", "within")
	r.read("soap", "2022-07-04 09:29:00", telemetry.FillLevel, 4, telemetry.Dispensed, 0)
	r.wantVerdict("hygiene", "main", "breached")
	r.read("gel", "2022-07-04 12:00:00", telemetry.FillLevel, 9)
	r.wantVerdict("hygiene", "hall", "breached")
	r.tick("2022-07-05 12:00:00")
	r.wantVerdict("hygiene", "hall", "unknown/silent")
}

func TestVehicles(t *testing.T) {
	r := newRig(t, shares(t, ruleOf("vehicles", nil)))
	r.read("cars", "2022-07-04 07:30:00", telemetry.VehiclesIn, 3) // before the opening
	r.read("cars", "2022-07-04 08:30:00", telemetry.VehiclesIn, 4)
	r.tick("2022-07-04 08:31:00")
	r.wantVerdict("vehicles", "cars", "unknown/few")
	for i := range 9 {
		r.enter(fmt.Sprintf("2022-07-04 08:%d:00", 32+i), telemetry.Entry{Kind: telemetry.EntryTask, Subject: "cars", Value: 1})
	}
	r.read("cars", "2022-07-04 08:45:00", telemetry.VehiclesIn, 6)
	r.tick("2022-07-04 08:46:00")
	r.wantVerdict("vehicles", "cars", "within")
	r.read("cars", "2022-07-04 09:00:00", telemetry.VehiclesIn, 4)
	r.tick("2022-07-04 09:01:00")
	r.wantVerdict("vehicles", "cars", "breached")
	v := r.engine.View().Verdicts[0]
	if v.Severity != Info || v.Explanation.Value != 100*9.0/14 {
		t.Errorf("got %v and %v %%, want information only and 64 %%", v.Severity, v.Explanation.Value)
	}
	r.tick("2022-07-04 15:30:00")
	r.wantVerdict("vehicles", "cars", "unknown/silent")
}

func TestStaff(t *testing.T) {
	tests := []struct {
		name   string
		change func(Params)
		all    []said
	}{
		{"an opening is a shift", nil, []said{
			{"07:29:00", "", "unknown/closed"}, {"07:30:00", "", "unknown/pending"}, {"07:40:00", "mask", "unknown/pending"}, {"08:10:00", "gloves", "unknown/pending"},
			{"08:15:00", "", "breached/overdue"}, {"08:20:00", "face shield", "breached/overdue"}, {"08:21:00", "partition", "within"}, {"16:00:00", "", "unknown/closed"},
		}},
		{"two shifts", func(p Params) { p.(*Staff).Shifts = []string{"08:00-12:00", "12:00-16:00"} }, []said{
			{"07:50:00", "log", "within"}, {"11:20:00", "log", "within"}, {"11:59:00", "", "within"}, {"12:00:00", "", "unknown/pending"}, {"12:15:00", "", "breached/overdue"},
			{"12:20:00", "log", "within"}, {"16:00:00", "", "unknown/closed"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, shares(t, ruleOf("staff", tt.change)))
			for _, s := range tt.all {
				want := s.want
				s.want = ""
				r.follow("counter-1", []said{s})
				r.wantVerdict("staff", "counter-1", want)
			}
		})
	}
	r := newRig(t, shares(t, ruleOf("staff", nil)))
	r.follow("counter-1", []said{{"07:40:00", "mask", ""}, {"07:41:00", "partition", ""}, {"08:15:00", "", ""}})
	if got, want := r.engine.View().Verdicts[0].Explanation.Detail, "gloves, face shield"; got != want {
		t.Errorf("missing: got %q, want %q", got, want)
	}
	if got, want := r.engine.View().Tasks[2].NextDue, r.at("2022-07-04 08:15:00"); got != want {
		t.Errorf("next due: got %v, want %v", got, want)
	}
}

// TestSharesDoNotDependOnTheOrder: masks, hygiene, vehicles and staff say the same of what comes late or over a restart.
func TestSharesDoNotDependOnTheOrder(t *testing.T) {
	d := shares(t, ruleOf("masks", nil), ruleOf("hygiene", func(p Params) { p.(*Hygiene).People = 5 }), ruleOf("vehicles", nil), ruleOf("staff", nil))
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 10, func(t *testing.T, rng *rand.Rand) {
		var records []telemetry.Record
		for at := start; at < start.Add(34*time.Hour); at = at.Add(time.Duration(5+rng.IntN(400)) * time.Second) {
			var r telemetry.Record
			switch rng.IntN(8) {
			case 0:
				r = reading("masks", at, at, telemetry.MaskWorn, rng.IntN(12), telemetry.MaskMissing, rng.IntN(3))
			case 1:
				r = reading("soap", at, at, telemetry.Dispensed, rng.IntN(5), telemetry.FillLevel, rng.IntN(60))
			case 2:
				r = reading("gel", at, at, telemetry.FillLevel, rng.IntN(40))
			case 3:
				r = reading("cars", at, at, telemetry.VehiclesIn, rng.IntN(4))
			case 4, 5:
				r = reading([]string{"c-main", "c-back"}[rng.IntN(2)], at, at, telemetry.PeopleIn, rng.IntN(6), telemetry.PeopleOut, rng.IntN(4))
			case 6:
				r = telemetry.Record{Kind: telemetry.KindEntry, At: at, Received: at, Entry: &telemetry.Entry{Kind: telemetry.EntryTask, Subject: "cars", Value: 1}}
			case 7:
				r = telemetry.Record{Kind: telemetry.KindEntry, At: at, Received: at, Entry: &telemetry.Entry{Kind: telemetry.EntryTask, Subject: "counter-1", Value: 1,
					Item: []string{"", "mask", "gloves", "face shield", "partition"}[rng.IntN(5)]}}
			}
			r.Site = "mpp"
			records = append(records, r)
		}
		end := start.Add(38 * time.Hour)
		sorted, _ := run(t, d, start, end, records)
		late := delayed(rng, records, 100*time.Minute)
		shuffled, _ := run(t, d, start, end, late)
		if got, want := wholePast(shuffled), wholePast(sorted); got != want {
			t.Errorf("the history depends on the order of arrival:\n%s", firstDifference(got, want))
		}
		e := runRestarting(t, rng, 40, d, start, end, late)
		if got, want := wholePast(e), wholePast(shuffled); got != want {
			t.Errorf("the history depends on restarts:\n%s", firstDifference(got, want))
		}
	})
}

// Finding 18: where nothing counts vehicles the verdict follows the hours all the same.
func TestFinding18VehiclesWithoutACounterFollowTheHours(t *testing.T) {
	d := shares(t, ruleOf("vehicles", nil))
	delete(d.Measures, "cars")
	r := newRig(t, d)
	r.wantVerdict("vehicles", "cars", "unknown/closed")
	r.tick("2022-07-04 09:00:00")
	r.wantVerdict("vehicles", "cars", "unknown/no_data")
	r.out.Reset()
	r.tick("2022-07-04 23:00:00")
	r.wantVerdict("vehicles", "cars", "unknown/closed")
	i := r.engine.instances[0]
	if _, until := i.ask(r.at("2022-07-04 09:00:00"), Within); until == telemetry.Never {
		t.Error("without a counter: got no time at which the answer changes, want the closing")
	}
}
