package frame

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parser reads the text of a row.
type parser struct {
	text   string
	at     int
	fields int // so far, with those inside objects
	slots  int // so far
}

// parsed is a row in its parts.
type parsed struct {
	fields []field
	end    ending
	items  string // the name behind items
}

// parseRow reads a row. Errors say at which character, what was found and what was expected.
func parseRow(text string) (parsed, error) {
	if len(text) > maxRow {
		return parsed{}, fmt.Errorf("a row of %d characters: want at most %d", len(text), maxRow)
	}
	p := &parser{text: text}
	r, err := p.row(0)
	ready(r.fields)
	return r, err
}

// row reads fields up to the end, or inside an object up to its brace.
func (p *parser) row(depth int) (parsed, error) {
	var r parsed
	for {
		name, at := p.word(), p.at
		switch {
		case name == "":
			return r, p.wrong(p.at, "want a field: name type")
		case depth == 0 && (name == "items" || (name == "rest" || name == "ignore") && (p.peek() == 0 || p.peek() == ',')):
			r.end = endsUnread
			if name == "ignore" {
				r.end = endsIgnored
			}
			if name == "items" {
				r.end = endsInItems
				if r.items = p.word(); r.items == "" {
					return r, p.wrong(p.at, "want the name of items")
				}
			}
			if p.peek() != 0 {
				return r, p.wrong(p.at, "nothing can follow "+name)
			}
			return r, nil
		}
		f, err := p.field(name, at-len(name), depth, r.fields)
		if err != nil {
			return r, err
		}
		optional := len(r.fields) > 0 && r.fields[len(r.fields)-1].optional
		if optional && !f.optional {
			return r, p.wrong(at-len(name), "only optional fields can follow an optional one")
		}
		if f.name != "" && slices.ContainsFunc(r.fields, func(other field) bool { return other.name == f.name }) {
			return r, p.wrong(at-len(name), "the name stands in this row already")
		}
		r.fields = append(r.fields, f)
		switch p.peek() {
		case ',':
			p.at++
		case 0:
			if depth > 0 {
				return r, p.wrong(p.at, "want } behind the fields of an object")
			}
			return r, nil
		case '}':
			if depth > 0 {
				return r, nil
			}
			fallthrough
		default:
			return r, p.wrong(p.at, "want a comma, or what is done with the number")
		}
	}
}

// field reads a field whose name is read.
func (p *parser) field(name string, at, depth int, before []field) (field, error) {
	f := field{name: name}
	if p.fields++; p.fields > maxFields {
		return f, p.wrong(at, fmt.Sprintf("a row has at most %d fields", maxFields))
	}
	if name == "_" {
		f.name = ""
	} else if err := properName(name); err != "" {
		return f, p.wrong(at, err)
	}
	if p.peek() == '{' {
		if depth+1 >= maxDepth || f.name == "" {
			return f, p.wrong(p.at, fmt.Sprintf("objects have names, and at most %d lie inside each other", maxDepth-1))
		}
		p.at++
		inner, err := p.row(depth + 1)
		if err != nil {
			return f, err
		}
		p.at++ // the brace
		f.fields = inner.fields
		return f, nil
	}
	typed := p.word()
	if err := f.typed(typed); err != "" {
		return f, p.wrong(p.at-len(typed), err)
	}
	for {
		next := p.peek()
		if next == 0 || next == ',' || next == '}' {
			return f, p.fitting(&f, at)
		}
		if err := p.change(&f, before); err != nil {
			return f, err
		}
	}
}

// properName says what is wrong with the name of a member.
func properName(name string) string {
	switch {
	case name == "unread":
		return "the name unread is taken for the bytes that were not read"
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Sprintf("want a name of at most %d characters", maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }):
		return "want a name of letters, digits and signs"
	}
	return ""
}

