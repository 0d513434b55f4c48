package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Temperature finds cases of fever: breached from a reading beyond the threshold on for as long as a case lasts, whoever is
// measured next, and another fever meanwhile begins the time anew. Subjects: the devices that are named, else all that ever
// sent a body temperature; so a new thermometer is judged from its first reading on.
type Temperature struct {
	// Above is the threshold in Cel. Default 37.3 (KMK HK.01.07/MENKES/382/2020); malls in DKI use 37.5.
	Above float64 `yaml:"above" json:"above"`
	// Operator is > (default) or >=.
	Operator string `yaml:"operator" json:"operator"`
	// Case is how long a case lasts: the time until the second check. Default 5m.
	Case time.Duration `yaml:"case" json:"case"`
	// PlausibleMin and PlausibleMax bound what a living person can show, Cel. Default 30 to 43; an empty scene reads
	// about 24, and chip temperatures occur. A reading outside is never a fever, and nobody was measured by it.
	PlausibleMin float64 `yaml:"plausible_min" json:"plausible_min"`
	PlausibleMax float64 `yaml:"plausible_max" json:"plausible_max"`
	// Implausible is how many readings in a row outside the plausible window make the verdict unknown, 1 to 20. Default 3.
	Implausible int `yaml:"implausible" json:"implausible"`
	// UseError makes a reading unknown when its error bar contains the threshold. Default false: official thresholds
	// already allow for the instrument.
	UseError bool `yaml:"use_error" json:"use_error"`
	// Error is the error bar in Cel of devices that give none. Default 0.3, the laboratory limit for clinical infrared
	// thermometers.
	Error float64 `yaml:"error" json:"error"`
	// Stale is how long within stands without another reading. Default 4h.
	Stale time.Duration `yaml:"stale" json:"stale"`
}

// Validate checks values.
func (p *Temperature) Validate() error {
	var c checks
	c.field(p.PlausibleMin >= 0 && p.PlausibleMin < p.PlausibleMax, "plausible_min", "%v: want Cel, 0 or more and below plausible_max", p.PlausibleMin)
	c.field(p.PlausibleMax <= 60, "plausible_max", "%v: want Cel, at most 60", p.PlausibleMax)
	c.field(p.Above > p.PlausibleMin && p.Above < p.PlausibleMax, "above", "%v: want Cel, inside the plausible window", p.Above)
	c.field(p.Operator == ">" || p.Operator == ">=", "operator", "%q: want > or >=", p.Operator)
	c.field(p.Case > 0 && p.Case <= time.Hour, "case", "%v: want a duration above 0, at most 1h", p.Case)
	c.field(p.Implausible >= 1 && p.Implausible <= 20, "implausible", "%d: want 1 to 20", p.Implausible)
	c.field(p.Error >= 0 && p.Error <= 5, "error", "%v: want Cel, 0 to 5", p.Error)
	c.field(p.Stale > 0, "stale", "%v: want a duration above 0", p.Stale)
	return c.err()
}

// The classes of a body temperature under a rule.
const (
	normal uint64 = iota
	hot
	unclear // its error bar contains the threshold
	implausible
)

var temperatureKind = kind{
	name:  "temperature",
	finds: true,
	class: ClassBreach,
	advice: map[string]string{
		"en": "Take the visitor aside and measure again after five minutes.",
		"id": "Arahkan pengunjung ke samping dan ukur ulang setelah lima menit.",
	},
	params: func() Params {
		return &Temperature{Above: 37.3, Operator: ">", Case: 5 * time.Minute, PlausibleMin: 30, PlausibleMax: 43, Implausible: 3, Error: 0.3, Stale: 4 * time.Hour}
	},
	subjects: func(p *plan, r *Rule) []Subject {
		return p.deviceSubjects(r, func(i int) bool { return p.thermometers[i] })
	},
	thermometer: func(p *plan, r *Rule, i int, about func(Subject, bool)) {
		id := p.def.Site.Devices[i].ID
		about(Subject{SubjectDevice, id}, len(r.Subjects) == 0 || r.names(id))
	},
	keeps: func(r *Rule) []kept {
		p := r.Params.(*Temperature)
		class := func(v, err float64) uint64 { return (&temperatureJudge{params: p, err: p.bar(err)}).class(v) }
		return []kept{{quantity: telemetry.BodyTemperature, class: class, row: p.Implausible, fresh: min(p.Case, p.Stale)}}
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Temperature)
		d := b.device(s)
		j := &temperatureJudge{params: p, plan: b.plan, device: d, instance: b.instance, err: p.bar(b.deviceError(s))}
		b.onReadings(s, maskOf(telemetry.BodyTemperature))
		// Of several rules about it the last one says what a credible temperature is.
		if d != nil && b.present && (d.screen == nil || compareInstances(d.screen.instance, b.instance) <= 0) {
			d.screen = j
		}
		return j
	},
}

// bar is the error bar for a device that gives its own, or none (0).
func (p *Temperature) bar(device float64) float64 {
	if device > 0 {
		return device
	}
	return p.Error
}

type temperatureJudge struct {
	params   *Temperature
	plan     *plan
	device   *deviceState
	instance *instance // that it judges for
	err      float64
	cases    []caseMemo // by sensor
}

// caseMemo is what was found in a sensor's readings up to a time: its newest fever, and its newest reading that may be one. With it
// a reading costs the same however many came in the last minutes.
type caseMemo struct {
	series       *series
	edits        uint64            // of the series, when it was looked at
	asked        telemetry.Instant // for what time: what was over then was not looked at
	upTo         telemetry.Instant // the newest reading that was looked at
	hot, unclear entry[stretch]    // at 0: none
}

