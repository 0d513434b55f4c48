package rules

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// limited is the mall with a limit on its hall.
func limited(t testing.TB, capacity int) *Definition {
	d := with(mall(t), capacityRule(nil))
	d.Site.Zones[0].Capacity, d.Site.Zones[0].Area = capacity, 0
	return d
}

// Finding R1: whoever came in after the lowest balance is inside. It is reflected at zero, not clamped for display.
func TestR1_BalanceIsReflected(t *testing.T) {
	r := newRig(t, limited(t, 15))
	step := func(at string, least float64, verdict string, pairs ...any) {
		t.Helper()
		r.read("c-main", "2022-07-04 "+at, pairs...)
		if got := r.zone("hall").Persons; got.High < least {
			t.Errorf("at %s: %v to %v, want %v in it: so many are inside at least", at, got.Low, got.High, least)
		}
		r.wantVerdict("capacity", "hall", verdict)
	}
	step("09:00:00", 0, "within/negative", out, 33)
	step("09:01:00", 20, "breached/negative", in, 20)
	step("09:02:00", 30, "breached/negative", in, 10)
	step("09:03:00", 32, "breached/negative", in, 2)
	step("09:04:00", 2, "within/negative", out, 30)
	step("09:05:00", 0, "within/negative", out, 4)
	step("09:06:00", 25, "breached/negative", in, 25)
	if got := r.zone("hall").Persons; got.Persons != 26 || got.Low < 15 {
		t.Errorf("in the end: got %+v, want 26: 25 and what 27 passages usually hide", got)
	}
	// In one message, and late: the lowest point is where the counts say.
	r.late("c-main", "2022-07-04 09:04:30", "2022-07-04 09:07:00", in, 3)
	if got := r.zone("hall").Persons; got.High < 26 {
		t.Errorf("after a late count: %v to %v, want 26 in it: three who came in left among the last", got.Low, got.High)
	}
}

// Finding R6: counting that begins in an open building begins with nobody knows how many.
func TestR6_FirstStartIsUnknown(t *testing.T) {
	start := func(at string) *rig {
		d := limited(t, 50)
		r := &rig{t: t, engine: New("mpp"), loc: d.Site.Location.Location}
		r.configure(d, r.at("2022-07-04 "+at))
		return r
	}
	t.Run("open", func(t *testing.T) {
		r := start("10:30:00")
		r.read("c-main", "2022-07-04 10:31:00", in, 1)
		r.wantVerdict("capacity", "hall", "unknown/uncounted")
		if z := r.zone("hall"); z.Persons.Known || !z.Persons.Measured || z.Advice != AdviceWait {
			t.Errorf("hall: got %+v, advice %s, want unknown and wait", z.Persons, z.Advice)
		}
		r.read("c-main", "2022-07-04 10:40:00", in, 60) // so many came in alone
		r.wantVerdict("capacity", "hall", "breached/uncounted")
		r.read("c-main", "2022-07-04 10:50:00", out, 40)
		r.wantVerdict("capacity", "hall", "unknown/uncounted")
		r.enter("2022-07-04 11:00:00", telemetry.Entry{Kind: telemetry.EntryCount, Subject: "hall", Value: 30})
		r.wantVerdict("capacity", "hall", "within")
		r.wantVerdict("capacity", "waiting", "unknown/no_data")
	})
	t.Run("open until it is verified empty", func(t *testing.T) {
		r := start("10:30:00")
		r.read("c-main", "2022-07-04 10:31:00", in, 1)
		r.tick("2022-07-04 23:59:59")
		r.wantVerdict("capacity", "hall", "unknown/uncounted")
		r.tick("2022-07-05 00:00:00")
		r.wantVerdict("capacity", "hall", "within")
	})
	t.Run("closed", func(t *testing.T) {
		r := start("06:30:00")
		r.read("c-main", "2022-07-04 08:10:00", in, 1)
		r.wantVerdict("capacity", "hall", "within")
	})
}

// nightly is a mall with one counter that speaks every five minutes, and is verified empty at 03:00.
func nightly(t testing.TB) *Definition {
	three := clockTime(3, 0)
	d := limited(t, 50)
	d.Site.Reset = &three
	d.Site.Zones, d.Site.Doors, d.Site.Tasks = d.Site.Zones[:1], d.Site.Doors[:1], nil
	d.Site.Devices = d.Site.Devices[:1]
	d.Site.Devices[0].Interval = 5 * time.Minute
	return d
}

