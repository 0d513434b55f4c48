package transcode

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// transcoder is any of the notations with all but the payload decided.
type transcoder func(payload []byte, l Limits, out *object.Writer) error

// check transcodes and compares; a want that begins with "! " is the error.
func (f transcoder) check(t *testing.T, payload []byte, want string) {
	t.Helper()
	var out object.Writer
	got := ""
	if err := f(payload, Limits{}, &out); err != nil {
		got = "! " + err.Error()
	} else {
		got = string(out.JSON())
		wellFormed(t, []byte(got), Limits{}.withDefaults())
	}
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// wellFormed asserts that text is one JSON object, without a name twice, within the limits.
func wellFormed(t *testing.T, text []byte, l Limits) {
	t.Helper()
	if !json.Valid(text) || len(text) == 0 || text[0] != '{' {
		t.Fatalf("not a JSON object: %s", text)
	}
	tokens, values, deepest := jsontext.NewDecoder(bytes.NewReader(text)), 0, 0
	for {
		token, err := tokens.ReadToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("a strict reader refuses it: %v\n%s", err, text)
		}
		deepest = max(deepest, tokens.StackDepth())
		kind, n := tokens.StackIndex(tokens.StackDepth())
		isName := kind == '{' && n%2 == 1 && token.Kind() == '"'
		if k := token.Kind(); !isName && k != '}' && k != ']' {
			values++
		}
	}
	// What stands around the list of metrics, lines or records is not counted.
	if deepest > max(l.Depth, 4) || values > l.Values+8 {
		t.Fatalf("%d values and a depth of %d, want at most %d and %d", values, deepest, l.Values, l.Depth)
	}
}

// within asserts what holds for every payload: no panic, the payload untouched, the same answer twice, and either an error that a
// rejection can show, or one JSON object of bounded size. It reports whether there was an object.
func (f transcoder) within(t *testing.T, payload []byte, l Limits) bool {
	t.Helper()
	before := bytes.Clone(payload)
	var out, again object.Writer
	err := f(payload, l, &out)
	if !bytes.Equal(before, payload) {
		t.Fatal("the payload was changed")
	}
	if err2 := f(payload, l, &again); (err == nil) != (err2 == nil) || err == nil && !bytes.Equal(out.JSON(), again.JSON()) {
		t.Fatalf("got %s (%v), then %s (%v)", out.JSON(), err, again.JSON(), err2)
	}
	l = l.withDefaults()
	if err != nil {
		presentable(t, err, payload)
		return false
	}
	out.Reset()
	_ = f(payload, l, &out)
	text := out.JSON()
	wellFormed(t, text, l)
	// Text grows sixfold at most where control characters are escaped; a name may be repeated for every value.
	if limit := 6*len(payload) + l.Values*(maxName+64); len(text) > limit {
		t.Fatalf("%d bytes from %d, want at most %d", len(text), len(payload), limit)
	}
	return true
}

// presentable asserts that an error is ours, has a reason of the closed set, is short, and repeats no run of letters of the payload
// that is not a word of ours.
func presentable(t *testing.T, err error, payload []byte) {
	t.Helper()
	own, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got an error of type %T: %v", err, err)
	}
	if !slices.Contains(telemetry.Reasons(), own.Reason) || own.Detail == "" || len(own.Detail) > 200 {
		t.Fatalf("got reason %q, detail %q", own.Reason, own.Detail)
	}
	if bytes.Contains(payload, []byte(secret)) && strings.Contains(own.Detail, secret) {
		t.Fatalf("the error repeats the payload: %s", own.Detail)
	}
}

// secret stands for a name or a number that no error may repeat.
const secret = "Siti3578"

func TestErrorsCarryTheirCause(t *testing.T) {
	err := error(&Error{Reason: telemetry.ReasonUndecoded, Detail: "x", Err: ErrNoBirth})
	if !errors.Is(err, ErrNoBirth) || err.Error() != "x" {
		t.Errorf("got %v", err)
	}
}
