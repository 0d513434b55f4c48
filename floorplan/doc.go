// Package floorplan reads the drawing of a building (SVG, as Inkscape writes it) and makes it inert: what is drawn is parsed and written anew
// from a list of what is allowed. Nothing of the file's text reaches a page but numbers, colours and words: no scripts, links, style sheets,
// foreign objects, references or events. Elements whose id names something can be marked, and asked where they are. It is pure.
//
//	word      meaning
//	element   what is drawn, with its attributes as they are written
//	named     an element with an id: of a zone, a door, a device
//	face      the shape by which a named element is coloured: itself, or the largest in a named group
//	spot      where in a shape there is most room for words
package floorplan

// The bounds of a drawing.
const (
	// MaxFile bounds what is read, in bytes.
	MaxFile = 256 << 10
	// MaxDrawn bounds what is written, in bytes: it goes over the network with the page.
	MaxDrawn = 64 << 10
	// MaxElements and MaxDepth bound what is in it.
	MaxElements = 2000
	MaxDepth    = 24
	// MaxNotes bounds how many kinds of things that were left out are told.
	MaxNotes = 20
	maxText  = 120    // runes of a text
	maxPath  = 8_000  // steps of a path
	farthest = 1e6    // of a coordinate
	maxID    = 64 + 7 // bytes: an id of a site's file, and what may stand before it
)

// Plan is a drawing. It is never changed, and safe for concurrent use.
type Plan struct {
	// Box is what is shown of the drawing, in its own units.
	Box Box
	// IDs are the ids in the drawing, in its order, each once.
	IDs []string
	// LeftOut tells what is not drawn of the file, in words, each once.
	LeftOut []string

	root  *element
	named map[string]*element
}

// Box is a rectangle in the units of the drawing.
type Box struct{ X, Y, Width, Height float64 }

// Mark is what a page makes of a named element. The texts are escaped when they are written.
type Mark struct {
	Class   string // of its face: words of a style sheet
	Pattern string // id of a pattern that is laid over its face; empty: none
	To      string // where it leads; empty: nowhere
	Words   string // what it says aloud, and to a pointer that rests
}
