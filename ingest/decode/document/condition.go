package document

import "github.com/gerbang-iot/gerbang/ingest/decode/written"

// Condition is a statement about the values that a path leads to: the condition of a model, made ready.
type Condition struct {
	Path   Path
	Self   bool // about the name of the chosen member
	In     []Literal
	NotIn  []Literal
	Like   string // lower case; empty: not asked
	Exists *bool
	Not    bool
}

// Literal is a text, number or boolean that values are compared with.
type Literal struct {
	Text    string
	Number  float64
	Numeric bool
}

// Filter says which messages, or elements of one, are wanted: all of Process hold, and none of Ignore.
type Filter struct{ Process, Ignore []Condition }

// Refusing is which condition keeps a message, or the element at v, out; -1 and -1: none.
func (f *Filter) Refusing(doc *Document, v Found) (process, ignore int) {
	for i := range f.Process {
		if !f.Process[i].Holds(doc, v) {
			return i, -1
		}
	}
	for i := range f.Ignore {
		if f.Ignore[i].Holds(doc, v) {
			return -1, i
		}
	}
	return -1, -1
}

// Holds reports whether the condition is true, looking from the element of v.
func (c *Condition) Holds(doc *Document, v Found) bool {
	met := false
	if c.Self {
		// The name of an array's element, or of no element at all, is none.
		name := Node{Kind: '"', Raw: doc.Nodes[v.element].Name}
		met = name.Raw != nil && c.true(&name)
	} else {
		c.Path.Each(doc, v.Around(), func(v Found) bool {
			n := &doc.Nodes[v.At]
			met = n.Kind != 'n' && c.true(n)
			return !met
		})
	}
	if c.Exists != nil {
		met = met == *c.Exists
	}
	return met != c.Not
}

// true reports whether the condition is true of a value that is there.
func (c *Condition) true(n *Node) bool {
	return c.Exists != nil || IsAny(c.In, n) || c.Like != "" && n.Kind != '{' && n.Kind != '[' && written.Like(c.Like, n.Raw) || c.NotIn != nil && !IsAny(c.NotIn, n)
}

// IsAny reports whether n is one of the literals. A number is compared as a number with numbers, and everything as the
// text it is written as.
func IsAny(literals []Literal, n *Node) bool {
	for i := range literals {
		l := &literals[i]
		if n.Kind == '0' && l.Numeric {
			if v, ok := n.Number(); ok && v == l.Number {
				return true
			}
			continue
		}
		if n.Kind != '{' && n.Kind != '[' && string(n.Raw) == l.Text {
			return true
		}
	}
	return false
}
