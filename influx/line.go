package influx

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// The append functions below write parts of one line of line protocol. A line is a measurement, its tags in the order of
// their keys (InfluxDB would have to sort them otherwise), a space, fields, a space, and a time.

const hexDigits = "0123456789ABCDEF"

// plainTag tells which bytes of a tag value stand for themselves.
var plainTag = func() (plain [256]bool) {
	for c := range plain {
		switch c {
		case ',', '=', ' ', '\\', '%', 0x7f:
		default:
			plain[c] = c > ' ' && c < utf8.RuneSelf
		}
	}
	return plain
}()

// appendTag writes ",key=value", or nothing for an empty value, which line protocol cannot express.
func appendTag(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, ',')
	b = append(b, key...)
	b = append(b, '=')
	return appendTagValue(b, value)
}

// appendTagValue escapes what line protocol can escape (comma, equals sign, space). What it cannot (a backslash escapes
// whatever happens to follow it, a control character ends the line, invalid UTF-8 comes back as something else) is written
// as %XX, and so is the percent sign itself: different values stay different, and none can reach beyond its place.
func appendTagValue(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case plainTag[c]:
			b = append(b, c)
			i++
		case c == ',' || c == '=' || c == ' ':
			b = append(b, '\\', c)
			i++
		case c < utf8.RuneSelf:
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
			i++
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
			} else {
				b = append(b, s[i:i+size]...)
			}
			i += size
		}
	}
	return b
}

// appendText writes a string field's value: a few words on one line. Control characters, about which parsers disagree even
// between quotes, become spaces; invalid UTF-8 becomes the replacement character.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
			i++
		case c < ' ' || c == 0x7f:
			b = append(b, ' ')
			i++
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += size
		}
	}
	return append(b, '"')
}

// appendInteger writes a count, rounded. The caller has checked that v is finite; beyond 2^63 it stays at the end of the
// range, which no quantity's bounds allow.
func appendInteger(b []byte, v float64) []byte {
	n := int64(math.MaxInt64)
	switch r := math.Round(v); {
	case r < -math.MaxInt64:
		n = -math.MaxInt64
	case r < math.MaxInt64:
		n = int64(r)
	}
	return append(strconv.AppendInt(b, n, 10), 'i')
}

// appendFloat writes v with the digits that are needed to read it back unchanged.
func appendFloat(b []byte, v float64) []byte {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e15) {
		return strconv.AppendFloat(b, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

// appendTime ends the line.
func appendTime(b []byte, at telemetry.Instant) []byte {
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(at), 10)
	return append(b, '\n')
}

// finite reports whether InfluxDB can store v.
func finite(v float64) bool { return v-v == 0 }
