package decode

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// maxReadings bounds the readings of one message, history included.
const maxReadings = 1024

// condition, timing, field and literal are Condition, Time, Field and a YAML scalar made ready.
type condition struct {
	path   path
	self   bool // about the name of the chosen member
	in     []literal
	notIn  []literal
	like   string // lower case; empty: not asked
	exists *bool
	not    bool
}

type timing struct {
	paths     []path // in turn
	formats   []string
	zone      *time.Location // nil: the site's
	zonePath  path
	wallClock bool
}

type field struct {
	path     path
	quantity telemetry.Quantity
	// auto: the quantity is found by name, at namePath or the member's own.
	auto     bool
	namePath path
	// counted is false for a form of counting people that the model does not count.
	counted bool
	// way is the place of Way in the model's Prefer; -1: it counts nobody who passes.
	way         int
	swap        bool              // for auto
	unitNames   map[string]string // for auto: UCUM by lower-case word
	byUnit      map[string]telemetry.Quantity
	unit        linear
	unitPath    path
	units       map[string]linear // by lower-case word
	words       map[string]float64
	kinds       map[string]string
	suffix      []string
	value       *float64
	min, max    *float64
	when        []condition
	invalid     []literal
	twice       string
	channel     string
	channelPath []path
}

type literal struct {
	text    string
	number  float64
	numeric bool
}

// decodeMapped reads the message's object as the model's mapping says: a record for the message, and one for each element
// of a list or history that has a time or device of its own.
func decodeMapped(w *Worker, b *binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *fault) {
	m := b.model
	w.facts, w.fit = facts{}, m.fitting(msg, b.address)
	if f := m.format.open(w, m, msg); f != nil {
		return dst, f
	}
	if f := w.unwrap(m); f != nil {
		return dst, f
	}
	doc := w.tree
	w.capture(msg.Topic)
	if w.trace != nil {
		w.explain("object", string(redactTo(doc.nodes[0].raw, m.words, maxExplained)))
	}
	if w.facts.direct == nil && !m.wanted(w, doc) {
		return dst, notReading
	}
	start := len(dst)
	dst, rec := w.observation(b, msg, dst)
	if f := numbered(w, doc, m, &rec.Observation); f != nil {
		return dst, f
	}
	e := extraction{w: w, doc: doc, model: m, msg: msg}
	e.choose(b)
	// The elements of a list come before the message's own record, which waits aside.
	if m.past.text != "" || m.each.text != "" {
		base := *rec
		var f *fault
		if dst, f = e.history(b, &base, dst[:start]); f != nil {
			return dst, f
		}
		if dst, f = e.elements(b, &base, dst); f != nil {
			return dst, f
		}
		dst = append(dst, base)
		rec = &dst[len(dst)-1]
	}
	w.readings = append(w.readings[:0], w.facts.direct...)
	if w.facts.direct == nil {
		for i := range m.fields {
			if f := e.read(&m.fields[i], found{}); f != nil {
				return dst, f
			}
		}
	}
	if len(w.readings) == 0 {
		switch {
		case e.stored > 0:
			return dst[:len(dst)-1], nil
		case e.strangers > 0:
			return dst, faultf(telemetry.ReasonUnknownDevice, "none of the %d devices in the message is configured (model %s)", e.strangers, m.ID)
		case e.broken != nil:
			return dst, e.broken
		case e.unfitted || m.Otherwise == "ignore":
			return dst, notReading
		}
		return dst, faultf(telemetry.ReasonField, "nothing at any of the model's paths; the message has %s", namesIn(doc))
	}
	rec.Observation.Readings = w.arena.keep(w.readings)
	believed := w.d.clock.judge(rec, e.time(m.time, found{}, b.zone))
	rec.Identity = w.identify(b, rec, believed, msg.Payload, 0)
	return dst, nil
}

// filter is When made ready.
type filter struct{ process, ignore []condition }

// wanted applies the model's When.
func (m *model) wanted(w *Worker, doc *document) bool { return w.passes(&m.when, doc, found{}) }

