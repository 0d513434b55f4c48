package decode

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Worker decodes with scratch memory of its own. It belongs to one goroutine at a time.
type Worker struct {
	d     *Decoder
	arena *Arena
	// document is the payload as JSON where it is JSON; parsed is whose.
	document *document.Document
	parsed   *ingest.Message
	// tree is what the model maps: the document, or inner where the payload is an envelope or written in another notation.
	tree     *document.Document
	inner    *document.Document
	text     object.Writer // the JSON of inner
	scratch  []byte        // bytes of a radio frame
	facts    facts
	fit      *pattern.Pattern // that tells what the levels of the topic are; nil: none
	readings []telemetry.Reading
	refused  refusals
	unknown  map[string]string // members that no native name stands for, with the one that is meant
	// identities are those of the elements of the message so far.
	identities []uint64
	key        []byte
	// session and packet name the delivery of the message; session 0: nothing does.
	session uint64
	packet  uint16
	// all reads counts that the model does not count, too; only for people who look at a message.
	all bool
	// form is that of the people who pass that the last message counts, where its model prefers one to another; empty: any.
	form Count
	// bare is the port of a payload that is a LoRaWAN frame without an envelope; only for people, too.
	bare *uint8
	// asDecoded reads what the network server decoded, and not the frame; only for a guess.
	asDecoded bool
	// trials are how many made-up frames a guess may still try.
	trials int
	trace  *Trace // nil: nobody asked for an explanation
	// sight is who looks at the message.
	sight redact.Sight
}

// Worker makes a worker. With an arena the readings of its records lie there and are valid until Arena.Reset; with nil
// every record owns its readings.
func (d *Decoder) Worker(a *Arena) *Worker {
	return &Worker{d: d, arena: a, document: document.New(), inner: document.New()}
}

// Decode is Decoder.Decode with the worker's memory.
func (w *Worker) Decode(msg *ingest.Message, dst []telemetry.Record) (records []telemetry.Record) {
	w.parsed = nil
	w.session, w.packet = msg.Session, msg.Packet
	w.refused.reset()
	b, f := unbound, (*fault.Fault)(nil)
	defer func() {
		if len(records) > len(dst) {
			w.hear(msg, f, records[len(dst):])
		}
	}()
	// A fault of ours costs one message, never the feed.
	defer func() {
		if r := recover(); r != nil {
			w.document, w.inner = document.New(), document.New()
			records = append(dst, w.reject(msg, b, fault.New(telemetry.ReasonFault, "decoder failed: %T", r)))
		}
	}()
	b, f = w.d.route(w, msg)
	records = dst
	switch {
	case f == nil:
		records, f = b.model.decode(w, b, msg, dst)
	case f.Reason == telemetry.ReasonUnknownDevice || f.Reason == telemetry.ReasonUnknownTopic:
		w.d.limits.Sightings.note(w.d, msg, f)
	}
	switch {
	case f == fault.NotReading:
		b.model.ignored.Add(1)
		return dst
	case f != nil:
		if f == w.refused.first {
			b = w.refused.of[0].b
		}
		clear(records[len(dst):])
		rec := w.reject(msg, b, f)
		rec.Identity = w.repeats(msg)
		return append(dst, rec)
	}
	return w.restrict(msg, w.withRefused(records, len(dst), msg), len(dst))
}

// route finds whose message it is and whether its sender may send it. On a fault the binding may be partly known, so that
// the rejection can say what is known.
func (d *Decoder) route(w *Worker, msg *ingest.Message) (*binding, *fault.Fault) {
	switch {
	case len(msg.Topic) > written.MaxTopic:
		return unbound, fault.New(telemetry.ReasonTooLarge, "topic of %d bytes: want at most %d", len(msg.Topic), written.MaxTopic)
	case !utf8.ValidString(msg.Topic):
		return unbound, fault.New(telemetry.ReasonEncoding, "the topic is not UTF-8")
	}
	b := d.router.exact[msg.Topic]
	if b == nil {
		var f *fault.Fault
		if b, f = d.router.find(w, msg); f != nil {
			// Last, so that no announcement can take another device's topic away.
			announced := d.discovered.route(msg.Topic, msg.Sender)
			if announced == nil || f == fault.NotReading {
				return b, f
			}
			b = announced
		}
	}
	if f := allowed(msg.Sender, b); f != nil {
		return b, f
	}
	if len(msg.Payload) == 0 && b.model.format.empty {
		return b, nil
	}
	return b, d.sized(msg)
}

