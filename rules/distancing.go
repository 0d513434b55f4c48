package rules

import (
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Distancing asks that people can keep their distance: by the free area per person of a zone (density), by measured
// distances, or both, the worse of which is the verdict. Subjects: zones that have an area or a distance sensor, or are
// named.
type Distancing struct {
	// Spacing in metres that people must be able to keep. Default 1 (Ministry of Health).
	Spacing float64 `yaml:"spacing_m" json:"spacing_m"`
	// Grid divides the free area: square (default) or hexagonal.
	Grid Grid `yaml:"grid" json:"grid"`
	// Density judges persons against the free area. Default true.
	Density bool `yaml:"density" json:"density"`
	// Measured judges readings of the quantity distance. Default true.
	Measured bool `yaml:"measured" json:"measured"`
	// Readings is how many readings of one sensor in a row must lie below the spacing for a breach, 1 to 20. Default 3:
	// two people passing each other are not a crowd.
	Readings int `yaml:"readings" json:"readings"`
	// Stale is the age after which a measured distance says nothing any more. Default 15m.
	Stale time.Duration `yaml:"stale" json:"stale"`
}

// Validate checks values.
func (p *Distancing) Validate() error {
	var c checks
	c.field(p.Spacing > 0 && p.Spacing <= 10, "spacing_m", "%v: want metres, more than 0 and at most 10", p.Spacing)
	c.field(p.Grid.ok(), "grid", "%q: want square or hexagonal", p.Grid)
	c.field(p.Density || p.Measured, "density", "false: want density, measured or both")
	c.field(p.Readings >= 1 && p.Readings <= 20, "readings", "%d: want 1 to 20", p.Readings)
	c.field(p.Stale > 0, "stale", "%v: want a duration above 0", p.Stale)
	return c.err()
}

var distancingKind = kind{
	name:  "distancing",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Ask people to keep their distance; open another queue or let fewer in.",
		"id": "Minta pengunjung menjaga jarak; buka antrean lain atau kurangi yang masuk.",
	},
	params: func() Params {
		return &Distancing{Spacing: 1, Grid: Square, Density: true, Measured: true, Readings: 3, Stale: 15 * time.Minute}
	},
	subjects: func(p *plan, r *Rule) []Subject {
		var out []Subject
		for i := range p.def.Site.Zones {
			z := &p.def.Site.Zones[i]
			if r.names(z.ID) || len(r.Subjects) == 0 && z.Area > 0 && r.Params.(*Distancing).Density {
				out = append(out, Subject{SubjectZone, z.ID})
			}
		}
		return out
	},
	keeps: func(r *Rule) []kept {
		p := r.Params.(*Distancing)
		if !p.Measured {
			return nil
		}
		near := func(v float64) int8 {
			if v < p.Spacing {
				return 1
			}
			return 0
		}
		return []kept{{telemetry.Distance, near}}
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Distancing)
		j := &distancingJudge{crowd: crowd{zone: b.crowd(s)}, params: p}
		if z := b.plan.zone(s.ID); p.Density && z.Area > 0 {
			j.places = wholePeople(math.Max(0, z.Area-z.Fixtures) / p.Grid.perPerson(p.Spacing))
			j.dense, j.area = true, z
		}
		if p.Measured {
			b.onReadings(s, maskOf(telemetry.Distance))
		}
		return j
	},
}

type distancingJudge struct {
	crowd
	params *Distancing
	dense  bool
	places float64 // people for whom there is room
	area   *facility.Zone
}

func (j *distancingJudge) judge(t telemetry.Instant, was Verdict) (finding, telemetry.Instant) {
	f, until, measured := j.measured(t)
	if !j.dense {
		if !measured {
			return unknown(ReasonNoData, ""), until
		}
		return f, until
	}
	est, next := j.zone.estimate(t)
	d := est.finding()
	d.limit, d.hasLimit, d.constraint = j.places, true, byArea
	if est.known {
		d.compare(was, 0, StraddleUnknown)
	}
	if measured && worse(f.verdict, d.verdict) {
		return f, min(until, next)
	}
	return d, min(until, next)
}

// measured judges the distance sensors: the smallest newest distance, breached when one sensor saw enough readings in a
// row below the spacing. ok is false where no sensor has a fresh reading.
func (j *distancingJudge) measured(t telemetry.Instant) (f finding, until telemetry.Instant, ok bool) {
	f = finding{verdict: Within, hasValue: true, hasLimit: true, value: math.Inf(1), limit: j.params.Spacing, unit: "m", constraint: "spacing"}
	until = telemetry.Never
	if !j.params.Measured {
		return f, until, false
	}
	for _, s := range j.zone.sensors {
		if s.quantity != telemetry.Distance {
			continue
		}
		i := s.line.upTo(t)
		until = min(until, s.line.next(i))
		if i == 0 {
			continue
		}
		newest := s.line.get(i - 1)
		if stale := newest.at.Add(j.params.Stale); t >= stale {
			continue
		} else {
			until = min(until, stale)
		}
		if s.device.silent(t) {
			continue
		}
		ok = true
		f.value = math.Min(f.value, newest.v)
		near := 0
		for ; near < j.params.Readings && near < i && s.line.get(i-1-near).v < j.params.Spacing; near++ {
		}
		if near == j.params.Readings {
			f.verdict = Breached
		}
	}
	return f, until, ok
}

func (j *distancingJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	for _, s := range j.zone.sensors {
		if s.quantity == telemetry.Distance {
			to = s.device.evidence(t, telemetry.Distance, to)
		}
	}
	if j.dense {
		to = j.zone.countEvidence(t, to)
	}
	return newestEvidence(to, first)
}
