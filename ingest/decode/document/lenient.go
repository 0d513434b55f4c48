package document

import (
	"bytes"

	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// WithoutNaN is text with null for every bare nan and inf: what C's printf makes of a sensor that failed, and JSON does not
// have. The good values beside it are to be read. It reports whether there was one.
func WithoutNaN(text []byte) ([]byte, bool) {
	var out []byte
	quoted, kept := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted || c != 'n' && c != 'N' && c != 'i' && c != 'I' && c != '-':
		case i > 0 && written.IsWordy(text[i-1]):
		default:
			if n := lenNaN(text[i:]); n > 0 {
				out = append(append(out, text[kept:i]...), "null"...)
				i += n - 1
				kept = i + 1
			}
		}
	}
	return append(out, text[kept:]...), kept > 0
}

// lenNaN is the length of the word for no number that text begins with; 0: none.
func lenNaN(text []byte) int {
	sign := 0
	if text[0] == '-' {
		sign = 1
	}
	for _, word := range [...]string{"infinity", "nan", "inf"} {
		if len(text)-sign >= len(word) && bytes.EqualFold(text[sign:sign+len(word)], []byte(word)) &&
			(len(text)-sign == len(word) || !written.IsWordy(text[sign+len(word)])) {
			return sign + len(word)
		}
	}
	return 0
}
