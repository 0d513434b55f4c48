package frame_test

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/frame"
)

// row is a description of one row for any port.
func row(text string) *frame.Description {
	return &frame.Description{ID: "acme", Title: "Acme", Frames: map[string]string{"*": text}}
}

func TestRows(t *testing.T) {
	for _, tt := range []struct{ row, hex, want string }{
		{"a u8, b u16, c u24, d u32, e i8, f i16, g i32", "01 0002 000003 00000004 ff fffe fffffffd", `{"a":1,"b":2,"c":3,"d":4,"e":-1,"f":-2,"g":-3}`},
		{"a u16le, b i16le, c u24le, d i32le", "0100 feff 030000 fdffffff", `{"a":1,"b":-2,"c":3,"d":-3}`},
		{"a b4, b b12, c flag, d flag, _ b6", "a bcd 80", `{"a":10,"b":3021,"c":true,"d":false}`},
		{"a u8 /10 -4, b u8 *2 +1, c i8 /10 floor, d u16 /1000 round 2", "64 03 f1 04d2", `{"a":6,"b":7,"c":-2,"d":1.23}`},
		{"a f32le round 1, b f32", "0000ac41 41ac0000", `{"a":21.5,"b":21.5}`},
		{"a u8 none 0|255, b u8 none >100, c i8 none <-40, d u8 /2 none 255", "ff 65 d7 ff", `{"a":null,"b":null,"c":null,"d":null}`},
		{"a u8 none 0|255, b u8 none >100, c i8 none <-40", "01 64 d8", `{"a":1,"b":100,"c":-40}`},
		{"a u8 (0 off, 1 all on, * who knows), b u8 (7 =70), c u8 (7 =70)", "01 07 08", `{"a":"all on","b":70,"c":8}`},
		{"a u8 (0 off, 1 on, * who knows)", "09", `{"a":"who knows"}`},
		{"a u8 bool, b u8 bool", "02 00", `{"a":true,"b":false}`},
		{"a u8 join ':-:'", "07 00 12 1e", `{"a":"7:0-18:30"}`},
		{"a u8 unit 'V' /10, b u8 unit '%' none 255", "24 ff", `{"a":{"value":3.6,"unit":"V"},"b":{"value":null,"unit":"%"}}`},
		{"a {x i8, y {z u8}}, b u8", "ff 02 03", `{"a":{"x":-1,"y":{"z":2}},"b":3}`},
		{"broken u8, t u8 unless broken", "00 15", `{"broken":0,"t":21}`},
		{"broken u8, t u8 unless broken", "01 15", `{"broken":1,"t":null}`},
		{"_ u16 = 0x686B, a u8", "686b 01", `{"a":1}`},
		{"a u8, b u8 optional, c u8 optional", "01 02", `{"a":1,"b":2}`},
		{"a u8, rest", "01 02 03", `{"a":1,"unread":2}`},
		{"a u8, ignore", "01 02 03", `{"a":1}`},
		{"f {_ b6, stuck b1 set, stopped b1 set}", "02", `{"f":{"stuck":1}}`},
		{"a u64, b i64", "ffffffffffffffff 8000000000000000", `{"a":18446744073709551615,"b":-9223372036854775808}`},
		{"a u64 /2, b u64 none >100, c u64 none <100", "8000000000000000 8000000000000000 8000000000000000", `{"a":4.611686018427388e+18,"b":null,"c":9223372036854775808}`},
		{"a u64 (1 on), b u64le bool", "fffffffffffffffe 0000000000000080", `{"a":18446744073709551614,"b":true}`},
		{`"t" u8, u"nit i8 unit '"', b u64 join ':'`, "07 ff fffffffffffffffe 0000000000000001", `{"\"t\"":7,"u\"nit":{"value":-1,"unit":"\""},"b":"18446744073709551614:1"}`},
	} {
		p, err := frame.Compile(row(tt.row))
		if err != nil {
			t.Errorf("%s: %v", tt.row, err)
			continue
		}
		got, err := decode(p, 1, unhex(t, strings.ReplaceAll(tt.hex, " ", "")))
		if err != nil || got != tt.want {
			t.Errorf("%s of %s: got %s and error %v, want %s", tt.row, tt.hex, got, err, tt.want)
		}
	}
}

