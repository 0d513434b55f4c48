package document

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// The reader of JSON below is our own because every message goes through it: it makes the flat document in one pass, a third of
// the time that a library's tokens take, and says where a payload is wrong without repeating it. A fuzz test holds it to
// accepting exactly what jsontext accepts.

// MaxNodes bounds the values of one message, containers included: more is an attack or a dump, not a reading.
const MaxNodes = 4096

// fewNames is up to how many members of one object are compared one by one.
const fewNames = 24

// Parse reads src strictly: one JSON value, no duplicate names, at most maxDepth containers inside each other. src must
// be valid UTF-8.
func (d *Document) Parse(src []byte, maxDepth int) *fault.Fault {
	d.reset()
	p := parser{Document: d, src: src, depth: maxDepth}
	if f := p.value(nil); f != nil {
		return f
	}
	for len(d.stack) > 0 {
		if f := p.next(); f != nil {
			return f
		}
	}
	if p.space(); p.at < len(src) {
		return fault.New(telemetry.ReasonSyntax, "something follows the JSON value at byte %d", p.at)
	}
	return nil
}

// parser walks through a payload once.
type parser struct {
	*Document
	src   []byte
	at    int
	depth int
}

func (p *parser) space() {
	for p.at < len(p.src) {
		switch p.src[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

// wrong is the fault of the byte at hand, or of an end that comes too early.
func (p *parser) wrong(want string) *fault.Fault {
	if p.at >= len(p.src) {
		return fault.New(telemetry.ReasonSyntax, "the JSON ends too early, at byte %d", p.at)
	}
	return fault.New(telemetry.ReasonSyntax, "not JSON at byte %d: want %s", p.at, want)
}

// next goes on inside the innermost container behind one of its values, or behind its beginning.
func (p *parser) next() *fault.Fault {
	top := p.stack[len(p.stack)-1]
	open := &p.Nodes[top]
	empty := int(top) == len(p.Nodes)-1
	closing := byte(open.Kind) + 2 // of { and [
	p.space()
	switch {
	case p.at < len(p.src) && p.src[p.at] == closing:
		p.at++
		return p.close(top)
	case empty:
	case p.at < len(p.src) && p.src[p.at] == ',':
		p.at++
		p.space()
	default:
		return p.wrong("a comma or " + string(rune(closing)))
	}
	if open.Kind == '[' {
		return p.value(nil)
	}
	return p.member(top)
}

// member reads a name and the value behind it.
func (p *parser) member(object int32) *fault.Fault {
	if p.at >= len(p.src) || p.src[p.at] != '"' {
		return p.wrong("a name in quotes")
	}
	begin := p.at
	name, f := p.string()
	if f != nil {
		return f
	}
	n := 0
	for c := object + 1; c < int32(len(p.Nodes)) && n < fewNames; c = p.Nodes[c].End {
		if n++; bytes.Equal(p.Nodes[c].Name, name) {
			return fault.New(telemetry.ReasonSyntax, "a name occurs twice in one object, at byte %d", begin)
		}
	}
	p.space()
	if p.at >= len(p.src) || p.src[p.at] != ':' {
		return p.wrong("a colon")
	}
	p.at++
	p.space()
	return p.value(name)
}

// close ends a container.
func (p *parser) close(top int32) *fault.Fault {
	open := &p.Nodes[top]
	open.End = int32(len(p.Nodes))
	// raw was everything from the beginning on.
	open.Raw = open.Raw[:p.at-(len(p.src)-len(open.Raw))]
	p.stack = p.stack[:len(p.stack)-1]
	if open.Kind == '{' {
		return p.distinct(top)
	}
	return nil
}

// distinct checks the names of an object that has more of them than were compared one by one.
func (p *parser) distinct(object int32) *fault.Fault {
	n := 0
	for c := object + 1; c < p.Nodes[object].End; c = p.Nodes[c].End {
		n++
	}
	if n <= fewNames {
		return nil
	}
	p.names = p.names[:0]
	for c := object + 1; c < p.Nodes[object].End; c = p.Nodes[c].End {
		p.names = append(p.names, p.Nodes[c].Name)
	}
	slices.SortFunc(p.names, bytes.Compare)
	for i := 1; i < n; i++ {
		if bytes.Equal(p.names[i], p.names[i-1]) {
			return fault.New(telemetry.ReasonSyntax, "a name occurs twice in one object, before byte %d", p.at)
		}
	}
	return nil
}

// value reads a scalar, or the beginning of a container.
func (p *parser) value(name []byte) *fault.Fault {
	p.space()
	if len(p.Nodes) >= MaxNodes {
		return fault.New(telemetry.ReasonTooLarge, "more than %d values in one message", MaxNodes)
	}
	if p.at >= len(p.src) {
		return p.wrong("a value")
	}
	n := Node{Name: name, End: int32(len(p.Nodes)) + 1}
	begin := p.at
	switch c := p.src[p.at]; {
	case c == '{' || c == '[':
		if len(p.stack) >= p.depth {
			return fault.New(telemetry.ReasonTooDeep, "more than %d objects or arrays inside each other", p.depth)
		}
		p.stack = append(p.stack, int32(len(p.Nodes)))
		n.Kind, n.Raw = jsontext.Kind(c), p.src[begin:]
		p.at++
	case c == '"':
		text, f := p.string()
		if f != nil {
			return f
		}
		n.Kind, n.Raw = '"', text
	case c == '-' || '0' <= c && c <= '9':
		if f := p.number(); f != nil {
			return f
		}
		n.Kind, n.Raw = '0', p.src[begin:p.at]
	default:
		word := ""
		switch c {
		case 't':
			word = "true"
		case 'f':
			word = "false"
		case 'n':
			word = "null"
		}
		if word == "" || len(p.src)-begin < len(word) || string(p.src[begin:begin+len(word)]) != word {
			return p.wrong("a value")
		}
		p.at += len(word)
		n.Kind, n.Raw = jsontext.Kind(c), p.src[begin:p.at]
	}
	p.Nodes = append(p.Nodes, n)
	return nil
}

// number moves behind a number: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?
func (p *parser) number() *fault.Fault {
	if p.src[p.at] == '-' {
		p.at++
	}
	switch {
	case p.at < len(p.src) && p.src[p.at] == '0':
		p.at++
	case !p.digits():
		return p.wrong("a digit")
	}
	if p.at < len(p.src) && p.src[p.at] == '.' {
		if p.at++; !p.digits() {
			return p.wrong("a digit")
		}
	}
	if p.at < len(p.src) && p.src[p.at]|0x20 == 'e' {
		p.at++
		if p.at < len(p.src) && (p.src[p.at] == '+' || p.src[p.at] == '-') {
			p.at++
		}
		if !p.digits() {
			return p.wrong("a digit")
		}
	}
	return nil
}

// digits moves behind digits and reports whether there were any.
func (p *parser) digits() bool {
	begin := p.at
	for p.at < len(p.src) && '0' <= p.src[p.at] && p.src[p.at] <= '9' {
		p.at++
	}
	return p.at > begin
}

// string reads a string and gives its text.
func (p *parser) string() ([]byte, *fault.Fault) {
	begin := p.at
	p.at++
	for escaped := false; ; {
		if p.at >= len(p.src) {
			p.at = len(p.src)
			return nil, p.wrong("")
		}
		p.at += plainLength(p.src[p.at:])
		if p.at >= len(p.src) {
			continue
		}
		switch p.src[p.at] {
		case '"':
			p.at++
			if !escaped {
				return p.src[begin+1 : p.at-1], nil
			}
			return p.unescaped(begin)
		case '\\':
			escaped = true
			p.at += 2 // what is escaped is checked with the whole
		default:
			return nil, p.wrong("no control character in a string")
		}
	}
}

// unescaped gives the text of a string with escapes that begins at a byte.
func (p *parser) unescaped(begin int) ([]byte, *fault.Fault) {
	start := len(p.text)
	text, err := jsontext.AppendUnquote(p.text, p.src[begin:p.at])
	if err != nil {
		return nil, fault.New(telemetry.ReasonSyntax, "not JSON at byte %d: want a string with valid escapes", begin)
	}
	p.text = text
	return text[start:len(text):len(text)], nil
}

// plainLength is how many bytes at the beginning of text are neither quote, backslash nor control character, in steps of eight;
// the rest is looked at one by one.
func plainLength(text []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	n := 0
	for len(text)-n >= 8 {
		x := binary.LittleEndian.Uint64(text[n:])
		quote, slash := x^(ones*'"'), x^(ones*'\\')
		// A byte is below 0x20, or zero after the exclusive or, where the subtraction borrows and its high bit was not set.
		if ((x-ones*' ')&^x|(quote-ones)&^quote|(slash-ones)&^slash)&highs != 0 {
			break
		}
		n += 8
	}
	for n < len(text) && text[n] != '"' && text[n] != '\\' && text[n] >= ' ' {
		n++
	}
	return n
}
