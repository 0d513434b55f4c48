package formats

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/ingest/decode/reading"
	"github.com/gerbang-iot/gerbang/ingest/decode/script"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func loRaWANFormat() reading.Format {
	titles, topics := describeNetworks()
	return reading.Format{Name: "lorawan", Title: "LoRaWAN uplink: " + titles, Open: openLoRaWAN, Addresses: addressesLoRaWAN, Topics: topics, Check: checkLoRaWAN, Frames: true}
}

// Uplink is what a network server's envelope says of one frame.
type Uplink struct {
	network string // for people
	// Addresses name the device, the DevEUI first (16 hex digits).
	Addresses []string
	name      string // that people gave it on the network server
	// other is what the message is where it is no uplink: a join, a status, a downlink.
	other string
	Port  uint8
	// session tells the counter before a join from the counter after it.
	session string
	counter uint64
	counted bool
	at      reading.DeviceTime
	Frame   []byte // decrypted FRMPayload; nil: none that can be read
	// broken is why the text of a frame is none; nil: it is one, or there is no text.
	broken error
	// Object is the network server's own decoding as JSON text; nil: none.
	Object []byte
	// battery is the level of a device status, %; nil: not told.
	battery *float64
}

// addressesLoRaWAN gives the DevEUI and, where the network server has one, the device's id.
func addressesLoRaWAN(w *reading.Worker, _ *reading.Ready, msg *ingest.Message) ([]string, *fault.Fault) {
	up, f := UplinkOf(w, msg)
	if f != nil {
		return nil, f
	}
	return up.Addresses, nil
}

// openLoRaWAN makes the tree of what the frame carries: by the model's codec where it has one, else as the network server
// decoded it.
func openLoRaWAN(w *reading.Worker, m *reading.Ready, msg *ingest.Message) *fault.Fault {
	up, f := UplinkOf(w, msg)
	if f != nil {
		return f
	}
	if w.Trace != nil {
		device := ""
		if len(up.Addresses) > 0 {
			device = ", device " + strings.Join(up.Addresses, " or ")
		}
		w.Explainf("envelope", "%s%s, port %d, counter %d, %d bytes, decoded by the network server: %t",
			up.network, device, up.Port, up.counter, len(up.Frame), up.Object != nil)
	}
	w.Facts.Time = up.at
	if up.battery != nil {
		if v, f := model.Checked(telemetry.Battery, *up.battery); f == nil {
			w.Facts.Direct = []telemetry.Reading{{Quantity: telemetry.Battery, Value: v}}
			w.Tree = w.Document
			return nil
		}
	}
	if up.other != "" {
		w.Explain("envelope", "not a reading: "+up.other)
		return fault.NotReading
	}
	w.Facts.Sequence, w.Facts.Numbered = up.counter, up.counted && up.session != ""
	if w.Facts.Numbered {
		// Only whether it is the same one matters, and the text may be anybody's.
		w.Facts.Boot = strconv.FormatUint(xxhash.Sum64String(up.session), 36)
	}
	// What the device sent, for the same frame may come in two envelopes; else all there is.
	w.Facts.Radio = true
	switch {
	case len(up.Frame) > 0:
		w.Facts.Content = xxhash.Sum64(up.Frame)
	case up.Object != nil:
		w.Facts.Content = xxhash.Sum64(up.Object)
	default:
		w.Facts.Content = xxhash.Sum64(msg.Payload)
	}
	return openFrame(w, m, &up, msg)
}

// openFrame makes the tree of what a frame carries.
func openFrame(w *reading.Worker, m *reading.Ready, up *Uplink, msg *ingest.Message) *fault.Fault {
	if len(m.Ports) > 0 && up.Port != 0 && !slices.Contains(m.Ports, up.Port) {
		w.Explainf("codec", "not a reading: port %d, the model reads %v", up.Port, m.Ports)
		return fault.NotReading
	}
	var because string
	read := CodecOf(m)
	if read != nil && len(up.Frame) > 0 && !w.AsDecoded {
		f := w.Open(func(out *object.Writer) *fault.Fault { return decodeFrame(read, m.Codec, up, msg.Received, out) })
		if f == nil {
			if len(w.Tree.Nodes) == 1 {
				w.Explain("codec", "not a reading: the codec found nothing in the frame")
				return fault.NotReading
			}
			w.Explain("codec", m.Codec)
			return nil
		}
		if up.Object == nil {
			return f
		}
		because = w.Said(f)
	}
	if up.Object != nil {
		w.Explain("codec", strings.TrimSuffix("as the network server decoded it; "+because, "; "))
		return w.OpenText(up.Object)
	}
	if up.broken != nil {
		return fault.New(telemetry.ReasonUndecoded, "device %s: the frame on port %d is %v", up.shown(), up.Port, up.broken)
	}
	if len(up.Frame) == 0 {
		w.Explain("envelope", "not a reading: the frame is empty")
		return fault.NotReading
	}
	return fault.New(telemetry.ReasonUndecoded, "device %s: %d bytes on port %d that nobody decoded: want a payload formatter on the network server, or a model with a codec (model %s has none)",
		up.shown(), len(up.Frame), up.Port, m.ID)
}

