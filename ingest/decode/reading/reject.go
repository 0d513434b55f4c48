package reading

import (
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Reject makes the record of a message that was not understood.
func (w *Worker) Reject(msg *ingest.Message, b *Binding, f *fault.Fault) telemetry.Record {
	topic, raw, device := msg.Topic, msg.Payload, b.Device
	if w.Sight != redact.Open {
		l := w.Shared.Lexicon()
		topic, raw, device = l.Topic(topic, redact.Kept, ""), l.Payload(raw), l.Name(device)
	}
	return telemetry.Record{
		Kind: telemetry.KindRejection,
		Site: b.Site,
		At:   msg.Received, Received: msg.Received,
		Rejection: &telemetry.Rejection{
			Topic:  written.Bounded(topic, written.MaxTopic),
			Device: device,
			Reason: f.Reason,
			Detail: written.Bounded(w.Said(f), written.MaxDetail),
			Size:   len(msg.Payload),
			Raw:    redact.Cut(raw, telemetry.MaxRaw),
		},
	}
}

// Fail is the rejection of a message on which the decoder itself has failed.
func (w *Worker) Fail(msg *ingest.Message, b *Binding, cause any) telemetry.Record {
	w.Document, w.Inner = document.New(), document.New()
	return w.Reject(msg, b, fault.New(telemetry.ReasonFault, "decoder failed: %T", cause))
}
