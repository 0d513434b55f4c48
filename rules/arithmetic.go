package rules

import (
	"math"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Most expressions compare a few numbers, and are asked at every count. Those that need no more of CEL than arithmetic,
// comparison and logic are compiled to closures, which take a twentieth of the time; CEL still decides what they mean: it
// has parsed and checked them, and a test holds both to the same results. Others are evaluated by CEL.
type (
	// numeric gives a number; false: an error.
	numeric func(*activation) (float64, bool)
	// logical gives a truth value.
	logical func(*activation) truth
)

// truth is a truth value of CEL, where an error is one too: false && error is false, true && error is an error.
type truth int8

const (
	failed truth = iota
	no
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// compileLogical gives nil where it needs CEL.
func compileLogical(checked *ast.AST, e ast.Expr) logical {
	switch e.Kind() {
	case ast.IdentKind:
		switch e.AsIdent() {
		case "open":
			return func(a *activation) truth { return truthOf(a.open) }
		case "near":
			return func(a *activation) truth { return truthOf(a.near()) }
		}
	case ast.LiteralKind:
		if b, ok := e.AsLiteral().Value().(bool); ok {
			return func(*activation) truth { return truthOf(b) }
		}
	case ast.CallKind:
		call := e.AsCall()
		args := call.Args()
		switch name := call.FunctionName(); name {
		case operators.LogicalAnd:
			return compileJunction(checked, args, no, yes)
		case operators.LogicalOr:
			return compileJunction(checked, args, yes, no)
		case operators.LogicalNot:
			if of := compileLogical(checked, args[0]); of != nil {
				return func(a *activation) truth {
					switch of(a) {
					case yes:
						return no
					case no:
						return yes
					}
					return failed
				}
			}
		case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals, operators.Equals, operators.NotEquals:
			return compileComparison(checked, name, args)
		}
	}
	return nil
}

// compileJunction is && where one no decides, or || where one yes does.
func compileJunction(checked *ast.AST, args []ast.Expr, decides, otherwise truth) logical {
	terms := make([]logical, len(args))
	for i, arg := range args {
		if terms[i] = compileLogical(checked, arg); terms[i] == nil {
			return nil
		}
	}
	return func(a *activation) truth {
		result := otherwise
		for _, term := range terms {
			switch term(a) {
			case decides:
				return decides
			case failed:
				result = failed
			}
		}
		return result
	}
}

func compileComparison(checked *ast.AST, name string, args []ast.Expr) logical {
	left, right := compileOperand(checked, args[0]), compileOperand(checked, args[1])
	if left == nil || right == nil {
		return nil
	}
	compare := map[string]func(x, y float64) bool{
		operators.Less:          func(x, y float64) bool { return x < y },
		operators.LessEquals:    func(x, y float64) bool { return x <= y },
		operators.Greater:       func(x, y float64) bool { return x > y },
		operators.GreaterEquals: func(x, y float64) bool { return x >= y },
		operators.Equals:        func(x, y float64) bool { return x == y },
		operators.NotEquals:     func(x, y float64) bool { return x != y },
	}[name]
	return func(a *activation) truth {
		x, ok := left(a)
		if !ok {
			return failed
		}
		y, ok := right(a)
		if !ok {
			return failed
		}
		return truthOf(compare(x, y))
	}
}

// compileOperand is compileNumeric for either side of a comparison, where CEL also allows whole numbers.
func compileOperand(checked *ast.AST, e ast.Expr) numeric {
	const exact = 1 << 53 // up to here every whole number is a double
	if e.Kind() == ast.LiteralKind {
		if n, ok := e.AsLiteral().Value().(int64); ok && -exact <= n && n <= exact {
			return func(*activation) (float64, bool) { return float64(n), true }
		}
	}
	return compileNumeric(checked, e)
}

// compileNumeric gives nil where it needs CEL.
func compileNumeric(checked *ast.AST, e ast.Expr) numeric {
	if !checked.GetType(e.ID()).IsExactType(types.DoubleType) {
		return nil
	}
	switch e.Kind() {
	case ast.IdentKind:
		return variable(e.AsIdent())
	case ast.LiteralKind:
		if n, ok := e.AsLiteral().Value().(float64); ok {
			return func(*activation) (float64, bool) { return n, true }
		}
	case ast.CallKind:
		call := e.AsCall()
		args := call.Args()
		switch name := call.FunctionName(); name {
		case operators.Add, operators.Subtract, operators.Multiply, operators.Divide:
			return compileOperation(name, compileNumeric(checked, args[0]), compileNumeric(checked, args[1]))
		case operators.Negate:
			return compileOperation(name, compileNumeric(checked, args[0]), func(*activation) (float64, bool) { return 0, true })
		case operators.Conditional:
			return compileConditional(compileLogical(checked, args[0]), compileNumeric(checked, args[1]), compileNumeric(checked, args[2]))
		}
	}
	return nil
}

func compileOperation(name string, left, right numeric) numeric {
	if left == nil || right == nil {
		return nil
	}
	operate := map[string]func(x, y float64) float64{
		operators.Add:      func(x, y float64) float64 { return x + y },
		operators.Subtract: func(x, y float64) float64 { return x - y },
		operators.Multiply: func(x, y float64) float64 { return x * y },
		operators.Divide:   func(x, y float64) float64 { return x / y },
		operators.Negate:   func(x, _ float64) float64 { return -x },
	}[name]
	return func(a *activation) (float64, bool) {
		x, ok := left(a)
		if !ok {
			return 0, false
		}
		y, ok := right(a)
		return operate(x, y), ok
	}
}

func compileConditional(condition logical, then, otherwise numeric) numeric {
	if condition == nil || then == nil || otherwise == nil {
		return nil
	}
	return func(a *activation) (float64, bool) {
		switch condition(a) {
		case yes:
			return then(a)
		case no:
			return otherwise(a)
		}
		return 0, false
	}
}

// variable is how a number is found by its name; nil: there is none of that name.
func variable(name string) numeric {
	get := func(f func(a *activation) float64) numeric {
		return func(a *activation) (float64, bool) { return f(a), true }
	}
	switch name {
	case "share":
		return get(func(a *activation) float64 {
			if s := a.judge.levels.share(a.t); s != 0 {
				return s
			}
			return 1
		})
	case "minutes_since_open":
		return get(func(a *activation) float64 {
			if !a.open {
				return -1
			}
			return math.Floor(minutes(a.t.Sub(a.opened)))
		})
	case "persons":
		return get(func(a *activation) float64 { return a.persons })
	case "error":
		return get(func(a *activation) float64 { return a.est.err().number() })
	case "limit":
		return get(func(a *activation) float64 { return a.limit })
	case "in_today":
		return get(func(a *activation) float64 { return a.judge.today().in.number() })
	case "out_today":
		return get(func(a *activation) float64 { return a.judge.today().out.number() })
	case "screened_today":
		return get(func(a *activation) float64 { return float64(a.judge.door.screened) })
	case "too_warm_today":
		return get(func(a *activation) float64 { return float64(a.judge.door.tooWarm) })
	}
	switch name {
	case "in_hour":
		return get(func(a *activation) float64 { in, _ := a.passed(hourSlots); return in.number() })
	case "out_hour":
		return get(func(a *activation) float64 { _, out := a.passed(hourSlots); return out.number() })
	case "in_half_hour":
		return get(func(a *activation) float64 { in, _ := a.passed(hourSlots / 2); return in.number() })
	case "out_half_hour":
		return get(func(a *activation) float64 { _, out := a.passed(hourSlots / 2); return out.number() })
	case "minutes_to_close":
		return get(func(a *activation) float64 {
			if !a.open {
				return -1
			}
			return math.Ceil(minutes(a.closes.Sub(a.t)))
		})
	case "queue_closes":
		return get(func(a *activation) float64 {
			if !a.open {
				return 0
			}
			return max(0, math.Ceil(minutes(a.closes.Add(-a.judge.plan.def.Site.Hours.QueueCloses).Sub(a.t))))
		})
	case "minutes_since_done":
		return get(func(a *activation) float64 { return math.Floor(minutes(a.t.Sub(a.done))) })
	}
	if name == quotaName {
		return get(func(a *activation) float64 { return a.left })
	}
	if i := factOf(name); i >= 0 {
		return get(func(a *activation) float64 { return a.fact[i] })
	}
	if q := sumOf(name); q != telemetry.NoQuantity {
		today := strings.HasSuffix(name, todaySuffix)
		return get(func(a *activation) float64 { return a.summed(q, today) })
	}
	q, err := telemetry.ParseQuantity(name)
	if err != nil {
		return nil
	}
	return func(a *activation) (float64, bool) {
		if int(q) >= len(a.gauge) {
			return 0, false
		}
		v := &a.gauge[q]
		return v.v, v.ok
	}
}

// today are the counts of the day at the subject.
func (j *expressionJudge) today() *tally {
	if j.door != nil {
		return &j.door.today
	}
	return &j.zone.today
}
