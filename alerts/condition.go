package alerts

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// tokens are the parts of a CEL expression that have words of their own. The age of a value, and whether there is one, is one part
// however it is written: age_minutes["co2"], age_minutes.co2, "co2" in age_minutes, has(age_minutes.co2).
var tokens = regexp.MustCompile(`age_minutes *\[ *(?:"\w+"|'\w+') *\]|age_minutes *\. *\w+\b(?: *\()?|(?:"\w+"|'\w+') in age_minutes\b|!? *has\( *age_minutes *\. *\w+ *\)|` +
	`"[^"]*"|'[^']*'|[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?|&&|\|\||[<>=!]=|[!<>*/]`)

// operators are the signs that people read instead of CEL's; words are in the locales.
var operators = map[string]string{">=": "≥", "<=": "≤", "==": "=", "!=": "≠", "*": "×", "/": "÷", ">": ">", "<": "<"}

// condition says on what the rule is breached and with which values that was decided, where value and limit alone do not
// decide.
func (t *Texts) condition(s *statement) string {
	w, x := t.in(s.lang), s.explanation
	if x.Condition == "" || s.brief {
		return ""
	}
	id, data := "text.condition", map[string]any{"Condition": w.expression(x.Condition)}
	if x.Reason == rules.ReasonPending {
		id = "text.judged_when"
	}
	var now []string
	for _, in := range x.Inputs {
		if v := w.variable(in.Name); v != "" {
			now = append(now, v+" "+w.given(in))
		}
	}
	if len(now) == 0 {
		return w.say(id, data)
	}
	data["Now"] = strings.Join(now, ", ")
	return w.say(id+"_now", data)
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
		case "true", "false":
			return w.flag(tok == "true")
		case "in":
			return w.say("operator.in", nil)
		}
		if strings.Contains(tok, "age_minutes") && tok != "age_minutes" {
			return w.aged(tok)
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

// aged writes the part of an expression that asks for the age of a quantity's value, or whether there is one.
func (w *words) aged(tok string) string {
	name := ""
	for _, word := range names.FindAllString(tok, -1) {
		if word != "age_minutes" && word != "in" && word != "has" {
			name = word
		}
	}
	of := w.variable(name)
	switch {
	case of == "" || strings.HasSuffix(tok, "("): // a call, or a quantity that no expression can use
		return tok
	case strings.HasPrefix(tok, "age_minutes"):
		return w.variable("age_minutes." + name)
	}
	key := "text.measured"
	if tok[0] == '!' {
		key = "text.unmeasured"
	}
	return w.say(key, map[string]any{"Of": of})
}

// names are the words of a part of an expression.
var names = regexp.MustCompile(`\w+`)

// variable is the word for what an expression calls by a name; empty: it is no variable.
func (w *words) variable(name string) string {
	name, key, _ := strings.Cut(name, ".")
	of := ""
	if key != "" {
		of = w.variable(key)
	}
	return w.say("var."+name, map[string]any{"Of": of})
}

// given is the value of a variable.
func (w *words) given(in rules.Input) string {
	if in.Text != "" {
		return in.Text
	}
	if isFlag(in.Name) {
		return w.flag(in.Value != 0)
	}
	s := w.number(in.Value, digitsOf(in.Value))
	if symbol, ok := symbols[in.Unit]; ok {
		return s + " " + symbol
	}
	return strings.TrimSpace(s + " " + in.Unit)
}

func (w *words) flag(set bool) string {
	if set {
		return w.say("flag.yes", nil)
	}
	return w.say("flag.no", nil)
}

// isFlag reports whether a variable is yes or no.
func isFlag(name string) bool {
	q, err := telemetry.ParseQuantity(name)
	return name == "open" || name == "near" || err == nil && q.Definition().Form == telemetry.Flag
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
