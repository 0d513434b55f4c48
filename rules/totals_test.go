package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	inTotal  = telemetry.PeopleInTotal
	outTotal = telemetry.PeopleOutTotal
)

func TestSteps(t *testing.T) {
	tests := []struct {
		name  string
		a, b  float64
		apart time.Duration
		link  link
		count float64
	}{
		{"increment", 100, 130, time.Minute, climb, 30},
		{"same", 100, 100, time.Minute, climb, 0},
		{"began again", 500, 3, time.Minute, reset, 3},
		{"began again at zero", 500, 0, time.Minute, reset, 0},
		{"took up a stored value", 5010, 4990, time.Minute, restore, 0},
		{"took up a stored value after a long time", 5010, 4990, 12 * time.Hour, restore, 0},
		{"wrap of 16 bits", 65_530, 4, time.Minute, wrap, 10},
		{"wrap of 32 bits", 1<<32 - 6, 4, time.Minute, wrap, 10},
		{"more than a door lets through", 100, 10_000, time.Minute, jump, 0},
		{"much in a long time", 100, 4000, time.Hour, climb, 3900},
		{"seconds apart", 100, 180, time.Second, climb, 80},
		{"a drop to more than a door lets through", 60_000, 5000, time.Minute, restore, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := point{at: 1, v: tt.a}
			b := point{at: a.at.Add(tt.apart), v: tt.b}
			if got, n := (doorway{DefaultPassages}).step(&a, &b); got != tt.link || n != tt.count {
				t.Errorf("got link %d and %v counted, want %d and %v", got, n, tt.link, tt.count)
			}
		})
	}
}

// minutely are values one a minute.
func minutely(values ...float64) []entry[float64] {
	var all []entry[float64]
	for i, v := range values {
		all = append(all, entry[float64]{telemetry.Instant(i+1) * telemetry.Instant(time.Minute), v})
	}
	return all
}

// toldOf adds up what a total tells of values in the order in which they are given.
func toldOf(c *total, all []entry[float64]) (count, doubt people) {
	for _, p := range all {
		flows, _ := c.record(p.at, p.v, doorway{DefaultPassages}, nil)
		for _, f := range flows {
			count += f.count
			doubt += f.doubt
		}
	}
	return count, doubt
}

// Findings R10: what a drop means follows from the values after it.
func TestR10_WhatADropMeans(t *testing.T) {
	tests := []struct {
		name   string
		values []float64
		count  float64
		sure   bool // nothing is doubted
	}{
		{"a value that is one too low", []float64{1000, 1010, 1009, 1011}, 11, true},
		{"a zero between", []float64{1000, 1001, 0, 1002}, 2, true},
		{"a stored value, and the line goes on", []float64{5000, 5010, 4990, 5012}, 12, true},
		{"a zero, and back", []float64{1500, 0, 1500}, 0, true},
		{"three zeros, and back", []float64{1500, 1501, 0, 0, 0, 1502}, 2, true},
		{"many zeros, and back", append(append([]float64{400}, make([]float64, 20)...), 401), 1, true},
		{"zeros within reach of the door, and back", []float64{60, 62, 0, 0, 0, 0, 62, 63}, 3, true},
		{"twice a zero, one by one", []float64{1000, 0, 1002, 0, 1004}, 4, true},
		{"a peak", []float64{1000, 1001, 65_535, 1002, 1003}, 3, true},
		{"a peak within reach of the door", []float64{1000, 1001, 1090, 1002, 1003, 1004}, 4, true},
		{"the first value is a peak that the next deny", []float64{9000, 10, 12, 14}, 14, true},

		{"a candidate counts nothing", []float64{1000, 1010, 3}, 10, false},
		{"nor does the value behind it", []float64{1000, 1010, 3, 5}, 10, false},
		{"the second behind it decides: it began again", []float64{1000, 1010, 3, 5, 9}, 19, false},
		{"began again at zero and stands", []float64{1000, 1010, 0, 0, 0}, 10, false},
		{"began again at zero", []float64{1000, 1010, 0, 0, 5}, 15, false},
		{"began again at once", []float64{500, 3, 5, 9}, 9, true},
		{"began again twice", []float64{1000, 1010, 3, 5, 9, 2, 4, 6}, 25, false},
		{"took up a stored value and goes on from it", []float64{5000, 5005, 5010, 4990, 4993, 4996, 5001}, 21, false},
		{"a preset value", []float64{10, 12, 500_000, 500_002, 500_004}, 6, false},
		{"wrap of 16 bits", []float64{65_520, 65_530, 4, 6}, 22, true},
		{"wrap of 32 bits", []float64{1<<32 - 10, 1<<32 - 6, 4, 6}, 16, true},
		{"power that fails twice", []float64{0, 1, 2, 0, 0, 7}, 9, false},
		{"power that fails again", []float64{1, 2, 1, 8}, 9, false},
		{"a stored value, and two that climb from it", []float64{1000, 1010, 1020, 1030, 1012, 1019, 1031}, 49, false},
		{"two that climb by more than people do, and back", []float64{3000, 3010, 2700, 2790, 3011}, 11, true},
		{"beginning to beginning", []float64{1000, 500, 0, 1, 2}, 2, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			count, doubt := toldOf(newTotal(inTotal, "", ""), minutely(tt.values...))
			if count.number() != tt.count || (doubt == 0) != tt.sure {
				t.Errorf("%v: got %v counted, %v doubted; want %v, nothing doubted: %v", tt.values, count.number(), doubt.number(), tt.count, tt.sure)
			}
		})
	}
}

