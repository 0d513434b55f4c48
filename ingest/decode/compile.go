package decode

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
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

// Validate reports all problems of the model at once, each a *FieldError (errors.Join).
func (m *Model) Validate() error {
	_, err := compile(m)
	return err
}

// decoding reads the payload of one message from b and appends records to dst. It returns NotReading for a message that is
// understood and carries no reading.
type decoding func(w *Worker, b *binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault)

// model is a Model made ready: everything parsed and checked.
type model struct {
	Model
	format   *Format
	decode   decoding
	codec    reader // nil: none
	framed   framed
	patterns []pattern.Pattern
	// captures: some pattern names levels.
	captures bool
	silent   []pattern.Pattern
	// topics finds which of patterns and silent a topic fits.
	topics pattern.Tree[known]
	// addresses lead to the device in the payload, each in its own way. None: topic or envelope name it.
	addresses []address
	// devices are those of all sites by lower-case address; nil where several sites have it.
	devices    map[string]*binding
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
	// nobody is the binding of messages of the family that are no device's.
	nobody  binding
	ignored atomic.Uint64
}

// known is a pattern of a model, and whether nobody measures on its topics.
type known struct {
	pattern pattern.Pattern
	silent  bool
}

func (m *model) native() bool { return m.Format == "native" }

func (m *model) pushed(topic string) bool { return strings.HasPrefix(topic, pattern.Push) }

// pushPatterns are the topics that the HTTP door makes for the model.
func (m *model) pushPatterns() []string {
	base := pattern.Push + m.ID
	patterns := []string{base + "/{device}", base + "/{site}/{device}"}
	if m.namesDevice() {
		patterns = append(patterns, base)
	}
	return patterns
}

// namesDevice reports whether messages of the model name their device in the payload.
func (m *model) namesDevice() bool {
	return len(m.addresses) > 0 || len(m.eachDevice) > 0 || m.format != nil && m.format.addresses != nil
}

// compileModels adds the native model to models and makes all of them ready.
func compileModels(models []Model) (map[string]*model, error) {
	ready := make(map[string]*model, len(models)+1)
	var errs []error
	for i := range models {
		m, err := compile(&models[i])
		errs = append(errs, err)
		if ready[m.ID] != nil {
			errs = append(errs, &FieldError{m.ID, "id", errors.New("another model has it")})
		}
		ready[m.ID] = m
	}
	if ready[NativeModel] == nil {
		m, err := compile(&Model{ID: NativeModel, Title: "Native format", Format: "native"})
		errs = append(errs, err)
		ready[NativeModel] = m
	}
	return ready, errors.Join(errs...)
}

// compiler collects the problems of one model.
type compiler struct {
	m    *model
	errs []error
}

func (c *compiler) fail(field string, err error) {
	if err != nil {
		c.errs = append(c.errs, &FieldError{c.m.ID, field, err})
	}
}

func compile(def *Model) (*model, error) {
	m := &model{Model: *def, words: make(map[string]bool), devices: make(map[string]*binding)}
	m.nobody.model = m
	c := &compiler{m: m}
	if !written.IsID(m.ID) {
		c.fail("id", fmt.Errorf("%q: want a-z, 0-9, _ and -, at most 64", m.ID))
	}
	if m.Title == "" {
		c.fail("title", errors.New("missing"))
	}
	var err error
	m.format, err = formatOf(m.Format)
	c.fail("format", err)
	m.decode = decodeMapped
	if m.format != nil && m.format.decode != nil {
		m.decode = m.format.decode
	}
	if m.native() {
		c.native()
	} else {
		if m.ID == NativeModel {
			c.fail("format", errors.New("the native model has format native"))
		}
		c.mapping()
	}
	for i := range m.Samples {
		c.sample(fmt.Sprintf("samples[%d]", i), &m.Samples[i])
	}
	return m, errors.Join(c.errs...)
}

// native: the built-in format reads its quantities by name; Readings of its model only document it.
func (c *compiler) native() {
	m := c.m
	if m.ID != NativeModel {
		c.fail("format", fmt.Errorf("only the model %s has format native", NativeModel))
	}
	if len(m.Match) > 0 && !slices.Equal(m.Match, []string{nativePattern}) {
		c.fail("match", fmt.Errorf("the native format has topic %s", nativePattern))
	}
	m.Match = []string{nativePattern}
	m.patterns = []pattern.Pattern{pattern.Must(nativePattern)}
	if m.Device != "" || m.Time != nil || m.History != nil || m.Swap || m.Count != "" || len(m.Prefer) > 0 {
		c.fail("format", errors.New("the native format has no device, time, history, swap or count of its own"))
	}
	for i, f := range m.Readings {
		if f.Path != f.Quantity.String() || f.Unit != "" && f.Unit != f.Quantity.Unit() {
			c.fail(fmt.Sprintf("readings[%d]", i), fmt.Errorf("the native format has %s in %s", f.Quantity, f.Quantity.Unit()))
		}
	}
}

func (c *compiler) mapping() {
	m := c.m
	m.addresses = c.addresses("device", m.Device)
	c.prefer()
	c.each()
	m.Match = m.Topics()
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
	c.lorawan()
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
	if m.decodes() {
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

// decodes reports whether the format reads messages without a mapping.
func (m *model) decodes() bool { return m.format != nil && m.format.decode != nil }

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
	for i := range m.patterns {
		for _, name := range [...]string{"component", "object"} {
			if !slices.ContainsFunc(m.patterns[i].Named, func(n pattern.Named) bool { return n.Name == name }) {
				c.fail(fmt.Sprintf("match[%d]", i), fmt.Errorf("has no {%s}: want {component}/{object}/config behind a prefix, or {component}/{node}/{object}/config", name))
			}
		}
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

// lorawan checks what only uplinks have.
func (c *compiler) lorawan() {
	m := c.m
	if m.Format != "xml" && len(m.Lists) > 0 {
		c.fail("lists", fmt.Errorf("belongs to format xml, not to %q", m.Format))
	}
	if m.Format != "frame" && m.Frame != nil {
		c.fail("frame", fmt.Errorf("belongs to format frame, not to %q", m.Format))
	}
	switch {
	case m.Format == "frame":
		c.frame()
	case m.Format != "lorawan" && m.Codec != "":
		c.fail("codec", fmt.Errorf("belongs to the formats lorawan and frame, not to %q", m.Format))
	}
	if m.Format != "lorawan" {
		if len(m.Ports) > 0 {
			c.fail("ports", fmt.Errorf("belong to format lorawan, not to %q", m.Format))
		}
		return
	}
	if m.Codec == "" {
		return
	}
	m.codec = c.reader()
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
