package codec

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// makerFrame is a frame made up for a test, and what a codec makes of it.
type makerFrame struct {
	name  string
	codec string
	port  uint8
	hex   string // spaces are for the eye
	want  string // the JSON object; empty: understood, and carries nothing
	err   string // part of the error instead
}

// makerFrames are the frames of all codecs of this kind, for what must hold for each.
var makerFrames = slices.Concat(buildingFrameTests, adeunisFrameTests, decentlabFrameTests, mclimateFrameTests,
	miromicoFrameTests, netvoxFrameTests, oxobuttonFrameTests, parametricFrameTests, pipiotFrameTests, pressacFrameTests, radioBridgeFrameTests, sensativeFrameTests,
	swisscomFrameTests, talkpoolFrameTests)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("hex %q: %v", s, err)
	}
	return b
}

// decodeMaker decodes and gives the text, empty where nothing was written.
func decodeMaker(t testing.TB, codec string, port uint8, frame []byte) (string, error) {
	t.Helper()
	c, err := Find(codec)
	if err != nil {
		t.Fatal(err)
	}
	var out object.Writer
	if err := c.Func(Uplink{Port: port, Bytes: frame}, &out); err != nil {
		return "", err
	}
	if out.Empty() {
		return "", nil
	}
	return string(out.JSON()), nil
}

func TestMakerFrames(t *testing.T) {
	for _, f := range makerFrames {
		t.Run(f.codec+"/"+f.name, func(t *testing.T) {
			got, err := decodeMaker(t, f.codec, f.port, unhex(t, f.hex))
			switch {
			case f.err != "" && (err == nil || !strings.Contains(err.Error(), f.err)):
				t.Errorf("got %s and error %v, want an error with %q", got, err, f.err)
			case f.err == "" && err != nil:
				t.Errorf("got error %v, want %s", err, f.want)
			case f.err == "" && got != f.want:
				t.Errorf("got\n%s, want\n%s", got, f.want)
			case got != "":
				parseJSON(t, got)
			}
		})
	}
}

// A frame that is cut anywhere is an error that says at which byte, or gives some of what the whole frame gives: never a
// value that the whole frame does not have.
func TestMakerFramesCut(t *testing.T) {
	// Where the length alone tells one frame from another, a cut makes another.
	byLength := []string{"door, by the clock", "OY1200", "OY1210", "OY1700", "several without a port", "day of COMFORT CO2",
		"settings of version 4 without a port"}
	for _, f := range makerFrames {
		whole := unhex(t, f.hex)
		for n := range whole {
			got, err := decodeMaker(t, f.codec, f.port, whole[:n:n])
			switch {
			case err != nil && !strings.HasPrefix(err.Error(), "byte ") && !strings.HasPrefix(err.Error(), "port "):
				t.Errorf("%s/%s cut to %d bytes: got error %q, want one that says at which byte", f.codec, f.name, n, err)
			case slices.ContainsFunc(byLength, func(s string) bool { return strings.Contains(f.name, s) }):
			case err == nil && got != "" && f.err == "" && !within(parseJSON(t, got), parseJSON(t, f.want)):
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

// within says whether all that is in part is in whole too, in the same place. How much of a frame was not read, and what a
// device says of its history, depend on where the frame ends.
func within(part, whole any) bool {
	switch part := part.(type) {
	case map[string]any:
		whole, ok := whole.(map[string]any)
		for name, v := range part {
			w, there := whole[name]
			if name != "unread" && name != "prevHistSeqNr" && (!there || !within(v, w)) {
				return false
			}
		}
		return ok
	case []any:
		whole, ok := whole.([]any)
		if !ok || len(part) > len(whole) {
			return false
		}
		for i, v := range part {
			if !within(v, whole[i]) {
				return false
			}
		}
		return true
	}
	return part == whole
}

// An empty frame is of no device, unless its port alone says that it carries nothing.
func TestMakerFramesEmpty(t *testing.T) {
	for _, f := range makerFrames {
		got, err := decodeMaker(t, f.codec, f.port, nil)
		if got != "" || err == nil && f.want != "" {
			t.Errorf("%s/%s: an empty frame: got %q and error %v, want an error", f.codec, f.name, got, err)
		}
	}
}

func TestCursor(t *testing.T) {
	c := newCursor([]byte{0xA5, 0x12, 0x34, 0xFF, 0xFE, 0x80, 1, 2, 3, 4, 5, 6, 7})
	if got := [3]uint64{c.bits(1), c.bits(3), c.bits(4)}; got != [3]uint64{1, 2, 5} {
		t.Errorf("bits: got %v, want [1 2 5]", got)
	}
	if got := c.u16le(); got != 0x3412 {
		t.Errorf("u16le: got %#x, want 0x3412", got)
	}
	if got := c.i16(); got != -2 {
		t.Errorf("i16: got %d, want -2", got)
	}
	if got := c.i8(); got != -128 {
		t.Errorf("i8: got %d, want -128", got)
	}
	if got := c.bits(12); got != 0x010 {
		t.Errorf("12 bits: got %#x, want 0x10", got)
	}
	if got := c.bits(20); got != 0x20304 {
		t.Errorf("20 bits: got %#x, want 0x20304", got)
	}
	if c.pos() != 10 || c.left() != 3 {
		t.Errorf("got byte %d and %d left, want 10 and 3", c.pos(), c.left())
	}
	if got := c.u32(); got != 0 || !errors.Is(c.err, ErrShort) || c.left() != 0 || c.u8() != 0 {
		t.Errorf("beyond the end: got %d, error %v, %d left; want 0, ErrShort, 0", got, c.err, c.left())
	}
	if want := "byte 10: 3 bytes are left, want 4"; !strings.HasPrefix(c.err.Error(), want) {
		t.Errorf("got %q, want %q", c.err, want)
	}
}
