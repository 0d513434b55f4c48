package decode

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// path leads from a JSON value to one or more values inside it:
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
type path struct {
	text  string
	steps []step
	or    *path // the next of several; nil: this is the last
}

type step struct {
	kind     stepKind
	name     string // stepName; stepSelect: the member that is compared
	value    string // stepSelect
	ref      *path  // stepSelect: leads to the value; nil: value is it
	index    int    // stepIndex; stepUp: how far
	optional bool   // stepName
}

type stepKind uint8

const (
	stepName stepKind = iota + 1
	stepIndex
	stepAll
	stepEach
	stepSelect
	stepDeep
	stepUp
	stepCapture
)

// maxSteps and maxUp bound a path.
const (
	maxSteps = 16
	maxUp    = 2
)

func parsePath(text string) (path, error) {
	var parsed []path
	for _, part := range alternatives(text) {
		p, err := parseOne(part)
		if err != nil {
			return p, err
		}
		parsed = append(parsed, p)
	}
	for i := range parsed[1:] {
		parsed[i].or = &parsed[i+1]
	}
	parsed[0].text = text
	return parsed[0], nil
}

// alternatives splits text at every | outside of brackets; at least one.
func alternatives(text string) []string {
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

func parseOne(text string) (path, error) {
	p := path{text: text}
	rest := strings.TrimPrefix(text, "$")
	if rest == text && text == "" {
		return p, errors.New("empty path: want names joined by dots, such as info.temperature")
	}
	if strings.HasPrefix(text, "{") {
		name := strings.TrimSuffix(text[1:], "}")
		if len(name) != len(text)-2 || !written.PlainWord([]byte(name)) {
			return p, fmt.Errorf("path %q: want a level of the topic as {name} alone", text)
		}
		p.steps = []step{{kind: stepCapture, name: name}}
		return p, nil
	}
	if strings.HasPrefix(text, "^") {
		rest = strings.TrimLeft(text, "^")
		far := len(text) - len(rest)
		if far > maxUp {
			return p, fmt.Errorf("path %q: want at most %d ^", text, maxUp)
		}
		p.steps = append(p.steps, step{kind: stepUp, index: far})
	}
	for first := len(p.steps) == 0; rest != ""; first = false {
		switch {
		case rest[0] == '[':
			s, tail, err := parseBracket(rest)
			if err != nil {
				return p, err
			}
			p.steps, rest = append(p.steps, s), tail
		case p.ends(stepDeep):
			return p, fmt.Errorf("path %q: want ** at the end", text)
		case rest[0] == '.' && first && strings.HasPrefix(text, "$"), rest[0] == '.' && !first:
			name, tail := cutName(rest[1:])
			if name == "" {
				return p, fmt.Errorf("path %q: want a name behind the dot at %q", text, rest)
			}
			p.steps, rest = append(p.steps, nameStep(name)), tail
		case first:
			name, tail := cutName(rest)
			if name == "" {
				return p, fmt.Errorf("path %q: want a name at %q", text, rest)
			}
			p.steps, rest = append(p.steps, nameStep(name)), tail
		default:
			return p, fmt.Errorf("path %q: want . or [ at %q", text, rest)
		}
		if len(p.steps) > maxSteps {
			return p, fmt.Errorf("path %q: want at most %d steps", text, maxSteps)
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

func nameStep(name string) step {
	switch name {
	case "*":
		return step{kind: stepAll}
	case "**":
		return step{kind: stepDeep}
	}
	if plain, optional := strings.CutSuffix(name, "?"); optional && plain != "" {
		return step{kind: stepName, name: plain, optional: true}
	}
	return step{kind: stepName, name: name}
}

func parseBracket(s string) (step, string, error) {
	if strings.HasPrefix(s, `["`) {
		end := strings.Index(s, `"]`)
		if end < 2 {
			return step{}, "", fmt.Errorf(`path: %q has no closing "]`, s)
		}
		return step{kind: stepName, name: s[2:end]}, s[end+2:], nil
	}
	end := strings.IndexByte(s, ']')
	if end < 0 {
		return step{}, "", fmt.Errorf("path: %q has no closing ]", s)
	}
	inner, rest := s[1:end], s[end+1:]
	switch inner {
	case "*":
		return step{kind: stepAll}, rest, nil
	case "":
		return step{kind: stepEach}, rest, nil
	}
	if name, value, ok := strings.Cut(inner, "="); ok && name != "" {
		if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
			ref, err := parseOne(value[1 : len(value)-1])
			if err == nil && ref.many() {
				err = fmt.Errorf("path: [%s]: %s leads to several values, want one", inner, value)
			}
			return step{kind: stepSelect, name: name, ref: &ref}, rest, err
		}
		return step{kind: stepSelect, name: name, value: value}, rest, nil
	}
	n, err := strconv.Atoi(inner)
	if err != nil || n < 0 {
		return step{}, "", fmt.Errorf(`path: [%s]: want a number from 0, *, nothing, name=value or "name"`, inner)
	}
	return step{kind: stepIndex, index: n}, rest, nil
}

// many reports whether the path can lead to more than one value.
func (p *path) many() bool {
	for ; p != nil; p = p.or {
		for _, s := range p.steps {
			if s.kind == stepAll || s.kind == stepEach || s.kind == stepSelect || s.kind == stepDeep {
				return true
			}
		}
	}
	return false
}

// ends reports whether the path's last step is of a kind.
func (p *path) ends(k stepKind) bool { return len(p.steps) > 0 && p.steps[len(p.steps)-1].kind == k }

// found is one value that a path leads to.
type found struct {
	at int32
	// start is where the path begins.
	start int32
	// element is the member or array element that the last * or selection chose; the start where there is none.
	element int32
	// outer is what the * before that chose, and beyond the one before that; the root where there is none.
	outer, beyond int32
	// label tells the choices of * apart: positions from 1, or names, joined by dots. Empty without *.
	label string
}

// chosen is where * or a selection leads from f: to node c.
func (f found) chosen(c int32, label string) found {
	return found{at: c, start: f.start, element: c, outer: f.element, beyond: f.outer, label: label}
}

// around is where to look for what stands beside the value that was found: its element.
func (f found) around() found {
	return found{at: f.element, element: f.element, outer: f.outer, beyond: f.beyond}
}

// inside is where to look in the value that was found, as an element.
func (f found) inside() found {
	return found{at: f.at, element: f.at, outer: f.outer, beyond: f.beyond}
}

// first is the first value that p leads to from node at.
func (p *path) first(doc *document, at int32) (int32, bool) {
	return p.firstFrom(doc, found{at: at, element: at})
}

// firstFrom is first, looking from where another path has led.
func (p *path) firstFrom(doc *document, from found) (int32, bool) {
	var got int32
	ok := false
	p.each(doc, from, func(f found) bool {
		got, ok = f.at, true
		return false
	})
	return got, ok
}

// each calls yield for every value that p leads to, in reading order, until it says false.
func (p *path) each(doc *document, from found, yield func(found) bool) {
	from.label, from.start = "", from.at
	if p.or == nil {
		walk(doc, p.steps, from, yield)
		return
	}
	led := false
	for ; p != nil && !led; p = p.or {
		walk(doc, p.steps, from, func(f found) bool {
			led = true
			return yield(f)
		})
	}
}

func walk(doc *document, steps []step, f found, yield func(found) bool) bool {
	if len(steps) == 0 {
		return yield(f)
	}
	s, rest := &steps[0], steps[1:]
	switch kind := doc.nodes[f.at].kind; {
	case s.kind == stepName:
		c, ok := doc.member(f.at, s.name)
		switch {
		case s.optional && (!ok || doc.nodes[c].kind != '{' && doc.nodes[c].kind != '['):
			return walk(doc, rest, f, yield)
		case ok:
			f.at = c
			return walk(doc, rest, f, yield)
		}
	case s.kind == stepIndex && kind == '[':
		i := 0
		for c := range doc.children(f.at) {
			if i == s.index {
				f.at = c
				return walk(doc, rest, f, yield)
			}
			i++
		}
	case s.kind == stepEach && kind != '[':
		return walk(doc, rest, f.chosen(f.at, f.label), yield)
	case s.kind == stepAll && (kind == '[' || kind == '{'), s.kind == stepEach:
		i := 0
		for c := range doc.children(f.at) {
			i++
			label := strconv.Itoa(i)
			if kind == '{' {
				label = written.Channel(doc.nodes[c].name)
			}
			if f.label != "" {
				label = f.label + "." + label
			}
			if !walk(doc, rest, f.chosen(c, label), yield) {
				return false
			}
		}
	case s.kind == stepSelect && kind == '[':
		want := s.value
		if s.ref != nil {
			at, ok := s.ref.first(doc, f.start)
			if !ok {
				return true
			}
			want = string(doc.nodes[at].raw)
		}
		for c := range doc.children(f.at) {
			if m, ok := doc.member(c, s.name); ok && string(doc.nodes[m].raw) == want {
				if !walk(doc, rest, f.chosen(c, f.label), yield) {
					return false
				}
			}
		}
	case s.kind == stepDeep:
		return walkDeep(doc, f, yield)
	case s.kind == stepUp && s.index == 1:
		return walk(doc, rest, found{at: f.outer, start: f.start, element: f.outer, outer: f.beyond}, yield)
	case s.kind == stepUp:
		return walk(doc, rest, found{at: f.beyond, start: f.start, element: f.beyond}, yield)
	case s.kind == stepCapture:
		if c, ok := doc.captured(s.name); ok {
			f.at = c
			return yield(f)
		}
	}
	return true
}

// walkDeep yields the scalars below f; the containers on the way are their label.
func walkDeep(doc *document, f found, yield func(found) bool) bool {
	kind := doc.nodes[f.at].kind
	if kind != '{' && kind != '[' {
		return yield(f)
	}
	i := 0
	for c := range doc.children(f.at) {
		i++
		below := found{at: c, start: f.start, element: f.at, outer: f.element, beyond: f.outer, label: f.label}
		if k := doc.nodes[c].kind; k == '{' || k == '[' {
			label := strconv.Itoa(i)
			if kind == '{' {
				label = written.Channel(doc.nodes[c].name)
			}
			if below.label != "" {
				label = below.label + "." + label
			}
			below.label = label
		}
		if !walkDeep(doc, below, yield) {
			return false
		}
	}
	return true
}
