package decode

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/ingest/decode/script"
	"github.com/gerbang-iot/gerbang/telemetry"
)

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
func addressesLoRaWAN(w *Worker, msg *ingest.Message) ([]string, *fault) {
	up, f := w.uplink(msg)
	if f != nil {
		return nil, f
	}
	return up.addresses, nil
}

// openLoRaWAN makes the tree of what the frame carries: by the model's codec where it has one, else as the network server
// decoded it.
func openLoRaWAN(w *Worker, m *model, msg *ingest.Message) *fault {
	up, f := w.uplink(msg)
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
		if v, f := checked(telemetry.Battery, *up.battery); f == nil {
			w.facts.direct = []telemetry.Reading{{Quantity: telemetry.Battery, Value: v}}
			w.tree = w.document
			return nil
		}
	}
	if up.other != "" {
		w.explain("envelope", "not a reading: "+up.other)
		return notReading
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
	return w.openFrame(m, &up, msg)
}

// openFrame makes the tree of what a frame carries.
func (w *Worker) openFrame(m *model, up *uplink, msg *ingest.Message) *fault {
	if len(m.Ports) > 0 && up.port != 0 && !slices.Contains(m.Ports, up.port) {
		w.explainf("codec", "not a reading: port %d, the model reads %v", up.port, m.Ports)
		return notReading
	}
	var because string
	if m.codec != nil && len(up.frame) > 0 && !w.asDecoded {
		f := w.open(func(out *object.Writer) *fault { return w.decodeFrame(m, up, msg.Received, out) })
		if f == nil {
			if len(w.tree.nodes) == 1 {
				w.explain("codec", "not a reading: the codec found nothing in the frame")
				return notReading
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
		return faultf(telemetry.ReasonUndecoded, "device %s: the frame on port %d is %v", up.shown(), up.port, up.broken)
	}
	if len(up.frame) == 0 {
		w.explain("envelope", "not a reading: the frame is empty")
		return notReading
	}
	return faultf(telemetry.ReasonUndecoded, "device %s: %d bytes on port %d that nobody decoded: want a payload formatter on the network server, or a model with a codec (model %s has none)",
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
func (up *uplink) shown() foreign {
	if up.name == "" && len(up.addresses) > 0 {
		return shownAddress(up.addresses[0])
	}
	return quoted(up.label())
}

// reasonOf is what a codec says. The words of a script may be those of the message.
func reasonOf(err error) any {
	if errors.Is(err, script.ErrDecoder) {
		return foreign{err.Error(), foreignReason}
	}
	return err
}

// decodeFrame runs the model's codec.
func (w *Worker) decodeFrame(m *model, up *uplink, received telemetry.Instant, out *object.Writer) *fault {
	if err := m.codec(codec.Uplink{Port: up.port, Bytes: up.frame}, received, out); err != nil {
		return faultf(telemetry.ReasonUndecoded, "device %s: %d bytes on port %d: codec %s: %v", up.shown(), len(up.frame), up.port, m.Codec, reasonOf(err))
	}
	return nil
}

// uplink reads the envelope, whose network server its members tell.
func (w *Worker) uplink(msg *ingest.Message) (uplink, *fault) {
	if w.bare != nil {
		return uplink{network: "a bare frame", port: *w.bare, frame: msg.Payload}, nil
	}
	if f := w.parse(msg); f != nil {
		return uplink{}, f
	}
	doc := w.document
	e := envelope{w, doc}
	switch {
	case e.at("end_device_ids") >= 0:
		return e.things(), nil
	case e.at("deviceInfo") >= 0:
		return e.chirpstack4(msg), nil
	case e.at("devEUI") >= 0:
		return e.chirpstack3(msg), nil
	case e.at("DevEUI_uplink") >= 0:
		return e.thingpark(), nil
	case e.at("EUI") >= 0 && e.at("cmd") >= 0:
		return e.loriot(), nil
	}
	for i := range doc.children(0) {
		if name := string(doc.nodes[i].name); strings.HasPrefix(name, "DevEUI_") { // join, location, …
			return uplink{network: "ThingPark", other: "ThingPark " + channelText([]byte(name)), addresses: e.addresses(e.text(e.in(i, "DevEUI")))}, nil
		}
	}
	return uplink{}, faultf(telemetry.ReasonField, "no envelope of a LoRaWAN network server: want The Things Stack v3, ChirpStack v3 or v4, ThingPark or LORIOT; the message has %s",
		namesIn(doc))
}

// envelope looks around in a network server's message.
type envelope struct {
	w   *Worker
	doc *document
}

// at is the member at a path of names from the root; -1: none.
func (e envelope) at(names ...string) int32 { return e.in(0, names...) }

// in is the member at a path of names from node i; -1: none, or null.
func (e envelope) in(i int32, names ...string) int32 {
	for _, name := range names {
		if i < 0 {
			return -1
		}
		c, ok := e.doc.member(i, name)
		if !ok || e.doc.nodes[c].kind == 'n' {
			return -1
		}
		i = c
	}
	return i
}

func (e envelope) text(i int32) string {
	if i < 0 || e.doc.nodes[i].kind == '{' || e.doc.nodes[i].kind == '[' {
		return ""
	}
	return string(e.doc.nodes[i].raw)
}

// whole is a whole number that may stand in quotes.
func (e envelope) whole(i int32) (uint64, bool) {
	if i < 0 {
		return 0, false
	}
	return sequence(e.doc.nodes[i].raw)
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
		n := &e.doc.nodes[i]
		if t := parseTime(n.raw, time.UTC); t != 0 {
			return deviceTime{at: t, given: true, text: n.raw}
		}
	}
	return deviceTime{}
}

// object is the raw JSON of an object with members; nil: there is none.
func (e envelope) object(i int32) []byte {
	if i < 0 || e.doc.nodes[i].kind != '{' || e.doc.nodes[i].end == i+1 {
		return nil
	}
	return e.doc.nodes[i].raw
}

// base64 and hex decode a frame into up. Text that is none (some servers put "..." there) is no frame, and said where nobody
// else decoded it.
func (e envelope) base64(up *uplink, i int32) { e.frame(up, i, frameBase64) }
func (e envelope) hex(up *uplink, i int32)    { e.frame(up, i, frameHex) }

func (e envelope) frame(up *uplink, i int32, decode func(dst, text []byte) ([]byte, error)) {
	if i < 0 {
		return
	}
	n := &e.doc.nodes[i]
	if n.kind != '"' {
		up.broken = fmt.Errorf("%s, want text", kindName(n.kind))
		return
	}
	frame, err := decode(e.w.scratch[:0], n.raw)
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
		name = bounded(name, maxAddress)
		if name != "" && plain([]byte(name), "-_.:") && !slices.ContainsFunc(known, func(have string) bool { return strings.EqualFold(have, name) }) {
			known = append(known, name)
		}
	}
	return known
}

// things reads The Things Stack v3. It leaves out members that are 0, false or empty.
func (e envelope) things() uplink {
	ids, m := e.at("end_device_ids"), e.at("uplink_message")
	up := uplink{network: "The Things Stack v3", addresses: e.addresses(e.text(e.in(ids, "dev_eui")), e.text(e.in(ids, "device_id")))}
	up.name = e.text(e.in(ids, "device_id"))
	if m < 0 {
		up.other = "a message of The Things Stack that is no uplink"
		for i := range e.doc.children(0) {
			if name := string(e.doc.nodes[i].name); strings.HasPrefix(name, "join_") || strings.HasPrefix(name, "downlink_") || strings.HasPrefix(name, "location_") {
				up.other = channelText([]byte(name))
			}
		}
		return up
	}
	up.port = e.port(e.in(m, "f_port"))
	up.counter, up.counted = e.whole(e.in(m, "f_cnt"))
	up.counted = up.counted || e.in(m, "f_cnt") < 0 // the first frame has number 0, which is left out
	up.session = e.text(e.in(m, "session_key_id")) + e.text(e.in(ids, "dev_addr"))
	up.at = e.time(e.in(m, "received_at"), e.at("received_at"))
	up.object = e.object(e.in(m, "decoded_payload"))
	e.base64(&up, e.in(m, "frm_payload"))
	return up
}

// chirpstack4 reads ChirpStack v4.
func (e envelope) chirpstack4(msg *ingest.Message) uplink {
	info := e.at("deviceInfo")
	up := uplink{network: "ChirpStack v4", addresses: e.addresses(e.text(e.in(info, "devEui"))), name: e.text(e.in(info, "deviceName"))}
	up.at = e.time(e.at("time"))
	if other := e.event(msg); other != "" {
		up.other = other
		up.battery = e.battery()
		return up
	}
	up.port = e.port(e.at("fPort"))
	up.counter, up.counted = e.whole(e.at("fCnt"))
	up.session = e.text(e.at("devAddr"))
	up.object = e.object(e.at("object"))
	e.base64(&up, e.at("data"))
	return up
}

// chirpstack3 reads ChirpStack v3, whose identities are base64 and whose decoding may be JSON in a string.
func (e envelope) chirpstack3(msg *ingest.Message) uplink {
	up := uplink{network: "ChirpStack v3", addresses: e.addresses(euiOf(e.text(e.at("devEUI")))), name: e.text(e.at("deviceName"))}
	up.at = e.time(e.at("publishedAt"), e.firstTime("rxInfo"))
	if other := e.event(msg); other != "" {
		up.other = other
		up.battery = e.battery()
		return up
	}
	up.port = e.port(e.at("fPort"))
	up.counter, up.counted = e.whole(e.at("fCnt"))
	up.session = e.text(e.at("devAddr"))
	up.object = e.object(e.at("object"))
	e.base64(&up, e.at("data"))
	if text := e.at("objectJSON"); up.object == nil && text >= 0 && len(e.doc.nodes[text].raw) > 2 {
		up.object = e.doc.nodes[text].raw
	}
	return up
}

// event tells what a message of ChirpStack is that is no uplink; empty: it is one.
func (e envelope) event(msg *ingest.Message) string {
	if _, kind, ok := strings.Cut(msg.Topic, "/event/"); ok && kind != "up" {
		return "ChirpStack " + channelText([]byte(kind))
	}
	for _, telling := range [...]string{"margin", "acknowledged", "gatewayID", "errorCode", "location"} {
		if e.at(telling) >= 0 && e.at("fPort") < 0 && e.at("data") < 0 && e.at("object") < 0 {
			return "ChirpStack message with " + telling
		}
	}
	if e.at("fPort") < 0 && e.at("data") < 0 && e.at("object") < 0 && e.at("objectJSON") < 0 {
		return "ChirpStack message without a frame"
	}
	return ""
}

// battery is the level in a device status, where the device knows it.
func (e envelope) battery() *float64 {
	level := e.at("batteryLevel")
	if level < 0 || e.text(e.at("batteryLevelUnavailable")) == "true" || e.text(e.at("externalPowerSource")) == "true" {
		return nil
	}
	v, ok := parseFloat(e.doc.nodes[level].raw)
	if !ok || v < 0 || v > 100 {
		return nil
	}
	return &v
}

// firstTime is the time of the first gateway that heard the frame.
func (e envelope) firstTime(list string) int32 {
	l := e.at(list)
	if l < 0 || e.doc.nodes[l].kind != '[' {
		return -1
	}
	for c := range e.doc.children(l) {
		if t := e.in(c, "time"); t >= 0 {
			return t
		}
	}
	return -1
}

// thingpark reads Actility ThingPark; numbers may stand in quotes.
func (e envelope) thingpark() uplink {
	m := e.at("DevEUI_uplink")
	up := uplink{network: "ThingPark", addresses: e.addresses(e.text(e.in(m, "DevEUI"))), name: e.text(e.in(m, "CustomerData", "name"))}
	up.port = e.port(e.in(m, "FPort"))
	up.counter, up.counted = e.whole(e.in(m, "FCntUp"))
	up.session = e.text(e.in(m, "DevAddr"))
	up.at = e.time(e.in(m, "Time"))
	up.object = e.object(e.in(m, "payload"))
	e.hex(&up, e.in(m, "payload_hex"))
	return up
}

// loriot reads LORIOT: cmd "rx" is an uplink, "gw" the same uplink once more with the gateways that heard it.
func (e envelope) loriot() uplink {
	up := uplink{network: "LORIOT", addresses: e.addresses(e.text(e.at("EUI"))), name: e.text(e.at("title"))}
	up.at = e.time(e.at("ts"))
	if cmd := e.text(e.at("cmd")); cmd != "rx" {
		up.other = "LORIOT message " + channelText([]byte(cmd))
		return up
	}
	up.port = e.port(e.at("port"))
	up.counter, up.counted = e.whole(e.at("fcnt"))
	up.object = e.object(e.at("decoded"))
	e.hex(&up, e.at("data"))
	return up
}

// euiOf is a DevEUI as 16 hex digits; ChirpStack v3 writes it as base64 unless it was told otherwise.
func euiOf(text string) string {
	if len(text) == 12 {
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil && len(raw) == 8 {
			return hex.EncodeToString(raw)
		}
	}
	return text
}
