package frame

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// compiler collects the problems of a description.
type compiler struct {
	d     *Description
	p     *Program
	items map[string]*items
	names map[string][]string // the members that the items of a name write
	used  map[string]bool
	errs  []error
}

var properID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$`)

// Compile makes a description ready. All its problems are reported at once, each a FieldError.
func Compile(d *Description) (*Program, error) {
	c := &compiler{d: d, p: &Program{title: d.Title}, items: map[string]*items{}, names: map[string][]string{}, used: map[string]bool{}}
	if !properID.MatchString(d.ID) {
		c.fail("id", "%q: want a-z, 0-9 and -, at most 64", d.ID)
	}
	if d.Title == "" {
		c.fail("title", "missing: want maker and devices")
	}
	for i, text := range d.Ignore {
		c.ignore(fmt.Sprintf("ignore[%d]", i), text)
	}
	switch d.Otherwise {
	case "", "reject":
	case "ignore":
		c.p.silent = true
	default:
		c.fail("otherwise", "%q: want reject or ignore", d.Otherwise)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Items)) {
		def := d.Items[name]
		c.itemsOf(name, &def)
	}
	c.frames()
	for _, name := range slices.Sorted(maps.Keys(d.Items)) {
		if !c.used[name] {
			c.fail("items."+name, "no row of frames ends in items %s", name)
		}
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	return c.p, nil
}

func (c *compiler) fail(field, format string, args ...any) {
	c.errs = append(c.errs, &FieldError{field, fmt.Errorf(format, args...)})
}

// ignore reads a pattern of frames that carry no reading.
func (c *compiler) ignore(at, text string) {
	if text == "zeros" {
		c.p.ignore = append(c.p.ignore, pattern{zeros: true})
		return
	}
	var p pattern
	parts := strings.Fields(text)
	for i, part := range parts {
		v, err := strconv.ParseUint(part, 16, 8)
		switch {
		case part == "*" && i == len(parts)-1 && i > 0:
			p.rest = true
		case part == "..":
			p.bytes = append(p.bytes, -1)
		case err == nil && len(part) == 2:
			p.bytes = append(p.bytes, int16(v))
		default:
			c.fail(at, "%q: want zeros, or bytes such as 01 .. ff with a space between them and * for any rest", text)
			return
		}
	}
	if len(p.bytes) == 0 || len(p.bytes) > maxFrame {
		c.fail(at, "%q: want 1 to %d bytes, or zeros", text, maxFrame)
		return
	}
	c.p.ignore = append(c.p.ignore, p)
}

// itemsOf makes one table of items ready.
func (c *compiler) itemsOf(name string, def *Items) {
	at := "items." + name
	it := &items{of: make(map[int64]*item), wide: int64(def.Wide), channel: def.Channel, strict: def.Otherwise == "reject"}
	c.items[name] = it
	if why := it.key.typed(def.Key); why != "" || it.key.flag || it.key.float || it.key.signed || it.key.size > 32 {
		c.fail(at+".key", "%q: want u8, u16, u24 or u32, with le for the low byte first, or b1 to b32", def.Key)
	}
	if def.Wide < 0 || def.Wide > 255 || def.Wide > 0 && def.Key != "u8" {
		c.fail(at+".wide", "%d: want the first byte of keys with two, and a key of u8", def.Wide)
	}
	if def.Otherwise != "" && def.Otherwise != "unread" && def.Otherwise != "reject" {
		c.fail(at+".otherwise", "%q: want unread or reject", def.Otherwise)
	}
	if len(def.Of) == 0 || len(def.Of) > maxKeys {
		c.fail(at+".of", "%d keys: want 1 to %d", len(def.Of), maxKeys)
		return
	}
	groups := make(map[string]int) // the group of each name that an item writes
	for _, text := range slices.Sorted(maps.Keys(def.Of)) {
		place := at + ".of." + text
		key, err := strconv.ParseInt(text, 0, 64)
		if err != nil || key < 0 || it.of[key] != nil {
			c.fail(place, "%q: want a number, such as 12 or 0x0C, each once", text)
			continue
		}
		if most := keysOf(it); key > most {
			c.fail(place, "%q: a key of %s is at most %#x", text, def.Key, most)
		}
		row, err := parseRow(def.Of[text])
		switch {
		case err != nil:
			c.fail(place, "%w", err)
		case row.end != endsHere:
			c.fail(place, "an item cannot end in items, rest or ignore")
		case def.Channel && slices.ContainsFunc(row.fields, func(f field) bool { return f.fields != nil || f.unit != "" || f.join != "" }):
			c.fail(place, "an item on a channel is a row of plain fields")
		case sizeOf(row.fields)%8 != 0:
			c.fail(place, "the fields are %d bits: want whole bytes", sizeOf(row.fields))
		case slices.ContainsFunc(row.fields, func(f field) bool { return f.optional }):
			c.fail(place, "an item has no optional fields")
		}
		one := &item{group: len(it.of), fields: row.fields}
		it.of[key] = one
		for i := range row.fields {
			c.join(it, groups, one, row.fields[i].name)
		}
	}
	c.names[name] = slices.Sorted(maps.Keys(groups))
}

// keysOf is the highest key that can be read.
func keysOf(it *items) int64 {
	if it.wide > 0 {
		return 0xFFFF
	}
	return 1<<it.key.size - 1
}

// join puts items that write the same name into one group.
func (c *compiler) join(it *items, groups map[string]int, one *item, name string) {
	if name == "" {
		return
	}
	group, taken := groups[name]
	if !taken {
		groups[name] = one.group
		return
	}
	if old := one.group; group != old {
		for _, other := range it.of {
			if other.group == old {
				other.group = group
			}
		}
		for n, g := range groups {
			if g == old {
				groups[n] = group
			}
		}
	}
}

// frames makes the rows of all ports ready.
func (c *compiler) frames() {
	if len(c.d.Frames) == 0 || len(c.d.Frames) > maxKeys {
		c.fail("frames", "%d rows: want 1 to %d", len(c.d.Frames), maxKeys)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(c.d.Frames)) {
		at := "frames." + key
		l, ok := c.layout(at, c.d.Frames[key])
		ports, length, sized := strings.Cut(key, "/")
		l.length = -1
		if sized {
			n, err := strconv.Atoi(strings.TrimSpace(length))
			if err != nil || n < 0 || n > maxFrame {
				c.fail(at, "%q: want a length of 0 to %d bytes behind the /", key, maxFrame)
			}
			l.length = n
		}
		for port := range strings.SplitSeq(ports, ",") {
			port = strings.TrimSpace(port)
			n, err := strconv.ParseUint(port, 10, 8)
			switch {
			case !ok:
			case port == "*":
				c.p.any = c.add(at, key, c.p.any, l)
			case err != nil:
				c.fail(at, "%q: want a port of 0 to 255, several with commas between them, or *; behind a / the length in bytes", key)
			default:
				c.p.ports[n] = c.add(at, key, c.p.ports[n], l)
			}
		}
	}
	if c.p.any != nil && c.p.silent {
		c.fail("otherwise", "ignore means nothing beside a row for any port")
	}
}

// add puts a layout beside those of the same port, the one of any length last.
func (c *compiler) add(at, key string, have []layout, l layout) []layout {
	if slices.ContainsFunc(have, func(other layout) bool { return other.length == l.length }) {
		c.fail(at, "%q: another row has the same port and length", key)
		return have
	}
	have = append(have, l)
	slices.SortStableFunc(have, func(a, b layout) int { return b.length - a.length })
	return have
}

// layout parses the row of a frame.
func (c *compiler) layout(at, text string) (layout, bool) {
	switch strings.TrimSpace(text) {
	case "ignore":
		return layout{silent: true}, true
	case "reject":
		return layout{refused: true}, true
	}
	row, err := parseRow(text)
	if err != nil {
		c.fail(at, "%w", err)
		return layout{}, false
	}
	l := layout{fields: row.fields, end: row.end}
	if n := sizeOf(row.fields); n%8 != 0 {
		c.fail(at, "the fields are %d bits: want whole bytes", n)
	}
	if row.end == endsInItems {
		l.items = c.items[row.items]
		c.used[row.items] = true
		if l.items == nil {
			c.fail(at, "there are no items %q, want one of %v", row.items, slices.Sorted(maps.Keys(c.d.Items)))
			return l, false
		}
		for _, f := range row.fields {
			if slices.Contains(c.names[row.items], f.name) {
				c.fail(at, "%s is written by items %s, too", f.name, row.items)
			}
			if f.optional {
				c.fail(at, "a row that goes on with items has no optional fields")
			}
		}
	}
	return l, true
}

// sizeOf is how many bits fields take.
func sizeOf(fields []field) int {
	n := 0
	for i := range fields {
		n += fields[i].size*(1+utf8.RuneCountInString(fields[i].join)) + sizeOf(fields[i].fields)
	}
	return n
}
