package simulate

import (
	"slices"
	"testing"
	"time"
)

// hot lists the times of the fevers that a thermometer shows.
func hot(all []said, offset float64) (times []time.Time) {
	for _, m := range all {
		if m.device == "t-main" && m.values["body_temperature"] != nil && m.number("body_temperature")+offset > 37.3 {
			times = append(times, m.at)
		}
	}
	return times
}

// Nobody has fever where none is wanted; where one is, it is measured twice, five minutes apart, and only while the building is open.
func TestFeversComeAsWanted(t *testing.T) {
	s := hall(t)
	evening := monday(s).Add(20 * time.Hour)
	if n := hot(listen(t, NewBuilding(s, monday(s), Options{Seed: 1, Measures: measures()}), evening), 2.5); len(n) > 0 {
		t.Errorf("%d fevers on an ordinary day", len(n))
	}
	o := Options{Seed: 1, Measures: measures(), Fevers: map[string]time.Duration{"t-main": time.Hour}}
	n := hot(listen(t, NewBuilding(s, monday(s), o), evening), 2.5)
	if len(n) < 8 || len(n) > 20 || len(n)%2 != 0 {
		t.Errorf("%d fevers in 7 hours, want about one an hour, each measured twice", len(n))
	}
	for _, at := range n {
		if at.Hour() < 8 || at.Hour() >= 15 {
			t.Errorf("a fever at %s, outside of the hours", at)
		}
	}
	watched := NewBuilding(s, monday(s).Add(10*time.Hour), o)
	watched.SetFevers(6 * time.Minute)
	if n := hot(listen(t, watched, monday(s).Add(11*time.Hour)), 2.5); len(n) < 12 || n[0].After(monday(s).Add(10*time.Hour+4*time.Minute)) {
		t.Errorf("%d fevers in an hour that is watched, want the first within minutes: %v", len(n), n)
	}
}

// A dead device says nothing from its time on, and the people go on.
func TestDeadDevices(t *testing.T) {
	s := hall(t)
	noon := monday(s).Add(12 * time.Hour)
	b := NewBuilding(s, monday(s), Options{Seed: 1, Dead: map[string]time.Time{"c-back": noon}})
	last := map[string]time.Time{}
	for _, m := range listen(t, b, noon.Add(8*time.Hour)) {
		last[m.device] = m.at
	}
	if at := last["c-back"]; !at.Before(noon) || noon.Sub(at) > 6*time.Minute {
		t.Errorf("the dead counter spoke last at %s, want just before noon", at)
	}
	if b.People("") != 0 {
		t.Errorf("%d people are left at night", b.People(""))
	}
	for device, at := range last {
		if device != "c-back" && noon.Add(8*time.Hour).Sub(at) > 7*time.Hour {
			t.Errorf("%s spoke last at %s", device, at)
		}
	}
}

// Tasks are done before opening, well within every four hours, and after closing; what is late is done that long after opening.
func TestDutiesAreDone(t *testing.T) {
	s := hall(t)
	done := func(o Options, device string) (hours []float64) {
		for _, m := range listen(t, NewBuilding(s, monday(s), o), monday(s).Add(24*time.Hour)) {
			if m.device == device && (m.values["button"] != nil || m.values["item"] == "b") {
				hours = append(hours, m.at.Sub(monday(s)).Hours())
			}
		}
		return hours
	}
	for seed := range uint64(30) {
		for _, device := range []string{"b-spray", "b-wipe"} {
			h := done(Options{Seed: seed}, device)
			if len(h) < 3 || h[0] < 6 || h[0] > 8 || h[len(h)-1] < 15 || h[len(h)-1] > 17 {
				t.Fatalf("seed %d: %s was done at %v, want once before 8, some times till 15, and once till 17", seed, device, h)
			}
			for i := 1; i < len(h); i++ {
				if h[i]-h[i-1] > 4 {
					t.Errorf("seed %d: %s was done at %v, want never more than 4 hours apart", seed, device, h)
				}
			}
		}
	}
	if h := done(Options{Seed: 1, Late: map[string]time.Duration{"spray": 2 * time.Hour}}, "b-spray"); h[0] < 10 || h[0] > 10.2 {
		t.Errorf("the late spraying was done at %v, want first at 10", h)
	}
}

