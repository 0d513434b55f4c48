package floorplan

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// geometry are the attributes of each kind of element that are numbers in the units of the drawing.
var geometry = map[string][]string{
	"rect": {"x", "y", "width", "height", "rx", "ry"}, "circle": {"cx", "cy", "r"}, "ellipse": {"cx", "cy", "rx", "ry"},
	"line": {"x1", "y1", "x2", "y2"}, "text": {"x", "y"}, "tspan": {"x", "y", "dx", "dy"},
}

// words are the attributes and properties that have one of a few values.
var words = map[string]string{
	"fill-rule": "nonzero evenodd", "stroke-linecap": "butt round square", "stroke-linejoin": "miter round bevel",
	"text-anchor": "start middle end", "font-weight": "normal bold 400 500 600 700", "font-style": "normal italic",
	"dominant-baseline": "auto middle central",
}

// amounts are those that are a number: a length, or a share.
var amounts = map[string]bool{"stroke-width": true, "font-size": true, "opacity": false, "fill-opacity": false, "stroke-opacity": false}

// attributes notes what may be written of an element's attributes, of its style as well; hidden: it is not drawn.
func (r *reader) attributes(e *element, start xml.StartElement, depth int) (hidden bool) {
	written := map[string]string{}
	for _, a := range start.Attr {
		if a.Name.Space != "" {
			continue
		}
		switch name := a.Name.Local; {
		case name == "style":
			for declaration := range strings.SplitSeq(a.Value, ";") {
				property, value, _ := strings.Cut(declaration, ":")
				written[strings.TrimSpace(property)] = strings.TrimSpace(value) // a style is stronger than an attribute
			}
		case strings.HasPrefix(name, "on"):
			r.note("what happens on events (%.20s)", name)
		case name == "href":
			r.note("links")
		default:
			if _, styled := written[name]; !styled {
				written[name] = a.Value
			}
		}
	}
	if strings.HasPrefix(written["display"], "none") || strings.HasPrefix(written["visibility"], "hidden") {
		return true
	}
	if depth > 1 { // a transform of the root is one of the whole picture
		if m, ok := transform(written["transform"]); ok && m != identity {
			e.place = e.place.times(m)
			e.set("transform", m.String())
		}
	}
	if !r.geometry(e, written) {
		return true
	}
	r.painted(e, "fill", written["fill"])
	r.painted(e, "stroke", written["stroke"])
	for name, allowed := range words {
		if v := strings.ToLower(written[name]); v != "" && strings.Contains(" "+allowed+" ", " "+v+" ") {
			e.set(name, v)
		}
	}
	for name, long := range amounts {
		if v, ok := length(written[name], false); ok && v >= 0 && (long || v <= 1) {
			e.set(name, number(v))
		}
	}
	if v := numbers(written["stroke-dasharray"]); len(v) > 0 && len(v) <= 8 {
		e.set("stroke-dasharray", join(v))
	}
	e.sort()
	return false
}

// geometry notes where an element is, and its outline; false: it is nowhere.
func (r *reader) geometry(e *element, written map[string]string) bool {
	at := map[string]float64{}
	for _, name := range geometry[e.name] {
		text, there := written[name]
		if !there {
			continue
		}
		v, ok := length(text, false)
		if !ok {
			r.note("%s=%.20q of <%s>, want a number", name, text, e.name)
			continue
		}
		at[name] = v
		e.set(name, number(v))
	}
	var shape []point
	switch e.name {
	case "rect":
		x, y, w, h := at["x"], at["y"], at["width"], at["height"]
		shape = []point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}
	case "circle":
		shape = ring(at["cx"], at["cy"], at["r"], at["r"])
	case "ellipse":
		shape = ring(at["cx"], at["cy"], at["rx"], at["ry"])
	case "polygon", "polyline":
		v := numbers(written["points"])
		if len(v) > 2*maxPath {
			v = nil
			r.note("a <%s> of more than %d points", e.name, maxPath)
		}
		for i := 0; i+1 < len(v); i += 2 {
			shape = append(shape, point{v[i], v[i+1]})
		}
		e.set("points", join(v[:len(v)/2*2]))
	case "path":
		d, outline, err := path(written["d"])
		if r.steps += len(outline); err != nil || r.steps > 8*maxPath {
			r.note("a path that is none")
			return false
		}
		e.set("d", d)
		shape = outline
	}
	for _, p := range shape {
		e.shape = append(e.shape, e.place.on(p))
	}
	return true
}

// painted notes a colour. Grey ones become the inks of the page, so that a drawing can be read on a dark one, too.
func (r *reader) painted(e *element, what, text string) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" || text == "inherit" {
		return
	}
	if text == "none" || text == "transparent" {
		e.set(what, "none")
		return
	}
	red, green, blue, ok := colour(text)
	if !ok {
		if strings.HasPrefix(text, "url(") {
			r.note("patterns and gradients, want plain colours")
		} else {
			r.note("the colour %.30q, want one such as #a0b0c0", text)
		}
		return
	}
	light, dark := max(red, green, blue), min(red, green, blue)
	if light-dark > 24 {
		e.set(what, fmt.Sprintf("#%02x%02x%02x", red, green, blue))
		return
	}
	ink := "card"
	switch mean := (int(red) + int(green) + int(blue)) / 3; {
	case mean < 90:
		ink = "ink"
	case mean < 185:
		ink = "soft"
	case mean < 240:
		ink = "line"
	}
	e.set("class", strings.TrimSpace(e.get("class")+" "+what[:1]+"-"+ink))
}

// plainColours are the ones that have a name here; programs write numbers.
var plainColours = map[string]string{
	"black": "#000000", "white": "#ffffff", "gray": "#808080", "grey": "#808080", "silver": "#c0c0c0", "red": "#ff0000", "maroon": "#800000",
	"yellow": "#ffff00", "olive": "#808000", "lime": "#00ff00", "green": "#008000", "aqua": "#00ffff", "teal": "#008080", "blue": "#0000ff",
	"navy": "#000080", "fuchsia": "#ff00ff", "purple": "#800080", "orange": "#ffa500", "lightgray": "#d3d3d3", "lightgrey": "#d3d3d3", "currentcolor": "#000000",
}

// colour reads a colour.
func colour(text string) (red, green, blue uint8, ok bool) {
	if named, found := plainColours[text]; found {
		text = named
	}
	if inner, found := strings.CutPrefix(text, "rgb("); found {
		v := numbers(strings.TrimSuffix(inner, ")"))
		if len(v) != 3 {
			return 0, 0, 0, false
		}
		for _, x := range v {
			if x < 0 || x > 255 {
				return 0, 0, 0, false
			}
		}
		return uint8(v[0]), uint8(v[1]), uint8(v[2]), true
	}
	digits, found := strings.CutPrefix(text, "#")
	if !found {
		return 0, 0, 0, false
	}
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	if len(digits) != 6 {
		return 0, 0, 0, false
	}
	v, err := strconv.ParseUint(digits, 16, 32)
	return uint8(v >> 16), uint8(v >> 8), uint8(v), err == nil
}

func (e *element) set(name, value string) {
	for i := range e.attrs {
		if e.attrs[i].name == name {
			e.attrs[i].value = value
			return
		}
	}
	e.attrs = append(e.attrs, attribute{name, value})
}

func (e *element) get(name string) string {
	for _, a := range e.attrs {
		if a.name == name {
			return a.value
		}
	}
	return ""
}
