package rules

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// everyday opens the site at the same hours on all days.
func everyday(spans ...facility.Span) (h facility.Hours) {
	for d := range h.Weekly {
		h.Weekly[d] = spans
	}
	return h
}

// Finding T1: in every zone, over every change of its clocks, deadlines come later than the clock, days have one turn each,
// and the engine comes back.
func TestT1_EngineOverChangesOfEveryZone(t *testing.T) {
	from, until := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2041, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range testengine.SomeZones() {
		loc := testengine.Zone(t, name)
		changes := testengine.Changes(loc, from, until)
		plan := &plan{loc: loc, def: &Definition{}}
		for _, change := range changes {
			for at := telemetry.InstantOf(change.Add(-26 * time.Hour)); at < telemetry.InstantOf(change.Add(26*time.Hour)); at = at.Add(13 * time.Minute) {
				day, next := plan.midnight(plan.date(at)), plan.nextMidnight(at)
				if day > at || next <= at || plan.date(next) == plan.date(at) || plan.nextMidnight(next-1) != next {
					t.Fatalf("%s at %v: the day began at %v and the next begins at %v", name, at, day, next)
				}
			}
		}
		// A few of them, through a whole engine, under hours that touch the change.
		for i := 0; i < len(changes); i += max(1, len(changes)/3) {
			reset := clockTime(0, 0)
			d := exact(with(mall(t), capacityRule(nil), sprayRule(func(p *Disinfection) { p.BeforeOpening, p.AfterClosing = 2*time.Hour, time.Hour })))
			d.Site.Location = facility.Location{Location: loc}
			d.Site.Reset = &reset
			d.Site.Hours = everyday(facility.Span{Open: clockTime(0, 30), Close: clockTime(2, 30)}, facility.Span{Open: clockTime(23, 0), Close: clockTime(24, 0)})
			r := &rig{t: t, engine: New("mpp"), loc: loc}
			begin := telemetry.InstantOf(changes[i].Add(-50 * time.Hour))
			r.configure(d, begin)
			for h := range 100 {
				at := begin.Add(time.Duration(h) * time.Hour)
				r.apply(reading("c-main", at, at, in, 1))
				if due := r.engine.Due(); due <= r.engine.clock {
					t.Fatalf("%s at %v: due at %v, which is over", name, at, due)
				}
			}
		}
	}
}

// Finding T6: hours over midnight are one opening: disinfection is asked before and after the night, never within, and the
// building is not verified empty while it is open.
func TestT6_HoursOverMidnight(t *testing.T) {
	night := facility.Hours{Weekly: [7][]facility.Span{
		time.Friday:   {{Open: clockTime(18, 0), Close: clockTime(24, 0)}},
		time.Saturday: {{Open: clockTime(0, 0), Close: clockTime(2, 0)}, {Open: clockTime(18, 0), Close: clockTime(24, 0)}},
		time.Sunday:   {{Open: clockTime(0, 0), Close: clockTime(2, 0)}},
	}}
	type step struct{ at, want string }
	before := func(p *Disinfection) { p.BeforeOpening, p.Every = 2*time.Hour, 0 }
	after := func(p *Disinfection) { p.AfterClosing, p.Every = time.Hour, 0 }
	every := func(p *Disinfection) { p.Every = 4 * time.Hour }
	tests := []struct {
		name   string
		hours  facility.Hours
		change func(*Disinfection)
		steps  []step
	}{
		{"before a night", night, before, []step{
			{"08 15:59:59", "unknown/no_data"}, {"08 16:00:00", "unknown/pending"}, {"done 08 17:00:00", "within"}, {"09 00:00:00", "within"}, {"09 01:59:00", "within"},
			{"09 16:00:00", "within/pending"}, {"09 18:00:00", "breached/overdue"}, {"10 00:30:00", "breached/overdue"}, {"10 02:00:00", "breached/missed"},
		}},
		{"after a night", night, after, []step{
			{"09 00:00:00", "unknown/no_data"}, {"09 01:30:00", "unknown/no_data"}, {"09 02:00:00", "unknown/pending"}, {"09 03:00:00", "breached/overdue"},
			{"done 09 03:30:00", "within"}, {"10 00:30:00", "within"}, {"10 02:00:00", "within/pending"},
		}},
		{"every four hours of a night", night, every, []step{
			{"08 18:00:00", "unknown/pending"}, {"done 08 20:30:00", "within"}, {"09 00:29:59", "within"}, {"09 00:30:00", "breached/overdue"}, {"09 02:00:00", "unknown/closed"},
		}},
		{"around the clock, before opening", everyday(facility.Span{Open: 0, Close: clockTime(24, 0)}), before, []step{
			{"05 00:00:00", "unknown/no_data"}, {"05 12:00:00", "unknown/no_data"}, {"06 00:00:00", "unknown/no_data"},
		}},
		{"around the clock, after closing", everyday(facility.Span{Open: 0, Close: clockTime(24, 0)}), after, []step{
			{"05 00:00:00", "unknown/no_data"}, {"05 01:00:00", "unknown/no_data"}, {"06 01:00:00", "unknown/no_data"},
		}},
		{"around the clock, every four hours", everyday(facility.Span{Open: 0, Close: clockTime(24, 0)}), every, []step{
			{"done 04 22:00:00", "within"}, {"05 00:00:00", "within"}, {"05 01:59:59", "within"}, {"05 02:00:00", "breached/overdue"},
		}},
		{"a break does not end the day", everyday(facility.Span{Open: clockTime(8, 0), Close: clockTime(12, 0)}, facility.Span{Open: clockTime(13, 0), Close: clockTime(16, 0)}), before, []step{
			{"done 05 07:00:00", "within"}, {"05 12:30:00", "within"}, {"05 13:00:00", "within"}, {"06 06:00:00", "within/pending"}, {"06 12:30:00", "breached/overdue"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := with(mall(t), sprayRule(tt.change))
			d.Site.Hours = tt.hours
			r := newRig(t, d)
			for _, s := range tt.steps {
				if n := len("done "); s.at[:n] == "done " {
					r.enter("2022-07-"+s.at[n:], telemetry.Entry{Kind: telemetry.EntryTask, Subject: "spray", Value: 1})
				} else {
					r.tick("2022-07-" + s.at)
				}
				if t.Run(s.at, func(t *testing.T) { r.t = t; r.wantVerdict("spray", "spray", s.want) }); t.Failed() {
					return
				}
			}
		})
	}
	t.Run("reset", func(t *testing.T) {
		d := exact(with(mall(t), capacityRule(nil))) // it is verified empty at midnight
		d.Site.Hours = night
		r := newRig(t, d)
		r.read("c-main", "2022-07-08 20:00:00", in, 30)
		r.tick("2022-07-09 00:00:00")
		r.wantPersons("hall", 30)
		r.tick("2022-07-11 00:00:00")
		r.wantPersons("hall", 0)
	})
}

// A level from a date before 1970, or after 2262, is one that always, or never, came.
func TestLevelsFromDatesFarAway(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil)))
	d.Site.Levels = []facility.LevelPeriod{{From: facility.Date{Year: 1900, Month: 1, Day: 1}, Level: "l2"}, {From: facility.Date{Year: 3000, Month: 1, Day: 1}, Level: "l1"}}
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 09:00:00", in, 1)
	if got := r.zone("hall").Limit; got != 25 {
		t.Errorf("limit: got %v, want 25: level l2 since 1900", got)
	}
}
