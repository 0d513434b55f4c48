package decode

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// document is one parsed JSON payload as a flat list of nodes in reading order: a container is followed by its members.
// It is reused from message to message and points into the payload, which it never changes.
type document struct {
	nodes []node
	stack []int32 // open containers
	text  []byte  // unescaped strings
	names [][]byte
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

func newDocument() *document { return &document{} }

// reset empties the document and keeps its memory.
func (d *document) reset() {
	d.nodes, d.stack, d.text, d.captures = d.nodes[:0], d.stack[:0], d.text[:0], d.captures[:0]
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
	d.reset()
	n := node{kind: '"', end: 1, raw: bytes.TrimSpace(text)}
	switch _, numeric := written.Float(n.raw); {
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
func (n *node) number() (float64, bool) { return written.Float(n.raw) }

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
