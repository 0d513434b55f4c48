package decode

import (
	"bytes"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// What a rejected payload may keep. People's names, numbers, addresses, pictures and credentials stand in strings, in
// long numbers and behind telling names; what an installer needs is the structure, the measured values and the words of
// the format. So strings are dropped unless their name is known to hold a word of the format, numbers unless they are
// short or a time, and everything that is no JSON keeps its shape only.

// maxKeptWord bounds a kept string value; maxKeptDigits a kept number, below the length of phone and identity numbers.
const (
	maxKeptWord   = 40
	maxKeptDigits = 6
)

// plainNames are member names whose string values are words of a format, never personal.
var plainNames = setOf("button", "type", "event", "event_type", "kind", "state", "unit", "units", "model", "version",
	"firmware", "direction", "action")

// timeNames are member names whose values are kept where they are times or sequences.
var timeNames = setOf("at", "time", "ts", "timestamp", "datetime", "date", "seq", "sequence")

// tellingParts mark names whose numbers are kept from nobody's eyes only by dropping them.
var tellingParts = []string{"id", "card", "nik", "ktp", "tel", "phone", "mobile", "mail", "name", "user", "person", "employee",
	"pass", "pwd", "secret", "token", "key", "pin", "auth", "age", "birth", "gender", "pic", "photo", "face", "image", "address"}

func setOf(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// redact is the beginning of a payload without personal data, at most telemetry.MaxRaw bytes of valid UTF-8. keep adds
// names whose string values may stay. It must cope with anything: what is redacted is what could not be parsed.
func redact(payload []byte, keep map[string]bool) []byte {
	return redactTo(payload, keep, telemetry.MaxRaw)
}

// redactTo is redact with another bound, in bytes.
func redactTo(payload []byte, keep map[string]bool, limit int) []byte {
	// A cut multiple of the bound is enough: redaction shortens strings, and the rest is not kept.
	payload = payload[:min(len(payload), 8*limit)]
	r := redactor{src: payload, out: make([]byte, 0, min(len(payload), limit)+16), keep: keep, limit: limit}
	first := bytes.TrimLeft(bytes.TrimPrefix(payload, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(first) > 0 && (first[0] == '{' || first[0] == '['):
		r.json()
	case len(first) > 0 && first[0] == '<':
		r.xml()
	default:
		r.out = shape(r.out, payload)
	}
	return cut(r.out, limit)
}

// cut shortens valid UTF-8 to n bytes at a rune's edge.
func cut(b []byte, n int) []byte {
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
	keep     map[string]bool
	name     string // of the member whose value is next
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
			if c == ',' || c == '}' {
				r.name = ""
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
	switch {
	case isName && plainName(text):
		r.name = strings.ToLower(string(text))
		r.out = append(r.out, text...)
	case !isName && r.word(text):
		r.out = append(r.out, text...)
	case len(text) == 0:
	default:
		if isName {
			r.name = unnamed
		}
		r.out = append(r.out, "…"...)
	}
	r.out = append(r.out, '"')
	return end
}

// word reports whether a string value may stay.
func (r *redactor) word(text []byte) bool {
	switch {
	case plainNames[r.name] || r.keep[r.name]:
		return plainWord(text)
	case timeNames[r.name]:
		return len(text) <= maxKeptWord && bytes.IndexFunc(text, unicode.IsControl) < 0 && parseTime(text, time.UTC) != 0
	case r.name == "task":
		return validID(string(text))
	}
	return false
}

// bare handles text outside strings: numbers, literals, and whatever is wrong with the payload; last: nothing follows, so that
// it may be the beginning of a longer number.
func (r *redactor) bare(text []byte, last bool) {
	trimmed := bytes.TrimSpace(text)
	if _, ok := parseFloat(trimmed); ok && len(trimmed) > 0 {
		short := countDigits(trimmed) <= maxKeptDigits && (!telling(r.name) || r.keep[r.name])
		if short || timeNames[r.name] || r.keep[r.name] && isTime(trimmed) && !last || isQuantity(r.name) {
			r.out = append(r.out, trimmed[:min(len(trimmed), maxKeptWord)]...)
			return
		}
		r.out = append(r.out, '#')
		return
	}
	r.out = shape(r.out, text)
}

// isTime reports whether a number is a time from 2000 to 2050, in seconds or milliseconds. Numbers of telephones and people are
// no such times, or too long.
func isTime(number []byte) bool {
	const first, last = telemetry.Instant(946_684_800 * time.Second), telemetry.Instant(2_524_608_000 * time.Second)
	at := parseTime(number, time.UTC)
	return countDigits(number) <= 13 && at > first && at < last
}

func isQuantity(name string) bool {
	_, err := telemetry.ParseQuantity(name)
	return err == nil
}

func telling(name string) bool {
	if name == unnamed {
		return true
	}
	for _, part := range tellingParts {
		if strings.Contains(name, part) && !isQuantity(name) {
			return true
		}
	}
	return false
}

func countDigits(b []byte) (n int) {
	for _, c := range b {
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}

// plainName reports whether a member's name looks like one that a program chose.
func plainName(b []byte) bool { return len(b) > 0 && len(b) <= maxKeptWord && plain(b, "_-.") }

// plainWord reports whether a string value looks like a word of a format or a time.
func plainWord(b []byte) bool { return len(b) <= maxKeptWord && plain(b, "_-.:+") }

func plain(b []byte, others string) bool {
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return true
}

// knownWords survive in shapes: they say what a sensor or a broken printf meant.
var knownWords = setOf("true", "false", "null", "nan", "inf", "infinity", "none", "on", "off", "open", "closed", "online",
	"offline", "unknown", "unavailable", "c", "f", "e", "ppm", "hpa", "lx", "v", "mv")

// shape appends the outline of text to dst: known words and short numbers stay, other letters become x, longer numbers 9s
// without their value, and bytes that are not printable ASCII a dot.
func shape(dst, text []byte) []byte {
	for i := 0; i < len(text) && len(dst) <= telemetry.MaxRaw; {
		end := i + 1
		switch c := text[i]; {
		case isLetter(c):
			for end < len(text) && isLetter(text[end]) {
				end++
			}
			if knownWords[strings.ToLower(string(text[i:min(end, i+16)]))] {
				dst = append(dst, text[i:end]...)
			} else {
				dst = append(dst, bytes.Repeat([]byte{'x'}, min(end-i, 8))...)
			}
		case c >= '0' && c <= '9':
			for end < len(text) && text[end] >= '0' && text[end] <= '9' {
				end++
			}
			if end-i <= maxKeptDigits {
				dst = append(dst, text[i:end]...)
			} else {
				dst = append(dst, "999…"...)
			}
		case c == '\n', c == '\r', c == '\t', c == ' ':
			dst = append(dst, ' ')
		case c > ' ' && c < 0x7f:
			dst = append(dst, c)
		default:
			dst = append(dst, '.')
		}
		i = end
	}
	return dst
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
