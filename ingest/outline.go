package ingest

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Outline is the shape of a text that may be about people: how long it is, and whether it is a number. "…12" is a text of 12
// characters, "###" a number of three digits.
func Outline(text string) string {
	n := utf8.RuneCountInString(text)
	switch {
	case n == 0:
		return ""
	case strings.Trim(text, "0123456789") != "":
		return "…" + strconv.Itoa(n)
	case n <= 6:
		return strings.Repeat("#", n)
	}
	return "#…" + strconv.Itoa(n)
}
