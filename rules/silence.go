package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Silence finds devices that stopped reporting. Subjects: the devices that are named, else all that have an interval (or
// simply all, where After is set). What counts is the time in which the gateway listened: while it did not, the verdict is
// unknown, and afterwards a device has its interval to report again. "No data for an hour" is by the device's own times, as far as
// they are believed (clock_past): a device that reports and is called silent has a clock that is behind.
type Silence struct {
	// Factor times the device's interval is how long it may be silent. Default 3.
	Factor float64 `yaml:"factor" json:"factor"`
	// After is how long a device may be silent, whatever its interval; 0 (default): by Factor.
	After time.Duration `yaml:"after" json:"after"`
	// Quantities restricts what counts as a sign of life to messages with one of these; empty (default): any message.
	Quantities []telemetry.Quantity `yaml:"quantities" json:"quantities"`
	// OnlyOpen judges during opening hours only; a device then has the whole bound after opening to report. Default false.
	OnlyOpen bool `yaml:"only_open" json:"only_open"`
}

// Validate checks values.
func (p *Silence) Validate() error {
	var c checks
	c.field(p.Factor >= 1 && p.Factor <= 1000, "factor", "%v: want 1 to 1000", p.Factor)
	c.field(p.After >= 0, "after", "%v: want a duration, 0 or more", p.After)
	for _, q := range p.Quantities {
		c.field(q != telemetry.NoQuantity && q.String() != "", "quantities", "%d: want names of quantities", uint8(q))
	}
	return c.err()
}

// bound is how long a device with this interval may be silent; 0: for ever.
func (p *Silence) bound(interval time.Duration) time.Duration {
	if p.After > 0 {
		return p.After
	}
	return time.Duration(p.Factor * float64(interval))
}

// mask is the set of quantities as bits; 0: any.
func (p *Silence) mask() uint64 {
	var m uint64
	for _, q := range p.Quantities {
		m |= 1 << q
	}
	return m
}

var silenceKind = kind{
	name:  "silence",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Check power, battery and network of the device.",
		"id": "Periksa daya, baterai, dan jaringan perangkat.",
	},
	params: func() Params { return &Silence{Factor: 3} },
	subjects: func(p *plan, r *Rule) []Subject {
		params := r.Params.(*Silence)
		return p.deviceSubjects(r, func(i int) bool { return params.bound(p.def.Site.Devices[i].Interval) > 0 })
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Silence)
		interval := b.plan.device(s.ID).Interval
		j := &silenceJudge{device: b.device(s), plan: b.plan, onlyOpen: p.OnlyOpen, deafness: &b.engine.deafness, grace: interval, interval: interval}
		j.watch = b.watch(s, p.bound(interval), p.mask())
		if j.grace == 0 {
			j.grace = p.bound(interval)
		}
		return j
	},
}

type silenceJudge struct {
	device   *deviceState
	plan     *plan
	watch    *watch // nil: the device promises nothing
	onlyOpen bool
	deafness *deafness     // the engine's
	interval time.Duration // that the device promises; 0: none
	grace    time.Duration // what the device has to report after somebody listens again
}

func (j *silenceJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	w := j.watch
	if w == nil {
		return unknown(ReasonNoLimit, ""), telemetry.Never
	}
	last, until := w.lastBefore(t)
	f := finding{verdict: Within, hasValue: true, hasLimit: true, unit: "min", constraint: "interval", limit: minutes(w.bound), detail: j.device.id}
	from := last
	if last == 0 {
		from = w.since
	}
	f.value = minutes(t.Sub(from))
	deaf, next := j.deafness.at(t)
	until = min(until, next)
	if deaf {
		f.verdict, f.reason = Unknown, ReasonUnlistened
		return f, until
	}
	if j.onlyOpen {
		open, opened, next := j.plan.open(t)
		until = min(until, next)
		if !open {
			f.verdict, f.reason = Unknown, ReasonClosed
			return f, until
		}
		if opened > from {
			from = opened
		}
	}
	due := j.deafness.due(from, w.bound, j.grace)
	// At its own due time the watch asks by itself: most devices are never asked about.
	if due > t && due != w.due() {
		until = min(until, due)
	}
	switch {
	case t >= due:
		f.verdict, f.reason = Breached, ReasonSilent
		if last == 0 {
			f.reason = ReasonNoData
			break
		}
		parent, next, ok := j.device.explains(t, last)
		if until = min(until, next); ok {
			f.reason, f.detail = ReasonParent, parent
		}
	case last == 0:
		f.verdict, f.reason = Unknown, ReasonNoData
	}
	return f, until
}

func (j *silenceJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	return j.device.evidence(t, telemetry.NoQuantity, to)
}
