package web

import (
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// learned is what closings and counts have told about a counter at a door.
type learned struct {
	Text     string   // what it misses
	Trouble  string   // it drifts, or hangs the other way; empty: neither
	Closings []string // what it was off by, the newest first
	Count    int
}

func learnedOf(sc *scene, d *rules.DoorView) []learned {
	var all []learned
	for i := range d.Counters {
		c := &d.Counters[i]
		if len(c.Closings) == 0 && c.Drifting == 0 && c.Reversed == 0 {
			continue // it says no more than its accuracy did
		}
		key := "learned.in"
		if c.Drift < 0 {
			key = "learned.out"
		}
		if sc.Number(math.Abs(c.Drift), 1) == "0" {
			key = "learned.none"
		}
		l := learned{
			Text:  sc.T(key, "Device", sc.subjectName(c.Device), "Drift", sc.Number(math.Abs(c.Drift), 1), "Uncertainty", sc.Number(c.Uncertainty, 1)),
			Count: len(c.Closings),
		}
		switch {
		case c.Reversed != 0:
			l.Trouble = sc.T("learned.reversed", "When", sc.when(c.Reversed))
		case c.Drifting != 0:
			l.Trouble = sc.T("learned.drifting", "When", sc.when(c.Drifting))
		}
		for _, x := range slices.Backward(c.Closings) {
			l.Closings = append(l.Closings, sc.T("learned.closing", "When", sc.when(x.At), "Passages", sc.Number(x.Passages, 0),
				"Residual", signed(sc, x.Residual), "Expected", signed(sc, x.Expected), "Half", sc.Number(math.Ceil(x.HalfWidth), 0)))
		}
		all = append(all, l)
	}
	return all
}

// signed is a number of people with its sign.
func signed(sc *scene, v float64) string {
	if v = math.Round(v); v > 0 {
		return "+" + sc.Number(v, 0)
	}
	return sc.Number(v, 0)
}

type apiCounter struct {
	Device      string       `json:"device" example:"counter-1"`
	Drift       float64      `json:"drift_per_100" example:"0.3" doc:"People of 100 passages, both ways together, that it misses going in more than going out"`
	Uncertainty float64      `json:"uncertainty_per_100" example:"0.2" doc:"Give or take so many, at 90 % confidence"`
	Drifting    time.Time    `json:"drifting,omitzero" doc:"Since when it misses more in one direction than its accuracy allows; absent: it does not, as far as is known"`
	Reversed    time.Time    `json:"reversed,omitzero" doc:"Since when closings say that it hangs the other way than configured; absent: they do not"`
	Closings    []apiClosing `json:"closings" doc:"Times at which the people became known, the oldest first"`
}

type apiClosing struct {
	At       time.Time `json:"at"`
	Passages float64   `json:"passages" example:"512" doc:"At the counter, since the people were last known"`
	Residual float64   `json:"residual" example:"-4" doc:"Of the whole zone, by all its counters: people that were missed going in, less those missed going out"`
	Expected float64   `json:"expected" example:"-2" doc:"By what earlier closings had told"`
	Half     float64   `json:"half_width" example:"9" doc:"Give or take so many, at 90 % confidence"`
}

func apiCountersOf(d *rules.DoorView) []apiCounter {
	all := make([]apiCounter, 0, len(d.Counters))
	for _, c := range d.Counters {
		a := apiCounter{c.Device, c.Drift, c.Uncertainty, c.Drifting.Time(), c.Reversed.Time(), make([]apiClosing, 0, len(c.Closings))}
		for _, x := range c.Closings {
			a.Closings = append(a.Closings, apiClosing{x.At.Time(), x.Passages, x.Residual, x.Expected, x.HalfWidth})
		}
		all = append(all, a)
	}
	return all
}
