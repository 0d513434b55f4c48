package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
)

// FieldError is a problem with one field of a model.
type FieldError struct {
	Model string // the model's id
	Field string // path as in YAML: "readings[2].unit"
	Err   error
}

func (e *FieldError) Error() string { return fmt.Sprintf("model %q: %s: %v", e.Model, e.Field, e.Err) }

// Unwrap gives the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// Compiler collects the problems of one model.
type Compiler struct {
	M    *Mapping
	errs []error
}

// Fail notes a problem with a field, whose path is as in YAML; nil is none.
func (c *Compiler) Fail(field string, err error) {
	if err != nil {
		c.errs = append(c.errs, &FieldError{c.M.ID, field, err})
	}
}

// joined parses paths with + between them.
func (c *Compiler) joined(at, text string) []document.Path {
	if text == "" {
		return nil
	}
	var ready []document.Path
	for part := range strings.SplitSeq(text, "+") {
		if part == "" {
			c.Fail(at, fmt.Errorf("%q: want a path on both sides of +", text))
			continue
		}
		ready = append(ready, c.Path(at, part, false))
	}
	return ready
}

// Path parses an optional path. many allows it to lead to several values.
func (c *Compiler) Path(at, text string, many bool) document.Path {
	if text == "" {
		return document.Path{}
	}
	p, err := document.ParsePath(text)
	c.Fail(at, err)
	if p.Many() && !many {
		c.Fail(at, fmt.Errorf("%q leads to several values, want one", text))
	}
	return p
}

// word notes the name of the member at p: it is the format's.
func (c *Compiler) word(p document.Path) {
	for _, v := range slices.Backward(p.Steps) {
		if v.Kind == document.StepName {
			c.M.Words[strings.ToLower(v.Name)] = true
			return
		}
	}
}
