package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// DeadCounter finds people counters that report and count nothing while people pass elsewhere: covered, turned away, unplugged from
// its sensor. How many should have passed follows from how many passed the site's other counters, and which share of all the
// counter had in the days before. Subjects: the counters that are named, else all. It is judged by whole quarters of an hour within
// the opening hours; where there is no other counter nobody can tell.
type DeadCounter struct {
	// Window is the time in which it counted nobody, in whole quarters of an hour, within one opening. Default 2h.
	Window time.Duration `yaml:"window" json:"window"`
	// People is how many should have passed by then, 3 to 1000. Default 12.
	People int `yaml:"people" json:"people"`
}

// Validate checks values.
func (p *DeadCounter) Validate() error {
	var c checks
	c.field(p.Window >= quarter && p.Window <= 24*time.Hour && p.Window%quarter == 0, "window", "%v: want whole quarters of an hour, 15m to 24h", p.Window)
	c.field(p.People >= 3 && p.People <= 1000, "people", "%d: want persons, 3 to 1000", p.People)
	return c.err()
}

// shareDays is how far back the share of a counter is looked at.
const shareDays = 7

var deadCounterKind = kind{
	name:  "dead_counter",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Look at the counter: is its lens free, does it hang over the door? Until then, count by hand.",
		"id": "Periksa penghitung: apakah lensanya tertutup, apakah masih di atas pintu? Sementara itu hitung secara manual.",
	},
	params: func() Params { return &DeadCounter{Window: 2 * time.Hour, People: 12} },
	subjects: func(p *plan, r *Rule) []Subject {
		return p.deviceSubjects(r, p.countsPassages)
	},
	judge: func(b *bench, s Subject) judge {
		b.engine.deadCounters = b.joined(b.engine.deadCounters)
		return &deadCounterJudge{engine: b.engine, plan: b.plan, params: b.rule.Params.(*DeadCounter), device: b.device(s)}
	},
}

// countsPassages reports whether the i-th device counts people who pass, as far as is known.
func (p *plan) countsPassages(i int) bool {
	return i < len(p.counters) && p.counters[i] && (p.measures[i] == 0 || p.measures[i]&countMask != 0)
}

type deadCounterJudge struct {
	engine *Engine
	plan   *plan
	params *DeadCounter
	device *deviceState
}

// counts are what a device, its channels included, said in [from, to) of slots.
func (d *deviceState) counts(from, to int64) (passed people, messages int, newest int64) {
	newest = -1
	for k := -1; k < len(d.parts); k++ {
		part := d
		if k >= 0 {
			part = d.parts[k]
		}
		for i := part.history.from(from); i < len(part.history) && part.history[i].slot < to; i++ {
			b := &part.history[i]
			passed += b.in + b.out
			messages += b.messages
			if b.in+b.out > 0 {
				newest = max(newest, b.slot)
			}
		}
	}
	return passed, messages, newest
}

// expectation is how many people should have passed the counter in a window, and what that follows from.
type expectation struct {
	expected     float64
	others       people // who passed the others in the window
	own, allElse people // who passed it, and the others, in the days before
}

func (j *deadCounterJudge) expects(from, to int64) (x expectation) {
	long := from - shareDays*int64(24*time.Hour/quarter)
	x.own, _, _ = j.device.counts(long, from)
	for _, d := range j.engine.devices {
		if d == j.device {
			continue
		}
		now, _, _ := d.counts(from, to)
		before, _, _ := d.counts(long, from)
		x.others += now
		x.allElse += before
	}
	if x.own > 0 && x.allElse > 0 && x.others > 0 {
		x.expected = float64(x.others.number()*x.own.number()) / x.allElse.number()
	}
	return x
}

func (j *deadCounterJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	p := j.params
	open, opened, until := j.plan.open(t)
	if !open {
		return unknown(ReasonClosed, ""), until
	}
	now, long := slotOf(t), int64(p.Window/quarter)
	if full := opened.Add(p.Window); opened != 0 && t < full {
		return unknown(ReasonPending, ""), min(until, full)
	}
	next := telemetry.Instant((now + 1) * int64(quarter))
	passed, messages, newest := j.device.counts(now-long, now)
	f := finding{hasValue: true, hasLimit: true, value: passed.number(), unit: "1", constraint: "dead_counter", detail: j.device.id}
	switch {
	case messages == 0:
		return unknown(ReasonPending, ""), min(until, next)
	case passed > 0:
		// It is known to count, and needs no more of a number than that.
		f.verdict, f.hasLimit = Within, false
		return f, min(until, telemetry.Instant((newest+1+long)*int64(quarter)))
	}
	x := j.expects(now-long, now)
	f.limit = float64(p.People)
	if x.expected >= float64(p.People) {
		f.verdict = Breached
		return f, min(until, next)
	}
	f.verdict, f.reason = Unknown, ReasonPending // too few would have passed
	return f, min(until, next)
}

func (j *deadCounterJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	if c := j.device.counted; c.At != 0 && c.At <= t {
		to = append(to, c)
	}
	return to
}

func (j *deadCounterJudge) show(t telemetry.Instant, x *Explanation) {
	if !x.HasValue {
		return
	}
	x.Inputs = append(x.Inputs, Input{Name: InputWindow, Value: minutes(j.params.Window), Unit: "min"})
	if !x.HasLimit {
		return
	}
	now := slotOf(t)
	e := j.expects(now-int64(j.params.Window/quarter), now)
	x.Bound = AtLeast
	x.Inputs = append(x.Inputs, Input{Name: InputExpected, Value: float64(int64(e.expected*10+0.5)) / 10, Unit: "1"}, Input{Name: InputElsewhere, Value: e.others.number(), Unit: "1"})
}
