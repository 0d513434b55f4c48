package decode

import (
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// worker is the scratch memory in which a message is read. It belongs to one goroutine at a time.
type worker struct {
	shared *shared
	arena  *Arena
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
	form model.Count
	// bare is the port of a payload that is a LoRaWAN frame without an envelope; only for people, too.
	bare *uint8
	// asDecoded reads what the network server decoded, and not the frame; only for a guess.
	asDecoded bool
	trace     *Trace // nil: nobody asked for an explanation
	// sight is who looks at the message.
	sight redact.Sight
}

// newWorker makes a worker. With an arena the readings of its records lie there and are valid until Arena.Reset; with nil
// every record owns its readings.
func newWorker(shared *shared, a *Arena) *worker {
	return &worker{shared: shared, arena: a, document: document.New(), inner: document.New()}
}

// begin forgets the message before.
func (w *worker) begin(msg *ingest.Message) {
	w.parsed = nil
	w.session, w.packet = msg.Session, msg.Packet
	w.refused.reset()
}

// fail is the rejection of a message on which the decoder itself has failed.
func (w *worker) fail(msg *ingest.Message, b *binding, cause any) telemetry.Record {
	w.document, w.inner = document.New(), document.New()
	return w.reject(msg, b, fault.New(telemetry.ReasonFault, "decoder failed: %T", cause))
}

// sized checks the size of a payload.
func (w *worker) sized(msg *ingest.Message) *fault.Fault {
	switch {
	case len(msg.Payload) > w.shared.maxPayload:
		return fault.New(telemetry.ReasonTooLarge, "payload of %d bytes: want at most %d", len(msg.Payload), w.shared.maxPayload)
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

// parse reads msg's payload as JSON into w.document, once a message, and makes it the tree.
func (w *worker) parse(msg *ingest.Message) *fault.Fault {
	w.tree = w.document
	if w.parsed == msg {
		return nil
	}
	if f := w.sized(msg); f != nil {
		return f
	}
	if f := textual(msg.Payload); f != nil {
		return f
	}
	if f := w.document.Parse(msg.Payload, w.shared.maxDepth); f != nil {
		return f
	}
	w.parsed = msg
	return nil
}

// parseLeniently is parse for devices that are not ours: a sensor that failed may write nan, and its neighbours count.
func (w *worker) parseLeniently(msg *ingest.Message) *fault.Fault {
	f := w.parse(msg)
	if f == nil || f.Reason != telemetry.ReasonSyntax {
		return f
	}
	mended, ok := document.WithoutNaN(msg.Payload)
	if !ok || w.document.Parse(mended, w.shared.maxDepth) != nil {
		return f
	}
	w.explain("json", "bare nan or inf, which JSON does not have, taken as null")
	w.parsed = msg
	return nil
}

// open makes the tree of a message in another notation from what write makes of it.
func (w *worker) open(write func(out *object.Writer) *fault.Fault) *fault.Fault {
	w.text.Reset()
	if f := write(&w.text); f != nil {
		return f
	}
	return w.openText(w.text.JSON())
}

// openText makes the tree of JSON text that does not come from the payload as it is.
func (w *worker) openText(text []byte) *fault.Fault {
	w.tree = w.inner
	return w.inner.Parse(text, w.shared.maxDepth)
}

// observation appends the record of a message from b to dst and returns it for filling in. Records are large: they are
// made where they stay.
func (w *worker) observation(b *binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *telemetry.Record) {
	dst = append(dst, telemetry.Record{})
	rec := &dst[len(dst)-1]
	rec.Kind, rec.Site, rec.Received = telemetry.KindObservation, b.site, msg.Received
	rec.Observation.Device = b.device
	if msg.Retained {
		rec.Observation.Flags |= telemetry.FlagRetained
	}
	if msg.QoS == 0 && !model.Pushed(msg.Topic) {
		rec.Observation.Flags |= telemetry.FlagUnacknowledged
	}
	return dst, rec
}
