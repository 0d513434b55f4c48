package codec

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// msCase is a frame that a codec reads into an object.
type msCase struct{ codec, name, frame, want string }

// msCases are all of them.
var msCases = slices.Concat(msFramesInfo, msFramesPeople, msFramesOccupancy, msFramesAmbience, msFramesSwitch, msFramesEnvironment)

// msFramesInfo are frames of what devices say of themselves.
var msFramesInfo = []msCase{
	{"milesight-vs350", "a device joins", "ff0b ff ff01 21 ff16 6789a1b2c3d4e5f6 ff09 0330 ff0a 0112 ff0f 00 ffff 0103 fffe ff",
		`{"device_status":"on","ipso_version":"v2.1","sn":"6789a1b2c3d4e5f6","hardware_version":"v3.3","firmware_version":"v1.12",` +
			`"lorawan_class":"Class A","tsl_version":"v1.3","reset_event":"reset"}`},
	{"milesight-ws101", "serial number of six bytes", "ff08 a1b2c3d4e5f6 ff0f 03",
		`{"sn":"a1b2c3d4e5f6","lorawan_class":"Class CtoB"}`},
}

// msBytes reads a frame; spaces are for people.
func msBytes(tb testing.TB, frame string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(frame, " ", ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// msRead reads a frame with a codec.
func msRead(tb testing.TB, codec string, b []byte) (*object.Writer, error) {
	tb.Helper()
	c, err := Find(codec)
	if err != nil {
		tb.Fatal(err)
	}
	var out object.Writer
	err = c.Func(Uplink{Port: 85, Bytes: b}, &out)
	return &out, err
}

func TestMilesight(t *testing.T) {
	for _, c := range msCases {
		t.Run(c.codec+"/"+c.name, func(t *testing.T) {
			out, err := msRead(t, c.codec, msBytes(t, c.frame))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(out.JSON()); got != c.want || !json.Valid([]byte(got)) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// A frame cut between two channels is a frame; cut anywhere else it is an error, and nothing of it is written.
func TestMilesightPrefixes(t *testing.T) {
	for _, c := range msCases {
		b := msBytes(t, c.frame)
		for n := range b {
			out, err := msRead(t, c.codec, b[:n])
			switch {
			case err == nil:
				if !json.Valid(out.JSON()) {
					t.Errorf("%s, %s, first %d bytes: got %s, want JSON", c.codec, c.name, n, out.JSON())
				}
				if _, err := msRead(t, c.codec, b[n:]); err != nil {
					t.Errorf("%s, %s: reads the first %d bytes of a frame, and not the rest: %v", c.codec, c.name, n, err)
				}
			case !errors.Is(err, ErrShort) || !out.Empty():
				t.Errorf("%s, %s, first %d bytes: got %v and %s, want %v and nothing", c.codec, c.name, n, err, out.JSON(), ErrShort)
			}
		}
	}
}

// The tables hold what they promise, and the frames of these tests have each channel of each line and each kind of record.
// What two lines share needs one frame.
func TestMilesightTables(t *testing.T) {
	lines := make(map[string]*msLine)
	for i := range msLines {
		lines[msLines[i].name] = &msLines[i]
	}
	seen := make(map[string]bool)
	for _, c := range msCases {
		channels := slices.Concat(lines[c.codec].channels, msInfo)
		for b := msBytes(t, c.frame); len(b) > 0; {
			i := slices.IndexFunc(channels, func(ch msChannel) bool { return ch.id == b[0] && ch.typ == b[1] })
			if i < 0 {
				t.Fatalf("%s, %s: channel % x is not in the table", c.codec, c.name, b[:2])
			}
			layout, kind := channels[i].msLayout, byte(0)
			if channels[i].kinds != nil {
				kind = b[2+channels[i].kindAt]
				layout = channels[i].kinds[kind]
			}
			seen[msKey(c.codec, channels[i], kind, layout)] = true
			b = b[2+layout.size:]
		}
	}
	for name, l := range lines {
		for i, c := range l.channels {
			if slices.ContainsFunc(l.channels[:i], func(ch msChannel) bool { return ch.id == c.id && ch.typ == c.typ }) {
				t.Errorf("%s: channel %02x %02x is there twice", name, c.id, c.typ)
			}
			layouts := map[byte]msLayout{0: c.msLayout}
			if c.kinds != nil {
				layouts = c.kinds
			}
			for kind, layout := range layouts {
				if key := msKey(name, c, kind, layout); !seen[key] {
					t.Errorf("%s: no frame of these tests has %s", name, key)
				}
				for i, f := range layout.fields {
					width := map[msKind]int{msUint8: 1, msUint16: 2, msInt16: 2, msUint24: 3, msUint32: 4, msFloat32: 4}[f.kind]
					if end := f.at + width; end > layout.size {
						t.Errorf("%s: channel %02x %02x: %s ends at byte %d of %d", name, c.id, c.typ, f.name, end, layout.size)
					}
					if slices.ContainsFunc(layout.fields[:i], func(g msField) bool { return g.name == f.name }) {
						t.Errorf("%s: channel %02x %02x: %s is there twice", name, c.id, c.typ, f.name)
					}
				}
			}
		}
	}
}

// msKey names what a channel, or one kind of its records, has. What a function reads is the line's own.
func msKey(codec string, c msChannel, kind byte, l msLayout) string {
	names := make([]string, len(l.fields))
	for i, f := range l.fields {
		names[i] = f.name
	}
	if l.read == nil {
		codec = ""
	}
	return fmt.Sprintf("%02x %02x %02x %d %s %s", c.id, c.typ, kind, l.size, strings.Join(names, ","), codec)
}
