package decode

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

// notation is what the format of a model says about all of its models.
type notation struct {
	// topics are the patterns of a model that names none.
	topics []string
	// addressed: the envelope names the device. alone: the format finds readings by itself, without a mapping.
	addressed, alone bool
	// only is the id of the one model that the format has; empty: it has any number. Its check is then all there is.
	only string
	// check checks what only models of the format have, and makes it ready; nil: nothing.
	check func(c *compiler) any
}

// mapping is a Model made ready: everything parsed and checked.
type mapping struct {
	Model
	notation notation
	// prepared is what the format's check has made.
	prepared any
	patterns []pattern.Pattern
	// captures: some pattern names levels.
	captures bool
	silent   []pattern.Pattern
	// topics finds which of patterns and silent a topic fits.
	topics pattern.Tree[known]
	// addresses lead to the device in the payload, each in its own way. None: topic or envelope name it.
	addresses  []address
	when       document.Filter
	noise      bool // the model ignores text that is no JSON by how it begins
	time       *timing
	sequence   document.Path
	boot       document.Path
	fields     []field
	each       document.Path // elements; no text: none
	eachDevice []address
	eachWhen   document.Filter
	eachTime   *timing
	eachApart  bool
	eachRead   []field
	past       document.Path // history items; no text: none
	pastTime   *timing
	pastRead   []field
	forms      []Count         // of the ways in Prefer
	words      map[string]bool // lower-case names of members that are read: times in them are no personal ones
	aside      map[place]bool  // what is only shown
}

// known is a pattern of a model, and whether nobody measures on its topics.
type known struct {
	pattern pattern.Pattern
	silent  bool
}

// pushed reports whether a topic is one that the HTTP door makes.
func pushed(topic string) bool { return strings.HasPrefix(topic, pattern.Push) }

// pushPatterns are the topics that the HTTP door makes for the model.
func (m *mapping) pushPatterns() []string {
	base := pattern.Push + m.ID
	patterns := []string{base + "/{device}", base + "/{site}/{device}"}
	if m.namesDevice() {
		patterns = append(patterns, base)
	}
	return patterns
}

// namesDevice reports whether messages of the model name their device in the payload.
func (m *mapping) namesDevice() bool {
	return len(m.addresses) > 0 || len(m.eachDevice) > 0 || m.notation.addressed
}

// compiler collects the problems of one model.
type compiler struct {
	m    *mapping
	errs []error
}

func (c *compiler) fail(field string, err error) {
	if err != nil {
		c.errs = append(c.errs, &FieldError{c.m.ID, field, err})
	}
}

// compile makes a model ready. All problems are reported, each a *FieldError; wrong is what is wrong with its format.
func compile(def *Model, n notation, wrong error) (*mapping, []error) {
	m := &mapping{Model: *def, notation: n, words: make(map[string]bool)}
	c := &compiler{m: m}
	if !written.IsID(m.ID) {
		c.fail("id", fmt.Errorf("%q: want a-z, 0-9, _ and -, at most 64", m.ID))
	}
	if m.Title == "" {
		c.fail("title", errors.New("missing"))
	}
	c.fail("format", wrong)
	if n.only != "" {
		if m.ID != n.only {
			c.fail("format", fmt.Errorf("only the model %s has format %s", n.only, m.Format))
		}
		m.prepared = n.check(c)
	} else {
		c.mapping()
	}
	for i := range m.Samples {
		c.sample(fmt.Sprintf("samples[%d]", i), &m.Samples[i])
	}
	return m, c.errs
}

func (c *compiler) mapping() {
	m := c.m
	m.addresses = c.addresses("device", m.Device)
	c.prefer()
	c.each()
	if m.Match == nil {
		m.Match = m.notation.topics
	}
	for i, text := range m.Match {
		p, err := pattern.Parse(text)
		c.fail(fmt.Sprintf("match[%d]", i), err)
		if err == nil && p.Device < 0 && !m.namesDevice() {
			c.fail(fmt.Sprintf("match[%d]", i), errors.New("has no {device}, and the model names no device in the payload"))
		}
		m.patterns = append(m.patterns, p)
		if err == nil {
			m.topics.Add(&p, known{pattern: p})
		}
		m.captures = m.captures || len(p.Named) > 0
	}
	for i, text := range m.Silent {
		p, err := pattern.Parse(text)
		c.fail(fmt.Sprintf("silent[%d]", i), err)
		m.silent = append(m.silent, p)
		if err == nil {
			m.topics.Add(&p, known{p, true})
		}
	}
	for i, name := range m.Inside {
		if name == "" {
			c.fail(fmt.Sprintf("inside[%d]", i), errors.New("empty: want the name of a member"))
		}
	}
	c.keys()
	if m.notation.check != nil {
		m.prepared = m.notation.check(c)
	}
	for i, u := range m.Untrusted {
		c.path(fmt.Sprintf("untrusted[%d].path", i), u.Path, true)
		if u.Why == "" {
			c.fail(fmt.Sprintf("untrusted[%d].why", i), errors.New("missing"))
		}
	}
	m.when = c.filter("when", &m.When)
	m.noise = slices.ContainsFunc(m.When.Ignore, func(c Condition) bool { return c.Path == "$" && c.Like != "" })
	m.time = c.timing("time", m.Time)
	m.sequence = c.path("sequence", m.Sequence, false)
	m.boot = c.path("boot", m.Boot, false)
	if m.boot.Text != "" && m.sequence.Text == "" {
		c.fail("boot", errors.New("means nothing without a sequence"))
	}
	switch m.Otherwise {
	case "", "reject", "ignore":
	default:
		c.fail("otherwise", fmt.Errorf("%q: want reject or ignore", m.Otherwise))
	}
	if m.notation.alone {
		c.self()
		return
	}
	if len(m.Readings) == 0 && (m.History == nil || len(m.History.Readings) == 0) && (m.Each == nil || len(m.Each.Readings) == 0) {
		c.fail("readings", errors.New("missing: a model reads at least one quantity"))
	}
	if m.Each == nil || len(m.Each.Readings) > 0 {
		m.fields = c.fields("readings", m.Readings)
	}
	if h := m.History; h != nil {
		m.past = c.path("history.path", h.Path, true)
		if h.Path == "" {
			c.fail("history.path", errors.New("missing"))
		}
		m.pastTime = c.timing("history.time", &h.Time)
		m.pastRead = m.fields
		if len(h.Readings) > 0 {
			m.pastRead = c.fields("history.readings", h.Readings)
		}
	}
	for i, way := range m.Prefer {
		if m.forms[i] == "" {
			c.fail(fmt.Sprintf("prefer[%d]", i), fmt.Errorf("no reading has the way %q", way))
		}
	}
}

