package revise

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// widest is the longest line that is written in brackets, in bytes.
const widest = 200

// flow writes a value in one line.
func flow(value any) (string, error) {
	switch v := value.(type) {
	case string:
		if !utf8.ValidString(v) {
			return "", fmt.Errorf("%q is no text in UTF-8", v)
		}
		return quoted(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", fmt.Errorf("%v is no number that a file takes", v)
		}
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case []string:
		all := make([]string, len(v))
		for i, s := range v {
			text, err := flow(s)
			if err != nil {
				return "", err
			}
			all[i] = text
		}
		return "[" + strings.Join(all, ", ") + "]", nil
	case Map:
		all := make([]string, len(v))
		for i, e := range v {
			text, err := flow(e.Value)
			if err != nil {
				return "", err
			}
			key, err := flow(e.Key)
			if err != nil {
				return "", err
			}
			all[i] = key + ": " + text
		}
		return "{" + strings.Join(all, ", ") + "}", nil
	}
	return "", fmt.Errorf("%T is no value that is written", value)
}

// block writes a key with its value as lines at a column: in brackets where that is short, and a mapping of mappings one a line.
func block(column int, key string, value any) (string, error) {
	indent := strings.Repeat(" ", column)
	text, err := flow(value)
	if err != nil {
		return "", err
	}
	m, isMap := value.(Map)
	if !isMap || len(m) == 0 || column > 0 && len(indent)+len(key)+len(text) <= widest {
		return indent + quoted(key) + ": " + text, nil
	}
	lines := []string{indent + quoted(key) + ":"}
	for _, e := range m {
		line, err := block(column+2, e.Key, e.Value)
		if err != nil {
			return "", err
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n"), nil
}

// harmless is a text that needs no quotes, wherever it stands.
var harmless = regexp.MustCompile(`^[\p{L}0-9_/.]([\p{L}0-9 _./()+%²³°-]*[\p{L}0-9_./)%²³°])?$`)

// truths are words that other readers of YAML take for a truth value, or for nothing.
var truths = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null|nan)$`)

// quoted writes a text as it is where every reader takes it for that text, and else in quotes.
func quoted(s string) string {
	_, notNumber := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64) // 24e124 is the address of a device, and a number to some
	if harmless.MatchString(s) && !truths.MatchString(s) && notNumber != nil {
		if d, err := parse([]byte(s)); err == nil {
			if n, ok := d.root.(*ast.StringNode); ok && n.Value == s {
				return s
			}
		}
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == unicode.ReplacementChar || r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Snippet is what changes would have a person write by hand.
func Snippet(changes ...Change) string {
	var all []string
	for _, c := range changes {
		if len(c.Path) == 0 {
			continue
		}
		var lines []string
		last := len(c.Path) - 1
		for i, key := range c.Path[:last] {
			lines = append(lines, strings.Repeat("  ", i)+quoted(key)+":")
		}
		if c.Value == nil {
			lines = append(lines, strings.Repeat("  ", last)+"# without "+strconv.Quote(c.Path[last]))
		} else if text, err := block(2*last, c.Path[last], c.Value); err == nil {
			lines = append(lines, text)
		}
		all = append(all, strings.Join(lines, "\n"))
	}
	return strings.Join(all, "\n")
}