// say lets c-main report every five minutes in [from, to), with what passes in each.
func (r *rig) say(day, from, to string, in, out int) {
	r.t.Helper()
	for at := r.at(day + " " + from); at < r.at(day+" "+to); at = at.Add(5 * time.Minute) {
		r.apply(reading("c-main", at, at, telemetry.PeopleIn, in, telemetry.PeopleOut, out))
	}
}

// Finding R12: a counter that is switched off at night says nothing against the reset.
func TestR12_SilentAtNight(t *testing.T) {
	r := newRig(t, nightly(t))
	r.say("2022-07-04", "07:50:00", "17:00:00", 3, 3)
	for _, step := range []struct{ at, want string }{
		{"2022-07-04 21:00:00", "within"}, {"2022-07-05 03:00:00", "within"}, {"2022-07-05 08:04:59", "within"},
		{"2022-07-05 08:15:00", "unknown/silent"}, // it ought to have spoken since the opening
	} {
		r.tick(step.at)
		r.wantVerdict("capacity", "hall", step.want)
	}
	r.read("c-main", "2022-07-05 08:20:00", in, 2)
	if got := r.zone("hall").Persons; !got.Known || got.High < 2 {
		t.Errorf("when it speaks again: got %+v, want known: the day before says how many pass in 20 minutes", got)
	}
	r = newRig(t, nightly(t))
	r.say("2022-07-04", "07:50:00", "12:00:00", 3, 3)
	r.tick("2022-07-04 12:30:00")
	r.wantVerdict("capacity", "hall", "unknown/silent") // it fell silent while people were there
	r.tick("2022-07-04 20:00:00")
	r.wantVerdict("capacity", "hall", "unknown/silent")
	r.tick("2022-07-05 03:00:00")
	r.wantVerdict("capacity", "hall", "within")
	r.tick("2022-07-05 09:00:00")
	r.wantVerdict("capacity", "hall", "unknown/silent") // and is still dead
}

// A gap widens the interval by what usually passes in that hour, and heals as those who were inside leave.
func TestGapWidensByTheUsual(t *testing.T) {
	r := newRig(t, nightly(t))
	days := []string{"2022-07-04", "2022-07-05", "2022-07-06", "2022-07-07"}
	for _, day := range days {
		// People come from eight to twelve and stay for an hour.
		r.say(day, "07:50:00", "08:00:00", 0, 0)
		r.say(day, "08:00:00", "09:00:00", 2, 0)
		r.say(day, "09:00:00", "15:00:00", 2, 2)
		r.say(day, "15:00:00", "16:00:00", 0, 2)
		r.say(day, "16:00:00", "16:30:00", 0, 0)
	}
	const day = "2022-07-08"
	r.say(day, "07:50:00", "08:00:00", 0, 0)
	r.say(day, "08:00:00", "09:00:00", 2, 0)
	r.say(day, "09:00:00", "10:00:00", 2, 2)
	before := r.zone("hall").Persons
	r.tick(day + " 10:30:00")
	r.wantVerdict("capacity", "hall", "unknown/silent")
	r.say(day, "10:30:00", "10:35:00", 2, 2)
	after := r.zone("hall").Persons
	if !after.Known || after.Error < before.Error+3 {
		t.Errorf("after a gap of half an hour: got %+v, want known and wider than %+v", after, before)
	}
	r.say(day, "10:35:00", "13:00:00", 2, 2)
	if healed := r.zone("hall").Persons; healed.Error > before.Error+2 || healed.Low > 24 || healed.High < 24 {
		t.Errorf("two hours later: got %+v, want 24 people about as sure as before (%+v)", healed, before)
	}
	if got := r.zone("hall").Stay; got < 55 || got > 65 {
		t.Errorf("the usual stay: got %v minutes, want about 60", got)
	}
	// The first day knows no usual, and says so.
	r = newRig(t, nightly(t))
	r.say("2022-07-04", "07:50:00", "10:00:00", 1, 1)
	r.say("2022-07-04", "11:00:00", "11:05:00", 1, 1)
	r.wantVerdict("capacity", "hall", "unknown/gap")
}