// passes reports whether a message, or the element at v, is wanted, and explains why not.
func (w *Worker) passes(f *filter, doc *document, v found) bool {
	process, ignore := f.refusing(doc, v)
	switch {
	case w.trace == nil:
	case process >= 0:
		w.explainf("filter", "not a reading: when.process[%d] does not hold (%s)", process, f.process[process].path.text)
	case ignore >= 0:
		w.explainf("filter", "not a reading: when.ignore[%d] holds (%s)", ignore, f.ignore[ignore].path.text)
	}
	return process < 0 && ignore < 0
}

// refusing is which condition keeps a message, or the element at v, out; -1 and -1: none.
func (f *filter) refusing(doc *document, v found) (process, ignore int) {
	for i := range f.process {
		if !f.process[i].holds(doc, v) {
			return i, -1
		}
	}
	for i := range f.ignore {
		if f.ignore[i].holds(doc, v) {
			return -1, i
		}
	}
	return -1, -1
}

// fitting is the pattern that tells what the levels of msg's topic are; nil: none does. Where several fit it is one that
// names the device by address, and then one that suits the payload: a pattern with {field} carries a bare value.
func (m *model) fitting(msg *ingest.Message, address string) *pattern {
	if !m.captures {
		return nil
	}
	var best *pattern
	rank := 0
	for i := range m.patterns {
		p := &m.patterns[i]
		if !p.matches(msg.Topic) {
			continue
		}
		r := 1
		if p.device < 0 || address == "" || strings.EqualFold(p.value(msg.Topic, p.device), address) {
			r += 2
		}
		if (p.field() >= 0) == bare(msg.Payload) {
			r++
		}
		if r > rank {
			best, rank = p, r
		}
	}
	return best
}

// bare reports whether a payload is one value, not an object or list.
func bare(payload []byte) bool {
	payload = bytes.TrimLeft(payload, " \t\r\n")
	return len(payload) == 0 || payload[0] != '{' && payload[0] != '['
}

// capture puts the named levels of the topic into the tree.
func (w *Worker) capture(topic string) {
	if w.fit == nil {
		return
	}
	for _, n := range w.fit.named {
		w.tree.capture(n.name, w.fit.value(topic, n.level))
	}
	if w.fit.device >= 0 {
		w.tree.capture("device", w.fit.value(topic, w.fit.device))
	}
}

// unwrap makes the tree of the member in which the message proper is wrapped, where there is one.
func (w *Worker) unwrap(m *model) *fault {
	if len(m.Inside) == 0 || w.tree.nodes[0].kind != '{' {
		return nil
	}
	for i := range w.tree.children(0) {
		n := &w.tree.nodes[i]
		if n.kind == '{' && slices.ContainsFunc(m.Inside, func(name string) bool { return strings.EqualFold(name, string(n.name)) }) {
			return w.openText(n.raw)
		}
	}
	return nil
}

// numbered fills in the device's own number of the message. A number that cannot be one is as none.
func numbered(w *Worker, doc *document, m *model, o *telemetry.Observation) *fault {
	if w.facts.numbered {
		o.Sequence, o.HasSequence, o.Boot = w.facts.sequence, true, w.facts.boot
	}
	if m.sequence.text == "" {
		return nil
	}
	at, ok := m.sequence.first(doc, 0)
	if !ok || doc.nodes[at].kind == 'n' {
		return nil
	}
	n := &doc.nodes[at]
	v, ok := sequence(n.raw)
	if n.kind != '0' && n.kind != '"' || !ok {
		return faultf(telemetry.ReasonField, "%s: %s, want a whole number from 0 to 2^64-1", m.sequence.text, kindName(n.kind))
	}
	o.Sequence, o.HasSequence = v, true
	if m.boot.text == "" {
		return nil
	}
	if at, ok := m.boot.first(doc, 0); ok {
		if n := &doc.nodes[at]; n.kind == '0' || n.kind == '"' && printable(n.raw) {
			o.Boot = string(n.raw[:min(len(n.raw), maxBoot)])
		}
	}
	return nil
}

