package decode

import (
	"bytes"
	"errors"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/ingest/decode/transcode"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func init() {
	register(Format{Name: "xml", Title: "XML, or the same as JSON, such as cameras push", open: openXML})
	register(Format{Name: "line", Title: "InfluxDB line protocol", open: openLines})
	register(Format{Name: "senml", Title: "SenML (RFC 8428)", open: openSenML})
}

// openXML takes an XML document; the elements of the model's Lists are always arrays. JSON is taken as it is: newer firmware of
// the same device sends the same event in either.
func openXML(w *worker, m *ready, msg *ingest.Message) *fault.Fault {
	if first := bytes.TrimLeft(msg.Payload, " \t\r\n"); len(first) > 0 && (first[0] == '{' || first[0] == '[') {
		return w.parseLeniently(msg)
	}
	return transcoded(w, msg, func(l transcode.Limits, out *object.Writer) error { return transcode.XML(msg.Payload, m.Lists, l, out) })
}

// openLines takes InfluxDB line protocol.
func openLines(w *worker, _ *ready, msg *ingest.Message) *fault.Fault {
	return transcoded(w, msg, func(l transcode.Limits, out *object.Writer) error { return transcode.LineProtocol(msg.Payload, l, out) })
}

// openSenML takes a SenML pack, resolved against the time of receipt.
func openSenML(w *worker, _ *ready, msg *ingest.Message) *fault.Fault {
	return transcoded(w, msg, func(l transcode.Limits, out *object.Writer) error {
		return transcode.SenML(msg.Payload, msg.Received.Time(), l, out)
	})
}

// transcoded makes the tree of a payload in another notation than JSON.
func transcoded(w *worker, msg *ingest.Message, write func(transcode.Limits, *object.Writer) error) *fault.Fault {
	if f := w.sized(msg); f != nil {
		return f
	}
	return w.open(func(out *object.Writer) *fault.Fault {
		if err := write(transcode.Limits{Depth: w.shared.maxDepth, Values: document.MaxNodes}, out); err != nil {
			return unreadable(err)
		}
		return nil
	})
}

// unreadable is the fault of a payload that was not transcoded.
func unreadable(err error) *fault.Fault {
	if e, ok := errors.AsType[*transcode.Error](err); ok {
		return fault.New(e.Reason, "%s", e.Detail)
	}
	return fault.New(telemetry.ReasonSyntax, "%v", err)
}
