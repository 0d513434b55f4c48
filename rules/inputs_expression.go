package rules

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// comparison is an expression that compares something with a number and does nothing else.
var comparison = regexp.MustCompile(`^([^<>=!&|?:]+)(<=|>=|<|>)([0-9]+(?:\.[0-9]+)?)$`)

// bounds are the bounds that keep a rule which is breached where a comparison holds.
var bounds = map[string]Bound{">": AtMost, ">=": Below, "<": AtLeast, "<=": Above}

// bound is how the value must stand to the limit. told is true where the expression says no more than value and limit do.
func (p *Expression) bound() (b Bound, told bool) {
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	if m := comparison.FindStringSubmatch(squeeze(p.Expr)); m != nil && m[1] == squeeze(p.Value) {
		if limit, err := strconv.ParseFloat(m[3], 64); err == nil && limit == p.Limit && limit != 0 {
			return bounds[m[2]], true
		}
	}
	switch p.Bound {
	case "max":
		return AtMost, false
	case "min":
		return AtLeast, false
	}
	return Apart, false
}

// names are what an expression can call a value by, outside of strings.
var names = regexp.MustCompile(`"[^"]*"|'[^']*'|[A-Za-z_][A-Za-z0-9_]*`)

func (j *expressionJudge) show(t telemetry.Instant, x *Explanation) {
	b, told := j.stands, j.told
	if x.HasLimit && x.HasValue {
		x.Bound = b
	}
	if x.Constraint != "expression" {
		return
	}
	// The values of the sensors that decided.
	f, _ := j.judge(t, Unknown)
	a := j.engine.activation(j.engine.answers) // which answered last
	if f.verdict == Within && a.since != 0 {
		x.Inputs = append(x.Inputs, Input{Name: InputLasted, Value: minutes(t.Sub(a.since)), Unit: "min"})
	} else if f.verdict == Within && a.row > 0 {
		x.Inputs = append(x.Inputs, Input{Name: InputInRow, Value: float64(a.row), Unit: "1"})
	}
	expr := j.params.Expr
	switch {
	case f.reason == ReasonPending && j.when != nil:
		expr = j.params.When
	case told:
		return
	}
	x.Condition = expr
	if a.begin(t); a.reason != "" {
		return
	}
	if len(a.decided) > 0 {
		a.see(t, a.decided)
	}
	x.Inputs = append(x.Inputs, a.inputs(names.FindAllString(expr, -1))...)
}

// inputs are the values of the names that are variables, each once, in the order in which they are used.
func (a *activation) inputs(used []string) (all []Input) {
	known := func(name string) bool {
		return slices.ContainsFunc(all, func(i Input) bool { return i.Name == name })
	}
	for _, name := range used {
		v, ok := a.ResolveName(name)
		if !ok || known(name) {
			continue
		}
		switch v := v.(type) {
		case bool:
			n := 0.0
			if v {
				n = 1
			}
			all = append(all, Input{Name: name, Value: n})
		case float64:
			unit := ""
			if q, err := telemetry.ParseQuantity(name); err == nil && q.Unit() != "1" {
				unit = q.Unit()
			}
			all = append(all, Input{Name: name, Value: v, Unit: unit})
		case string:
			all = append(all, Input{Name: name, Text: v})
		case map[string]float64:
			for _, q := range slices.Sorted(maps.Keys(v)) {
				all = append(all, Input{Name: name + "." + q, Value: v[q]})
			}
		}
	}
	return all
}
