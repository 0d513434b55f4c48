package transcode

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// XML writes an XML document as an object with one member, the root element:
//
//   - an element is a member under its local name: prefixes, namespaces and their declarations are dropped;
//   - siblings of one name are an array, at the place of the first, wherever they stand; an element whose name is among lists is
//     an array also where it stands alone, so that a model reads one region as it reads two;
//   - an element with nothing but text is that text, always a string, without the white space around it; an empty one is null;
//   - an attribute is a member "@name" of its element, which has its text, if it has any, as "#text": no element can be called so;
//   - text between elements is ignored.
//
// UTF-8 is expected, or what the declaration says: ISO-8859-1, windows-1252, GBK, GB2312 or GB18030. There are no entities
// but the five of XML and character references; a document type is refused.
func XML(payload []byte, lists []string, l Limits, out *object.Writer) error {
	t := tree{limits: l.withDefaults(), lists: lists, groups: make(map[group]int32)}
	if err := t.read(payload); err != nil {
		return err
	}
	w := treeWriter{tree: &t, out: out, budget: t.limits.budget()}
	return w.member(0, 1)
}

// tree is a document in memory. Element 0 is the root.
type tree struct {
	limits   Limits
	lists    []string
	elements []element
	open     []int32 // from the root to the innermost
	// groups find the first of the siblings with one name.
	groups map[group]int32
}

type group struct {
	parent int32
	name   string
}

// element links to other elements by index; 0 is none, as the root is nobody's child or sibling.
type element struct {
	name       string
	attributes []xml.Attr
	text       []byte
	long       bool  // text was longer than allowed
	child      int32 // first child
	last       int32 // last child that is the first of its name
	next       int32 // next sibling of another name; only in the first of its name
	twin       int32 // next sibling of the same name
	lastTwin   int32 // only in the first of its name
}

func (t *tree) read(payload []byte) error {
	switch {
	case bytes.HasPrefix(payload, []byte("\xff\xfe")), bytes.HasPrefix(payload, []byte("\xfe\xff")):
		return errorf(telemetry.ReasonEncoding, "the XML is UTF-16, want UTF-8")
	}
	// Some firmware ends its strings as C does.
	payload = bytes.TrimRight(bytes.TrimPrefix(payload, []byte("\xef\xbb\xbf")), "\x00")
	d := xml.NewDecoder(bytes.NewReader(payload))
	charset := charsets{begun: func() bool { return len(t.elements) > 0 }}
	d.CharsetReader = charset.reader
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if charset.err != nil {
				return charset.err
			}
			return xmlFault(err, d)
		}
		switch token := token.(type) {
		case xml.StartElement:
			err = t.start(token)
		case xml.EndElement:
			t.open = t.open[:len(t.open)-1]
		case xml.CharData:
			err = t.characters(token)
		case xml.Directive:
			err = errorf(telemetry.ReasonSyntax, "the XML has a document type or another declaration, want none")
		}
		if err != nil {
			return err
		}
	}
	if len(t.elements) == 0 {
		return errorf(telemetry.ReasonSyntax, "the XML has no element")
	}
	return nil
}

func (t *tree) start(token xml.StartElement) error {
	name := token.Name.Local
	switch {
	case len(t.open) == 0 && len(t.elements) > 0:
		return errorf(telemetry.ReasonSyntax, "something follows the root element of the XML")
	case len(t.open) >= t.limits.Depth:
		return errorf(telemetry.ReasonTooDeep, "more than %d elements inside each other", t.limits.Depth)
	case len(t.elements) >= t.limits.Values:
		return errorf(telemetry.ReasonTooLarge, "more than %d elements in one message", t.limits.Values)
	case len(name) > maxName:
		return errorf(telemetry.ReasonTooLarge, "the name of an element has %d bytes, want at most %d", len(name), maxName)
	}
	at := int32(len(t.elements))
	t.elements = append(t.elements, element{name: name, attributes: token.Attr, lastTwin: at})
	if len(t.open) > 0 {
		t.adopt(t.open[len(t.open)-1], at)
	}
	t.open = append(t.open, at)
	return nil
}

// adopt makes element at the last child of parent, or the last twin of the child that has its name.
func (t *tree) adopt(parent, at int32) {
	p, key := &t.elements[parent], group{parent, t.elements[at].name}
	p.text, p.long = nil, false
	if first, ok := t.groups[key]; ok {
		t.elements[t.elements[first].lastTwin].twin = at
		t.elements[first].lastTwin = at
		return
	}
	t.groups[key] = at
	if p.child == 0 {
		p.child = at
	} else {
		t.elements[p.last].next = at
	}
	p.last = at
}

func (t *tree) characters(text []byte) error {
	if len(t.open) == 0 {
		if len(bytes.TrimSpace(text)) > 0 {
			return errorf(telemetry.ReasonSyntax, "text outside the root element of the XML")
		}
		return nil
	}
	e := &t.elements[t.open[len(t.open)-1]]
	if e.child != 0 || e.long {
		return nil
	}
	if len(e.text) == 0 {
		text = bytes.TrimLeft(text, " \t\r\n")
	}
	if e.long = len(e.text)+len(bytes.TrimRight(text, " \t\r\n")) > t.limits.Text; e.long {
		e.text = nil
		return nil
	}
	e.text = append(e.text, text...)
	return nil
}

