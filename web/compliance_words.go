package web

import (
	"math"
	"strings"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/rules"
)

// percent writes a share in whole percents and tenths. It is cut, never rounded up: what was not quite kept is not 100 %.
func (t *tongue) percent(share float64) string {
	tenths := math.Floor(share*1000 + 1e-9)
	if tenths == 0 && share > 0 {
		return "< " + t.Number(.1, 1) + " %"
	}
	return t.Number(tenths/10, 1) + " %"
}

// complianceChip is how a state of a history looks. Colour, shape and word say the same.
func (t *tongue) complianceChip(s compliance.State) chip {
	switch s {
	case compliance.Within:
		return chip{Class: "within", Icon: "within", Word: t.T("compliance.within")}
	case compliance.Breached:
		return chip{Class: "breached", Icon: "breached", Word: t.T("compliance.breached")}
	case compliance.Near:
		return chip{Class: "near", Icon: "near", Word: t.T("compliance.near")}
	case compliance.Unknown:
		return chip{Class: "unknown", Icon: "unknown", Word: t.T("compliance.unknown")}
	}
	return chip{Class: "closed", Icon: "off", Word: t.T("compliance.idle")}
}

// figureChip is the state of a site's figure. Where not all was observed, and what was observed was kept, it says both: it is no other state.
func (t *tongue) figureChip(f *compliance.Figure) chip {
	c := t.complianceChip(f.State)
	if f.State == compliance.Unknown && f.Known {
		c.Word = t.T("compliance.partly")
	}
	return c
}

// kept is the share in which the worst measure was kept, and what the rest of its time was: half a week too close to the limit to tell is not half
// a week in breach.
func (t *tongue) kept(f *compliance.Figure) string {
	text := t.percent(f.Kept)
	if f.Near > 0 {
		text += ", " + t.T("compliance.near_of", "Share", t.percent(f.Near))
	}
	if f.Broken > 0 {
		text += ", " + t.T("compliance.broken_of", "Share", t.percent(f.Broken))
	}
	return text
}

// figure is a site's compliance figure in one sentence.
func (t *tongue) figure(r *compliance.Report, f *compliance.Figure) string {
	var parts []string
	switch {
	case !f.Asked:
		return t.T("compliance.nothing_asked")
	case !f.Known:
		return t.T("compliance.nobody_knew", "Count", f.Measures)
	}
	parts = append(parts, t.T("compliance.sentence", "Kept", t.kept(f), "Worst", t.measureName(&r.Measures[f.Worst]), "Observed", t.percent(f.Observed)))
	if f.Blind > 0 {
		parts = append(parts, t.T("compliance.blind", "Count", f.Blind, "All", f.Measures))
	}
	return strings.Join(parts, " ")
}

// measureName is what people call a rule and what it is about.
func (t *tongue) measureName(m *compliance.Measure) string {
	name := t.nameOf(m.Title, m.Kind, &rules.Explanation{})
	if m.Subject.Kind == rules.SubjectSite {
		return name
	}
	return name + ", " + m.SubjectName
}
