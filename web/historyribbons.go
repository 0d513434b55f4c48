package web

import (
	"cmp"
	"slices"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	mostRibbons = 16
	// fewRibbons is how many rules are all drawn; of more, those that were always kept become one line.
	fewRibbons = 6
)

// alwaysKept reports whether a measure was kept all the time that it could be judged, and somebody knew it.
func alwaysKept(m *compliance.Measure) bool {
	return m.Times.State() == compliance.Within && m.Times.After == 0
}

// worstFirst are the measures of a zone, or of all that count for the building, the worst first: breached, near the limit, not observed,
// kept, nothing to judge; in each the longest first. What is drawn must not hide what was worse.
func worstFirst(measures []compliance.Measure, zone string) []*compliance.Measure {
	var all []*compliance.Measure
	for i := range measures {
		m := &measures[i]
		if zone != "" && m.Subject == (rules.Subject{Kind: rules.SubjectZone, ID: zone}) || zone == "" && m.Counts() {
			all = append(all, m)
		}
	}
	order := func(m *compliance.Measure) int {
		switch s := m.Times.State(); {
		case s == compliance.Breached || m.Times.After > 0:
			return 0
		case s == compliance.Near:
			return 1
		case s == compliance.Unknown:
			return 2
		case s == compliance.Within:
			return 3
		}
		return 4
	}
	slices.SortStableFunc(all, func(a, b *compliance.Measure) int {
		return cmp.Or(order(a)-order(b), cmp.Compare(b.Times.Breached+b.Times.After, a.Times.Breached+a.Times.After), cmp.Compare(b.Times.Near, a.Times.Near),
			cmp.Compare(b.Times.Unknown, a.Times.Unknown))
	})
	return all
}

// ribbonOf draws the verdicts of a measure.
func (t *scene) ribbonOf(report *compliance.Report, m *compliance.Measure, name string, from, until telemetry.Instant) ribbonRow {
	var pieces []ribbonPiece
	for _, x := range report.Pieces(m) {
		class := x.State.String()
		if x.State == compliance.Idle || !x.Open {
			class = "idle"
		}
		text := x.From.In(t.loc).Format(t.clock) + "–" + x.Until.In(t.loc).Format(t.clock) + " " + t.T("compliance."+x.State.String())
		pieces = append(pieces, ribbonPiece{x.From, x.Until, class, text})
	}
	text := t.T("past.nobody_observed")
	if kept, ok := m.Times.Kept(); ok {
		text = t.T("compliance.kept_of", "Kept", t.Number(100*kept, 1)+" %")
	}
	return ribbonRow{name, ribbon(pieces, from, until, name), text}
}