// extraction is the reading of one mapped message.
type extraction struct {
	w         *Worker
	doc       *document
	model     *model
	msg       *ingest.Message
	stored    int  // records of elements so far
	total     int  // readings so far
	strangers int  // elements whose device is not configured
	unfitted  bool // a value was there and means "none"
	// broken is the first fault of a field that was passed over.
	broken *fault
	ways   ways
}

// history appends a record for every item of the past.
func (e *extraction) history(b *binding, base *telemetry.Record, dst []telemetry.Record) ([]telemetry.Record, *fault) {
	m := e.model
	if m.past.text == "" {
		return dst, nil
	}
	var f *fault
	m.past.each(e.doc, found{}, func(item found) bool {
		e.w.readings = e.w.readings[:0]
		for i := range m.pastRead {
			if f = e.read(&m.pastRead[i], item.inside()); f != nil {
				f = f.in(m.past.text)
				return false
			}
		}
		if len(e.w.readings) == 0 {
			return true
		}
		rec := *base
		o := &rec.Observation
		o.Flags |= telemetry.FlagHistory
		o.Boot, o.Sequence, o.HasSequence = "", 0, false // they number the message, not what it repeats
		o.Readings = e.w.arena.keep(e.w.readings)
		believed := e.w.d.clock.judge(&rec, e.before(m.pastTime.read(e.doc, item, b.zone), b.zone))
		rec.Identity = e.w.identify(b, &rec, believed, e.doc.nodes[item.at].raw, 0)
		dst = append(dst, rec)
		e.stored++
		return true
	})
	return dst, f
}

// read appends the readings of one field to the worker's, looking from the root or an element.
func (e *extraction) read(fd *field, from found) *fault {
	if !fd.counted && !e.w.all || !e.reads(fd) {
		return nil
	}
	var f *fault
	fd.path.each(e.doc, from, func(v found) bool {
		f = e.value(fd, from, v)
		if f != nil && e.model.Partial && f.reason != telemetry.ReasonTooLarge {
			e.note(fd, v, "passed over: "+f.detail)
			if e.broken == nil {
				e.broken = f.in(fd.path.text)
			}
			f = nil
		}
		return f == nil
	})
	if f != nil {
		return f.in(fd.path.text)
	}
	return nil
}

// before makes a time of one that counts back from the message: from its own time, or else from its receipt.
func (e *extraction) before(t deviceTime, zone *time.Location) deviceTime {
	if !t.counted {
		return t
	}
	end := e.msg.Received
	if own := e.time(e.model.time, found{}, zone); own.at != 0 {
		end = own.at
	}
	t.at = end.Add(-t.ago)
	return t
}

// time is the time at t, or else the envelope's.
func (e *extraction) time(t *timing, from found, zone *time.Location) deviceTime {
	if given := t.read(e.doc, from, zone); given.given {
		return given
	}
	return e.w.facts.time
}

// value makes the reading of the value v, which fd leads to from the root or an element.
func (e *extraction) value(fd *field, from, v found) *fault {
	for i := range fd.when {
		if !fd.when[i].holds(e.doc, v) {
			return nil
		}
	}
	n := &e.doc.nodes[v.at]
	if n.kind == 'n' || isAny(fd.invalid, n) {
		e.unfitted = true
		e.note(fd, v, "no value: not fitted, or not measured")
		return nil
	}
	if fd.auto {
		return e.guess(fd, v)
	}
	r := telemetry.Reading{Quantity: fd.quantity, Channel: fd.channel}
	var f *fault
	switch {
	case fd.quantity == telemetry.Button && fd.value != nil:
		r.Value, r.Text = 1, "press"
	case fd.quantity == telemetry.Button:
		r.Value = 1
		r.Text, f = fd.press(n)
	case fd.value != nil:
		r.Value = *fd.value
	default:
		r.Value, f = e.number(fd, from, n)
	}
	switch {
	case f != nil && (!fd.counted || e.lesser(fd)):
		return nil // shown only where it can be
	case f != nil:
		return f
	case fd.min != nil && r.Value < *fd.min || fd.max != nil && r.Value > *fd.max:
		e.unfitted = true
		e.note(fd, v, "no value: outside of what the field measures")
		return nil
	case e.lesser(fd) && r.Value != 0 && !e.w.all:
		e.unfitted = true
		e.note(fd, v, "the device tells these people in a better way")
		return nil
	}
	r.Channel = e.channel(fd, v)
	i := e.find(r.Quantity, r.Channel)
	if i >= 0 && e.lesser(fd) {
		return nil
	}
	e.note(fd, v, "")
	if i >= 0 {
		return e.again(fd, &e.w.readings[i], r.Value)
	}
	return e.add(r)
}

