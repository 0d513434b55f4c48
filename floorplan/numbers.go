package floorplan

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// point is a place in the drawing.
type point struct{ x, y float64 }

// length reads a number, with the unit of the screen or none; of the whole drawing with any unit of length.
func length(text string, any bool) (float64, bool) {
	text = strings.TrimSpace(text)
	units := []string{"px"}
	if any {
		units = []string{"px", "mm", "cm", "in", "pt", "pc"}
	}
	for _, unit := range units {
		if rest, ok := strings.CutSuffix(text, unit); ok {
			text = rest
			break
		}
	}
	return finite(text)
}

// finite reads a number that a drawing may have.
func finite(text string) (float64, bool) {
	if text == "" || len(text) > 40 || strings.ContainsAny(text, "xXpPnN_iI") {
		return 0, false // hexadecimal, NaN, Inf
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(v) > farthest {
		return 0, false
	}
	return v, true
}

// numbers reads a list of numbers between blanks and commas; nil: it is none.
func numbers(text string) []float64 {
	var all []float64
	for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == ' ' || c == ',' || c == '\n' || c == '\t' || c == '\r' }) {
		v, ok := finite(strings.TrimSuffix(word, "px"))
		if !ok || len(all) > 4*maxPath {
			return nil
		}
		all = append(all, v)
	}
	return all
}

// number writes one as short as a drawing needs it: to a thousandth of a large one.
func number(v float64) string {
	digits := 2
	switch a := math.Abs(v); {
	case a < 1:
		digits = 4
	case a < 10:
		digits = 3
	}
	text := strconv.FormatFloat(v, 'f', digits, 64)
	text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	if text == "-0" || text == "" {
		return "0"
	}
	return text
}

func join(v []float64) string {
	words := make([]string, len(v))
	for i := range v {
		words[i] = number(v[i])
	}
	return strings.Join(words, " ")
}

// sort puts attributes into one order: equal files give equal drawings.
func (e *element) sort() {
	slices.SortFunc(e.attrs, func(a, b attribute) int { return cmp.Compare(a.name, b.name) })
}

// matrix is where units of an element lie: x' = ax + cy + e, y' = bx + dy + f.
type matrix struct{ a, b, c, d, e, f float64 }

var identity = matrix{a: 1, d: 1}

func (m matrix) times(n matrix) matrix {
	return matrix{
		m.a*n.a + m.c*n.b, m.b*n.a + m.d*n.b, m.a*n.c + m.c*n.d, m.b*n.c + m.d*n.d, m.a*n.e + m.c*n.f + m.e, m.b*n.e + m.d*n.f + m.f,
	}
}

func (m matrix) on(p point) point { return point{m.a*p.x + m.c*p.y + m.e, m.b*p.x + m.d*p.y + m.f} }

func (m matrix) finite() bool {
	for _, v := range []float64{m.a, m.b, m.c, m.d, m.e, m.f} {
		if math.IsNaN(v) || math.Abs(v) > farthest {
			return false
		}
	}
	return true
}

// String is the matrix as an attribute has it.
func (m matrix) String() string {
	words := make([]string, 0, 6)
	for _, v := range []float64{m.a, m.b, m.c, m.d} {
		words = append(words, strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', 6, 64), "0"), "."))
	}
	return "matrix(" + strings.Join(append(words, number(m.e), number(m.f)), " ") + ")"
}

// transform reads a list of transforms; false: it is none.
func transform(text string) (matrix, bool) {
	m := identity
	for rest := strings.TrimSpace(text); rest != ""; {
		name, after, ok := strings.Cut(rest, "(")
		inner, more, closed := strings.Cut(after, ")")
		if !ok || !closed {
			return identity, false
		}
		v := numbers(inner)
		n, ok := oneTransform(strings.TrimSpace(name), v)
		if m = m.times(n); !ok || !m.finite() {
			return identity, false
		}
		rest = strings.TrimLeft(more, " ,\n\t\r")
	}
	return m, true
}

func oneTransform(name string, v []float64) (matrix, bool) {
	at := func(i int, other float64) float64 {
		if i < len(v) {
			return v[i]
		}
		return other
	}
	switch {
	case name == "matrix" && len(v) == 6:
		return matrix{v[0], v[1], v[2], v[3], v[4], v[5]}, true
	case name == "translate" && (len(v) == 1 || len(v) == 2):
		return matrix{a: 1, d: 1, e: v[0], f: at(1, 0)}, true
	case name == "scale" && (len(v) == 1 || len(v) == 2):
		return matrix{a: v[0], d: at(1, v[0])}, true
	case name == "rotate" && (len(v) == 1 || len(v) == 3):
		sin, cos := math.Sincos(v[0] * math.Pi / 180)
		x, y := at(1, 0), at(2, 0)
		return matrix{a: 1, d: 1, e: x, f: y}.times(matrix{cos, sin, -sin, cos, 0, 0}).times(matrix{a: 1, d: 1, e: -x, f: -y}), true
	case name == "skewX" && len(v) == 1:
		return matrix{a: 1, c: math.Tan(v[0] * math.Pi / 180), d: 1}, true
	case name == "skewY" && len(v) == 1:
		return matrix{a: 1, b: math.Tan(v[0] * math.Pi / 180), d: 1}, true
	}
	return identity, false
}

// ring is an ellipse as a polygon.
func ring(x, y, rx, ry float64) []point {
	const corners = 24
	all := make([]point, 0, corners)
	for i := range corners {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		all = append(all, point{x + rx*cos, y + ry*sin})
	}
	return all
}
