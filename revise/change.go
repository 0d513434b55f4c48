package revise

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Change sets one value of a file, or takes it out.
type Change struct {
	// Path are the keys from the top of the file to the value, such as devices, pintu-utama-suhu, address. Those that are not there are made.
	Path []string
	// Value is a string, bool, int, float64, []string or Map; nil takes the value out, with its key.
	Value any
}

// String is the path with dots.
func (c Change) String() string { return strings.Join(c.Path, ".") }

// Map is a mapping in the order in which it is written.
type Map []Entry

// Entry is a key of a mapping with its value.
type Entry struct {
	Key   string
	Value any
}

// ErrByHand is what Apply returns about a file that it cannot change without touching more than it was asked to: aliases, tags, texts over
// several lines in the place itself. A person can.
var ErrByHand = errors.New("it is written in a way that only a person should change")

// Apply makes changes one after another in the text of a file. What comes out differs from the text in what was changed and in nothing else:
// that is looked at, and where it is not so the error is ErrByHand. A value that is taken out and is not there is no error.
func Apply(text []byte, changes ...Change) ([]byte, error) {
	plain := bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	if len(plain) < len(text) { // as other systems end lines
		if bytes.Count(plain, []byte("\n")) != bytes.Count(text, []byte("\r\n")) {
			return nil, fmt.Errorf("%w: its lines end in several ways", ErrByHand)
		}
		out, err := Apply(plain, changes...)
		return bytes.ReplaceAll(out, []byte("\n"), []byte("\r\n")), err
	}
	for _, c := range changes {
		next, err := apply(text, c)
		if err != nil {
			return nil, fmt.Errorf("changing %s: %w", c, err)
		}
		text = next
	}
	return text, nil
}

func apply(text []byte, c Change) ([]byte, error) {
	if len(c.Path) == 0 || slices.Contains(c.Path, "") {
		return nil, errors.New("no path, want the keys from the top of the file")
	}
	d, err := parse(text)
	if err != nil {
		return nil, err
	}
	if d.root == nil {
		return nil, errors.New("the file is empty, want a mapping")
	}
	before, err := valueOf(d.root)
	if err != nil {
		return nil, err
	}
	want, err := altered(before, c)
	if err != nil {
		return nil, err
	}
	if reflect.DeepEqual(want, before) {
		return text, nil
	}
	out, err := d.edit(c)
	if err != nil {
		return nil, err
	}
	// Where something stands is what a library says and an edit rests on. Whether it was right shows in what is there now.
	after, err := parse(out)
	if err != nil || after.root == nil {
		return nil, ErrByHand
	}
	got, err := valueOf(after.root)
	if err != nil || !reflect.DeepEqual(got, want) || d.comments() > after.comments() && c.Value != nil && !d.replacesBlock(c.Path) {
		return nil, ErrByHand
	}
	return out, nil
}

// edit makes one change.
func (d *document) edit(c Change) ([]byte, error) {
	at := d.root
	for i, key := range c.Path {
		entry := find(at, key)
		last := i == len(c.Path)-1
		switch {
		case entry == nil && c.Value == nil:
			return d.text, nil
		case entry == nil:
			return d.insert(at, key, nested(c.Path[i+1:], c.Value), i == 0)
		case last && c.Value == nil:
			return d.remove(at, entry, c.Path[:i])
		case last:
			return d.replace(entry, c.Value)
		case isNull(entry.Value):
			if c.Value == nil {
				return d.text, nil
			}
			return d.fill(at, entry, nested(c.Path[i+1:], c.Value))
		}
		at = entry.Value
		if _, ok := entries(at); !ok {
			return nil, fmt.Errorf("%s is no mapping", strings.Join(c.Path[:i+1], "."))
		}
	}
	return d.text, nil
}

// nested is a value below keys.
func nested(keys []string, value any) any {
	for _, key := range slices.Backward(keys) {
		value = Map{{key, value}}
	}
	return value
}

// splice puts a text in the place of a part.
func splice(text []byte, from, to int, with string) []byte {
	return bytes.Join([][]byte{text[:from], []byte(with), text[to:]}, nil)
}