// label names the device for people.
func (up *Uplink) label() string {
	if up.name != "" && len(up.Addresses) > 0 {
		return up.name + " (" + up.Addresses[0] + ")"
	}
	return up.name + strings.Join(up.Addresses, " or ")
}

// shown is label for a rejection.
func (up *Uplink) shown() fault.Foreign {
	if up.name == "" && len(up.Addresses) > 0 {
		return fault.Address(up.Addresses[0])
	}
	return fault.Quoted(up.label())
}

// reasonOf is what a codec says. The words of a script may be those of the message.
func reasonOf(err error) any {
	if errors.Is(err, script.ErrDecoder) {
		return fault.Said(err.Error())
	}
	return err
}

// checkLoRaWAN makes the codec ready, where the model has one.
func checkLoRaWAN(c *model.Compiler) any {
	if c.M.Codec == "" {
		return nil
	}
	return readerOf(c)
}

// decodeFrame runs the model's codec, which is called name.
func decodeFrame(read Reader, name string, up *Uplink, received telemetry.Instant, out *object.Writer) *fault.Fault {
	if err := read(codec.Uplink{Port: up.Port, Bytes: up.Frame}, received, out); err != nil {
		return fault.New(telemetry.ReasonUndecoded, "device %s: %d bytes on port %d: codec %s: %v", up.shown(), len(up.Frame), up.Port, name, reasonOf(err))
	}
	return nil
}

// UplinkOf reads the envelope, whose network server its members tell.
func UplinkOf(w *reading.Worker, msg *ingest.Message) (Uplink, *fault.Fault) {
	if w.Bare != nil {
		return Uplink{network: "a bare frame", Port: *w.Bare, Frame: msg.Payload}, nil
	}
	if f := w.Parse(msg); f != nil {
		return Uplink{}, f
	}
	doc := w.Document
	e := envelope{w, doc}
	for i := range Networks {
		if Networks[i].ours(e) {
			return Networks[i].read(e, msg), nil
		}
	}
	titles, _ := describeNetworks()
	return Uplink{}, fault.New(telemetry.ReasonField, "no envelope of a LoRaWAN network server: want %s; the message has %s",
		titles, document.NamesIn(doc))
}

// envelope looks around in a network server's message.
type envelope struct {
	w   *reading.Worker
	doc *document.Document
}

// at is the member at a path of names from the root; -1: none.
func (e envelope) at(names ...string) int32 { return e.in(0, names...) }

// in is the member at a path of names from node i; -1: none, or null.
func (e envelope) in(i int32, names ...string) int32 {
	for _, name := range names {
		if i < 0 {
			return -1
		}
		c, ok := e.doc.Member(i, name)
		if !ok || e.doc.Nodes[c].Kind == 'n' {
			return -1
		}
		i = c
	}
	return i
}

func (e envelope) text(i int32) string {
	if i < 0 || e.doc.Nodes[i].Kind == '{' || e.doc.Nodes[i].Kind == '[' {
		return ""
	}
	return string(e.doc.Nodes[i].Raw)
}

// whole is a whole number that may stand in quotes.
func (e envelope) whole(i int32) (uint64, bool) {
	if i < 0 {
		return 0, false
	}
	return written.Whole(e.doc.Nodes[i].Raw)
}

func (e envelope) port(i int32) uint8 {
	if v, ok := e.whole(i); ok && v <= 255 {
		return uint8(v)
	}
	return 0
}

// time is the first of some members that holds a time.
func (e envelope) time(candidates ...int32) reading.DeviceTime {
	for _, i := range candidates {
		if i < 0 {
			continue
		}
		n := &e.doc.Nodes[i]
		if t := written.Time(n.Raw, time.UTC); t != 0 {
			return reading.DeviceTime{At: t, Given: true, Text: n.Raw}
		}
	}
	return reading.DeviceTime{}
}

// object is the raw JSON of an object with members; nil: there is none.
func (e envelope) object(i int32) []byte {
	if i < 0 || e.doc.Nodes[i].Kind != '{' || e.doc.Nodes[i].End == i+1 {
		return nil
	}
	return e.doc.Nodes[i].Raw
}

// base64 and hex decode a frame into up. Text that is none (some servers put "..." there) is no frame, and said where nobody
// else decoded it.
func (e envelope) base64(up *Uplink, i int32) { e.frame(up, i, written.Base64) }
func (e envelope) hex(up *Uplink, i int32)    { e.frame(up, i, written.Hex) }

func (e envelope) frame(up *Uplink, i int32, decode func(dst, text []byte) ([]byte, error)) {
	if i < 0 {
		return
	}
	n := &e.doc.Nodes[i]
	if n.Kind != '"' {
		up.broken = fmt.Errorf("%s, want text", document.KindName(n.Kind))
		return
	}
	frame, err := decode(e.w.Scratch[:0], n.Raw)
	if err != nil {
		up.broken = err
		return
	}
	e.w.Scratch, up.Frame = frame, frame
}

// addresses lists what is known of a device's names: those that are there, each once.
func (e envelope) addresses(names ...string) []string {
	var known []string
	for _, name := range names {
		name = written.Bounded(name, written.MaxAddress)
		if name != "" && written.Plain([]byte(name), "-_.:") && !slices.ContainsFunc(known, func(have string) bool { return strings.EqualFold(have, name) }) {
			known = append(known, name)
		}
	}
	return known
}