// prefer checks the ways before the fields that have them.
func (c *compiler) prefer() {
	m := c.m
	if len(m.Prefer) > 0 && m.Count != "" {
		c.fail("prefer", errors.New("want count or prefer, not both"))
	}
	m.forms = make([]Count, len(m.Prefer))
	for i, way := range m.Prefer {
		if !written.IsID(way) || slices.Index(m.Prefer, way) < i {
			c.fail(fmt.Sprintf("prefer[%d]", i), fmt.Errorf("%q: want a-z, 0-9, _ and -, each way once", way))
		}
	}
}

// self: a format that finds readings by itself needs none of a mapping.
func (c *compiler) self() {
	m := c.m
	if len(m.Readings) > 0 || m.Device != "" || m.Time != nil || m.Sequence != "" || m.Each != nil || m.History != nil || len(m.Inside) > 0 ||
		len(m.When.Process)+len(m.When.Ignore) > 0 {
		c.fail("format", fmt.Errorf("%s finds devices and readings by itself: want no readings, device, time, sequence, each, history, inside or when", m.Format))
	}
	switch m.Count {
	case "", CountPeriod, CountTotal, CountPresent:
	default:
		c.fail("count", fmt.Errorf("%q: want period, total or present", m.Count))
	}
}

// each compiles the list of elements.
func (c *compiler) each() {
	m := c.m
	if m.Each == nil {
		return
	}
	if m.Each.Path == "" {
		c.fail("each.path", errors.New("missing"))
	}
	m.each = c.path("each.path", m.Each.Path, true)
	m.eachDevice = c.addresses("each.device", m.Each.Device)
	m.eachWhen = c.filter("each.when", &m.Each.When)
	m.eachTime = c.timing("each.time", m.Each.Time)
	m.eachApart = m.Each.Apart
	at, defs := "readings", m.Readings
	if len(m.Each.Readings) > 0 {
		at, defs = "each.readings", m.Each.Readings
	}
	m.eachRead = c.fields(at, defs)
}

// keys checks what only models of some formats have.
func (c *compiler) keys() {
	m := c.m
	if m.Format != "xml" && len(m.Lists) > 0 {
		c.fail("lists", fmt.Errorf("belongs to format xml, not to %q", m.Format))
	}
	if m.Format != "frame" && m.Frame != nil {
		c.fail("frame", fmt.Errorf("belongs to format frame, not to %q", m.Format))
	}
	if m.Format != "frame" && m.Format != "lorawan" && m.Codec != "" {
		c.fail("codec", fmt.Errorf("belongs to the formats lorawan and frame, not to %q", m.Format))
	}
	if m.Format != "lorawan" && len(m.Ports) > 0 {
		c.fail("ports", fmt.Errorf("belong to format lorawan, not to %q", m.Format))
	}
}

// address is a way to name a device: the values of some paths, joined by /.
type address struct {
	parts []document.Path
	// behind is a sign up to whose last place a value is dropped; 0: none.
	behind byte
}

// addresses parses the ways to name a device.
func (c *compiler) addresses(at, text string) []address {
	if text == "" {
		return nil
	}
	var ready []address
	for _, way := range document.Alternatives(text) {
		var a address
		if last := len(way) - 1; last > 0 && (way[last] == '/' || way[last] == ':') {
			a.behind, way = way[last], way[:last]
		}
		a.parts = c.joined(at, way)
		ready = append(ready, a)
	}
	return ready
}

// joined parses paths with + between them.
func (c *compiler) joined(at, text string) []document.Path {
	if text == "" {
		return nil
	}
	var ready []document.Path
	for part := range strings.SplitSeq(text, "+") {
		if part == "" {
			c.fail(at, fmt.Errorf("%q: want a path on both sides of +", text))
			continue
		}
		ready = append(ready, c.path(at, part, false))
	}
	return ready
}

// path parses an optional path. many allows it to lead to several values.
func (c *compiler) path(at, text string, many bool) document.Path {
	if text == "" {
		return document.Path{}
	}
	p, err := document.ParsePath(text)
	c.fail(at, err)
	if p.Many() && !many {
		c.fail(at, fmt.Errorf("%q leads to several values, want one", text))
	}
	return p
}
