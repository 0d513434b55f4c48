package decode

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
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

// decoding reads the payload of one message from b and appends records to dst. It returns notReading for a message that is
// understood and carries no reading.
type decoding func(w *Worker, b *binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *fault)

// model is a Model made ready: everything parsed and checked.
type model struct {
	Model
	format   *Format
	decode   decoding
	codec    reader // nil: none
	framed   framed
	patterns []pattern
	// captures: some pattern names levels.
	captures bool
	silent   []pattern
	// topics finds which of patterns and silent a topic fits.
	topics tree
	// addresses lead to the device in the payload, each in its own way. None: topic or envelope name it.
	addresses []address
	// devices are those of all sites by lower-case address; nil where several sites have it.
	devices    map[string]*binding
	when       filter
	noise      bool // the model ignores text that is no JSON by how it begins
	time       *timing
	sequence   path
	boot       path
	fields     []field
	each       path // elements; no text: none
	eachDevice []address
	eachWhen   filter
	eachTime   *timing
	eachApart  bool
	eachRead   []field
	past       path // history items; no text: none
	pastTime   *timing
	pastRead   []field
	forms      []Count         // of the ways in Prefer
	words      map[string]bool // lower-case names of members whose words a rejection may keep
	aside      map[place]bool  // what is only shown
	// nobody is the binding of messages of the family that are no device's.
	nobody  binding
	ignored atomic.Uint64
}

func (m *model) native() bool { return m.Format == "native" }

func (m *model) pushed(topic string) bool { return strings.HasPrefix(topic, pushPrefix) }