func (d *Decoder) sized(msg *ingest.Message) *fault.Fault {
	switch {
	case len(msg.Payload) > d.limits.MaxPayload:
		return fault.New(telemetry.ReasonTooLarge, "payload of %d bytes: want at most %d", len(msg.Payload), d.limits.MaxPayload)
	case len(msg.Payload) == 0:
		return fault.New(telemetry.ReasonSyntax, "empty payload")
	}
	return nil
}

// textual checks the encoding of text.
func textual(text []byte) *fault.Fault {
	if !utf8.Valid(text) {
		return fault.New(telemetry.ReasonEncoding, "the payload is not UTF-8")
	}
	return nil
}

// allowed checks the credential. Behind an external broker there is none: the broker's own ACL has decided.
func allowed(s *ingest.Sender, b *binding) *fault.Fault {
	if s == nil || s.Devices[b.key] || s.Bridge && s.Devices == nil {
		return nil
	}
	return fault.New(telemetry.ReasonForeign, "credential %s may not publish for device %s", fault.Quoted(s.Name), b.key)
}

// parse reads msg's payload as JSON into w.document, once a message, and makes it the tree.
func (w *Worker) parse(msg *ingest.Message) *fault.Fault {
	w.tree = w.document
	if w.parsed == msg {
		return nil
	}
	if f := w.d.sized(msg); f != nil {
		return f
	}
	if f := textual(msg.Payload); f != nil {
		return f
	}
	if f := w.document.Parse(msg.Payload, w.d.limits.MaxDepth); f != nil {
		return f
	}
	w.parsed = msg
	return nil
}

// parseLeniently is parse for devices that are not ours: a sensor that failed may write nan, and its neighbours count.
func (w *Worker) parseLeniently(msg *ingest.Message) *fault.Fault {
	f := w.parse(msg)
	if f == nil || f.Reason != telemetry.ReasonSyntax {
		return f
	}
	mended, ok := document.WithoutNaN(msg.Payload)
	if !ok || w.document.Parse(mended, w.d.limits.MaxDepth) != nil {
		return f
	}
	w.explain("json", "bare nan or inf, which JSON does not have, taken as null")
	w.parsed = msg
	return nil
}

// open makes the tree of a message in another notation from what write makes of it.
func (w *Worker) open(write func(out *object.Writer) *fault.Fault) *fault.Fault {
	w.text.Reset()
	if f := write(&w.text); f != nil {
		return f
	}
	return w.openText(w.text.JSON())
}

// openText makes the tree of JSON text that does not come from the payload as it is.
func (w *Worker) openText(text []byte) *fault.Fault {
	w.tree = w.inner
	return w.inner.Parse(text, w.d.limits.MaxDepth)
}

// observation appends the record of a message from b to dst and returns it for filling in. Records are large: they are
// made where they stay.
func (w *Worker) observation(b *binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *telemetry.Record) {
	dst = append(dst, telemetry.Record{})
	rec := &dst[len(dst)-1]
	rec.Kind, rec.Site, rec.Received = telemetry.KindObservation, b.site, msg.Received
	rec.Observation.Device = b.device
	if msg.Retained {
		rec.Observation.Flags |= telemetry.FlagRetained
	}
	if msg.QoS == 0 && !b.model.pushed(msg.Topic) {
		rec.Observation.Flags |= telemetry.FlagUnacknowledged
	}
	return dst, rec
}

// checked gives v as a value of q: finite, within the physical range, whole where people or things are counted.
func checked(q telemetry.Quantity, v float64) (float64, *fault.Fault) {
	def := q.Definition()
	if why := q.Refuse(v); why != "" {
		f := fault.New(telemetry.ReasonRange, "%s", fault.Value(why)).Alone()
		f.Warming = v == 0 && (q == telemetry.CO2 || q == telemetry.Humidity || q == telemetry.Pressure)
		return 0, f
	}
	switch def.Form {
	case telemetry.Period, telemetry.Total, telemetry.Present, telemetry.Flag:
		if v != math.Trunc(v) {
			return 0, fault.New(telemetry.ReasonField, "%s", fault.Value(fmt.Sprintf("%v is not a whole number", v)))
		}
	}
	if v == 0 {
		return 0, nil // never -0
	}
	return v, nil
}
