package strict

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Node is a value of the document on the way into an Unmarshaler.
type Node struct {
	d    *decoder
	n    *node
	path string
	key  Position
	also []string // keys that are known although no field has them
}

// Entry is one key of a mapping with its value.
type Entry struct {
	Name string
	Node
}

// At is where the value stands.
func (n Node) At() Position { return n.n.at }

// Key is where its key stands; for the whole document and in lists, where the value itself does.
func (n Node) Key() Position {
	if n.key.Line > 0 {
		return n.key
	}
	return n.n.at
}

// Path is the value's path, as Places knows it.
func (n Node) Path() string { return n.path }

// Problem records a problem at the value's place.
func (n Node) Problem(format string, args ...any) { n.d.problems.Add(n.n.at, format, args...) }

// ProblemAt records a problem elsewhere.
func (n Node) ProblemAt(at Position, format string, args ...any) {
	n.d.problems.Add(at, format, args...)
}

// What describes the value in words: a quoted text, a number, "a list".
func (n Node) What() string { return n.n.what() }

// IsMap reports whether the value is a mapping.
func (n Node) IsMap() bool { return n.n.kind == kindMap }

// IsList reports whether the value is a list.
func (n Node) IsList() bool { return n.n.kind == kindList }

// Text is a scalar as it is written; ok is false for a list, a mapping or nothing.
func (n Node) Text() (text string, ok bool) {
	return n.n.text, n.n.kind == kindText || n.n.kind == kindNumber || n.n.kind == kindBool
}

// Entries lists the keys of a mapping in their order, nothing for other values.
func (n Node) Entries() []Entry {
	entries := make([]Entry, 0, len(n.n.entries))
	for _, e := range n.n.entries {
		entries = append(entries, Entry{e.key, n.child(e)})
	}
	return entries
}

// Items lists the elements of a list, nothing for other values.
func (n Node) Items() []Node {
	items := make([]Node, 0, len(n.n.items))
	for i, item := range n.n.items {
		items = append(items, n.item(i, item))
	}
	return items
}

// Without is a mapping without the keys that were taken already. also are keys of that sort, to suggest for unknown ones.
func (n Node) Without(taken func(key string) bool, also ...string) Node {
	rest := *n.n
	rest.entries = nil
	for _, e := range n.n.entries {
		if !taken(e.key) {
			rest.entries = append(rest.entries, e)
		}
	}
	n.n, n.also = &rest, also
	return n
}

// Or is a mapping with what it does not say itself taken from a YAML document, which must be a mapping: defaults where a key is
// otherwise required. They stand where the mapping does.
func (n Node) Or(defaults string) Node {
	var problems Problems
	root := parse("", []byte(defaults), &problems)
	if root == nil || len(problems) > 0 {
		n.Problem("defaults cannot be read: %v", problems)
		return n
	}
	own := *n.n
	own.entries = slices.Clone(own.entries)
	for _, e := range root.entries {
		if !slices.ContainsFunc(own.entries, func(o entry) bool { return o.key == e.key }) {
			own.entries = append(own.entries, e.moved(n.Key()))
		}
	}
	n.n = &own
	return n
}

// moved is the entry with all its values at one place.
func (e entry) moved(at Position) entry {
	e.at, e.value = at, e.value.moved(at)
	return e
}

func (n *node) moved(at Position) *node {
	m := *n
	m.at, m.items, m.entries = at, nil, nil
	for _, item := range n.items {
		m.items = append(m.items, item.moved(at))
	}
	for _, e := range n.entries {
		m.entries = append(m.entries, e.moved(at))
	}
	return &m
}

// Decode reads the value into the pointer v. Several pointers must be to structs: each key of the mapping goes to the one
// that has the field.
func (n Node) Decode(v ...any) {
	if len(v) == 1 {
		p := reflect.ValueOf(v[0])
		if f, ok := v[0].(Defaulter); ok && p.Elem().IsZero() {
			f.SetDefaults()
		}
		n.d.decode(n, p.Elem(), "")
		return
	}
	targets := make([]reflect.Value, len(v))
	for i, t := range v {
		targets[i] = reflect.ValueOf(t).Elem()
	}
	if !n.d.spent(n) {
		n.d.structs(n, targets)
	}
}

// child is the value of an entry; its place becomes known.
func (n Node) child(e entry) Node {
	path := e.key
	if n.path != "" {
		path = n.path + "." + e.key
	}
	at := e.value.at
	if e.value.kind == kindMap || e.value.kind == kindList || e.value.kind == kindNull {
		at = e.at
	}
	n.d.places.at[path] = at
	return Node{d: n.d, n: e.value, path: path, key: e.at}
}

func (n Node) item(i int, item *node) Node {
	path := fmt.Sprintf("%s[%d]", n.path, i)
	n.d.places.at[path] = item.at
	return Node{d: n.d, n: item, path: path}
}

// label names the value in a problem: the last part of its path.
func (n Node) label() string {
	if n.path == "" {
		return "the file"
	}
	return n.path[strings.LastIndexByte(n.path, '.')+1:]
}

// mismatch records that the value is not of the wanted type.
func (n Node) mismatch(t reflect.Type, tag reflect.StructTag) {
	what := n.n.what()
	if tag.Get("private") != "" {
		what = "not right"
	}
	n.Problem("%s is %s, want %s", n.label(), what, Wanted(t, tag))
}
