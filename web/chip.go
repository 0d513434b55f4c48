package web

import (
	"math"

	"github.com/gerbang-iot/gerbang/rules"
)

// chip is a state for the eye: a class for the colour, an icon for the shape and a word.
type chip struct {
	Class, Icon, Word string
}

// verdictChip is how a verdict looks. Only Within is green; every value that is not a verdict is unknown.
func (t *tongue) verdictChip(v rules.Verdict) chip {
	word := v.String()
	return chip{Class: word, Icon: word, Word: t.T("verdict." + word)}
}

// siteChip is how a site looks. A closed building with nothing wrong keeps no protocol: it is closed, not green.
func (t *tongue) siteChip(v *rules.View) chip {
	if !v.Open && v.Verdict == rules.Within {
		return chip{Class: "closed", Icon: "closed", Word: t.T("site.closed")}
	}
	return t.verdictChip(v.Verdict)
}

// persons is an estimate in print: "42" and "± 3", or a dash where nobody knows.
type persons struct {
	Known  bool
	Number string
	Error  string // "± 3"; empty: exact
	Why    string // why it is not known, or what is odd about it
}

func (t *tongue) persons(e rules.Estimate) persons {
	p := persons{Known: e.Known, Number: "–"}
	if e.Reason != "" {
		p.Why = t.T("estimate." + string(e.Reason))
		if !t.Has("estimate." + string(e.Reason)) {
			p.Why = t.T("estimate.other")
		}
	}
	if !e.Known {
		if p.Why == "" {
			p.Why = t.T("estimate.other")
		}
		return p
	}
	p.Number = t.Number(math.Round(e.Persons), 0)
	if e.Error > 0 {
		p.Error = "± " + t.Number(math.Ceil(e.Error), 0)
	}
	return p
}

// bar is the drawing of an estimate against its limit, on a scale of 0 to 1000.
type bar struct {
	Class     string  // of the verdict
	Known     bool    // false: a hatched empty bar
	Low, Band float64 // solid up to Low, then the error band
	Limit     float64
	HasLimit  bool
	Label     string // for readers aloud
}

// newBar scales so that the limit stands at four fifths, unless people are far beyond it.
func newBar(e rules.Estimate, limit float64, verdict rules.Verdict) bar {
	b := bar{Class: verdict.String(), Known: e.Known, HasLimit: limit > 0}
	full := limit * 1.25
	if top := (e.Persons + e.Error) * 1.05; e.Known && top > full {
		full = top
	}
	if full <= 0 || math.IsNaN(full) || math.IsInf(full, 0) {
		full = 1
	}
	scale := func(v float64) float64 { return math.Round(1000 * min(1, max(0, v/full))) }
	b.Limit = scale(limit)
	if e.Known {
		b.Low = scale(e.Persons - e.Error)
		b.Band = scale(e.Persons+e.Error) - b.Low
	}
	return b
}