// typed sets the type, or says what is wrong with it.
func (f *field) typed(word string) string {
	const want = "want a type: u8 to u64, i8 to i64, f32, with le for the low byte first; b1 to b32; flag; or an object in braces"
	if word == "flag" {
		f.size, f.flag = 1, true
		return ""
	}
	kind, number := word, ""
	if kind != "" {
		kind, number = word[:1], word[1:]
	}
	digits, little := strings.CutSuffix(number, "le")
	n, err := strconv.Atoi(digits)
	if err != nil || digits != strconv.Itoa(n) {
		return want
	}
	f.size, f.little = n, little
	switch {
	case kind == "b" && n >= 1 && n <= 32 && !little:
	case kind == "f" && n == 32:
		f.float = true
	case (kind == "u" || kind == "i") && n >= 8 && n <= 64 && n%8 == 0:
		f.signed = kind == "i"
	default:
		return want
	}
	return ""
}

// change reads one thing that is done with a number.
func (p *parser) change(f *field, before []field) error {
	if p.peek() == '(' {
		return p.words(f)
	}
	word := p.word()
	at := p.at - len(word)
	if word == "" {
		return p.wrong(p.at, "want a comma, or what is done with the number")
	}
	switch word {
	case "floor":
		f.sums = append(f.sums, sum{op: 'f'})
	case "round":
		digits, err := strconv.Atoi(p.word())
		if err != nil || digits < 0 || digits > 9 {
			return p.wrong(at, "want round N, with 0 to 9 digits behind the point")
		}
		f.sums = append(f.sums, sum{'r', math.Pow10(digits)})
	case "bool":
		f.flag = true
	case "set":
		f.set = true
	case "optional":
		f.optional = true
	case "=":
		v, err := strconv.ParseInt(p.word(), 0, 64)
		if err != nil {
			return p.wrong(at, "want = and a whole number")
		}
		f.wanted = &v
	case "none":
		return p.none(f)
	case "unless":
		return p.unless(f, before)
	case "unit", "join":
		text, err := p.quoted()
		if err != nil {
			return err
		}
		if word == "unit" {
			f.unit = text
		} else {
			f.join = text
		}
	default:
		v, err := strconv.ParseFloat(word[1:], 64)
		if !strings.Contains("+-*/", word[:1]) || err != nil || math.IsInf(v, 0) || math.IsNaN(v) || v == 0 && word[0] == '/' {
			return p.wrong(at, "want +N, -N, *N or /N, floor, round N, none, unless, bool, set, = N, words in parentheses, join, unit or optional")
		}
		f.sums = append(f.sums, sum{word[0], v})
	}
	if len(f.sums) > maxDepth*2 {
		return p.wrong(at, fmt.Sprintf("want at most %d calculations", maxDepth*2))
	}
	return nil
}

// none reads the values that are no measurement: 0|15, >100, <-40.
func (p *parser) none(f *field) error {
	list := p.word()
	at := p.at - len(list)
	for part := range strings.SplitSeq(list, "|") {
		s := span{math.MinInt64, math.MaxInt64}
		sign, number := byte(0), part
		if part != "" && (part[0] == '<' || part[0] == '>') {
			sign, number = part[0], part[1:]
		}
		v, err := strconv.ParseInt(number, 0, 64)
		if err != nil || len(f.none) >= 16 {
			return p.wrong(at, "want none and at most 16 whole numbers: 0|255, >100, <-40")
		}
		switch sign {
		case '>':
			s.low = v + 1
		case '<':
			s.high = v - 1
		default:
			s = span{v, v}
		}
		f.none = append(f.none, s)
	}
	return nil
}

// unless finds the field that says whether this one was measured.
func (p *parser) unless(f *field, before []field) error {
	name := p.word()
	at := p.at - len(name)
	i := slices.IndexFunc(before, func(other field) bool { return name != "" && other.name == name && other.fields == nil })
	if i < 0 {
		return p.wrong(at, "want unless and the name of a field before this one")
	}
	if before[i].slot == 0 {
		if p.slots++; p.slots > maxSlots {
			return p.wrong(at, fmt.Sprintf("want at most %d fields that others ask for", maxSlots))
		}
		before[i].slot = p.slots
	}
	f.unless = before[i].slot
	return nil
}

