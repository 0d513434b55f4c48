package script

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// FuzzUplink hands any bytes to decoders of makers. It asserts that no limit is met, that an answer is one JSON object
// within its bound, that the same uplink gives the same answer whatever was decoded before, and that errors are plain.
func FuzzUplink(f *testing.F) {
	var programs []*Program
	for _, name := range []string{"tlv.js", "assign.js", "es5.js", "modern.js"} {
		programs = append(programs, maker(f, name))
	}
	f.Add(uint8(85), []byte{1, 0x75, 93, 3, 0x67, 0xf3, 0xff, 0x20, 0xce, 0x80, 0xd8, 0xc3, 0x62, 0xe1, 0})
	f.Add(uint8(5), []byte{1, 0xff, 0x9c, 2, 55, 0x3d, 2, 'o', 0xff})
	f.Add(uint8(2), []byte{0x10, 1, 2, 0x20, 0x7f, 0xc0, 0, 0, 0x30, 0xff, 0xff, 0xff, 0xff})
	f.Add(uint8(0), []byte{})
	f.Fuzz(func(t *testing.T, port uint8, payload []byte) {
		up := codec.Uplink{Port: port, Bytes: payload[:min(len(payload), 255)]}
		first := make([]string, len(programs))
		for round := range 2 {
			for i, p := range programs {
				var out object.Writer
				err := p.Decode(up, Extra{Received: received}, &out)
				if err != nil && !errors.Is(err, ErrDecoder) {
					t.Fatalf("%s: %v, want an answer or ErrDecoder", p.name, err)
				}
				answer := checkAnswer(t, err, &out, p.limit.Output)
				if round == 0 {
					first[i] = answer
				} else if answer != first[i] {
					t.Fatalf("%s: got %s, then %s", p.name, first[i], answer)
				}
			}
		}
	})
}

// FuzzSource compiles and runs any script. It asserts that both end in time, that an error names the file and is plain, and
// that an answer is one JSON object within its bound.
func FuzzSource(f *testing.F) {
	files, err := filepath.Glob("testdata/*.js")
	if err != nil || len(files) == 0 {
		f.Fatalf("got %d files (%v), want some", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, body := range []string{
		"for (;;) {}", "return { data: new Array(1e9).fill(0) }", "return 'x'.repeat(1e9)", "decodeUplink()", "return /(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')",
		"return { get data() { throw 1 } }", "throw { toString: 1 }", "var a = []; a.length = 4294967295; return { data: { a: [...a] } }",
		"`${1}`; label: for (const [x] of [[1]]) { with ({}) { continue label } }", "return { data: { d: new Date(1e99), b: Buffer.from('00', 'hex') } }",
	} {
		f.Add("function decodeUplink(input) {" + body + "}")
	}
	limits := Limits{Time: 10 * time.Millisecond, Source: 16 << 10, Output: 4 << 10, Memory: 8 << 20}
	f.Fuzz(func(t *testing.T, text string) {
		begun := time.Now()
		p, err := Compile("fuzz.js", text, limits)
		if err == nil {
			var out object.Writer
			err := p.Decode(codec.Uplink{Port: 1, Bytes: []byte{1, 2, 3}}, Extra{Received: received}, &out)
			if err != nil && !errors.Is(err, ErrDecoder) && !errors.Is(err, ErrLimit) {
				t.Fatalf("%v, want ErrDecoder or ErrLimit", err)
			}
			if errors.Is(err, errEngine) {
				t.Fatalf("a fault of the engine: %v", err)
			}
			checkAnswer(t, err, &out, limits.Output)
		} else if !strings.HasPrefix(err.Error(), "fuzz.js:") || !plain(err.Error()) || len(err.Error()) > 400 {
			t.Fatalf("got %q, want a short plain message about fuzz.js", err)
		}
		if took := time.Since(begun); took > 4*longest {
			t.Fatalf("took %s, want at most %s", took, 4*longest)
		}
	})
}

// checkAnswer checks what a call left, and gives it.
func checkAnswer(t *testing.T, err error, out *object.Writer, bound int) string {
	t.Helper()
	if err != nil {
		if text := err.Error(); !out.Empty() || !plain(text) || len(text) > 400 {
			t.Fatalf("got %q and %s, want a short plain message and nothing else", err, out.JSON())
		}
		return err.Error()
	}
	answer := out.JSON()
	if len(answer) > bound || answer[0] != '{' || !jsontext.Value(answer).IsValid() {
		t.Fatalf("got %d bytes: %.400q, want an object of at most %d", len(answer), answer, bound)
	}
	return string(answer)
}

// plain tells a text that a terminal shows as it is; the one character beyond ASCII is ours.
func plain(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return (r < ' ' || r > '~') && r != '…' }) < 0
}
