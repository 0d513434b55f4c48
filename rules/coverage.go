package rules

import (
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Coverage finds doors at which too few of those who come in have their temperature taken: credible readings ÷ people entering, in each
// whole quarter of an hour (Window), which is judged when it is over. The count of people has an error, the estimate's own: the share
// is an interval, and one that holds the limit is near it. Where fewer than People came in nothing is judged, and neither is a window
// in which a counter of the door was silent, the gateway did not listen, or a rule found the door's thermometer not credible. One
// person who is read twice counts twice, so that a share can be too good and is never too bad. Subjects: the doors that are named,
// else all that have a thermometer and a counter.
type Coverage struct {
	// Window is the time that is judged, in whole quarters of an hour, from one of them on. Default 15m.
	Window time.Duration `yaml:"window" json:"window"`
	// People is how many must have entered in the window before it is judged, 1 to 1000. Default 10.
	People int `yaml:"people" json:"people"`
	// Least is the share that must be measured at least, above 0, at most 1. Default 0.8.
	Least float64 `yaml:"least" json:"least"`
}

// Validate checks values.
func (p *Coverage) Validate() error {
	var c checks
	c.field(p.Window >= quarter && p.Window <= 24*time.Hour && p.Window%quarter == 0, "window", "%v: want whole quarters of an hour, 15m to 24h", p.Window)
	c.field(p.People >= 1 && p.People <= 1000, "people", "%d: want persons, 1 to 1000", p.People)
	c.field(p.Least > 0 && p.Least <= 1, "least", "%v: want a share above 0, at most 1", p.Least)
	return c.err()
}

var coverageKind = kind{
	name:  "coverage",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Put someone beside the thermometer of this door.",
		"id": "Tempatkan petugas di samping termometer pintu ini.",
	},
	params: func() Params { return &Coverage{Window: quarter, People: 10, Least: 0.8} },
	subjects: func(p *plan, r *Rule) []Subject {
		return p.allSubjects(SubjectDoor, func(id string) bool { return p.screens(r, id) })
	},
	thermometer: screeningKind.thermometer,
	judge: func(b *bench, s Subject) judge {
		j := &coverageJudge{params: b.rule.Params.(*Coverage), plan: b.plan, engine: b.engine, door: b.door(s)}
		j.door.timed = true
		j.thermometers = b.thermometersAt(s.ID)
		for d := range b.engine.everyDevice() {
			if d.door != j.door {
				continue
			}
			j.counters = append(j.counters, d)
			if d.pulse != nil {
				d.pulse.watchers = b.joined(d.pulse.watchers)
			}
		}
		b.trusts()
		return j
	},
}

type coverageJudge struct {
	params       *Coverage
	plan         *plan
	engine       *Engine
	door         *doorState
	counters     []*deviceState // whatever hangs there and may be one
	thermometers []*deviceState
}

func (j *coverageJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	p := j.params
	open, opened, until := j.plan.open(t)
	if !open {
		return unknown(ReasonClosed, ""), until
	}
	w := telemetry.Instant(p.Window)
	now := t - t%w
	from := now - w
	until = min(until, now+w)
	if from < opened {
		return unknown(ReasonPending, ""), until
	}
	if why, detail := j.unobserved(from, now); why != "" {
		return unknown(why, detail), until
	}
	in, credible := j.sums(from, now)
	f := finding{limit: 100 * p.Least, hasLimit: true, unit: "%", constraint: "coverage"}
	if in < people(p.People)*person {
		f.verdict, f.reason = Unknown, ReasonPending
		return f, until
	}
	low, likely, high := j.entered(in, from)
	f.value, f.hasValue = share(credible, likely), true
	least, most := share(credible, high), share(credible, low)
	f.err = max(most-f.value, f.value-least)
	switch {
	case least >= f.limit:
		f.verdict = Within
	case most < f.limit:
		f.verdict = Breached
	default:
		f.verdict, f.reason = Unknown, ReasonNear
	}
	doubted := ""
	for _, d := range j.thermometers {
		x, _, next := d.incredible(t)
		until = min(until, next)
		if x && doubted == "" {
			doubted = d.id
		}
	}
	if doubted != "" {
		return unknown(ReasonIncredible, doubted), until
	}
	return f, until
}

