package rules

import (
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Expression judges anything the engine knows by a CEL expression that is true on a breach: co2 > 1000 && open. A value
// that is used but missing makes the verdict unknown, whatever the rest says. Subjects: all of the kind that SubjectKind
// names, or those that are named.
//
// Numbers, all of them double (CEL wants 5.0 rather than 5, except behind < and >): persons, error, limit (zones and site; persons,
// unknown where nobody can tell how many there are); in_today, out_today (zones, doors, site; persons since midnight);
// in_hour, out_hour (the same in the last four whole quarters of an hour), in_half_hour, out_half_hour (in the last two); screened_today, too_warm_today (doors; persons); the newest
// value of every gauge and flag by its name, such as co2, temperature, humidity, fill_level (zones: of the devices there;
// devices: their own; in the quantity's unit, unknown after stale or where nobody measures it); vehicles_in, mask_worn,
// mask_missing, dispensed, motion_count (zones, doors, devices, site: counted in the last four whole quarters of an hour, and
// with _today in those since midnight; unknown before any was counted, while a device that counts them is silent, and until
// the whole of that time lies behind the moment from which a rule asks for them; persons likewise, from when their counter is configured); minutes_since_done (tasks;
// unknown before the first log); share (of the level, 1 without one), minutes_since_open and minutes_to_close (−1 while closed), queue_closes (minutes until the
// queue closes, 0 from then on; like minutes_to_close unknown where it never closes). open is a bool, and so is near (zones and site: whether there are more people than
// the limit cannot be told). devices_silent, devices_frozen, devices_clock_off, devices_tampered, devices_battery_low (zones, devices, site: how many of the
// devices there, 1 or 0 of a device itself, by a rule of kind silence, frozen, clock, tamper or battery without parameters; unknown while nobody
// tells, or where those who could and do not might change the answer) and messages_lost (%, of the worst of them, by kind lost). quota_left (site: visitors that may still come today, with the error of their
// count; unknown without a quota). level is a string, age_minutes a map from the name of a quantity to the age of its newest value in minutes.
//
// Late data revise the history of an expression through persons and gauges; the counts of a day are always the present.
type Expression struct {
	// SubjectKind is zone (default), door, device, task or site.
	SubjectKind SubjectKind `yaml:"subject" json:"subject"`
	// Expr is the expression; it must give a bool.
	Expr string `yaml:"expr" json:"expr"`
	// When is an expression that is true where there is something to judge (in_today >= 20.0: enough people to speak of a share);
	// while it is not, the verdict is unknown, not judged yet, and nothing is wrong. Empty (default): always.
	When string `yaml:"when" json:"when,omitempty"`
	// Value is an expression for the number to show with the verdict; empty (default): none.
	Value string `yaml:"value" json:"value"`
	// Limit is the number to show Value against. Default 0: none.
	Limit float64 `yaml:"limit" json:"limit"`
	// Bound says whether Limit is the most (max) or the least (min) that Value should be. Empty (default): as Expr says where
	// it does no more than compare Value with Limit; else Limit is only what Value is shown beside.
	Bound string `yaml:"bound" json:"bound,omitempty"`
	// Unit of Value and Limit (UCUM).
	Unit string `yaml:"unit" json:"unit"`
	// Of says which sensors of the subject decide: worst (default: one that breaches is enough, and none may be missing), any (one
	// that breaches is enough, those that are missing are left out), all (every one must breach), mean (their mean is judged),
	// or the id of a device.
	Of string `yaml:"of" json:"of"`
	// Over is how long the norm allows it: breached only where Expr was true for the whole of this time, by every reading of
	// the sensor. Default 0: it is breached at once.
	Over time.Duration `yaml:"over" json:"over"`
	// Readings is how many readings in a row of the sensor Expr must be true for, 1 to 20. Default 1.
	Readings int `yaml:"readings" json:"readings"`
	// Stale is the age after which a gauge counts as missing; a device with an interval is missing after three of them.
	// Default 1h.
	Stale time.Duration `yaml:"stale" json:"stale"`
}

// Validate checks values and compiles the expressions.
func (p *Expression) Validate() error {
	var c checks
	switch p.SubjectKind {
	case SubjectZone, SubjectDoor, SubjectDevice, SubjectTask, SubjectSite:
		if p.Expr == "" {
			c.field(false, "expr", "missing: want a CEL expression such as co2 > 1000")
			break
		}
		if _, err := compileProgram(p.SubjectKind, p.Expr, true); err != nil {
			c = append(c, &FieldError{"expr", err})
		}
		if p.When != "" {
			if _, err := compileProgram(p.SubjectKind, p.When, true); err != nil {
				c = append(c, &FieldError{"when", err})
			}
		}
		if p.Value != "" {
			if _, err := compileProgram(p.SubjectKind, p.Value, false); err != nil {
				c = append(c, &FieldError{"value", err})
			}
		}
	default:
		c.field(false, "subject", "%q: want zone, door, device, task or site", p.SubjectKind)
	}
	c.field(p.Over >= 0 && p.Over <= 24*time.Hour, "over", "%v: want a duration, 0 to 24h", p.Over)
	c.field(p.Readings >= 0 && p.Readings <= 20, "readings", "%d: want 1 to 20", p.Readings)
	c.field(p.Bound == "" || p.Bound == "max" || p.Bound == "min", "bound", "%q: want max or min", p.Bound)
	c.field(p.Stale > 0, "stale", "%v: want a duration above 0", p.Stale)
	return c.err()
}

var expressionKind = kind{
	name:  "expression",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Check the place and bring the value back within its limit.",
		"id": "Periksa lokasi dan kembalikan nilai ke dalam batas.",
	},
	params: func() Params {
		return &Expression{SubjectKind: SubjectZone, Of: ofWorst, Readings: 1, Stale: time.Hour}
	},
	subjects: func(p *plan, r *Rule) []Subject {
		kind := r.Params.(*Expression).SubjectKind
		return p.allSubjects(kind, func(id string) bool { return len(r.Subjects) == 0 || r.names(id) })
	},
	keeps: func(r *Rule) []kept { return keptBy(r.Params.(*Expression)) },
	judge: func(b *bench, s Subject) judge {
		j := &expressionJudge{expressionRule: b.expression()}
		switch s.Kind {
		case SubjectSite, SubjectZone:
			j.zone = b.zone(s)
			if j.crowded || j.dated || j.quoted {
				b.crowd(s)
			}
		case SubjectDoor:
			j.door = b.door(s)
		case SubjectDevice:
			j.device = b.device(s)
		case SubjectTask:
			j.task, j.items = b.task(s), b.plan.task(s.ID).Items
		}
		if j.sums != 0 || j.hourly {
			j.tellers = b.tellers(s, j.sums)
		}
		if j.dated {
			j.counters = b.countersOf(s)
		}
		if j.facts != 0 {
			j.health = b.facts(s, j.facts)
		}
		b.onNews(s, j.gauges, j.steady)
		return j
	},
}

