// Package document is the one JSON object that every message becomes, and the ways through it: paths, and conditions on what stands there.
package document

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// Document is one parsed JSON payload as a flat list of nodes in reading order: a container is followed by its members.
// It is reused from message to message and points into the payload, which it never changes.
type Document struct {
	Nodes []Node
	stack []int32 // open containers
	text  []byte  // unescaped strings
	names [][]byte
	// Captures are levels of the topic by the name that a pattern gives them; their values are the last nodes.
	Captures []int32
}

// Node is one JSON value.
type Node struct {
	Kind jsontext.Kind // of the value: '{', '[', '"', '0', 't', 'f', 'n'
	// End is the index behind the node's last descendant, so that a reader can step over what it does not want.
	End  int32
	Name []byte // of the member, unescaped; nil in arrays and at the root
	// Raw is the value as written; strings without quotes and escapes.
	Raw []byte
}

// New is an empty document.
func New() *Document { return &Document{} }

// reset empties the document and keeps its memory.
func (d *Document) reset() {
	d.Nodes, d.stack, d.text, d.Captures = d.Nodes[:0], d.stack[:0], d.text[:0], d.Captures[:0]
}

// Capture adds a level of the topic behind the tree, where only a path {name} finds it.
func (d *Document) Capture(name, level string) {
	d.Captures = append(d.Captures, int32(len(d.Nodes)))
	d.Nodes = append(d.Nodes, Node{Kind: '"', End: int32(len(d.Nodes)) + 1, Name: []byte(name), Raw: []byte(level)})
}

// captured finds a level of the topic by its name.
func (d *Document) captured(name string) (int32, bool) {
	for _, c := range d.Captures {
		if string(d.Nodes[c].Name) == name {
			return c, true
		}
	}
	return 0, false
}

// Scalar makes the document a single value: a number or a word as a topic of its own carries it.
func (d *Document) Scalar(text []byte) {
	d.reset()
	n := Node{Kind: '"', End: 1, Raw: bytes.TrimSpace(text)}
	switch _, numeric := written.Float(n.Raw); {
	case numeric && len(n.Raw) > 0:
		n.Kind = '0'
	case len(n.Raw) == 0 || string(n.Raw) == "null":
		n.Kind = 'n'
	}
	d.Nodes = append(d.Nodes, n)
}

// Children iterates over the indexes of the members of container i.
func (d *Document) Children(i int32) func(yield func(int32) bool) {
	return func(yield func(int32) bool) {
		for c := i + 1; c < d.Nodes[i].End; c = d.Nodes[c].End {
			if !yield(c) {
				return
			}
		}
	}
}

// Member finds the member called name of object i.
func (d *Document) Member(i int32, name string) (int32, bool) {
	if d.Nodes[i].Kind != '{' {
		return 0, false
	}
	for c := i + 1; c < d.Nodes[i].End; c = d.Nodes[c].End {
		if string(d.Nodes[c].Name) == name {
			return c, true
		}
	}
	return 0, false
}

// Number reads a number node; an overflow is not finite.
func (n *Node) Number() (float64, bool) { return written.Float(n.Raw) }

// KindName names a JSON kind for people.
func KindName(k jsontext.Kind) string {
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

// maxNamed bounds how many member names a rejection lists.
const maxNamed = 12

// NamesIn lists the names of the root's members, as far as a program may have chosen them.
func NamesIn(doc *Document) fault.Foreign {
	var names []string
	for i := range doc.Children(0) {
		if len(names) == maxNamed {
			names = append(names, "…")
			break
		}
		if name := doc.Nodes[i].Name; written.PlainName(name) {
			names = append(names, string(name))
		} else {
			names = append(names, "?")
		}
	}
	if len(names) == 0 {
		return fault.Names("")
	}
	return fault.Names(strings.Join(names, ", "))
}
