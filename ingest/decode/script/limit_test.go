package script

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dop251/goja"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/testengine"
)

// What no script may use, however it tries. The bounds are wide: other work on the machine counts as well.
const (
	longest  = 5 * time.Second
	heaviest = 256 << 20
)

// TestLimits runs scripts that try to use up time and memory, inside their own code and inside the engine's.
func TestLimits(t *testing.T) {
	for i, tt := range []struct{ name, body string }{
		{"endless loop", `for (;;) {}`},
		{"endless loop in try", `for (;;) { try { for (;;) {} } catch (e) {} finally { for (;;) {} } }`},
		{"endless recursion", `function f() { return f() + 1 } f()`},
		{"recursion through a built-in", `function f() { return [1].map(f) } f()`},
		{"recursion through a getter", `var o = { get x() { return this.x } }; o.x`},
		{"recursion through toString", `var o = { toString: function () { return "" + this } }; "" + o`},
		{"recursion in a sort", `function f() { return [2, 1].sort(f) } f()`},
		{"recursion caught", `function f() { try { f() } catch (e) { f() } } for (;;) f()`},
		{"growing array", `var a = []; for (;;) a.push(a.length)`},
		{"growing array by index", `var a = []; for (var i = 0; ; i++) a[i] = {}`},
		{"growing object", `var o = {}; for (var i = 0; ; i++) o["k" + i] = [i]`},
		{"growing map", `var m = new Map(); for (var i = 0; ; i++) m.set(i, [i])`},
		{"growing text", `var s = "x"; for (;;) s += s`},
		{"growing text by template", "var s = 'x'; for (;;) s = `${s}${s}${s}${s}`"},
		{"long text in a template", "var s = 'x'; for (var i = 0; i < 17; i++) s += s; return { data: { n: `${s}`.length } }"},
		{"long text in a built-in", `var s = "x"; for (var i = 0; i < 17; i++) s += s; return { data: { n: s.charCodeAt(1) } }`},
		{"list of lists", `var a = []; for (;;) a = [a]`},
		{"huge array", `new Array(1e9).fill(0)`},
		{"huge length", `var a = []; a.length = 4294967295; a.indexOf(1)`},
		{"huge length, callback", `var a = []; a.length = 4294967295; a.forEach(function () {})`},
		{"huge length, spread", `var a = []; a.length = 4294967295; [...a]`},
		{"huge length, arguments", `var a = []; a.length = 4294967295; Math.max.apply(null, a)`},
		{"huge length, spread arguments", `var a = []; a.length = 4294967295; Math.max(...a)`},
		{"huge length, destructured", `var a = []; a.length = 4294967295; var [...b] = a`},
		{"huge length, set", `var a = []; a.length = 4294967295; new Set(a)`},
		{"huge length, pushed", `var a = []; a.length = 4294967290; a.push(1, 2)`},
		{"huge length, typed", `var a = []; a.length = 4294967295; new Uint8Array(a)`},
		{"huge length, stringify", `var a = []; a.length = 4294967295; JSON.stringify(a)`},
		{"array-like", `Array.prototype.indexOf.call({ length: 9007199254740991 }, 1)`},
		{"array-like from", `Array.from({ length: 1e9 })`},
		{"array-like sort", `Array.prototype.sort.call({ length: 1e15 })`},
		{"array-like inherited", `Array.prototype.join.call(Object.create({ length: 1e12 }))`},
		{"huge text", `"x".repeat(1e9)`},
		{"huge pad", `"x".padStart(1e9)`},
		{"huge join", `new Array(60000).fill("x".repeat(60000)).join()`},
		{"huge join of lists", `var s = ["x".repeat(60000)]; new Array(60000).fill(s).join()`},
		{"nested join", `var a = ["x"]; for (var i = 0; i < 60; i++) a = [a, a]; a.join()`},
		{"nested toString", `var a = ["x"]; for (var i = 0; i < 60; i++) a = [a, a]; "" + a`},
		{"nested stringify", `var a = ["x"]; for (var i = 0; i < 60; i++) a = [a, a]; JSON.stringify(a)`},
		{"nested stringify of objects", `var a = {}; for (var i = 0; i < 60; i++) a = { l: a, r: a }; JSON.stringify(a, null, 10)`},
		{"nested flat", `var a = [1]; for (var i = 0; i < 60; i++) a = [a, a]; a.flat(Infinity)`},
		{"nested deep", `var a = []; for (var i = 0; i < 100000; i++) a = [a]; JSON.stringify(a)`},
		{"nested deep toString", `var a = []; for (var i = 0; i < 100000; i++) a = [a]; "" + a`},
		{"replaced", `"x".repeat(60000).replace(/x/g, "y".repeat(60000))`},
		{"replaced by what was found", "\"x\".repeat(60000).replace(/x/g, \"$`$'\")"},
		{"replaced all", `"x".repeat(60000).replaceAll("x", "y".repeat(60000))`},
		{"replaced by a function", `var s = "x".repeat(16000); s.replace(/x/g, function () { return s })`},
		{"concatenated", `var s = "x".repeat(60000); s.concat.apply(s, new Array(60000).fill(s))`},
		{"sorted texts", `var s = "x".repeat(60000); new Array(60000).fill(s).sort()`},
		{"searched texts", `var s = "x".repeat(60000); new Array(60000).fill(s + "y").indexOf(s + "z")`},
		{"buffer", `new ArrayBuffer(1e9)`},
		{"typed array", `new Float64Array(1e8)`},
		{"typed array subclass", `class B extends Uint8Array {} new B(1e9)`},
		{"Buffer", `Buffer.alloc(1e9)`},
		{"many buffers", `var a = []; for (;;) a.push(new Uint8Array(60000))`},
		{"spread text", `var s = "x"; for (var i = 0; i < 22; i++) s += s; for (;;) [...s]`},
		{"entries of a text", `var s = "x"; for (var i = 0; i < 22; i++) s += s; Object.entries(s)`},
		{"pattern on a long text", `var s = "x"; for (var i = 0; i < 22; i++) s += s; /(?:x?){500}y/.test(s)`},
		{"catastrophic pattern", `/^(?=(a+)+$)b/.test("a".repeat(60) + "b"); /(?=((a+)+)+$)((a+)+)+\1b/.test("a".repeat(60))`},
		{"catastrophic pattern, other text", `var r = /(a+)+b/g; r.lastIndex = 1; r.exec("\u00e9" + "a".repeat(60))`},
		{"long pattern", `new RegExp("(a|b)".repeat(10000))`},
		{"thrown in a loop", `for (;;) { try { throw new Error("x") } catch (e) {} }`},
		{"generator", `function* g() { for (;;) yield 1 } [...g()]`},
		{"iterator", `var n = 0; [...{ [Symbol.iterator]: function () { return { next: function () { return { value: n++, done: false } } } } }]`},
		{"bound functions", `var f = function () {}; for (;;) f = f.bind(null, f)`},
		{"iterator of built-ins", `[...{ [Symbol.iterator]: function () { return { next: Object } } }]`},
		{"iterator of accessors", `[...{ [Symbol.iterator]: function () { return { next: Object.getOwnPropertyDescriptor(Object.prototype, "__proto__").get } } }]`},
		{"iterator of errors", `Array.from({ [Symbol.iterator]: function () { return { next: Error } } })`},
		{"iterator of iterators", `new Set({ [Symbol.iterator]: function () { return { next: [].values } } })`},
		{"iterator bound", `Math.max(...{ [Symbol.iterator]: function () { return { next: Object.bind(null, {}) } } })`},
		{"built-ins call each other", `var o = { toString: Array.prototype.toString, join: Array.prototype.toString }; "" + o`},
		{"length that changes", `var n = 0; Array.prototype.indexOf.call({ get length() { return n++ ? 1e15 : 1 } }, 1)`},
		{"length that converts", `var n = 0; Array.prototype.indexOf.call({ length: { valueOf: function () { return n++ ? 1e15 : 1 } } }, 1)`},
		{"length of arguments", `(function () { Object.defineProperty(arguments, "length", { get: function () { return 1e15 } }); [].slice.call(arguments) })(1)`},
		{"length inherited", `class A { get length() { return 1e15 } } [].includes.call(new A(), 1)`},
		{"spread like an array", `[].concat({ [Symbol.isConcatSpreadable]: true, length: 1e15 })`},
		{"members of a long text", `var s = "x"; for (var i = 0; i < 17; i++) s += s; var o = { ...s }; return { data: { n: 1 } }`},
		{"rest of a long text", `var s = "x"; for (var i = 0; i < 20; i++) s += s; var { a, ...b } = s; return { data: { n: 1 } }`},
		{"entries of an object of a text", `var s = "x"; for (var i = 0; i < 20; i++) s += s; return { data: { n: Object.entries(new String(s)).length } }`},
		{"long names as JSON", `var s = "x"; for (var i = 0; i < 19; i++) s += s; var o = {}; o[s] = 1; return { data: { n: JSON.stringify([o, o]).length } }`},
		{"caught limit", `for (;;) try { "x".repeat(1e9) } catch (e) {}`},
		{"answer with a getter", `return { data: { get a() { for (;;) {} } } }`},
		{"answer with many getters", `return { get data() { for (;;) {} } }`},
		{"long answer", `var a = []; for (var i = 0; i < 60000; i++) a.push("abcdefgh"); return { data: { a: a } }`},
		{"long text in the answer", `return { data: { a: "x".repeat(70000) } }`},
		{"huge length in the answer", `var a = []; a.length = 4294967295; return { data: { a: a } }`},
		{"wide answer", `var a = {}; for (var i = 0; i < 15; i++) a = { l: a, r: a, m: a }; return { data: a }`},
		{"deep answer", `var a = {}; for (var i = 0; i < 20; i++) a = { a: a }; return { data: a }`},
		{"error with a getter", `throw { get message() { for (;;) {} } }`},
		{"errors with a getter", `return { errors: [{ get message() { for (;;) {} } }] }`},
	} {
		if testengine.Racing && i%4 != 0 {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			p, err := Compile("x.js", "function decodeUplink(input) {"+tt.body+"}", Limits{Time: 10 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			var out object.Writer
			begun, peak := time.Now(), peakHeap(t)
			err = p.Decode(codec.Uplink{Port: 1}, Extra{}, &out)
			grown, took := peak(), time.Since(begun)
			if !errors.Is(err, ErrLimit) {
				t.Errorf("got %v, want ErrLimit", err)
			}
			if took > longest || grown > heaviest {
				t.Errorf("took %s and %d MiB, want at most %s and %d MiB", took, grown>>20, longest, heaviest>>20)
			}
			if p.hung.Load() {
				t.Error("given up, want stopped")
			}
			if !out.Empty() {
				t.Error("the answer is not empty")
			}
		})
	}
}

// TestBuiltInsRefuse has time enough: it is the built-ins that end these calls, or what is handed to them.
func TestBuiltInsRefuse(t *testing.T) {
	const long = `var s = "x"; for (var i = 0; i < 17; i++) s += s; `
	const (
		large  = "a text or array of more than 64 Ki elements"
		more   = "texts or arrays of more than 1 Mi elements"
		nested = "a tree of more than 64 Ki elements or 500 levels"
		length = "a length that is computed"
		claim  = "an array of more than 64 Ki elements"
		value  = "a value of more than 64 KiB"
	)
	for i, tt := range []struct{ name, body, want string }{
		{"array", `new Array(70000).fill(0)`, large},
		{"text", long + `s.charCodeAt(1)`, large},
		{"argument", long + `parseInt(s)`, large},
		{"object of a text", long + `Object.keys(new String(s))`, large},
		{"template", long + "`${s}`", large},
		{"spread members", long + `({ ...s })`, large},
		{"spread elements", long + `[...s]`, large},
		{"rest members", long + `var { a, ...b } = s`, large},
		{"rest members, assigned", long + `var a, b; ({ a, ...b } = s)`, large},
		{"repeated", `"x".repeat(2e6)`, more},
		{"padded", `"x".padEnd(2e6)`, more},
		{"joined", `new Array(60).fill("x".repeat(60000)).join()`, more},
		{"joined with", `new Array(60).join("x".repeat(60000))`, more},
		{"replaced", `"x".repeat(60).replace(/x/g, "y".repeat(60000))`, more},
		{"replaced by itself", "\"x\".repeat(2000).replace(/x/g, '$`')", more},
		{"concatenated", `var s = "x".repeat(60000); s.concat(s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s)`, more},
		{"tree", `var a = [1]; for (var i = 0; i < 20; i++) a = [a, a]; JSON.stringify(a)`, nested},
		{"tree of objects", `var a = {}; for (var i = 0; i < 20; i++) a = { l: a, r: a }; JSON.stringify(a)`, nested},
		{"deep tree", `var a = []; for (var i = 0; i < 501; i++) a = [a]; JSON.stringify(a)`, nested},
		{"indented tree", `var a = []; for (var i = 0; i < 400; i++) a = [1, a]; JSON.stringify(a, null, 2)`, nested},
		{"names of a tree", long + `s += s; s += s; s += s; var o = {}; o[s] = 1; JSON.stringify([o, o])`, nested},
		{"flattened", `var a = [1]; for (var i = 0; i < 20; i++) a = [a, a]; a.flat(Infinity)`, nested},
		{"computed length", `[].indexOf.call({ get length() { return 1 } }, 1)`, length},
		{"converted length", `[].indexOf.call({ length: { valueOf: function () { return 1 } } }, 1)`, length},
		{"computed length of arguments", `(function () { Object.defineProperty(arguments, "length", { get: function () { return 1 } }); [].slice.call(arguments) })(1)`, length},
		{"claimed length", `Array.from({ length: 1e9 })`, claim},
		{"inherited length", `[].join.call(Object.create({ length: 1e12 }))`, claim},
		{"arguments", `Math.max.apply(null, { length: 1e9 })`, claim},
		{"spread like an array", `[].concat({ [Symbol.isConcatSpreadable]: true, length: 1 })`, "an object that is spread like an array"},
		{"buffer", `new ArrayBuffer(70000)`, value},
		{"typed array", `new Float64Array(70000)`, value},
		{"typed array of an array-like", `new Uint8Array({ length: 70000 })`, value},
		{"typed array made", `Uint8Array.from({ length: 70000 })`, claim},
		{"Buffer", `Buffer.alloc(70000)`, value},
		{"pattern", `new RegExp("a".repeat(1025))`, value},
		{"pattern on a text", `/x/.test("x".repeat(17000))`, "a regular expression on a text of more than 16 Ki characters"},
		{"split", `"x".repeat(17000).split(/x/)`, "a regular expression on a text of more than 16 Ki characters"},
		{"inside one another", `var o = { toString: Array.prototype.toString, join: Array.prototype.toString }; "" + o`, "built-in functions inside one another"},
	} {
		if testengine.Racing && i%4 != 0 {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			p, err := Compile("x.js", "function decodeUplink(input) {"+tt.body+"}", Limits{Time: maxTime, Memory: 1 << 30})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := decoded(p), "x.js: limit exceeded: "+tt.want; got != want {
				t.Errorf("got %.200s, want %s", got, want)
			}
		})
	}
}

