// Package redact decides how much of what stands in a message is kept, logged or shown: shapes and known words, nothing of people.
package redact

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What a rejected payload may keep is its shape: types, lengths, and the names, words and measured numbers that are a format's and
// no person's. People's names, numbers, addresses, pictures and credentials stand in strings, in numbers, and in the places of names.
// So a name stays where models or formats know it (lexicon), a number where its name says that it is measured, a string where it
// is a word of a format; of everything else the length is told: "…12" is a text of 12 characters, ## a number of two digits.

// MaxKeptDigits bounds a kept number of which nobody knows what it measures, below the length of phone and identity numbers;
// maxDigits any kept number.
const (
	MaxKeptDigits = 5
	maxDigits     = 9
	maxFraction   = 3
)

// timeNames are member names whose values are kept where they are times or sequences.
var timeNames = written.SetOf("at", "time", "ts", "timestamp", "datetime", "date", "seq", "sequence", "t", "bt", "received_at", "updatetime", "sampletime")

// vagueNames are names of values that may be of anything.
var vagueNames = written.SetOf("value", "val", "v", "data", "level", "in", "out", "count", "total", "n", "p", "h", "t")

// tellingParts mark names whose numbers are kept from nobody's eyes only by dropping them.
var tellingParts = []string{"id", "card", "nik", "ktp", "tel", "phone", "mobile", "mail", "name", "user", "person", "employee",
	"pass", "pwd", "secret", "token", "key", "pin", "auth", "age", "birth", "gender", "pic", "photo", "face", "image", "address"}

// Payload is the beginning of a payload without personal data, at most telemetry.MaxRaw bytes of valid UTF-8. It must cope with
// anything: what is redacted is what could not be parsed.
func (l *Lexicon) Payload(payload []byte) []byte { return l.PayloadTo(payload, telemetry.MaxRaw) }

