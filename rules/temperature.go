package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Temperature finds people who are too warm, and follows each until the second check: a reading beyond the threshold opens a case at
// its door, without anything that says who it is. When the time until the second check is over, the next reading at the door is the
// second check of the oldest case that waits for one: not too warm clears it, too warm again confirms it, and a refusal is wanted. A
// person can say at any time how a case ended: cleared, refused, or left unmeasured. It is breached while a case that the device opened
// is open. Readings of one thermometer within ten seconds of each other, all too warm, are one person. Subjects: the devices that are
// named, else all that ever sent a body temperature; so a new thermometer is judged from its first reading on.
type Temperature struct {
	// Above is the threshold in Cel. Default 37.3 (KMK HK.01.07/MENKES/382/2020); malls in DKI use 37.5.
	Above float64 `yaml:"above" json:"above"`
	// Operator is > (default) or >=.
	Operator string `yaml:"operator" json:"operator"`
	// Case is the time until the second check. Default 5m.
	Case time.Duration `yaml:"case" json:"case"`
	// Recheck is how long after that a reading at the door is the second check. When it is over the case is overdue, and a person must
	// say how it ended. Default 5m.
	Recheck time.Duration `yaml:"recheck" json:"recheck"`
	// Lapse is how long after its first reading a case is given up of which nobody says how it ended; never before case and recheck are
	// over. Default 1h.
	Lapse time.Duration `yaml:"lapse" json:"lapse"`
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
	c.field(p.Recheck > 0 && p.Recheck <= time.Hour, "recheck", "%v: want a duration above 0, at most 1h", p.Recheck)
	c.field(p.Lapse > 0 && p.Lapse <= 24*time.Hour, "lapse", "%v: want a duration above 0, at most 24h", p.Lapse)
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
		return &Temperature{Above: 37.3, Operator: ">", Case: 5 * time.Minute, Recheck: 5 * time.Minute, Lapse: time.Hour, PlausibleMin: 30, PlausibleMax: 43, Implausible: 3, Error: 0.3, Stale: 4 * time.Hour}
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
		class := func(v, err float64) uint64 { return p.class(v, p.bar(err)) }
		return []kept{{quantity: telemetry.BodyTemperature, class: class, row: p.Implausible, fresh: min(p.Case, p.Stale)}}
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Temperature)
		d := b.device(s)
		j := &temperatureJudge{params: p, plan: b.plan, device: d, instance: b.instance, err: p.bar(b.deviceError(s))}
		b.onReadings(s, maskOf(telemetry.BodyTemperature))
		b.trusts()
		for i := -1; d != nil && i < len(d.parts); i++ {
			part := d
			if i >= 0 {
				part = d.parts[i]
			}
			j.books = b.cases(part, p, j.books)
		}
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
	books    []judgedBook // of the places where it or a channel of it hangs
	near     []nearMemo   // by sensor
}

// judgedBook is a place's book and what the rule makes of it.
type judgedBook struct {
	*caseBook
	fold *caseFold
}

// cases appends the book of the place where a thermometer hangs, if the list has it not, and registers the judge with it.
func (b *bench) cases(d *deviceState, p *Temperature, to []judgedBook) []judgedBook {
	book := d.keepCases()
	for i := range to {
		if to[i].caseBook == book {
			return to
		}
	}
	book.watchers = b.joined(book.watchers)
	return append(to, judgedBook{book, book.fold(p, b.engine.errorOf)})
}

// errorOf is the configured error bar of a device; 0: none.
func (e *Engine) errorOf(device string) float64 {
	if d := e.deviceByID[device]; d != nil {
		return d.err
	}
	return 0
}

// running is the most urgent case that the device opened and that is open at t; nil: there is none.
func (j *temperatureJudge) running(t telemetry.Instant) (c *openCase, in *judgedBook, n int, until telemetry.Instant) {
	until = telemetry.Never
	for i := range j.books {
		b := &j.books[i]
		x, open, next := b.fold.running(b.caseBook, j.device.id, t)
		until = min(until, next)
		n += open
		if x != nil && (c == nil || b.fold.state(x, t).urgency() > in.fold.state(c, t).urgency()) {
			c, in = x, b
		}
	}
	return c, in, n, until
}

// nearMemo is what was found in a sensor's readings up to a time: its newest one that may be a fever. With it a reading costs the same
// however many came in the last minutes.
type nearMemo struct {
	series  *series
	edits   uint64            // of the series, when it was looked at
	asked   telemetry.Instant // for what time: what was over then was not looked at
	upTo    telemetry.Instant // the newest reading that was looked at
	unclear entry[stretch]    // at 0: none
}

// class of a reading, the device's offset already added.
func (j *temperatureJudge) class(v float64) uint64 { return j.params.class(v, j.err) }

