// Package object writes JSON objects. Whatever notation a message has (bytes of a radio frame, XML, protobuf, lines of text), it
// becomes one JSON object first, so that a device model maps them all in one way.
package object

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// Writer writes one JSON object, member by member, in the order of the calls. Names and nesting are the caller's duty. The
// zero Writer is empty and ready; it is not safe for concurrent use.
type Writer struct {
	buf  []byte
	open []byte // closing bracket of every container that is open, innermost last
	// comma says that the innermost container has a member already.
	comma bool
	// begun says that the name of the next member was written by Begin.
	begun bool
}

// Reset empties the object and keeps its memory.
func (w *Writer) Reset() { w.buf, w.open, w.comma, w.begun = w.buf[:0], w.open[:0], false, false }

// Empty reports whether nothing was written.
func (w *Writer) Empty() bool { return len(w.buf) == 0 }

// JSON closes what is open and gives the whole text, valid until Reset. Of an empty object it is {}.
func (w *Writer) JSON() []byte {
	if len(w.buf) == 0 {
		w.buf = append(w.buf, '{')
	}
	for len(w.open) > 0 {
		w.End()
	}
	return append(w.buf, '}')
}

// Number writes a number; what JSON cannot hold (NaN, infinite) is null. Values with a scale such as 0.1 are rounded to
// nine digits behind the point: more is noise of the arithmetic.
func (w *Writer) Number(name string, v float64) {
	w.name(name)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		w.buf = append(w.buf, "null"...)
	case v == math.Trunc(v) && math.Abs(v) < 1<<53:
		w.buf = strconv.AppendInt(w.buf, int64(v), 10)
	default:
		if math.Abs(v) < 1e6 {
			v = math.Round(v*1e9) / 1e9
		}
		w.buf = strconv.AppendFloat(w.buf, v, 'g', -1, 64)
	}
}

// Int writes a whole number.
func (w *Writer) Int(name string, v int64) {
	w.name(name)
	w.buf = strconv.AppendInt(w.buf, v, 10)
}

// Text writes a string; invalid UTF-8 is replaced.
func (w *Writer) Text(name, v string) {
	w.name(name)
	w.quote(v)
}

// Flag writes a boolean.
func (w *Writer) Flag(name string, v bool) {
	w.name(name)
	w.buf = strconv.AppendBool(w.buf, v)
}

// Raw writes a value that is JSON text already.
func (w *Writer) Raw(name string, json []byte) {
	w.name(name)
	w.buf = append(w.buf, json...)
}

// Null writes a member that is there and has no value: not fitted, no measurement.
func (w *Writer) Null(name string) {
	w.name(name)
	w.buf = append(w.buf, "null"...)
}

// Object begins a member that is an object; End ends it. In an array the name is empty.
func (w *Writer) Object(name string) { w.container(name, '{', '}') }

// Array begins a member that is an array; End ends it. Its elements are written with empty names.
func (w *Writer) Array(name string) { w.container(name, '[', ']') }

// End ends the innermost object or array.
func (w *Writer) End() {
	last := len(w.open) - 1
	w.buf = append(w.buf, w.open[last])
	w.open, w.comma = w.open[:last], true
}

func (w *Writer) container(name string, begin, end byte) {
	w.name(name)
	w.buf = append(w.buf, begin)
	w.open, w.comma = append(w.open, end), false
}

// Name is the name of a member as it stands in JSON. To write it spares quoting it each time.
type Name string

// Quote makes a name ready for Begin.
func Quote(name string) Name {
	var w Writer
	w.quote(name)
	return Name(append(w.buf, ':'))
}

// Begin begins a member of an object. Its value is written by the next call, whose own name is passed over.
func (w *Writer) Begin(name Name) {
	switch {
	case len(w.buf) == 0:
		w.buf = append(w.buf, '{')
	case w.comma:
		w.buf = append(w.buf, ',')
	}
	w.buf = append(w.buf, name...)
	w.comma, w.begun = true, true
}

// name begins a member.
func (w *Writer) name(name string) {
	if w.begun {
		w.begun = false
		return
	}
	w.named(name)
}

func (w *Writer) named(name string) {
	switch {
	case len(w.buf) == 0:
		w.buf = append(w.buf, '{')
	case w.comma:
		w.buf = append(w.buf, ',')
	}
	w.comma = true
	if len(w.open) > 0 && w.open[len(w.open)-1] == ']' {
		return
	}
	w.quote(name)
	w.buf = append(w.buf, ':')
}

func (w *Writer) quote(s string) {
	w.buf = append(w.buf, '"')
	if plain(s) {
		w.buf = append(w.buf, s...)
		w.buf = append(w.buf, '"')
		return
	}
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.buf = append(w.buf, '\\', byte(r))
		case r < ' ':
			const digits = "0123456789abcdef"
			w.buf = append(w.buf, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		default:
			w.buf = utf8.AppendRune(w.buf, r)
		}
	}
	w.buf = append(w.buf, '"')
}

// plain reports whether text stands in JSON as it is, as nearly all names do.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
