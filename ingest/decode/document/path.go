package document

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// Path leads from a JSON value to one or more values inside it:
//
//	info.temperature        members by name
//	lines[0].in             the first element of an array
//	lines[*].in             every element; * stands for every member of an object or element of an array
//	lines[].in              every element of an array, or the value itself where it is none (XML tells one from many by that)
//	items[direction=in].n   the elements whose member direction is "in"
//	tracks[id={track}].type the elements whose member id is what the path track leads to, from where this path begins
//	["a.b"].c               a name with dots or brackets
//	data?.co2               the member co2 of data, or of the value itself where it has no container data
//	**                      every scalar below, however deep
//	^.name                  a member of the element that the next outer * chose; ^^ of the one outside that
//	{line}                  the level of the topic that a pattern calls {line}
//	$                       the value itself
//	a.b|c                   where the first of several paths that leads anywhere leads
type Path struct {
	Text  string
	Steps []Step
	or    *Path // the next of several; nil: this is the last
}

// Step is one step of a path.
type Step struct {
	Kind     StepKind
	Name     string // StepName; stepSelect: the member that is compared
	value    string // stepSelect
	ref      *Path  // stepSelect: leads to the value; nil: value is it
	Index    int    // StepIndex; stepUp: how far
	optional bool   // StepName
}

// StepKind is what a step does.
type StepKind uint8

// The kinds that others make and ask for.
const (
	StepName StepKind = iota + 1
	StepIndex
	StepAll
	stepEach
	stepSelect
	stepDeep
	stepUp
	stepCapture
)

// MaxSteps and maxUp bound a path.
const (
	MaxSteps = 16
	maxUp    = 2
)

// ParsePath reads a path; text is a model's.
func ParsePath(text string) (Path, error) {
	var parsed []Path
	for _, part := range Alternatives(text) {
		p, err := parseOne(part)
		if err != nil {
			return p, err
		}
		parsed = append(parsed, p)
	}
	for i := range parsed[1:] {
		parsed[i].or = &parsed[i+1]
	}
	parsed[0].Text = text
	return parsed[0], nil
}

// Alternatives splits text at every | outside of brackets; at least one.
func Alternatives(text string) []string {
	var parts []string
	depth, begin := 0, 0
	for i, c := range []byte(text) {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == '|' && depth == 0:
			parts, begin = append(parts, text[begin:i]), i+1
		}
	}
	return append(parts, text[begin:])
}

func parseOne(text string) (Path, error) {
	p := Path{Text: text}
	rest := strings.TrimPrefix(text, "$")
	if rest == text && text == "" {
		return p, errors.New("empty path: want names joined by dots, such as info.temperature")
	}
	if strings.HasPrefix(text, "{") {
		name := strings.TrimSuffix(text[1:], "}")
		if len(name) != len(text)-2 || !written.PlainWord([]byte(name)) {
			return p, fmt.Errorf("path %q: want a level of the topic as {name} alone", text)
		}
		p.Steps = []Step{{Kind: stepCapture, Name: name}}
		return p, nil
	}
	if strings.HasPrefix(text, "^") {
		rest = strings.TrimLeft(text, "^")
		far := len(text) - len(rest)
		if far > maxUp {
			return p, fmt.Errorf("path %q: want at most %d ^", text, maxUp)
		}
		p.Steps = append(p.Steps, Step{Kind: stepUp, Index: far})
	}
	for first := len(p.Steps) == 0; rest != ""; first = false {
		switch {
		case rest[0] == '[':
			s, tail, err := parseBracket(rest)
			if err != nil {
				return p, err
			}
			p.Steps, rest = append(p.Steps, s), tail
		case p.Ends(stepDeep):
			return p, fmt.Errorf("path %q: want ** at the end", text)
		case rest[0] == '.' && first && strings.HasPrefix(text, "$"), rest[0] == '.' && !first:
			name, tail := cutName(rest[1:])
			if name == "" {
				return p, fmt.Errorf("path %q: want a name behind the dot at %q", text, rest)
			}
			p.Steps, rest = append(p.Steps, nameStep(name)), tail
		case first:
			name, tail := cutName(rest)
			if name == "" {
				return p, fmt.Errorf("path %q: want a name at %q", text, rest)
			}
			p.Steps, rest = append(p.Steps, nameStep(name)), tail
		default:
			return p, fmt.Errorf("path %q: want . or [ at %q", text, rest)
		}
		if len(p.Steps) > MaxSteps {
			return p, fmt.Errorf("path %q: want at most %d steps", text, MaxSteps)
		}
	}
	return p, nil
}