// Finding R13: a counter that promises no interval and dies is noticed, once its habits are known.
func TestR13_CounterWithoutIntervalDies(t *testing.T) {
	d := nightly(t)
	d.Site.Devices[0].Interval = 0
	r := newRig(t, d)
	for _, day := range []string{"2022-07-04", "2022-07-05", "2022-07-06"} {
		r.say(day, "08:00:00", "16:00:00", 1, 1)
	}
	r.say("2022-07-07", "08:00:00", "10:00:00", 1, 1)
	r.wantVerdict("capacity", "hall", "within")
	r.tick("2022-07-07 10:30:00")
	r.wantVerdict("capacity", "hall", "within") // it may be quiet
	r.tick("2022-07-07 10:50:00")
	r.wantVerdict("capacity", "hall", "unknown/silent")
	r.tick("2022-07-08 12:00:00")
	r.wantVerdict("capacity", "hall", "unknown/silent")
	r.restore()
	r.wantVerdict("capacity", "hall", "unknown/silent")
	r.read("c-main", "2022-07-08 12:01:00", in, 1)
	r.wantVerdict("capacity", "hall", "within")
}

// Finding R14: the interval grows with the root of what passes, not with all of it, and shrinks as closings are learned from.
func TestR14_IntervalOfUse(t *testing.T) {
	d := nightly(t)
	d.Site.Zones[0].Capacity = 70
	r := newRig(t, d)
	rng := rand.New(rand.NewPCG(14, 14))
	seen := func(n int) int { // a counter that misses 2 % in either direction
		for range n {
			if rng.Float64() < 0.02 {
				n--
			}
		}
		return n
	}
	start := r.at("2022-07-04 08:00:00")
	var widths [12]float64
	unknown := 0
	for day := range widths {
		// Five people every five minutes, who stay for 40: 40 are inside, 500 come in a day.
		inside := 0
		for k := range 96 {
			at := start.Add(time.Duration(day)*24*time.Hour + time.Duration(k)*5*time.Minute)
			come, leave := 5, 5
			if k < 8 {
				leave = 0
			}
			if k >= 88 {
				come = 0
			}
			inside += come - leave
			r.apply(reading("c-main", at, at, telemetry.PeopleIn, seen(come), telemetry.PeopleOut, seen(leave)))
			p := r.zone("hall").Persons
			widths[day] += (p.High - p.Low) / 2 / 96
			if day > 0 && r.verdict("capacity", "hall") != "within" {
				unknown++
			}
		}
		if inside != 0 {
			t.Fatalf("%d are left inside", inside)
		}
	}
	if got := widths[11]; got > 5 {
		t.Errorf("half the interval on the twelfth day: %.1f people on average, want at most 5, half of the linear 10", got)
	}
	if widths[11] > widths[0]*0.6 {
		t.Errorf("half the interval: %.1f on the first day, %.1f on the twelfth, want it learned", widths[0], widths[11])
	}
	if unknown > 53 {
		t.Errorf("40 of 70 people were not within for %d of 1056 readings, want at most 5 %%", unknown)
	}
}

// Finding R15: what nobody measures is not judged.
func TestR15_NotMeasuredIsNotJudged(t *testing.T) {
	d := limited(t, 50)
	d.Site.Zones = append(d.Site.Zones, facility.Zone{ID: "store", Parent: "", Capacity: 5}, facility.Zone{ID: "office", Capacity: 5})
	d.Site.Devices = append(d.Site.Devices, device("office-air", "office", 0))
	d.Measures = map[string][]telemetry.Quantity{
		"c-main": {telemetry.PeopleIn, telemetry.PeopleOut}, "c-back": {telemetry.PeopleIn, telemetry.PeopleOut}, "c-inner": {telemetry.PeopleIn, telemetry.PeopleOut},
		"thermo": {telemetry.BodyTemperature}, "air": {telemetry.CO2}, "office-air": {telemetry.CO2},
	}
	r := newRig(t, d)
	r.read("office-air", "2022-07-04 09:00:00", telemetry.CO2, 600)
	for zone, want := range map[string]string{"hall": "unknown/no_data", "waiting": "unknown/no_data", "store": "none", "office": "none"} {
		r.wantVerdict("capacity", zone, want)
		z := r.zone(zone)
		if z.Persons.Measured != (want != "none") {
			t.Errorf("%s: got measured %v", zone, z.Persons.Measured)
		}
		if want == "none" && (z.Advice != "" || z.Persons.Known || z.CountAsked != 0) {
			t.Errorf("%s: got advice %q, %+v, want none", zone, z.Advice, z.Persons)
		}
	}
	if got := r.engine.View().Persons; !got.Measured {
		t.Errorf("building: got %+v, want measured: its doors are counted", got)
	}
	// One that shows that it counts is a counter.
	r.read("office-air", "2022-07-04 09:10:00", seats, 3)
	r.wantVerdict("capacity", "office", "within")
	r.restore()
	r.wantVerdict("capacity", "office", "within")
	r.wantVerdict("capacity", "store", "none")
}

