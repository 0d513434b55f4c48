package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Frozen finds sensors that say exactly the same for longer than what they measure stands still: a sensor that hangs, a gateway that
// repeats the last value. Subjects: the devices that are named, else all that measure one of the quantities. It is judged by
// whole quarters of an hour, each sensor of a device by itself. A counter that counts nothing is for dead_counter.
type Frozen struct {
	// After is how long the value may stay exactly the same, in whole quarters of an hour. Default 24h.
	After time.Duration `yaml:"after" json:"after"`
	// Quantities are those that are looked at. Default temperature, humidity, co2 and pressure: what moves by itself all day.
	// body_temperature is another of which it says something, within fewer hours.
	Quantities []telemetry.Quantity `yaml:"quantities" json:"quantities"`
	// Readings is in how many quarters of an hour of that time at least it must have said something, 2 to 672. Default 6.
	Readings int `yaml:"readings" json:"readings"`
}

// Validate checks values.
func (p *Frozen) Validate() error {
	var c checks
	c.field(p.After >= quarter && p.After <= 7*24*time.Hour && p.After%quarter == 0, "after", "%v: want whole quarters of an hour, 15m to 168h", p.After)
	c.field(p.Readings >= 2 && p.Readings <= 672, "readings", "%d: want quarters of an hour, 2 to 672", p.Readings)
	c.field(len(p.Quantities) > 0, "quantities", "none: want names of quantities such as temperature")
	for _, q := range p.Quantities {
		c.field(canFreeze(q), "quantities", "%s: want a quantity that moves by itself, such as temperature, humidity, co2 or body_temperature", q)
	}
	return c.err()
}

var frozenKind = kind{
	name:  "frozen",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Restart the sensor and compare it with another one. Its value says nothing until it moves again.",
		"id": "Hidupkan ulang sensor dan bandingkan dengan alat lain. Nilainya tidak berarti sampai berubah lagi.",
	},
	params: func() Params {
		return &Frozen{After: 24 * time.Hour, Readings: 6, Quantities: []telemetry.Quantity{telemetry.Temperature, telemetry.Humidity, telemetry.CO2, telemetry.Pressure}}
	},
	subjects: func(p *plan, r *Rule) []Subject {
		params := r.Params.(*Frozen)
		return p.deviceSubjects(r, func(i int) bool { return i < len(p.measures) && p.measures[i]&params.mask() != 0 })
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Frozen)
		return &frozenJudge{params: p, device: b.device(s), health: b.healthOf(s, healthStill), mask: p.mask()}
	},
}

// mask is the set of quantities as bits.
func (p *Frozen) mask() uint64 {
	var m uint64
	for _, q := range p.Quantities {
		m |= maskOf(q)
	}
	return m
}

type frozenJudge struct {
	params *Frozen
	device *deviceState
	health *health
	mask   uint64
}

func (j *frozenJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	f, _, until := j.worst(t)
	return f, until
}

// worst is what the worst sensor of the device says.
func (j *frozenJudge) worst(t telemetry.Instant) (finding, *stillness, telemetry.Instant) {
	best, until := unknown(ReasonPending, ""), telemetry.Never
	var of *stillness
	weight := func(f *finding) int {
		switch {
		case f.verdict == Breached:
			return 3
		case f.verdict == Within:
			return 2
		case f.hasValue:
			return 1
		}
		return 0
	}
	for i := range j.health.still {
		s := &j.health.still[i]
		if j.mask&maskOf(s.quantity) == 0 {
			continue
		}
		f, next := j.sensor(s, t)
		until = min(until, next)
		if of == nil || weight(&f) > weight(&best) || f.verdict == best.verdict && f.verdict != Unknown && f.value > best.value {
			best, of = f, s
		}
	}
	return best, of, until
}

// sensor judges one of them by the quarters that were over at t.
func (j *frozenJudge) sensor(s *stillness, t telemetry.Instant) (finding, telemetry.Instant) {
	begins := func(slot int64) telemetry.Instant { return telemetry.Instant(slot * int64(quarter)) }
	now, long := slotOf(t), int64(j.params.After/quarter)
	n := s.before(now)
	soon := telemetry.Never // what is said of the quarter that is not over
	if n < len(s.runs) || n > 0 && s.runs[n-1].to >= now {
		soon = begins(now + 1)
	}
	if n == 0 || s.runs[n-1].to < now-long {
		return unknown(ReasonPending, ""), soon
	}
	newest := &s.runs[n-1]
	said := min(newest.to, now-1)
	f := finding{verdict: Within, hasValue: true, hasLimit: true, limit: minutes(j.params.After), unit: "min", constraint: "frozen", detail: j.device.id}
	if newest.moved {
		return f, begins(said + 1 + long)
	}
	// Back to where it said something else, and no further than the rule looks.
	begin, reported, moved := now, int64(0), false
	for i := n - 1; i >= 0 && begin > now-long; i-- {
		r := &s.runs[i]
		if moved = r.moved || r.value != newest.value; moved {
			break
		}
		begin = r.from
		reported += max(0, min(r.to, now-1)-max(r.from, now-long)+1)
	}
	f.value = minutes(t.Sub(begins(begin)))
	switch due := begin + long; {
	case due <= now && reported >= int64(j.params.Readings):
		f.verdict = Breached
		return f, begins(now + 1)
	case due <= now:
		f.verdict, f.reason = Unknown, ReasonPending // it said too little to tell
		return f, min(soon, begins(said+1+long))
	case !moved:
		f.verdict, f.reason = Unknown, ReasonPending // it is not known for so long
		return f, min(soon, begins(due))
	default:
		return f, begins(due)
	}
}

func (j *frozenJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	if _, s, _ := j.worst(t); s != nil {
		return j.device.evidence(t, s.quantity, to)
	}
	return to
}

func (j *frozenJudge) show(t telemetry.Instant, x *Explanation) {
	x.Bound = Below
	f, s, _ := j.worst(t)
	if s == nil || !f.hasValue || f.value == 0 {
		return
	}
	if n := s.before(slotOf(t)); n > 0 && !s.runs[n-1].moved {
		x.Inputs = append(x.Inputs, Input{Name: s.quantity.String(), Value: s.runs[n-1].value, Unit: s.quantity.Unit()})
	}
}
