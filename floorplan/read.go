package floorplan

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// element is a part of the drawing with what may be written of it.
type element struct {
	name     string // empty: text
	text     string
	attrs    []attribute
	children []*element

	id     string // empty: it has none
	place  matrix // from its units to those of the drawing
	shape  []point
	shapes int // that are in it, itself too
}

type attribute struct{ name, value string }

// kinds are the elements that are drawn. What is not here is left out with all that is in it.
var kinds = map[string]bool{
	"svg": true, "g": true, "a": true, "path": true, "rect": true, "circle": true, "ellipse": true, "line": true, "polyline": true, "polygon": true, "text": true, "tspan": true,
}

// silent are elements that are left out without a word: they draw nothing, or are written by every program.
var silent = map[string]bool{"title": true, "desc": true, "metadata": true, "defs": true, "namedview": true}

// svgSpace is the name space of what is drawn; a file without one is read as well.
const svgSpace = "http://www.w3.org/2000/svg"

// reader makes a plan of a file.
type reader struct {
	decoder  *xml.Decoder
	plan     *Plan
	elements int
	steps    int // of all paths
}

// Parse reads a drawing. The error says what is wrong with the file and in which line; what is only left out is told in Plan.LeftOut.
func Parse(text []byte) (*Plan, error) {
	if len(text) > MaxFile {
		return nil, fmt.Errorf("the file has %d bytes, want at most %d: save it as plain SVG, without pictures", len(text), MaxFile)
	}
	if !utf8.Valid(text) {
		return nil, errors.New("the file is no UTF-8 text, want an SVG drawing")
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	r := &reader{decoder: d, plan: &Plan{named: map[string]*element{}}}
	if err := r.read(); err != nil {
		line, _ := d.InputPos()
		return nil, fmt.Errorf("line %d: %w", line, err)
	}
	if r.plan.root == nil {
		return nil, errors.New("nothing is drawn, want an SVG drawing")
	}
	if n := len(r.plan.Draw(nil)); n > MaxDrawn {
		return nil, fmt.Errorf("the drawing takes %d bytes of a page, want at most %d: draw fewer details", n, MaxDrawn)
	}
	return r.plan, nil
}

func (r *reader) read() error {
	for {
		token, err := r.decoder.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("it is no XML: %w", plainly(err))
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if r.plan.root != nil || start.Name.Local != "svg" || !ours(start.Name.Space) {
			return fmt.Errorf("it begins with <%.40s>, want <svg>", start.Name.Local)
		}
		root, err := r.element(start, identity, 1)
		if err != nil {
			return err
		}
		if r.plan.Box, err = boxOf(start); err != nil {
			return err
		}
		r.plan.root = root
	}
}

// plainly is an error of the XML reader without its own line, which Parse writes.
func plainly(err error) error {
	if x, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return errors.New(x.Msg)
	}
	return err
}

func ours(space string) bool { return space == "" || space == svgSpace }

// boxOf is what the drawing shows: its view box, else its size.
func boxOf(start xml.StartElement) (b Box, err error) {
	if v := numbers(attr(start, "viewBox")); len(v) == 4 {
		b = Box{v[0], v[1], v[2], v[3]}
	} else {
		width, okW := length(attr(start, "width"), true)
		height, okH := length(attr(start, "height"), true)
		if okW && okH {
			b = Box{0, 0, width, height}
		}
	}
	if b.Width < 1 || b.Height < 1 || b.Width > 20*b.Height || b.Height > 20*b.Width {
		return b, errors.New("the size of the drawing is not known, want viewBox=\"0 0 WIDTH HEIGHT\", not twenty times as long as wide")
	}
	return b, nil
}

func attr(start xml.StartElement, name string) string {
	for _, a := range start.Attr {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// note tells of something that is left out.
func (r *reader) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); len(r.plan.LeftOut) < MaxNotes && !slices.Contains(r.plan.LeftOut, text) {
		r.plan.LeftOut = append(r.plan.LeftOut, text)
	}
}

// element reads one that has begun, up to its end; nil: it is left out.
func (r *reader) element(start xml.StartElement, parent matrix, depth int) (*element, error) {
	name := start.Name.Local
	if r.elements++; r.elements > MaxElements {
		return nil, fmt.Errorf("more than %d elements, want fewer details", MaxElements)
	}
	if depth > MaxDepth {
		return nil, fmt.Errorf("elements lie in each other more than %d deep, want fewer groups", MaxDepth)
	}
	if !ours(start.Name.Space) || !kinds[name] {
		if ours(start.Name.Space) && !silent[name] {
			r.note("<%.40s>", name)
		}
		return nil, r.skip()
	}
	if name == "svg" && depth > 1 {
		r.note("<svg> in <svg>")
		return nil, r.skip()
	}
	e := &element{name: name, place: parent}
	hidden := r.attributes(e, start, depth)
	if name == "a" { // a link leads nowhere; what is in it is drawn
		e.name = "g"
	}
	if hidden {
		return nil, r.skip()
	}
	if err := r.inside(e, depth); err != nil {
		return nil, err
	}
	e.shapes = len(e.shape)
	for _, c := range e.children {
		e.shapes += c.shapes
	}
	if id := attr(start, "id"); id != "" && len(id) <= maxID && named(id) && depth > 1 {
		if _, twice := r.plan.named[id]; !twice {
			e.id = id
			r.plan.named[id] = e
			r.plan.IDs = append(r.plan.IDs, id)
		}
	}
	return e, nil
}

// named reports whether an id can be one of a site's file.
func named(id string) bool {
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// inside reads what is in an element.
func (r *reader) inside(e *element, depth int) error {
	words := e.name == "text" || e.name == "tspan"
	for {
		token, err := r.decoder.Token()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("it is no XML: %w", plainly(err))
		}
		switch t := token.(type) {
		case xml.EndElement:
			return nil
		case xml.CharData:
			if text := cleanText(string(t)); words && strings.TrimSpace(text) != "" {
				e.children = append(e.children, &element{text: text})
			}
		case xml.StartElement:
			c, err := r.element(t, e.place, depth+1)
			if err != nil {
				return err
			}
			if c == nil || (c.name == "tspan") != words || words && c.name != "tspan" {
				continue // a shape in a text, or a part of a text outside of one
			}
			e.children = append(e.children, c)
		}
	}
}

// skip reads up to the end of what has begun. It does not look into it: the depth is the decoder's.
func (r *reader) skip() error {
	if err := r.decoder.Skip(); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("it is no XML: %w", plainly(err))
	}
	return nil
}

// cleanText is a text that can be read: one line, without characters that steer.
func cleanText(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t' || c == '\r':
			return ' '
		case c < ' ' || c >= 0x7f && c < 0xa0 || c == utf8.RuneError, c >= 0x200b && c <= 0x200f, c >= 0x202a && c <= 0x202e, c >= 0x2060 && c <= 0x2069:
			return -1
		}
		return c
	}, s)
	if runes := []rune(s); len(runes) > maxText {
		s = string(runes[:maxText])
	}
	return s
}
