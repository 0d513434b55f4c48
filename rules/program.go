package rules

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// costLimit bounds one evaluation in CEL's cost units; a rule of a line costs below a hundred.
const costLimit = 10_000

// The names an expression may use besides the quantities.
var (
	crowdNames = []string{"persons", "error", "limit"}
	dayNames   = []string{"in_today", "out_today"}
	doorNames  = []string{"screened_today", "too_warm_today"}
)

// program is one compiled expression and what it needs to know.
type program struct {
	cel     cel.Program
	logical logical              // nil: the expression is not a bool, or needs CEL
	numeric numeric              // likewise a double
	gauges  []telemetry.Quantity // in their fixed order
	crowd   bool                 // persons, error or limit
	day     bool                 // counts of the day
	limit   bool
	ages    bool // age_minutes
	minutes bool // something that runs with time
}

// usable reports whether a quantity has a newest value that an expression can use.
func usable(q telemetry.Quantity) bool {
	f := q.Definition().Form
	return f == telemetry.Gauge || f == telemetry.Flag
}

// variables of expressions about a kind of subject.
func variables(kind SubjectKind) []cel.EnvOption {
	double := func(names ...string) (opts []cel.EnvOption) {
		for _, n := range names {
			opts = append(opts, cel.Variable(n, cel.DoubleType))
		}
		return opts
	}
	opts := []cel.EnvOption{
		cel.StdLib(), cel.CrossTypeNumericComparisons(true), cel.ParserExpressionSizeLimit(4096), cel.ParserRecursionLimit(64),
		cel.Variable("open", cel.BoolType), cel.Variable("level", cel.StringType),
	}
	opts = append(opts, double("share", "minutes_since_open")...)
	switch kind {
	case SubjectZone, SubjectSite:
		opts = append(opts, double(crowdNames...)...)
		opts = append(opts, double(dayNames...)...)
	case SubjectDoor:
		opts = append(opts, double(dayNames...)...)
		opts = append(opts, double(doorNames...)...)
	}
	if kind == SubjectZone || kind == SubjectDevice {
		opts = append(opts, cel.Variable("age_minutes", cel.MapType(cel.StringType, cel.DoubleType)))
		for _, q := range telemetry.Quantities() {
			if usable(q) {
				opts = append(opts, double(q.String())...)
			}
		}
	}
	return opts
}

// compileProgram compiles an expression about a kind of subject to a bool (condition) or a double.
func compileProgram(kind SubjectKind, expr string, condition bool) (*program, error) {
	env, err := cel.NewCustomEnv(variables(kind)...)
	if err != nil {
		return nil, fmt.Errorf("preparing CEL: %w", err)
	}
	compiled, issues := env.Compile(expr)
	if issues != nil && issues.Err() != nil {
		var all []error
		for _, e := range issues.Errors() {
			all = append(all, fmt.Errorf("column %d: %s", e.Location.Column()+1, e.Message))
		}
		return nil, errors.Join(all...)
	}
	want := cel.DoubleType
	if condition {
		want = cel.BoolType
	}
	if got := compiled.OutputType(); !got.IsExactType(want) {
		return nil, fmt.Errorf("it gives %s: want %s", got, want)
	}
	prog, err := env.Program(compiled, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit))
	if err != nil {
		return nil, fmt.Errorf("preparing the expression: %w", err)
	}
	p := &program{cel: prog}
	if checked := compiled.NativeRep(); condition {
		p.logical = compileLogical(checked, checked.Expr())
	} else {
		p.numeric = compileNumeric(checked, checked.Expr())
	}
	var words []telemetry.Quantity // named as a key, as in age_minutes["co2"]
	word := func(name string) {
		if q, err := telemetry.ParseQuantity(name); err == nil && usable(q) {
			words = append(words, q)
		}
	}
	ast.PreOrderVisit(compiled.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			p.uses(e.AsIdent())
		case ast.LiteralKind:
			if s, ok := e.AsLiteral().Value().(string); ok {
				word(s)
			}
		case ast.SelectKind:
			word(e.AsSelect().FieldName())
		}
	}))
	if p.ages {
		p.gauges = append(p.gauges, words...)
	}
	slices.Sort(p.gauges)
	p.gauges = slices.Compact(p.gauges)
	return p, nil
}

func (p *program) uses(name string) {
	switch {
	case name == "limit":
		p.limit, p.crowd = true, true
	case slices.Contains(crowdNames, name):
		p.crowd = true
	case slices.Contains(dayNames, name) || slices.Contains(doorNames, name):
		p.day = true
	case name == "age_minutes":
		p.ages, p.minutes = true, true
	case name == "minutes_since_open":
		p.minutes = true
	default:
		if q, err := telemetry.ParseQuantity(name); err == nil && usable(q) {
			p.gauges = append(p.gauges, q)
		}
	}
}

