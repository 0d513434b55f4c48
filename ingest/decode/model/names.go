package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxFieldNames bounds the fields that one definition makes.
const MaxFieldNames = 64

// hole is where a name goes.
const hole = "{}"

// named gives the fields that a definition stands for: itself, or one for each of its names.
func (c *Compiler) named(at string, def *Field) []Field {
	if len(def.Names) == 0 {
		return []Field{*def}
	}
	if len(def.Names) > MaxFieldNames {
		c.Fail(at+".names", fmt.Errorf("%d names, want at most %d", len(def.Names), MaxFieldNames))
		return nil
	}
	if !def.holed() {
		c.Fail(at+".names", errors.New("mean nothing without {} in path or when"))
		return nil
	}
	fields := make([]Field, 0, len(def.Names))
	for i, name := range def.Names {
		if name == "" || slices.Index(def.Names, name) < i {
			c.Fail(fmt.Sprintf("%s.names[%d]", at, i), fmt.Errorf("%q: want every name once, and none empty", name))
			continue
		}
		fields = append(fields, def.with(name))
	}
	return fields
}

// holed reports whether the names make a difference.
func (f *Field) holed() bool {
	return strings.Contains(f.Path, hole) || slices.ContainsFunc(f.When, func(c Condition) bool {
		text, _ := c.Equals.(string)
		return strings.Contains(c.Path+text+c.Like, hole)
	})
}

// with is the field with a name in its place.
func (f *Field) with(name string) Field {
	fill := func(s string) string { return strings.ReplaceAll(s, hole, name) }
	one := *f
	one.Names = nil
	one.Path, one.Channel = fill(f.Path), fill(f.Channel)
	if f.Channel == "" && f.ChannelPath == "" {
		one.Channel = name
	}
	one.When = slices.Clone(f.When)
	for i := range one.When {
		w := &one.When[i]
		w.Path, w.Like = fill(w.Path), fill(w.Like)
		if text, ok := w.Equals.(string); ok {
			w.Equals = fill(text)
		}
	}
	return one
}
