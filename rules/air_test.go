package rules

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// airRoom is a room of 30 m² and 3 m with a camera and a sensor, under the rule alone.
func airRoom(t testing.TB, change func(*Air)) *Definition {
	d := mall(t)
	d.Site.Hours = facility.Hours{}
	d.Site.Zones = []facility.Zone{{ID: "room", Name: "Room", Area: 30, Height: 3}}
	d.Site.Doors = nil
	d.Site.Tasks = nil
	at := facility.Place{Kind: facility.AtZone, ID: "room"}
	d.Site.Devices = []facility.Device{
		{ID: "camera", Model: "native", Place: at, Whole: true, Interval: time.Hour},
		{ID: "co2", Model: "native", Place: at, Interval: 5 * time.Minute},
	}
	d.Measures = map[string][]telemetry.Quantity{"camera": {telemetry.PeoplePresent}, "co2": {telemetry.CO2}}
	p, _ := NewParams("air")
	if change != nil {
		change(p.(*Air))
	}
	return with(d, Rule{ID: "air", Kind: "air", Params: p})
}

// breathe lets people breathe in a room of 90 m³ with so much air, in L/s, and gives the CO₂ after each five minutes.
func breathe(start, air float64, people []float64) []float64 {
	co2, all := start, []float64{start}
	for _, n := range people {
		for range 300 {
			co2 += (1e6*0.005*n - air*(co2-430)) / 90_000
		}
		all = append(all, co2)
	}
	return all
}

func TestAirForEachPerson(t *testing.T) {
	people := func(n float64, times int) []float64 {
		all := make([]float64, times)
		for i := range all {
			all[i] = n
		}
		return all
	}
	tests := []struct {
		name   string
		start  float64
		air    float64
		people float64
		want   string
		each   float64
	}{
		{"steady, enough", 430 + 1e6*0.005*5/100, 100, 5, "within", 20},
		{"steady, too little", 430 + 1e6*0.005*10/30, 30, 10, "breached", 3},
		{"still rising: the CO₂ alone would say 25 L/s", 430, 15, 10, "breached", 1.5},
		{"still falling: the CO₂ alone would say 4 L/s", 1600, 100, 4, "within", 25},
		{"near", 430 + 1e6*0.005*5/52, 52, 5, "unknown/near", 10.4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, airRoom(t, nil))
			start := r.at("2022-07-04 10:00:00")
			for i, co2 := range breathe(tt.start, tt.air, people(tt.people, 7)) {
				at := start.Add(time.Duration(i)*5*time.Minute + time.Second)
				r.apply(reading("camera", at.Add(-time.Second), at.Add(-time.Second), telemetry.PeoplePresent, tt.people))
				r.apply(reading("co2", at, at, telemetry.CO2, co2))
			}
			r.tick("2022-07-04 10:40:00")
			r.wantVerdict("air", "room", tt.want)
			x := r.engine.View().Verdicts[0].Explanation
			if math.Abs(x.Value-tt.each) > 0.15*tt.each {
				t.Errorf("got %.1f L/s a person, want %.1f", x.Value, tt.each)
			}
			if low, _ := inputOf(x, InputAirLow); low > tt.each {
				t.Errorf("got %.1f L/s at the worst, want at most the truth, %.1f", low, tt.each)
			}
			if n, _ := inputOf(x, "persons"); math.Abs(n-tt.people) > 1e-9 {
				t.Errorf("got %v persons in the explanation, want %v", n, tt.people)
			}
		})
	}
}

// TestAirOfASensorThatShowsTooLittle: what it showed of the outdoor air at night is what the room's is held against.
func TestAirOfASensorThatShowsTooLittle(t *testing.T) {
	for _, zero := range []float64{-70, 0, 40} {
		r := newRig(t, airRoom(t, nil))
		start := r.at("2022-07-04 03:00:00")
		tell := func(at telemetry.Instant, people, co2 float64) {
			r.apply(reading("camera", at, at, telemetry.PeoplePresent, people))
			r.apply(reading("co2", at.Add(time.Second), at.Add(time.Second), telemetry.CO2, co2))
		}
		tell(start.Add(-5*time.Minute), 0, 0) // it begins with one value that is none
		for i := range 12 {
			tell(start.Add(time.Duration(i)*5*time.Minute), 0, 430+zero)
		}
		start = r.at("2022-07-04 10:00:00")
		for i := range 8 {
			tell(start.Add(time.Duration(i)*5*time.Minute), 5, 930+zero) // 50 L/s for five
		}
		r.tick("2022-07-04 10:40:00")
		want := 10.0
		if zero > 0 {
			want = 25_000 / (5 * (500 + zero)) // it may be the room that was not aired: nothing says that the sensor shows too much
		}
		if x := r.explanation("air", "room"); math.Abs(x.Value-want) > 0.01 {
			t.Errorf("a sensor that is off by %v ppm: got %.2f L/s a person, want %.2f", zero, x.Value, want)
		}
	}
}

