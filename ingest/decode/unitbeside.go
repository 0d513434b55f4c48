package decode

import (
	"bytes"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// unitBeside finds the word that names the unit of the member called name of node at, where the sender wrote one: a member
// temperature_unit, TempUnit or unit beside it, beside what it stands in or among the tags of a line, or one of that name in an
// object units. sure: the word is about this value, and not perhaps about another. Empty: there is none. A member unit may say
// anything, such as a ward: what is no unit that anybody knows counts only where it stands by a value without a name of its own.
func (e *extraction) unitBeside(at int32, name string, q telemetry.Quantity) (word string, sure bool) {
	if e.units == nil {
		e.units = unitWordsIn(e.doc)
	}
	if len(e.units.said) == 0 {
		return "", false
	}
	words := written.Words(name)
	_, _, named := meaning.Of(string(e.doc.Nodes[at].Name), "")
	for nameless := !named; at > 0; nameless = false {
		at = e.units.parents[at]
		word, sure = e.units.said[at].about(e.doc, words, q)
		if word != "" && (sure || nameless || meaning.IsUnit(word)) {
			return word, sure || nameless
		}
		if word, sure = e.units.tags[at].about(e.doc, words, q); word != "" && (sure || meaning.IsUnit(word)) {
			return word, sure
		}
	}
	return "", false
}

// units are the words for units that a message holds. They are found in one walk, however many members and values there are.
type units struct {
	parents []int32              // of every node; 0 behind the root
	said    map[int32]*saidUnits // by the object that holds them
	tags    map[int32]*saidUnits // by the object whose member tags holds them
}

// saidUnits are the words for units in one object, as nodes.
type saidUnits struct {
	whole int32            // what says unit and no more; 0: nothing does
	named map[string]int32 // by the words of what they are about; the first of each
	alike map[string]int32 // by the unit of the quantity that they are about; the first of each
}

// UnitWords finds them. Without any, parents is empty too.
func unitWordsIn(d *document.Document) *units {
	u := &units{}
	if !slices.ContainsFunc(d.Nodes, func(n document.Node) bool { return unitLike(n.Name) }) {
		return u
	}
	u.parents, u.said, u.tags = make([]int32, len(d.Nodes)), map[int32]*saidUnits{}, map[int32]*saidUnits{}
	for i := range d.Nodes {
		if k := d.Nodes[i].Kind; k == '{' || k == '[' {
			for c := range d.Children(int32(i)) {
				u.parents[c] = int32(i)
			}
		}
	}
	for i := int32(1); i < d.Nodes[0].End; i++ {
		n := &d.Nodes[i]
		object := u.parents[i]
		if d.Nodes[object].Kind != '{' || !unitLike(n.Name) || n.Kind != '{' && (n.Kind != '"' || len(n.Raw) == 0) {
			continue
		}
		words := written.Words(string(n.Name))
		at := slices.IndexFunc(words, func(w string) bool { return unitNames[w] })
		if at < 0 {
			continue
		}
		rest := slices.Delete(words, at, at+1)
		whole := len(rest) == 0 || slices.Equal(rest, []string{"of", "measurement"})
		switch {
		case whole && n.Kind == '{':
			for c := range d.Children(i) {
				if m := &d.Nodes[c]; m.Kind == '"' && len(m.Raw) > 0 {
					u.in(object).add(written.Words(string(m.Name)), c)
				}
			}
		case n.Kind == '{':
		case whole:
			u.in(object).whole = i
		default:
			u.in(object).add(rest, i)
		}
	}
	for object, said := range u.said {
		if within := u.parents[object]; object > 0 && d.Nodes[within].Kind == '{' && string(d.Nodes[object].Name) == "tags" {
			u.tags[within] = said
		}
	}
	return u
}

func (u *units) in(object int32) *saidUnits {
	if u.said[object] == nil {
		u.said[object] = &saidUnits{named: map[string]int32{}, alike: map[string]int32{}}
	}
	return u.said[object]
}

// add notes that node at names the unit of what has the words.
func (u *saidUnits) add(words []string, at int32) {
	name := strings.Join(words, "_")
	if _, had := u.named[name]; !had {
		u.named[name] = at
	}
	if s, _, ok := meaning.OfWords(words); ok && s.Quantity.Unit() != "%" && s.Quantity.Unit() != "1" {
		if _, had := u.alike[s.Quantity.Unit()]; !had {
			u.alike[s.Quantity.Unit()] = at
		}
	}
}

// about is the word about a quantity with a name of these words, or about another quantity of the same unit: temp is about
// temperature. Where several are, the first counts.
func (u *saidUnits) about(d *document.Document, name []string, q telemetry.Quantity) (word string, sure bool) {
	if u == nil {
		return "", false
	}
	at, named := u.named[strings.Join(name, "_")]
	if other, alike := u.alike[q.Unit()]; alike && (!named || other < at) {
		at, named = other, true
	}
	switch {
	case named:
		return string(d.Nodes[at].Raw), true
	case u.whole > 0:
		return string(d.Nodes[u.whole].Raw), false
	}
	return "", false
}

// UnitNames are words in the name of a member that names a unit.
var unitNames = written.SetOf("unit", "units", "uom")

func unitLike(name []byte) bool {
	return bytes.Contains(name, []byte("nit")) || bytes.Contains(name, []byte("UNIT")) || bytes.Contains(name, []byte("uom"))
}
