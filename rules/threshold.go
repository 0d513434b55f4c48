package rules

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// thresholds finds the gauges of an expression that are only compared with numbers, and those comparisons. Two values for
// which all of them come out alike are the same to the expression.
func thresholds(root ast.Expr) map[telemetry.Quantity][]func(v float64) bool {
	found := make(map[telemetry.Quantity][]func(v float64) bool)
	compared := make(map[int64]bool) // the uses of a gauge that are such comparisons
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
			return
		}
		args := e.AsCall().Args()
		for side, arg := range args {
			q, ok := gaugeOf(arg)
			n, number := literal(args[1-side])
			compare := comparing(e.AsCall().FunctionName(), side == 1)
			if !ok || !number || compare == nil {
				continue
			}
			compared[arg.ID()] = true
			found[q] = append(found[q], func(v float64) bool { return compare(v, n) })
		}
	}))
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if q, ok := gaugeOf(e); ok && !compared[e.ID()] {
			found[q] = nil
		}
	}))
	for q, all := range found {
		if all == nil {
			delete(found, q)
		}
	}
	return found
}

// gaugeOf is the quantity that an expression is the plain value of.
func gaugeOf(e ast.Expr) (telemetry.Quantity, bool) {
	if e.Kind() != ast.IdentKind {
		return 0, false
	}
	q, err := telemetry.ParseQuantity(e.AsIdent())
	return q, err == nil && usable(q)
}

// literal is the number that an expression is.
func literal(e ast.Expr) (float64, bool) {
	if e.Kind() != ast.LiteralKind {
		return 0, false
	}
	switch n := e.AsLiteral().Value().(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	}
	return 0, false
}

// comparing is what an operator makes of a value and a number, which stands first where turned; nil: it compares nothing.
func comparing(operator string, turned bool) func(v, n float64) bool {
	if turned {
		turn := map[string]string{
			operators.Less: operators.Greater, operators.Greater: operators.Less,
			operators.LessEquals: operators.GreaterEquals, operators.GreaterEquals: operators.LessEquals,
		}
		if t, ok := turn[operator]; ok {
			operator = t
		}
	}
	return map[string]func(v, n float64) bool{
		operators.Less:          func(v, n float64) bool { return v < n },
		operators.LessEquals:    func(v, n float64) bool { return v <= n },
		operators.Greater:       func(v, n float64) bool { return v > n },
		operators.GreaterEquals: func(v, n float64) bool { return v >= n },
		operators.Equals:        func(v, n float64) bool { return v == n },
		operators.NotEquals:     func(v, n float64) bool { return v != n },
	}[operator]
}
