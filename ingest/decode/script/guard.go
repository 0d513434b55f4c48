package script

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// The engine stops a script between two instructions, not inside a built-in. So every built-in that can work long, or make
// much of little, refuses inputs that are far beyond what an uplink of 255 bytes can need.
const (
	maxSize    = 64 << 10 // elements of an array, characters of a text
	maxMade    = 1 << 20  // characters or elements that go into a call together, or come out of it
	maxSteps   = 1 << 17  // elements that built-ins take from iterators in one run
	maxPattern = 1 << 10  // bytes of a regular expression
	maxSubject = 16 << 10 // characters of a text that one is tried on
	maxNodes   = 64 << 10 // elements of a tree that is flattened or written as JSON
	maxLevels  = 500      // of such a tree
	maxInside  = 1000     // built-ins that call each other
)

// guard is host.guard of bounds.js: a function like the one given, behind a check.
func (r *realm) guard(c goja.FunctionCall) goja.Value {
	fn := c.Argument(0).(*goja.Object)
	inner, ok := fn.Export().(func(goja.FunctionCall) goja.Value)
	if !ok {
		panic("bounds.js: guard wants a built-in function")
	}
	kind := c.Argument(1).String()
	check := r.check(kind)
	if check == nil && kind != "" {
		panic("bounds.js: unknown kind of guard " + strconv.Quote(kind))
	}
	stand := r.rt.ToValue(func(c goja.FunctionCall) goja.Value {
		r.goOn()
		if r.inside++; r.inside > maxInside {
			r.exceed("built-in functions inside one another")
		}
		defer func() { r.inside-- }()
		total := r.bound(c.This)
		for _, arg := range c.Arguments {
			total += r.bound(arg)
		}
		r.make(float64(total))
		if check != nil {
			check(c)
		}
		return inner(c)
	}).(*goja.Object)
	for _, name := range []string{"name", "length"} {
		if err := stand.DefineDataProperty(name, fn.Get(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
			panic(err)
		}
	}
	return stand
}

// check is what a kind of guard asks for, beyond sizes.
func (r *realm) check(kind string) func(goja.FunctionCall) {
	switch kind {
	case "array":
		return func(c goja.FunctionCall) { r.arrayLike(c.This) }
	case "like":
		return func(c goja.FunctionCall) { r.arrayLike(c.Argument(0)) }
	case "apply":
		return func(c goja.FunctionCall) { r.arrayLike(c.Argument(1)) }
	case "elements":
		return r.elements
	case "concat":
		return r.concat
	case "flat":
		return func(c goja.FunctionCall) {
			r.arrayLike(c.This)
			r.tree(c.This, &tree{}, 0)
		}
	case "tree":
		return func(c goja.FunctionCall) {
			r.tree(c.Argument(0), &tree{objects: true, inset: !goja.IsUndefined(c.Argument(2))}, 0)
		}
	case "step":
		return func(goja.FunctionCall) {
			if r.steps++; r.steps > maxSteps {
				r.exceed("more than 128 Ki elements")
			}
		}
	case "repeat":
		return func(c goja.FunctionCall) { r.make(float64(size(c.This)) * c.Argument(0).ToFloat()) }
	case "pad":
		return func(c goja.FunctionCall) { r.make(c.Argument(0).ToFloat()) }
	case "replace":
		return r.replace
	case "pattern":
		return r.pattern
	}
	return nil
}

// goOn ends the call if its clock has asked for that.
func (r *realm) goOn() {
	if reason := r.asked.Load(); reason != nil {
		r.over = *reason
		r.stop()
	}
}

func (r *realm) exceed(what string) {
	if r.over == nil {
		r.over = fmt.Errorf("%w: %s", ErrLimit, what)
	}
	r.stop()
}

// stop ends the call: the script may catch the exception, but no instruction of it is run after that.
func (r *realm) stop() {
	r.rt.Interrupt(r.over)
	panic(r.rt.NewTypeError("limit exceeded"))
}

// size is the length of a text or array, and nothing for all else.
func size(v goja.Value) int64 {
	switch v := v.(type) {
	case *goja.Object:
		if class := v.ClassName(); class == "Array" || class == "String" {
			return v.Get("length").ToInteger()
		}
	case goja.String:
		return int64(v.Length())
	}
	return 0
}

func (r *realm) bound(v goja.Value) int64 {
	n := size(v)
	if n > maxSize {
		r.exceed("a text or array of more than 64 Ki elements")
	}
	return n
}

// make bounds what a built-in is about to work on or make.
func (r *realm) make(n float64) {
	if n > maxMade {
		r.exceed("texts or arrays of more than 1 Mi elements")
	}
}

// arrayLike bounds what is no array and claims to be one: by a plain number, which the built-in will find as well.
func (r *realm) arrayLike(v goja.Value) {
	o, ok := v.(*goja.Object)
	if !ok || o.ClassName() == "Array" {
		return
	}
	property := r.find(o, r.rt.ToValue("length"))
	if property == nil {
		return
	}
	n := property.Get("value")
	if get := property.Get("get"); !empty(get) {
		if !get.SameAs(r.typedLength) {
			r.exceed("a length that is computed")
		}
		n = o.Get("length")
	}
	if _, ok := n.(*goja.Object); ok {
		r.exceed("a length that is computed")
	}
	if !empty(n) && n.ToFloat() > maxSize {
		r.exceed("an array of more than 64 Ki elements")
	}
}

// find describes the property that an object has or inherits under a key, nil if none. No getter of the script runs.
func (r *realm) find(o *goja.Object, key goja.Value) *goja.Object {
	for ; o != nil; o = o.Prototype() {
		if property, ok := r.property(goja.FunctionCall{Arguments: []goja.Value{o, key}}).(*goja.Object); ok {
			return property
		}
	}
	return nil
}

// concat refuses what says that it is spread like an array and is none.
func (r *realm) concat(c goja.FunctionCall) {
	r.arrayLike(c.This)
	for _, arg := range c.Arguments {
		if o, ok := arg.(*goja.Object); ok && o.ClassName() != "Array" && r.find(o, goja.SymIsConcatSpreadable) != nil {
			r.exceed("an object that is spread like an array")
		}
	}
}

// elements bounds the texts in an array that a built-in joins or compares.
func (r *realm) elements(c goja.FunctionCall) {
	r.arrayLike(c.This)
	o, ok := c.This.(*goja.Object)
	if !ok {
		return
	}
	n := o.Get("length")
	if n == nil {
		return
	}
	total := n.ToInteger() * size(c.Argument(0))
	for i := range int(n.ToInteger()) {
		total += size(o.Get(strconv.Itoa(i)))
		r.make(float64(total))
	}
}

// replace bounds what replacing makes of a text. If a function says what stands in for each place, the clock stops it.
func (r *realm) replace(c goja.FunctionCall) {
	r.pattern(c)
	if with, ok := c.Argument(1).(goja.String); ok {
		each, text := size(with), size(c.This)
		if strings.Contains(with.String(), "$") {
			each *= max(text, 1) // what was found, or all before it, may be part of it
		}
		r.make(float64(text+1) * float64(each))
	}
}

// pattern bounds what a regular expression is tried on: how long that takes is not always in proportion.
func (r *realm) pattern(c goja.FunctionCall) {
	r.matched = true
	if size(c.This) > maxSubject || size(c.Argument(0)) > maxSubject {
		r.exceed("a regular expression on a text of more than 16 Ki characters")
	}
}

// tree bounds what a built-in goes through that follows nested values.
type tree struct {
	objects bool // into objects, not only arrays
	inset   bool // each level is indented
	nodes   int
	above   []*goja.Object
}

func (r *realm) tree(v goja.Value, t *tree, depth int) {
	r.goOn()
	if t.nodes++; t.inset {
		t.nodes += depth
	}
	if text, ok := v.(goja.String); ok {
		t.nodes += text.Length() / 16
	}
	if t.nodes > maxNodes || depth > maxLevels {
		r.exceed("a tree of more than 64 Ki elements or 500 levels")
	}
	o, ok := v.(*goja.Object)
	if !ok || slices.Contains(t.above, o) {
		return // what contains itself the built-in finds out, and throws
	}
	t.above = append(t.above, o)
	if o.ClassName() == "Array" {
		for i := range int(min(o.Get("length").ToInteger(), maxSize+1)) {
			r.tree(o.Get(strconv.Itoa(i)), t, depth+1)
		}
	} else if t.objects {
		for _, name := range o.Keys() {
			t.nodes += len(name) / 16
			r.tree(o.Get(name), t, depth+1)
		}
	}
	t.above = t.above[:len(t.above)-1]
}