// What a beginning doubts is what usually passes in the time that nobody saw, and what a door lets through at the most.
func TestR10_DoubtIsBounded(t *testing.T) {
	tests := []struct {
		name     string
		apart    time.Duration
		values   []float64
		from, to float64
	}{
		{"a glitch of one widens by what usually passes", time.Minute, []float64{1000, 1005, 1010, 1009}, 1, 5},
		{"a candidate for a reset by what it says", time.Minute, []float64{1000, 1005, 1010, 40}, 40, 40},
		{"a reset leaves what was lost before it", time.Minute, []float64{1000, 1010, 1020, 3, 13, 23}, 7, 7},
		{"at night a reset loses nobody", time.Minute, []float64{1000, 1000, 1000, 0, 0, 0}, 0, 0},
		{"of a long gap what is still inside", 24 * time.Hour, []float64{7200, 8640, 10_080, 100, 1540, 2980}, 20, 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := minutely(tt.values...)
			for i := range all {
				all[i].at *= telemetry.Instant(tt.apart / time.Minute)
			}
			if _, doubt := toldOf(newTotal(inTotal, "", ""), all); doubt.number() < tt.from || doubt.number() > tt.to {
				t.Errorf("%v doubted: want %v to %v", doubt.number(), tt.from, tt.to)
			}
		})
	}
}

func TestTotalsInAnyOrder(t *testing.T) {
	points := []entry[float64]{{1, 10}, {2, 12}, {3, 12}, {4, 20}, {5, 2}, {6, 5}, {6, 5}, {6, 4}, {7, 65_000}, {8, 10}, {9, 65_001}, {10, 65_002}, {11, 3}, {12, 65_003}, {13, 4}, {14, 4}, {15, 5}}
	for i := range points {
		points[i].at *= telemetry.Instant(time.Minute)
	}
	wantCount, wantDoubt := toldOf(newTotal(inTotal, "", ""), points)
	seeds(t, 200, func(t *testing.T, rng *rand.Rand) {
		shuffled := slices.Clone(points)
		rng.Shuffle(len(shuffled), func(i, k int) { shuffled[i], shuffled[k] = shuffled[k], shuffled[i] })
		if count, doubt := toldOf(newTotal(inTotal, "", ""), shuffled); count != wantCount || doubt != wantDoubt {
			t.Errorf("%v: got %v counted, %v doubted, want %v and %v", shuffled, count, doubt, wantCount, wantDoubt)
		}
	})
}

// counted is a rig with exact counters and no rule but capacity.
func counted(t *testing.T) *rig { return newRig(t, exact(with(mall(t), capacityRule(nil)))) }

// A drop that is undecided widens the interval, and its end takes that back.
func TestR10_TheIntervalWidensAndHeals(t *testing.T) {
	r := counted(t)
	want := func(persons float64, wide bool) {
		t.Helper()
		r.wantPersons("hall", persons)
		if e := r.zone("hall").Persons.Error; (e > 0) != wide {
			t.Errorf("at %v: error of %v, want one: %v", r.engine.clock, e, wide)
		}
	}
	r.read("c-main", "2022-07-04 09:00:00", inTotal, 1000)
	r.read("c-main", "2022-07-04 09:10:00", inTotal, 1010)
	want(10, false)
	r.read("c-main", "2022-07-04 09:20:00", inTotal, 1009)
	want(10, true)
	r.read("c-main", "2022-07-04 09:30:00", inTotal, 1011)
	want(11, false)
	r.read("c-main", "2022-07-04 09:40:00", inTotal, 3)
	want(11, true)
	r.read("c-main", "2022-07-04 09:50:00", inTotal, 4)
	want(11, true)
	r.read("c-main", "2022-07-04 10:00:00", inTotal, 5)
	want(16, true)
	if got := r.zone("hall").Persons; got.Low != 16 || got.High != 17 {
		t.Errorf("after a reset: %v to %v, want 16 to 17: 4 usually pass in the time, 3 are known", got.Low, got.High)
	}
}

