package codec

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// frameCase is a frame and the object that it is, or what its error says.
type frameCase struct {
	name  string
	port  uint8
	frame string // hexadecimal, spaces between fields
	want  string // the object; empty for a frame that carries nothing
	err   string
	short bool // the error is ErrShort
	tail  int  // bytes at the end that carry nothing
}

func frameBytes(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// frameDecode runs the codec called name.
func frameDecode(t *testing.T, name string, port uint8, b []byte) (string, error) {
	t.Helper()
	c, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	var out object.Writer
	if err := c.Func(Uplink{port, b}, &out); err != nil {
		return "", err
	}
	if out.Empty() {
		return "", nil
	}
	return string(out.JSON()), nil
}

// frameTable runs the cases of one codec, and every frame cut short at every byte: that is an error or an object, never more.
func frameTable(t *testing.T, codec string, cases []frameCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := frameBytes(t, c.frame)
			got, err := frameDecode(t, codec, c.port, b)
			switch {
			case c.err == "" && err != nil:
				t.Fatalf("got error %q, want %s", err, c.want)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Fatalf("got %s, error %v; want an error with %q", got, err, c.err)
			case errors.Is(err, ErrShort) != c.short:
				t.Errorf("error %v is ErrShort: got %v, want %v", err, !c.short, c.short)
			case got != c.want:
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			for n := range b {
				cut, err := frameDecode(t, codec, c.port, b[:n])
				if err == nil && cut != "" && !json.Valid([]byte(cut)) {
					t.Errorf("the first %d bytes: got %s, want an object or an error", n, cut)
				}
				if err == nil && cut == got && got != "" && n < len(b)-c.tail {
					t.Errorf("the first %d of %d bytes: got the whole object", n, len(b))
				}
			}
		})
	}
}

func TestFrameReads(t *testing.T) {
	f := frame{bytes: []byte{0xFF, 0xFE, 0x01, 0x02, 0x03, 0xFF, 0xFF, 0x80, 7}}
	for _, c := range []struct {
		name      string
		got, want int64
	}{
		{"signed, most significant first", f.signedBig(2), -2},
		{"most significant first", f.big(3), 0x010203},
		{"signed, least significant first", f.signedLittle(3), -0x7F0001},
		{"left", int64(f.left()), 1},
		{"past the end", f.little(2), 0},
		{"after the end", f.big(1), 0},
		{"left after the end", int64(f.left()), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, c.got, c.want)
		}
	}
	if err := f.end(); !errors.Is(err, ErrShort) || !strings.Contains(err.Error(), "byte 8: got 1 more bytes, want 2") {
		t.Errorf("got %v, want ErrShort at byte 8", err)
	}
	f = frame{bytes: []byte{1, 2}}
	f.byte()
	if err := f.end(); err == nil || errors.Is(err, ErrShort) {
		t.Errorf("a byte too many: got %v, want an error that is not ErrShort", err)
	}
}

// frameCodecs are the codecs that read with a frame.
var frameCodecs = []string{
	"elsys", "imbuildings",
	"dragino-door", "dragino-leak", "dragino-lht65", "dragino-lht65n-vib", "dragino-lht52", "dragino-aqs01",
}

// FuzzFrames asserts for every codec and frame: no panic; an error or an object; an object that is valid JSON, has no member
// twice and is not much longer than its frame; the same again; the bytes untouched.
func FuzzFrames(f *testing.F) {
	for i := range frameCodecs {
		for _, s := range []string{
			"0100fa 022d 0a0007 0b00010203 190014 19ffe2 1102 4100fa3c", "3e0507010805", "0206000a0b0c0d0e0f1000016d000300020001f4019007",
			"0000012c000000c804", "01 0b 34 2200 510c00", "000f0f011e0000d22500", "8c9601000002000012 00", "0100000500000065a00000",
			"cbf60a2801dc017fff7fff", "7fff0a2801dc4165a000000a2901dd4165a00384",
		} {
			b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
			if err != nil {
				f.Fatal(err)
			}
			for _, port := range []byte{1, 2, 3, 100, 120} {
				f.Add(byte(i), port, b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, which, port byte, b []byte) {
		name := frameCodecs[int(which)%len(frameCodecs)]
		b = b[:min(len(b), 255)] // no frame is longer
		before := string(b)
		got, err := frameDecode(t, name, port, b)
		if string(b) != before {
			t.Fatalf("%s changed the frame", name)
		}
		if again, err2 := frameDecode(t, name, port, b); again != got || (err == nil) != (err2 == nil) {
			t.Fatalf("%s: got %s, %v, then %s, %v", name, got, err, again, err2)
		}
		if err != nil || got == "" {
			return
		}
		if limit := 64*len(b) + 1024; len(got) > limit {
			t.Fatalf("%s: got %d bytes of a frame of %d, want at most %d", name, len(got), len(b), limit)
		}
		frameMembers(t, name, got)
	})
}

// frameMembers fails on text that is no object of JSON, or one with a member twice.
func frameMembers(t *testing.T, name, text string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	var walk func()
	walk = func() {
		tok, err := d.Token()
		if err != nil {
			t.Fatalf("%s: got %s, want JSON: %v", name, text, err)
		}
		switch tok {
		case json.Delim('{'):
			seen := make(map[string]bool)
			for d.More() {
				key, err := d.Token()
				if err != nil {
					t.Fatalf("%s: got %s, want JSON: %v", name, text, err)
				}
				if k, ok := key.(string); !ok || seen[k] {
					t.Fatalf("%s: got member %v twice in %s", name, key, text)
				} else {
					seen[k] = true
				}
				walk()
			}
			if _, err := d.Token(); err != nil {
				t.Fatalf("%s: got %s, want JSON: %v", name, text, err)
			}
		case json.Delim('['):
			for d.More() {
				walk()
			}
			if _, err := d.Token(); err != nil {
				t.Fatalf("%s: got %s, want JSON: %v", name, text, err)
			}
		}
	}
	if walk(); d.More() || text[0] != '{' {
		t.Fatalf("%s: got %s, want one object", name, text)
	}
}
