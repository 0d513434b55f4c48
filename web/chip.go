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

// nearChip is people near their limit: measured, and too close to tell. It has nothing in common with not knowing.
func (t *tongue) nearChip() chip {
	return chip{Class: "near", Icon: "near", Word: t.T("verdict.near")}
}

// stateChip is how one verdict looks.
func (t *tongue) stateChip(v rules.Verdict, near bool) chip {
	if near && v == rules.Unknown {
		return t.nearChip()
	}
	return t.verdictChip(v)
}

// subjectChip is how a zone, door or task looks; empty: no rule judges it.
func (t *scene) subjectChip(kind rules.SubjectKind, id string, v rules.Verdict, near bool) chip {
	if !judged(t.view, kind, id) {
		return chip{Class: "unjudged"}
	}
	if v == rules.Unknown && t.maintained(kind, id) {
		return chip{Class: "closed", Icon: "clock", Word: t.T("maintenance.title")}
	}
	return t.stateChip(v, near)
}

// maintained reports whether all that is judged of a subject is under maintenance.
func (t *scene) maintained(kind rules.SubjectKind, id string) bool {
	found := false
	for i := range t.view.Verdicts {
		if w := &t.view.Verdicts[i]; w.Subject.Kind == kind && w.Subject.ID == id {
			if found = w.Explanation.Reason == rules.ReasonMaintenance; !found {
				return false
			}
		}
	}
	return found
}

// siteChip is how a site looks. A closed building with nothing wrong keeps no protocol: it is closed, not green.
func (t *tongue) siteChip(v *rules.View) chip {
	if !v.Open && v.Verdict == rules.Within {
		return chip{Class: "closed", Icon: "closed", Word: t.T("site.closed")}
	}
	c := t.stateChip(v.Verdict, nearSite(v))
	if c.Class == "unknown" {
		c.Word = t.T("site.not_all") // of a building that is a sum of many: most of it is known
	}
	return c
}

// persons is an estimate in print: "42" and "39–45", or a dash where nobody knows.
type persons struct {
	Counted bool // false: nothing counts people there, and nothing is wrong
	Known   bool
	Number  string
	Range   string // "39–45"; empty: exact
	Why     string // why it is not known, or what is odd about it
}

func (t *tongue) persons(e rules.Estimate) persons {
	p := persons{Counted: !uncounted(e), Known: e.Known, Number: "–"}
	if !p.Counted {
		return p
	}
	if e.Reason != "" && e.Reason != rules.ReasonNear {
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
	if e.Low < e.High {
		p.Range = t.Number(e.Low, 0) + "–" + t.Number(e.High, 0)
	}
	return p
}

// interval is the number as an interval, or alone where it is exact.
func (p persons) interval() string {
	if p.Range != "" {
		return p.Range
	}
	return p.Number
}

// bar is the drawing of an estimate against its limit, on a scale of 0 to 1000.
type bar struct {
	Class     string  // of the verdict about its people
	Known     bool    // false: a hatched empty bar
	Low, Band float64 // solid up to Low, then the error band
	Limit     float64
	HasLimit  bool
	Label     string // for readers aloud
}

// newBar scales so that the limit stands at four fifths, unless people are far beyond it.
func newBar(e rules.Estimate, limit float64, limited bool, class string) bar {
	b := bar{Class: class, Known: e.Known, HasLimit: limited && !uncounted(e)}
	full := limit * 1.25
	if top := e.High * 1.05; e.Known && top > full {
		full = top
	}
	if full <= 0 || math.IsNaN(full) || math.IsInf(full, 0) {
		full = 1
	}
	scale := func(v float64) float64 { return math.Round(1000 * min(1, max(0, v/full))) }
	b.Limit = scale(limit)
	if e.Known {
		b.Low = scale(e.Low)
		b.Band = scale(e.High) - b.Low
	}
	return b
}
