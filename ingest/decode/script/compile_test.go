package script

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestRefused are sources that are no decoders, each with its message.
func TestRefused(t *testing.T) {
	const entry = "\nfunction Decoder() { return {} }"
	for _, tt := range []struct{ name, script, want string }{
		{"empty", "", "x.js: no decoding function, want decodeUplink(input), Decode(fPort, bytes, variables) or Decoder(bytes, port)"},
		{"other names", "function decode(b) {}", "x.js: no decoding function, want decodeUplink(input), Decode(fPort, bytes, variables) or Decoder(bytes, port)"},
		{"no function", "var decodeUplink = {}", "x.js: no decoding function, want decodeUplink(input), Decode(fPort, bytes, variables) or Decoder(bytes, port)"},
		{"syntax", "function Decoder() {\n  return 1 +* 2\n}", "x.js:2:13: Unexpected token *, " + wantScript},
		{"syntax on the first line", "function (", "x.js:1:10: Unexpected token (, " + wantScript},
		{"cut", "function Decoder() {", "x.js:1:21: Unexpected end of input, " + wantScript},
		{"declared twice", "let i = 1\n  let i = 2" + entry, "x.js:2:7: Identifier 'i' has already been declared, " + wantScript},
		{"module", "\nexport function decodeUplink() {}", "x.js:2:1: Unexpected reserved word, " + wantScript},
		{"node-red", "msg.payload = 1\nreturn msg", "x.js:2:1: Illegal return statement, " + wantScript},
		{"not JavaScript", "\x00\xff\xfe", "x.js:1:2: Invalid UTF-8 character, " + wantScript},
		{"closes the wrapping", "}); Decoder = 1; (function () {", "x.js:1:1: Unexpected token }, " + wantScript},
		{"async", entry + "\nasync function f() {}", "x.js:3:1: an async function, want one that answers at once"},
		{"async arrow", entry + "\n  const f = async () => 1", "x.js:3:13: an async function, want one that answers at once"},
		{"async method", entry + "\nconst o = { async f() {} }", "x.js:3:13: an async function, want one that answers at once"},
		{"BigInt", entry + "\nvar n = 1n << 64n", "x.js:3:9: a BigInt, want numbers: its size has no bound"},
		{"long pattern", entry + "\n/" + strings.Repeat("a", 1025) + "/", "x.js:3:1: a regular expression of 1025 bytes, want at most 1024"},
		{"bad pattern", entry + "\nvar r = /(/", "x.js:3:9: Unterminated group, " + wantScript},
		{"wide template", entry + "\n`" + strings.Repeat("${1}", 65) + "`", "x.js:3:1: a template of 65 expressions, want at most 64"},
		{"throws", "\nthrow new Error('no')" + entry, `x.js: the decoder failed: it threw "Error: no" at x.js:2:7`},
		{"requires", "const fs = require('fs')" + entry, `x.js: the decoder failed: it threw "TypeError: require is not available to a decoder: it is one file" at x.js:1:19`},
		{"runs on", "for (;;) {}" + entry, "x.js: limit exceeded: time"},
		{"recurses", "(function f() { f() })()" + entry, "x.js: limit exceeded: more than 256 calls inside calls"},
		{"long", strings.Repeat(" ", 512<<10) + entry, "x.js: 524321 bytes, want at most 524288"},
		{"brackets", strings.Repeat("[", 60000), "x.js: 60000 opening brackets, want at most 50000"},
		{"brackets behind quotes", "/[\"/*]/;" + strings.Repeat("(", 60000), "x.js: 60001 opening brackets, want at most 50000"},
		{"arrows", strings.Repeat("a=>", 10001) + "1", "x.js: 10001 arrow functions, want at most 10000"},
		{"deep brackets", strings.Repeat("[", 3000) + strings.Repeat("]", 3000), "x.js:1:2000: nested more than 2000 levels deep, want fewer"},
		{"long sum", "var a = 1" + strings.Repeat("+a", 3000), "x.js:1:9: nested more than 2000 levels deep, want fewer"},
		{"negations", strings.Repeat("!", 200000) + "1", "x.js:1:2000: nested more than 2000 levels deep, want fewer"},
		{"assignments", strings.Repeat("a=", 200000) + "1", "x.js:1:3997: nested more than 2000 levels deep, want fewer"},
		{"ifs", strings.Repeat("if(1)", 40000) + ";", "x.js:1:9999: nested more than 2000 levels deep, want fewer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Compile("x.js", tt.script, Limits{})
			got := "nil"
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %.300s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestLimitsAreChecked(t *testing.T) {
	for _, tt := range []struct {
		limits Limits
		want   string
	}{
		{Limits{Time: time.Second}, "x.js: time limit 1s, want 1 ns to 500ms"},
		{Limits{Time: -1}, "x.js: time limit -1ns, want 1 ns to 500ms"},
		{Limits{Memory: -1}, "x.js: memory limit -1 bytes, want more than 0"},
		{Limits{Depth: 1e6}, "x.js: call depth limit 1000000, want 1 to 10000"},
		{Limits{Source: 2 << 20}, "x.js: source limit 2097152 bytes, want 1 to 1 MiB"},
		{Limits{Output: 2 << 20}, "x.js: output limit 2097152 bytes, want 1 to 1 MiB"},
	} {
		if _, err := Compile("x.js", "function Decoder() {}", tt.limits); err == nil || err.Error() != tt.want {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

// TestLimitsAreKept tries limits other than the defaults.
func TestLimitsAreKept(t *testing.T) {
	const deep = `function f(n) { return n > 0 ? f(n - 1) + 1 : 0 } function Decoder() { return { n: f(300), s: "x".repeat(200) } }`
	for _, tt := range []struct {
		name   string
		limits Limits
		want   string
	}{
		{"defaults", Limits{}, "x.js: limit exceeded: more than 256 calls inside calls"},
		{"deeper", Limits{Depth: 1000}, `{"n":300,"s":"` + strings.Repeat("x", 200) + `"}`},
		{"shorter answer", Limits{Depth: 1000, Output: 100}, "x.js: limit exceeded: an answer of more than 100 bytes"},
		{"longer answer", Limits{Depth: 1000, Output: 300}, `{"n":300,"s":"` + strings.Repeat("x", 200) + `"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Compile("x.js", deep, tt.limits)
			if err != nil {
				t.Fatal(err)
			}
			if got := decoded(p); got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
	if _, err := Compile("x.js", deep, Limits{Source: 20}); err == nil || errors.Is(err, ErrLimit) {
		t.Errorf("got %v, want a refusal of the source", err)
	}
}
