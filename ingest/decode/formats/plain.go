package formats

import (
	"math"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/ingest/decode/reading"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func jsonFormat() reading.Format {
	return reading.Format{Name: "json", Title: "JSON, mapped by the model", Open: openJSON, Usual: true}
}

func valueFormat() reading.Format {
	return reading.Format{Name: "value", Title: "One bare value per topic", Open: openValue, Empty: true}
}

// openJSON takes JSON. Text that is none may still be known not to be a reading: some firmware sends lines of another protocol
// on the same topic, which a model ignores by how they begin.
func openJSON(w *reading.Worker, m *reading.Ready, msg *ingest.Message) *fault.Fault {
	f := w.ParseLeniently(msg)
	if f != nil && f.Reason == telemetry.ReasonSyntax && m.Noise && len(msg.Payload) <= maxNoise {
		w.Tree = w.Inner
		w.Tree.Scalar(msg.Payload)
		if !m.Wanted(w, w.Tree) {
			return fault.NotReading
		}
	}
	return f
}

// openValue takes a payload that is one number or word. JSON is taken as it is: some firmware sends either, or a word in
// quotes. Where the topic has a level {field} the value, whatever it is, is the member of that name.
func openValue(w *reading.Worker, _ *reading.Ready, msg *ingest.Message) *fault.Fault {
	if len(msg.Payload) == 0 {
		return fault.NotReading
	}
	if f := openScalar(w, msg); f != nil {
		return f
	}
	field := ""
	if w.Fit != nil {
		field = w.Fit.Value(msg.Topic, w.Fit.Field())
	}
	if field == "" {
		return nil
	}
	n := w.Tree.Nodes[0]
	return w.Open(func(out *object.Writer) *fault.Fault {
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
func openScalar(w *reading.Worker, msg *ingest.Message) *fault.Fault {
	if c := msg.Payload[0]; c == '"' || !model.Bare(msg.Payload) {
		return w.ParseLeniently(msg)
	}
	if f := w.Sized(msg); f != nil {
		return f
	}
	if len(msg.Payload) > maxValue {
		return fault.New(telemetry.ReasonTooLarge, "a value of %d bytes: want at most %d", len(msg.Payload), maxValue)
	}
	if f := reading.Textual(msg.Payload); f != nil {
		return f
	}
	w.Tree = w.Inner
	w.Tree.Scalar(msg.Payload)
	return nil
}

// maxValue bounds a bare value, maxNoise a line of another protocol, in bytes.
const (
	maxValue = 256
	maxNoise = 1024
)
