package rules

import (
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Agenda is a definition made ready to say what it has judged on which day, and when the site is open. It is what adds up a
// history of verdicts by the rules and hours that were in force then. It never changes: any number of goroutines may ask it.
type Agenda struct {
	plan   *plan
	duties map[ruleRef][]Duty
}

// Duty is one rule about one subject that a definition has judged.
type Duty struct {
	Rule     string
	Kind     string
	Class    Class
	Severity Severity
	Subject  Subject
	// SubjectName is what people call the subject, Title what they call the rule, by language; empty: by its kind.
	SubjectName string
	Title       map[string]string
	Legal       string // the rule's own reference, else its protocol's
	Protocol    string // id
}

// NewAgenda reads a definition from its canonical JSON, as a configuration record has it. A definition that no engine takes is an
// error.
func NewAgenda(definition []byte) (*Agenda, error) {
	p, err := newPlan(definition, "", 1)
	if err == nil {
		err = Compile(p.def)
	}
	if err != nil {
		return nil, fmt.Errorf("reading what a definition judges: %w", err)
	}
	a := &Agenda{plan: p, duties: make(map[ruleRef][]Duty)}
	for i := range p.def.Protocols {
		protocol := &p.def.Protocols[i]
		if !p.applies(protocol) {
			continue
		}
		for k := range protocol.Rules {
			ref := ruleRef{i, k}
			r := p.rule(ref)
			kind, err := kindByName(r.Kind)
			if err != nil {
				return nil, err
			}
			for _, s := range kind.subjects(p, r) {
				d := Duty{
					Rule: r.ID, Kind: r.Kind, Class: r.class(), Severity: r.severity(), Subject: s, SubjectName: p.subjectName(s),
					Title: r.Title, Legal: r.Legal, Protocol: protocol.ID,
				}
				if d.Legal == "" {
					d.Legal = protocol.Legal
				}
				a.duties[ref] = append(a.duties[ref], d)
			}
		}
	}
	return a, nil
}

// Site is the building of the definition. It must not be changed.
func (a *Agenda) Site() *facility.Site { return &a.plan.def.Site }

// Location is the site's time zone.
func (a *Agenda) Location() *time.Location { return a.plan.loc }

// At lists what is judged at a moment, and goes on to be until Next. A thermometer of which only its readings tell that it is one is
// missing.
func (a *Agenda) At(t telemetry.Instant) []Duty {
	var all []Duty
	for _, ref := range a.plan.inForce(t) {
		all = append(all, a.duties[ref]...)
	}
	return all
}

// Next is the first moment after t at which something else may be judged: a protocol begins or ends. telemetry.Never: none does.
func (a *Agenda) Next(t telemetry.Instant) telemetry.Instant { return a.plan.nextProtocol(t) }

// Openings lists what of [from, until) the site is open, in order and apart from each other. A site without hours is always open.
func (a *Agenda) Openings(from, until telemetry.Instant) []Opening {
	if from >= until {
		return nil
	}
	if a.plan.always {
		return []Opening{{from, until}}
	}
	var all []Opening
	for t := from; t < until; {
		open, _, next := a.plan.openAt(t)
		if next <= t {
			break
		}
		if end := min(next, until); open {
			all = append(all, Opening{t, end})
		}
		t = next
	}
	return all
}

// Opening is a time in which a site is open: [From, Until).
type Opening struct{ From, Until telemetry.Instant }

// subjectName is what people call a subject of the plan's site.
func (p *plan) subjectName(s Subject) string {
	name := ""
	switch s.Kind {
	case SubjectSite:
		name = p.def.Site.Name
	case SubjectZone:
		name = p.zone(s.ID).Name
	case SubjectDoor:
		name = p.door(s.ID).Name
	case SubjectDevice:
		name = p.device(s.ID).Name
	case SubjectTask:
		name = p.task(s.ID).Name
	}
	if name == "" {
		return s.ID
	}
	return name
}
