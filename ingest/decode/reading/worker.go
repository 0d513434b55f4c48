// Package reading makes records of one message: what a format has opened is read as a model's mapping says, checked, timed, told apart
// from others and, where it is not understood, refused. It says what a format is (Format) and knows none; which device a message is
// of (Binding) is told to it.
package reading

import (
	"fmt"
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

// Worker is the scratch memory in which a message is read. It belongs to one goroutine at a time.
type Worker struct {
	Shared *Shared
	Arena  *Arena
	// Document is the payload as JSON where it is JSON; Parsed is whose.
	Document *document.Document
	Parsed   *ingest.Message
	// Tree is what the model maps: the Document, or Inner where the payload is an envelope or written in another notation.
	Tree     *document.Document
	Inner    *document.Document
	text     object.Writer // the JSON of Inner
	Scratch  []byte        // bytes of a radio frame
	Facts    Facts
	Fit      *pattern.Pattern // that tells what the levels of the topic are; nil: none
	Readings []telemetry.Reading
	Refused  refusals
	Unknown  map[string]string // members that no native name stands for, with the one that is meant
	// identities are those of the elements of the message so far.
	identities []uint64
	Key        []byte
	// session and packet name the delivery of the message; session 0: nothing does.
	session uint64
	packet  uint16
	// All reads counts that the model does not count, too; only for people who look at a message.
	All bool
	// Form is that of the people who pass that the last message counts, where its model prefers one to another; empty: any.
	Form model.Count
	// Bare is the port of a payload that is a LoRaWAN frame without an envelope; only for people, too.
	Bare *uint8
	// AsDecoded reads what the network server decoded, and not the frame; only for a guess.
	AsDecoded bool
	Trace     *Trace // nil: nobody asked for an explanation
	// Sight is who looks at the message.
	Sight redact.Sight
}

// NewWorker makes a worker. With an arena the readings of its records lie there and are valid until Arena.Reset; with nil
// every record owns its readings.
func NewWorker(shared *Shared, a *Arena) *Worker {
	return &Worker{Shared: shared, Arena: a, Document: document.New(), Inner: document.New()}
}

// Begin forgets the message before.
func (w *Worker) Begin(msg *ingest.Message) {
	w.Parsed = nil
	w.session, w.packet = msg.Session, msg.Packet
	w.Refused.reset()
}

// Sized checks the size of a payload.
func (w *Worker) Sized(msg *ingest.Message) *fault.Fault {
	switch {
	case len(msg.Payload) > w.Shared.MaxPayload:
		return fault.New(telemetry.ReasonTooLarge, "payload of %d bytes: want at most %d", len(msg.Payload), w.Shared.MaxPayload)
	case len(msg.Payload) == 0:
		return fault.New(telemetry.ReasonSyntax, "empty payload")
	}
	return nil
}

// Textual checks the encoding of text.
func Textual(text []byte) *fault.Fault {
	if !utf8.Valid(text) {
		return fault.New(telemetry.ReasonEncoding, "the payload is not UTF-8")
	}
	return nil
}

// Parse reads msg's payload as JSON into w.Document, once a message, and makes it the tree.
func (w *Worker) Parse(msg *ingest.Message) *fault.Fault {
	w.Tree = w.Document
	if w.Parsed == msg {
		return nil
	}
	if f := w.Sized(msg); f != nil {
		return f
	}
	if f := Textual(msg.Payload); f != nil {
		return f
	}
	if f := w.Document.Parse(msg.Payload, w.Shared.MaxDepth); f != nil {
		return f
	}
	w.Parsed = msg
	return nil
}

// ParseLeniently is Parse for devices that are not ours: a sensor that failed may write nan, and its neighbours count.
func (w *Worker) ParseLeniently(msg *ingest.Message) *fault.Fault {
	f := w.Parse(msg)
	if f == nil || f.Reason != telemetry.ReasonSyntax {
		return f
	}
	mended, ok := document.WithoutNaN(msg.Payload)
	if !ok || w.Document.Parse(mended, w.Shared.MaxDepth) != nil {
		return f
	}
	w.Explain("json", "bare nan or inf, which JSON does not have, taken as null")
	w.Parsed = msg
	return nil
}

// Open makes the tree of a message in another notation from what write makes of it.
func (w *Worker) Open(write func(out *object.Writer) *fault.Fault) *fault.Fault {
	w.text.Reset()
	if f := write(&w.text); f != nil {
		return f
	}
	return w.OpenText(w.text.JSON())
}

// OpenText makes the tree of JSON text that does not come from the payload as it is.
func (w *Worker) OpenText(text []byte) *fault.Fault {
	w.Tree = w.Inner
	return w.Inner.Parse(text, w.Shared.MaxDepth)
}

// Observation appends the record of a message from b to dst and returns it for filling in. Records are large: they are
// made where they stay.
func (w *Worker) Observation(b *Binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *telemetry.Record) {
	dst = append(dst, telemetry.Record{})
	rec := &dst[len(dst)-1]
	rec.Kind, rec.Site, rec.Received = telemetry.KindObservation, b.Site, msg.Received
	rec.Observation.Device = b.Device
	if msg.Retained {
		rec.Observation.Flags |= telemetry.FlagRetained
	}
	if msg.QoS == 0 && !model.Pushed(msg.Topic) {
		rec.Observation.Flags |= telemetry.FlagUnacknowledged
	}
	return dst, rec
}

// Explain adds a step where somebody asked for an explanation. Callers on the way of every message do not build arguments.
func (w *Worker) Explain(stage, text string) {
	if w.Trace != nil {
		w.Trace.Steps = append(w.Trace.Steps, Step{stage, text})
	}
}

// Explainf is Explain with a format; only behind w.Trace != nil on the way of every message.
func (w *Worker) Explainf(stage, format string, args ...any) {
	if w.Trace != nil {
		w.Explain(stage, fmt.Sprintf(format, args...))
	}
}
