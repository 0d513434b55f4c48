package decode

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// path leads from a JSON value to one or more values inside it:
//
//	info.temperature        members by name
//	lines[0].in             the first element of an array
//	lines[*].in             every element; * stands for every member of an object or element of an array
//	items[direction=in].n   the elements whose member direction is "in"
//	["a.b"].c               a name with dots or brackets
//	**                      every scalar below, however deep
//	^.name                  a member of the element that the next outer * chose
//	{line}                  the level of the topic that a pattern calls {line}
//	$                       the value itself
type path struct {
	text  string
	steps []step
}

type step struct {
	kind  stepKind
	name  string // stepName; stepSelect: the member that is compared
	value string // stepSelect
	index int    // stepIndex
}

type stepKind uint8

const (
	stepName stepKind = iota + 1
	stepIndex
	stepAll
	stepSelect
	stepDeep
	stepUp
	stepCapture
)

// maxSteps bounds a path.
const maxSteps = 16

func parsePath(text string) (path, error) {
	p := path{text: text}
	rest := strings.TrimPrefix(text, "$")
	if rest == text && text == "" {
		return p, errors.New("empty path: want names joined by dots, such as info.temperature")
	}
	if strings.HasPrefix(text, "{") {
		name := strings.TrimSuffix(text[1:], "}")
		if len(name) != len(text)-2 || !plainWord([]byte(name)) {
			return p, fmt.Errorf("path %q: want a level of the topic as {name} alone", text)
		}
		p.steps = []step{{kind: stepCapture, name: name}}
		return p, nil
	}
	if strings.HasPrefix(text, "^") {
		p.steps, rest = append(p.steps, step{kind: stepUp}), text[1:]
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
	if inner == "*" {
		return step{kind: stepAll}, rest, nil
	}
	if name, value, ok := strings.Cut(inner, "="); ok && name != "" {
		return step{kind: stepSelect, name: name, value: value}, rest, nil
	}
	n, err := strconv.Atoi(inner)
	if err != nil || n < 0 {
		return step{}, "", fmt.Errorf(`path: [%s]: want a number from 0, *, name=value or "name"`, inner)
	}
	return step{kind: stepIndex, index: n}, rest, nil
}

// many reports whether the path can lead to more than one value.
func (p *path) many() bool {
	for _, s := range p.steps {
		if s.kind == stepAll || s.kind == stepSelect || s.kind == stepDeep {
			return true
		}
	}
	return false
}

// ends reports whether the path's last step is of a kind.
func (p *path) ends(k stepKind) bool { return len(p.steps) > 0 && p.steps[len(p.steps)-1].kind == k }

// found is one value that a path leads to.
type found struct {
	at int32
	// element is the member or array element that the last * or selection chose; the start where there is none.
	element int32
	// outer is what the * before that chose; the root where there is none.
	outer int32
	// label tells the choices of * apart: positions from 1, or names, joined by dots. Empty without *.
	label string
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
	from.label = ""
	walk(doc, p.steps, from, yield)
}

func walk(doc *document, steps []step, f found, yield func(found) bool) bool {
	if len(steps) == 0 {
		return yield(f)
	}
	s, rest := &steps[0], steps[1:]
	switch kind := doc.nodes[f.at].kind; {
	case s.kind == stepName:
		if c, ok := doc.member(f.at, s.name); ok {
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
	case s.kind == stepAll && (kind == '[' || kind == '{'):
		i := 0
		for c := range doc.children(f.at) {
			i++
			label := strconv.Itoa(i)
			if kind == '{' {
				label = channelText(doc.nodes[c].name)
			}
			if f.label != "" {
				label = f.label + "." + label
			}
			if !walk(doc, rest, found{c, c, f.element, label}, yield) {
				return false
			}
		}
	case s.kind == stepSelect && kind == '[':
		for c := range doc.children(f.at) {
			if m, ok := doc.member(c, s.name); ok && string(doc.nodes[m].raw) == s.value {
				if !walk(doc, rest, found{c, c, f.element, f.label}, yield) {
					return false
				}
			}
		}
	case s.kind == stepDeep:
		return walkDeep(doc, f, yield)
	case s.kind == stepUp:
		return walk(doc, rest, found{at: f.outer, element: f.outer}, yield)
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
		below := found{c, f.at, f.element, f.label}
		if k := doc.nodes[c].kind; k == '{' || k == '[' {
			label := strconv.Itoa(i)
			if kind == '{' {
				label = channelText(doc.nodes[c].name)
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

// maxChannel bounds the name of a channel, in bytes.
const maxChannel = 64

// channelText makes a channel's name of a device's own words: letters, digits and a few signs, the rest replaced.
func channelText(b []byte) string {
	out := make([]byte, 0, min(len(b), maxChannel))
	for _, c := range b[:min(len(b), maxChannel)] {
		if !plain([]byte{c}, " _-.:") {
			c = '_'
		}
		out = append(out, c)
	}
	return string(out)
}
