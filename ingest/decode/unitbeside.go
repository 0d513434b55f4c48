package decode

import (
	"bytes"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// unitBeside finds the word that names the unit of the member called name of node at, where the sender wrote one: a member
// temperature_unit, TempUnit or unit beside it, beside what it stands in or among the tags of a line, or one of that name in an
// object units. sure: the word is about this value, and not perhaps about another. Empty: there is none.
func (e *extraction) unitBeside(at int32, name string, q telemetry.Quantity) (word string, sure bool) {
	if !e.tellsUnits() {
		return "", false
	}
	words := wordsIn(name)
	for at > 0 {
		at = e.doc.parent(at)
		if word, sure = e.unitIn(at, words, q); word != "" {
			return word, sure
		}
		if tags, ok := e.doc.member(at, "tags"); ok && e.doc.nodes[tags].kind == '{' {
			if word, sure = e.unitIn(tags, words, q); word != "" {
				return word, sure
			}
		}
	}
	return "", false
}

// unitIn looks among the members of one object.
func (e *extraction) unitIn(object int32, of []string, q telemetry.Quantity) (word string, sure bool) {
	if e.doc.nodes[object].kind != '{' {
		return "", false
	}
	for i := range e.doc.children(object) {
		n := &e.doc.nodes[i]
		if !unitLike(n.name) {
			continue
		}
		words := wordsIn(string(n.name))
		at := slices.IndexFunc(words, func(w string) bool { return unitNames[w] })
		if at < 0 {
			continue
		}
		rest := slices.Delete(slices.Clone(words), at, at+1)
		whole := len(rest) == 0 || slices.Equal(rest, []string{"of", "measurement"})
		switch {
		case whole && n.kind == '{':
			for c := range e.doc.children(i) {
				if m := &e.doc.nodes[c]; m.kind == '"' && e.alike(wordsIn(string(m.name)), of, q) {
					return string(m.raw), true
				}
			}
		case n.kind != '"' || len(n.raw) == 0:
		case whole:
			word = string(n.raw)
		case e.alike(rest, of, q):
			return string(n.raw), true
		}
	}
	return word, false
}

// alike reports whether words name what has the words of, or another quantity of the same unit: temp is about temperature.
func (e *extraction) alike(words, of []string, q telemetry.Quantity) bool {
	if slices.Equal(words, of) {
		return true
	}
	s, _, ok := meant(words)
	return ok && s.quantity.Unit() == q.Unit() && q.Unit() != "%" && q.Unit() != "1"
}

// unitNames are words in the name of a member that names a unit.
var unitNames = setOf("unit", "units", "uom")

// tellsUnits reports whether any member of the message may name a unit.
func (e *extraction) tellsUnits() bool {
	if e.units == 0 {
		e.units = -1
		for i := range e.doc.nodes {
			if unitLike(e.doc.nodes[i].name) {
				e.units = 1
				break
			}
		}
	}
	return e.units > 0
}

func unitLike(name []byte) bool {
	return bytes.Contains(name, []byte("nit")) || bytes.Contains(name, []byte("UNIT")) || bytes.Contains(name, []byte("uom"))
}

// parent is the container of node i.
func (d *document) parent(i int32) int32 {
	for p := i - 1; p > 0; p-- {
		if d.nodes[p].end > i {
			return p
		}
	}
	return 0
}

// wholeSystems are words for units of all quantities at once.
var wholeSystems = map[string]string{"metric": "", "si": "", "imperial": "[degF]", "us": "[degF]", "us_customary": "[degF]"}

// measuredIn gives the sense of a value whose unit a word beside it names. ok is false where nobody knows that unit, or it is none of
// the quantity's; a word that is perhaps about another value is then as none.
func measuredIn(s sense, word string, sure bool) (sense, bool) {
	low := strings.ToLower(strings.TrimSpace(word))
	if unit, whole := wholeSystems[low]; whole {
		if _, err := conversion(unit, s.quantity); err == nil && unit != "" {
			s.unit = unit
		}
		return s, true
	}
	unit, known := unitNamed(word)
	if !known {
		return s, false
	}
	if s.quantity == telemetry.Battery && (unit == "V" || unit == "mV") {
		return sense{telemetry.BatteryVoltage, unit}, true
	}
	if _, err := conversion(unit, s.quantity); err != nil {
		return s, !sure
	}
	s.unit = unit
	return s, true
}
