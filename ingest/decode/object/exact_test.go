package object

import (
	"math"
	"strconv"
	"testing"
)

func TestExactKeepsEveryDigit(t *testing.T) {
	for _, v := range []float64{0, -3, 21.0625, 73.06018265392441, 1719999999.125, 4.9e-324, 1.25e-9, -1e21, 1e300, 1 << 53, math.Pi * 1e20} {
		var w Writer
		w.Exact("v", v)
		text := string(w.JSON())
		got, err := strconv.ParseFloat(text[len(`{"v":`):len(text)-1], 64)
		if err != nil || got != v {
			t.Errorf("%v: got %s (%v)", v, text, err)
		}
	}
	var w Writer
	w.Exact("a", math.Inf(1))
	w.Exact("b", math.NaN())
	w.Exact("t", 1719999999.125)
	w.Unsigned("u", math.MaxUint64)
	const want = `{"a":null,"b":null,"t":1719999999.125,"u":18446744073709551615}`
	if got := string(w.JSON()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