// pushPatterns are the topics that the HTTP door makes for the model.
func (m *model) pushPatterns() []string {
	base := pushPrefix + m.ID
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
	if !validID(m.ID) {
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
	m.patterns = []pattern{mustPattern(nativePattern)}
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
	for i, text := range m.Match {
		p, err := parsePattern(text)
		c.fail(fmt.Sprintf("match[%d]", i), err)
		if err == nil && p.device < 0 && !m.namesDevice() {
			c.fail(fmt.Sprintf("match[%d]", i), errors.New("has no {device}, and the model names no device in the payload"))
		}
		m.patterns = append(m.patterns, p)
		if err == nil {
			m.topics.add(&route{pattern: p})
		}
		m.captures = m.captures || len(p.named) > 0
	}
	for i, text := range m.Silent {
		p, err := parsePattern(text)
		c.fail(fmt.Sprintf("silent[%d]", i), err)
		m.silent = append(m.silent, p)
		if err == nil {
			m.topics.add(&route{pattern: p, quiet: m})
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
	if m.boot.text != "" && m.sequence.text == "" {
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
		if !validID(way) || slices.Index(m.Prefer, way) < i {
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
			if !slices.ContainsFunc(m.patterns[i].named, func(n named) bool { return n.name == name }) {
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
	parts []path
	// behind is a sign up to whose last place a value is dropped; 0: none.
	behind byte
}

// addresses parses the ways to name a device.
func (c *compiler) addresses(at, text string) []address {
	if text == "" {
		return nil
	}
	var ready []address
	for _, way := range alternatives(text) {
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
func (c *compiler) joined(at, text string) []path {
	if text == "" {
		return nil
	}
	var ready []path
	for part := range strings.SplitSeq(text, "+") {
		if part == "" {
			c.fail(at, fmt.Errorf("%q: want a path on both sides of +", text))
			continue
		}
		ready = append(ready, c.path(at, part, false))
	}
	return ready
}

// filter compiles a When.
func (c *compiler) filter(at string, def *When) filter {
	return filter{c.conditions(at+".process", def.Process), c.conditions(at+".ignore", def.Ignore)}
}

// path parses an optional path. many allows it to lead to several values.
func (c *compiler) path(at, text string, many bool) path {
	if text == "" {
		return path{}
	}
	p, err := parsePath(text)
	c.fail(at, err)
	if p.many() && !many {
		c.fail(at, fmt.Errorf("%q leads to several values, want one", text))
	}
	return p
}

// fields compiles readings and applies Count: forms that are not counted are left out here, once.
func (c *compiler) fields(at string, defs []Field) []field {
	switch c.m.Count {
	case "", CountPeriod, CountTotal, CountPresent:
	default:
		c.fail("count", fmt.Errorf("%q: want period, total or present", c.m.Count))
	}
	forms := make(map[Count]bool)
	var ready []field
	for i := range defs {
		where := fmt.Sprintf("%s[%d]", at, i)
		for _, def := range c.named(where, &defs[i]) {
			f := c.field(where, &def)
			f.way = c.way(where+".way", &def, f.quantity)
			if form := countOf(f.quantity); form != "" && !def.Aside {
				forms[form] = true
			}
			f.counted = c.m.counts(f.quantity)
			if def.Aside {
				f.counted = false
				c.aside(where, &f)
			}
			ready = append(ready, f)
		}
	}
	switch {
	case len(c.m.Prefer) > 0:
	case len(forms) > 1 && c.m.Count == "":
		c.fail("count", fmt.Errorf("missing: %s has people by %s, which must not be added together; say which is counted (count), or which is better (prefer)",
			at, strings.Join(sortedText(forms), " and ")))
	case len(forms) > 0 && c.m.Count != "" && !forms[c.m.Count] && c.once():
		c.fail("count", fmt.Errorf("%q: %s has people only by %s", c.m.Count, at, strings.Join(sortedText(forms), " and ")))
	}
	return ready
}

// way finds the way of a field among those that the model prefers.
func (c *compiler) way(at string, def *Field, q telemetry.Quantity) int {
	form := countOf(q)
	flow := form == CountPeriod || form == CountTotal
	switch {
	case def.Way != "" && (len(c.m.Prefer) == 0 || !flow):
		c.fail(at, errors.New("belongs to people who pass, in a model with prefer"))
	case len(c.m.Prefer) > 0 && flow:
		name := def.Way
		if name == "" {
			name = string(form)
		}
		i := slices.Index(c.m.Prefer, name)
		switch {
		case i < 0:
			c.fail(at, fmt.Errorf("%q: want one of prefer: %s", name, strings.Join(c.m.Prefer, ", ")))
		case c.m.forms[i] != "" && c.m.forms[i] != form:
			c.fail(at, fmt.Errorf("%q: is %s elsewhere, want one form", name, c.m.forms[i]))
		default:
			c.m.forms[i] = form
		}
		return i
	}
	return anyWay
}

// once reports whether all readings of the model stand in one list: another list may have the form that is counted.
func (c *compiler) once() bool {
	return (c.m.Each == nil || len(c.m.Each.Readings) == 0) && (c.m.History == nil || len(c.m.History.Readings) == 0)
}

func sortedText(set map[Count]bool) []string {
	var all []string
	for _, c := range slices.Sorted(maps.Keys(set)) {
		all = append(all, string(c))
	}
	return all
}

// countOf is the form in which q counts people; empty if it does not.
func countOf(q telemetry.Quantity) Count {
	switch q {
	case telemetry.PeopleIn, telemetry.PeopleOut:
		return CountPeriod
	case telemetry.PeopleInTotal, telemetry.PeopleOutTotal:
		return CountTotal
	case telemetry.PeoplePresent:
		return CountPresent
	}
	return ""
}

func (c *compiler) field(at string, def *Field) field {
	f := field{quantity: def.Quantity, value: def.Value, channel: def.Channel}
	if def.Auto {
		return c.auto(at, def)
	}
	if def.Quantity == telemetry.NoQuantity {
		c.fail(at+".quantity", errors.New("missing"))
		return f
	}
	if def.NamePath != "" || len(def.ByUnit) > 0 {
		c.fail(at+".name_path", errors.New("name_path and by_unit mean nothing without auto"))
	}
	if c.m.Swap {
		f.quantity = swapped(f.quantity)
	}
	switch def.Path {
	case "":
		c.fail(at+".path", errors.New("missing"))
	default:
		f.path = c.path(at+".path", def.Path, true)
		c.word(f.path)
	}
	c.unit(at, def, &f)
	f.when = c.conditions(at+".when", def.When)
	f.invalid = c.literals(at+".invalid", def.Invalid)
	f.words = lowered(def.Words)
	f.kinds = def.Kinds
	f.suffix = def.Suffix
	f.min, f.max = def.Min, def.Max
	if f.min != nil && f.max != nil && !(*f.min <= *f.max) {
		c.fail(at+".min", fmt.Errorf("%v: want at most max, %v", *f.min, *f.max))
	}
	if len(def.Kinds) > 0 && def.Quantity != telemetry.Button {
		c.fail(at+".kinds", fmt.Errorf("belong to button, not to %s", def.Quantity))
	}
	for word, kind := range def.Kinds {
		if !plainName([]byte(kind)) {
			c.fail(at+".kinds", fmt.Errorf("%q: %q: want a short word for the kind of press", word, kind))
		}
	}
	if def.Value != nil {
		if _, flt := checked(def.Quantity, *def.Value); flt != nil {
			c.fail(at+".value", errors.New(flt.detail))
		}
	}
	if def.Channel != "" && def.ChannelPath != "" {
		c.fail(at+".channel", errors.New("want channel or channel_path, not both"))
	}
	if def.Channel != channelText([]byte(def.Channel)) {
		c.fail(at+".channel", fmt.Errorf("%q: want at most %d letters, digits, spaces or the signs _-.: alone", def.Channel, maxChannel))
	}
	f.channelPath = c.joined(at+".channel_path", def.ChannelPath)
	f.twice = c.twice(at+".twice", def)
	return f
}

// twice is what becomes of a second value: counted events add up without being told to.
func (c *compiler) twice(at string, def *Field) string {
	form := def.Quantity.Definition().Form
	switch {
	case def.Twice == twiceAdd && form != telemetry.Period && form != telemetry.Present:
		c.fail(at, fmt.Errorf("%s does not add up", def.Quantity))
	case def.Twice != "" && def.Twice != twiceAdd && def.Twice != twiceLast:
		c.fail(at, fmt.Errorf("%q: want add or last", def.Twice))
	case def.Twice == "" && def.Value != nil && form == telemetry.Period:
		return twiceAdd
	}
	return def.Twice
}

// auto compiles a field whose quantity its name tells.
func (c *compiler) auto(at string, def *Field) field {
	f := field{auto: true, counted: true, swap: c.m.Swap, channel: def.Channel, byUnit: def.ByUnit}
	if def.Quantity != telemetry.NoQuantity || def.Unit != "" || def.Scale != 0 || def.Offset != 0 || def.Value != nil || len(def.Words) > 0 || len(def.Kinds) > 0 || def.Min != nil || def.Max != nil || len(def.Suffix) > 0 {
		c.fail(at+".auto", errors.New("finds quantity and unit by itself: want no quantity, unit, scale, offset, suffix, value, words, kinds, min or max beside it"))
	}
	if def.Path == "" {
		c.fail(at+".path", errors.New("missing"))
	}
	f.path = c.path(at+".path", def.Path, true)
	f.namePath = c.path(at+".name_path", def.NamePath, false)
	f.unitPath = c.path(at+".unit_path", def.UnitPath, false)
	f.unitNames = make(map[string]string, len(def.Units))
	for word, unit := range def.Units {
		f.unitNames[strings.ToLower(word)] = unit
	}
	f.when = c.conditions(at+".when", def.When)
	f.invalid = c.literals(at+".invalid", def.Invalid)
	f.channelPath = c.joined(at+".channel_path", def.ChannelPath)
	return f
}

func (c *compiler) unit(at string, def *Field, f *field) {
	scale := def.Scale
	if scale == 0 {
		scale = 1
	}
	for name, v := range map[string]float64{"scale": scale, "offset": def.Offset} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			c.fail(at+"."+name, fmt.Errorf("%v: want a finite number", v))
		}
	}
	own := linear{scale, def.Offset}
	conv, err := conversion(def.Unit, def.Quantity)
	c.fail(at+".unit", err)
	f.unit = own.then(conv)
	f.unitPath = c.path(at+".unit_path", def.UnitPath, false)
	c.word(f.unitPath)
	if (def.UnitPath == "") != (len(def.Units) == 0) {
		c.fail(at+".unit_path", errors.New("unit_path and units belong together"))
	}
	f.units = make(map[string]linear, len(def.Units))
	for word, unit := range def.Units {
		conv, err := conversion(unit, def.Quantity)
		c.fail(at+".units", err)
		f.units[strings.ToLower(word)] = own.then(conv)
	}
}

// word lets rejections show the words at p: they are the format's, not a person's.
func (c *compiler) word(p path) {
	for _, v := range slices.Backward(p.steps) {
		if v.kind == stepName {
			c.m.words[strings.ToLower(v.name)] = true
			return
		}
	}
}

func (c *compiler) timing(at string, def *Time) *timing {
	if def == nil {
		return nil
	}
	if def.Path == "" {
		c.fail(at+".path", errors.New("missing"))
	}
	t := &timing{formats: def.Formats}
	for way := range strings.SplitSeq(def.Path, "|") {
		t.paths = append(t.paths, c.path(at+".path", way, true))
	}
	if len(t.formats) == 0 {
		t.formats = []string{"auto"}
	}
	for i, f := range t.formats {
		switch f {
		case "auto", "rfc3339", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns":
			continue
		case secondsAgo:
			if at != "history.time" {
				c.fail(fmt.Sprintf("%s.formats[%d]", at, i), fmt.Errorf("%q: only the time of history counts back from the message", f))
			}
			continue
		}
		if !strings.Contains(f, "06") || !strings.Contains(f, "04") {
			c.fail(fmt.Sprintf("%s.formats[%d]", at, i), fmt.Errorf("%q: want auto, rfc3339, epoch_s, epoch_ms, epoch_us, epoch_ns, seconds_ago or a layout such as 02/01/2006 15:04:05", f))
		}
	}
	if def.Zone != "" {
		zone, err := time.LoadLocation(def.Zone)
		if err != nil || def.Zone == "Local" {
			c.fail(at+".zone", fmt.Errorf("%q: want an IANA name such as Asia/Jakarta", def.Zone))
		}
		t.zone = zone
	}
	for i := range t.paths {
		c.word(t.paths[i])
	}
	t.zonePath = c.path(at+".zone_path", def.ZonePath, true)
	t.wallClock = def.WallClock
	return t
}

func (c *compiler) conditions(at string, defs []Condition) []condition {
	var ready []condition
	for i := range defs {
		def, where := &defs[i], fmt.Sprintf("%s[%d]", at, i)
		cond := condition{exists: def.Exists, not: def.Not}
		switch def.Path {
		case "":
			c.fail(where+".path", errors.New("missing"))
		case "@":
			cond.self = true
		default:
			cond.path = c.path(where+".path", def.Path, true)
		}
		set := 0
		if def.Equals != nil {
			set++
			cond.in = c.literals(where+".equals", []any{def.Equals})
		}
		if def.In != nil {
			set++
			cond.in = c.literals(where+".in", def.In)
		}
		if def.NotIn != nil {
			set++
			cond.notIn = c.literals(where+".not_in", def.NotIn)
		}
		if def.Like != "" {
			set++
			cond.like = strings.ToLower(def.Like)
		}
		if def.Exists != nil {
			set++
		}
		if set != 1 {
			c.fail(where, errors.New("want exactly one of equals, in, not_in, like and exists"))
		}
		c.word(cond.path)
		ready = append(ready, cond)
	}
	return ready
}

// literals takes texts, numbers and booleans as YAML gives them.
func (c *compiler) literals(at string, values []any) []literal {
	var ready []literal
	for i, v := range values {
		var l literal
		switch v := v.(type) {
		case string:
			l.text = v
			// YAML leaves 0xFFFF to its reader.
			if hex, err := strconv.ParseUint(v, 0, 64); err == nil && strings.HasPrefix(v, "0x") {
				l.number, l.numeric = float64(hex), true
			}
		case bool:
			l.text = strconv.FormatBool(v)
		case int, int64, uint64:
			l.text = fmt.Sprint(v)
			l.number, l.numeric = toFloat(v), true
		case float64:
			l.text = strconv.FormatFloat(v, 'g', -1, 64)
			l.number, l.numeric = v, true
		default:
			c.fail(fmt.Sprintf("%s[%d]", at, i), fmt.Errorf("%v: want a text, number or boolean", v))
		}
		ready = append(ready, l)
	}
	return ready
}

func toFloat(v any) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	}
	return 0
}

func (c *compiler) sample(at string, s *Sample) {
	if s.Name == "" {
		c.fail(at+".name", errors.New("missing"))
	}
	outcomes := 0
	for _, set := range []bool{len(s.Expect) > 0, s.Ignored, s.Rejected != ""} {
		if set {
			outcomes++
		}
	}
	if outcomes != 1 {
		c.fail(at, errors.New("want exactly one of expect, ignored and rejected"))
	}
	if s.Rejected != "" && !slices.Contains(telemetry.Reasons(), s.Rejected) {
		c.fail(at+".rejected", fmt.Errorf("unknown reason %q", s.Rejected))
	}
	for _, text := range append([]string{s.Received}, expectedTimes(s.Expect)...) {
		if _, err := time.Parse(time.RFC3339, text); text != "" && err != nil {
			c.fail(at, fmt.Errorf("%q: want RFC 3339", text))
		}
	}
}

func expectedTimes(expected []Expected) []string {
	var all []string
	for _, e := range expected {
		all = append(all, e.At)
	}
	return all
}

func lowered(words map[string]float64) map[string]float64 {
	if len(words) == 0 {
		return nil
	}
	low := make(map[string]float64, len(words))
	for w, v := range words {
		low[strings.ToLower(w)] = v
	}
	return low
}

// swapped exchanges in and out.
func swapped(q telemetry.Quantity) telemetry.Quantity {
	switch q {
	case telemetry.PeopleIn:
		return telemetry.PeopleOut
	case telemetry.PeopleOut:
		return telemetry.PeopleIn
	case telemetry.PeopleInTotal:
		return telemetry.PeopleOutTotal
	case telemetry.PeopleOutTotal:
		return telemetry.PeopleInTotal
	}
	return q
}
