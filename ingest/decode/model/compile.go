package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
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

// Notation is what the format of a model says about all of its models.
type Notation struct {
	// Topics are the patterns of a model that names none.
	Topics []string
	// Addressed: the envelope names the device. alone: the format finds readings by itself, without a mapping.
	Addressed, Alone bool
	// Only is the id of the one model that the format has; empty: it has any number. Its check is then all there is.
	Only string
	// Check checks what only models of the format have, and makes it ready; nil: nothing.
	Check func(c *Compiler) any
}

// Mapping is a Model made ready: everything parsed and checked.
type Mapping struct {
	Model
	notation Notation
	// Prepared is what the format's check has made.
	Prepared any
	Patterns []pattern.Pattern
	// captures: some pattern names levels.
	captures bool
	Quiets   []pattern.Pattern
	// topics finds which of patterns and silent a topic fits.
	topics pattern.Tree[Known]
	// Addresses lead to the device in the payload, each in its own way. None: topic or envelope name it.
	Addresses  []address
	Filter     document.Filter
	Noise      bool // the model ignores text that is no JSON by how it begins
	Timing     *Timing
	SequenceAt document.Path
	BootAt     document.Path
	Reads      []ReadField
	EachAt     document.Path // elements; no text: none
	EachDevice []address
	EachWhen   document.Filter
	EachTime   *Timing
	EachApart  bool
	EachReads  []ReadField
	PastAt     document.Path // history items; no text: none
	PastTime   *Timing
	PastReads  []ReadField
	Forms      []Count         // of the ways in Prefer
	Words      map[string]bool // lower-case names of members that are read: times in them are no personal ones
	Asides     map[place]bool  // what is only shown
}

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

// Compile makes a model ready. All problems are reported, each a *FieldError; wrong is what is wrong with its format.
func Compile(def *Model, n Notation, wrong error) (*Mapping, []error) {
	m := &Mapping{Model: *def, notation: n, Words: make(map[string]bool)}
	c := &Compiler{M: m}
	if !written.IsID(m.ID) {
		c.Fail("id", fmt.Errorf("%q: want a-z, 0-9, _ and -, at most 64", m.ID))
	}
	if m.Title == "" {
		c.Fail("title", errors.New("missing"))
	}
	c.Fail("format", wrong)
	if n.Only != "" {
		if m.ID != n.Only {
			c.Fail("format", fmt.Errorf("only the model %s has format %s", n.Only, m.Format))
		}
		m.Prepared = n.Check(c)
	} else {
		c.mapping()
	}
	for i := range m.Samples {
		c.sample(fmt.Sprintf("samples[%d]", i), &m.Samples[i])
	}
	return m, c.errs
}

func (c *Compiler) mapping() {
	m := c.M
	m.Addresses = c.addresses("device", m.Device)
	c.prefer()
	c.each()
	if m.Match == nil {
		m.Match = m.notation.Topics
	}
	for i, text := range m.Match {
		p, err := pattern.Parse(text)
		c.Fail(fmt.Sprintf("match[%d]", i), err)
		if err == nil && p.Device < 0 && !m.NamesDevice() {
			c.Fail(fmt.Sprintf("match[%d]", i), errors.New("has no {device}, and the model names no device in the payload"))
		}
		m.Patterns = append(m.Patterns, p)
		if err == nil {
			m.topics.Add(&p, Known{pattern: p})
		}
		m.captures = m.captures || len(p.Named) > 0
	}
	for i, text := range m.Silent {
		p, err := pattern.Parse(text)
		c.Fail(fmt.Sprintf("silent[%d]", i), err)
		m.Quiets = append(m.Quiets, p)
		if err == nil {
			m.topics.Add(&p, Known{p, true})
		}
	}
	for i, name := range m.Inside {
		if name == "" {
			c.Fail(fmt.Sprintf("inside[%d]", i), errors.New("empty: want the name of a member"))
		}
	}
	c.keys()
	if m.notation.Check != nil {
		m.Prepared = m.notation.Check(c)
	}
	for i, u := range m.Untrusted {
		c.Path(fmt.Sprintf("untrusted[%d].path", i), u.Path, true)
		if u.Why == "" {
			c.Fail(fmt.Sprintf("untrusted[%d].why", i), errors.New("missing"))
		}
	}
	m.Filter = c.filter("when", &m.When)
	m.Noise = slices.ContainsFunc(m.When.Ignore, func(c Condition) bool { return c.Path == "$" && c.Like != "" })
	m.Timing = c.timing("time", m.Time)
	m.SequenceAt = c.Path("sequence", m.Sequence, false)
	m.BootAt = c.Path("boot", m.Boot, false)
	if m.BootAt.Text != "" && m.SequenceAt.Text == "" {
		c.Fail("boot", errors.New("means nothing without a sequence"))
	}
	switch m.Otherwise {
	case "", "reject", "ignore":
	default:
		c.Fail("otherwise", fmt.Errorf("%q: want reject or ignore", m.Otherwise))
	}
	if m.notation.Alone {
		c.self()
		return
	}
	if len(m.Readings) == 0 && (m.History == nil || len(m.History.Readings) == 0) && (m.Each == nil || len(m.Each.Readings) == 0) {
		c.Fail("readings", errors.New("missing: a model reads at least one quantity"))
	}
	if m.Each == nil || len(m.Each.Readings) > 0 {
		m.Reads = c.fields("readings", m.Readings)
	}
	if h := m.History; h != nil {
		m.PastAt = c.Path("history.path", h.Path, true)
		if h.Path == "" {
			c.Fail("history.path", errors.New("missing"))
		}
		m.PastTime = c.timing("history.time", &h.Time)
		m.PastReads = m.Reads
		if len(h.Readings) > 0 {
			m.PastReads = c.fields("history.readings", h.Readings)
		}
	}
	for i, way := range m.Prefer {
		if m.Forms[i] == "" {
			c.Fail(fmt.Sprintf("prefer[%d]", i), fmt.Errorf("no reading has the way %q", way))
		}
	}
}

