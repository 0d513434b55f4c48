package decode

import "github.com/gerbang-iot/gerbang/ingest/decode/written"

// condition is Condition made ready, literal a YAML scalar.
type condition struct {
	path   path
	self   bool // about the name of the chosen member
	in     []literal
	notIn  []literal
	like   string // lower case; empty: not asked
	exists *bool
	not    bool
}

type literal struct {
	text    string
	number  float64
	numeric bool
}

// filter is When made ready.
type filter struct{ process, ignore []condition }

// wanted applies the model's When.
func (m *model) wanted(w *Worker, doc *document) bool { return w.passes(&m.when, doc, found{}) }

// passes reports whether a message, or the element at v, is wanted, and explains why not.
func (w *Worker) passes(f *filter, doc *document, v found) bool {
	process, ignore := f.refusing(doc, v)
	switch {
	case w.trace == nil:
	case process >= 0:
		w.explainf("filter", "not a reading: when.process[%d] does not hold (%s)", process, f.process[process].path.text)
	case ignore >= 0:
		w.explainf("filter", "not a reading: when.ignore[%d] holds (%s)", ignore, f.ignore[ignore].path.text)
	}
	return process < 0 && ignore < 0
}

// refusing is which condition keeps a message, or the element at v, out; -1 and -1: none.
func (f *filter) refusing(doc *document, v found) (process, ignore int) {
	for i := range f.process {
		if !f.process[i].holds(doc, v) {
			return i, -1
		}
	}
	for i := range f.ignore {
		if f.ignore[i].holds(doc, v) {
			return -1, i
		}
	}
	return -1, -1
}

// holds reports whether the condition is true, looking from the element of v.
func (c *condition) holds(doc *document, v found) bool {
	met := false
	if c.self {
		// The name of an array's element, or of no element at all, is none.
		name := node{kind: '"', raw: doc.nodes[v.element].name}
		met = name.raw != nil && c.true(&name)
	} else {
		c.path.each(doc, v.around(), func(v found) bool {
			n := &doc.nodes[v.at]
			met = n.kind != 'n' && c.true(n)
			return !met
		})
	}
	if c.exists != nil {
		met = met == *c.exists
	}
	return met != c.not
}

// true reports whether the condition is true of a value that is there.
func (c *condition) true(n *node) bool {
	return c.exists != nil || isAny(c.in, n) || c.like != "" && n.kind != '{' && n.kind != '[' && written.Like(c.like, n.raw) || c.notIn != nil && !isAny(c.notIn, n)
}

// isAny reports whether n is one of the literals. A number is compared as a number with numbers, and everything as the
// text it is written as.
func isAny(literals []literal, n *node) bool {
	for i := range literals {
		l := &literals[i]
		if n.kind == '0' && l.numeric {
			if v, ok := n.number(); ok && v == l.number {
				return true
			}
			continue
		}
		if n.kind != '{' && n.kind != '[' && string(n.raw) == l.text {
			return true
		}
	}
	return false
}