// Whatever is written for a value, its name ends by the channel.
func TestItemsOnChannels(t *testing.T) {
	for _, tt := range []struct{ item, hex, want string }{
		{"broken u8, t i8 unless broken", "07 01 00 15 08 01 00 ff", `{"broken_7":0,"t_7":21,"broken_8":0,"t_8":-1}`},
		{"broken u8, t i8 unless broken", "07 01 01 15 08 01 01 15", `{"broken_7":1,"t_7":null,"broken_8":1,"t_8":null}`},
		{"t u8 none 255", "00 01 ff ff 01 fe", `{"t_0":null,"t_255":254}`},
		{"_ b7, low b1 set, t u8 (0 off, * on)", "01 01 01 00 02 01 00 01", `{"low_1":1,"t_1":"off","t_2":"on"}`},
		{`a"b u8 bool, c f32 round 1`, "03 01 01 41ac0000", `{"a\"b_3":true,"c_3":21.5}`},
	} {
		d := row("items values")
		d.Items = map[string]frame.Items{"values": {Key: "u8", Channel: true, Of: map[string]string{"1": tt.item}}}
		p, err := frame.Compile(d)
		if err != nil {
			t.Errorf("%s: %v", tt.item, err)
			continue
		}
		if got, err := decode(p, 1, unhex(t, tt.hex)); err != nil || got != tt.want {
			t.Errorf("%s of %s: got %s and error %v, want %s", tt.item, tt.hex, got, err, tt.want)
		}
	}
}

