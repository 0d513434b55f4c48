package decode

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// template is a value_template of Home Assistant as far as it leads to one value: {{ value }} or a path below value_json,
// filters that change nothing or round, and arithmetic with constants. The language behind it (Jinja2) can do anything; what
// is more than that is not understood.
type template struct {
	json bool // a path below value_json; else the payload as it is
	path document.Path
	ops  []operation
}

// operation changes a number or a text.
type operation struct {
	kind operationKind
	by   float64
}

type operationKind uint8

const (
	opMultiply operationKind = iota + 1
	opAdd
	opDivideInto // by ÷ the value
	opRound      // to by digits behind the point
	opWhole      // towards zero
	opAbsolute
	opLower
	opUpper
)

// rendered is what a template makes of a message.
type rendered struct {
	text    string
	at      int32   // the node that it leads to; only of a path
	number  float64 // where numeric
	numeric bool
}

// maxTemplate bounds a template, in bytes.
const maxTemplate = 256

// parseTemplate reads a template; empty text is the payload as it is.
func parseTemplate(text string) (template, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return template{}, nil
	}
	if len(text) > maxTemplate {
		return template{}, fmt.Errorf("a template of %d bytes: want at most %d", len(text), maxTemplate)
	}
	inner, ok := strings.CutPrefix(text, "{{")
	inner, closed := strings.CutSuffix(inner, "}}")
	inner = strings.TrimPrefix(strings.TrimSuffix(strings.TrimSpace(inner), "-"), "-")
	if !ok || !closed || strings.Contains(inner, "{{") || strings.Contains(inner, "{%") {
		return template{}, errNotPath
	}
	p := templateParser{rest: inner}
	v, err := p.sum()
	switch {
	case err != nil:
		return template{}, err
	case p.next() != 0 || !v.variable:
		return template{}, errNotPath
	}
	return template{p.json, document.Path{Text: "value_json", Steps: p.steps}, v.ops}, nil
}

// errNotPath is why a template is not understood.
var errNotPath = errors.New("more than a path below value_json, constants and the filters float, int, round, abs, default, is_defined, string, lower and upper")

// render looks the value up. Not ok: there is none.
func (t *template) render(doc *document.Document, payload []byte) (rendered, bool) {
	var r rendered
	if t.json {
		at, ok := t.path.First(doc, 0)
		if !ok || doc.Nodes[at].Kind == 'n' {
			return r, false
		}
		r.at, r.text = at, string(doc.Nodes[at].Raw)
	} else {
		r.text = strings.TrimSpace(string(payload))
	}
	if r.text == "" {
		return r, false
	}
	r.number, r.numeric = written.Float([]byte(r.text))
	for _, op := range t.ops {
		if !r.apply(op) {
			return r, false
		}
	}
	return r, true
}

// apply changes the value; false: it has become none.
func (r *rendered) apply(op operation) bool {
	switch op.kind {
	case opLower:
		r.text = strings.ToLower(r.text)
		return true
	case opUpper:
		r.text = strings.ToUpper(r.text)
		return true
	}
	if !r.numeric {
		return false
	}
	v := r.number
	switch op.kind {
	case opMultiply:
		v *= op.by
	case opAdd:
		v += op.by
	case opDivideInto:
		v = op.by / v
	case opRound:
		factor := math.Pow(10, op.by)
		v = math.RoundToEven(v*factor) / factor
	case opWhole:
		v = math.Trunc(v)
	case opAbsolute:
		v = math.Abs(v)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return false
	}
	if math.Abs(v) < 1e6 {
		v = math.Round(v*1e9) / 1e9 // noise of the arithmetic
	}
	r.number, r.text = v, strconv.FormatFloat(v, 'f', -1, 64)
	return true
}

// templateParser reads an expression. The value of the message may occur in it once.
type templateParser struct {
	rest  string
	json  bool
	steps []document.Step
	found bool
	depth int
}

// term is a part of an expression: a constant, or the value and what is done to it.
type term struct {
	variable bool
	constant float64
	ops      []operation
}

