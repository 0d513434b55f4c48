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
		class := func(v, err float64) uint64 { return sides(v, err, p.close) }
		return []kept{{quantity: telemetry.Distance, class: class, row: p.Readings, fresh: p.Stale}}
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

// close reports whether a distance is below the spacing.
func (p *Distancing) close(v float64) bool { return v < p.Spacing }

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
	d.compare(est, was, 0)
	if measured && worse(f.verdict, d.verdict) {
		return f, min(until, next)
	}
	return d, min(until, next)
}

func (j *distancingJudge) decide(t telemetry.Instant) (Verdict, Reason, telemetry.Instant) {
	if !j.dense || j.params.Measured && j.zone.measures(telemetry.Distance) {
		f, until := j.judge(t, Within)
		return f.verdict, f.reason, until
	}
	est, until := j.zone.estimate(t)
	v, r := est.against(j.places)
	return v, r, until
}

// measured judges the distance sensors by the worst of them: breached when one saw enough readings in a row below the
// spacing. Without a breach a sensor that fell silent makes it unknown; one that promised nothing is just not there once its
// newest reading is old. ok is false where there is nothing to judge by.
func (j *distancingJudge) measured(t telemetry.Instant) (f finding, until telemetry.Instant, ok bool) {
	until = telemetry.Never
	if !j.params.Measured {
		return f, until, false
	}
	for _, s := range j.zone.sensors {
		if s.quantity != telemetry.Distance || s.probe() {
			continue
		}
		one, next, fresh := j.sensor(s, t)
		until = min(until, next)
		if fresh && (!ok || worse(one.verdict, f.verdict) || one.verdict == f.verdict && one.hasValue && one.value < f.value) {
			f, ok = one, true
		}
	}
	return f, until, ok
}

// sensor judges one distance sensor; ok is false where it says nothing.
func (j *distancingJudge) sensor(s *series, t telemetry.Instant) (f finding, until telemetry.Instant, ok bool) {
	p := j.params
	newest, i, _ := s.at(t)
	until = s.line.next(i + 1)
	if newest == nil {
		return f, until, false
	}
	f = finding{verdict: Unknown, hasLimit: true, limit: p.Spacing, unit: "m", constraint: "spacing", detail: s.device.id}
	until = min(until, s.device.nextSilence(t))
	if s.device.silent(t) {
		f.reason = ReasonSilent
		return f, until, true
	}
	stale := newest.v.last.Add(p.Stale)
	if t >= stale {
		return f, until, false
	}
	until = min(until, stale)
	f.value, f.err, f.hasValue = newest.v.v, s.device.err, true
	surely := s.row(i+1, p.Readings, func(v float64) bool { return sides(v, s.device.err, p.close) == 1 })
	maybe := s.row(i+1, p.Readings, func(v float64) bool { return sides(v, s.device.err, p.close) != 0 })
	switch {
	case surely == p.Readings:
		f.verdict = Breached
	case maybe == p.Readings:
		f.reason = ReasonNear
	default:
		f.verdict = Within
	}
	return f, until, true
}

func (j *distancingJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	for _, s := range j.zone.sensors {
		if e, _, _ := s.at(t); s.quantity == telemetry.Distance && e != nil && !s.probe() {
			to = append(to, s.evidence(e, t))
		}
	}
	if j.dense {
		to = j.zone.countEvidence(t, to)
	}
	return newestEvidence(to, first)
}
