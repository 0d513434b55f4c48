package decode

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Query is a message that somebody looks at.
type Query struct {
	// Model is the id or an alias of a model.
	Model   string
	Topic   string // may be empty
	Payload []byte
	// Frame says that Payload is the bare FRMPayload of a LoRaWAN uplink on Port, without a network server's envelope.
	Frame    bool
	Port     uint8
	Retained bool
	Received time.Time
	// Open shows in explanations and rejections what is never kept: whoever looks has the message.
	Open bool
	// Explain asks for a Trace.
	Explain bool
}

// decodeAs decodes msg for b without asking the router.
func (w *worker) decodeAs(b *binding, msg *ingest.Message) []telemetry.Record {
	var f *fault.Fault
	w.refused.reset()
	if len(msg.Payload) > 0 || !b.model.format.empty {
		f = w.sized(msg)
	}
	var recs []telemetry.Record
	if f == nil {
		recs, f = b.model.decode(w, b, msg, nil)
	}
	switch {
	case f == fault.NotReading:
		return nil
	case f != nil:
		return []telemetry.Record{w.reject(msg, b, f)}
	}
	return w.withRefused(recs, 0, msg)
}

// stranger makes a binding for a device that no site has.
func (w *worker) stranger(m *ready, msg *ingest.Message) *binding {
	b := &binding{device: "device", model: m, zone: time.UTC, stranger: true}
	named := false // by the topic
	patterns := append([]pattern.Pattern(nil), m.Patterns...)
	for _, text := range m.PushPatterns() {
		patterns = append(patterns, pattern.Must(text))
	}
	p := m.Fitting(msg.Topic, msg.Payload, "")
	if i := slices.IndexFunc(patterns, func(p pattern.Pattern) bool { return p.Matches(msg.Topic) }); p == nil && i >= 0 {
		p = &patterns[i]
	}
	if p != nil && p.Device >= 0 {
		b.device, named = written.Bounded(p.Value(msg.Topic, p.Device), written.MaxAddress), !p.Deep // a prefix of several levels is less of a name than the payload has
	}
	if p != nil && p.Site >= 0 {
		b.site = written.Bounded(p.Value(msg.Topic, p.Site), written.MaxText)
	}
	if m.NamesDevice() && !named {
		if addresses, f := m.names(w, msg); f == nil && len(addresses) > 0 && written.Identifier(addresses[0]) {
			b.device = written.Bounded(addresses[0], written.MaxAddress)
		}
	}
	b.key = b.site + "/" + b.device
	return b
}
