package rules

import (
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Cutoff says when the queue must close, so that everybody who has a ticket is served before the day's quota is used up and the
// building closes, and finds who let people in after that. Subject: the site, if it has a quota or closes its queue before closing, and
// something counts who comes in.
//
// A forecast is made every five minutes, from nothing but what was counted: at the rate of the last half hour the quota is used up at a
// time; the last ticket is given the time of a service before that, or as long before closing as the site's hours say (queue_closes), of
// both the earlier. Of a few people no rate is told, and then the hours alone count.
//
// It is breached when more people than the tolerance came in since the queue had to be closed, and that is a while ago. Counters speak
// for the time since their last message: what they tell within an interval (at most 15m) after the queue had to be closed does not
// count.
type Cutoff struct {
	// Visitors is how many may come in a day; 0 (default): as the site says (quota).
	Visitors int `yaml:"visitors" json:"visitors"`
	// Staff is how many of those who come in on a day are no visitors. Default 0.
	Staff int `yaml:"staff" json:"staff"`
	// Service is how long it takes from a ticket to its turn and back. Default 30m.
	Service time.Duration `yaml:"service" json:"service"`
	// Lately is the time over which arrivals tell the rate, 10m to 4h in steps of 5m. Default 30m.
	Lately time.Duration `yaml:"lately" json:"lately"`
	// People is how many must have come in that time before a rate is told, 1 to 1000. Default 5.
	People int `yaml:"people" json:"people"`
	// Grace is how long after the queue had to be closed people may still come in, in steps of 5m. Default 10m.
	Grace time.Duration `yaml:"grace" json:"grace"`
	// Tolerance is how many may come in during the grace, or any time as long as it later: staff, who forgot something. Default 2.
	Tolerance int `yaml:"tolerance" json:"tolerance"`
}

// Validate checks values.
func (p *Cutoff) Validate() error {
	var c checks
	c.field(p.Visitors >= 0 && p.Visitors <= 10_000_000, "visitors", "%d: want visitors a day, 0 or more", p.Visitors)
	c.field(p.Staff >= 0 && p.Staff <= 100_000, "staff", "%d: want persons, 0 or more", p.Staff)
	c.field(p.Service >= 0 && p.Service <= 12*time.Hour, "service", "%v: want a duration, 0 to 12h", p.Service)
	c.field(p.Lately >= 10*time.Minute && p.Lately <= 4*time.Hour && p.Lately%forecastStep == 0, "lately", "%v: want 10m to 4h in steps of 5m", p.Lately)
	c.field(p.People >= 1 && p.People <= 1000, "people", "%d: want persons, 1 to 1000", p.People)
	c.field(p.Grace >= forecastStep && p.Grace <= 4*time.Hour && p.Grace%forecastStep == 0, "grace", "%v: want 5m to 4h in steps of 5m", p.Grace)
	c.field(p.Tolerance >= 0 && p.Tolerance <= 100_000, "tolerance", "%d: want persons, 0 or more", p.Tolerance)
	return c.err()
}

// byHours is the constraint of the site's hours; the quota is the other one of a queue that closes.
const byHours = "hours"

var cutoffKind = kind{
	name:  "cutoff",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Close the queue now: give no more tickets, and tell those who wait when to come again.",
		"id": "Tutup antrean sekarang: jangan beri nomor lagi, dan beri tahu yang menunggu kapan harus kembali.",
	},
	params: func() Params {
		return &Cutoff{Service: 30 * time.Minute, Lately: 30 * time.Minute, People: 5, Grace: 10 * time.Minute, Tolerance: 2}
	},
	subjects: func(p *plan, r *Rule) []Subject {
		asked := r.Params.(*Cutoff).of(p) > 0 || p.def.Site.Hours.QueueCloses > 0
		if !asked || !p.counts("") || len(r.Subjects) > 0 && !r.names(p.def.Site.ID) {
			return nil
		}
		return []Subject{{SubjectSite, p.def.Site.ID}}
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Cutoff)
		return &cutoffJudge{crowd: crowd{zone: b.crowd(s)}, engine: b.engine, plan: b.plan, params: p, quota: p.of(b.plan)}
	},
}

// of is how many visitors may come; 0: as many as will.
func (p *Cutoff) of(plan *plan) int { return (&Quota{Visitors: p.Visitors}).of(plan) }

type cutoffJudge struct {
	crowd
	engine *Engine
	plan   *plan
	params *Cutoff
	quota  int
}

// forecast is when the queue must close, as it was found at one moment.
type forecast struct {
	made     telemetry.Instant
	closes   telemetry.Instant // the building; Never: it does not
	left     float64           // visitors that may still come; meaningful where there is a quota and the visits are known
	arrivals people
	over     time.Duration     // the time in which they came
	rate     float64           // people an hour; 0: none is told
	full     telemetry.Instant // when the quota is used up; 0: not before closing or midnight, as far as is known
	last     telemetry.Instant // when the last ticket is given; Never: at no time that is known
	by       string            // ByQuota or byHours
	visits   visits
}

