package revise

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// MaxBytes is the largest file that is changed.
const MaxBytes = 1 << 20

// document is a file that was read, with where its lines begin.
type document struct {
	text  []byte
	lines []int // offsets of the beginnings
	root  ast.Node
	notes int // comments
}

// parse reads a file of one document. Deep nesting, which costs a parser its stack, is refused before it is read.
func parse(text []byte) (d *document, err error) {
	if len(text) > MaxBytes || !utf8.Valid(text) {
		return nil, fmt.Errorf("no text of at most %d bytes in UTF-8", MaxBytes)
	}
	if bytes.HasPrefix(text, []byte("\ufeff")) || bytes.ContainsAny(text, "\t\r\u0085\u2028\u2029\x00") {
		return nil, fmt.Errorf("%w: it has tabs, or strange line ends", ErrByHand)
	}
	defer func() {
		if fault := recover(); fault != nil { // the parser is a library reading outside bytes
			d, err = nil, fmt.Errorf("it cannot be read as YAML (%v)", fault)
		}
	}()
	d = &document{text: text, lines: []int{0}}
	for i, b := range text {
		if b == '\n' {
			d.lines = append(d.lines, i+1)
		}
	}
	tokens := lexer.Tokenize(string(text))
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.CommentType:
			d.notes++
		}
		if depth > 32 || t.Position.Column > 10_000 {
			return nil, fmt.Errorf("%w: it is nested too deep", ErrByHand)
		}
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, fmt.Errorf("it is no YAML: %w", err)
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if d.root != nil || doc.Body.Type() == ast.DirectiveType {
			return nil, fmt.Errorf("%w: it is more than one document", ErrByHand)
		}
		d.root = doc.Body
	}
	return d, nil
}

// comments counts them.
func (d *document) comments() int { return d.notes }

// replacesBlock reports whether what stands at a path is laid out over lines: its comments go with it.
func (d *document) replacesBlock(path []string) bool {
	at := d.root
	for _, key := range path {
		e := find(at, key)
		if e == nil {
			return false
		}
		at = e.Value
	}
	return !inFlow(at)
}

// offset is the byte at which a token stands.
func (d *document) offset(t *token.Token) (int, error) {
	p := t.Position
	if p == nil || p.Line < 1 || p.Line > len(d.lines) || p.Column < 1 {
		return 0, ErrByHand
	}
	at := d.lines[p.Line-1]
	for range p.Column - 1 {
		if at >= len(d.text) || d.text[at] == '\n' {
			return 0, ErrByHand
		}
		_, n := utf8.DecodeRune(d.text[at:])
		at += n
	}
	return at, nil
}

// lineEnd is the end of the line that an offset is in, without what ends it.
func (d *document) lineEnd(at int) int {
	if i := bytes.IndexByte(d.text[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(d.text)
}

// lineStart is the beginning of the line that an offset is in.
func (d *document) lineStart(at int) int { return bytes.LastIndexByte(d.text[:at], '\n') + 1 }

// span is from where to where a value stands.
func (d *document) span(n ast.Node) (from, to int, err error) {
	switch n := n.(type) {
	case *ast.MappingNode:
		if n.IsFlowStyle {
			return d.between(n.Start, n.End)
		}
	case *ast.SequenceNode:
		if n.IsFlowStyle {
			return d.between(n.Start, n.End)
		}
		if len(n.Values) == 0 {
			return 0, 0, ErrByHand
		}
		if from, err = d.offset(n.Start); err == nil {
			_, to, err = d.span(n.Values[len(n.Values)-1])
		}
		return from, to, err
	case *ast.NullNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode, *ast.StringNode:
		return d.scalarSpan(n.GetToken())
	}
	all, ok := entries(n)
	if !ok || len(all) == 0 {
		return 0, 0, ErrByHand
	}
	if from, err = d.offset(all[0].Key.GetToken()); err == nil {
		to, err = d.entryEnd(all[len(all)-1])
	}
	return from, to, err
}

func (d *document) between(open, shut *token.Token) (from, to int, err error) {
	if open == nil || shut == nil {
		return 0, 0, ErrByHand
	}
	if from, err = d.offset(open); err == nil {
		to, err = d.offset(shut)
	}
	if err != nil || to < from || !strings.ContainsRune("{[", rune(d.text[from])) || to >= len(d.text) || !strings.ContainsRune("}]", rune(d.text[to])) {
		return 0, 0, ErrByHand
	}
	return from, to + 1, nil
}

// scalarSpan is that of a value in one line.
func (d *document) scalarSpan(t *token.Token) (from, to int, err error) {
	if from, err = d.offset(t); err != nil {
		return 0, 0, err
	}
	line := string(d.text[from:d.lineEnd(from)])
	switch {
	case strings.HasPrefix(line, `"`):
		for i := 1; i < len(line); i++ {
			switch line[i] {
			case '\\':
				i++
			case '"':
				return from, from + i + 1, nil
			}
		}
	case strings.HasPrefix(line, "'"):
		for i := 1; i < len(line); i++ {
			if strings.HasPrefix(line[i:], "''") {
				i++
			} else if line[i] == '\'' {
				return from, from + i + 1, nil
			}
		}
	case t.Value != "" && strings.HasPrefix(line, t.Value):
		return from, from + len(t.Value), nil
	}
	return 0, 0, ErrByHand // over several lines
}

// colon is the offset behind the colon of an entry.
func (d *document) colon(e *ast.MappingValueNode) (int, error) {
	_, at, err := d.scalarSpan(e.Key.GetToken())
	if err != nil {
		return 0, err
	}
	for ; at < len(d.text) && d.text[at] == ' '; at++ {
	}
	if at >= len(d.text) || d.text[at] != ':' {
		return 0, ErrByHand
	}
	return at + 1, nil
}

// written reports whether nothing is written as such and not left out.
func (d *document) written(n ast.Node) bool {
	from, to, err := d.span(n)
	return err == nil && (string(d.text[from:to]) == "null" || string(d.text[from:to]) == "~")
}

// entryEnd is where an entry ends.
func (d *document) entryEnd(e *ast.MappingValueNode) (int, error) {
	if isNull(e.Value) && !d.written(e.Value) {
		return d.colon(e)
	}
	_, to, err := d.span(e.Value)
	return to, err
}
