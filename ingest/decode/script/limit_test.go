package script

import (
	"errors"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// What no script may use, however it tries. The bounds are wide: other work on the machine counts as well.
const (
	longest  = 5 * time.Second
	heaviest = 256 << 20
)

// TestLimits runs scripts that try to use up time and memory, inside their own code and inside the engine's.
func TestLimits(t *testing.T) {
	for _, tt := range []struct{ name, body string }{
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
