package rules

import (
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Masks asks that most people wear a mask, as cameras count them. The share of a few people is chance: it is judged by the interval in
// which the share of all may lie (Wilson, 90 %), and not at all for fewer than People. Subjects: the doors and zones that are named,
// else all with a device that counts masks.
type Masks struct {
	// Window is the time that is looked at, in whole minutes. Default 1h.
	Window time.Duration `yaml:"window" json:"window"`
	// Least is the share of those who must wear one, above 0, at most 1. Default 0.9.
	Least float64 `yaml:"least" json:"least"`
	// People is how many faces must have been seen, 1 to 10000. Default 20.
	People int `yaml:"people" json:"people"`
}

// Validate checks values.
func (p *Masks) Validate() error {
	var c checks
	c.field(p.Window >= 5*time.Minute && p.Window <= 24*time.Hour && p.Window%time.Minute == 0, "window", "%v: want whole minutes, 5m to 24h", p.Window)
	c.field(p.Least > 0 && p.Least <= 1, "least", "%v: want a share, above 0, at most 1", p.Least)
	c.field(p.People >= 1 && p.People <= 10_000, "people", "%d: want faces, 1 to 10000", p.People)
	return c.err()
}

const maskMask = 1<<telemetry.MaskWorn | 1<<telemetry.MaskMissing

var masksKind = kind{
	name:  "masks",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Stand at the entrance, remind people of their masks and hand some out.",
		"id": "Berdiri di pintu masuk, ingatkan pengunjung memakai masker, dan bagikan masker.",
	},
	params:   func() Params { return &Masks{Window: time.Hour, Least: 0.9, People: 20} },
	subjects: func(p *plan, r *Rule) []Subject { return p.spotSubjects(r, maskMask) },
	keeps: func(*Rule) []kept {
		return []kept{{quantity: telemetry.MaskWorn, exact: true}, {quantity: telemetry.MaskMissing, exact: true}}
	},
	judge: func(b *bench, s Subject) judge {
		return &masksJudge{params: b.rule.Params.(*Masks), spot: b.spot(placeOf(s), maskMask)}
	},
}

type masksJudge struct {
	params *Masks
	spot
}

func (j *masksJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	p := j.params
	open, opened, until := j.plan.open(t)
	if !open {
		return unknown(ReasonClosed, ""), until
	}
	now := minuteOf(t)
	from := max(now.Add(-p.Window), minuteOf(opened))
	until = min(until, j.turns(maskMask, t, p.Window))
	if d := j.quiet(maskMask, t); d != nil {
		return unknown(ReasonSilent, d.id), until
	}
	worn, missing := j.counts(telemetry.MaskWorn, from, now), j.counts(telemetry.MaskMissing, from, now)
	seen := worn + missing
	f := finding{limit: 100 * p.Least, hasLimit: true, unit: "%", constraint: "masks"}
	f.inputs = []Input{{Name: InputWorn, Value: worn, Unit: "1"}, {Name: InputMissing, Value: missing, Unit: "1"}, {Name: InputWindow, Value: minutes(now.Sub(from)), Unit: "min"}}
	if seen < float64(p.People) {
		f.verdict, f.reason = Unknown, ReasonFew
		return f, until
	}
	low, high := wilson(worn, seen)
	f.value, f.hasValue = 100*worn/seen, true
	f.err = rounded(100*math.Max(high-worn/seen, worn/seen-low), 10)
	f.inputs = append(f.inputs, Input{Name: InputShareLow, Value: rounded(100*low, 10), Unit: "%"}, Input{Name: InputShareHigh, Value: rounded(100*high, 10), Unit: "%"})
	f.verdict, f.reason = against(low, high, p.Least)
	return f, until
}

// against judges a share that must be at least so much by its interval.
func against(low, high, least float64) (Verdict, Reason) {
	switch {
	case high < least:
		return Breached, ""
	case low >= least:
		return Within, ""
	}
	return Unknown, ReasonNear
}

// wilson is the interval in which a share lies nine times in ten, of which k of n were seen.
func wilson(k, n float64) (low, high float64) {
	const z = bothSides
	share := k / n
	middle := (share + z*z/(2*n)) / (1 + z*z/n)
	half := z * math.Sqrt(share*(1-share)/n+z*z/(4*n*n)) / (1 + z*z/n)
	return math.Max(0, middle-half), math.Min(1, middle+half)
}

func (j *masksJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	return j.spot.evidence(maskMask, t, to)
}

func (j *masksJudge) show(_ telemetry.Instant, x *Explanation) { x.Bound = AtLeast }
