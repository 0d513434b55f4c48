package floorplan

import (
	"maps"
	"strings"
)

// Draw writes what is in the drawing, without the svg element around it. mark says what becomes of the element with an id; false: it is drawn
// as it is. nil marks nothing. What is written is inert, whatever the file had: its texts are escaped.
func (p *Plan) Draw(mark func(id string) (Mark, bool)) string {
	w := writer{mark: mark}
	for _, c := range p.root.children {
		w.element(c, nil)
	}
	return w.String()
}

type writer struct {
	strings.Builder
	mark func(id string) (Mark, bool)
}

// element writes one. face is how the shape looks that stands for a named element around it.
func (w *writer) element(e *element, faces map[*element]Mark) {
	if e.name == "" {
		w.WriteString(escaper.Replace(e.text))
		return
	}
	m, marked := Mark{}, false
	if e.id != "" && w.mark != nil {
		m, marked = w.mark(e.id)
	}
	face := (*element)(nil)
	if marked {
		face = e.face()
	}
	if face != nil && face != e {
		with := map[*element]Mark{face: m}
		maps.Copy(with, faces)
		faces = with
	}
	link := marked && m.To != "" && !e.holdsNamed()
	if link {
		w.open("a", attribute{"href", m.To}, attribute{"aria-label", m.Words})
		w.title(m.Words)
	}
	look, faced := faces[e], false
	if _, faced = faces[e]; !faced && face == e {
		look, faced = m, true
	}
	w.shape(e, look, faced, marked && !link && face == e, faces)
	if link {
		w.WriteString("</a>")
	}
}

// shape writes an element as it looks, and the pattern over it.
func (w *writer) shape(e *element, look Mark, faced, named bool, faces map[*element]Mark) {
	attrs := e.attrs
	if faced {
		attrs = with(attrs, look.Class)
	}
	w.open(e.name, attrs...)
	if faced && named {
		w.title(look.Words)
	}
	for _, c := range e.children {
		w.element(c, faces)
	}
	w.WriteString("</" + e.name + ">")
	if !faced || look.Pattern == "" || len(e.children) > 0 {
		return
	}
	over := []attribute{{"class", "pattern"}, {"fill", "url(#" + look.Pattern + ")"}}
	for _, a := range e.attrs {
		switch a.name {
		case "class", "fill", "stroke", "opacity", "fill-opacity", "stroke-width", "stroke-dasharray", "stroke-opacity":
		default:
			over = append(over, a)
		}
	}
	w.open(e.name, over...)
	w.WriteString("</" + e.name + ">")
}

// with are attributes with a class more, and without colours of their own.
func with(attrs []attribute, class string) []attribute {
	all := make([]attribute, 0, len(attrs)+1)
	for _, a := range attrs {
		if a.name != "class" && a.name != "fill" && a.name != "opacity" && a.name != "fill-opacity" {
			all = append(all, a)
		}
	}
	return append(all, attribute{"class", class})
}

func (w *writer) open(name string, attrs ...attribute) {
	w.WriteByte('<')
	w.WriteString(name)
	for _, a := range attrs {
		if a.value == "" {
			continue
		}
		w.WriteByte(' ')
		w.WriteString(a.name)
		w.WriteString(`="`)
		w.WriteString(escaper.Replace(a.value))
		w.WriteByte('"')
	}
	w.WriteByte('>')
}

func (w *writer) title(text string) {
	if text != "" {
		w.WriteString("<title>" + escaper.Replace(text) + "</title>")
	}
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// face is the shape that stands for an element: itself, or of a group the largest shape in it; nil: there is none.
func (e *element) face() *element {
	if len(e.children) == 0 || e.name == "text" {
		return e
	}
	var found *element
	largest := -1.
	for _, c := range e.children {
		if c.id != "" && c.holdsShape() && c.name == "g" {
			continue // something of its own
		}
		f := c.face()
		if f == nil || len(f.shape) == 0 {
			continue
		}
		if a := area(f.shape); a > largest {
			found, largest = f, a
		}
	}
	if found == nil {
		return e
	}
	return found
}

func (e *element) holdsShape() bool { return e.shapes > 0 }

// holdsNamed reports whether there is a named element in it: a link must not lie in a link.
func (e *element) holdsNamed() bool {
	for _, c := range e.children {
		if c.id != "" || c.holdsNamed() {
			return true
		}
	}
	return false
}

// Has reports whether the drawing has an element with an id.
func (p *Plan) Has(id string) bool { return p.named[id] != nil }
