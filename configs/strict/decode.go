package strict

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Unmarshaler is a type that reads itself, for what a struct cannot say. It reports problems through n and returns.
type Unmarshaler interface {
	UnmarshalStrict(n Node)
}

// Defaulter is a struct that has other defaults than zero values. SetDefaults is called before decoding into it.
type Defaulter interface {
	SetDefaults()
}

// Decode reads the YAML document data into v, a pointer. It returns every problem it finds and where each value stands, so
// that what is checked later can name the place too. v is complete only if there are no problems.
//
// words name the values of types that read themselves from a closed set of words, so that a problem can suggest one.
func Decode(file string, data []byte, v any, words ...Vocabulary) (*Places, Problems) {
	var problems Problems
	places := &Places{at: map[string]Position{"": {File: file}}}
	root := parse(file, data, &problems)
	if root == nil {
		if len(problems) > 0 {
			return places, problems
		}
		root = &node{kind: kindMap, at: Position{File: file}}
	}
	places.at[""], places.Read = root.at, true
	d := &decoder{problems: &problems, places: places, words: map[reflect.Type][]string{}}
	for _, w := range words {
		d.words[w.Type] = w.Words
	}
	Node{d: d, n: root}.Decode(v)
	problems.Sort()
	return places, problems
}

// Places knows where the values of a document stand, by path: "zones.lobby.area", "listen[1]".
type Places struct {
	// Read is false if the document could not be read at all, so that there is nothing to check in it.
	Read bool
	at   map[string]Position
}

// Vocabulary is the closed set of words of a type.
type Vocabulary struct {
	Type  reflect.Type
	Words []string
}

// At is the place of a path, or of the nearest value around it that is there. A mapping or list stands at its key.
func (p *Places) At(path string) Position {
	for {
		if at, ok := p.at[path]; ok || path == "" {
			return at
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}

// decoder is the state of one Decode.
type decoder struct {
	problems *Problems
	places   *Places
	visited  int
	words    map[reflect.Type][]string
}

// spent counts a visit and reports whether the document has grown beyond all bounds.
func (d *decoder) spent(n Node) bool {
	d.visited++
	if d.visited == maxNodes+1 {
		n.Problem("aliases expand to more than %d values", maxNodes)
	}
	return d.visited > maxNodes
}

// decode reads n into v. tag holds the constraints of the struct field that v belongs to.
func (d *decoder) decode(n Node, v reflect.Value, tag reflect.StructTag) {
	if d.spent(n) || n.n.kind == kindBroken {
		return
	}
	if v.Kind() == reflect.Pointer {
		fresh := reflect.New(v.Type().Elem())
		if f, ok := fresh.Interface().(Defaulter); ok {
			f.SetDefaults()
		}
		d.decode(n, fresh.Elem(), tag)
		v.Set(fresh)
		return
	}
	if n.n.kind == kindNull {
		n.Problem("%s is empty, want %s or no such key", n.label(), Wanted(v.Type(), tag))
		return
	}
	if v.CanAddr() {
		switch u := v.Addr().Interface().(type) {
		case Unmarshaler:
			u.UnmarshalStrict(n)
			return
		case *time.Duration:
			d.duration(n, u, tag)
			return
		case encoding.TextUnmarshaler:
			d.textual(n, u, v.Type(), tag)
			return
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structs(n, []reflect.Value{v})
	case reflect.Slice:
		d.list(n, v, tag)
	case reflect.Map:
		d.mapping(n, v, tag)
	case reflect.Interface:
		if v.NumMethod() > 0 {
			n.Problem("%s cannot be configured", n.label())
			return
		}
		if value := d.any(n); value != nil {
			v.Set(reflect.ValueOf(value))
		}
	default:
		d.scalar(n, v, tag)
	}
}

func (d *decoder) list(n Node, v reflect.Value, tag reflect.StructTag) {
	items := n.n.items
	switch {
	case n.n.kind == kindList:
	case tag.Get("single") != "" && n.n.kind != kindMap:
		items = []*node{n.n}
	default:
		n.mismatch(v.Type(), tag)
		return
	}
	list := reflect.MakeSlice(v.Type(), 0, len(items))
	for i, item := range items {
		element := newValue(v.Type().Elem())
		d.decode(n.item(i, item), element, tag)
		list = reflect.Append(list, element)
	}
	v.Set(list)
}

func (d *decoder) mapping(n Node, v reflect.Value, tag reflect.StructTag) {
	if n.n.kind != kindMap {
		n.mismatch(v.Type(), tag)
		return
	}
	m := reflect.MakeMapWithSize(v.Type(), len(n.n.entries))
	for _, e := range n.n.entries {
		key := reflect.New(v.Type().Key()).Elem()
		d.key(n.child(e), e, key)
		value := newValue(v.Type().Elem())
		d.decode(n.child(e), value, tag)
		m.SetMapIndex(key, value)
	}
	v.Set(m)
}

// key reads the key of a mapping into a map key: text, a whole number, or what reads itself from text.
func (d *decoder) key(n Node, e entry, v reflect.Value) {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(e.key)); err != nil {
			d.problems.Add(e.at, "key %s: %v", quote(e.key), err)
		}
		return
	}
	switch {
	case v.Kind() == reflect.String:
		v.SetString(e.key)
	case v.CanInt():
		i, err := strconv.ParseInt(e.key, 10, v.Type().Bits())
		if err != nil {
			d.problems.Add(e.at, "key %s, want a whole number", quote(e.key))
		}
		v.SetInt(i)
	default:
		n.Problem("%s cannot be configured", n.label())
	}
}

// any reads whatever is there: for free-form parts of a document.
func (d *decoder) any(n Node) any {
	if d.spent(n) {
		return nil
	}
	switch n.n.kind {
	case kindBool:
		return n.n.text == "true"
	case kindNumber:
		if i, err := strconv.ParseInt(n.n.text, base(n.n.text), 64); err == nil {
			return i
		}
		if f, err := strconv.ParseFloat(n.n.text, 64); err == nil {
			return f
		}
		return n.n.text
	case kindText:
		return n.n.text
	case kindList:
		list := make([]any, len(n.n.items))
		for i, item := range n.n.items {
			list[i] = d.any(n.item(i, item))
		}
		return list
	case kindMap:
		m := make(map[string]any, len(n.n.entries))
		for _, e := range n.n.entries {
			m[e.key] = d.any(n.child(e))
		}
		return m
	}
	return nil
}

// base of a whole number as it is written: 0xFFFF is hexadecimal, but 010 is ten.
func base(text string) int {
	if strings.HasPrefix(strings.TrimLeft(text, "+-"), "0x") {
		return 0
	}
	return 10
}

// newValue is a zero value with its defaults.
func newValue(t reflect.Type) reflect.Value {
	v := reflect.New(t)
	if f, ok := v.Interface().(Defaulter); ok {
		f.SetDefaults()
	}
	return v.Elem()
}

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

// IsMap and IsList tell the shape of the value.
func (n Node) IsMap() bool  { return n.n.kind == kindMap }
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