// due reports whether the queue must be closed.
func (f *forecast) due() bool { return f.last <= f.made }

// forecast makes the one of t; false: the building is closed then.
func (j *cutoffJudge) forecast(t telemetry.Instant) (f forecast, ok bool) {
	f.made = step(t)
	day := j.plan.serviceDays(f.made).now
	if !day.holds(f.made) {
		return f, false
	}
	f.closes, f.by, f.last = day.close, byHours, j.lastByHours(day)
	from := max(step(day.open), f.made.Add(-j.params.Lately))
	if f.over = f.made.Sub(from); f.over > 0 {
		f.arrivals = j.engine.cameBetween(from, f.made)
	}
	// What came at this very moment belongs to the next step.
	today, tomorrow := j.engine.dayOf(j.plan, f.made)
	f.visits = j.engine.visitsAt(j.plan, max(f.made-1, day.open, today))
	f.visits.excuse(j.params.Staff)
	if f.over >= min(j.params.Lately, 2*forecastStep) && f.arrivals >= people(j.params.People)*person {
		f.rate = hourly(f.arrivals, f.over)
	}
	if j.quota == 0 || !f.visits.known {
		return f, true
	}
	f.left = math.Max(0, float64(j.quota)-f.visits.persons.number())
	switch {
	case f.left == 0:
		f.full = f.made
	case f.rate > 0:
		hours := f.left / f.rate
		if hours > 24 {
			return f, true
		}
		f.full = f.made.Add(time.Duration(math.Floor(hours*60)) * time.Minute)
	}
	if f.full == 0 || f.full >= min(f.closes, tomorrow) {
		f.full = 0
		return f, true
	}
	if last := f.full.Add(-j.params.Service); last < f.last {
		f.last, f.by = last, ByQuota
	}
	return f, true
}

// lastByHours is when the last ticket is given by the hours alone: as long before closing as they say, else the time of a service.
func (j *cutoffJudge) lastByHours(day serviceDay) telemetry.Instant {
	if q := j.plan.def.Site.Hours.QueueCloses; q > 0 {
		return day.close.Add(-q)
	}
	return day.close.Add(-j.params.Service)
}

func (j *cutoffJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	now := step(t)
	until := now.Add(forecastStep)
	day := j.plan.serviceDays(t).now
	if !day.holds(t) {
		if day.ok {
			return unknown(ReasonClosed, ""), day.open
		}
		return unknown(ReasonClosed, ""), telemetry.Never
	}
	until = min(until, day.close)
	f := finding{verdict: Within, reason: ReasonPending, unit: "1", limit: float64(j.params.Tolerance), hasLimit: true, constraint: byHours}
	lag := (j.plan.lag(j.engine.building.feeders) + forecastStep - 1) / forecastStep * forecastStep
	then, ok := j.forecast(now.Add(-j.params.Grace - lag))
	due := ok && then.due()
	came := people(0)
	if due {
		came = j.engine.cameBetween(then.made.Add(lag), now)
		f.constraint, f.value, f.hasValue, f.reason = then.by, came.number(), true, ""
	}
	reason, detail, next := j.engine.arrivalsMissed(max(then.made, day.open), t)
	until = min(until, next)
	switch {
	case came > people(j.params.Tolerance)*person:
		f.verdict = Breached
	case reason != "":
		f.verdict, f.reason, f.detail = Unknown, reason, detail
	case !due && j.quota > 0 && ok && !then.visits.known:
		// Whether the quota had to close the queue nobody knows.
		f.verdict, f.reason, f.detail = Unknown, then.visits.reason, then.visits.detail
	}
	return f, until
}

func (j *cutoffJudge) show(t telemetry.Instant, x *Explanation) {
	f, ok := j.forecast(t)
	if !ok {
		return
	}
	span := func(name string, at telemetry.Instant) {
		x.Inputs = append(x.Inputs, Input{Name: name, Value: minutes(at.Sub(f.made)), Unit: "min"})
	}
	x.Inputs = append(x.Inputs, Input{Name: InputArrivals, Value: f.arrivals.number()}, Input{Name: InputLately, Value: minutes(f.over), Unit: "min"})
	if f.rate > 0 {
		x.Inputs = append(x.Inputs, Input{Name: InputRate, Value: f.rate})
	}
	if j.quota > 0 {
		x.Inputs = append(x.Inputs, Input{Name: InputQuota, Value: float64(j.quota)})
		if f.visits.known {
			x.Inputs = append(x.Inputs, Input{Name: InputLeft, Value: f.left})
		}
	}
	x.Inputs = append(x.Inputs, Input{Name: InputService, Value: minutes(j.params.Service), Unit: "min"})
	if q := j.plan.def.Site.Hours.QueueCloses; q > 0 {
		x.Inputs = append(x.Inputs, Input{Name: InputBeforeEnd, Value: minutes(q), Unit: "min"})
	}
	if f.full != 0 {
		span(InputFull, f.full)
	}
	if f.last != telemetry.Never {
		span(InputLast, f.last)
	}
}