// next is the next character that is no space; 0: none.
func (p *templateParser) next() byte {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" {
		return 0
	}
	return p.rest[0]
}

func (p *templateParser) take(c byte) bool {
	if p.next() != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *templateParser) sum() (term, error) {
	left, err := p.product()
	for err == nil {
		minus := p.next() == '-'
		if !minus && p.next() != '+' {
			return left, nil
		}
		p.rest = p.rest[1:]
		var right term
		if right, err = p.product(); err != nil {
			break
		}
		if minus {
			right = right.then(operation{opMultiply, -1})
		}
		switch {
		case left.variable:
			left = left.then(operation{opAdd, right.constant})
		case right.variable:
			left = right.then(operation{opAdd, left.constant})
		default:
			left.constant += right.constant
		}
	}
	return term{}, err
}

func (p *templateParser) product() (term, error) {
	left, err := p.filtered()
	for err == nil {
		divide := p.next() == '/'
		if !divide && p.next() != '*' {
			return left, nil
		}
		p.rest = p.rest[1:]
		var right term
		if right, err = p.filtered(); err != nil {
			break
		}
		switch {
		case divide && !right.variable && right.constant == 0:
			return term{}, errNotPath
		case divide && right.variable:
			left = right.then(operation{opDivideInto, left.constant})
		case divide && left.variable:
			left = left.then(operation{opMultiply, 1 / right.constant})
		case divide:
			left.constant /= right.constant
		case left.variable:
			left = left.then(operation{opMultiply, right.constant})
		case right.variable:
			left = right.then(operation{opMultiply, left.constant})
		default:
			left.constant *= right.constant
		}
	}
	return term{}, err
}

// then is the term with one more operation; a constant stays one.
func (t term) then(op operation) term {
	if t.variable {
		t.ops = append(t.ops, op)
		return t
	}
	r := rendered{number: t.constant, numeric: true}
	r.apply(op)
	t.constant = r.number
	return t
}

// filtered is a value with its filters.
func (p *templateParser) filtered() (term, error) {
	t, err := p.primary()
	for err == nil && p.take('|') {
		t, err = p.filter(t)
	}
	return t, err
}

// filter applies one filter. One that only matters where there is no value does nothing: then there is no reading.
func (p *templateParser) filter(t term) (term, error) {
	name := p.word()
	args, err := p.arguments()
	if err != nil {
		return t, err
	}
	number := func(otherwise float64) float64 {
		if len(args) == 0 {
			return otherwise
		}
		v, err := strconv.ParseFloat(args[0], 64)
		if err != nil {
			return math.NaN()
		}
		return v
	}
	switch name {
	case "float", "is_defined", "default", "d", "string", "trim", "tojson", "to_json":
		return t, nil
	case "int":
		return t.then(operation{opWhole, 0}), nil
	case "abs":
		return t.then(operation{opAbsolute, 0}), nil
	case "lower":
		return t.then(operation{opLower, 0}), nil
	case "upper":
		return t.then(operation{opUpper, 0}), nil
	case "multiply":
		if by := number(1); !math.IsNaN(by) {
			return t.then(operation{opMultiply, by}), nil
		}
	case "round":
		if digits := number(0); digits >= 0 && digits <= 9 && len(args) < 2 {
			return t.then(operation{opRound, math.Trunc(digits)}), nil
		}
	}
	return t, errNotPath
}

// arguments reads (a, b) as text; names of arguments are passed over. None: empty.
func (p *templateParser) arguments() ([]string, error) {
	if !p.take('(') {
		return nil, nil
	}
	inner, rest, closed := strings.Cut(p.rest, ")")
	if !closed || strings.Contains(inner, "(") {
		return nil, errNotPath
	}
	p.rest = rest
	if strings.TrimSpace(inner) == "" {
		return nil, nil
	}
	args := strings.Split(inner, ",")
	for i, arg := range args {
		if _, value, named := strings.Cut(arg, "="); named {
			arg = value
		}
		args[i] = strings.TrimSpace(arg)
	}
	return args, nil
}

