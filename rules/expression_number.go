package rules

import (
	"regexp"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
)

// constant is how CEL writes a number.
var constant = regexp.MustCompile(`^-?(0[xX][0-9a-fA-F]+[uU]?|\d+[uU]|(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?)`)

// WithLimit is the expression in which the number Limit is another one; all else stays as it is written. False: Limit stands in Expr not at
// all, or in more places than one, and only a person can say what would have to change. The parser says where numbers stand: what is in a
// text, a comment or a longer number is none.
func (p *Expression) WithLimit(limit float64) (string, bool) {
	env, err := environment(p.SubjectKind)
	if err != nil {
		return "", false
	}
	parsed, issues := env.Parse(p.Expr)
	if issues != nil && issues.Err() != nil {
		return "", false
	}
	var places []int64
	ast.PreOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.LiteralKind {
			return
		}
		switch x := e.AsLiteral().Value().(type) {
		case float64:
			if x == p.Limit {
				places = append(places, e.ID())
			}
		case int64:
			if float64(x) == p.Limit {
				places = append(places, e.ID())
			}
		case uint64:
			if float64(x) == p.Limit {
				places = append(places, e.ID())
			}
		}
	}))
	if len(places) != 1 {
		return "", false
	}
	at, known := parsed.NativeRep().SourceInfo().GetOffsetRange(places[0])
	if !known {
		return "", false
	}
	runes := []rune(p.Expr) // the parser counts in these
	if at.Start < 0 || int(at.Start) >= len(runes) {
		return "", false
	}
	before, rest := string(runes[:at.Start]), string(runes[at.Start:])
	was := constant.FindString(rest)
	written := strconv.FormatFloat(limit, 'f', -1, 64)
	if strings.ContainsAny(was, ".eE") && !strings.Contains(written, ".") { // to CEL 800 and 800.0 are of two kinds
		written += ".0"
	}
	if value, err := strconv.ParseFloat(was, 64); err != nil || value != p.Limit { // it is written as only a person should change it
		return "", false
	}
	return before + written + rest[len(was):], true
}

// Roomy reports whether the expression reckons with the numbers of its zone or site: by its limit, how near that is, or how many more may come.
func (p *Expression) Roomy() bool {
	for i, expr := range []string{p.Expr, p.When, p.Value} {
		if expr == "" {
			continue
		}
		if prog, err := compileProgram(p.SubjectKind, expr, i < 2); err == nil && (prog.limit || prog.quota) {
			return true
		}
	}
	return false
}