// A door that is found out: mounted the other way since a day, or missing people in one direction.
func TestLearnedCounterIsShown(t *testing.T) {
	for _, kind := range []string{"honest", "biased", "turned"} {
		t.Run(kind, func(t *testing.T) {
			d := nightly(t)
			r := newRig(t, d)
			start := r.at("2022-07-04 08:00:00")
			rng := rand.New(rand.NewPCG(7, 7))
			for day := range 14 {
				for k := range 96 {
					at := start.Add(time.Duration(day)*24*time.Hour + time.Duration(k)*5*time.Minute)
					come, leave := 5, 5
					if k < 8 {
						leave = 0
					}
					if k >= 88 {
						come = 0
					}
					if kind == "biased" {
						for range come {
							if rng.Float64() < 0.08 {
								come--
							}
						}
					}
					if kind == "turned" && day >= 9 {
						come, leave = leave, come
					}
					r.apply(reading("c-main", at, at, telemetry.PeopleIn, come, telemetry.PeopleOut, leave))
				}
			}
			got := r.engine.View().Doors[0].Counters
			if len(got) != 1 || got[0].Device != "c-main" || len(got[0].Closings) < 10 {
				t.Fatalf("counters of the door: got %+v, want one with its closings", got)
			}
			c := got[0]
			if (c.Drifting != 0) != (kind == "biased") || (c.Reversed != 0) != (kind == "turned") {
				t.Errorf("got drifting %v, reversed %v: %+v", c.Drifting, c.Reversed, c)
			}
			if kind == "biased" && (c.Drift < 3 || c.Drift > 5) {
				t.Errorf("drift: got %v in 100 passages, want about 4: of those who go in 8 %% are missed", c.Drift)
			}
			if kind == "turned" {
				// The estimate reckons with it, until somebody says that the counter hangs the other way, and after.
				r.say("2022-07-18", "08:00:00", "08:10:00", 0, 0)
				r.read("c-main", "2022-07-18 08:10:00", out, 20)
				r.wantPersons("hall", 20)
				next := *d
				next.Site.Devices = append([]facility.Device(nil), d.Site.Devices...)
				next.Site.Devices[0].Swap = true
				r.configure(&next, r.at("2022-07-18 08:20:00"))
				r.read("c-main", "2022-07-18 08:25:00", out, 10)
				r.wantPersons("hall", 30)
				if door := r.engine.View().Doors[0]; door.InToday != 30 || door.OutToday != 0 {
					t.Errorf("the door: got %v in and %v out, want 30 and 0: people and doors are one truth", door.InToday, door.OutToday)
				}
				if c := r.engine.View().Doors[0].Counters[0]; c.Reversed != 0 {
					t.Errorf("after it was configured: reversed since %v", c.Reversed)
				}
			}
		})
	}
}