// Findings R4: a backlog counts, however many newer values came before it.
func TestR4_BacklogBehindLiveValues(t *testing.T) {
	r := counted(t)
	r.read("c-main", "2022-07-04 07:59:00", inTotal, 1000, outTotal, 500)
	for m := range 9 * 60 / 5 { // nine hours, in which people go
		at := r.at("2022-07-04 10:04:00").Add(time.Duration(m) * 5 * time.Minute)
		r.apply(reading("c-main", at, at, inTotal, 1060, outTotal, 500+min(m, 30)))
	}
	before := r.zone("hall").Persons
	r.transitions()
	for m := range 60 { // 60 people came from 08:00 on, one a minute
		at := r.at("2022-07-04 08:00:00").Add(time.Duration(m) * time.Minute)
		r.apply(reading("c-main", at, r.engine.clock.Add(time.Second), inTotal, 1001+m, outTotal, 500))
	}
	if got := r.zone("hall").Persons; got.Persons != before.Persons || got.Persons != 30 {
		t.Errorf("after the backlog: got %v persons, want 30 as before", got.Persons)
	}
	for at, want := range map[string]float64{"08:00:30": 1, "08:13:30": 14, "08:59:30": 60, "10:02:00": 60} {
		if got, _ := r.engine.zones[0].estimate(r.at("2022-07-04 " + at)); got.persons.number() != want {
			t.Errorf("at %s: %v people, want %v", at, got.persons.number(), want)
		}
	}
	if !slices.ContainsFunc(r.transitions(), func(s string) bool { return strings.Contains(s, "within>breached") }) {
		t.Error("60 people of 50 were there from 08:50 on, and no verdict says so")
	}
}

// A backlog counts after a week of newer values, too, and what is kept meanwhile is bounded.
func TestR4_BacklogAfterDays(t *testing.T) {
	r := counted(t)
	r.read("c-main", "2022-07-04 09:00:00", inTotal, 1000)
	v := 1060
	for m := range 6 * 24 * 60 {
		at := r.at("2022-07-04 11:00:00").Add(time.Duration(m) * time.Minute)
		if m%3 == 0 && at.In(r.loc).Hour() >= 8 {
			v++ // the first at 11:00
		}
		r.apply(reading("c-main", at, at, inTotal, v))
	}
	if n := len(r.engine.devices[0].totals[0].points); n > 128 {
		t.Errorf("%d points are kept of %d, want far fewer", n, 6*24*60)
	}
	r.out.Reset()
	r.late("c-main", "2022-07-04 10:00:00", "2022-07-10 11:30:00", inTotal, 1045)
	if got, _ := r.engine.zones[0].estimate(r.at("2022-07-04 10:30:00")); got.persons.number() != 45 {
		t.Errorf("at 10:30 of the first day: %v people, want 45", got.persons.number())
	}
	want := "[{At:10:00:00 In:45} {At:11:00:00 In:16}]"
	if got := r.flows(); got != want {
		t.Errorf("flows: got %s, want %s", got, want)
	}
}

// flows renders what running totals told since the last call, in local time.
func (r *rig) flows() string {
	var all []string
	for _, f := range r.out.Flows {
		s := fmt.Sprintf("{At:%s In:%v", f.At.In(r.loc).Format(time.TimeOnly), f.In)
		if f.Out != 0 {
			s += fmt.Sprintf(" Out:%v", f.Out)
		}
		all = append(all, s+"}")
	}
	slices.Sort(all)
	return fmt.Sprint(all)
}

