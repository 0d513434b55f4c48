package script

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// received is the time of all messages in tests.
var received = time.Date(2022, 7, 5, 1, 2, 3, 456e6, time.UTC)

// maker compiles one of the decoders in testdata.
func maker(tb testing.TB, name string) *Program {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	p, err := Compile(name, string(text), Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// compiled compiles a script.
func compiled(tb testing.TB, text string) *Program {
	tb.Helper()
	p, err := Compile("x.js", text, Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// decoded is the answer for a payload on port 1, or the error in words.
func decoded(p *Program, payload ...byte) string {
	var out object.Writer
	if err := p.Decode(codec.Uplink{Port: 1, Bytes: payload}, Extra{Received: received}, &out); err != nil {
		return err.Error()
	}
	return string(out.JSON())
}

// TestMakers runs decoders in the styles of makers.
func TestMakers(t *testing.T) {
	for _, tt := range []struct {
		name, file, entry string
		port              uint8
		bytes             []byte
		variables         map[string]string
		want              string
	}{
		{"tlv", "tlv.js", "decodeUplink", 85, []byte{1, 0x75, 93, 3, 0x67, 0xf3, 0xff, 4, 0x68, 0x7b, 7, 0x7d, 0x3a, 2, 6, 0, 1, 5, 0xcc, 12, 0, 0x2c, 1}, nil,
			`{"battery":93,"temperature":-1.3,"humidity":61.5,"co2":570,"door":"open","line_1":{"in":12,"out":300}}`},
		{"tlv, history and serial number", "tlv.js", "decodeUplink", 85, []byte{0x20, 0xce, 0x80, 0xd8, 0xc3, 0x62, 0xe1, 0, 0xff, 0x16, 0x67, 0x01, 0xa0, 0xff}, nil,
			`{"history":[{"late":true,"timestamp":1657002112,"temperature":22.5}],"sn":"6701a0ff"}`},
		{"tlv, nothing known", "tlv.js", "decodeUplink", 85, []byte{9, 9, 9}, nil, `{}`},
		{"tlv, nothing", "tlv.js", "decodeUplink", 0, nil, nil, `{}`},
		{"own assign", "assign.js", "decodeUplink", 1, []byte{0, 5, 1, 0, 0, 7}, nil, `{"counts":[5,256,7]}`},
		{"es5", "es5.js", "Decoder", 5, []byte{1, 0xff, 0x9c, 2, 55, 5, 3, 7, 0x0e, 0x42, 0x0b, 0xff, 0, 0, 1, 0x3d, 2, 'o', 'k'}, nil,
			`{"temperature":-10,"humidity":55,"motion":3,"vdd":3650,"pulseAbs":4278190081,"text":"ok","raw":"01FF9C02370503070E420BFF0000013D026F6B"}`},
		{"es5, another port", "es5.js", "Decoder", 6, []byte{1, 0, 1}, nil, `{}`},
		{"modern", "modern.js", "decodeUplink", 2, []byte{0x10, 1, 2, 0x11, 0, 9, 0x20, 0x41, 0xb4, 0, 0}, map[string]string{"place": "lobi"},
			`{"peopleIn":258,"peopleOut":9,"temperature":22.5,"place":"lobi","old":false}`},
		{"modern, time", "modern.js", "decodeUplink", 2, []byte{0x30, 0x62, 0xc3, 0x80, 0}, nil,
			`{"since":"2022-07-05T00:04:16.000Z","place":null,"old":false}`},
		{"modern, old", "modern.js", "decodeUplink", 2, []byte{0x30, 0x62, 0xc3, 0, 0}, nil,
			`{"since":"2022-07-04T14:58:08.000Z","place":null,"old":true}`},
		{"modern, another port", "modern.js", "decodeUplink", 3, nil, nil, `modern.js: the decoder failed: it says "unknown port 3"`},
		{"modern, unknown tag", "modern.js", "decodeUplink", 2, []byte{0x7f}, nil, `modern.js: the decoder failed: it says "unknown tag 0x7f"`},
		{"modern, cut", "modern.js", "decodeUplink", 2, []byte{0x10, 1}, nil,
			`modern.js: the decoder failed: it threw "RangeError: Index 1 is out of bounds" at modern.js:4:73`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := maker(t, tt.file)
			if p.Entry() != tt.entry || p.keeping != frozen {
				t.Errorf("got entry %s, built-ins %s, want %s, %s", p.Entry(), p.keeping, tt.entry, frozen)
			}
			for range 2 {
				var out object.Writer
				got := ""
				if err := p.Decode(codec.Uplink{Port: tt.port, Bytes: tt.bytes}, Extra{Received: received, Variables: tt.variables}, &out); err != nil {
					got = err.Error()
				} else {
					got = string(out.JSON())
				}
				if got != tt.want {
					t.Errorf("got %s\nwant %s", got, tt.want)
				}
			}
		})
	}
}

// TestEntries finds the function to call wherever a script puts it.
func TestEntries(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"declared", `function decodeUplink(input) { return { data: { n: input.bytes[0], p: input.fPort } } }`, `{"n":7,"p":1}`},
		{"constant", `const decodeUplink = (input) => ({ data: { n: input.bytes[0], p: input.fPort } })`, `{"n":7,"p":1}`},
		{"first of several", `function Decoder(b) { return { n: 0 } } function decodeUplink(input) { return { data: { n: input.bytes[0] } } }`, `{"n":7}`},
		{"Decode", `function Decode(fPort, bytes, variables) { return { n: bytes[0], p: fPort, v: typeof variables } }`, `{"n":7,"p":1,"v":"object"}`},
		{"Decoder", `function Decoder(bytes, port) { return { n: bytes[0], p: port } }`, `{"n":7,"p":1}`},
		{"Decode before Decoder", `function Decoder(bytes, port) { return {} } function Decode(port, bytes) { return { n: bytes[0] } }`, `{"n":7}`},
		{"module.exports", `module.exports = { decodeUplink: function (input) { return { data: { n: input.bytes[0] } } } }`, `{"n":7}`},
		{"exports", `exports.Decoder = function (bytes) { return { n: bytes[0] } }`, `{"n":7}`},
		{"this", `this.Decoder = function (bytes) { return { n: bytes[0] } }`, `{"n":7}`},
		{"guarded exports", `function Decoder(b) { return { n: b[0] } } if (typeof module !== "undefined" && module.exports) { module.exports = Decoder }`, `{"n":7}`},
		{"assigned", `decodeUplink = function (input) { return { data: { n: input.bytes[0] } } }`, `{"n":7}`},
		{"hashbang and comments", "#!/usr/bin/env node\n// decodeUplink\nfunction decodeUplink(input) { return { data: { n: 7 } } } // end", `{"n":7}`},
		{"source map is not looked for", "function Decoder() { return { n: 7 } }\n//# sourceMappingURL=file:///etc/hostname", `{"n":7}`},
		{"byte order mark", "\ufefffunction Decoder() { return { n: 7 } }", `{"n":7}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := decoded(compiled(t, tt.script), 7); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestAnswers converts what decoders return.
func TestAnswers(t *testing.T) {
	for _, tt := range []struct{ name, answer, want string }{
		{"values", `{ data: { a: 1, b: -2.5, c: "x\"\u00e9\n", d: true, e: null, f: [1, [2], {}], g: { h: [] } } }`,
			`{"a":1,"b":-2.5,"c":"x\"é\u000a","d":true,"e":null,"f":[1,[2],{}],"g":{"h":[]}}`},
		{"no numbers", `{ data: { a: NaN, b: Infinity, c: -Infinity, d: -0, e: 1e300, f: 0.1 + 0.2 } }`, `{"a":null,"b":null,"c":null,"d":0,"e":1e+300,"f":0.3}`},
		{"no values", `{ data: { a: undefined, b: function () {}, c: Symbol("x"), d: [undefined, function () {}, , 1] } }`, `{"d":[null,null,null,1]}`},
		{"dates", `{ data: { a: new Date(1656982923456), b: new Date(NaN), c: input.recvTime } }`,
			`{"a":"2022-07-05T01:02:03.456Z","b":null,"c":"2022-07-05T01:02:03.456Z"}`},
		{"objects of simple values", `{ data: { a: new Number(5), b: new String("x"), c: new Boolean(false) } }`, `{"a":5,"b":"x","c":false}`},
		{"instances", `{ data: new (class { constructor() { this.a = 1 } get b() { return 2 } c() {} })() }`, `{"a":1}`},
		{"without prototype", `{ data: Object.assign(Object.create(null), { a: 1 }) }`, `{"a":1}`},
		{"getters", `{ data: { get a() { return 1 } } }`, `{"a":1}`},
		{"arguments", `{ data: { a: (function () { return arguments })(1, 2) } }`, `{"a":[1,2]}`},
		{"names", `{ data: { "": 1, "a b": 2, "\u00e9": 3, 7: 4, __proto__: null, ["__proto__"]: 5 } }`, `{"7":4,"":1,"a b":2,"é":3,"__proto__":5}`},
		{"half characters", `{ data: { "\ud800": 1, "\udc00": 2, a: "\ud800" } }`, `{"a":"` + "\uFFFD" + `"}`},
		{"the same twice", `(() => { const a = { x: 1 }; return { data: { a, b: a, c: [a] } } })()`, `{"a":{"x":1},"b":{"x":1},"c":[{"x":1}]}`},
		{"warnings", `{ data: { a: 1 }, warnings: ["old"], errors: [] }`, `{"a":1}`},
		{"errors are none", `{ data: { a: 1 }, errors: null }`, `{"a":1}`},
		{"no data", `{ data: null }`, `{}`},
		{"empty data", `{ data: {} }`, `{}`},
		{"only warnings", `{ warnings: ["nothing in it"] }`, `{}`},
		{"empty", `{}`, `{}`},
		{"null", `null`, `{}`},
		{"undefined", `undefined`, `{}`},
		{"errors", `{ data: { a: 1 }, errors: ["bad \u00e9 length", "2"] }`, `x.js: the decoder failed: it says "bad ? length; 2"`},
		{"many errors", `{ errors: ["1", "2", "3", "4"] }`, `x.js: the decoder failed: it says "1; 2; 3"`},
		{"error as text", `{ errors: "bad" }`, `x.js: the decoder failed: it says "bad"`},
		{"error as object", `{ errors: [new RangeError("bad"), { message: "worse" }, {}] }`, `x.js: the decoder failed: it says "RangeError: bad; worse; an object"`},
		{"long error", `{ errors: ["0123456789".repeat(20)] }`, `x.js: the decoder failed: it says "` + strings.Repeat("0123456789", 12) + `"`},
		{"values without data", `{ temperature: 5 }`, `x.js: the decoder failed: the answer has no data, want {data: {…}}`},
		{"number", `5`, `x.js: the decoder failed: the answer is a number, want an object with data`},
		{"text", `"x"`, `x.js: the decoder failed: the answer is a text, want an object with data`},
		{"list", `{ data: [1] }`, `x.js: the decoder failed: the data is an array, want an object`},
		{"data is a date", `{ data: new Date() }`, `x.js: the decoder failed: the data is a date, want an object`},
		{"data is a function", `{ data: function () {} }`, `x.js: the decoder failed: the data is a function, want an object`},
		{"data is a flag", `{ data: false }`, `x.js: the decoder failed: the data is true or false, want an object`},
		{"contains itself", `(() => { const a = {}; a.a = [a]; return { data: a } })()`, `x.js: the decoder failed: the answer contains itself, want a tree`},
		{"getter throws", `{ data: { get a() { throw new Error("no") } } }`, `x.js: the decoder failed: a getter in the answer threw`},
		{"throwing text", `{ errors: [{ get message() { throw 1 } }] }`, `x.js: the decoder failed: a getter in the answer threw`},
		{"too deep", `{ data: ` + strings.Repeat("{a:", 17) + "1" + strings.Repeat("}", 17) + ` }`, `x.js: limit exceeded: an answer nested more than 16 levels deep`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := decoded(compiled(t, "function decodeUplink(input) { return "+tt.answer+" }"))
			if got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestThrown says what a script threw, and where, in few plain words.
func TestThrown(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"error", `throw new Error("no such frame")`, `"Error: no such frame" at x.js:3:7`},
		{"text", `throw "no such frame"`, `"no such frame" at x.js:3:1`},
		{"number", `throw 7`, `"7" at x.js:3:1`},
		{"nothing", `throw undefined`, `"undefined" at x.js:3:1`},
		{"null", `throw null`, `"null" at x.js:3:1`},
		{"object", `throw { code: 1 }`, `"an object" at x.js:3:1`},
		{"object with message", `throw { message: "odd" }`, `"odd" at x.js:3:1`},
		{"object that throws", `throw { get message() { throw 1 } }`, `"something that cannot be shown" at x.js:3:1`},
		{"object with odd message", `throw { message: { toString: function () { throw 1 } } }`, `"an object" at x.js:3:1`},
		{"array", `throw [1]`, `"an array" at x.js:3:1`},
		{"function", `throw function () {}`, `"a function" at x.js:3:1`},
		{"symbol", `throw Symbol("s")`, `"s" at x.js:3:1`},
		{"control characters", `throw "a\u001b[31m\n\u202eb\u00e9"`, `"a?[31m??b?" at x.js:3:1`},
		{"long", `throw new Error("0123456789".repeat(100))`, `"Error: ` + strings.Repeat("0123456789", 12)[:113] + `" at x.js:3:7`},
		{"engine's", `input.nothing.more`, `"TypeError: Cannot read property 'more' of undefined" at x.js:3:15`},
		{"unknown name", `frobnicate()`, `"ReferenceError: frobnicate is not defined" at x.js:3:11`},
		{"require", `require("fs")`, `"TypeError: require is not available to a decoder: it is one file" at x.js:3:8`},
		{"eval", `eval("1")`, `"ReferenceError: eval is not defined" at x.js:3:5`},
		{"Function", `new Function("return 1")`, `"TypeError: code from text is not available to a decoder" at x.js:3:1`},
		{"hidden Function", `(function () {}).constructor("return 1")`, `"TypeError: code from text is not available to a decoder" at x.js:3:29`},
		{"hidden generator", `Object.getPrototypeOf(function* () {}).constructor("yield 1")`, `"TypeError: code from text is not available to a decoder" at x.js:3:51`},
		{"timers", `setTimeout(function () {}, 1)`, `"ReferenceError: setTimeout is not defined" at x.js:3:11`},
		{"BigInt", `BigInt(1)`, `"ReferenceError: BigInt is not defined" at x.js:3:7`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := decoded(compiled(t, "// one\nfunction decodeUplink(input) {\n"+tt.body+"\n}"))
			if want := "x.js: the decoder failed: it threw " + tt.want; got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}

// TestConcurrent decodes with one program from several goroutines.
func TestConcurrent(t *testing.T) {
	p := maker(t, "tlv.js")
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			var out object.Writer
			for i := range 200 {
				n := byte(g*50 + i%50)
				if err := p.Decode(codec.Uplink{Bytes: []byte{1, 0x75, n}}, Extra{Received: received}, &out); err != nil {
					t.Error(err)
					return
				}
				var got struct{ Battery int }
				if err := json.Unmarshal(out.JSON(), &got); err != nil || got.Battery != int(n) {
					t.Errorf("got %s (%v), want battery %d", out.JSON(), err, n)
				}
			}
		})
	}
	wg.Wait()
}

// TestErrorsAreTold tells the kinds of error apart.
func TestErrorsAreTold(t *testing.T) {
	var out object.Writer
	out.Int("left", 1)
	err := compiled(t, `function Decoder() { throw 1 }`).Decode(codec.Uplink{}, Extra{}, &out)
	if !errors.Is(err, ErrDecoder) || errors.Is(err, ErrLimit) || !out.Empty() {
		t.Errorf("got %v and %s, want ErrDecoder and nothing", err, out.JSON())
	}
	err = compiled(t, `function Decoder() { for (;;) {} }`).Decode(codec.Uplink{}, Extra{}, &out)
	if !errors.Is(err, ErrLimit) || errors.Is(err, ErrDecoder) {
		t.Errorf("got %v, want ErrLimit", err)
	}
	if _, err = Compile("x.js", `function decode() {}`, Limits{}); !errors.Is(err, ErrNoEntry) {
		t.Errorf("got %v, want ErrNoEntry", err)
	}
}
