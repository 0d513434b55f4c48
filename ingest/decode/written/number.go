package written

import (
	"math"
	"strconv"
)

// exactTens are the powers of ten that a float64 holds exactly.
var exactTens = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// Float reads decimal text as JSON allows it, and only that: no hex, no infinity, no underscore. An overflow is not finite.
func Float(text []byte) (float64, bool) {
	if v, ok := shortDecimal(text); ok {
		return v, true
	}
	for _, c := range text {
		if (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}

// shortDecimal reads at most 15 digits with at most one point among them: what sensors send. Both the digits and the power of
// ten are exact, so that one division rounds once and gives the nearest float64, as ParseFloat does (Clinger 1990).
func shortDecimal(text []byte) (float64, bool) {
	digits := text
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 16 {
		return 0, false
	}
	mantissa, point, n := int64(0), -1, 0
	for i, c := range digits {
		switch {
		case '0' <= c && c <= '9':
			mantissa = mantissa*10 + int64(c-'0')
			n++
		case c == '.' && point < 0 && i > 0 && i < len(digits)-1:
			point = n
		default:
			return 0, false
		}
	}
	if n > 15 {
		return 0, false
	}
	v := float64(mantissa)
	if point >= 0 {
		v /= exactTens[n-point]
	}
	if len(digits) < len(text) {
		v = -v
	}
	return v, true
}

// Whole reads a whole number from 0 to 2^64-1.
func Whole(text []byte) (uint64, bool) {
	if len(text) == 0 || len(text) > 20 {
		return 0, false
	}
	var v uint64
	for _, c := range text {
		d := uint64(c - '0')
		if d > 9 || v > (1<<64-1-d)/10 {
			return 0, false
		}
		v = v*10 + d
	}
	return v, true
}
