package rules

import (
	"cmp"
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Outline is what stands in a view in place of its verdicts, where nobody looks at them one by one: a site of twenty zones has more
// than a hundred and fifty, each with its explanation.
type Outline struct {
	Worst   *VerdictView // as View.Worst finds it; nil: there is none
	Unheard []string     // as View.Unheard finds them
	Counts  VerdictCounts

	judged []standing // what the verdicts are about, in their order
}

// standing is what stays of a verdict where nobody knows what it says: 64 bytes, where a verdict with its explanation has some 500.
type standing struct {
	rule       *standingRule
	subject    Subject
	since      telemetry.Instant
	phaseSince telemetry.Instant
	phase      Phase
}

// standingRule is what the verdicts of one rule have in common.
type standingRule struct {
	id, kind string
	class    Class
	severity Severity
	title    map[string]string
	legal    string
}

// VerdictCounts is how many verdicts there are of each kind. Near are those that are unknown because people are near a limit; they are
// not in Unknown.
type VerdictCounts struct{ Within, Breached, Near, Unknown int }

// Outlined is a copy of the view without its verdicts.
func (v *View) Outlined() View {
	if v.Outline != nil {
		return *v
	}
	o := &Outline{Unheard: v.Unheard(), Counts: v.Counts(), judged: standings(v.Verdicts)}
	if w, ok := v.Worst(); ok {
		o.Worst = &w
	}
	short := *v
	short.Verdicts, short.Outline = nil, o
	return short
}

func standings(verdicts []VerdictView) []standing {
	all := make([]standing, 0, len(verdicts))
	var rule *standingRule
	for i := range verdicts {
		w := &verdicts[i]
		// The verdicts of a rule stand together.
		if rule == nil || rule.id != w.Rule || rule.kind != w.Kind || rule.class != w.Class || rule.severity != w.Severity || rule.legal != w.Legal {
			rule = &standingRule{w.Rule, w.Kind, w.Class, w.Severity, w.Title, w.Legal}
		}
		all = append(all, standing{rule, w.Subject, w.Since, w.PhaseSince, w.Phase})
	}
	return all
}

// Withdrawn are the verdicts of the view, or those that its outline stands for, each of them unknown for a reason: what is judged is
// told, and nothing of what was found. No alarm begins or ends by itself any more. The caller owns the slice.
func (v *View) Withdrawn(why Reason) []VerdictView {
	judged := standings(v.Verdicts)
	if v.Outline != nil {
		judged = v.Outline.judged
	}
	names := v.subjectNames()
	all := make([]VerdictView, 0, len(judged))
	for _, s := range judged {
		all = append(all, VerdictView{
			Rule: s.rule.id, Kind: s.rule.kind, Class: s.rule.class, Severity: s.rule.severity, Title: s.rule.title, Legal: s.rule.legal,
			Subject: s.subject, SubjectName: cmp.Or(names[s.subject], s.subject.ID), Since: s.since, Phase: s.phase, PhaseSince: s.phaseSince,
			Verdict: Unknown, Explanation: Explanation{Reason: why},
		})
	}
	return all
}

// subjectNames are what people call the subjects of a site.
func (v *View) subjectNames() map[Subject]string {
	names := map[Subject]string{{SubjectSite, v.Site}: v.Name}
	for i := range v.Zones {
		names[Subject{SubjectZone, v.Zones[i].ID}] = v.Zones[i].Name
	}
	for i := range v.Doors {
		names[Subject{SubjectDoor, v.Doors[i].ID}] = v.Doors[i].Name
	}
	for i := range v.Devices {
		names[Subject{SubjectDevice, v.Devices[i].ID}] = v.Devices[i].Name
	}
	for i := range v.Tasks {
		names[Subject{SubjectTask, v.Tasks[i].ID}] = v.Tasks[i].Name
	}
	return names
}

// Worst is the verdict that decides the site's: a breach before near a limit before unknown and sensors that are not heard, the more
// severe and then the older one first.
func (v *View) Worst() (VerdictView, bool) {
	var found *VerdictView
	if v.Outline != nil {
		found = v.Outline.Worst
	}
	for i := range v.Verdicts {
		w := &v.Verdicts[i]
		if w.Verdict == Within || w.Idle() || w.aside() || found != nil && compareOfSite(found, w) <= 0 {
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
		if w.Subject.Kind == SubjectDevice && w.Class == ClassSensor && w.unreliable() {
			found = append(found, w.Subject.ID)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// unreliable reports whether what a verdict about a device says is that its values are not to be relied on: a low battery is not yet,
// and neither is a device that is maintained, or a thermometer of which too few readings are known to say.
func (v *VerdictView) unreliable() bool {
	if v.Explanation.Reason == ReasonMaintenance {
		return false
	}
	switch v.Kind {
	case batteryKind.name, clockKind.name, lostKind.name, rejectedKind.name, tamperKind.name, outageKind.name:
		return false
	case credibilityKind.name, deadCounterKind.name, frozenKind.name:
		return v.Verdict == Breached
	}
	return v.Verdict != Within
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

// compareOfSite orders by what the verdicts make of their site.
func compareOfSite(a, b *VerdictView) int {
	rank := func(w *VerdictView) int {
		return (&VerdictView{Verdict: w.OfSite(), Near: w.NearOfSite()}).Rank()
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), CompareVerdicts(a, b))
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

// HasRule reports whether a rule with an id judges something.
func (v *View) HasRule(id string) bool {
	if v.Outline != nil {
		return slices.ContainsFunc(v.Outline.judged, func(s standing) bool { return s.rule.id == id })
	}
	return slices.ContainsFunc(v.Verdicts, func(w VerdictView) bool { return w.Rule == id })
}

// RuleTitle is what a rule that is in force calls itself, by language; nil: it has no name but its kind's, or is not in force.
func (v *View) RuleTitle(id string) map[string]string {
	if v.Outline != nil {
		for i := range v.Outline.judged {
			if r := v.Outline.judged[i].rule; r.id == id {
				return r.title
			}
		}
		return nil
	}
	for i := range v.Verdicts {
		if v.Verdicts[i].Rule == id {
			return v.Verdicts[i].Title
		}
	}
	return nil
}