// words reads (0 off, 1 on, * unknown).
func (p *parser) words(f *field) error {
	end := strings.IndexByte(p.text[p.at:], ')')
	if end < 0 {
		return p.wrong(p.at, "want ) behind the words")
	}
	at, list := p.at+1, p.text[p.at+1:p.at+end]
	p.at += end + 1
	w := &words{of: make(map[int64]word)}
	for part := range strings.SplitSeq(list, ",") {
		key, text, _ := strings.Cut(strings.TrimSpace(part), " ")
		one := word{text: strings.TrimSpace(text)}
		v, err := strconv.ParseInt(key, 0, 64)
		_, twice := w.of[v]
		if digits, ok := strings.CutPrefix(one.text, "="); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(digits), 0, 64)
			if err != nil {
				return p.wrong(at, "want a value and = with a whole number, such as (0 =24, 1 =12)")
			}
			one = word{number: n}
		} else if one.text == "" || !utf8.ValidString(one.text) {
			return p.wrong(at, "want a value and its word, such as (0 off, 1 on, * unknown)")
		}
		switch {
		case key == "*" && w.other == nil:
			w.other = &one
		case err != nil || twice:
			return p.wrong(at, "want whole numbers, each once, or *")
		default:
			w.of[v] = one
		}
		at += len(part) + 1
	}
	f.words = w
	return nil
}

// fitting reports what does not go together in a field.
func (p *parser) fitting(f *field, at int) error {
	kinds := 0
	for _, has := range []bool{f.flag, f.words != nil, f.join != "", len(f.sums) > 0} {
		if has {
			kinds++
		}
	}
	switch {
	case kinds > 1:
		return p.wrong(at, "a field is calculated, a word, true or false, or joined: one of them")
	case f.float && (f.flag || f.words != nil || f.join != "" || f.wanted != nil || f.none != nil):
		return p.wrong(at, "a floating-point number can only be calculated with")
	case f.join != "" && (f.unit != "" || f.none != nil || f.wanted != nil):
		return p.wrong(at, "joined numbers have no unit, no none and no =")
	case f.name == "" && (kinds > 0 || f.unit != "" || f.none != nil || f.set || f.unless > 0):
		return p.wrong(at, "what is passed over is not written: want nothing but = N behind its type")
	}
	return nil
}

// peek is the next sign behind spaces; 0 at the end.
func (p *parser) peek() byte {
	for p.at < len(p.text) && strings.IndexByte(" \t\n", p.text[p.at]) >= 0 {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// word takes what stands up to a space or a sign of the language; empty where such a sign is next.
func (p *parser) word() string {
	p.peek()
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\n,{}()'", p.text[p.at]) < 0 {
		p.at++
	}
	return p.text[start:p.at]
}

// quoted takes a text between apostrophes.
func (p *parser) quoted() (string, error) {
	const want = "want a text of 1 to 16 characters between apostrophes"
	if p.peek() != '\'' {
		return "", p.wrong(p.at, want)
	}
	text, _, ok := strings.Cut(p.text[p.at+1:], "'")
	if n := utf8.RuneCountInString(text); !ok || n == 0 || n > 16 || !utf8.ValidString(text) {
		return "", p.wrong(p.at, want)
	}
	p.at += len(text) + 2
	return text, nil
}

// wrong is an error at a character of the row, counted from 1.
func (p *parser) wrong(at int, want string) error {
	found := "the end of the row"
	if rest := strings.TrimSpace(p.text[min(at, len(p.text)):]); rest != "" {
		if word, _, _ := strings.Cut(rest, " "); utf8.RuneCountInString(word) <= maxName {
			rest = strings.TrimRight(word, ",")
		} else {
			rest = string([]rune(rest)[:maxName]) + "…"
		}
		found = strconv.Quote(rest)
	}
	return fmt.Errorf("at character %d, %s: %s", utf8.RuneCountInString(p.text[:min(at, len(p.text))])+1, found, want)
}