// treeWriter writes a tree as JSON.
type treeWriter struct {
	*tree
	out    *object.Writer
	budget budget
}

// member writes element at, the first of its name, and its twins; depth is the number of containers around it.
func (w *treeWriter) member(at int32, depth int) error {
	e := &w.elements[at]
	if e.twin == 0 && !slices.Contains(w.lists, e.name) {
		return w.value(e.name, e, depth)
	}
	if err := w.enter(depth); err != nil {
		return err
	}
	w.out.Array(e.name)
	for {
		if err := w.value("", e, depth+1); err != nil {
			return err
		}
		if e.twin == 0 {
			break
		}
		e = &w.elements[e.twin]
	}
	w.out.End()
	return nil
}

func (w *treeWriter) enter(depth int) error {
	if depth >= w.limits.Depth {
		return errorf(telemetry.ReasonTooDeep, "more than %d elements and lists inside each other", w.limits.Depth)
	}
	return w.budget.take(1)
}

func (w *treeWriter) value(name string, e *element, depth int) error {
	if e.child == 0 && !slices.ContainsFunc(e.attributes, kept) {
		return w.text(name, bytes.TrimRight(e.text, " \t\r\n"))
	}
	if err := w.enter(depth); err != nil {
		return err
	}
	w.out.Object(name)
	if err := w.attributes(e.attributes); err != nil {
		return err
	}
	for at := e.child; at != 0; at = w.elements[at].next {
		if err := w.member(at, depth+1); err != nil {
			return err
		}
	}
	if len(e.text) > 0 || e.long {
		if err := w.text("#text", bytes.TrimRight(e.text, " \t\r\n")); err != nil {
			return err
		}
	}
	w.out.End()
	return nil
}

// text writes a string; an empty one says that there is no value.
func (w *treeWriter) text(name string, text []byte) error {
	if len(text) == 0 || len(text) > w.limits.Text {
		w.out.Null(name)
	} else {
		w.out.Text(name, string(text))
	}
	return w.budget.take(1)
}

// kept tells an attribute from the declaration of a namespace.
func kept(a xml.Attr) bool {
	return a.Name.Space != "xmlns" && (a.Name.Space != "" || a.Name.Local != "xmlns")
}

// attributes writes the attributes of one element; of two with one local name the first.
func (w *treeWriter) attributes(all []xml.Attr) error {
	if len(all) > w.limits.Values { // before they are compared with each other
		return w.budget.take(len(all))
	}
	written := make(map[string]bool, len(all))
	for _, a := range all {
		if !kept(a) || written[a.Name.Local] {
			continue
		}
		if len(a.Name.Local) > maxName {
			return errorf(telemetry.ReasonTooLarge, "the name of an attribute has %d bytes, want at most %d", len(a.Name.Local), maxName)
		}
		written[a.Name.Local] = true
		if err := w.text("@"+a.Name.Local, []byte(strings.TrimSpace(a.Value))); err != nil {
			return err
		}
	}
	return nil
}

// plainFaults are what the standard library says of broken XML without repeating any of it.
var plainFaults = []string{
	"unexpected EOF", "unexpected EOF in CDATA section", "invalid UTF-8", "expected element name after <",
	"expected element name after </", "expected /> in element", "expected attribute name in element",
	"attribute name without = in element", "unquoted or missing attribute value in element",
	"unescaped < inside quoted string", "unescaped ]]> not in CDATA section", "invalid <![ sequence",
	"invalid sequence <!- not part of <!--", "expected target name after <?",
}

func xmlFault(err error, d *xml.Decoder) error {
	line, column := d.InputPos()
	syntax, ok := errors.AsType[*xml.SyntaxError](err)
	switch {
	case ok && syntax.Msg == "invalid UTF-8":
		return errorf(telemetry.ReasonEncoding, "the XML is not UTF-8 at line %d, column %d, and declares no other encoding", line, column)
	case ok && slices.Contains(plainFaults, syntax.Msg):
		return errorf(telemetry.ReasonSyntax, "not XML at line %d, column %d: %s", line, column, syntax.Msg)
	case ok && strings.HasPrefix(syntax.Msg, "invalid character entity"):
		return errorf(telemetry.ReasonSyntax, "not XML at line %d, column %d: an entity that is none of the five of XML", line, column)
	case ok && (strings.HasPrefix(syntax.Msg, "element <") || strings.HasPrefix(syntax.Msg, "unexpected end element")):
		return errorf(telemetry.ReasonSyntax, "not XML at line %d, column %d: an end tag that ends no element", line, column)
	}
	return errorf(telemetry.ReasonSyntax, "not XML 1.0 at line %d, column %d", line, column)
}
