package decode

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// network is a LoRaWAN network server: where it publishes, and what its envelope looks like. This is the one place that knows it.
type network struct {
	title string
	// topics are the patterns on which it publishes by default; none where everybody chooses a topic.
	topics []string
	// ours recognises an envelope by its members.
	ours func(e envelope) bool
	read func(e envelope, msg *ingest.Message) uplink
}

// networks are all network servers, in the order in which they are tried.
var networks = []network{
	{"The Things Stack v3", []string{"v3/+/devices/+/#"}, has("end_device_ids"), envelope.things},
	{"ChirpStack v4", []string{"application/+/device/+/event/+"}, has("deviceInfo"), envelope.chirpstack4},
	{"ChirpStack v3", []string{"application/+/device/+/event/+"}, has("devEUI"), envelope.chirpstack3},
	{"ThingPark", []string{"mqtt/things/+/uplink"}, has("DevEUI_uplink"), envelope.thingpark},
	{"LORIOT", nil, has("EUI", "cmd"), envelope.loriot},
	{"ThingPark", nil, envelope.thingparkOther, envelope.thingparkNoUplink},
}

// describeNetworks names the network servers for people, and lists the topics of all, each once.
func describeNetworks() (titles string, topics []string) {
	var names []string
	for i := range networks {
		if !slices.Contains(names, networks[i].title) {
			names = append(names, networks[i].title)
		}
		for _, topic := range networks[i].topics {
			if !slices.Contains(topics, topic) {
				topics = append(topics, topic)
			}
		}
	}
	return strings.Join(names, ", "), topics
}

// has recognises an envelope that has all of some members.
func has(members ...string) func(envelope) bool {
	return func(e envelope) bool {
		return !slices.ContainsFunc(members, func(name string) bool { return e.at(name) < 0 })
	}
}

// things reads The Things Stack v3. It leaves out members that are 0, false or empty.
func (e envelope) things(*ingest.Message) uplink {
	ids, m := e.at("end_device_ids"), e.at("uplink_message")
	up := uplink{network: "The Things Stack v3", addresses: e.addresses(e.text(e.in(ids, "dev_eui")), e.text(e.in(ids, "device_id")))}
	up.name = e.text(e.in(ids, "device_id"))
	if m < 0 {
		up.other = "a message of The Things Stack that is no uplink"
		for i := range e.doc.Children(0) {
			if name := string(e.doc.Nodes[i].Name); strings.HasPrefix(name, "join_") || strings.HasPrefix(name, "downlink_") || strings.HasPrefix(name, "location_") {
				up.other = written.Channel([]byte(name))
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
	if text := e.at("objectJSON"); up.object == nil && text >= 0 && len(e.doc.Nodes[text].Raw) > 2 {
		up.object = e.doc.Nodes[text].Raw
	}
	return up
}

// event tells what a message of ChirpStack is that is no uplink; empty: it is one.
func (e envelope) event(msg *ingest.Message) string {
	if _, kind, ok := strings.Cut(msg.Topic, "/event/"); ok && kind != "up" {
		return "ChirpStack " + written.Channel([]byte(kind))
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
	v, ok := written.Float(e.doc.Nodes[level].Raw)
	if !ok || v < 0 || v > 100 {
		return nil
	}
	return &v
}

// firstTime is the time of the first gateway that heard the frame.
func (e envelope) firstTime(list string) int32 {
	l := e.at(list)
	if l < 0 || e.doc.Nodes[l].Kind != '[' {
		return -1
	}
	for c := range e.doc.Children(l) {
		if t := e.in(c, "time"); t >= 0 {
			return t
		}
	}
	return -1
}

// thingpark reads Actility ThingPark; numbers may stand in quotes.
func (e envelope) thingpark(*ingest.Message) uplink {
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
func (e envelope) loriot(*ingest.Message) uplink {
	up := uplink{network: "LORIOT", addresses: e.addresses(e.text(e.at("EUI"))), name: e.text(e.at("title"))}
	up.at = e.time(e.at("ts"))
	if cmd := e.text(e.at("cmd")); cmd != "rx" {
		up.other = "LORIOT message " + written.Channel([]byte(cmd))
		return up
	}
	up.port = e.port(e.at("port"))
	up.counter, up.counted = e.whole(e.at("fcnt"))
	up.object = e.object(e.at("decoded"))
	e.hex(&up, e.at("data"))
	return up
}

// thingparkOther recognises what ThingPark sends beside uplinks: joins, locations.
func (e envelope) thingparkOther() bool { return e.thingparkKind() != "" }

// thingparkNoUplink reads a message that is no uplink.
func (e envelope) thingparkNoUplink(*ingest.Message) uplink {
	kind := e.thingparkKind()
	return uplink{network: "ThingPark", other: "ThingPark " + written.Channel([]byte(kind)), addresses: e.addresses(e.text(e.at(kind, "DevEUI")))}
}

// thingparkKind is the member that says what a message of ThingPark is; empty: it is of somebody else.
func (e envelope) thingparkKind() string {
	for i := range e.doc.Children(0) {
		if name := string(e.doc.Nodes[i].Name); strings.HasPrefix(name, "DevEUI_") {
			return name
		}
	}
	return ""
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
