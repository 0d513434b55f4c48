package reading

import (
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// decodeMapped reads the message's object as the model's mapping says: a record for the message, and one for each element
// of a list or history that has a time or device of its own.
func decodeMapped(w *Worker, b *Binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault) {
	m := b.Model
	w.Facts, w.Fit = Facts{}, m.Fitting(msg.Topic, msg.Payload, b.Address)
	if f := m.Written.Open(w, m, msg); f != nil {
		return dst, f
	}
	if f := w.unwrap(m); f != nil {
		return dst, f
	}
	doc := w.Tree
	w.capture(msg.Topic)
	if w.Trace != nil {
		w.Explain("object", w.shownObject(doc.Nodes[0].Raw))
	}
	if w.Facts.Direct == nil && !m.Wanted(w, doc) {
		return dst, fault.NotReading
	}
	start := len(dst)
	dst, rec := w.Observation(b, msg, dst)
	if f := numbered(w, doc, m, &rec.Observation); f != nil {
		return dst, f
	}
	e := Extraction{W: w, Doc: doc, model: m, msg: msg, of: b}
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
	w.Readings = append(w.Readings[:0], w.Facts.Direct...)
	if w.Facts.Direct == nil {
		for i := range m.Reads {
			if f := e.read(&m.Reads[i], document.Found{}); f != nil {
				return dst, f
			}
		}
	}
	w.WithoutZeros(b)
	if len(w.Readings) == 0 {
		switch {
		case e.stored > 0:
			return dst[:len(dst)-1], nil
		case e.strangers > 0:
			return dst, fault.New(telemetry.ReasonUnknownDevice, "none of the %d devices in the message is configured (model %s)", e.strangers, m.ID)
		case w.Refused.why() != nil:
			return dst, w.Refused.why()
		case e.unfitted || m.Otherwise == "ignore":
			return dst, fault.NotReading
		}
		return dst, fault.New(telemetry.ReasonField, "nothing at any of the model's paths; the message has %s", document.NamesIn(doc))
	}
	rec.Observation.Readings = w.Arena.Keep(w.Readings)
	own := e.time(m.Timing, document.Found{}, b.Zone)
	w.Shared.Clock.Judge(rec, own)
	rec.Identity = w.Identify(b, rec, own, msg.Payload, 0)
	return dst, nil
}

// numbered fills in the device's own number of the message. A number that cannot be one is as none.
func numbered(w *Worker, doc *document.Document, m *Ready, o *telemetry.Observation) *fault.Fault {
	if w.Facts.Numbered {
		o.Sequence, o.HasSequence, o.Boot = w.Facts.Sequence, true, w.Facts.Boot
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

// history appends a record for every item of the past.
func (e *Extraction) history(b *Binding, base *telemetry.Record, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault) {
	m := e.model
	if m.PastAt.Text == "" {
		return dst, nil
	}
	var f *fault.Fault
	m.PastAt.Each(e.Doc, document.Found{}, func(item document.Found) bool {
		e.W.Readings = e.W.Readings[:0]
		for i := range m.PastReads {
			if f = e.read(&m.PastReads[i], item.Inside()); f != nil {
				f = f.In(m.PastAt.Text)
				return false
			}
		}
		if e.W.WithoutZeros(b); len(e.W.Readings) == 0 {
			return true
		}
		rec := *base
		o := &rec.Observation
		o.Flags |= telemetry.FlagHistory
		o.Boot, o.Sequence, o.HasSequence = "", 0, false // they number the message, not what it repeats
		o.Readings = e.W.Arena.Keep(e.W.Readings)
		own := e.before(readTime(m.PastTime, e.Doc, item, b.Zone), b.Zone)
		e.W.Shared.Clock.Judge(&rec, own)
		rec.Identity = e.W.Identify(b, &rec, own, e.Doc.Nodes[item.At].Raw, 0)
		dst = append(dst, rec)
		e.stored++
		return true
	})
	return dst, f
}