// The air follows the people, also in a room that has no door of its own, and stays within what the protocols ask.
func TestAirFollowsThePeople(t *testing.T) {
	s := hall(t)
	b := NewBuilding(s, monday(s), Options{Seed: 1, Peak: 60})
	for _, m := range listen(t, b, monday(s).Add(24*time.Hour)) {
		co2, ok := m.values["co2"].(float64)
		switch hour := m.at.Hour(); {
		case !ok:
		case co2 < 380 || co2 > 920:
			t.Errorf("%s says %v ppm at %s", m.device, co2, m.at)
		case hour < 8 && co2 > 460, hour >= 10 && hour < 11 && co2 < 560:
			t.Errorf("%s says %v ppm at %s, want fresh air at night and used air in the busy morning", m.device, co2, m.at)
		}
	}
}

// What is wrong begins and ends with its time, and the people go on.
func TestFaultsLast(t *testing.T) {
	s := hall(t)
	from, until := monday(s).Add(9*time.Hour), monday(s).Add(12*time.Hour)
	evening := monday(s).Add(20 * time.Hour)
	with := func(what FaultKind, of string) []said {
		o := Options{Seed: 1, Measures: measures(), Faults: []Fault{{what, of, from, until}}}
		return listen(t, NewBuilding(s, monday(s), o), evening)
	}
	during := func(all []said, device string, do func(said)) (n int) {
		for _, m := range all {
			if m.device == device && !m.at.Before(from) && m.at.Before(until) {
				n++
				do(m)
			}
		}
		return n
	}
	if n := during(with(Silent, "c-main"), "c-main", func(said) {}); n != 0 {
		t.Errorf("a silent counter says %d things", n)
	}
	first := map[string]any{}
	if n := during(with(Stuck, "t-main"), "t-main", func(m said) {
		if v := m.values["body_temperature"]; v != nil {
			if first["is"] == nil {
				first["is"] = v
			}
			if v != first["is"] {
				t.Errorf("a stuck thermometer says %v and %v", first["is"], v)
			}
		}
	}); n < 20 {
		t.Errorf("a stuck thermometer says %d things, want one for each visitor", n)
	}
	during(with(Covered, "c-main"), "c-main", func(m said) {
		if m.number("people_in")+m.number("people_out") != 0 {
			t.Errorf("a covered counter counts %v", m.values)
		}
	})
	honest := map[time.Time]said{}
	during(with(Silent, "nothing"), "c-main", func(m said) { honest[m.at] = m })
	during(with(Swapped, "c-main"), "c-main", func(m said) {
		if h := honest[m.at]; h.number("people_in") != m.number("people_out") || h.number("people_out") != m.number("people_in") {
			t.Errorf("a swapped counter says %v at %s, want %v the other way round", m.values, m.at, h.values)
		}
	})
	kept := 0
	for _, m := range with(Withheld, "c-main") {
		if m.device == "c-main" && m.at.Equal(until) {
			kept++
		}
	}
	if kept < 30 || during(with(Withheld, "c-main"), "c-main", func(said) {}) != 0 {
		t.Errorf("%d messages were kept for three hours, want about 36, and none sent meanwhile", kept)
	}
}

// Who copies logs makes them to the second as they were on the day before.
func TestCopiedLogs(t *testing.T) {
	s := hall(t)
	o := Options{Seed: 1, Measures: measures(), Faults: []Fault{{Copied, "wipe", monday(s).AddDate(0, 0, 1), time.Time{}}}}
	days := map[int][]time.Duration{}
	for _, m := range listen(t, NewBuilding(s, monday(s), o), monday(s).AddDate(0, 0, 3)) {
		if m.device == "b-wipe" && m.values["item"] != nil {
			day := int(m.at.Sub(monday(s)).Hours()) / 24
			days[day] = append(days[day], m.at.Sub(monday(s).AddDate(0, 0, day)).Truncate(time.Second))
		}
	}
	if len(days[0]) == 0 || !slices.Equal(days[0], days[1]) || !slices.Equal(days[1], days[2]) {
		t.Errorf("copied logs are at %v", days)
	}
}