// Rows of numbers of all sizes, wherever they lie, give what the bits of the frame are one by one, and a frame that is cut anywhere
// is an error that says so.
func TestBitsOneByOne(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 8))
	for range 2000 {
		text, want, at := "", "", 0
		bytes := make([]byte, 64)
		for i := range bytes {
			bytes[i] = byte(r.Uint32())
		}
		for i := range 1 + r.IntN(7) {
			kind, size := "b", 1+r.IntN(32)
			if r.IntN(3) == 0 {
				kind, size = "u", 8*(1+r.IntN(8))
			}
			name := fmt.Sprintf("v%d", i)
			if r.IntN(4) == 0 {
				name = "_"
			}
			v := new(big.Int)
			for range size {
				v.Lsh(v, 1)
				v.SetBit(v, 0, uint(bytes[at/8]>>(7-at%8)&1))
				at++
			}
			text += fmt.Sprintf("%s %s%d, ", name, kind, size)
			if name != "_" {
				want += fmt.Sprintf(`,"%s":%d`, name, v)
			}
		}
		text += fmt.Sprintf("last b%d", 8-at%8)
		want += fmt.Sprintf(`,"last":%d`, bytes[at/8]&(0xFF>>(at%8)))
		bytes = bytes[:at/8+1]
		p, err := frame.Compile(row(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got, err := decode(p, 1, bytes); err != nil || got != "{"+want[1:]+"}" {
			t.Fatalf("%s of % x: got %s and error %v, want {%s}", text, bytes, got, err, want[1:])
		}
		cut := r.IntN(len(bytes))
		if got, err := decode(p, 1, bytes[:cut:cut]); !errors.Is(err, codec.ErrShort) {
			t.Fatalf("%s of % x: got %s and error %v, want one that is ErrShort", text, bytes[:cut], got, err)
		}
	}
}

func TestMistakesInDescriptions(t *testing.T) {
	of := func(change func(d *frame.Description)) *frame.Description {
		d := row("a u8, items values")
		d.Items = map[string]frame.Items{"values": {Key: "u8", Of: map[string]string{"0x01": "b u16"}}}
		change(d)
		return d
	}
	items := func(key string, of map[string]string) func(d *frame.Description) {
		return func(d *frame.Description) { d.Items["values"] = frame.Items{Key: key, Of: of} }
	}
	for _, tt := range []struct {
		d    *frame.Description
		want string
	}{
		{row(""), `frames.*: at character 1, the end of the row: want a field: name type`},
		{row("a u8, b i17"), `frames.*: at character 9, "i17": want a type: u8 to u64`},
		{row("a"), `frames.*: at character 2, the end of the row: want a type`},
		{row("a u8 b u8"), `frames.*: at character 6, "b": want +N, -N, *N or /N`},
		{row("a u8 /0"), `at character 6, "/0": want +N`},
		{row("a u8 /ten"), `at character 6, "/ten": want +N`},
		{row("a u8, a u8"), `at character 7, "a": the name stands in this row already`},
		{row("unread u8"), `the name unread is taken`},
		{row("a u8 none ten"), `at character 11, "ten": want none and at most 16 whole numbers`},
		{row("a u8 (0 off, on)"), `want a value and its word`},
		{row("a u8 (0 off, 0 on)"), `want whole numbers, each once, or *`},
		{row("a u8 (0 off"), `want ) behind the words`},
		{row("a {b u8"), `want } behind the fields of an object`},
		{row("a u8}"), `at character 5, "}": want a comma`},
		{row("a {b {c {d {e u8}}}}"), `at most 3 lie inside each other`},
		{row("a u8 unless b"), `at character 13, "b": want unless and the name of a field before this one`},
		{row("a u8 /10 (0 off)"), `one of them`},
		{row("_ u8 /10"), `what is passed over is not written`},
		{row("a f32 bool"), `a floating-point number can only be calculated with`},
		{row("a u8 optional, b u8"), `only optional fields can follow an optional one`},
		{row("a u8, rest, b u8"), `nothing can follow rest`},
		{row("a b7"), `frames.*: the fields are 7 bits: want whole bytes`},
		{row("a u8, items values"), `frames.*: there are no items "values", want one of []`},
		{row(strings.Repeat("_ u8, ", 300) + "a u8"), `a row has at most 256 fields`},
		{row("a u8" + strings.Repeat(" +1", 2000)), `want at most`},
		{of(func(d *frame.Description) { d.ID = "Acme!" }), `id: "Acme!": want a-z, 0-9 and -`},
		{of(func(d *frame.Description) { d.Title = "" }), `title: missing`},
		{of(func(d *frame.Description) { d.Frames = nil }), `frames: 0 rows: want 1 to 1024`},
		{of(func(d *frame.Description) { d.Frames["256"] = "a u8" }), `frames.256: "256": want a port of 0 to 255`},
		{of(func(d *frame.Description) { d.Frames["1/900"] = "a u8" }), `frames.1/900: "1/900": want a length of 0 to 255`},
		{of(func(d *frame.Description) { d.Frames["1"] = "a u8"; d.Frames["0, 1"] = "a u8" }), `another row has the same port and length`},
		{of(func(d *frame.Description) { d.Otherwise = "drop" }), `otherwise: "drop": want reject or ignore`},
		{of(func(d *frame.Description) { d.Otherwise = "ignore" }), `otherwise: ignore means nothing beside a row for any port`},
		{of(func(d *frame.Description) { d.Ignore = []string{"01 zz"} }), `ignore[0]: "01 zz": want zeros, or bytes`},
		{of(func(d *frame.Description) { d.Frames["*"] = "a u8" }), `items.values: no row of frames ends in items values`},
		{of(func(d *frame.Description) { d.Frames["*"] = "b u8, items values" }), `frames.*: b is written by items values, too`},
		{of(items("i16", map[string]string{"1": "b u8"})), `items.values.key: "i16": want u8, u16`},
		{of(func(d *frame.Description) {
			d.Items["values"] = frame.Items{Key: "u8", Otherwise: "drop", Of: map[string]string{"1": "b u8"}}
		}), `items.values.otherwise: "drop": want unread or reject`},
		{of(func(d *frame.Description) {
			d.Items["values"] = frame.Items{Key: "u8", Channel: true, Of: map[string]string{"1": "b {c u8}"}}
		}), `an item on a channel is a row of plain fields`},
		{of(items("u8", nil)), `items.values.of: 0 keys: want 1 to 1024`},
		{of(items("u8", map[string]string{"0x1FF": "b u8"})), `items.values.of.0x1FF: "0x1FF": a key of u8 is at most 0xff`},
		{of(items("u8", map[string]string{"one": "b u8"})), `items.values.of.one: "one": want a number`},
		{of(items("u8", map[string]string{"1": "b u8", "0x01": "c u8"})), `each once`},
		{of(items("u8", map[string]string{"1": "b u8, rest"})), `an item cannot end in items, rest or ignore`},
		{of(items("u8", map[string]string{"1": "b b3"})), `items.values.of.1: the fields are 3 bits: want whole bytes`},
	} {
		_, err := frame.Compile(tt.d)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: got %v, want %q", tt.d.Frames, err, tt.want)
		}
	}
}

// FuzzDescription compiles any rows and reads any frame with what they make.
func FuzzDescription(f *testing.F) {
	f.Add("a u8 /10, items values", "b u16le none 0|1", "8", uint8(1), []byte{1, 8, 2, 3})
	f.Add("a {b u8 (0 off, * on)}, c f32 round 1, rest", "b u8", "0x10", uint8(0), []byte{1, 8, 2, 3, 4, 5, 6, 7})
	f.Add("x b3, y flag, _ b4, z u8 join ':-:' , w u8 unless x optional", "b u8 bool", "1", uint8(9), []byte{1, 8, 2, 3, 4, 5, 6, 7})
	f.Fuzz(func(t *testing.T, text, item, key string, port uint8, bytes []byte) {
		d := row(text)
		d.Items = map[string]frame.Items{"values": {Key: "u8", Of: map[string]string{key: item, "7": "n u8 unit 'V'"}}}
		p, err := frame.Compile(d)
		if err != nil {
			d.Items = nil
			if p, err = frame.Compile(d); err != nil {
				return
			}
		}
		sound(t, p, port, bytes)
	})
}