// again takes in a further value of a reading that the record has.
func (e *extraction) again(fd *field, have *telemetry.Reading, v float64) *fault {
	switch fd.twice {
	case twiceAdd:
		sum, f := checked(have.Quantity, have.Value+v)
		have.Value = sum
		return f
	case twiceLast:
		have.Value = v
		return nil
	}
	return faultf(telemetry.ReasonField, "second value of %s on channel %q: want a channel_path that tells them apart", have.Quantity, have.Channel)
}

// The words of Field.Twice.
const (
	twiceAdd  = "add"
	twiceLast = "last"
)

// channel names the line, region or probe of a value.
func (e *extraction) channel(fd *field, v found) string {
	named := ""
	for i := range fd.channelPath {
		c, ok := fd.channelPath[i].firstFrom(e.doc, v.around())
		if !ok {
			continue
		}
		if n := &e.doc.nodes[c]; len(n.raw) > 0 && n.kind != 'n' {
			if named != "" {
				named += "."
			}
			named += channelText(n.raw)
		}
	}
	switch {
	case named != "":
		return named
	case fd.channel != "":
		return fd.channel
	}
	return v.label
}

// find is where the worker's readings have a quantity on a channel; -1: nowhere.
func (e *extraction) find(q telemetry.Quantity, channel string) int {
	for i := range e.w.readings {
		if have := &e.w.readings[i]; have.Quantity == q && have.Channel == channel {
			return i
		}
	}
	return -1
}

func (e *extraction) add(r telemetry.Reading) *fault {
	if e.total++; e.total > maxReadings {
		return faultf(telemetry.ReasonTooLarge, "more than %d readings in one message", maxReadings)
	}
	e.w.readings = append(e.w.readings, r)
	return nil
}

// number makes a value of the quantity: a word's number, or a number (also in quotes) in the device's unit.
func (e *extraction) number(fd *field, from found, n *node) (float64, *fault) {
	if n.kind == '{' || n.kind == '[' {
		return 0, faultf(telemetry.ReasonField, "%s, want a number", kindName(n.kind))
	}
	if fd.words != nil {
		if v, ok := fd.words[strings.ToLower(string(n.raw))]; ok {
			return checked(fd.quantity, v)
		}
	}
	var v float64
	switch n.kind {
	case 't', 'f':
		if fd.quantity.Definition().Form != telemetry.Flag {
			return 0, faultf(telemetry.ReasonField, "a boolean, want a number")
		}
		if n.kind == 't' {
			v = 1
		}
		return v, nil
	default:
		text := bytes.TrimSpace(n.raw)
		for _, suffix := range fd.suffix {
			if number, cut := bytes.CutSuffix(text, []byte(suffix)); cut {
				text = bytes.TrimSpace(number)
				break
			}
		}
		var ok bool
		if v, ok = parseFloat(text); !ok || len(text) == 0 {
			if fd.words != nil {
				return 0, faultf(telemetry.ReasonField, "a word that the model does not know, want one of %s", wordsOf(fd.words))
			}
			return 0, faultf(telemetry.ReasonField, "text that is no number")
		}
	}
	unit := fd.unit
	if fd.unitPath.text != "" {
		at, ok := fd.unitPath.firstFrom(e.doc, from)
		if !ok {
			at, ok = fd.unitPath.first(e.doc, 0)
		}
		if ok && e.doc.nodes[at].kind != 'n' {
			if unit, ok = fd.units[strings.ToLower(string(e.doc.nodes[at].raw))]; !ok {
				return 0, faultf(telemetry.ReasonField, "unit at %s is none that the model knows", fd.unitPath.text)
			}
		}
	}
	return checked(fd.quantity, unit.apply(v))
}

