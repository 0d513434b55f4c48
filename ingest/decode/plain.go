package decode

import (
	"math"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func init() {
	register(Format{Name: "json", Title: "JSON, mapped by the model", open: openJSON})
	register(Format{Name: "value", Title: "One bare value per topic", open: openValue, empty: true})
}

// openJSON takes JSON. Text that is none may still be known not to be a reading: some firmware sends lines of another protocol
// on the same topic, which a model ignores by how they begin.
func openJSON(w *worker, m *ready, msg *ingest.Message) *fault.Fault {
	f := w.parseLeniently(msg)
	if f != nil && f.Reason == telemetry.ReasonSyntax && m.Noise && len(msg.Payload) <= maxNoise {
		w.tree = w.inner
		w.tree.Scalar(msg.Payload)
		if !m.wanted(w, w.tree) {
			return fault.NotReading
		}
	}
	return f
}

// openValue takes a payload that is one number or word. JSON is taken as it is: some firmware sends either, or a word in
// quotes. Where the topic has a level {field} the value, whatever it is, is the member of that name.
func openValue(w *worker, _ *ready, msg *ingest.Message) *fault.Fault {
	if len(msg.Payload) == 0 {
		return fault.NotReading
	}
	if f := openScalar(w, msg); f != nil {
		return f
	}
	field := ""
	if w.fit != nil {
		field = w.fit.Value(msg.Topic, w.fit.Field())
	}
	if field == "" {
		return nil
	}
	n := w.tree.Nodes[0]
	return w.open(func(out *object.Writer) *fault.Fault {
		switch v, ok := n.Number(); {
		case n.Kind == '"':
			out.Text(field, string(n.Raw))
		case n.Kind == 'n':
			out.Null(field)
		case n.Kind != '0':
			out.Raw(field, n.Raw)
		case ok && !math.IsInf(v, 0):
			out.Number(field, v)
		default:
			return fault.New(telemetry.ReasonRange, "a number that is not finite")
		}
		return nil
	})
}

// openScalar makes the tree of a payload that is JSON, or one bare number or word.
func openScalar(w *worker, msg *ingest.Message) *fault.Fault {
	if c := msg.Payload[0]; c == '"' || !model.Bare(msg.Payload) {
		return w.parseLeniently(msg)
	}
	if f := w.sized(msg); f != nil {
		return f
	}
	if len(msg.Payload) > maxValue {
		return fault.New(telemetry.ReasonTooLarge, "a value of %d bytes: want at most %d", len(msg.Payload), maxValue)
	}
	if f := textual(msg.Payload); f != nil {
		return f
	}
	w.tree = w.inner
	w.tree.Scalar(msg.Payload)
	return nil
}

// maxValue bounds a bare value, maxNoise a line of another protocol, in bytes.
const (
	maxValue = 256
	maxNoise = 1024
)
