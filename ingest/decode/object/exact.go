package object

import (
	"math"
	"strconv"
)

// Exact writes a number with all the digits that it takes to read it again: one that was sent as a number and not calculated
// here has no noise to round off. What JSON cannot hold (NaN, infinite) is null.
func (w *Writer) Exact(name string, v float64) {
	w.name(name)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		w.buf = append(w.buf, "null"...)
	case v == math.Trunc(v) && math.Abs(v) < 1<<53:
		w.buf = strconv.AppendInt(w.buf, int64(v), 10)
	case math.Abs(v) >= 1e-6 && math.Abs(v) < 1e21:
		w.buf = strconv.AppendFloat(w.buf, v, 'f', -1, 64)
	default:
		w.buf = strconv.AppendFloat(w.buf, v, 'g', -1, 64)
	}
}

// Unsigned writes a whole number.
func (w *Writer) Unsigned(name string, v uint64) {
	w.name(name)
	w.buf = strconv.AppendUint(w.buf, v, 10)
}
