package frame

import (
	"math"
	"strconv"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// field is one field of a row, ready to be read.
type field struct {
	name     string // empty: passed over
	quoted   object.Name
	passed   bool // without a look at the number
	plain    bool // nothing but write is done with the number
	size     int  // bits
	little   bool // low byte first
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

// ready prepares fields for reading, after the last change to them.
func ready(fields []field) {
	for i := range fields {
		f := &fields[i]
		f.quoted = object.Quote(f.name)
		f.passed = f.name == "" && f.wanted == nil
		f.plain = f.name != "" && f.wanted == nil && f.slot == 0 && !f.set && f.unless == 0 && f.join == "" && f.unit == ""
		ready(f.fields)
	}
}

// row reads the fields of a row into out.
func row(fields []field, b *bits, out *object.Writer) {
	for i := range fields {
		f := &fields[i]
		if f.passed && b.skip(f.size) {
			continue
		}
		if f.optional && b.at >= 8*len(b.frame) {
			return
		}
		if f.fields != nil {
			out.Begin(f.quoted)
			out.Object("")
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
	raw := f.raw(b)
	if b.err != nil {
		return
	}
	if f.wanted != nil && raw != *f.wanted {
		b.err = errorAt(b.pos()-f.size/8, raw, *f.wanted)
		return
	}
	if f.plain {
		f.begin(b, out)
		f.write(raw, out)
		return
	}
	if f.slot > 0 {
		b.slots[f.slot-1] = raw
	}
	if f.name == "" || f.set && raw == 0 {
		return
	}
	f.begin(b, out)
	switch {
	case f.unless > 0 && b.slots[f.unless-1] != 0:
		out.Null("")
	case f.join != "":
		out.Text("", f.joined(raw, b))
	case f.unit != "":
		out.Object("")
		out.Begin(value)
		f.write(raw, out)
		out.Text("unit", f.unit)
		out.End()
	default:
		f.write(raw, out)
	}
}

// begin writes the name of the member, which on a channel ends by that.
func (f *field) begin(b *bits, out *object.Writer) {
	if b.channel < 0 {
		out.Begin(f.quoted)
		return
	}
	var room [6*maxName + 8]byte // room for the name when every sign of it is escaped
	name := append(room[:0], f.quoted[:len(f.quoted)-len(`":`)]...)
	name = append(strconv.AppendInt(append(name, '_'), int64(b.channel), 10), `":`...)
	out.Begin(object.Name(name))
}

// value is the member of an object with a unit.
var value = object.Quote("value")

// write writes a value behind the name of its member.
func (f *field) write(raw int64, out *object.Writer) {
	for _, s := range f.none {
		if f.within(s, raw) {
			out.Null("")
			return
		}
	}
	switch {
	case f.flag:
		out.Flag("", raw != 0)
	case f.words != nil:
		f.word(raw, out)
	case f.float:
		out.Number("", calculate(float64(math.Float32frombits(uint32(raw))), f.sums))
	case len(f.sums) == 0:
		f.whole(raw, out)
	case f.signed:
		out.Number("", calculate(float64(raw), f.sums))
	default:
		out.Number("", calculate(float64(uint64(raw)), f.sums))
	}
}

// within reports whether a value is in a span. One of u64 that is beyond those of i64 is only in what has no upper end.
func (f *field) within(s span, raw int64) bool {
	if raw < 0 && !f.signed {
		return s.high == math.MaxInt64
	}
	return raw >= s.low && raw <= s.high
}

// whole writes a value as the number that was sent.
func (f *field) whole(raw int64, out *object.Writer) {
	if f.signed {
		out.Int("", raw)
	} else {
		out.Unsigned("", uint64(raw))
	}
}

// word writes the word of a value; a value without one is written as the number it is.
func (f *field) word(raw int64, out *object.Writer) {
	w, ok := f.words.of[raw]
	switch {
	case !ok && f.words.other == nil:
		f.whole(raw, out)
		return
	case !ok:
		w = *f.words.other
	}
	if w.text == "" {
		out.Int("", w.number)
		return
	}
	out.Text("", w.text)
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