// class of a reading, the device's offset already added.
func (j *temperatureJudge) class(v float64) uint64 {
	p := j.params
	if v < p.PlausibleMin || v > p.PlausibleMax {
		return implausible
	}
	err := j.err
	if !p.UseError {
		err = 0
	}
	switch verdict, near := measured(v, err, p.fever); {
	case near:
		return unclear
	case verdict == Breached:
		return hot
	}
	return normal
}

// fever reports whether a temperature is beyond the threshold.
func (p *Temperature) fever(v float64) bool {
	return v > p.Above || v == p.Above && p.Operator == ">="
}

func (j *temperatureJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	f, until, seen := unknown(ReasonNoData, ""), telemetry.Never, false
	for s := range j.device.allSeries(telemetry.BodyTemperature) {
		one, next := j.one(s, t)
		until = min(until, next)
		if !seen || worse(one.verdict, f.verdict) {
			f, seen = one, true
		}
	}
	return f, until
}

// one judges the readings of one sensor.
func (j *temperatureJudge) one(s *series, t telemetry.Instant) (finding, telemetry.Instant) {
	newest, i, _ := s.at(t)
	until := s.line.next(i + 1)
	if newest == nil {
		return unknown(ReasonNoData, ""), until
	}
	f := finding{verdict: Unknown, hasLimit: true, limit: j.params.Above, unit: telemetry.BodyTemperature.Unit(), constraint: "threshold"}
	if c, end := j.running(s, i, t); c != nil {
		f.value, f.err, f.hasValue = c.v.v, j.err, true
		if f.verdict = Breached; j.class(c.v.v) == unclear {
			f.verdict, f.reason = Unknown, ReasonNear
		}
		return f, min(until, end)
	}
	if stale := newest.v.last.Add(j.params.Stale); t >= stale {
		var next telemetry.Instant
		f.reason, next = j.waiting(t, newest.v.last)
		f.detail = j.device.id
		return f, min(until, next)
	} else {
		until = min(until, stale)
	}
	// A few impossible readings say nothing about people; as many as the rule allows in a row say that the sensor is
	// broken. Before that the last possible reading still speaks.
	row := s.row(i+1, j.params.Implausible, func(v float64) bool { return j.class(v) == implausible })
	for ; i >= 0 && row < j.params.Implausible; i-- {
		if v := s.line.get(i).v.v; j.class(v) != implausible {
			f.verdict = Within
			// A case that is over says nothing about those who come next.
			if j.class(v) == normal {
				f.value, f.err, f.hasValue = v, j.err, true
			}
			return f, until
		}
	}
	f.value, f.err, f.hasValue = newest.v.v, j.err, true
	f.reason, f.detail = ReasonImplausible, j.device.id
	return f, until
}

// running is the reading that makes a case at t, seen from the i-th entry, and when that is over: the newest fever, else the
// newest reading that may be one; nil: there is no case.
func (j *temperatureJudge) running(s *series, i int, t telemetry.Instant) (c *entry[stretch], end telemetry.Instant) {
	m := j.memo(s)
	if m.edits != s.edits || t < m.asked {
		if s.line.next(i+1) != telemetry.Never {
			// About the past, or before something that has changed: what is found there says nothing about later questions.
			m = &caseMemo{series: s, edits: s.edits, upTo: -1}
		} else {
			*m = caseMemo{series: s, edits: s.edits, upTo: -1}
		}
	}
	hotFrom, unclearFrom, newest := m.hot, m.unclear, m.upTo
	if i >= 0 {
		newest = s.line.get(i).at
	}
	for found := false; i >= 0; i-- {
		e := s.line.get(i)
		if e.at <= m.upTo || t >= e.v.last.Add(j.params.Case) {
			break
		}
		switch j.class(e.v.v) {
		case hot:
			hotFrom = *e
		case unclear:
			if !found {
				unclearFrom, found = *e, true
			}
			continue
		default:
			continue
		}
		break
	}
	m.hot, m.unclear, m.upTo, m.asked = hotFrom, unclearFrom, newest, t
	for _, e := range []*entry[stretch]{&m.hot, &m.unclear} {
		if over := e.v.last.Add(j.params.Case); e.at != 0 && t < over {
			return e, over
		}
	}
	return nil, 0
}

// memo finds what is remembered of a sensor.
func (j *temperatureJudge) memo(s *series) *caseMemo {
	for k := range j.cases {
		if j.cases[k].series == s {
			return &j.cases[k]
		}
	}
	j.cases = append(j.cases, caseMemo{series: s, edits: s.edits, upTo: -1})
	return &j.cases[len(j.cases)-1]
}

// screens reports whether a body temperature is one of a person, and whether that person has a fever.
func (d *deviceState) screens(v float64) (credible, warm bool) {
	j := d.whole.screen
	if j == nil {
		p := temperatureKind.params().(*Temperature)
		return v >= p.PlausibleMin && v <= p.PlausibleMax, false
	}
	c := j.class(v)
	return c != implausible, c == hot
}

// waiting is why there is no verdict long after the last reading: closed, just opened, or a thermometer nobody uses.
func (j *temperatureJudge) waiting(t, newest telemetry.Instant) (Reason, telemetry.Instant) {
	open, opened, next := j.plan.open(t)
	switch due := max(opened, newest).Add(j.params.Stale); {
	case !open:
		return ReasonClosed, next
	case t < due:
		return ReasonPending, min(next, due)
	}
	return ReasonSilent, next
}

func (j *temperatureJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	for s := range j.device.allSeries(telemetry.BodyTemperature) {
		e, i, _ := s.at(t)
		if e == nil {
			continue
		}
		if c, _ := j.running(s, i, t); c != nil {
			e = c
		}
		to = append(to, s.evidence(e, t))
	}
	return newestEvidence(to, first)
}
