package decode

import (
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// reject makes the record of a message that was not understood.
func (w *Worker) reject(msg *ingest.Message, b *binding, f *fault) telemetry.Record {
	topic, raw, device := msg.Topic, msg.Payload, b.device
	if w.sight != open {
		l := w.d.lexicon()
		topic, raw, device = l.topic(topic, kept, ""), l.redact(raw), l.name(device)
	}
	return telemetry.Record{
		Kind: telemetry.KindRejection,
		Site: b.site,
		At:   msg.Received, Received: msg.Received,
		Rejection: &telemetry.Rejection{
			Topic:  written.Bounded(topic, written.MaxTopic),
			Device: device,
			Reason: f.reason,
			Detail: written.Bounded(w.said(f), written.MaxDetail),
			Size:   len(msg.Payload),
			Raw:    cut(raw, telemetry.MaxRaw),
		},
	}
}