func inputOf(x Explanation, name string) (float64, bool) {
	for _, in := range x.Inputs {
		if in.Name == name {
			return in.Value, true
		}
	}
	return 0, false
}

// TestAirIsNeverWithinUnobserved: without people, without their count, without CO₂ or a volume nobody can tell.
func TestAirIsNeverWithinUnobserved(t *testing.T) {
	d := airRoom(t, nil)
	r := newRig(t, d)
	start := r.at("2022-07-04 10:00:00")
	r.tick("2022-07-04 10:00:00")
	r.wantVerdict("air", "room", "unknown/no_data")
	for i := range 8 {
		at := start.Add(time.Duration(i) * 5 * time.Minute)
		r.apply(reading("co2", at, at, telemetry.CO2, 600))
	}
	r.tick("2022-07-04 10:40:00")
	r.wantVerdict("air", "room", "unknown/no_data") // nobody says how many are inside
	r.apply(reading("camera", r.at("2022-07-04 10:41:00"), r.at("2022-07-04 10:41:00"), telemetry.PeoplePresent, 3))
	r.tick("2022-07-04 10:45:00")
	r.wantVerdict("air", "room", "unknown/no_data") // not for the whole window yet
	r.tick("2022-07-04 10:59:00")
	r.wantVerdict("air", "room", "unknown/silent")
	r.tick("2022-07-04 11:45:00")
	r.wantVerdict("air", "room", "unknown/silent")

	empty := newRig(t, d)
	for i := range 12 {
		at := start.Add(time.Duration(i) * 5 * time.Minute)
		empty.apply(reading("co2", at, at, telemetry.CO2, 500))
		empty.apply(reading("camera", at, at, telemetry.PeoplePresent, 0))
	}
	empty.wantVerdict("air", "room", "unknown/idle")
}

// TestAirDoesNotDependOnTheOrder: late readings and counts give the answer of those that came in time.
func TestAirDoesNotDependOnTheOrder(t *testing.T) {
	d := airRoom(t, nil)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 9, 0, 0, 0, d.Site.Location.Location))
	var records []telemetry.Record
	people := []float64{0, 2, 6, 9, 9, 9, 8, 8, 3, 3, 1, 0, 0, 0, 5, 5, 5, 5, 5, 5}
	for i, co2 := range breathe(450, 40, people) {
		at := start.Add(time.Duration(i)*5*time.Minute + 7*time.Second)
		records = append(records, reading("co2", at, at, telemetry.CO2, math.Round(co2)))
		if i < len(people) {
			at := at.Add(50 * time.Second)
			records = append(records, reading("camera", at, at, telemetry.PeoplePresent, people[i]))
		}
	}
	for i := range records {
		records[i].Site = "mpp"
	}
	end := start.Add(3 * time.Hour)
	sorted, _ := run(t, d, start, end, records)
	for _, bound := range []time.Duration{2 * time.Minute, time.Hour} {
		seeds(t, 5, func(t *testing.T, rng *rand.Rand) {
			shuffled, _ := run(t, d, start, end, delayed(rng, records, bound))
			got, want := wholePast(shuffled), wholePast(sorted)
			if got != want {
				t.Errorf("late by up to %v: got %s, want %s", bound, got, want)
			}
		})
	}
}

// Finding 9: of an empty room nobody asks until somebody comes. Who comes within five minutes of the last question is answered by it, and
// the next is asked at the next step all the same, whether or not anything else is heard.
func TestFinding9AirIsAskedAboutAgainWhenSomebodyComes(t *testing.T) {
	for _, asked := range []string{"", "10:30:00", "10:31:00"} {
		t.Run(asked, func(t *testing.T) {
			r := newRig(t, airRoom(t, nil))
			r.read("camera", "2022-07-04 09:40:00", telemetry.PeoplePresent, 0)
			for _, at := range []string{"10:00:00", "10:10:00", "10:20:00"} {
				r.read("co2", "2022-07-04 "+at, telemetry.CO2, 2000)
			}
			if asked != "" {
				r.read("co2", "2022-07-04 "+asked, telemetry.CO2, 2000)
			}
			r.read("camera", "2022-07-04 10:32:10", telemetry.PeoplePresent, 60)
			r.read("co2", "2022-07-04 10:34:00", telemetry.CO2, 2000)
			r.wantVerdict("air", "room", "unknown/idle")
			r.tick("2022-07-04 10:35:00")
			r.wantVerdict("air", "room", "breached")
		})
	}
}
