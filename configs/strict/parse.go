package strict

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The bounds of a document. A file that is larger was not written by a person, and a parser that recurses must not be
// led deeper than its stack.
const (
	MaxBytes = 1 << 20
	maxDepth = 64
	// maxNodes bounds what aliases may expand to: nine lines of YAML can otherwise name a thousand million values.
	maxNodes = 200_000
)

// kind is what a node is.
type kind uint8

const (
	kindBroken kind = iota // a problem was recorded already: nothing more to say
	kindNull
	kindBool
	kindNumber
	kindText
	kindList
	kindMap
)

// node is a value of the document, freed from the library's own tree.
type node struct {
	kind    kind
	text    string // of a scalar, as it is written
	at      Position
	items   []*node
	entries []entry
}

// entry is a key and its value.
type entry struct {
	key   string
	at    Position // of the key
	value *node
}

func (n *node) what() string {
	switch n.kind {
	case kindBool, kindNumber:
		return n.text
	case kindText:
		return quote(n.text)
	case kindList:
		return "a list"
	case kindMap:
		return "a mapping"
	}
	return "empty"
}

// quote shows a text, shortened if it is long.
func quote(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// parse reads one YAML document. The node is nil if there is nothing in it, or if it cannot be read at all.
func parse(file string, data []byte, problems *Problems) (root *node) {
	whole := Position{File: file}
	if len(data) > MaxBytes {
		problems.Add(whole, "%d bytes, want at most %d: split the file", len(data), MaxBytes)
		return nil
	}
	if !utf8.Valid(data) {
		problems.Add(whole, "not UTF-8: save the file in that encoding")
		return nil
	}
	// The parser is a library reading outside bytes: a fault in it is a problem of this file, not the end of the gateway.
	defer func() {
		if fault := recover(); fault != nil {
			problems.Add(whole, "cannot be read as YAML (%v)", fault)
			root = nil
		}
	}()
	tokens := lexer.Tokenize(strings.TrimPrefix(string(data), "\ufeff"))
	if at, deep := tooDeep(tokens); deep {
		problems.Add(position(file, at), "nested deeper than %d levels", maxDepth)
		return nil
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			problems.Add(position(file, syntax.GetToken()), "not YAML: %s", syntax.GetMessage())
		} else {
			problems.Add(whole, "not YAML: %v", err)
		}
		return nil
	}
	c := converter{file: file, problems: problems, anchors: map[string]*node{}}
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		if doc.Body.Type() == ast.DirectiveType {
			problems.Add(c.at(doc.Body), "a directive (%%), want none")
			continue
		}
		if root != nil {
			problems.Add(c.at(doc.Body), "a second document (---), want one document a file")
			break
		}
		root = c.convert(doc.Body, 0)
	}
	return root
}

// tooDeep finds nesting that costs a recursive parser its stack: brackets, and dashes or question marks within one line.
// Block nesting needs a longer indentation at every level, so its depth is bounded by MaxBytes.
func tooDeep(tokens token.Tokens) (*token.Token, bool) {
	depth, line, inLine := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, inLine = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			inLine++
		}
		if depth > maxDepth || inLine > maxDepth {
			return t, true
		}
	}
	return nil, false
}

func position(file string, t *token.Token) Position {
	if t == nil || t.Position == nil {
		return Position{File: file}
	}
	return Position{file, t.Position.Line, t.Position.Column}
}

// converter turns the library's tree into nodes.
type converter struct {
	file     string
	problems *Problems
	anchors  map[string]*node // nil while the anchor's own value is converted
}

func (c *converter) at(n ast.Node) Position {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return c.at(m.Values[0].Key) // the library points at the colon
	}
	return position(c.file, n.GetToken())
}

func (c *converter) convert(n ast.Node, depth int) *node {
	out := &node{at: c.at(n)}
	if depth > maxDepth {
		c.problems.Add(out.at, "nested deeper than %d levels", maxDepth)
		return out
	}
	switch n := n.(type) {
	case *ast.NullNode:
		out.kind = kindNull
	case *ast.BoolNode:
		out.kind, out.text = kindBool, n.Token.Value
	case *ast.IntegerNode:
		out.kind, out.text = kindNumber, n.Token.Value
	case *ast.FloatNode:
		out.kind, out.text = kindNumber, n.Token.Value
	case *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = kindText, n.GetToken().Value
	case *ast.StringNode:
		out.kind, out.text = kindText, n.Value
	case *ast.LiteralNode:
		out.kind, out.text = kindText, n.Value.Value
	case *ast.SequenceNode:
		out.kind = kindList
		for _, v := range n.Values {
			out.items = append(out.items, c.convert(v, depth+1))
		}
	case *ast.MappingNode:
		out.kind = kindMap
		for _, v := range n.Values {
			c.entry(out, v, depth)
		}
	case *ast.MappingValueNode:
		out.kind = kindMap
		c.entry(out, n, depth)
	case *ast.AnchorNode:
		name := n.Name.GetToken().Value
		c.anchors[name] = nil
		v := c.convert(n.Value, depth+1)
		c.anchors[name] = v
		return v
	case *ast.AliasNode:
		// The same node, not a copy: an alias costs nothing here, and decoding counts what it visits.
		if v := c.anchors[n.Value.GetToken().Value]; v != nil {
			return v
		}
		c.problems.Add(out.at, "alias *%s has no anchor &%[1]s before it", n.Value.GetToken().Value)
	case *ast.TagNode:
		c.problems.Add(out.at, "a tag (%s), want a plain value", n.Start.Value)
	default:
		c.problems.Add(out.at, "%s, want a plain value, a list or a mapping", n.Type().YAMLName())
	}
	return out
}

// entry adds one key to a mapping. A key that is there already is a problem and does not replace the first.
func (c *converter) entry(m *node, v *ast.MappingValueNode, depth int) {
	at := c.at(v.Key)
	switch v.Key.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
	case *ast.MergeKeyNode:
		c.problems.Add(at, "merge key <<, want the values written out")
		return
	default:
		c.problems.Add(at, "key %s, want a word", v.Key.GetToken().Value)
		return
	}
	key := v.Key.GetToken().Value
	value := c.convert(v.Value, depth+1)
	for _, e := range m.entries {
		if e.key == key {
			c.problems.Add(at, "key %s is there already (line %d), want it once", quote(key), e.at.Line)
			return
		}
	}
	m.entries = append(m.entries, entry{key, at, value})
}