// TestSteps counts what built-ins take from iterators, from near the bound: the whole way takes a slow machine too long.
func TestSteps(t *testing.T) {
	p := compiled(t, `function Decoder() { return { n: [...[1, 2, 3]].length } }`)
	for _, tt := range []struct {
		left int
		want string
	}{{4, "<nil>"}, {3, "limit exceeded: more than 128 Ki elements"}} {
		err := p.run(newRealm(frozen), p.limit, Extra{}, func(r *realm) error {
			found, err := p.load(r)
			if err != nil {
				return err
			}
			r.steps = maxSteps - tt.left
			_, err = found(p.entry)(goja.Undefined())
			return err
		})
		if got := fmt.Sprint(err); got != tt.want {
			t.Errorf("with %d steps left: got %s, want %s", tt.left, got, tt.want)
		}
	}
}

// TestMemory stops a script for its memory, long before its time is up.
func TestMemory(t *testing.T) {
	p, err := Compile("x.js", `function Decoder() { var a = []; for (var i = 0; ; i++) a[i % 60000] = { list: [i, i, i, i], more: [i, a[i % 60000]] } }`,
		Limits{Time: maxTime, Memory: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	var out object.Writer
	if err := p.Decode(codec.Uplink{}, Extra{}, &out); !errors.Is(err, errMemory) {
		t.Errorf("got %v, want %v", err, errMemory)
	}
}

// peakHeap measures by how much the heap grows at most until the function it gives is called.
func peakHeap(t *testing.T) func() uint64 {
	t.Helper()
	before := heapInUse()
	stop, done := make(chan struct{}), make(chan uint64)
	go func() {
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		peak := before
		for {
			select {
			case <-stop:
				done <- peak - before
				return
			case <-ticker.C:
				peak = max(peak, heapInUse())
			}
		}
	}()
	return func() uint64 {
		close(stop)
		return <-done
	}
}
