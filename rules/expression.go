package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Expression judges anything the engine knows by a CEL expression that is true on a breach: co2 > 1000 && open. A value
// that is used but missing makes the verdict unknown, whatever the rest says. Subjects: all of the kind that SubjectKind
// names, or those that are named.
//
// Numbers, all of them double (CEL wants 5.0 rather than 5, except behind < and >): persons, error, limit (zones and site); in_today, out_today (zones, doors, site);
// screened_today, too_warm_today (doors); the newest value of every gauge and flag by its name, such as co2, temperature,
// humidity, fill_level (zones: of the devices there; devices: their own); share, minutes_since_open (−1 while closed).
// open is a bool, level a string, age_minutes a map from the name of a quantity to the age of its newest value.
//
// Late data revise the history of an expression through persons and gauges; the counts of a day are always the present.
type Expression struct {
	// SubjectKind is zone (default), door, device or site.
	SubjectKind SubjectKind `yaml:"subject" json:"subject"`
	// Expr is the expression; it must give a bool.
	Expr string `yaml:"expr" json:"expr"`
	// Value is an expression for the number to show with the verdict; empty (default): none.
	Value string `yaml:"value" json:"value"`
	// Limit is the number to show Value against. Default 0: none.
	Limit float64 `yaml:"limit" json:"limit"`
	// Bound says whether Limit is the most (max) or the least (min) that Value should be. Empty (default): as Expr says where
	// it does no more than compare Value with Limit; else Limit is only what Value is shown beside.
	Bound string `yaml:"bound" json:"bound,omitempty"`
	// Unit of Value and Limit (UCUM).
	Unit string `yaml:"unit" json:"unit"`
	// Stale is the age after which a gauge counts as missing; a device with an interval is missing after three of them.
	// Default 1h.
	Stale time.Duration `yaml:"stale" json:"stale"`
}

// Validate checks values and compiles the expressions.
func (p *Expression) Validate() error {
	var c checks
	switch p.SubjectKind {
	case SubjectZone, SubjectDoor, SubjectDevice, SubjectSite:
		if p.Expr == "" {
			c.field(false, "expr", "missing: want a CEL expression such as co2 > 1000")
			break
		}
		if _, err := compileProgram(p.SubjectKind, p.Expr, true); err != nil {
			c = append(c, &FieldError{"expr", err})
		}
		if p.Value != "" {
			if _, err := compileProgram(p.SubjectKind, p.Value, false); err != nil {
				c = append(c, &FieldError{"value", err})
			}
		}
	default:
		c.field(false, "subject", "%q: want zone, door, device or site", p.SubjectKind)
	}
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
	params: func() Params { return &Expression{SubjectKind: SubjectZone, Stale: time.Hour} },
	subjects: func(p *plan, r *Rule) []Subject {
		kind := r.Params.(*Expression).SubjectKind
		return p.allSubjects(kind, func(id string) bool { return len(r.Subjects) == 0 || r.names(id) })
	},
	keeps: func(r *Rule) []kept {
		var all []kept
		p := r.Params.(*Expression)
		for _, expr := range []string{p.Expr, p.Value} {
			if expr == "" {
				continue
			}
			if prog, err := compileProgram(p.SubjectKind, expr, expr == p.Expr); err == nil {
				for _, q := range prog.gauges {
					all = append(all, kept{quantity: q})
				}
			}
		}
		return all
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Expression)
		j := &expressionJudge{params: p, plan: b.plan, levels: b.levels(), subject: s}
		j.condition = b.program(p.SubjectKind, p.Expr, true)
		if p.Value != "" {
			j.value = b.program(p.SubjectKind, p.Value, false)
		}
		var gauges uint64
		for _, prog := range []*program{j.condition, j.value} {
			if prog == nil {
				continue
			}
			j.crowded = j.crowded || prog.crowd
			j.timed = j.timed || prog.minutes
			j.dated = j.dated || prog.day
			for _, q := range prog.gauges {
				gauges |= maskOf(q)
			}
		}
		switch s.Kind {
		case SubjectSite, SubjectZone:
			j.zone = b.zone(s)
			if j.crowded || j.dated {
				b.crowd(s)
			}
		case SubjectDoor:
			j.door = b.door(s)
		case SubjectDevice:
			j.device = b.device(s)
		}
		b.onReadings(s, gauges)
		j.gauges = gauges
		return j
	},
}

type expressionJudge struct {
	params     *Expression
	plan       *plan
	levels     levels
	subject    Subject
	condition  *program
	value      *program
	crowded    bool       // uses persons, error or limit
	dated      bool       // uses counts of the day
	timed      bool       // uses minutes that run
	gauges     uint64     // quantities it uses
	activation activation // of the question that is being answered
	// The facts about the subject; the others are nil.
	zone   *zoneState
	door   *doorState
	device *deviceState
}

func (j *expressionJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	a := &j.activation
	*a = activation{judge: j, t: t, gauge: a.gauge, stale: a.stale}
	until := a.prepare()
	if a.reason != "" {
		return unknown(a.reason, a.detail), until
	}
	f := finding{unit: j.params.Unit, constraint: "expression", limit: j.params.Limit, hasLimit: j.params.Limit != 0}
	breached, err := j.condition.boolean(a)
	if err != nil {
		return unknown(ReasonExpression, err.Error()), until
	}
	f.verdict = Within
	if breached {
		f.verdict = Breached
	}
	if j.value != nil {
		v, err := j.value.number(a)
		if err != nil {
			return unknown(ReasonExpression, err.Error()), until
		}
		f.value, f.hasValue = v, true
	}
	return f, until
}

func (j *expressionJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	switch {
	case j.device != nil:
		for _, s := range j.device.kept {
			if j.gauges&maskOf(s.quantity) != 0 {
				to = j.device.evidence(t, s.quantity, to)
			}
		}
	case j.zone != nil:
		for _, s := range j.zone.sensors {
			if j.gauges&maskOf(s.quantity) != 0 {
				to = s.device.evidence(t, s.quantity, to)
			}
		}
		if j.crowded {
			to = j.zone.countEvidence(t, to)
		}
	}
	return newestEvidence(to, first)
}
