package rules

import (
	"cmp"
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A protocol is in force from its first moment up to, and without, its last, in the site's own calendar. A day on which one version
// ends and the next begins is judged by each up to the minute. Where no protocol has a rule, nothing is judged; where two have rules
// of one id, one of them holds (see inForce). Neither depends on when the question is asked.

// applies reports whether a protocol is one of the site's; a site that names none has all.
func (p *plan) applies(protocol *Protocol) bool {
	return len(p.def.Site.Protocols) == 0 || slices.Contains(p.def.Site.Protocols, protocol.ID)
}

// begins is the first moment of a protocol, ends the first after it; Never: it has none.
func (p *plan) begins(protocol *Protocol) telemetry.Instant {
	if protocol.From.IsZero() {
		return 1
	}
	return p.moment(protocol.From, protocol.FromTime)
}

func (p *plan) ends(protocol *Protocol) telemetry.Instant {
	if protocol.Until.IsZero() {
		return telemetry.Never
	}
	return p.moment(protocol.Until, protocol.UntilTime)
}

// moment is a wall-clock time of the site.
func (p *plan) moment(d facility.Date, t facility.TimeOfDay) telemetry.Instant {
	if t == 0 || d.Year < firstYear || d.Year > lastYear {
		return p.midnight(d)
	}
	return max(1, telemetry.InstantOf(t.On(d, p.loc)))
}

// valid reports whether a protocol is in force at t.
func (p *plan) valid(protocol *Protocol, t telemetry.Instant) bool {
	return p.begins(protocol) <= t && t < p.ends(protocol)
}

// inForce lists the rules in force at t, in the definition's order. Of two rules with the same id the one whose
// protocol began later wins; of two that began at the same moment, the one that is written later.
func (p *plan) inForce(t telemetry.Instant) []ruleRef {
	var refs []ruleRef
	byID := make(map[string]int)
	for i := range p.def.Protocols {
		protocol := &p.def.Protocols[i]
		if !p.applies(protocol) || !p.valid(protocol, t) {
			continue
		}
		for k := range protocol.Rules {
			ref := ruleRef{i, k}
			at, twice := byID[protocol.Rules[k].ID]
			if !twice {
				byID[protocol.Rules[k].ID] = len(refs)
				refs = append(refs, ref)
			} else if p.begins(protocol) >= p.begins(p.protocol(refs[at])) {
				refs[at] = ref
			}
		}
	}
	return refs
}

// nextProtocol is the first moment after t at which a protocol begins or ends; Never: none does.
func (p *plan) nextProtocol(t telemetry.Instant) telemetry.Instant {
	next := telemetry.Never
	for i := range p.def.Protocols {
		protocol := &p.def.Protocols[i]
		if !p.applies(protocol) {
			continue
		}
		for _, at := range [...]telemetry.Instant{p.begins(protocol), p.ends(protocol)} {
			if at > t {
				next = min(next, at)
			}
		}
	}
	return next
}

// ProtocolView is a protocol as people are told of it.
type ProtocolView struct {
	ID        string            `json:"id"`
	Title     string            `json:"title"`
	Titles    map[string]string `json:"titles,omitempty"`    // by language
	Authority map[string]string `json:"authority,omitempty"` // by language
	Legal     string            `json:"legal,omitempty"`
	Source    string            `json:"source,omitempty"`
	Area      []string          `json:"area,omitempty"`
	// From and Until are the first moment and the first one after the last; 0: open.
	From  telemetry.Instant `json:"from,omitempty"`
	Until telemetry.Instant `json:"until,omitempty"`
	// Levels are the shares by level, LevelNames what people call them, by level and language.
	Levels     map[string]float64           `json:"levels,omitempty"`
	LevelNames map[string]map[string]string `json:"level_names,omitempty"`
}

// validity are the protocols from a time on, until one of them begins or ends.
type validity struct {
	from, until telemetry.Instant
	inForce     []ProtocolView // in the definition's order
	coming      []ProtocolView // the soonest first
}

// validity finds the protocols in force at t and those that come after. The lists are shared and never changed.
func (p *plan) validity(t telemetry.Instant) *validity {
	last := &p.lastValidity
	if t >= last.from && t < last.until {
		return last
	}
	*last = validity{from: t, until: p.nextProtocol(t)}
	for i := range p.def.Protocols {
		protocol := &p.def.Protocols[i]
		if !p.applies(protocol) || p.ends(protocol) <= t {
			continue
		}
		v := ProtocolView{
			ID: protocol.ID, Title: protocol.Title, Titles: protocol.Titles, Authority: protocol.Authority, Legal: protocol.Legal,
			Source: protocol.Source, Area: protocol.Area, Levels: protocol.Levels, LevelNames: protocol.LevelNames,
		}
		if !protocol.From.IsZero() {
			v.From = p.begins(protocol)
		}
		if !protocol.Until.IsZero() {
			v.Until = p.ends(protocol)
		}
		if v.From > t {
			last.coming = append(last.coming, v)
		} else {
			last.inForce = append(last.inForce, v)
		}
	}
	slices.SortStableFunc(last.coming, func(a, b ProtocolView) int { return cmp.Compare(a.From, b.From) })
	return last
}

// LevelName is what people call the level, by language, as the first of the protocols that has a name for it says; nil: by its id.
func LevelName(protocols []ProtocolView, level string) map[string]string {
	for i := range protocols {
		if name := protocols[i].LevelNames[level]; len(name) > 0 {
			return name
		}
	}
	return nil
}
