package rules

import "github.com/gerbang-iot/gerbang/facility"

// Advice is what a display at a zone's entrance says.
//
// People are not waved into a room of which something is known that speaks against it, whatever it is:
//
//   - stop: the building is closed; or its queue is, and a door leads into the zone from outside; or people are at the limit or above; or a critical rule of the class breach is breached about
//     the zone (too much CO₂), or about the building where a door leads into the zone from outside.
//   - wait: nobody knows how many are inside; or they are close to the limit; or a rule of the severity warning is breached likewise.
//   - go: none of these.
//
// What a rule of the severity info says holds nobody up. Verdicts are asked, not alerts: an alert waits, and people come in
// meanwhile. Where nobody counts there is no advice, but stop where a critical breach is known.
type Advice string

// The advice, from the kindest to the strictest.
const (
	AdviceGo   Advice = "go"
	AdviceWait Advice = "wait"
	AdviceStop Advice = "stop"
)

// almostFull is the share of the limit from which on a display says wait.
const almostFull = 0.9

// advise says what a display at the zone's entrance says, and which rule, other than the one about its people, asks for it.
func (v *View) advise(z *ZoneView, fromOutside bool) {
	var crowd *VerdictView // the worst about its people
	hold, rule := AdviceGo, ""
	for i := range v.Verdicts {
		w := &v.Verdicts[i]
		here := w.Subject == Subject{SubjectZone, z.ID}
		if fromOutside && v.Intake != nil && v.Intake.Closed && w.Rule == v.Intake.Rule && w.Severity != Info {
			hold, rule = AdviceStop, w.Rule
		}
		if here && w.Kind == capacityKind.name && (crowd == nil || worse(w.Verdict, crowd.Verdict)) {
			crowd = w
		}
		if !here && (w.Subject.Kind != SubjectSite || !fromOutside) || w.Class != ClassBreach || w.Verdict != Breached {
			continue
		}
		switch {
		case w.Severity == Critical && hold != AdviceStop:
			hold, rule = AdviceStop, w.Rule
		case w.Severity == Warning && hold == AdviceGo:
			hold, rule = AdviceWait, w.Rule
		}
		if here && w.Kind == capacityKind.name {
			rule = ""
		}
	}
	people := AdviceGo
	p, limited := &z.Persons, crowd != nil && crowd.Explanation.HasLimit
	switch {
	case crowd != nil && crowd.Verdict == Breached || limited && p.Known && p.Persons >= z.Limit:
		people = AdviceStop
	case !p.Known || limited && p.Persons >= almostFull*z.Limit,
		crowd != nil && crowd.Verdict == Unknown && crowd.Explanation.Reason != ReasonNoLimit:
		people = AdviceWait
	}
	switch {
	case !z.Persons.Measured:
		if hold == AdviceStop {
			z.Advice, z.Held = hold, rule
		}
	case !v.Open:
		z.Advice = AdviceStop
	case people == AdviceStop || people == AdviceWait && hold != AdviceStop:
		z.Advice = people
	default:
		z.Advice, z.Held = hold, rule
	}
}

// leadsIn reports whether a door leads into the zone from outside.
func leadsIn(site *facility.Site, zone string) bool {
	for i := range site.Doors {
		if d := &site.Doors[i]; d.From == facility.Outside && d.To == zone || d.To == facility.Outside && d.From == zone {
			return true
		}
	}
	return false
}