// prefer checks the ways before the fields that have them.
func (c *Compiler) prefer() {
	m := c.M
	if len(m.Prefer) > 0 && m.Count != "" {
		c.Fail("prefer", errors.New("want count or prefer, not both"))
	}
	m.Forms = make([]Count, len(m.Prefer))
	for i, way := range m.Prefer {
		if !written.IsID(way) || slices.Index(m.Prefer, way) < i {
			c.Fail(fmt.Sprintf("prefer[%d]", i), fmt.Errorf("%q: want a-z, 0-9, _ and -, each way once", way))
		}
	}
}

// self: a format that finds readings by itself needs none of a mapping.
func (c *Compiler) self() {
	m := c.M
	if len(m.Readings) > 0 || m.Device != "" || m.Time != nil || m.Sequence != "" || m.Each != nil || m.History != nil || len(m.Inside) > 0 ||
		len(m.When.Process)+len(m.When.Ignore) > 0 {
		c.Fail("format", fmt.Errorf("%s finds devices and readings by itself: want no readings, device, time, sequence, each, history, inside or when", m.Format))
	}
	switch m.Count {
	case "", CountPeriod, CountTotal, CountPresent:
	default:
		c.Fail("count", fmt.Errorf("%q: want period, total or present", m.Count))
	}
}

// each compiles the list of elements.
func (c *Compiler) each() {
	m := c.M
	if m.Each == nil {
		return
	}
	if m.Each.Path == "" {
		c.Fail("each.path", errors.New("missing"))
	}
	m.EachAt = c.Path("each.path", m.Each.Path, true)
	m.EachDevice = c.addresses("each.device", m.Each.Device)
	m.EachWhen = c.filter("each.when", &m.Each.When)
	m.EachTime = c.timing("each.time", m.Each.Time)
	m.EachApart = m.Each.Apart
	at, defs := "readings", m.Readings
	if len(m.Each.Readings) > 0 {
		at, defs = "each.readings", m.Each.Readings
	}
	m.EachReads = c.fields(at, defs)
}

// keys checks what only models of some formats have.
func (c *Compiler) keys() {
	m := c.M
	if m.Format != "xml" && len(m.Lists) > 0 {
		c.Fail("lists", fmt.Errorf("belongs to format xml, not to %q", m.Format))
	}
	if m.Format != "frame" && m.Frame != nil {
		c.Fail("frame", fmt.Errorf("belongs to format frame, not to %q", m.Format))
	}
	if m.Format != "frame" && m.Format != "lorawan" && m.Codec != "" {
		c.Fail("codec", fmt.Errorf("belongs to the formats lorawan and frame, not to %q", m.Format))
	}
	if m.Format != "lorawan" && len(m.Ports) > 0 {
		c.Fail("ports", fmt.Errorf("belong to format lorawan, not to %q", m.Format))
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
