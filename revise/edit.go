package revise

import (
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// replace puts a value in the place of another.
func (d *document) replace(e *ast.MappingValueNode, value any) ([]byte, error) {
	text, err := flow(value)
	if err != nil {
		return nil, err
	}
	if isNull(e.Value) && !d.written(e.Value) {
		at, err := d.colon(e)
		return splice(d.text, at, at, " "+text), err
	}
	from, to, err := d.span(e.Value)
	if err != nil {
		return nil, err
	}
	if _, isMap := entries(e.Value); !inFlow(e.Value) && (isMap || e.Value.Type() == ast.SequenceType) {
		if from, err = d.colon(e); err != nil {
			return nil, err
		}
		text = " " + text
	}
	return splice(d.text, from, to, text), nil
}

// insert adds a key to a mapping, at its end.
func (d *document) insert(m ast.Node, key string, value any, top bool) ([]byte, error) {
	all, ok := entries(m)
	if !ok {
		return nil, ErrByHand
	}
	if inFlow(m) {
		text, err := flow(Map{{key, value}})
		if err != nil {
			return nil, err
		}
		text = text[1 : len(text)-1] // without the brackets
		if len(all) == 0 {
			from, to, err := d.span(m)
			return splice(d.text, from, to, "{"+text+"}"), err
		}
		end, err := d.entryEnd(all[len(all)-1])
		return splice(d.text, end, end, ", "+text), err
	}
	if len(all) == 0 {
		return nil, ErrByHand
	}
	end, err := d.entryEnd(all[len(all)-1])
	if err != nil {
		return nil, err
	}
	first, err := d.offset(all[0].Key.GetToken())
	if err != nil {
		return nil, err
	}
	column := utf8.RuneCount(d.text[d.lineStart(first):first])
	at := d.lineEnd(end)
	text, err := block(column, key, value)
	if err != nil {
		return nil, err
	}
	if top {
		text = "\n" + text
	}
	text = "\n" + text
	if at == len(d.text) {
		text += "\n"
	}
	return splice(d.text, at, at, text), nil
}

// fill gives a key that has no value a mapping.
func (d *document) fill(m ast.Node, e *ast.MappingValueNode, value any) ([]byte, error) {
	inside, ok := value.(Map)
	if inFlow(m) || d.written(e.Value) || !ok || len(inside) != 1 {
		return d.replace(e, value)
	}
	from, err := d.offset(e.Key.GetToken())
	if err != nil {
		return nil, err
	}
	text, err := block(utf8.RuneCount(d.text[d.lineStart(from):from])+2, inside[0].Key, inside[0].Value)
	if err != nil {
		return nil, err
	}
	at := d.lineEnd(from)
	text = "\n" + text
	if at == len(d.text) {
		text += "\n"
	}
	return splice(d.text, at, at, text), nil
}

// remove takes a key out of a mapping. One that was its only one leaves an empty mapping.
func (d *document) remove(m ast.Node, e *ast.MappingValueNode, path []string) ([]byte, error) {
	all, _ := entries(m)
	if len(all) == 1 {
		if len(path) == 0 {
			return nil, ErrByHand // nothing would be left of the file
		}
		above := d.root
		for _, key := range path[:len(path)-1] {
			above = find(above, key).Value
		}
		return d.replace(find(above, path[len(path)-1]), Map{})
	}
	from, err := d.offset(e.Key.GetToken())
	if err != nil {
		return nil, err
	}
	to, err := d.entryEnd(e)
	if err != nil {
		return nil, err
	}
	i := 0
	for all[i] != e {
		i++
	}
	switch {
	case !inFlow(m):
		from, to = d.lineStart(from), d.lineEnd(to)
		if strings.TrimSpace(string(d.text[from:])) == "" {
			return nil, ErrByHand
		}
		if to < len(d.text) {
			to++
		}
	case i > 0:
		from, err = d.entryEnd(all[i-1])
	default:
		to, err = d.offset(all[1].Key.GetToken())
	}
	return splice(d.text, from, to, ""), err
}
