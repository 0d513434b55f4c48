package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Hygiene asks that hands can be washed and are: no dispenser of soap or sanitizer is empty, and enough of those who come in use
// one. Subjects: the doors and zones that are named, else all with a dispenser. Where nobody counts who comes in, only the levels are
// judged; uses are judged while the site is open, up to the last word of the dispensers: whoever came since may have used one.
type Hygiene struct {
	// Empty is the level at which a dispenser must be refilled, %. Default 10.
	Empty float64 `yaml:"empty" json:"empty"`
	// Stale is the age at which a level says nothing any more. Default 24h.
	Stale time.Duration `yaml:"stale" json:"stale"`
	// Least is how many uses there must be for each person who comes in, 0 to 10; 0: not asked. Default 0.1.
	Least float64 `yaml:"least" json:"least"`
	// Window is the time before that in which uses and people are counted, in whole minutes. Default 1h.
	Window time.Duration `yaml:"window" json:"window"`
	// People is how many must have come in, 1 to 10000. Default 20.
	People int `yaml:"people" json:"people"`
}

// Validate checks values.
func (p *Hygiene) Validate() error {
	var c checks
	c.field(p.Empty >= 0 && p.Empty <= 100, "empty", "%v: want a level, 0 to 100 %%", p.Empty)
	c.field(p.Stale >= time.Minute && p.Stale <= 7*24*time.Hour, "stale", "%v: want a duration, 1m to 168h", p.Stale)
	c.field(p.Least >= 0 && p.Least <= 10, "least", "%v: want uses a person, 0 to 10", p.Least)
	c.field(p.Window >= 5*time.Minute && p.Window <= 24*time.Hour && p.Window%time.Minute == 0, "window", "%v: want whole minutes, 5m to 24h", p.Window)
	c.field(p.People >= 1 && p.People <= 10_000, "people", "%d: want persons, 1 to 10000", p.People)
	return c.err()
}

const (
	usesMask      = 1 << telemetry.Dispensed
	levelMask     = 1 << telemetry.FillLevel
	dispenserMask = usesMask | levelMask
)

// The constraints of hygiene.
const (
	byFill = "level"
	byUses = "uses"
)

var hygieneKind = kind{
	name:  "hygiene",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Refill the dispenser and see that it works; point visitors to it as they come in.",
		"id": "Isi ulang dispenser dan pastikan berfungsi; arahkan pengunjung untuk memakainya saat masuk.",
	},
	params: func() Params {
		return &Hygiene{Empty: 10, Stale: 24 * time.Hour, Least: 0.1, Window: time.Hour, People: 20}
	},
	subjects: func(p *plan, r *Rule) []Subject { return p.spotSubjects(r, dispenserMask) },
	keeps: func(r *Rule) []kept {
		p := r.Params.(*Hygiene)
		return []kept{
			{quantity: telemetry.Dispensed, exact: true},
			{quantity: telemetry.FillLevel, fresh: p.Stale, class: func(v, err float64) uint64 { return sides(v, err, p.low) }},
		}
	},
	judge: func(b *bench, s Subject) judge {
		j := &hygieneJudge{params: b.rule.Params.(*Hygiene), spot: b.spot(placeOf(s), dispenserMask)}
		if s.Kind == SubjectDoor {
			b.door(s).timed = true
		} else {
			b.crowd(s)
		}
		return j
	},
}

// low reports whether a dispenser at a level must be refilled.
func (p *Hygiene) low(v float64) bool { return v < p.Empty }

type hygieneJudge struct {
	params *Hygiene
	spot
}

func (j *hygieneJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	level, until := j.level(t)
	uses, next := j.uses(t)
	until = min(until, next)
	switch {
	case level.constraint == "" && uses.constraint == "":
		if d := j.quiet(dispenserMask, t); d != nil {
			return unknown(ReasonSilent, d.id), until
		}
		return unknown(ReasonNoData, ""), until
	case level.constraint == "":
		return uses, until
	case uses.constraint == "" || uses.reason == ReasonFew || uses.reason == ReasonClosed:
		return level, until
	case worse(uses.verdict, level.verdict):
		return uses, until
	}
	return level, until
}

