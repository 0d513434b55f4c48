package codec

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// FuzzMilesight asserts what must hold for every frame and every line: no panic; JSON of bounded size without a name twice in
// one object, or an error and nothing; the same answer again; the frame untouched; and that a frame that can be read can be
// read twice in a row, so each channel was taken at its right length.
func FuzzMilesight(f *testing.F) {
	line := make(map[string]byte)
	for i, l := range msLines {
		line[l.name] = byte(i)
	}
	for _, c := range msCases {
		f.Add(line[c.codec], msBytes(f, c.frame))
	}
	for i := range msLines {
		f.Add(byte(i), []byte{0xff, 0x1a, 0x02, 0x90, 0x01, 0xf8, 0x10, 0x01, 0x02, 0x01, 0x75, 0x50, 0x20, 0xce})
	}
	f.Fuzz(func(t *testing.T, i byte, b []byte) {
		l := &msLines[int(i)%len(msLines)]
		before := bytes.Clone(b)
		out, err := msRead(t, l.name, b)
		if !bytes.Equal(b, before) {
			t.Fatal("the frame was changed")
		}
		again, errAgain := msRead(t, l.name, b)
		if (err == nil) != (errAgain == nil) || out.Empty() != again.Empty() {
			t.Fatalf("%s: got %v, then %v", l.name, err, errAgain)
		}
		if err != nil {
			if !out.Empty() {
				t.Fatalf("%s: got %v and %s", l.name, err, out.JSON())
			}
			return
		}
		text := out.JSON()
		if !bytes.Equal(text, again.JSON()) {
			t.Fatalf("%s: got %s, then %s", l.name, text, again.JSON())
		}
		// A record of regions is 11 bytes and says 20 things.
		if limit := 4096 + 64*len(b); len(text) > limit {
			t.Fatalf("%s: %d bytes of JSON from %d, want at most %d", l.name, len(text), len(b), limit)
		}
		if !json.Valid(text) {
			t.Fatalf("%s: no JSON: %s", l.name, text)
		}
		if name := repeated(json.NewDecoder(bytes.NewReader(text))); name != "" {
			t.Fatalf("%s: %q is there twice in %s", l.name, name, text)
		}
		if twice := append(bytes.Clone(b), b...); len(twice) <= msMaxFrame {
			if _, err := msRead(t, l.name, twice); err != nil {
				t.Fatalf("%s: reads % x, and not that twice: %v", l.name, b, err)
			}
		}
	})
}

// repeated finds a name that is twice in one object.
func repeated(d *json.Decoder) string {
	var open []map[string]bool // names of each container; nil of an array
	name := false              // the next string is a name
	for {
		token, err := d.Token()
		if err == io.EOF {
			return ""
		}
		switch v := token.(type) {
		case json.Delim:
			switch v {
			case '{':
				open = append(open, make(map[string]bool))
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			name = len(open) > 0 && open[len(open)-1] != nil
			continue
		case string:
			if name {
				names := open[len(open)-1]
				if names[v] {
					return v
				}
				names[v], name = true, false
				continue
			}
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// BenchmarkMilesight reads one frame into a writer that is used again and again, as a worker does.
func BenchmarkMilesight(b *testing.B) {
	for _, bench := range []struct{ name, codec, frame string }{
		{"counter", "milesight-vs350", "0175 57 0367 f600 04cc 9001 8f01 05cc 0700 0500"},
		{"air", "milesight-am107", "0175 5b 0367 0f01 0468 70 056a 1b00 0665 f401 9600 2c00 077d 5203 087d 2e00 0973 6b27"},
		{"history", "milesight-vs133", "20ce 00cb9a3b 03 10270000 20ce 00cb9a3b 04 11270000 20ce 00cb9a3b 05 0500 0600"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			frame := msBytes(b, bench.frame)
			c, err := Find(bench.codec)
			if err != nil {
				b.Fatal(err)
			}
			var out object.Writer
			b.ReportAllocs()
			for b.Loop() {
				out.Reset()
				if err := c.Func(Uplink{Port: 85, Bytes: frame}, &out); err != nil {
					b.Fatal(err)
				}
				out.JSON()
			}
		})
	}
}
