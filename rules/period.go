package rules

import (
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Period is a time in which the same rules are in force at a site.
type Period struct {
	// From is its first moment (1: it has always been so), Until the first after it (Never: it has no end).
	From, Until telemetry.Instant
	// Rules are those of the protocols in force, in the definition's order.
	Rules []PeriodRule
}

// PeriodRule is a rule of a protocol that is in force.
type PeriodRule struct {
	Protocol *Protocol
	Rule     *Rule
	// Subjects are what it judges, as far as that is known before any device has sent.
	Subjects []Subject
	// Replaced tells that another protocol's rule of the same id holds in its place.
	Replaced bool
}

// Periods lists the times in which different rules of the definition are in force, from the first to the last, as an engine will put
// them in force: there is no time between them. The definition must compile.
func Periods(def *Definition) ([]Period, error) {
	p, err := planOf(def)
	if err != nil {
		return nil, err
	}
	var all []Period
	for from := telemetry.Instant(1); from != telemetry.Never; {
		period := Period{From: from, Until: p.nextProtocol(from)}
		holds := p.inForce(from)
		for i := range def.Protocols {
			protocol := &def.Protocols[i]
			if !p.applies(protocol) || !p.valid(protocol, from) {
				continue
			}
			for k := range protocol.Rules {
				r := &protocol.Rules[k]
				kind, err := kindByName(r.Kind)
				if err != nil {
					return nil, err
				}
				period.Rules = append(period.Rules, PeriodRule{
					Protocol: protocol, Rule: r, Subjects: kind.subjects(p, r), Replaced: !slices.Contains(holds, ruleRef{i, k}),
				})
			}
		}
		all = append(all, period)
		from = period.Until
	}
	return all, nil
}
