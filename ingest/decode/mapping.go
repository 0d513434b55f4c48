package decode

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// maxReadings bounds the readings of one message, history included.
const maxReadings = 1024

// decodeMapped reads the message's object as the model's mapping says: a record for the message, and one for each element
// of a list or history that has a time or device of its own.
func decodeMapped(w *worker, b *binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault) {
	m := b.model
	w.facts, w.fit = facts{}, m.Fitting(msg.Topic, msg.Payload, b.address)
	if f := m.format.open(w, m, msg); f != nil {
		return dst, f
	}
	if f := w.unwrap(m); f != nil {
		return dst, f
	}
	doc := w.tree
	w.capture(msg.Topic)
	if w.trace != nil {
		w.explain("object", w.shownObject(doc.Nodes[0].Raw))
	}
	if w.facts.direct == nil && !m.wanted(w, doc) {
		return dst, fault.NotReading
	}
	start := len(dst)
	dst, rec := w.observation(b, msg, dst)
	if f := numbered(w, doc, m, &rec.Observation); f != nil {
		return dst, f
	}
	e := extraction{w: w, doc: doc, model: m, msg: msg, of: b}
	e.choose(b)
	// The elements of a list come before the message's own record, which waits aside.
	if m.PastAt.Text != "" || m.EachAt.Text != "" {
		base := *rec
		var f *fault.Fault
		if dst, f = e.history(b, &base, dst[:start]); f != nil {
			return dst, f
		}
		if dst, f = e.elements(b, &base, dst); f != nil {
			return dst, f
		}
		dst, e.of = append(dst, base), b
		rec = &dst[len(dst)-1]
	}
	w.readings = append(w.readings[:0], w.facts.direct...)
	if w.facts.direct == nil {
		for i := range m.Reads {
			if f := e.read(&m.Reads[i], document.Found{}); f != nil {
				return dst, f
			}
		}
	}
	w.withoutZeros(b)
	if len(w.readings) == 0 {
		switch {
		case e.stored > 0:
			return dst[:len(dst)-1], nil
		case e.strangers > 0:
			return dst, fault.New(telemetry.ReasonUnknownDevice, "none of the %d devices in the message is configured (model %s)", e.strangers, m.ID)
		case w.refused.why() != nil:
			return dst, w.refused.why()
		case e.unfitted || m.Otherwise == "ignore":
			return dst, fault.NotReading
		}
		return dst, fault.New(telemetry.ReasonField, "nothing at any of the model's paths; the message has %s", document.NamesIn(doc))
	}
	rec.Observation.Readings = w.arena.keep(w.readings)
	own := e.time(m.Timing, document.Found{}, b.zone)
	w.shared.clock.judge(rec, own)
	rec.Identity = w.identify(b, rec, own, msg.Payload, 0)
	return dst, nil
}

// capture puts the named levels of the topic into the tree.
func (w *worker) capture(topic string) {
	if w.fit == nil {
		return
	}
	for _, n := range w.fit.Named {
		w.tree.Capture(n.Name, w.fit.Value(topic, n.Level))
	}
	if w.fit.Device >= 0 {
		w.tree.Capture("device", w.fit.Value(topic, w.fit.Device))
	}
}

// unwrap makes the tree of the member in which the message proper is wrapped, where there is one.
func (w *worker) unwrap(m *ready) *fault.Fault {
	if len(m.Inside) == 0 || w.tree.Nodes[0].Kind != '{' {
		return nil
	}
	for i := range w.tree.Children(0) {
		n := &w.tree.Nodes[i]
		if n.Kind == '{' && slices.ContainsFunc(m.Inside, func(name string) bool { return strings.EqualFold(name, string(n.Name)) }) {
			return w.openText(n.Raw)
		}
	}
	return nil
}

// numbered fills in the device's own number of the message. A number that cannot be one is as none.
func numbered(w *worker, doc *document.Document, m *ready, o *telemetry.Observation) *fault.Fault {
	if w.facts.numbered {
		o.Sequence, o.HasSequence, o.Boot = w.facts.sequence, true, w.facts.boot
	}
	if m.SequenceAt.Text == "" {
		return nil
	}
	at, ok := m.SequenceAt.First(doc, 0)
	if !ok || doc.Nodes[at].Kind == 'n' {
		return nil
	}
	n := &doc.Nodes[at]
	v, ok := written.Whole(n.Raw)
	if n.Kind != '0' && n.Kind != '"' || !ok {
		return fault.New(telemetry.ReasonField, "%s: %s, want a whole number from 0 to 2^64-1", m.SequenceAt.Text, document.KindName(n.Kind))
	}
	o.Sequence, o.HasSequence = v, true
	if m.BootAt.Text == "" {
		return nil
	}
	if at, ok := m.BootAt.First(doc, 0); ok {
		switch n := &doc.Nodes[at]; {
		case n.Kind != '0' && n.Kind != '"' || len(n.Raw) == 0:
		case len(n.Raw) <= written.MaxBoot && written.Plain(n.Raw, "_-.:/+"):
			o.Boot = string(n.Raw)
		default: // whatever it says: only whether it is the same matters
			o.Boot = strconv.FormatUint(xxhash.Sum64(n.Raw), 36)
		}
	}
	return nil
}

// extraction is the reading of one mapped message.
type extraction struct {
	w         *worker
	doc       *document.Document
	model     *ready
	msg       *ingest.Message
	of        *binding // whose fields are read now
	stored    int      // records of elements so far
	total     int      // readings so far
	strangers int      // elements whose device is not configured
	unfitted  bool     // a value was there and means "none"
	units     *units   // nil: not looked yet
	ways      ways
}

// history appends a record for every item of the past.
func (e *extraction) history(b *binding, base *telemetry.Record, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault) {
	m := e.model
	if m.PastAt.Text == "" {
		return dst, nil
	}
	var f *fault.Fault
	m.PastAt.Each(e.doc, document.Found{}, func(item document.Found) bool {
		e.w.readings = e.w.readings[:0]
		for i := range m.PastReads {
			if f = e.read(&m.PastReads[i], item.Inside()); f != nil {
				f = f.In(m.PastAt.Text)
				return false
			}
		}
		if e.w.withoutZeros(b); len(e.w.readings) == 0 {
			return true
		}
		rec := *base
		o := &rec.Observation
		o.Flags |= telemetry.FlagHistory
		o.Boot, o.Sequence, o.HasSequence = "", 0, false // they number the message, not what it repeats
		o.Readings = e.w.arena.keep(e.w.readings)
		own := e.before(readTime(m.PastTime, e.doc, item, b.zone), b.zone)
		e.w.shared.clock.judge(&rec, own)
		rec.Identity = e.w.identify(b, &rec, own, e.doc.Nodes[item.At].Raw, 0)
		dst = append(dst, rec)
		e.stored++
		return true
	})
	return dst, f
}

// wanted applies the model's When.
func (m *ready) wanted(w *worker, doc *document.Document) bool {
	return w.passes(&m.Filter, doc, document.Found{})
}

// passes reports whether a message, or the element at v, is wanted, and explains why not.
func (w *worker) passes(f *document.Filter, doc *document.Document, v document.Found) bool {
	process, ignore := f.Refusing(doc, v)
	switch {
	case w.trace == nil:
	case process >= 0:
		w.explainf("filter", "not a reading: when.process[%d] does not hold (%s)", process, f.Process[process].Path.Text)
	case ignore >= 0:
		w.explainf("filter", "not a reading: when.ignore[%d] holds (%s)", ignore, f.Ignore[ignore].Path.Text)
	}
	return process < 0 && ignore < 0
}