// share is a part of people in percent, at most all of them.
func share(part int, of float64) float64 { return 100 * min(1, float64(part)/max(of, 1)) }

// sums are the people who entered in a time, and the credible readings.
func (j *coverageJudge) sums(from, to telemetry.Instant) (in people, credible int) {
	all := j.door.minutes
	i, _ := slices.BinarySearchFunc(all, from, compareMinute)
	for ; i < len(all) && all[i].at < to; i++ {
		in += all[i].in
		credible += int(all[i].credible)
	}
	return in, credible
}

// entered is how many people came in when a number was counted, most likely and at 90 % confidence, by what is expected of the
// counters: as docs/counting.md says of passages.
func (j *coverageJudge) entered(in people, at telemetry.Instant) (low, likely, high float64) {
	n := in.number()
	var missed, chance, lever float64
	for _, d := range j.counters {
		if !d.flowFlag || len(d.effects) == 0 {
			continue
		}
		rates := d.effects[0].rates
		k := len(rates) - 1
		for k > 0 && rates[k].from > at {
			k--
		}
		r := &rates[k]
		missed, chance, lever = max(missed, float64(r.share)/1e6), max(chance, float64(r.chance)/1e6), max(lever, float64(r.lever)/1e6)
	}
	likely = n + float64(missed*n)
	off := bothSides * math.Sqrt(float64(chance*n)+square(lever*n))
	return max(0, likely-off), likely, likely + off // share keeps a divisor of at least one
}

// unobserved says why nothing can be said of a time; empty: it was observed.
func (j *coverageJudge) unobserved(from, to telemetry.Instant) (why Reason, detail string) {
	counts := false
	for _, d := range j.counters {
		if d.flowFlag {
			counts = true
			if d.missing(from, to) {
				return ReasonSilent, d.id
			}
		}
	}
	if !counts {
		return ReasonNoData, ""
	}
	for _, s := range j.engine.deafness.spans {
		if s.from < to && s.to > from && min(s.to, to).Sub(max(s.from, from)) >= lastingDeafness {
			return ReasonUnlistened, ""
		}
	}
	return "", ""
}

// missing reports whether a device was silent at some time in [from, to).
func (d *deviceState) missing(from, to telemetry.Instant) bool {
	if d.pulse == nil {
		return false
	}
	for i := range d.pulse.gaps {
		if g := &d.pulse.gaps[i]; g.silent < to && g.to > from {
			return true
		}
	}
	return d.pulse.due() < to
}

func (j *coverageJudge) show(t telemetry.Instant, x *Explanation) {
	x.Bound = AtLeast
	w := telemetry.Instant(j.params.Window)
	now := t - t%w
	in, credible := j.sums(now-w, now)
	if x.Reason == ReasonClosed || !x.HasLimit {
		return
	}
	low, _, high := j.entered(in, now-w)
	x.Inputs = append(x.Inputs, Input{Name: InputCredible, Value: float64(credible), Unit: "1"}, Input{Name: InputEntered, Value: in.number(), Unit: "1"},
		Input{Name: InputEnteredLow, Value: hundredths(low), Unit: "1"}, Input{Name: InputEnteredHigh, Value: hundredths(high), Unit: "1"},
		Input{Name: InputWindow, Value: minutes(j.params.Window), Unit: "min"})
}

func (j *coverageJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	for _, d := range j.thermometers {
		to = d.evidence(t, telemetry.BodyTemperature, to)
	}
	for _, d := range j.counters {
		if d.counted.At != 0 && d.counted.At <= t {
			to = append(to, d.counted)
		}
	}
	return newestEvidence(to, first)
}