func (p *program) boolean(a *activation) (bool, error) {
	if p.logical == nil {
		return p.booleanByCEL(a)
	}
	switch p.logical(a) {
	case yes:
		return true, nil
	case no:
		return false, nil
	}
	return false, errEvaluation
}

func (p *program) booleanByCEL(a cel.Activation) (bool, error) {
	v, _, err := p.cel.Eval(a)
	if err != nil {
		return false, errEvaluation
	}
	b, ok := v.Value().(bool)
	if !ok {
		return false, errors.New("not a bool")
	}
	return b, nil
}

func (p *program) number(a *activation) (float64, error) {
	if p.numeric == nil {
		return p.numberByCEL(a)
	}
	n, ok := p.numeric(a)
	switch {
	case !ok:
		return 0, errEvaluation
	case math.IsNaN(n) || math.IsInf(n, 0):
		return 0, errNotFinite
	}
	return n, nil
}

func (p *program) numberByCEL(a cel.Activation) (float64, error) {
	v, _, err := p.cel.Eval(a)
	if err != nil {
		return 0, errEvaluation
	}
	n, ok := v.Value().(float64)
	if !ok || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, errNotFinite
	}
	return n, nil
}

var (
	errEvaluation = errors.New("evaluation failed")
	errNotFinite  = errors.New("not a finite number")
)

// activation gives an expression the values of one subject at one time.
type activation struct {
	judge  *expressionJudge
	t      telemetry.Instant
	est    estimate
	limit  float64
	gauge  map[telemetry.Quantity]entry[float64]
	stale  map[telemetry.Quantity]string // the device whose value is too old
	open   bool
	opened telemetry.Instant
	// reason and detail say what is missing; empty: nothing.
	reason Reason
	detail string
}

// Parent ends the search for names here.
func (a *activation) Parent() cel.Activation { return nil }

// ResolveName gives the value of a variable.
func (a *activation) ResolveName(name string) (any, bool) {
	j := a.judge
	switch name {
	case "open":
		return a.open, true
	case "level":
		return j.levels.at(a.t), true
	case "age_minutes":
		ages := make(map[string]float64, len(a.gauge))
		for q, v := range a.gauge {
			ages[q.String()] = math.Floor(minutes(a.t.Sub(v.at)))
		}
		return ages, true
	}
	get := variable(name)
	if get == nil {
		return nil, false
	}
	return get(a)
}

// prepare collects the values and finds what is missing. It gives the time at which a value changes by itself.
func (a *activation) prepare() telemetry.Instant {
	j := a.judge
	until := j.levels.next(a.t)
	var next telemetry.Instant
	a.open, a.opened, next = j.plan.open(a.t)
	until = min(until, next)
	if j.timed {
		until = min(until, a.t-a.t%telemetry.Instant(time.Minute)+telemetry.Instant(time.Minute))
	}
	if j.crowded {
		a.est, next = j.zone.estimate(a.t)
		until = min(until, next)
		if !a.est.known {
			a.reason, a.detail = a.est.reason, a.est.detail
		}
		if (j.condition.limit || j.value != nil && j.value.limit) && !a.findLimit() && a.reason == "" {
			a.reason = ReasonNoLimit
		}
	}
	if j.gauges == 0 {
		return until
	}
	if a.gauge == nil {
		a.gauge, a.stale = map[telemetry.Quantity]entry[float64]{}, map[telemetry.Quantity]string{}
	}
	clear(a.gauge)
	clear(a.stale)
	look := func(s *series) {
		if j.gauges&maskOf(s.quantity) == 0 {
			return
		}
		i := s.line.upTo(a.t)
		until = min(until, s.line.next(i), s.device.nextSilence(a.t))
		if i == 0 {
			return
		}
		v := s.line.get(i - 1)
		old := v.at.Add(j.params.Stale)
		if a.t >= old || s.device.silent(a.t) {
			a.stale[s.quantity] = s.device.id
			return
		}
		until = min(until, old)
		if have, ok := a.gauge[s.quantity]; !ok || v.at > have.at {
			a.gauge[s.quantity] = *v
		}
	}
	if j.device != nil {
		for _, s := range j.device.kept {
			look(s)
		}
	} else {
		for _, s := range j.zone.sensors {
			look(s)
		}
	}
	for q := telemetry.NoQuantity + 1; q < 64 && a.reason == ""; q++ {
		if j.gauges&maskOf(q) == 0 {
			continue
		}
		if _, ok := a.gauge[q]; ok {
			continue
		}
		if id, ok := a.stale[q]; ok {
			a.reason, a.detail = ReasonSilent, id
		} else {
			a.reason, a.detail = ReasonNoData, q.String()
		}
	}
	return until
}

// findLimit takes the limit of the first capacity rule about the zone.
func (a *activation) findLimit() bool {
	i := a.judge.zone.capacity
	if i == nil {
		return false
	}
	f, _ := i.ask(a.t, Unknown)
	a.limit = f.limit
	return f.hasLimit
}