// PayloadTo is Payload with another bound, in bytes.
func (l *Lexicon) PayloadTo(payload []byte, limit int) []byte {
	payload = payload[:min(len(payload), telemetry.ReadPerKept*limit)]
	r := redactor{src: payload, out: make([]byte, 0, min(len(payload), limit)+16), known: l, limit: limit}
	first := bytes.TrimLeft(bytes.TrimPrefix(payload, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(first) > 0 && (first[0] == '{' || first[0] == '['):
		r.json()
	case len(first) > 0 && first[0] == '<':
		r.xml()
	default:
		r.shape(payload)
	}
	return Cut(r.out, limit)
}

// Cut shortens valid UTF-8 to n bytes at a rune's edge.
func Cut(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return b[:n]
}

type redactor struct {
	src, out []byte
	known    *Lexicon
	name     string // of the member whose value is next, in lower case; unnamed: one that is not known
	before   byte   // the last structural character
	limit    int    // of out, in bytes
}

// unnamed stands for a member name that was dropped.
const unnamed = "?"

func (r *redactor) json() {
	for i := 0; i < len(r.src) && len(r.out) < r.limit; {
		switch c := r.src[i]; c {
		case '"':
			i = r.string(i)
		case '{', '}', '[', ']', ',', ':':
			if c != ':' {
				r.name = unnamed
			}
			r.before = c
			r.out = append(r.out, c)
			i++
		default:
			end := i
			for end < len(r.src) && strings.IndexByte(`"{}[],:`, r.src[end]) < 0 {
				end++
			}
			r.bare(r.src[i:end], end == len(r.src))
			i = end
		}
	}
}

// string handles the string that begins at i and returns the position behind it.
func (r *redactor) string(i int) int {
	end := i + 1
	for end < len(r.src) && r.src[end] != '"' {
		if r.src[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(r.src) {
		r.out = append(r.out, `"…`...) // cut: nobody knows what it was
		return len(r.src)
	}
	text := r.src[i+1 : end]
	end++
	rest := bytes.TrimLeft(r.src[end:], " \t\r\n")
	isName := (r.before == '{' || r.before == ',') && len(rest) > 0 && rest[0] == ':'
	r.out = append(r.out, '"')
	if isName {
		r.name = unnamed
		if name := string(text); r.known.knows(name) {
			r.name = strings.ToLower(name)
		}
		r.out = append(r.out, r.known.Name(string(text))...)
	} else {
		r.value(text)
	}
	r.out = append(r.out, '"')
	return end
}

// value handles a text that stands for a value.
func (r *redactor) value(text []byte) {
	if _, ok := written.Float(text); ok && len(text) > 0 {
		r.number(text, false)
	} else if r.word(text) {
		r.out = append(r.out, text...)
	} else {
		r.out = append(r.out, ingest.Outline(string(text))...)
	}
}

// word reports whether a string value may stay.
func (r *redactor) word(text []byte) bool {
	if r.timely() && len(text) <= written.MaxWord && bytes.IndexFunc(text, unicode.IsControl) < 0 && written.Time(text, time.UTC) != 0 {
		return true
	}
	return r.known.knowsWord(string(text))
}

// timely reports whether the member may be a time.
func (r *redactor) timely() bool { return timeNames[r.name] || r.known.times[r.name] }

// bare handles text outside strings: numbers, literals, and whatever is wrong with the payload; last: nothing follows, so that
// it may be the beginning of a longer number.
func (r *redactor) bare(text []byte, last bool) {
	trimmed := bytes.TrimSpace(text)
	if _, ok := written.Float(trimmed); ok && len(trimmed) > 0 {
		r.number(trimmed, last)
		return
	}
	r.shape(text)
}

// number keeps what is measured, and times; of another number the digits are not told.
func (r *redactor) number(text []byte, last bool) {
	if r.timely() && !last && isTime(text) {
		r.out = append(r.out, text[:min(len(text), written.MaxWord)]...)
		return
	}
	whole, fraction, _ := strings.Cut(string(text), ".")
	most := maxDigits
	if vagueNames[r.name] || !meaning.IsQuantity(r.name) {
		most = MaxKeptDigits
	}
	known := r.known.measures(r.name) || r.name == "seq" || r.name == "sequence"
	if !known || written.CountDigits([]byte(whole)) > most || written.CountDigits(text) > maxDigits && fraction == "" || strings.ContainsAny(fraction, "eE") && len(fraction) > maxFraction {
		for _, c := range text {
			if c >= '0' && c <= '9' {
				c = '#'
			}
			r.out = append(r.out, c)
		}
		return
	}
	r.out = append(r.out, text[:min(len(text), len(whole)+1+maxFraction)]...)
	if len(fraction) > maxFraction {
		r.out = append(r.out, "…"...)
	}
}

// isTime reports whether a number is a time from 2000 to 2050, in seconds or milliseconds. Numbers of telephones and people are
// no such times, or too long.
func isTime(number []byte) bool {
	const first, last = telemetry.Instant(946_684_800 * time.Second), telemetry.Instant(2_524_608_000 * time.Second)
	at := written.Time(number, time.UTC)
	return written.CountDigits(number) <= 13 && at > first && at < last
}

func telling(name string) bool {
	if name == unnamed {
		return true
	}
	for _, part := range tellingParts {
		if strings.Contains(name, part) && !meaning.IsQuantity(name) {
			return true
		}
	}
	return false
}

// plainWords survive in shapes of text: they say what a sensor or a broken printf meant.
var plainWords = written.SetOf("true", "false", "null", "nan", "inf", "infinity", "none", "on", "off", "open", "closed", "online",
	"offline", "unknown", "unavailable", "c", "f", "e", "ppm", "hpa", "lx", "v", "mv")

// shape appends the outline of text that is no JSON and no XML: words that stand as keys and plain ones stay, and numbers behind a
// key that is measured; of other words and numbers the length is told, and bytes that are not printable ASCII are dots.
func (r *redactor) shape(text []byte) {
	key := unnamed
	for i := 0; i < len(text) && len(r.out) <= r.limit; {
		end := i + 1
		switch c := text[i]; {
		case written.IsLetter(c):
			for end < len(text) && (written.IsLetter(text[end]) || text[end] == '_' || written.IsDigit(text[end])) {
				end++
			}
			word := string(text[i:end])
			isKey := end < len(text) && (text[end] == '=' || text[end] == ':')
			key = unnamed
			switch {
			case plainWords[strings.ToLower(word)]:
				r.out = append(r.out, word...)
			case isKey && r.known.knows(word):
				key = strings.ToLower(word)
				r.out = append(r.out, word...)
			default:
				r.out = append(append(r.out, "…"...), strconv.Itoa(len(word))...)
			}
		case written.IsDigit(c):
			for end < len(text) && (written.IsDigit(text[end]) || strings.IndexByte(".,:/+-", text[end]) >= 0) {
				end++
			}
			for !written.IsDigit(text[end-1]) {
				end--
			}
			number := text[i:end]
			if _, plainNumber := written.Float(number); plainNumber && i > 0 && (text[i-1] == '=' || text[i-1] == ':') && end < len(text) {
				name := r.name
				r.name = key
				r.number(number, true)
				r.name = name
			} else {
				for _, c := range number {
					if written.IsDigit(c) {
						c = '#'
					}
					r.out = append(r.out, c)
				}
			}
		case c == '\n', c == '\r', c == '\t', c == ' ':
			r.out = append(r.out, ' ')
		case c > ' ' && c < 0x7f:
			r.out = append(r.out, c)
		default:
			r.out = append(r.out, '.')
		}
		i = end
	}
}

// shapeOf is the outline of a text of which nothing is known.
func shapeOf(text []byte) string {
	r := redactor{known: &Lexicon{}, limit: telemetry.MaxRaw}
	r.shape(text)
	return string(r.out)
}