// level is the emptiest dispenser; without a constraint: none has a level.
func (j *hygieneJudge) level(t telemetry.Instant) (f finding, until telemetry.Instant) {
	p := j.params
	until = telemetry.Never
	for _, d := range j.devices {
		for _, s := range d.kept {
			if s.quantity != telemetry.FillLevel || s.probe() {
				continue
			}
			e, k, _ := s.at(t)
			until = min(until, s.line.next(k+1), d.nextSilence(t))
			if e == nil {
				continue
			}
			one := finding{constraint: byFill, limit: p.Empty, hasLimit: true, unit: "%", detail: d.id}
			last := e.v.last
			if stale := last.Add(p.Stale); t >= stale || d.silent(t) {
				one.verdict, one.reason = Unknown, ReasonSilent
			} else {
				until = min(until, stale)
				one.value, one.hasValue, one.err = e.v.v, true, s.bar()
				switch sides(e.v.v, s.bar(), p.low) {
				case 1:
					one.verdict = Breached
				case 2:
					one.verdict, one.reason = Unknown, ReasonNear
				default:
					one.verdict = Within
				}
			}
			if f.constraint == "" || worse(one.verdict, f.verdict) || one.verdict == f.verdict && one.hasValue && (!f.hasValue || one.value < f.value) {
				f = one
			}
		}
	}
	return f, until
}

// uses is how many of those who came in washed their hands; without a constraint: that is not measured.
func (j *hygieneJudge) uses(t telemetry.Instant) (f finding, until telemetry.Instant) {
	p := j.params
	if p.Least == 0 {
		return f, telemetry.Never
	}
	measured := false
	for _, d := range j.devices {
		for _, s := range d.kept {
			measured = measured || s.quantity == telemetry.Dispensed && s.line.next(0) <= t
		}
	}
	open, opened, until := j.plan.open(t)
	now, stale := j.told(telemetry.Dispensed, minuteOf(t), p.Stale)
	until = min(until, stale)
	from := min(max(now.Add(-p.Window), minuteOf(opened)), now)
	came, off, counted, heard := j.came(from, now)
	if !measured || !counted {
		return f, until // a first reading asks by itself
	}
	f = finding{constraint: byUses, limit: 100 * p.Least, hasLimit: true, unit: "%"}
	if !open {
		f.verdict, f.reason = Unknown, ReasonClosed
		return f, until
	}
	until = min(until, j.turns(usesMask, t, p.Window), j.nextComing(t, p.Window))
	used := j.counts(telemetry.Dispensed, from, now)
	f.inputs = []Input{{Name: InputUses, Value: used, Unit: "1"}, {Name: "entered", Value: came, Unit: "1"}, {Name: InputWindow, Value: minutes(now.Sub(from)), Unit: "min"}}
	if d := j.quiet(usesMask, t); d != nil {
		f.verdict, f.reason, f.detail = Unknown, ReasonSilent, d.id
		return f, until
	}
	if !heard || !j.heard(usesMask, from, now) {
		f.verdict, f.reason = Unknown, ReasonGap
		return f, until
	}
	if came < float64(p.People) {
		f.verdict, f.reason = Unknown, ReasonFew
		return f, until
	}
	f.value, f.hasValue, f.err = 100*used/came, true, rounded(100*used/came*off, 10)
	f.verdict, f.reason = against(used/(came*(1+off)), used/(came*(1-off)), p.Least)
	return f, until
}

func (j *hygieneJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	return j.spot.evidence(dispenserMask, t, to)
}

func (j *hygieneJudge) show(_ telemetry.Instant, x *Explanation) { x.Bound = AtLeast }
