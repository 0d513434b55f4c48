package rules

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestSteps(t *testing.T) {
	tests := []struct {
		name   string
		a, b   float64
		apart  time.Duration
		count  float64
		doubt  float64
		resets bool
	}{
		{"increment", 100, 130, time.Minute, 30, 0, false},
		{"same", 100, 100, time.Minute, 0, 0, false},
		{"reset", 500, 3, time.Minute, 3, 0, true},
		{"reset to zero", 500, 0, time.Minute, 0, 0, true},
		{"wrap of 16 bits", 65_530, 4, time.Minute, 10, 0, false},
		{"wrap of 32 bits", 1<<32 - 6, 4, time.Minute, 10, 0, false},
		{"more than a door lets through", 100, 10_000, time.Minute, 0, 600, true},
		{"much in a long time", 100, 10_000, time.Hour, 9900, 0, false},
		{"seconds apart", 100, 600, time.Second, 500, 0, false},
		{"a drop to a high value", 60_000, 5000, time.Minute, 0, 600, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := entry[float64]{1, tt.a}
			got := step(a, entry[float64]{a.at.Add(tt.apart), tt.b}, DefaultPassages)
			if got.count.number() != tt.count || got.doubt.number() != tt.doubt || got.reset != tt.resets {
				t.Errorf("got %v counted, %v doubted, reset %v, want %v, %v, %v", got.count.number(), got.doubt.number(), got.reset, tt.count, tt.doubt, tt.resets)
			}
		})
	}
}

func TestTotalsInAnyOrder(t *testing.T) {
	points := []entry[float64]{{1, 10}, {2, 12}, {3, 12}, {4, 20}, {5, 2}, {6, 5}, {6, 5}, {6, 4}, {7, 65_000}, {8, 10}}
	sum := func(all []entry[float64]) (count, doubt people) {
		c := &total{}
		for _, p := range all {
			p.at *= telemetry.Instant(time.Minute)
			for _, f := range c.record(p, DefaultPassages, nil) {
				sign := people(1)
				if f.undo {
					sign = -1
				}
				count += sign * f.passed.count
				doubt += sign * f.passed.doubt
			}
		}
		return count, doubt
	}
	wantCount, wantDoubt := sum(points)
	seeds(t, 50, func(t *testing.T, rng *rand.Rand) {
		shuffled := slices.Clone(points)
		rng.Shuffle(len(shuffled), func(i, k int) { shuffled[i], shuffled[k] = shuffled[k], shuffled[i] })
		if count, doubt := sum(shuffled); count != wantCount || doubt != wantDoubt {
			t.Errorf("%v: got %v counted, %v doubted, want %v and %v", shuffled, count, doubt, wantCount, wantDoubt)
		}
	})
}

func TestOneOfPeriodAndTotalIsRead(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil))))
	r.read("c-main", "2022-07-04 09:00:00", in, 5, out, 1, telemetry.PeopleInTotal, 100)
	r.read("c-main", "2022-07-04 09:01:00", in, 5, out, 1, telemetry.PeopleInTotal, 107)
	// The first total is a baseline, the second says 7; out has no total, so its periods count: the one who left first was inside
	// before anybody was counted.
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
