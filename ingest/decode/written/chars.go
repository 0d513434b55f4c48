// Package written reads what messages and models write: numbers, times, frames in hexadecimal, names, words. It knows no message
// and no model. Nothing that it is given is trusted to be UTF-8 or short.
package written

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SetOf is a set of names.
func SetOf(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// CountDigits is how many figures 0 to 9 a text has.
func CountDigits(b []byte) (n int) {
	for _, c := range b {
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}

// PlainName reports whether a member's name looks like one that a program chose.
func PlainName(b []byte) bool { return len(b) > 0 && len(b) <= MaxWord && Plain(b, "_-.") }

// PlainWord reports whether a string value looks like a word of a format or a time.
func PlainWord(b []byte) bool { return len(b) <= MaxWord && Plain(b, "_-.:+") }

// Plain reports whether a text has letters and figures of ASCII alone, and others.
func Plain(b []byte, others string) bool {
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return true
}

// IsLetter reports whether c is a letter of ASCII.
func IsLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// IsDigit reports whether c is a figure.
func IsDigit(c byte) bool { return c >= '0' && c <= '9' }

// Bounded is s as valid UTF-8 of at most n bytes; what was cut is marked.
func Bounded(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	cut := n - len("…")
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// Identifier reports whether an address looks like one, and not like a person's name or address.
func Identifier(address string) bool {
	return !strings.ContainsFunc(address, func(r rune) bool { return r == '@' || unicode.IsSpace(r) || unicode.IsControl(r) })
}

// IsID reports whether s can be the id of a site, device or task: [a-z0-9][a-z0-9_-]{0,63}.
func IsID(s string) bool {
	if len(s) == 0 || len(s) > 64 || s[0] == '_' || s[0] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// MaxChannel bounds the name of a channel, in bytes.
const MaxChannel = 64

// Channel makes a channel's name of a device's own words: letters, digits and a few signs, the rest replaced. Where letters of other
// scripts are replaced, or the name is cut, four signs that follow from all of it keep different names apart.
func Channel(b []byte) string {
	for i, c := range b {
		if c >= utf8.RuneSelf || i == MaxChannel {
			h := fnv.New32a()
			_, _ = h.Write(b) // never fails
			const mark = 5
			return plainText(b[:min(len(b), MaxChannel-mark)]) + fmt.Sprintf("-%04x", h.Sum32()>>16)
		}
	}
	return plainText(b)
}

// plainText replaces what a channel's name may not have.
func plainText(b []byte) string {
	out := make([]byte, 0, min(len(b), MaxChannel))
	for _, c := range b[:min(len(b), MaxChannel)] {
		if !Plain([]byte{c}, " _-.:") {
			c = '_'
		}
		out = append(out, c)
	}
	return string(out)
}

// Words splits a name into lower-case words: at signs, and where a capital follows a small letter.
func Words(name string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(name)
	if len(runes) > MaxChannel {
		return nil
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '°' && r != '%':
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && unicode.IsLower(runes[i-1]):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return words
}

// IsWordy reports whether c is a sign of a word or a number.
func IsWordy(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '+'
}
