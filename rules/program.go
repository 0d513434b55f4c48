package rules

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// costLimit bounds one evaluation in CEL's cost units; a rule of a line costs below a hundred.
const costLimit = 10_000

// The names an expression may use besides the quantities.
var (
	crowdNames = []string{"persons", "error", "limit"}
	dayNames   = []string{"in_today", "out_today"}
	hourNames  = []string{"in_hour", "out_hour", "in_half_hour", "out_half_hour"}
	doorNames  = []string{"screened_today", "too_warm_today"}
	taskNames  = []string{"minutes_since_done"}
	quotaName  = "quota_left"
	hoursNames = []string{"minutes_since_open", "minutes_to_close", "queue_closes"}
)

// program is one compiled expression and what it needs to know. It never changes, and any number of sites may use it at once.
type program struct {
	cel     cel.Program
	logical logical              // nil: the expression is not a bool, or needs CEL
	numeric numeric              // likewise a double
	gauges  []telemetry.Quantity // in their fixed order
	crowd   bool                 // persons, error or limit
	day     bool                 // counts of the day
	limit   bool
	close   bool   // minutes until something closes
	sums    uint64 // counts of periods, as bits of their quantities
	days    uint64 // of them those of the day
	hour    bool   // people of an hour
	done    bool   // of a task
	ages    bool   // age_minutes
	doubt   bool   // error: the expression itself says what to make of it
	leveled bool   // level or share
	quota   bool   // visitors that may still come
	facts   factMask
	// thresholds are what a gauge is compared with, where it is used for nothing else; nil: its every value may matter.
	thresholds map[telemetry.Quantity][]func(v float64) bool
	plain      bool // it is one name: whatever it is, it is a number
	minutes    bool // something that runs with time
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
	opts = append(opts, double("share")...)
	opts = append(opts, double(hoursNames...)...)
	switch kind {
	case SubjectZone, SubjectSite:
		opts = append(opts, double(crowdNames...)...)
		opts = append(opts, double(dayNames...)...)
		opts = append(opts, double(hourNames...)...)
		opts = append(opts, cel.Variable("near", cel.BoolType))
	case SubjectDoor:
		opts = append(opts, double(dayNames...)...)
		opts = append(opts, double(hourNames...)...)
		opts = append(opts, double(doorNames...)...)
	case SubjectTask:
		opts = append(opts, double(taskNames...)...)
	}
	if kind == SubjectSite {
		opts = append(opts, double(quotaName)...)
	}
	if kind == SubjectSite || kind == SubjectZone || kind == SubjectDevice {
		for i := range healthFacts {
			opts = append(opts, double(healthFacts[i].name)...)
		}
	}
	if kind != SubjectTask {
		for _, q := range telemetry.Quantities() {
			if summable(q) {
				opts = append(opts, double(q.String(), q.String()+todaySuffix)...)
			}
		}
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

// todaySuffix is behind the name of a quantity of which the day is summed.
const todaySuffix = "_today"

// sumOf is the quantity that a variable is a sum of; NoQuantity: it is none.
func sumOf(name string) telemetry.Quantity {
	q, err := telemetry.ParseQuantity(strings.TrimSuffix(name, todaySuffix))
	if err != nil || !summable(q) {
		return telemetry.NoQuantity
	}
	return q
}

// Variables lists what expressions about a kind of subject may use, sorted.
func Variables(kind SubjectKind) []string {
	env, err := environment(kind)
	if err != nil {
		return nil
	}
	var all []string
	for _, v := range env.Variables() {
		if name := v.Name(); !strings.HasPrefix(name, "@") && v.Type().Kind() != types.TypeKind {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

var undeclaredName = regexp.MustCompile(`^undeclared reference to '[^']*'`)

// undeclared adds to CEL's words about a name that it does not know, and finds none that is like it, those that there are.
func undeclared(message string, kind SubjectKind) string {
	if !undeclaredName.MatchString(message) || strings.Contains(message, "did you mean") {
		return message
	}
	return fmt.Sprintf("%s: want one of %s", message, strings.Join(Variables(kind), ", "))
}

// newProgram compiles an expression about a kind of subject to a bool (condition) or a double.
func newProgram(kind SubjectKind, expr string, condition bool) (*program, error) {
	env, err := environment(kind)
	if err != nil {
		return nil, fmt.Errorf("preparing CEL: %w", err)
	}
	compiled, issues := env.Compile(expr)
	if issues != nil && issues.Err() != nil {
		var all []error
		for _, e := range issues.Errors() {
			all = append(all, fmt.Errorf("column %d: %s", e.Location.Column()+1, undeclared(e.Message, kind)))
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
	p := &program{cel: prog, plain: compiled.NativeRep().Expr().Kind() == ast.IdentKind}
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
	p.thresholds = thresholds(compiled.NativeRep().Expr())
	return p, nil
}

func (p *program) uses(name string) {
	switch {
	case name == "limit", name == "near":
		p.limit, p.crowd = true, true
	case slices.Contains(crowdNames, name):
		p.crowd = true
		p.doubt = p.doubt || name == "error"
	case name == quotaName:
		p.quota = true
	case factOf(name) >= 0:
		p.facts |= 1 << factOf(name)
	case name == "level" || name == "share":
		p.leveled = true
	case slices.Contains(dayNames, name) || slices.Contains(doorNames, name):
		p.day = true
	case name == "age_minutes":
		p.ages, p.minutes = true, true
	case name == "minutes_since_open":
		p.minutes = true
	case slices.Contains(hoursNames, name):
		p.minutes, p.close = true, true
	case slices.Contains(taskNames, name):
		p.minutes, p.done = true, true
	case slices.Contains(hourNames, name):
		p.hour = true
	case sumOf(name) != telemetry.NoQuantity:
		p.sums |= maskOf(sumOf(name))
		if strings.HasSuffix(name, todaySuffix) {
			p.days |= maskOf(sumOf(name))
		}
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
