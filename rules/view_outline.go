package rules

import (
	"cmp"
	"slices"
)

// Outline is what stands in a view in place of its verdicts, where nobody looks at them one by one: a site of twenty zones has more
// than a hundred and fifty, each with its explanation.
type Outline struct {
	Worst   *VerdictView // as View.Worst finds it; nil: there is none
	Unheard []string     // as View.Unheard finds them
	Counts  VerdictCounts
}

// VerdictCounts is how many verdicts there are of each kind. Near are those that are unknown because people are near a limit; they are
// not in Unknown.
type VerdictCounts struct{ Within, Breached, Near, Unknown int }

// Outlined is a copy of the view without its verdicts.
func (v *View) Outlined() View {
	if v.Outline != nil {
		return *v
	}
	o := &Outline{Unheard: v.Unheard(), Counts: v.Counts()}
	if w, ok := v.Worst(); ok {
		o.Worst = &w
	}
	short := *v
	short.Verdicts, short.Outline = nil, o
	return short
}

// Worst is the verdict that decides the site's: a breach before near a limit before unknown, the more severe and then the
// older one first.
func (v *View) Worst() (VerdictView, bool) {
	var found *VerdictView
	if v.Outline != nil {
		found = v.Outline.Worst
	}
	for i := range v.Verdicts {
		w := &v.Verdicts[i]
		if w.Verdict == Within || w.Idle() || found != nil && CompareVerdicts(found, w) <= 0 {
			continue
		}
		found = w
	}
	if found == nil {
		return VerdictView{}, false
	}
	return *found, true
}

// Unheard are the devices of a site that nobody should rely on, by id: never heard, or found silent or implausible by a rule about
// sensors. A button that no rule watches is not among them, and neither is a thermometer that was not needed today.
func (v *View) Unheard() []string {
	var found []string
	if v.Outline != nil {
		found = slices.Clone(v.Outline.Unheard)
	}
	for i := range v.Devices {
		if v.Devices[i].LastSeen == 0 {
			found = append(found, v.Devices[i].ID)
		}
	}
	for i := range v.Verdicts {
		w := &v.Verdicts[i]
		if w.Subject.Kind == SubjectDevice && w.Class == ClassSensor && w.Verdict != Within {
			found = append(found, w.Subject.ID)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Counts counts the verdicts.
func (v *View) Counts() VerdictCounts {
	var n VerdictCounts
	if v.Outline != nil {
		n = v.Outline.Counts
	}
	for i := range v.Verdicts {
		switch w := &v.Verdicts[i]; {
		case w.Verdict == Within:
			n.Within++
		case w.Verdict == Breached:
			n.Breached++
		case w.Near:
			n.Near++
		default:
			n.Unknown++
		}
	}
	return n
}

// CompareVerdicts orders for the eye: breached, near the limit, unknown, within; then by severity, then the oldest.
func CompareVerdicts(a, b *VerdictView) int {
	return cmp.Or(
		cmp.Compare(a.Rank(), b.Rank()),
		cmp.Compare(a.Severity.Rank(), b.Severity.Rank()),
		cmp.Compare(a.Since, b.Since),
	)
}

// Rank orders verdicts for the eye: 0 is the worst.
func (v *VerdictView) Rank() int {
	switch {
	case v.Verdict == Breached:
		return 0
	case v.Verdict == Within:
		return 3
	case v.Near:
		return 1
	}
	return 2
}

// Rank orders severities: 0 is the most severe.
func (s Severity) Rank() int {
	switch s {
	case Critical:
		return 0
	case Warning:
		return 1
	}
	return 2
}
