package decode

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func init() {
	register(Format{Name: "frame", Title: "JSON with a radio frame in it, of any other network", open: openFramed, check: checkFramed})
}

// framed is Frame made ready.
type framed struct {
	read   reader
	path   document.Path
	port   document.Path
	decode func(dst, src []byte) ([]byte, error)
}

// checkFramed checks where a message has its frame.
func checkFramed(c *model.Compiler) any {
	m, ready := c.M, &framed{read: readerOf(c)}
	if m.Frame == nil || m.Frame.Path == "" {
		c.Fail("frame.path", errors.New("missing: format frame has a frame"))
		return ready
	}
	ready.path = c.Path("frame.path", m.Frame.Path, true)
	ready.port = c.Path("frame.port", m.Frame.Port, false)
	switch m.Frame.Encoding {
	case "", "hex":
		ready.decode = written.Hex
	case "base64":
		ready.decode = written.Base64
	default:
		c.Fail("frame.encoding", fmt.Errorf("%q: want hex or base64", m.Frame.Encoding))
	}
	return ready
}

// openFramed makes the tree of a JSON message with a radio frame in it: what the codec makes of the frame, and beside it the
// message itself as the member envelope.
func openFramed(w *worker, m *ready, msg *ingest.Message) *fault.Fault {
	ready, _ := m.Prepared.(*framed)
	up := uplink{}
	if w.bare != nil {
		up.port, up.frame = *w.bare, msg.Payload
	} else if f := ready.find(w, msg, &up); f != nil {
		return f
	}
	switch {
	case len(up.frame) > 0:
	case m.Otherwise == "ignore":
		w.explain("envelope", "not a reading: the message has no frame")
		return fault.NotReading
	default:
		return fault.New(telemetry.ReasonField, "no frame at %s; the message has %s", m.Frame.Path, document.NamesIn(w.document))
	}
	return w.open(func(out *object.Writer) *fault.Fault {
		if f := decodeFrame(w, ready.read, m.Codec, &up, msg.Received, out); f != nil {
			return f
		}
		if out.Empty() {
			w.explain("codec", "not a reading: the codec found nothing in the frame")
			return fault.NotReading
		}
		w.explain("codec", m.Codec)
		if w.bare == nil {
			out.Raw("envelope", w.document.Nodes[0].Raw)
		}
		return nil
	})
}

// find reads the frame and its port out of a message.
func (fr *framed) find(w *worker, msg *ingest.Message, up *uplink) *fault.Fault {
	if f := w.parseLeniently(msg); f != nil {
		return f
	}
	doc := w.document
	at, ok := fr.path.First(doc, 0)
	if !ok || doc.Nodes[at].Kind == 'n' {
		return nil
	}
	n := &doc.Nodes[at]
	if n.Kind != '"' {
		return fault.New(telemetry.ReasonField, "%s: %s, want a frame as text", fr.path.Text, document.KindName(n.Kind))
	}
	frame, err := fr.decode(w.scratch[:0], n.Raw)
	if err != nil {
		return fault.New(telemetry.ReasonUndecoded, "%s: the frame is %v", fr.path.Text, err)
	}
	w.scratch, up.frame = frame, frame
	if at, ok := fr.port.First(doc, 0); ok && fr.port.Text != "" {
		if port, err := strconv.ParseUint(string(doc.Nodes[at].Raw), 10, 8); err == nil {
			up.port = uint8(port)
		}
	}
	return nil
}
