package frame

import (
	"math"
	"strconv"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// field is one field of a row, ready to be read.
type field struct {
	name     string // empty: passed over
	size     int    // bits
	little   bool   // low byte first
	signed   bool
	float    bool // of 32 bits
	set      bool // written only where it is not 0
	flag     bool // written as true or false
	optional bool
	wanted   *int64 // the one value that is right
	none     []span // raw values that are no measurement
	slot     int    // where the value is kept for fields behind it that have unless, from 1; 0: nobody asks
	unless   int    // the slot that must hold 0, or nothing is measured; 0: none
	sums     []sum
	words    *words
	join     string  // the signs between several numbers
	unit     string  // not empty: an object {value, unit}
	fields   []field // of an object; size is then 0
}

// span is the values from low to high.
type span struct{ low, high int64 }

// sum is one step of a calculation.
type sum struct {
	op byte // + - * / or f for floor, r for round
	by float64
}

// words stand for values.
type words struct {
	of    map[int64]word
	other *word // all other values; nil: they are written as they are
}

// word is what is written for a value.
type word struct {
	text   string
	number int64 // where text is empty
}

// raw reads the number as it was sent.
func (f *field) raw(b *bits) int64 {
	var v uint64
	if f.little {
		v = b.little(f.size / 8)
	} else {
		v = b.read(f.size)
	}
	if f.signed {
		return int64(v) << (64 - f.size) >> (64 - f.size)
	}
	return int64(v)
}

// row reads the fields of a row into out.
func row(fields []field, b *bits, out *object.Writer) {
	for i := range fields {
		f := &fields[i]
		if f.optional && b.at >= 8*len(b.frame) {
			return
		}
		if f.fields != nil {
			out.Object(f.name)
			row(f.fields, b, out)
			out.End()
			continue
		}
		f.read(b, out)
		if b.err != nil {
			return
		}
	}
}

// read reads one number and writes what it stands for.
func (f *field) read(b *bits, out *object.Writer) {
	if f.name == "" && f.wanted == nil && b.skip(f.size) {
		return
	}
	raw := f.raw(b)
	if b.err != nil {
		return
	}
	if f.wanted != nil && raw != *f.wanted {
		b.err = errorAt(b.pos()-f.size/8, raw, *f.wanted)
		return
	}
	if f.slot > 0 {
		b.slots[f.slot-1] = raw
	}
	switch {
	case f.name == "" || f.set && raw == 0:
		return
	case f.unless > 0 && b.slots[f.unless-1] != 0:
		out.Null(f.name)
		return
	case f.join != "":
		out.Text(f.name, f.joined(raw, b))
		return
	case f.unit != "":
		out.Object(f.name)
		f.write("value", raw, out)
		out.Text("unit", f.unit)
		out.End()
		return
	}
	name := f.name
	if b.channel >= 0 {
		var room [maxName + 8]byte
		name = string(strconv.AppendInt(append(append(room[:0], name...), '_'), int64(b.channel), 10))
	}
	f.write(name, raw, out)
}

// write writes a value under a name.
func (f *field) write(name string, raw int64, out *object.Writer) {
	for _, s := range f.none {
		if raw >= s.low && raw <= s.high {
			out.Null(name)
			return
		}
	}
	switch {
	case f.flag:
		out.Flag(name, raw != 0)
	case f.words != nil:
		f.word(name, raw, out)
	case f.float:
		out.Number(name, calculate(float64(math.Float32frombits(uint32(raw))), f.sums))
	case len(f.sums) == 0:
		out.Int(name, raw)
	default:
		out.Number(name, calculate(float64(raw), f.sums))
	}
}

// word writes the word of a value; a value without one is written as the number it is.
func (f *field) word(name string, raw int64, out *object.Writer) {
	w, ok := f.words.of[raw]
	switch {
	case !ok && f.words.other == nil:
		out.Int(name, raw)
		return
	case !ok:
		w = *f.words.other
	}
	if w.text == "" {
		out.Int(name, w.number)
		return
	}
	out.Text(name, w.text)
}

func calculate(v float64, sums []sum) float64 {
	for _, s := range sums {
		switch s.op {
		case '+':
			v += s.by
		case '-':
			v -= s.by
		case '*':
			v *= s.by
		case '/':
			v /= s.by
		case 'r':
			v = math.Round(v*s.by) / s.by
		default:
			v = math.Floor(v)
		}
	}
	return v
}