// class is what a reading with an error bar is.
func (p *Temperature) class(v, err float64) uint64 {
	if v < p.PlausibleMin || v > p.PlausibleMax {
		return implausible
	}
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
	f, seen := unknown(ReasonNoData, ""), false
	c, in, _, until := j.running(t)
	doubted, high, next := j.device.incredible(t)
	until = min(until, next)
	// Who is too warm even by one that reads too little is.
	if doubted && (high || c == nil) {
		return unknown(ReasonIncredible, j.device.id), until
	}
	if c != nil {
		f = finding{verdict: Breached, hasLimit: true, limit: j.params.Above, unit: telemetry.BodyTemperature.Unit(), constraint: "threshold"}
		f.value, f.err, f.hasValue, f.reason = c.value, j.err, true, in.fold.state(c, t).reason()
		return f, until
	}
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
	if c, end := j.doubtful(s, i, t); c != nil {
		f.value, f.err, f.hasValue, f.reason = c.v.v, j.err, true, ReasonNear
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
			// Who was too warm says nothing about those who come next.
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

// doubtful is the newest reading that may be a fever, seen from the i-th entry, and until when nobody can tell; nil: there is none.
func (j *temperatureJudge) doubtful(s *series, i int, t telemetry.Instant) (c *entry[stretch], end telemetry.Instant) {
	m := j.memo(s)
	if m.edits != s.edits || t < m.asked {
		if s.line.next(i+1) != telemetry.Never {
			// About the past, or before something that has changed: what is found there says nothing about later questions.
			m = &nearMemo{series: s, edits: s.edits, upTo: -1}
		} else {
			*m = nearMemo{series: s, edits: s.edits, upTo: -1}
		}
	}
	newest := m.upTo
	if i >= 0 {
		newest = s.line.get(i).at
	}
	for ; i >= 0; i-- {
		e := s.line.get(i)
		if e.at <= m.upTo || t >= e.v.last.Add(j.params.Case) {
			break
		}
		if j.class(e.v.v) == unclear {
			m.unclear = *e
			break
		}
	}
	m.upTo, m.asked = newest, t
	if over := m.unclear.v.last.Add(j.params.Case); m.unclear.at != 0 && t < over {
		return &m.unclear, over
	}
	return nil, 0
}

// memo finds what is remembered of a sensor.
func (j *temperatureJudge) memo(s *series) *nearMemo {
	for k := range j.near {
		if j.near[k].series == s {
			return &j.near[k]
		}
	}
	j.near = append(j.near, nearMemo{series: s, edits: s.edits, upTo: -1})
	return &j.near[len(j.near)-1]
}

// peak is the warmest of those who wait, and what was read of them.
func (j *temperatureJudge) peak(t telemetry.Instant) (value float64, on []Evidence, ok bool) {
	for i := range j.books {
		b := &j.books[i]
		for k := len(b.fold.cases) - 1; k >= 0 && b.fold.lapse(&b.fold.cases[k]) > t; k-- {
			c := &b.fold.cases[k]
			if c.opened > t || b.fold.end(c) <= t || b.sensors[c.sensor].device != j.device.id {
				continue
			}
			if !ok || c.value > value {
				value, on, ok = c.value, []Evidence{b.evidence(j.device, c.opened, c.value, c.sensor)}, true
			}
			if c.confirmed(t) && c.second > value {
				value, on = c.second, []Evidence{b.evidence(j.device, c.checked, c.second, c.by)}
			}
		}
	}
	return value, on, ok
}

// reason says how far a case has come.
func (s CaseState) reason() Reason {
	switch s {
	case CaseConfirmed:
		return ReasonConfirmed
	case CaseOverdue:
		return ReasonOverdue
	case CaseDue:
		return ReasonDue
	}
	return ReasonWaiting
}

// showCase says how many cases are open, when the second check of the most urgent one is due, and what it showed.
func (j *temperatureJudge) showCase(t telemetry.Instant, x *Explanation) {
	c, in, n, _ := j.running(t)
	if c == nil {
		return
	}
	x.Inputs = append(x.Inputs, Input{Name: InputCases, Value: float64(n), Unit: "1"}, Input{Name: InputRecheck, Value: minutes(t.Sub(in.fold.due(c))), Unit: "min"})
	if c.confirmed(t) {
		x.Inputs = append(x.Inputs, Input{Name: InputSecond, Value: c.second, Unit: telemetry.BodyTemperature.Unit()})
	}
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
	if c, in, _, _ := j.running(t); c != nil {
		to = append(to, in.evidence(j.device, c.opened, c.value, c.sensor))
		if c.confirmed(t) {
			to = append(to, in.evidence(j.device, c.checked, c.second, c.by))
		}
		return newestEvidence(to, first)
	}
	for s := range j.device.allSeries(telemetry.BodyTemperature) {
		e, i, _ := s.at(t)
		if e == nil {
			continue
		}
		if c, _ := j.doubtful(s, i, t); c != nil {
			e = c
		}
		to = append(to, s.evidence(e, t))
	}
	return newestEvidence(to, first)
}

// evidence is a reading of a case. Where it was taken from is known of the newest reading of all.
func (b *judgedBook) evidence(d *deviceState, at telemetry.Instant, value float64, sensor uint16) Evidence {
	from := b.sensors[sensor]
	ev := Evidence{Device: from.device, Quantity: telemetry.BodyTemperature, At: at, Value: value}
	for i := range d.values {
		if v := &d.values[i]; d.id == from.device && v.quantity == telemetry.BodyTemperature && v.channel == from.channel && v.at == at {
			ev.Sequence, ev.Record = v.sequence, v.record
		}
	}
	return ev
}
