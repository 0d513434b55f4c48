package frame_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/frame"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// shippedFrame is a frame made up for a test, and what the shipped description makes of it.
type shippedFrame struct {
	name  string
	codec string // the description
	port  uint8
	hex   string // spaces are for the eye
	want  string // the JSON object, its members in any order; empty: understood, and carries nothing
	err   string // part of the error instead
	short bool   // the error is that the frame ends too early
}

// shippedFrames are the frames of all makers. What stands here was the same by the Go codecs that the descriptions took the place of.
var shippedFrames = slices.Concat(ascoelFrames, browanFrames, cayenneFrames, hktFrames, merryiotFrames, tektelicFrames,
	terabeeFrames, thermokonFrames)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("hex %q: %v", s, err)
	}
	return b
}

// decode gives the text, empty where nothing was written.
func decode(p *frame.Program, port uint8, bytes []byte) (string, error) {
	var out object.Writer
	if err := p.Decode(codec.Uplink{Port: port, Bytes: bytes}, &out); err != nil || out.Empty() {
		return "", err
	}
	return string(out.JSON()), nil
}

func TestShippedFrames(t *testing.T) {
	tried := make(map[string]bool)
	for _, f := range shippedFrames {
		tried[f.codec] = true
		t.Run(f.codec+"/"+f.name, func(t *testing.T) {
			got, err := decode(shipped(t, f.codec), f.port, unhex(t, f.hex))
			switch {
			case f.err != "" && (err == nil || !strings.Contains(err.Error(), f.err)):
				t.Errorf("got %s and error %v, want an error with %q", got, err, f.err)
			case f.err == "" && err != nil:
				t.Errorf("got error %v, want %s", err, f.want)
			case f.short && !errors.Is(err, codec.ErrShort):
				t.Errorf("got error %v, want one that is ErrShort", err)
			case f.err == "" && got != f.want && !same([]byte(got), []byte(f.want)):
				t.Errorf("got\n%s, want\n%s", got, f.want)
			}
		})
	}
	for _, id := range shippedIDs(t) {
		if !tried[id] {
			t.Errorf("%s: no frame here proves what its description reads", id)
		}
	}
}

// A frame that is cut anywhere is an error that says at which byte, or gives some of what the whole frame gives: never a value that
// the whole frame does not have.
func TestShippedFramesCut(t *testing.T) {
	for _, f := range shippedFrames {
		p, whole := shipped(t, f.codec), unhex(t, f.hex)
		rows := slices.Collect(maps.Keys(describe(t, f.codec).Frames))
		for n := range whole {
			got, err := decode(p, f.port, whole[:n:n])
			// Where the length alone tells one frame from another, a cut makes another.
			another := slices.ContainsFunc(rows, func(key string) bool { return strings.HasSuffix(key, fmt.Sprintf("/%d", n)) })
			switch {
			case err != nil && !strings.HasPrefix(err.Error(), "byte ") && !strings.HasPrefix(err.Error(), "port "):
				t.Errorf("%s/%s cut to %d bytes: got error %q, want one that says at which byte or port", f.codec, f.name, n, err)
			case err == nil && got != "" && !another && f.err == "" && !within(parseJSON(t, got), parseJSON(t, f.want)):
				t.Errorf("%s/%s cut to %d bytes: got %s, want nothing that is not in %s", f.codec, f.name, n, got, f.want)
			}
		}
	}
}

func parseJSON(t testing.TB, text string) any {
	t.Helper()
	var v any
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil || !jsontext.Value(text).IsValid() {
		t.Fatalf("%q: not JSON, or a name twice: %v", text, err)
	}
	return v
}

func same(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// within says whether all members of part are in whole with the same values. How much was not read depends on where a frame ends.
func within(part, whole any) bool {
	some, ok := part.(map[string]any)
	if !ok {
		return part == whole
	}
	all, ok := whole.(map[string]any)
	for name, v := range some {
		w, there := all[name]
		if name != "unread" && (!there || !within(v, w)) {
			return false
		}
	}
	return ok
}

// FuzzShipped feeds any bytes to any shipped description.
func FuzzShipped(f *testing.F) {
	ids := shippedIDs(f)
	var programs []*frame.Program
	for _, id := range ids {
		programs = append(programs, shipped(f, id))
	}
	for _, s := range shippedFrames {
		f.Add(uint8(slices.Index(ids, s.codec)), s.port, unhex(f, s.hex))
	}
	f.Fuzz(func(t *testing.T, which, port uint8, bytes []byte) {
		p := programs[int(which)%len(programs)]
		sound(t, p, port, bytes)
	})
}

// sound holds what must hold for any frame and any description.
func sound(t *testing.T, p *frame.Program, port uint8, bytes []byte) {
	t.Helper()
	before := string(bytes)
	got, err := decode(p, port, bytes)
	again, _ := decode(p, port, bytes)
	switch {
	case string(bytes) != before:
		t.Error("the frame was changed")
	case again != got:
		t.Errorf("got %s, and then %s of the same frame", got, again)
	case err != nil && !strings.HasPrefix(err.Error(), "byte ") && !strings.HasPrefix(err.Error(), "port "):
		t.Errorf("got error %q, want one that says at which byte or port", err)
	case got != "" && !jsontext.Value(got).IsValid():
		t.Errorf("got %q, want JSON in valid UTF-8 without a name twice in one object", got)
	}
}