// expression is what the judges of a rule have in common: a protocol has a few rules, and a site hundreds of subjects.
func (b *bench) expression() *expressionRule {
	if r := b.plan.expressions[b.rule]; r != nil {
		return r
	}
	p := b.rule.Params.(*Expression)
	j := &expressionRule{engine: b.engine, params: p, plan: b.plan, levels: b.levels()}
	j.condition = b.program(p.SubjectKind, p.Expr, true)
	if p.Value != "" {
		j.value = b.program(p.SubjectKind, p.Value, false)
	}
	if p.When != "" {
		j.when = b.program(p.SubjectKind, p.When, true)
	}
	for _, prog := range []*program{j.condition, j.value, j.when} {
		if prog == nil {
			continue
		}
		j.crowded = j.crowded || prog.crowd
		j.limited = j.limited || prog.limit
		j.leveled = j.leveled || prog.leveled
		j.timed = j.timed || prog.minutes
		j.dated = j.dated || prog.day
		j.closing = j.closing || prog.close
		j.hourly = j.hourly || prog.hour
		j.facts |= prog.facts
		j.quoted = j.quoted || prog.quota
		j.sums |= prog.sums
		j.daySums |= prog.days
		j.list = append(j.list, prog.gauges...)
		for _, q := range prog.gauges {
			j.gauges |= maskOf(q)
		}
	}
	if len(j.list) > 0 && p.Readings <= 1 { // of readings in a row each counts, in which the rest of the condition is true too
		j.steady = &steady{keep: keptBy(p)}
	}
	if j.doubt = j.condition.doubt; j.quoted {
		j.quota, j.staff = b.quotaOf()
	}
	j.stands, j.told = p.bound()
	slices.Sort(j.list)
	j.list = slices.Compact(j.list)
	if p.Over > 0 {
		j.inputs = append(j.inputs, Input{Name: "over", Value: minutes(p.Over), Unit: "min"})
	}
	if p.Readings > 1 {
		j.inputs = append(j.inputs, Input{Name: "readings", Value: float64(p.Readings), Unit: "1"})
	}
	j.inputs = slices.Clip(j.inputs)
	if b.plan.expressions == nil {
		b.plan.expressions = make(map[*Rule]*expressionRule)
	}
	b.plan.expressions[b.rule] = j
	return j
}

