package compliance

import (
	"testing"
	"time"
)

// Finding: two quarters of an hour of one measure decided a building's week. What was hardly observed decides only where nothing was
// observed longer; the state still tells that it was breached.
func TestAQuarterOfAnHourDecidesNoWeek(t *testing.T) {
	week := Report{From: 0, Until: 0, Measures: []Measure{
		{Key: Key{Rule: "coverage"}, Kind: "coverage", Times: Times{Open: 40 * time.Hour, Near: 30 * time.Minute, Idle: 39*time.Hour + 30*time.Minute}},
		{Key: Key{Rule: "capacity"}, Kind: "capacity", Times: Times{Open: 40 * time.Hour, Within: 39 * time.Hour, Breached: time.Hour}},
		{Key: Key{Rule: "air"}, Kind: "air", Times: Times{Open: 40 * time.Hour, Within: 40 * time.Hour}},
	}}
	week.Until = week.From.Add(7 * 24 * time.Hour)
	all := func(*Measure) bool { return true }
	if f := week.FigureOf(Whole, all); f.Worst != 1 || f.Kept != 39.0/40 || f.State != Breached || f.Measures != 3 || f.Fully != 1 {
		t.Errorf("got %+v, want capacity to decide", f)
	}
	if f := week.FigureOf(Whole, func(m *Measure) bool { return m.Rule == "coverage" }); f.Worst != 0 || f.Kept != 0 || !f.Known {
		t.Errorf("alone: got %+v, want what there is", f)
	}
	for i := range week.Measures { // the order says nothing
		week.Measures[i], week.Measures[2] = week.Measures[2], week.Measures[i]
		if f := week.FigureOf(Whole, all); week.Measures[f.Worst].Rule != "capacity" {
			t.Errorf("in another order: got %q to decide", week.Measures[f.Worst].Rule)
		}
	}
}

// What is not kept of the worst measure's time is told apart: too close to the limit to tell, and breached.
func TestAFigureTellsNearFromBroken(t *testing.T) {
	r := Report{Measures: []Measure{
		{Key: Key{Rule: "coverage"}, Kind: "coverage", Times: Times{Open: 40 * time.Hour, Within: 2 * time.Hour, Near: 5 * time.Hour, Breached: time.Hour, Idle: 32 * time.Hour}},
		{Key: Key{Rule: "capacity"}, Kind: "capacity", Times: Times{Open: 40 * time.Hour, Within: 40 * time.Hour}},
	}}
	r.Until = r.From.Add(7 * 24 * time.Hour)
	if f := r.FigureOf(Whole, func(*Measure) bool { return true }); f.Kept != 0.25 || f.Near != 0.625 || f.Broken != 0.125 {
		t.Errorf("kept %v, near %v, broken %v; want 0.25, 0.625 and 0.125", f.Kept, f.Near, f.Broken)
	}
}
