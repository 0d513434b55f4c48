package formats

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/ingest/decode/reading"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func framedFormat() reading.Format {
	return reading.Format{Name: "frame", Title: "JSON with a radio frame in it, of any other network", Open: openFramed, Check: checkFramed, Frames: true}
}

// framed is Frame made ready.
type framed struct {
	read   Reader
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
func openFramed(w *reading.Worker, m *reading.Ready, msg *ingest.Message) *fault.Fault {
	ready, _ := m.Prepared.(*framed)
	up := Uplink{}
	if w.Bare != nil {
		up.Port, up.Frame = *w.Bare, msg.Payload
	} else if f := ready.find(w, msg, &up); f != nil {
		return f
	}
	switch {
	case len(up.Frame) > 0:
	case m.Otherwise == "ignore":
		w.Explain("envelope", "not a reading: the message has no frame")
		return fault.NotReading
	default:
		return fault.New(telemetry.ReasonField, "no frame at %s; the message has %s", m.Frame.Path, document.NamesIn(w.Document))
	}
	return w.Open(func(out *object.Writer) *fault.Fault {
		if f := decodeFrame(ready.read, m.Codec, &up, msg.Received, out); f != nil {
			return f
		}
		if out.Empty() {
			w.Explain("codec", "not a reading: the codec found nothing in the frame")
			return fault.NotReading
		}
		w.Explain("codec", m.Codec)
		if w.Bare == nil {
			out.Raw("envelope", w.Document.Nodes[0].Raw)
		}
		return nil
	})
}

// find reads the frame and its port out of a message.
func (fr *framed) find(w *reading.Worker, msg *ingest.Message, up *Uplink) *fault.Fault {
	if f := w.ParseLeniently(msg); f != nil {
		return f
	}
	doc := w.Document
	at, ok := fr.path.First(doc, 0)
	if !ok || doc.Nodes[at].Kind == 'n' {
		return nil
	}
	n := &doc.Nodes[at]
	if n.Kind != '"' {
		return fault.New(telemetry.ReasonField, "%s: %s, want a frame as text", fr.path.Text, document.KindName(n.Kind))
	}
	frame, err := fr.decode(w.Scratch[:0], n.Raw)
	if err != nil {
		return fault.New(telemetry.ReasonUndecoded, "%s: the frame is %v", fr.path.Text, err)
	}
	w.Scratch, up.Frame = frame, frame
	if at, ok := fr.port.First(doc, 0); ok && fr.port.Text != "" {
		if port, err := strconv.ParseUint(string(doc.Nodes[at].Raw), 10, 8); err == nil {
			up.Port = uint8(port)
		}
	}
	return nil
}
