package strict

import (
	"encoding"
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
	Read  bool
	at    map[string]Position
	under string // paths begin there
}

// Under is the places of a part of the document, by paths that begin there: a document inside another one.
func (p *Places) Under(path string) *Places {
	return &Places{Read: p.Read, at: p.at, under: joined(p.under, path)}
}

func joined(under, path string) string {
	if under == "" || path == "" || path[0] == '[' {
		return under + path
	}
	return under + "." + path
}

// Vocabulary is the closed set of words of a type.
type Vocabulary struct {
	Type  reflect.Type
	Words []string
}

// At is the place of a path, or of the nearest value around it that is there. A mapping or list stands at its key.
func (p *Places) At(path string) Position {
	path = joined(p.under, path)
	for {
		if at, ok := p.at[path]; ok || path == "" {
			return at
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}

// Has reports whether the document says something at a path.
func (p *Places) Has(path string) bool {
	_, ok := p.at[joined(p.under, path)]
	return ok
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
		if f, ok := reflect.TypeAssert[Defaulter](fresh); ok {
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
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
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
	if f, ok := reflect.TypeAssert[Defaulter](v); ok {
		f.SetDefaults()
	}
	return v.Elem()
}