// keptBy is what a rule looks at of the past readings of the gauges in its expressions.
func keptBy(p *Expression) []kept {
	var all []kept
	for i, expr := range []string{p.Expr, p.Value, p.When} {
		if expr == "" {
			continue
		}
		condition := i != 1
		prog, err := compileProgram(p.SubjectKind, expr, condition)
		if err != nil {
			continue
		}
		all = append(all, keptByFacts(prog.facts)...)
		for _, q := range prog.gauges {
			k := prog.keeps(q, p, condition)
			if class := k.class; i == 2 && class != nil {
				// Whether there is something to judge is asked of the value alone.
				k.class = func(v, _ float64) uint64 { return class(v, 0) }
			}
			all = append(all, k)
		}
	}
	return all
}

// keeps is what the rule looks at of the past readings of a gauge.
func (p *program) keeps(q telemetry.Quantity, params *Expression, condition bool) kept {
	k := kept{quantity: q, fresh: params.Stale, row: params.Readings}
	if !condition {
		k.exact, k.shown = p.ages, p.plain
		return k
	}
	// A mean has as many classes as the values of all sensors together.
	all := p.thresholds[q]
	if k.exact = p.ages || len(all) == 0 || len(all) > 20 || params.Of == ofMean; k.exact {
		return k
	}
	k.class = func(v, err float64) uint64 {
		var class uint64
		for _, breaches := range all {
			class = class*3 + sides(v, err, breaches)
		}
		return class
	}
	return k
}

// expressionRule is one rule of a plan, made ready.
type expressionRule struct {
	engine    *Engine
	params    *Expression
	plan      *plan
	levels    levels
	condition *program
	value     *program
	when      *program // nil: always
	crowded   bool     // uses persons, error or limit
	limited   bool     // uses limit
	leveled   bool     // uses level or share
	dated     bool     // uses counts of the day
	timed     bool     // uses minutes that run
	closing   bool     // uses minutes until it closes
	hourly    bool     // uses people of an hour
	facts     factMask // about the health of devices that it uses
	quoted    bool     // uses the visitors that may still come
	quota     int      // of a day
	staff     int      // who come and are none
	sums      uint64   // counts of periods that it uses, as bits of their quantities
	daySums   uint64   // of them those of the day
	doubt     bool     // uses error, and so makes its own of it
	list      []telemetry.Quantity
	gauges    uint64  // list as bits
	inputs    []Input // norms of time and number
	steady    *steady
	stands    Bound // how the value must stand to the limit
	told      bool  // value and limit say all that the expression does
}

// expressionJudge is the rule about one subject, with the facts about it; those of other kinds are nil.
type expressionJudge struct {
	*expressionRule
	zone   *zoneState
	door   *doorState
	device *deviceState
	task   *taskState
	items  []string // of the task

	tellers  []*deviceState                // whose counts of periods are summed
	counters []*deviceState                // whose counts of the day are
	health   [len(healthFacts)][]factJudge // by fact, of the subject's devices
}

func (j *expressionJudge) judge(t telemetry.Instant, _ Verdict) (f finding, until telemetry.Instant) {
	a := j.engine.answering(j)
	until = a.answer(t, &f)
	j.engine.answered()
	return f, until
}

func (j *expressionJudge) decide(t telemetry.Instant) (Verdict, Reason, telemetry.Instant) {
	a := j.engine.answering(j)
	a.brief = true
	until := a.answer(t, &a.found)
	j.engine.answered()
	return a.found.verdict, a.found.reason, until
}

// answer answers the question about t in f.
func (a *activation) answer(t telemetry.Instant, f *finding) (until telemetry.Instant) {
	until = a.begin(t)
	if a.reason != "" {
		*f = unknown(a.reason, a.detail)
		return until
	}
	if missing, next := a.judge.unheard(t); missing {
		*f = unknown(ReasonNoData, "")
		return min(until, next)
	}
	if len(a.sensors) == 0 {
		return min(until, a.one(t, nil, f))
	}
	missing, more := a.find(t)
	until = min(until, more)
	if missing != telemetry.NoQuantity {
		*f = unknown(ReasonNoData, missing.String())
		return until
	}
	return min(until, a.among(t, f))
}

