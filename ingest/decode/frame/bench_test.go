package frame_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// benchFrames are frames of an ordinary day.
var benchFrames = []struct {
	id   string
	port uint8
	hex  string
}{
	{"ascoel", 30, "03 0011 0000c841 00004842"},
	{"browan", 103, "71 0b 3c 37 7a03 0200 8c00 3b"},
	{"cayenne-lpp", 1, "03 67 ffec 04 68 7b 05 65 0120 01 66 01"},
	{"hkt", 2, "686b74 0009 07 0005 0003 00001f40 00001f3f"},
	{"merryiot", 127, "01 0e e600 37 2003"},
	{"tektelic", 10, "0367 00d4 0468 5b 00ba 0ce4"},
	{"terabee", 1, "00000129 00000100 02"},
	{"thermokon", 2, "10 00d4 11 2d 12 0320 54 a0"},
}

// BenchmarkDescriptionsAndCodecs decodes the same frames by description and by the Go codec, where there still is one.
func BenchmarkDescriptionsAndCodecs(b *testing.B) {
	for _, f := range benchFrames {
		bytes, err := hex.DecodeString(strings.ReplaceAll(f.hex, " ", ""))
		if err != nil {
			b.Fatal(err)
		}
		up := codec.Uplink{Port: f.port, Bytes: bytes}
		run := func(decode codec.Func) func(b *testing.B) {
			return func(b *testing.B) {
				var out object.Writer
				b.ReportAllocs()
				for b.Loop() {
					out.Reset()
					if err := decode(up, &out); err != nil || out.Empty() {
						b.Fatalf("%s: got error %v", f.id, err)
					}
				}
			}
		}
		b.Run(f.id+"/description", run(shipped(b, f.id).Decode))
		if c, err := codec.Find(f.id); err == nil {
			b.Run(f.id+"/codec", run(c.Func))
		}
	}
}
