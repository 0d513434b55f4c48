package script

import (
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// TestNothingIsLeft decodes three messages with scripts that try to hand something on to the next, each time in another way.
// A script says what it finds from before; it must be the same each time.
func TestNothingIsLeft(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"variable", `var n = 0; function Decoder() { return { n: ++n } }`, `{"n":1}`},
		{"let", `let n = 0; const Decoder = () => ({ n: ++n })`, `{"n":1}`},
		{"closure", `const Decoder = (() => { let n = 0; return () => ({ n: ++n }) })()`, `{"n":1}`},
		{"undeclared", `function Decoder() { var was = typeof n; n = 1; return { was: was, n: n } }`, `{"was":"undefined","n":1}`},
		{"undeclared, counted", `function Decoder() { for (i = 0; i < 3; i++) k = i; return { i: i, k: k } }`, `{"i":3,"k":2}`},
		{"undeclared, in patterns", `function Decoder() { var was = typeof a + typeof b + typeof c + typeof d; [a, { b, x: c = 5, ...d }] = [1, { b: 2, e: 3 }]; return { was, a, b, c, d } }`,
			`{"was":"undefinedundefinedundefinedundefined","a":1,"b":2,"c":5,"d":{"e":3}}`},
		{"undeclared, in loops", `function Decoder() { var was = typeof k; for (k in { x: 1 }); for (k of [2]); return { was: was, k: k } }`, `{"was":"undefined","k":2}`},
		{"undeclared, a built-in's name", `function Decoder() { var was = typeof escape; escape = 5; return { was: was, n: escape } }`, `{"was":"function","n":5}`},
		{"member of this", `function Decoder() { var was = typeof this.n; this.n = 1; return { was: was } }`, `{"was":"undefined"}`},
		{"global object", `function Decoder() { var was = typeof globalThis.n; globalThis.n = 1; return { was: was } }`, `{"was":"undefined"}`},
		{"exports", `exports.n = exports.n || 1; exports.Decoder = function () { return { n: exports.n++ } }`, `{"n":1}`},
		{"function's member", `function Decoder() { return { n: Decoder.n = (Decoder.n || 0) + 1 } }`, `{"n":1}`},
		{"prototype", `function Decoder() { var was = typeof [].n; Array.prototype.n = 1; return { was: was } }`, `{"was":"undefined"}`},
		{"prototype of all", `function Decoder() { var was = typeof {}.n; Object.prototype.n = 1; ({}).__proto__.n = 2; return { was: was } }`, `{"was":"undefined"}`},
		{"prototype, defined", `function Decoder() { var was = typeof "".n; try { Object.defineProperty(String.prototype, "n", { value: 1 }) } catch (e) {} return { was: was } }`, `{"was":"undefined"}`},
		{"namespace", `function Decoder() { var was = typeof Math.n + typeof JSON.n + typeof console.n; Math.n = JSON.n = console.n = 1; return { was: was } }`,
			`{"was":"undefinedundefinedundefined"}`},
		{"built-in function", `function Decoder() { var was = typeof parseInt.n + typeof [].map.n + typeof Object.assign.n; parseInt.n = [].map.n = Object.assign.n = 1; return { was: was } }`,
			`{"was":"undefinedundefinedundefined"}`},
		{"replaced built-in", `function Decoder() { var was = JSON.stringify([1]); JSON.stringify = Array.prototype.join = function () { return "mine" }; return { was: was, join: [1].join() } }`,
			`{"was":"[1]","join":"1"}`},
		{"deleted built-in", `function Decoder() { delete Array.prototype.push; delete Math.abs; return { push: typeof [].push, abs: typeof Math.abs } }`, `{"push":"function","abs":"function"}`},
		{"iterator", `function Decoder() { var p = Object.getPrototypeOf([].values()), was = typeof p.n; p.n = 1; p.next = 5; return { was: was, all: [...[1, 2]].length } }`, `{"was":"undefined","all":2}`},
		{"generator", `function Decoder() { var p = Object.getPrototypeOf(function* () {}), was = typeof p.n; p.n = 1; p.prototype.n = 1; return { was: was } }`, `{"was":"undefined"}`},
		{"error", `function Decoder() { var was = Error.prototype.name; try { Error.prototype.name = "n" } catch (e) {} return { was: was } }`, `{"was":"Error"}`},
		{"regular expression", `function Decoder() { var p = RegExp.prototype, was = typeof p.n; p.n = 1; p.exec = null; return { was: was, found: /a(.)/.exec("ab")[1] } }`, `{"was":"undefined","found":"b"}`},
		{"last index", `function Decoder() { var r = /a/g; r.exec("aa"); return { n: r.lastIndex } }`, `{"n":1}`},
		{"template object", "function tag(s) { var was = typeof s.n; try { s.n = 1 } catch (e) {} return was } function Decoder() { return { was: tag`x` } }", `{"was":"undefined"}`},
		{"symbol", `function Decoder() { var s = Symbol.for("n"), was = typeof Object[s]; Object[s] = 1; return { was: was } }`, `{"was":"undefined"}`},
		{"weak map", `var m = new WeakMap(); function Decoder() { var was = m.has(Math); m.set(Math, 1); return { was: was } }`, `{"was":false}`},
		{"Buffer", `function Decoder() { var was = typeof Buffer.n + typeof Buffer.prototype.n; Buffer.n = Buffer.prototype.n = 1; Buffer.from = null; return { was: was, n: Buffer.from([7]).length } }`,
			`{"was":"undefinedundefined","n":1}`},
		{"assign", `function Decoder() { var was = Object.assign({}, { n: 1 }).n; Object.assign = function () { return { n: "mine" } }; return { was: was, n: Object.assign().n } }`,
			`{"was":1,"n":"mine"}`},
		{"assign, nailed down", `function Decoder() { var was = Object.assign({}, { n: 1 }).n; Object.defineProperty(Object, "assign", { value: function () { return { n: "mine" } }, configurable: false, writable: false }); return { was: was } }`,
			`{"was":1}`},
		{"polyfill", `Object.prototype.has = function (k) { return k in this }; Array.prototype.n = (Array.prototype.n || 0) + 1; function Decoder() { return { has: ({ a: 1 }).has("a"), n: [].n } }`,
			`{"has":true,"n":1}`},
		{"polyfill, strict", `"use strict"; Array.prototype.last = function () { return this[this.length - 1] }; function Decoder() { return { n: [1, 2].last() } }`, `{"n":2}`},
		{"payload", `function Decoder(bytes) { var n = bytes.length; bytes.push(1); bytes.n = 1; bytes[0] = 99; return { n: n } }`, `{"n":2}`},
		{"after an error", `var n = 0; function Decoder() { n++; Array.prototype.n = n; try { throw n } catch (e) { return { n: e, p: typeof [].n } } }`, `{"n":1,"p":"undefined"}`},
		{"random", `function Decoder() { return { n: Math.random(), m: Math.random() } }`, `{"n":0.883310808,"m":0.431527997}`},
		{"clock", `function Decoder() { return { n: Date.now(), d: new Date(), t: Date().length } }`, `{"n":1656982923456,"d":"2022-07-05T01:02:03.456Z","t":39}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := compiled(t, tt.script)
			payload := []byte{5, 6}
			for i := range 3 {
				if got := decoded(p, payload...); got != tt.want {
					t.Errorf("message %d: got %s, want %s", i, got, tt.want)
				}
			}
			if !slices.Equal(payload, []byte{5, 6}) {
				t.Errorf("the payload was changed to %v", payload)
			}
		})
	}
}

// TestOneScriptDoesNotTouchAnother lets one script try to change what all have, and asks another one.
func TestOneScriptDoesNotTouchAnother(t *testing.T) {
	vandal := compiled(t, `function Decoder() {
		Object.assign = function () { return 5 };
		Array.prototype.slice = Object.prototype.toString = JSON.stringify = Math.round = parseInt = function () { return 5 };
		globalThis.leak = Object.leak = Object.keys.leak = 5;
		return { n: Object.assign() };
	}`)
	witness := compiled(t, `function Decoder(bytes) {
		return { slice: bytes.slice(1), text: "" + {}, json: JSON.stringify(bytes), round: Math.round(1.4), int: parseInt("7"),
			assign: Object.assign({}, { a: 1 }), leaks: typeof leak + typeof Object.leak + typeof Object.keys.leak };
	}`)
	const want = `{"slice":[2],"text":"[object Object]","json":"[1,2]","round":1,"int":7,"assign":{"a":1},"leaks":"undefinedundefinedundefined"}`
	for range 5 {
		if got := decoded(vandal); got != `{"n":5}` {
			t.Errorf("the vandal: got %s", got)
		}
		if got := decoded(witness, 1, 2); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

// TestClassesWorkInAFrozenWorld assigns own members over built-in ones of the same name, as classes and errors do.
func TestClassesWorkInAFrozenWorld(t *testing.T) {
	p := compiled(t, `
		function Point(x) { this.x = x }
		Point.prototype.toString = function () { return "P" + this.x };
		Point.prototype.valueOf = function () { return this.x };
		Point.prototype.constructor = Point;
		function Odd(message) { this.name = "Odd"; this.message = message }
		Odd.prototype = Object.create(Error.prototype);
		Odd.prototype.constructor = Odd;
		class Worse extends Odd { constructor(m) { super(m); this.name = "Worse" } }
		function Decoder() {
			var list = [1], map = { constructor: 1 };
			list.values = 2; list.map = 3; map.hasOwnProperty = 4;
			return { text: String(new Point(7)), sum: new Point(7) + 1, odd: String(new Odd("a")), worse: new Worse("b") + "",
				values: list.values, map: list.map, has: map.hasOwnProperty, keys: Object.keys(map), made: new Point(1).constructor === Point };
		}`)
	if p.keeping != frozen {
		t.Errorf("got built-ins %s, want %s", p.keeping, frozen)
	}
	const want = `{"text":"P7","sum":8,"odd":"Odd: a","worse":"Worse: b","values":2,"map":3,"has":4,"keys":["constructor","hasOwnProperty"],"made":true}`
	if got := decoded(p); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestVariables hands a device's settings to the decoder.
func TestVariables(t *testing.T) {
	p := compiled(t, `function decodeUplink(input) {
		var v = input.variables, was = v.offset; v.offset = "9"; v.other = 1;
		return { data: { was: was, empty: Object.keys(v).length, proto: typeof v.__proto__, time: input.recvTime instanceof Date && +input.recvTime } };
	}`)
	variables := map[string]string{"offset": "2", "__proto__": "x"}
	var out object.Writer
	for range 2 {
		if err := p.Decode(codec.Uplink{Port: 1}, Extra{Received: received, Variables: variables}, &out); err != nil {
			t.Fatal(err)
		}
		const want = `{"was":"2","empty":3,"proto":"string","time":1656982923456}`
		if got := string(out.JSON()); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if len(variables) != 2 || variables["offset"] != "2" {
		t.Errorf("the variables were changed to %v", variables)
	}
}

// TestSurroundings is what decoders written for other places find.
func TestSurroundings(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"console", `[console.log("x", 1), console.error(), typeof console.table]`, `[null,null,"function"]`},
		{"Buffer reads", `(b => [b.readUInt8(0), b.readInt8(1), b.readUInt16BE(0), b.readUint16LE(0), b.readInt16LE(1), b.readUInt32BE(1), b.readInt32LE(1), b.readUIntBE(0, 3), b.readIntLE(1, 3)])(Buffer.from([1, 255, 2, 128, 9]))`,
			`[1,-1,511,65281,767,4278353929,159384319,130818,-8387841]`},
		{"Buffer floats", `[Buffer.from("3fc00000", "hex").readFloatBE(0), Buffer.from([0, 0, 0, 0, 0, 0, 248, 63]).readDoubleLE()]`, `[1.5,1.5]`},
		{"Buffer past its end", `(() => { try { Buffer.from([1]).readUInt16LE(0) } catch (e) { return e.name } })()`, `"RangeError"`},
		{"Buffer texts", `(b => [b.toString("hex"), b.toString("base64"), b.toString(), b.toString("latin1"), b.toString("ascii"), b.toString("utf8", 0, 2)])(Buffer.from("h\u00e9"))`,
			`["68c3a9","aMOp","hé","hÃ©","hC)","h` + "\uFFFD" + `"]`},
		{"Buffer of texts", `[Buffer.from("0aFF0", "hex").length, Buffer.from("AQI=", "base64")[1], Buffer.from("\u00ff", "latin1")[0], Buffer.from("zz", "hex").length]`, `[2,2,255,0]`},
		{"Buffer is an array of bytes", `(b => [b.length, b[1], b instanceof Uint8Array, Buffer.isBuffer(b.slice(1)), b.slice(1)[0], Array.from(b), [...b].length])(new Buffer([1, 2, 300]))`,
			`[3,2,true,true,2,[1,2,44],3]`},
		{"Buffer writes", `(b => { b.writeInt16BE(-2, 0); b.writeUInt8(7, 2); return b.toString("hex") })(Buffer.alloc(4))`, `"fffe0700"`},
		{"Buffer joined", `Buffer.concat([Buffer.from([1]), [2, 3]]).equals(Buffer.from([1, 2, 3]))`, `true`},
		{"Buffer, unknown encoding", `(() => { try { Buffer.from("x", "utf7") } catch (e) { return e.message } })()`, `"unknown encoding, want hex, base64, utf8, ascii or latin1"`},
		{"require buffer", `require("buffer").Buffer === Buffer`, `true`},
		{"base64", `[atob("aGk="), atob("aGk"), btoa("hi")]`, `["hi","hi","aGk="]`},
		{"typed arrays", `[new Uint8Array([1, 257])[1], Array.from(new Int16Array(2)), Uint8Array.from([1, 2]).length, new Uint8Array(3).fill(7).join(), Float32Array.BYTES_PER_ELEMENT, new DataView(new Uint8Array([64, 73, 15, 219]).buffer).getFloat32(0).toFixed(3)]`,
			`[1,[0,0],2,"7,7,7",4,"3.142"]`},
		{"dates are in UTC", `(d => [d.getHours(), d.getTimezoneOffset(), d.toString(), d.toLocaleString(), new Date(2022, 6, 5, 1), new Date("2022-07-05 01:00"), new Date("2022-07-05T01:00:00+07:00")])(new Date(1656982800000))`,
			`[1,0,"Tue Jul 05 2022 01:00:00 GMT+0000 (UTC)","7/5/2022, 1:00:00 AM","2022-07-05T01:00:00.000Z","2022-07-05T01:00:00.000Z","2022-07-04T18:00:00.000Z"]`},
		{"no dates", `(d => [d.getHours(), d.toString(), d.toLocaleString(), d.getTimezoneOffset()])(new Date("x"))`, `[null,"Invalid Date","Invalid Date",null]`},
		{"dates change", `(d => { d.setHours(5); d.setDate(1); return d })(new Date(0))`, `"1970-01-01T05:00:00.000Z"`},
		{"regular expressions", `["a1b22".match(/\d+/g), "x-y".replace(/(.)-(.)/, "$2$1"), "a,b".split(/,/), /(?=b)b/.test("ab"), RegExp("A", "i").test("a"), new RegExp(/x/g).flags, /x/ instanceof RegExp]`,
			`[["1","22"],"yx",["a","b"],true,true,"g",true]`},
		{"not there", `[typeof eval, typeof Promise, typeof Proxy, typeof Reflect, typeof BigInt, typeof setTimeout, typeof fetch, typeof process, typeof WebAssembly, typeof String.raw]`,
			`["` + strings.Repeat(`undefined","`, 9) + `undefined"]`},
		{"circular JSON", `(() => { try { const a = []; a[0] = a; return JSON.stringify(a) } catch (e) { return e.name } })()`, `"TypeError"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := decoded(compiled(t, "function Decoder() { return { v: "+tt.value+" } }"))
			if want := `{"v":` + tt.want + `}`; got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}