func cutName(s string) (name, rest string) {
	if i := strings.IndexAny(s, ".[]"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func nameStep(name string) Step {
	switch name {
	case "*":
		return Step{Kind: StepAll}
	case "**":
		return Step{Kind: stepDeep}
	}
	if plain, optional := strings.CutSuffix(name, "?"); optional && plain != "" {
		return Step{Kind: StepName, Name: plain, optional: true}
	}
	return Step{Kind: StepName, Name: name}
}

func parseBracket(s string) (Step, string, error) {
	if strings.HasPrefix(s, `["`) {
		end := strings.Index(s, `"]`)
		if end < 2 {
			return Step{}, "", fmt.Errorf(`path: %q has no closing "]`, s)
		}
		return Step{Kind: StepName, Name: s[2:end]}, s[end+2:], nil
	}
	end := strings.IndexByte(s, ']')
	if end < 0 {
		return Step{}, "", fmt.Errorf("path: %q has no closing ]", s)
	}
	inner, rest := s[1:end], s[end+1:]
	switch inner {
	case "*":
		return Step{Kind: StepAll}, rest, nil
	case "":
		return Step{Kind: stepEach}, rest, nil
	}
	if name, value, ok := strings.Cut(inner, "="); ok && name != "" {
		if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
			ref, err := parseOne(value[1 : len(value)-1])
			if err == nil && ref.Many() {
				err = fmt.Errorf("path: [%s]: %s leads to several values, want one", inner, value)
			}
			return Step{Kind: stepSelect, Name: name, ref: &ref}, rest, err
		}
		return Step{Kind: stepSelect, Name: name, value: value}, rest, nil
	}
	n, err := strconv.Atoi(inner)
	if err != nil || n < 0 {
		return Step{}, "", fmt.Errorf(`path: [%s]: want a number from 0, *, nothing, name=value or "name"`, inner)
	}
	return Step{Kind: StepIndex, Index: n}, rest, nil
}

// Many reports whether the path can lead to more than one value.
func (p *Path) Many() bool {
	for ; p != nil; p = p.or {
		for _, s := range p.Steps {
			if s.Kind == StepAll || s.Kind == stepEach || s.Kind == stepSelect || s.Kind == stepDeep {
				return true
			}
		}
	}
	return false
}

// Ends reports whether the path's last step is of a kind.
func (p *Path) Ends(k StepKind) bool { return len(p.Steps) > 0 && p.Steps[len(p.Steps)-1].Kind == k }

// Found is one value that a path leads to.
type Found struct {
	At int32
	// start is where the path begins.
	start int32
	// element is the member or array element that the last * or selection chose; the start where there is none.
	element int32
	// Outer is what the * before that chose, and beyond the one before that; the root where there is none.
	Outer, beyond int32
	// Label tells the choices of * apart: positions from 1, or names, joined by dots. Empty without *.
	Label string
}

// chosen is where * or a selection leads from f: to node c.
func (f Found) chosen(c int32, label string) Found {
	return Found{At: c, start: f.start, element: c, Outer: f.element, beyond: f.Outer, Label: label}
}

// Around is where to look for what stands beside the value that was found: its element.
func (f Found) Around() Found {
	return Found{At: f.element, element: f.element, Outer: f.Outer, beyond: f.beyond}
}

// Inside is where to look in the value that was found, as an element.
func (f Found) Inside() Found {
	return Found{At: f.At, element: f.At, Outer: f.Outer, beyond: f.beyond}
}

// First is the first value that p leads to from node at.
func (p *Path) First(doc *Document, at int32) (int32, bool) {
	return p.FirstFrom(doc, Found{At: at, element: at})
}

// FirstFrom is first, looking from where another path has led.
func (p *Path) FirstFrom(doc *Document, from Found) (int32, bool) {
	var got int32
	ok := false
	p.Each(doc, from, func(f Found) bool {
		got, ok = f.At, true
		return false
	})
	return got, ok
}

// Each calls yield for every value that p leads to, in reading order, until it says false.
func (p *Path) Each(doc *Document, from Found, yield func(Found) bool) {
	from.Label, from.start = "", from.At
	if p.or == nil {
		walk(doc, p.Steps, from, yield)
		return
	}
	led := false
	for ; p != nil && !led; p = p.or {
		walk(doc, p.Steps, from, func(f Found) bool {
			led = true
			return yield(f)
		})
	}
}

func walk(doc *Document, steps []Step, f Found, yield func(Found) bool) bool {
	if len(steps) == 0 {
		return yield(f)
	}
	s, rest := &steps[0], steps[1:]
	switch kind := doc.Nodes[f.At].Kind; {
	case s.Kind == StepName:
		c, ok := doc.Member(f.At, s.Name)
		switch {
		case s.optional && (!ok || doc.Nodes[c].Kind != '{' && doc.Nodes[c].Kind != '['):
			return walk(doc, rest, f, yield)
		case ok:
			f.At = c
			return walk(doc, rest, f, yield)
		}
	case s.Kind == StepIndex && kind == '[':
		i := 0
		for c := range doc.Children(f.At) {
			if i == s.Index {
				f.At = c
				return walk(doc, rest, f, yield)
			}
			i++
		}
	case s.Kind == stepEach && kind != '[':
		return walk(doc, rest, f.chosen(f.At, f.Label), yield)
	case s.Kind == StepAll && (kind == '[' || kind == '{'), s.Kind == stepEach:
		i := 0
		for c := range doc.Children(f.At) {
			i++
			label := strconv.Itoa(i)
			if kind == '{' {
				label = written.Channel(doc.Nodes[c].Name)
			}
			if f.Label != "" {
				label = f.Label + "." + label
			}
			if !walk(doc, rest, f.chosen(c, label), yield) {
				return false
			}
		}
	case s.Kind == stepSelect && kind == '[':
		want := s.value
		if s.ref != nil {
			at, ok := s.ref.First(doc, f.start)
			if !ok {
				return true
			}
			want = string(doc.Nodes[at].Raw)
		}
		for c := range doc.Children(f.At) {
			if m, ok := doc.Member(c, s.Name); ok && string(doc.Nodes[m].Raw) == want {
				if !walk(doc, rest, f.chosen(c, f.Label), yield) {
					return false
				}
			}
		}
	case s.Kind == stepDeep:
		return walkDeep(doc, f, yield)
	case s.Kind == stepUp && s.Index == 1:
		return walk(doc, rest, Found{At: f.Outer, start: f.start, element: f.Outer, Outer: f.beyond}, yield)
	case s.Kind == stepUp:
		return walk(doc, rest, Found{At: f.beyond, start: f.start, element: f.beyond}, yield)
	case s.Kind == stepCapture:
		if c, ok := doc.captured(s.Name); ok {
			f.At = c
			return yield(f)
		}
	}
	return true
}

// walkDeep yields the scalars below f; the containers on the way are their label.
func walkDeep(doc *Document, f Found, yield func(Found) bool) bool {
	kind := doc.Nodes[f.At].Kind
	if kind != '{' && kind != '[' {
		return yield(f)
	}
	i := 0
	for c := range doc.Children(f.At) {
		i++
		below := Found{At: c, start: f.start, element: f.At, Outer: f.element, beyond: f.Outer, Label: f.Label}
		if k := doc.Nodes[c].Kind; k == '{' || k == '[' {
			label := strconv.Itoa(i)
			if kind == '{' {
				label = written.Channel(doc.Nodes[c].Name)
			}
			if below.Label != "" {
				label = below.Label + "." + label
			}
			below.Label = label
		}
		if !walkDeep(doc, below, yield) {
			return false
		}
	}
	return true
}