// Findings R11: a sensor that was replaced begins a new baseline, and history goes on under the same name.
func TestR11_ReplacedSensor(t *testing.T) {
	change := map[string]func(*facility.Device){
		"another address": func(d *facility.Device) { d.Address = "24e124136b000002" },
		"another model":   func(d *facility.Device) { d.Model = "other" },
		"turned round":    func(d *facility.Device) { d.Swap = true },
	}
	for name, change := range change {
		t.Run(name, func(t *testing.T) {
			r := counted(t)
			d := exact(with(mall(t), capacityRule(nil)))
			d.Site.Devices[0].Address = "24e124136b000001"
			r.configure(d, r.at("2022-07-04 08:00:00"))
			r.read("c-main", "2022-07-04 09:00:00", inTotal, 280)
			r.read("c-main", "2022-07-04 09:10:00", inTotal, 303)
			next := *d
			next.Site.Devices = slices.Clone(d.Site.Devices)
			change(&next.Site.Devices[0])
			r.configure(&next, r.at("2022-07-04 09:15:00"))
			r.read("c-main", "2022-07-04 09:20:00", inTotal, 420)
			r.wantPersons("hall", 23)
			r.wantVerdict("capacity", "hall", "within")
			// The old one is put back: its history goes on.
			r.configure(d, r.at("2022-07-04 09:30:00"))
			r.read("c-main", "2022-07-04 09:40:00", inTotal, 304)
			r.wantPersons("hall", 24)
			if door := r.engine.View().Doors[0]; door.InTotal != 24 {
				t.Errorf("the door's total: got %v, want 24", door.InTotal)
			}
		})
	}
}

// Another boot of the same device is no replacement: it may have kept its count.
func TestR11_AnotherBootIsNoReplacement(t *testing.T) {
	r := counted(t)
	for i, v := range []int{280, 303, 310} {
		at := r.at("2022-07-04 09:00:00").Add(time.Duration(i) * 10 * time.Minute)
		rec := reading("c-main", at, at, inTotal, v)
		rec.Observation.Boot = []string{"a", "a", "b"}[i]
		r.apply(rec)
	}
	r.wantPersons("hall", 30)
}

// A door that is wider than others lets more through.
func TestMaxPassagesOfADoor(t *testing.T) {
	for _, passages := range []float64{0, 400} {
		d := exact(with(mall(t), capacityRule(nil)))
		d.Site.Doors[0].MaxPassages = passages
		r := newRig(t, d)
		r.read("c-main", "2022-07-04 09:00:00", inTotal, 0)
		r.read("c-main", "2022-07-04 09:01:00", inTotal, 300)
		want := 300.0
		if passages == 0 {
			want = 0
		}
		r.wantPersons("hall", want)
	}
}

// What totals say is told as flow: for each reading, in both directions, and again when it changes.
func TestFlowsOfTotals(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil)))
	d.Site.Devices[0].Swap = true
	r := newRig(t, d)
	want := func(what, want string) {
		t.Helper()
		if got := r.flows(); got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
		r.out.Reset()
	}
	r.read("c-main", "2022-07-04 09:00:00", inTotal, 100, outTotal, 1000)
	want("a baseline", "[{At:09:00:00 In:0}]")
	r.read("c-main", "2022-07-04 09:10:00", inTotal, 101, outTotal, 1010)
	want("a step", "[{At:09:10:00 In:10 Out:1}]")
	r.read("c-main", "2022-07-04 09:20:00", inTotal, 103, outTotal, 4)
	want("a candidate", "[{At:09:20:00 In:0 Out:2}]")
	r.read("c-main", "2022-07-04 09:30:00", inTotal, 103, outTotal, 6)
	want("the value behind it", "[{At:09:30:00 In:0}]")
	r.read("c-main", "2022-07-04 09:40:00", inTotal, 105, outTotal, 9)
	want("it began again", "[{At:09:20:00 In:4 Out:2} {At:09:30:00 In:2} {At:09:40:00 In:3 Out:2}]")
	r.late("c-main", "2022-07-04 09:05:00", "2022-07-04 09:41:00", inTotal, 100, outTotal, 1007)
	want("a late value", "[{At:09:05:00 In:7} {At:09:10:00 In:3 Out:1}]")
}

func TestOneOfPeriodAndTotalIsRead(t *testing.T) {
	r := counted(t)
	r.read("c-main", "2022-07-04 09:00:00", in, 5, out, 1, inTotal, 100)
	r.read("c-main", "2022-07-04 09:01:00", in, 5, out, 1, inTotal, 107)
	// The first total is a baseline, the second says 7; out has no total, so its periods count: the one who left
	// first was inside before anybody was counted.
	r.wantPersons("hall", 6)
}

func TestSwappedCounter(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil)))
	d.Site.Devices[0].Swap = true
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 09:00:00", in, 2, out, 9)
	r.wantPersons("hall", 7)
	if door := r.engine.View().Doors[0]; door.InToday != 9 || door.OutToday != 2 {
		t.Errorf("door: got %v in, %v out, want 9 and 2", door.InToday, door.OutToday)
	}
}