// A count by hand pays when the people are near the limit for ten minutes, and is asked for once in two hours.
func TestCountAsked(t *testing.T) {
	r := newRig(t, limited(t, 50))
	asked := func(at, want string) {
		t.Helper()
		r.tick("2022-07-04 " + at)
		got := r.zone("hall").CountAsked
		text := "no"
		if got != 0 {
			text = got.In(r.loc).Format("15:04:05")
		}
		if text != want {
			t.Errorf("at %s: asked since %s, want %s", at, text, want)
		}
	}
	r.read("c-main", "2022-07-04 09:00:00", in, 50)
	r.wantVerdict("capacity", "hall", "unknown/near")
	asked("09:09:59", "no")
	asked("09:10:00", "09:10:00")
	asked("09:30:00", "09:10:00")
	r.enter("2022-07-04 09:40:00", telemetry.Entry{Kind: telemetry.EntryCount, Subject: "hall", Value: 50})
	asked("09:41:00", "no")
	r.wantVerdict("capacity", "hall", "unknown/near") // by hand one is off by one or two
	asked("11:39:00", "no")
	asked("11:40:00", "11:40:00") // two hours after the count
	r.read("c-main", "2022-07-04 12:00:00", out, 20)
	asked("12:00:01", "no")
	r.read("c-main", "2022-07-04 12:10:00", in, 20)
	asked("12:30:00", "no")
	asked("13:40:00", "13:40:00") // two hours after the last time
	asked("17:00:00", "13:40:00")
	r.restore()
	asked("17:00:01", "13:40:00")
}

// Many counters at one edge are learned together, and one by one no more.
func TestManyCountersShareADrift(t *testing.T) {
	d := nightly(t)
	d.Site.Devices, d.Site.Doors = nil, nil
	for i := range 12 {
		id := fmt.Sprintf("d%02d", i)
		d.Site.Doors = append(d.Site.Doors, facility.Door{ID: id, From: facility.Outside, To: "hall"})
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: id, Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: id}})
	}
	r := newRig(t, d)
	for day := range 8 {
		for i := range 12 {
			at := r.at("2022-07-04 09:00:00").Add(time.Duration(day)*24*time.Hour + time.Duration(i)*time.Minute)
			r.apply(reading(fmt.Sprintf("d%02d", i), at, at, telemetry.PeopleIn, 95))
			r.apply(reading(fmt.Sprintf("d%02d", i), at.Add(time.Hour), at.Add(time.Hour), telemetry.PeopleOut, 100))
		}
	}
	r.tick("2022-07-12 07:00:00")
	r.restore()
	for _, door := range r.engine.View().Doors {
		if len(door.Counters) != 1 || door.Counters[0].Drift < 1.5 || door.Counters[0].Drift > 3 {
			t.Fatalf("door %s: got %+v, want 2.6 in 100 passages", door.ID, door.Counters)
		}
	}
}

// A building of one room holds the people of that room: whoever counts or corrects the one has done so for the other.
func TestACountOfTheOnlyRoomIsOneOfTheBuilding(t *testing.T) {
	by := func(r *rig, kind telemetry.EntryKind, subject, at string, n float64) {
		r.apply(telemetry.Record{Kind: telemetry.KindEntry, At: r.at(at), Received: r.at(at), Entry: &telemetry.Entry{Kind: kind, Subject: subject, Value: n}})
	}
	want := func(r *rig, hall, building float64) {
		t.Helper()
		if v := r.engine.View(); v.Zones[0].Persons.Persons != hall || v.Persons.Persons != building {
			t.Errorf("got %v in the hall and %v in the building, want %v and %v", v.Zones[0].Persons.Persons, v.Persons.Persons, hall, building)
		}
	}
	r := newRig(t, exact(nightly(t)))
	r.say("2022-07-04", "08:00:00", "08:10:00", 4, 0)
	want(r, 8, 8)
	by(r, telemetry.EntryCount, "hall", "2022-07-04 08:11:00", 6)
	want(r, 6, 6)
	by(r, telemetry.EntryCorrection, "hall", "2022-07-04 08:12:00", -2)
	want(r, 4, 4)
	by(r, telemetry.EntryCount, "", "2022-07-04 08:13:00", 9)
	want(r, 9, 9)
	r.restore()
	by(r, telemetry.EntryCorrection, "", "2022-07-04 08:14:00", 1)
	want(r, 10, 10)

	// A room with a door to another one is not the building.
	d := exact(nightly(t))
	d.Site.Zones = append(d.Site.Zones, facility.Zone{ID: "store", Name: "Store"})
	d.Site.Doors = append(d.Site.Doors, facility.Door{ID: "aside", Name: "Aside", From: "hall", To: "store"})
	r = newRig(t, d)
	r.say("2022-07-04", "08:00:00", "08:10:00", 4, 0)
	by(r, telemetry.EntryCount, "hall", "2022-07-04 08:11:00", 6)
	want(r, 6, 8)
}
