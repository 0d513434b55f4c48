package rules

import (
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Capacity limits the people in a zone to the smallest of its declared capacity, its usable seats and its free area, each
// times the share of the level in force. Subjects: zones that have such a figure, or are named; with Site also the whole
// building; of these, those whose people something counts.
type Capacity struct {
	// Spacing between people in metres, by which seats and area are counted; 0: only declared capacity and all seats.
	// Default 1 (Ministry of Health; Home Affairs 440-830/2020 asks for 1 to 2).
	Spacing float64 `yaml:"spacing_m" json:"spacing_m"`
	// Grid divides the area: square (default) or hexagonal.
	Grid Grid `yaml:"grid" json:"grid"`
	// Hysteresis in persons: an alert ends only this far below the limit; the verdict knows no hysteresis. Default 0.
	Hysteresis float64 `yaml:"hysteresis" json:"hysteresis"`
	// Straddle is no choice any more: an interval that contains the limit is near it, which is a state of its own.
	Straddle string `yaml:"straddle" json:"-"`
	// Site also judges the whole building. Default false.
	Site bool `yaml:"site" json:"site"`
	// SiteCapacity is the limit of the building in persons; 0 (default): the sum over the zones directly in it.
	SiteCapacity int `yaml:"site_capacity" json:"site_capacity"`
}

// Validate checks values.
func (p *Capacity) Validate() error {
	var c checks
	c.field(p.Spacing >= 0 && p.Spacing <= 10, "spacing_m", "%v: want metres, 0 to 10", p.Spacing)
	c.field(p.Grid.ok(), "grid", "%q: want square or hexagonal", p.Grid)
	c.field(p.Hysteresis >= 0 && p.Hysteresis <= 100_000, "hysteresis", "%v: want persons, 0 or more", p.Hysteresis)
	c.field(p.Straddle == "", "straddle", "%q: want none: people whose interval contains the limit are near the limit, and a count by hand decides; leave it out, and lower the limit (capacity, site_capacity, a level's share) where an alert should come earlier", p.Straddle)
	c.field(p.SiteCapacity >= 0, "site_capacity", "%d: want persons, 0 or more", p.SiteCapacity)
	return c.err()
}

var capacityKind = kind{
	name:  "capacity",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Let nobody in until the number is below the limit.",
		"id": "Jangan izinkan masuk sampai jumlah orang di bawah batas.",
	},
	params: func() Params { return &Capacity{Spacing: 1, Grid: Square} },
	subjects: func(p *plan, r *Rule) []Subject {
		params := r.Params.(*Capacity)
		var out []Subject
		if (params.Site || r.names(p.def.Site.ID)) && p.counts("") {
			out = append(out, Subject{SubjectSite, p.def.Site.ID})
		}
		for i := range p.def.Site.Zones {
			z := &p.def.Site.Zones[i]
			_, _, ok := fullLimit(z, params.Spacing, params.Grid)
			if (r.names(z.ID) || len(r.Subjects) == 0 && ok) && p.counts(z.ID) {
				out = append(out, Subject{SubjectZone, z.ID})
			}
		}
		return out
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Capacity)
		j := &capacityJudge{crowd: crowd{zone: b.crowd(s)}, params: p, levels: b.levels()}
		b.limits(j.zone)
		if s.Kind == SubjectSite {
			j.full, j.constraint = buildingLimit(&b.plan.def.Site, p)
			j.inputs = buildingInputs(&b.plan.def.Site, p)
		} else {
			j.full, j.constraint, _ = fullLimit(b.plan.zone(s.ID), p.Spacing, p.Grid)
			j.inputs = limitInputs(b.plan.zone(s.ID), j.constraint, p.Spacing, p.Grid)
		}
		return j
	},
}

// buildingLimit is the limit of the whole building: declared in the rule, or the sum over the zones directly in it.
func buildingLimit(site *facility.Site, p *Capacity) (float64, string) {
	if p.SiteCapacity > 0 {
		return float64(p.SiteCapacity), byDeclared
	}
	var sum float64
	for i := range site.Zones {
		z := &site.Zones[i]
		if z.Parent == "" {
			limit, _, _ := fullLimit(z, p.Spacing, p.Grid)
			sum += limit
		}
	}
	return sum, byZones
}

// crowd is the part that judges of a zone's people have in common.
type crowd struct{ zone *zoneState }

func (c crowd) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	return c.zone.countEvidence(t, to)
}

type capacityJudge struct {
	crowd
	params     *Capacity
	levels     levels
	full       float64
	constraint string
	inputs     []Input
	room       *Room     // made when somebody looks at it
	house      *Building // of the whole building, likewise
}

func (j *capacityJudge) judge(t telemetry.Instant, was Verdict) (finding, telemetry.Instant) {
	est, until := j.zone.estimate(t)
	f := est.finding()
	if j.full == 0 && (j.constraint == "" || j.constraint == byZones) {
		f.verdict, f.reason, f.detail = Unknown, ReasonNoLimit, ""
		return f, until
	}
	until = min(until, j.levels.next(t))
	if level, missing := j.levels.missing(t); missing {
		f.verdict, f.reason, f.detail = Unknown, ReasonNoLevel, level
		return f, until
	}
	f.share = j.levels.share(t)
	f.limit, f.hasLimit, f.constraint = scaled(j.full, f.share), true, j.constraint
	f.compare(est, was, j.params.Hysteresis)
	return f, until
}

func (j *capacityJudge) decide(t telemetry.Instant) (Verdict, Reason, telemetry.Instant) {
	if len(j.levels.protocol.Levels) > 0 || j.full == 0 {
		f, until := j.judge(t, Within)
		return f.verdict, f.reason, until
	}
	est, until := j.zone.estimate(t)
	v, r := est.against(j.full)
	return v, r, min(until, j.levels.next(t))
}

// compare judges a number of people by its interval: breached above the limit, within at or below it, near it where it contains
// it. Where nobody knows with how many people counting began, those who were counted in may be too many all the same. An alarm
// that fires (was is Breached) is over only where the people are below the limit by the hysteresis.
func (f *finding) compare(est *estimate, was Verdict, hysteresis float64) {
	limit := f.limit
	if was == Breached {
		limit -= hysteresis
	}
	f.verdict, f.reason = est.against(limit)
}

// against is the verdict about the people of an estimate and a limit.
func (e *estimate) against(limit float64) (Verdict, Reason) {
	switch {
	case !e.known && e.reason != ReasonUncounted:
	case e.low.number() > limit:
		return Breached, e.reason
	case !e.known:
	case e.high.number() <= limit:
		return Within, e.reason
	default:
		return Unknown, ReasonNear
	}
	return Unknown, e.reason
}
