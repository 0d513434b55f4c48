// Package strict decodes YAML into Go values without mercy and without haste: an unknown key, a wrong type, a number
// without its unit or a key written twice is a problem with file, line and column, and decoding goes on to find the next
// one. It knows nothing about what it decodes; constraints come from struct tags and from the types themselves.
//
// The tags of a field:
//
//	yaml:"name"        the key; ",inline" takes the fields of a nested struct; "-" is not configuration
//	required:"yes"     the key must be there
//	enum:"a b c"       one of these words
//	pattern:"^…$"      a regular expression that a text must match; its problem says what is wanted, from the tag want
//	min:"0" max:"1"    bounds of a number (inclusive), or of a duration ("1s")
//	above:"0"          an exclusive lower bound
//	private:"yes"      a problem does not show the value: it may hold a password
//	unit:"m²"          the unit of a number; it may be written behind the number, any other unit is a problem
package strict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a file. Line and Col count from 1, Col in characters; 0: the file as a whole.
type Position struct {
	File      string
	Line, Col int
}

// String is file:line:col, as editors and terminals understand it.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Position
	// Text says what is wrong and what was expected.
	Text string
	// Machine says that it is about this machine and not about what is written: a file that cannot be read here, a secret that is not
	// there, an address that is taken. The same configuration may be right elsewhere.
	Machine bool `json:",omitempty"`
}

// String is "file:line:col: text".
func (p Problem) String() string { return p.Position.String() + ": " + p.Text }

// Problems are all the problems that were found, sorted by file, line and column.
type Problems []Problem

// Error prints one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, q := range p {
		lines[i] = q.String()
	}
	return strings.Join(lines, "\n")
}

// Add records a problem.
func (p *Problems) Add(at Position, format string, args ...any) {
	*p = append(*p, Problem{Position: at, Text: fmt.Sprintf(format, args...)})
}

// Sort orders the problems by place and drops repetitions.
func (p *Problems) Sort() {
	slices.SortFunc(*p, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), strings.Compare(a.Text, b.Text))
	})
	*p = slices.CompactFunc(*p, func(a, b Problem) bool { return a.Position == b.Position && a.Text == b.Text })
}

// OfMachine tells what is about this machine from what is written wrong.
func (p Problems) OfMachine() (machine, written Problems) {
	for _, q := range p {
		if q.Machine {
			machine = append(machine, q)
		} else {
			written = append(written, q)
		}
	}
	return machine, written
}

// Err is p as an error, nil where there is no problem.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
