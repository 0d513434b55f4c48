package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// maxNodes bounds the values of one message, containers included: more is an attack or a dump, not a reading.
const maxNodes = 4096

// document is one parsed JSON payload as a flat list of nodes in reading order: a container is followed by its members.
// It is reused from message to message and points into the payload, which it never changes.
type document struct {
	tokens *jsontext.Decoder
	buffer bytes.Buffer
	nodes  []node
	stack  []int32 // open containers
	text   []byte  // unescaped strings
	// captures are levels of the topic by the name that a pattern gives them; their values are the last nodes.
	captures []int32
}

// node is one JSON value.
type node struct {
	kind jsontext.Kind // of the value: '{', '[', '"', '0', 't', 'f', 'n'
	// end is the index behind the node's last descendant, so that a reader can step over what it does not want.
	end  int32
	name []byte // of the member, unescaped; nil in arrays and at the root
	// raw is the value as written; strings without quotes and escapes.
	raw []byte
}

func newDocument() *document { return &document{tokens: jsontext.NewDecoder(&bytes.Buffer{})} }

// parse reads src strictly: one JSON value, no duplicate names, at most maxDepth containers inside each other. src must
// be valid UTF-8.
func (d *document) parse(src []byte, maxDepth int) *fault {
	d.nodes, d.stack, d.text, d.captures = d.nodes[:0], d.stack[:0], d.text[:0], d.captures[:0]
	// A bytes.Buffer is the one reader that jsontext neither copies from nor writes to.
	d.buffer = *bytes.NewBuffer(src)
	d.tokens.Reset(&d.buffer)
	for {
		var name []byte
		kind := d.tokens.PeekKind()
		if kind == '"' && len(d.stack) > 0 && d.nodes[d.stack[len(d.stack)-1]].kind == '{' {
			raw, err := d.tokens.ReadValue()
			if err != nil {
				return syntaxFault(err, d.tokens.InputOffset())
			}
			name = d.unquote(raw)
			kind = d.tokens.PeekKind()
		}
		if len(d.nodes) >= maxNodes {
			return faultf(telemetry.ReasonTooLarge, "more than %d values in one message", maxNodes)
		}
		switch kind {
		case '{', '[':
			if len(d.stack) >= maxDepth {
				return faultf(telemetry.ReasonTooDeep, "more than %d objects or arrays inside each other", maxDepth)
			}
			if _, err := d.tokens.ReadToken(); err != nil {
				return syntaxFault(err, d.tokens.InputOffset())
			}
			start := d.tokens.InputOffset() - 1
			d.stack = append(d.stack, int32(len(d.nodes)))
			d.nodes = append(d.nodes, node{kind: kind, name: name, raw: src[start:]})
			continue
		case '}', ']':
			if _, err := d.tokens.ReadToken(); err != nil {
				return syntaxFault(err, d.tokens.InputOffset())
			}
			top := len(d.stack) - 1
			open := &d.nodes[d.stack[top]]
			d.stack = d.stack[:top]
			open.end = int32(len(d.nodes))
			start := len(src) - len(open.raw)
			open.raw = src[start:d.tokens.InputOffset()]
		default:
			raw, err := d.tokens.ReadValue()
			if err != nil {
				return syntaxFault(err, d.tokens.InputOffset())
			}
			if kind == '"' {
				raw = d.unquote(raw)
			}
			d.nodes = append(d.nodes, node{kind: kind, end: int32(len(d.nodes)) + 1, name: name, raw: raw})
		}
		if len(d.stack) == 0 {
			break
		}
	}
	if rest := src[d.tokens.InputOffset():]; len(bytes.TrimLeft(rest, " \t\r\n")) > 0 {
		return faultf(telemetry.ReasonSyntax, "something follows the JSON value at byte %d", d.tokens.InputOffset())
	}
	return nil
}

// unquote gives the text of a quoted string that jsontext has already checked.
func (d *document) unquote(raw []byte) []byte {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	start := len(d.text)
	d.text, _ = jsontext.AppendUnquote(d.text, raw)
	return d.text[start:len(d.text):len(d.text)]
}

// capture adds a level of the topic behind the tree, where only a path {name} finds it.
func (d *document) capture(name, level string) {
	d.captures = append(d.captures, int32(len(d.nodes)))
	d.nodes = append(d.nodes, node{kind: '"', end: int32(len(d.nodes)) + 1, name: []byte(name), raw: []byte(level)})
}

// captured finds a level of the topic by its name.
func (d *document) captured(name string) (int32, bool) {
	for _, c := range d.captures {
		if string(d.nodes[c].name) == name {
			return c, true
		}
	}
	return 0, false
}

// scalar makes the document a single value: a number or a word as a topic of its own carries it.
func (d *document) scalar(text []byte) {
	d.nodes, d.stack, d.text, d.captures = d.nodes[:0], d.stack[:0], d.text[:0], d.captures[:0]
	n := node{kind: '"', end: 1, raw: bytes.TrimSpace(text)}
	switch _, numeric := parseFloat(n.raw); {
	case numeric && len(n.raw) > 0:
		n.kind = '0'
	case len(n.raw) == 0 || string(n.raw) == "null":
		n.kind = 'n'
	}
	d.nodes = append(d.nodes, n)
}

// children iterates over the indexes of the members of container i.
func (d *document) children(i int32) func(yield func(int32) bool) {
	return func(yield func(int32) bool) {
		for c := i + 1; c < d.nodes[i].end; c = d.nodes[c].end {
			if !yield(c) {
				return
			}
		}
	}
}

// member finds the member called name of object i.
func (d *document) member(i int32, name string) (int32, bool) {
	if d.nodes[i].kind != '{' {
		return 0, false
	}
	for c := i + 1; c < d.nodes[i].end; c = d.nodes[c].end {
		if string(d.nodes[c].name) == name {
			return c, true
		}
	}
	return 0, false
}

// number reads a number node; an overflow is not finite.
func (n *node) number() (float64, bool) { return parseFloat(n.raw) }

// parseFloat reads decimal text as JSON allows it, and only that: no hex, no infinity, no underscore.
func parseFloat(text []byte) (float64, bool) {
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

// kindName names a JSON kind for people.
func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "nothing"
}

// syntaxFault says where the JSON broke. It repeats no more of the payload than the one character that the library names.
func syntaxFault(err error, offset int64) *fault {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		offset, err = syntax.ByteOffset, syntax.Err
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return faultf(telemetry.ReasonSyntax, "the JSON ends too early, at byte %d", offset)
	case errors.Is(err, jsontext.ErrDuplicateName):
		return faultf(telemetry.ReasonSyntax, "a name occurs twice in one object, at byte %d", offset)
	}
	return faultf(telemetry.ReasonSyntax, "not JSON at byte %d: %s", offset, fmt.Sprint(err))
}
