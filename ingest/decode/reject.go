package decode

import (
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// reject makes the record of a message that was not understood.
func (w *worker) reject(msg *ingest.Message, b *binding, f *fault.Fault) telemetry.Record {
	topic, raw, device := msg.Topic, msg.Payload, b.device
	if w.sight != redact.Open {
		l := w.shared.lexicon()
		topic, raw, device = l.Topic(topic, redact.Kept, ""), l.Payload(raw), l.Name(device)
	}
	return telemetry.Record{
		Kind: telemetry.KindRejection,
		Site: b.site,
		At:   msg.Received, Received: msg.Received,
		Rejection: &telemetry.Rejection{
			Topic:  written.Bounded(topic, written.MaxTopic),
			Device: device,
			Reason: f.Reason,
			Detail: written.Bounded(w.said(f), written.MaxDetail),
			Size:   len(msg.Payload),
			Raw:    redact.Cut(raw, telemetry.MaxRaw),
		},
	}
}
