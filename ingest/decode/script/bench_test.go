package script

import (
	"os"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// BenchmarkDecode measures one uplink of 23 or so bytes through decoders that are warm: what a gateway pays for each message.
func BenchmarkDecode(b *testing.B) {
	for _, bench := range []struct {
		file string
		port uint8
		raw  []byte
	}{
		{"tlv.js", 85, []byte{1, 0x75, 93, 3, 0x67, 0xf3, 0xff, 4, 0x68, 0x7b, 7, 0x7d, 0x3a, 2, 6, 0, 1, 5, 0xcc, 12, 0, 0x2c, 1}},
		{"es5.js", 5, []byte{1, 0xff, 0x9c, 2, 55, 5, 3, 7, 0x0e, 0x42, 0x0b, 0xff, 0, 0, 1, 0x3d, 2, 'o', 'k'}},
		{"modern.js", 2, []byte{0x10, 1, 2, 0x11, 0, 9, 0x20, 0x41, 0xb4, 0, 0}},
	} {
		b.Run(bench.file, func(b *testing.B) {
			p := maker(b, bench.file)
			decode(b, p, codec.Uplink{Port: bench.port, Bytes: bench.raw})
		})
	}
}

// BenchmarkDecodeLoose measures a decoder that changes built-ins, and so has a new runtime for each message.
func BenchmarkDecodeLoose(b *testing.B) {
	p := compiled(b, `Array.prototype.last = function () { return this[this.length - 1] }; function Decoder(bytes) { return { n: bytes.last() } }`)
	if p.keeping != loose {
		b.Fatalf("got built-ins %s, want %s", p.keeping, loose)
	}
	decode(b, p, codec.Uplink{Bytes: []byte{1, 2}})
}

func decode(b *testing.B, p *Program, up codec.Uplink) {
	var out object.Writer
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Decode(up, Extra{Received: received}, &out); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompile measures what a decoder costs when the configuration is loaded.
func BenchmarkCompile(b *testing.B) {
	text, err := os.ReadFile("testdata/tlv.js")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile("tlv.js", string(text), Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRealm measures a runtime with frozen built-ins; there are at most as many as processors, and some while compiling.
func BenchmarkRealm(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newRealm(frozen)
	}
}
