package decode

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
	"github.com/gerbang-iot/gerbang/ingest/decode/script"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func init() {
	titles, topics := describeNetworks()
	register(Format{Name: "lorawan", Title: "LoRaWAN uplink: " + titles, open: openLoRaWAN, addresses: addressesLoRaWAN, topics: topics, check: checkLoRaWAN})
}

// uplink is what a network server's envelope says of one frame.
type uplink struct {
	network string // for people
	// addresses name the device, the DevEUI first (16 hex digits).
	addresses []string
	name      string // that people gave it on the network server
	// other is what the message is where it is no uplink: a join, a status, a downlink.
	other string
	port  uint8
	// session tells the counter before a join from the counter after it.
	session string
	counter uint64
	counted bool
	at      deviceTime
	frame   []byte // decrypted FRMPayload; nil: none that can be read
	// broken is why the text of a frame is none; nil: it is one, or there is no text.
	broken error
	// object is the network server's own decoding as JSON text; nil: none.
	object []byte
	// battery is the level of a device status, %; nil: not told.
	battery *float64
}

// addressesLoRaWAN gives the DevEUI and, where the network server has one, the device's id.
func addressesLoRaWAN(w *worker, _ *ready, msg *ingest.Message) ([]string, *fault.Fault) {
	up, f := uplinkOf(w, msg)
	if f != nil {
		return nil, f
	}
	return up.addresses, nil
}

// openLoRaWAN makes the tree of what the frame carries: by the model's codec where it has one, else as the network server
// decoded it.
func openLoRaWAN(w *worker, m *ready, msg *ingest.Message) *fault.Fault {
	up, f := uplinkOf(w, msg)
	if f != nil {
		return f
	}
	if w.trace != nil {
		device := ""
		if len(up.addresses) > 0 {
			device = ", device " + strings.Join(up.addresses, " or ")
		}
		w.explainf("envelope", "%s%s, port %d, counter %d, %d bytes, decoded by the network server: %t",
			up.network, device, up.port, up.counter, len(up.frame), up.object != nil)
	}
	w.facts.time = up.at
	if up.battery != nil {
		if v, f := model.Checked(telemetry.Battery, *up.battery); f == nil {
			w.facts.direct = []telemetry.Reading{{Quantity: telemetry.Battery, Value: v}}
			w.tree = w.document
			return nil
		}
	}
	if up.other != "" {
		w.explain("envelope", "not a reading: "+up.other)
		return fault.NotReading
	}
	w.facts.sequence, w.facts.numbered = up.counter, up.counted && up.session != ""
	if w.facts.numbered {
		// Only whether it is the same one matters, and the text may be anybody's.
		w.facts.boot = strconv.FormatUint(xxhash.Sum64String(up.session), 36)
	}
	// What the device sent, for the same frame may come in two envelopes; else all there is.
	w.facts.radio = true
	switch {
	case len(up.frame) > 0:
		w.facts.content = xxhash.Sum64(up.frame)
	case up.object != nil:
		w.facts.content = xxhash.Sum64(up.object)
	default:
		w.facts.content = xxhash.Sum64(msg.Payload)
	}
	return openFrame(w, m, &up, msg)
}

// openFrame makes the tree of what a frame carries.
func openFrame(w *worker, m *ready, up *uplink, msg *ingest.Message) *fault.Fault {
	if len(m.Ports) > 0 && up.port != 0 && !slices.Contains(m.Ports, up.port) {
		w.explainf("codec", "not a reading: port %d, the model reads %v", up.port, m.Ports)
		return fault.NotReading
	}
	var because string
	read := codecOf(m)
	if read != nil && len(up.frame) > 0 && !w.asDecoded {
		f := w.open(func(out *object.Writer) *fault.Fault { return decodeFrame(w, read, m.Codec, up, msg.Received, out) })
		if f == nil {
			if len(w.tree.Nodes) == 1 {
				w.explain("codec", "not a reading: the codec found nothing in the frame")
				return fault.NotReading
			}
			w.explain("codec", m.Codec)
			return nil
		}
		if up.object == nil {
			return f
		}
		because = w.said(f)
	}
	if up.object != nil {
		w.explain("codec", strings.TrimSuffix("as the network server decoded it; "+because, "; "))
		return w.openText(up.object)
	}
	if up.broken != nil {
		return fault.New(telemetry.ReasonUndecoded, "device %s: the frame on port %d is %v", up.shown(), up.port, up.broken)
	}
	if len(up.frame) == 0 {
		w.explain("envelope", "not a reading: the frame is empty")
		return fault.NotReading
	}
	return fault.New(telemetry.ReasonUndecoded, "device %s: %d bytes on port %d that nobody decoded: want a payload formatter on the network server, or a model with a codec (model %s has none)",
		up.shown(), len(up.frame), up.port, m.ID)
}

// label names the device for people.
func (up *uplink) label() string {
	if up.name != "" && len(up.addresses) > 0 {
		return up.name + " (" + up.addresses[0] + ")"
	}
	return up.name + strings.Join(up.addresses, " or ")
}

// shown is label for a rejection.
func (up *uplink) shown() fault.Foreign {
	if up.name == "" && len(up.addresses) > 0 {
		return fault.Address(up.addresses[0])
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
func decodeFrame(w *worker, read reader, name string, up *uplink, received telemetry.Instant, out *object.Writer) *fault.Fault {
	if err := read(codec.Uplink{Port: up.port, Bytes: up.frame}, received, out); err != nil {
		return fault.New(telemetry.ReasonUndecoded, "device %s: %d bytes on port %d: codec %s: %v", up.shown(), len(up.frame), up.port, name, reasonOf(err))
	}
	return nil
}

// uplinkOf reads the envelope, whose network server its members tell.
func uplinkOf(w *worker, msg *ingest.Message) (uplink, *fault.Fault) {
	if w.bare != nil {
		return uplink{network: "a bare frame", port: *w.bare, frame: msg.Payload}, nil
	}
	if f := w.parse(msg); f != nil {
		return uplink{}, f
	}
	doc := w.document
	e := envelope{w, doc}
	for i := range networks {
		if networks[i].ours(e) {
			return networks[i].read(e, msg), nil
		}
	}
	titles, _ := describeNetworks()
	return uplink{}, fault.New(telemetry.ReasonField, "no envelope of a LoRaWAN network server: want %s; the message has %s",
		titles, document.NamesIn(doc))
}

// envelope looks around in a network server's message.
type envelope struct {
	w   *worker
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
func (e envelope) time(candidates ...int32) deviceTime {
	for _, i := range candidates {
		if i < 0 {
			continue
		}
		n := &e.doc.Nodes[i]
		if t := written.Time(n.Raw, time.UTC); t != 0 {
			return deviceTime{at: t, given: true, text: n.Raw}
		}
	}
	return deviceTime{}
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
func (e envelope) base64(up *uplink, i int32) { e.frame(up, i, written.Base64) }
func (e envelope) hex(up *uplink, i int32)    { e.frame(up, i, written.Hex) }

func (e envelope) frame(up *uplink, i int32, decode func(dst, text []byte) ([]byte, error)) {
	if i < 0 {
		return
	}
	n := &e.doc.Nodes[i]
	if n.Kind != '"' {
		up.broken = fmt.Errorf("%s, want text", document.KindName(n.Kind))
		return
	}
	frame, err := decode(e.w.scratch[:0], n.Raw)
	if err != nil {
		up.broken = err
		return
	}
	e.w.scratch, up.frame = frame, frame
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