// wordsOf lists the words that a field knows.
func wordsOf(words map[string]float64) string {
	return strings.Join(slices.Sorted(maps.Keys(words)), ", ")
}

// press is the kind of a button press.
func (fd *field) press(n *node) (string, *fault) {
	if kind, ok := fd.kinds[string(n.raw)]; ok {
		return kind, nil
	}
	if len(fd.kinds) > 0 {
		return "", faultf(telemetry.ReasonField, "a kind of press that the model does not know")
	}
	if n.kind == 't' || n.kind == '0' {
		return "press", nil
	}
	if n.kind != '"' || !plainName(n.raw) {
		return "", faultf(telemetry.ReasonField, "%s, want the kind of press", kindName(n.kind))
	}
	return intern(n.raw), nil
}

// read finds a time from the root or an element.
func (t *timing) read(doc *document, from found, zone *time.Location) deviceTime {
	if t == nil {
		return deviceTime{}
	}
	var n *node
	for i := range t.paths {
		if at, ok := t.paths[i].firstFrom(doc, from); ok && doc.nodes[at].kind != 'n' {
			n = &doc.nodes[at]
			break
		}
	}
	if n == nil {
		return deviceTime{}
	}
	if n.kind != '"' && n.kind != '0' {
		return deviceTime{given: true}
	}
	given := deviceTime{given: true, text: n.raw}
	if t.wallClock {
		given.wall = wallClock(n.raw, zone)
	}
	if t.zone != nil {
		zone = t.zone
	}
	if t.zonePath.text != "" {
		if at, ok := t.zonePath.firstFrom(doc, from); ok {
			if offset, ok := offsetOf(doc.nodes[at].raw); ok {
				zone = time.FixedZone("", int(offset/time.Second))
			}
		}
	}
	for _, f := range t.formats {
		if f == secondsAgo {
			if ago, ok := parseFloat(n.raw); ok && ago >= 0 && ago <= maxAgo {
				given.ago = time.Duration(ago * float64(time.Second))
				given.counted = true
				break
			}
			continue
		}
		if given.at = parseTimeAs(f, n.raw, zone); given.at != 0 {
			break
		}
	}
	return given
}

// holds reports whether the condition is true, looking from the element of v.
func (c *condition) holds(doc *document, v found) bool {
	met := false
	if c.self {
		// The name of an array's element, or of no element at all, is none.
		name := node{kind: '"', raw: doc.nodes[v.element].name}
		met = name.raw != nil && c.true(&name)
	} else {
		c.path.each(doc, v.around(), func(v found) bool {
			n := &doc.nodes[v.at]
			met = n.kind != 'n' && c.true(n)
			return !met
		})
	}
	if c.exists != nil {
		met = met == *c.exists
	}
	return met != c.not
}

// true reports whether the condition is true of a value that is there.
func (c *condition) true(n *node) bool {
	return c.exists != nil || isAny(c.in, n) || c.like != "" && n.kind != '{' && n.kind != '[' && like(c.like, n.raw) || c.notIn != nil && !isAny(c.notIn, n)
}

// isAny reports whether n is one of the literals. A number is compared as a number with numbers, and everything as the
// text it is written as.
func isAny(literals []literal, n *node) bool {
	for i := range literals {
		l := &literals[i]
		if n.kind == '0' && l.numeric {
			if v, ok := n.number(); ok && v == l.number {
				return true
			}
			continue
		}
		if n.kind != '{' && n.kind != '[' && string(n.raw) == l.text {
			return true
		}
	}
	return false
}