func (p *templateParser) primary() (term, error) {
	if p.depth++; p.depth > document.MaxSteps {
		return term{}, errNotPath
	}
	defer func() { p.depth-- }()
	switch c := p.next(); {
	case c == '(':
		p.rest = p.rest[1:]
		t, err := p.sum()
		if err == nil && !p.take(')') {
			err = errNotPath
		}
		return t, err
	case c == '-' || c == '+':
		p.rest = p.rest[1:]
		t, err := p.primary()
		if c == '-' {
			t = t.then(operation{opMultiply, -1})
		}
		return t, err
	case c >= '0' && c <= '9' || c == '.':
		end := 0
		for end < len(p.rest) && (p.rest[end] >= '0' && p.rest[end] <= '9' || p.rest[end] == '.') {
			end++
		}
		v, err := strconv.ParseFloat(p.rest[:end], 64)
		if err != nil {
			return term{}, errNotPath
		}
		p.rest = p.rest[end:]
		return term{constant: v}, nil
	}
	return p.variable()
}

// variable is value, value_json with a path, or float(…) and its like around an expression.
func (p *templateParser) variable() (term, error) {
	name := p.word()
	switch name {
	case "float", "int":
		if !p.take('(') {
			return term{}, errNotPath
		}
		t, err := p.sum()
		if err != nil {
			return t, err
		}
		if p.take(',') { // a default
			_, rest, closed := strings.Cut(p.rest, ")")
			if !closed {
				return t, errNotPath
			}
			p.rest = ")" + rest
		}
		if !p.take(')') {
			return t, errNotPath
		}
		if name == "int" {
			t = t.then(operation{opWhole, 0})
		}
		return t, nil
	case "value", "value_json":
		if p.found {
			return term{}, errNotPath
		}
		p.found, p.json = true, name == "value_json"
		if !p.json {
			return term{variable: true}, nil
		}
		return term{variable: true}, p.accessors()
	}
	return term{}, errNotPath
}

// accessors reads .name, ['name'], [0] and .0 behind value_json.
func (p *templateParser) accessors() error {
	for {
		var s document.Step
		switch {
		case strings.HasPrefix(p.rest, "."):
			p.rest = p.rest[1:]
			s = document.Step{Kind: document.StepName, Name: p.word()}
			if s.Name == "" {
				return errNotPath
			}
		case strings.HasPrefix(p.rest, "["):
			inner, rest, closed := strings.Cut(p.rest[1:], "]")
			if !closed {
				return errNotPath
			}
			p.rest, inner = rest, strings.TrimSpace(inner)
			s = document.Step{Kind: document.StepName, Name: strings.Trim(inner, `'"`)}
			if len(s.Name) != len(inner)-2 || inner[0] != inner[len(inner)-1] {
				s.Name = ""
			}
			if index, err := strconv.ParseUint(inner, 10, 16); err == nil {
				s = document.Step{Kind: document.StepIndex, Index: int(index)}
			} else if s.Name == "" {
				return errNotPath
			}
		default:
			return nil
		}
		if index, err := strconv.ParseUint(s.Name, 10, 16); s.Kind == document.StepName && err == nil {
			s = document.Step{Kind: document.StepIndex, Index: int(index)} // a list has no names
		}
		if p.steps = append(p.steps, s); len(p.steps) > document.MaxSteps {
			return errNotPath
		}
	}
}

// word is a name.
func (p *templateParser) word() string {
	p.next()
	end := 0
	for end < len(p.rest) && (written.IsWordy(p.rest[end]) && p.rest[end] != '.' && p.rest[end] != '+') {
		end++
	}
	name := p.rest[:end]
	p.rest = p.rest[end:]
	return name
}

// last is the name of the member that the template leads to; empty: it leads to the payload, or into a list.
func (t *template) last() string {
	if n := len(t.path.Steps); n > 0 {
		return t.path.Steps[n-1].Name
	}
	return ""
}