// one judges by the sensors of a view, whose activation is begun for t.
func (a *activation) one(t telemetry.Instant, v view, f *finding) (until telemetry.Instant) {
	j := a.judge
	until = a.holds(t, v, f)
	if f.verdict == Unknown && f.reason != ReasonNear {
		return until
	}
	f.unit, f.constraint, f.limit, f.hasLimit, f.inputs = j.params.Unit, "expression", j.params.Limit, j.params.Limit != 0, j.inputs
	if j.value != nil {
		n, err := j.value.number(a)
		if err != nil {
			*f = unknown(ReasonExpression, err.Error())
			return until
		}
		f.value, f.hasValue = n, true
		if !a.brief {
			f.err = a.valueError(n)
		}
	}
	if j.when != nil {
		switch judged, sure, err := a.asks(); {
		case err != nil:
			*f = unknown(ReasonExpression, err.Error())
			return until
		case !sure:
			*f = unknown(a.missed, a.missedOf)
			return until
		case !judged:
			f.verdict, f.reason = Unknown, ReasonPending
			return until
		}
	}
	if f.verdict != Breached || j.params.Over == 0 && j.params.Readings <= 1 {
		return until
	}
	return min(until, a.lasted(t, v, f))
}

// unheard reports whether the rule is about counts of the day and no counter has said any yet: 0 of 0 is no count. until is when one
// did.
func (j *expressionJudge) unheard(t telemetry.Instant) (missing bool, until telemetry.Instant) {
	if j.dated && j.engine.day != 0 {
		for _, d := range j.counters {
			if d.known&(countMask|maskOf(telemetry.BodyTemperature)) != 0 && d.since > j.engine.day {
				return true, telemetry.Never // of what was counted before nobody knows
			}
		}
	}
	switch {
	case !j.dated:
	case j.door != nil:
		return j.door.counted == 0, telemetry.Never
	case j.zone != nil && j.zone.heard == 0:
		return true, telemetry.Never
	case j.zone != nil && t < j.zone.heard:
		return true, j.zone.heard
	}
	return false, telemetry.Never
}

// holds says in f whether the condition is true at t by the sensors of a view: breached, within, near, or unknown with its reason.
func (a *activation) holds(t telemetry.Instant, v view, f *finding) (until telemetry.Instant) {
	missing, of, until := a.see(t, v)
	if missing != "" {
		*f = unknown(missing, of)
		return until
	}
	var yes, no bool
	var failure error
	a.bounds(func() bool {
		breached, err := a.judge.condition.boolean(a)
		yes, no, failure = yes || breached, no || !breached, err
		return err == nil && !(yes && no)
	})
	switch {
	case failure != nil:
		*f = unknown(ReasonExpression, failure.Error())
	case yes && no && a.missed != "":
		*f = unknown(a.missed, a.missedOf)
	case yes && no:
		*f = unknown(ReasonNear, "")
	case yes:
		*f = finding{verdict: Breached}
	default:
		*f = finding{verdict: Within}
	}
	return until
}

// asks says whether there is something to judge; sure is false where that depends on devices of which nobody knows how they are.
func (a *activation) asks() (judged, sure bool, err error) {
	var yes, no bool
	a.eachFact(func() bool {
		judged, err = a.judge.when.boolean(a)
		yes, no = yes || judged, no || !judged
		return err == nil && !(yes && no)
	})
	return yes, !(yes && no), err
}

// valueError is how far the errors of what is measured can move the shown value.
func (a *activation) valueError(shown float64) float64 {
	far := 0.0
	a.bounds(func() bool {
		if n, err := a.judge.value.number(a); err == nil {
			far = max(far, math.Abs(n-shown))
		}
		return true
	})
	return far
}

func (j *expressionJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	a := j.engine.activation(j.engine.answers) // which answered last
	if a.judge != j || a.t != t {
		j.judge(t, Unknown)
	}
	if len(a.sensors) > 0 {
		a.find(t)
	}
	for _, all := range a.sensors {
		for _, s := range all {
			if e, _, _ := s.at(t); e != nil && !slices.Contains(a.bound, s) {
				to = append(to, s.evidence(e, t))
			}
		}
	}
	if j.zone != nil && j.crowded {
		to = j.zone.countEvidence(t, to)
	}
	// What decided must be among those that are kept.
	to = newestEvidence(to, first)
	if n := len(to) - first + len(a.bound) - MaxEvidence; n > 0 {
		to = slices.Delete(to, first, first+min(n, len(to)-first))
	}
	for _, s := range a.bound {
		if e, _, _ := s.at(t); e != nil {
			to = append(to, s.evidence(e, t))
		}
	}
	return newestEvidence(to, first)
}
