package alerts

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// tokens are the parts of a CEL expression that have words of their own.
var tokens = regexp.MustCompile(`"[^"]*"|'[^']*'|[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?|&&|\|\||[<>=!]=|[!<>*/]`)

// operators are the signs that people read instead of CEL's; words are in the locales.
var operators = map[string]string{">=": "≥", "<=": "≤", "==": "=", "!=": "≠", "*": "×", "/": "÷", ">": ">", "<": "<"}

// condition says on what the rule is breached and with which values that was decided, where value and limit alone do not
// decide.
func (t *Texts) condition(s *statement) string {
	w, x := t.in(s.lang), s.explanation
	if x.Condition == "" || s.brief {
		return ""
	}
	data := map[string]any{"Condition": w.expression(x.Condition)}
	var now []string
	for _, in := range x.Inputs {
		if v := w.variable(in.Name); v != "" {
			now = append(now, v+" "+w.given(in))
		}
	}
	if len(now) == 0 {
		return w.say("text.condition", data)
	}
	data["Now"] = strings.Join(now, ", ")
	return w.say("text.condition_now", data)
}

// expression writes a CEL expression in words; what has none stays as it is.
func (w *words) expression(cel string) string {
	cel = strings.Join(strings.Fields(cel), " ")
	return strings.TrimSpace(tokens.ReplaceAllStringFunc(cel, func(tok string) string {
		switch tok {
		case "&&":
			return w.say("operator.and", nil)
		case "||":
			return w.say("operator.or", nil)
		case "!":
			return w.say("operator.not", nil) + " "
		}
		if sign, ok := operators[tok]; ok {
			return sign
		}
		if n, err := strconv.ParseFloat(tok, 64); err == nil {
			return w.number(n, digitsOf(n))
		}
		if v := w.variable(tok); v != "" {
			return v
		}
		return tok
	}))
}

// variable is the word for what an expression calls by a name; empty: it is no variable.
func (w *words) variable(name string) string {
	name, key, of := strings.Cut(name, ".")
	word := w.say("var."+name, nil)
	if of && word != "" {
		word += " " + w.variable(key)
	}
	return word
}

// given is the value of a variable.
func (w *words) given(in rules.Input) string {
	if in.Text != "" {
		return in.Text
	}
	if isFlag(in.Name) {
		if in.Value != 0 {
			return w.say("flag.yes", nil)
		}
		return w.say("flag.no", nil)
	}
	s := w.number(in.Value, digitsOf(in.Value))
	if symbol, ok := symbols[in.Unit]; ok {
		return s + " " + symbol
	}
	return strings.TrimSpace(s + " " + in.Unit)
}

// isFlag reports whether a variable is yes or no.
func isFlag(name string) bool {
	q, err := telemetry.ParseQuantity(name)
	return name == "open" || err == nil && q.Definition().Form == telemetry.Flag
}

// measure names what an expression about sensors reads, such as CO₂; empty: it reads none.
func (w *words) measure(x *rules.Explanation) string {
	var all []string
	for _, e := range x.Evidence {
		q := e.Quantity
		if f := q.Definition().Form; f != telemetry.Gauge && f != telemetry.Flag {
			continue
		}
		if v := w.variable(q.String()); v != "" && !strings.Contains(strings.Join(all, "\x00"), v) {
			all = append(all, v)
		}
	}
	return strings.Join(all, ", ")
}
