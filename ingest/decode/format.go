package decode

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Format is a way of writing a payload.
type Format struct {
	Name  string
	Title string
	// empty: a message without payload is one, by which a broker forgets what it retained.
	empty bool
	// announces reports whether a message on a topic that fits p is what a device says about itself. Such messages are taken
	// from devices that are not configured, too, and are no readings. nil: none is.
	announces func(p *pattern, topic string) bool
	// decode reads a message in the format's own way, without a mapping.
	decode decoding
	// open makes one JSON object of a message in w.tree, and of its envelope w.facts. nil: the format has decode.
	open func(w *Worker, m *model, msg *ingest.Message) *fault
	// addresses are how the envelope names its device, the most exact first; nil: topic or Model.Device names it.
	addresses func(w *Worker, msg *ingest.Message) ([]string, *fault)
}

// formats are all formats by name.
var formats map[string]*Format

func init() {
	formats = make(map[string]*Format)
	for _, f := range []Format{
		{Name: "native", Title: "Gerbang's own JSON", decode: decodeNative},
		{Name: "json", Title: "JSON, mapped by the model", open: openJSON},
		{Name: "value", Title: "One bare value per topic", open: openValue, empty: true},
		{Name: "xml", Title: "XML, or the same as JSON, such as cameras push", open: openXML},
		{Name: "line", Title: "InfluxDB line protocol", open: openLines},
		{Name: "senml", Title: "SenML (RFC 8428)", open: openSenML},
		{Name: "sparkplug", Title: "Sparkplug B", open: openSparkplug, addresses: addressesSparkplug},
		{Name: "homeassistant", Title: "Home Assistant's MQTT discovery, and the values that it leads to", decode: decodeHomeAssistant,
			addresses: addressesHomeAssistant, announces: announcesHomeAssistant, empty: true},
		{Name: "homie", Title: "Homie convention, versions 2 to 5", open: openHomie, announces: announcesHomie, empty: true},
		{Name: "lorawan", Title: "LoRaWAN uplink: The Things Stack v3, ChirpStack v3 and v4, ThingPark, LORIOT", open: openLoRaWAN, addresses: addressesLoRaWAN},
		{Name: "frame", Title: "JSON with a radio frame in it, of any other network", open: openFramed},
	} {
		formats[f.Name] = &f
	}
}

// Formats lists all formats by name.
func Formats() []Format {
	all := make([]Format, 0, len(formats))
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		all = append(all, *formats[name])
	}
	return all
}

// formatOf finds a format by its name in a model.
func formatOf(name string) (*Format, error) {
	if name == "" {
		name = "json"
	}
	if f := formats[name]; f != nil {
		return f, nil
	}
	return nil, fmt.Errorf("unknown format %q, want one of %s", name, strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
}

// facts are what an envelope says about the message as a whole, beside what the model finds in its object.
type facts struct {
	time     deviceTime
	sequence uint64
	numbered bool
	boot     string
	// radio: the sequence is a LoRaWAN frame counter; content is a hash of the frame.
	radio   bool
	content uint64
	// direct are readings that the envelope itself carries, such as a battery level; the object is then not read.
	direct []telemetry.Reading
}

// openJSON takes JSON. Text that is none may still be known not to be a reading: some firmware sends lines of another protocol
// on the same topic, which a model ignores by how they begin.
func openJSON(w *Worker, m *model, msg *ingest.Message) *fault {
	f := w.parseLeniently(msg)
	if f != nil && f.reason == telemetry.ReasonSyntax && m.noise && len(msg.Payload) <= maxNoise {
		w.tree = w.inner
		w.tree.scalar(msg.Payload)
		if !m.wanted(w, w.tree) {
			return notReading
		}
	}
	return f
}

// openValue takes a payload that is one number or word. JSON is taken as it is: some firmware sends either, or a word in
// quotes. Where the topic has a level {field} the value, whatever it is, is the member of that name.
func openValue(w *Worker, _ *model, msg *ingest.Message) *fault {
	if len(msg.Payload) == 0 {
		return notReading
	}
	if f := w.openScalar(msg); f != nil {
		return f
	}
	field := ""
	if w.fit != nil {
		field = w.fit.value(msg.Topic, w.fit.field())
	}
	if field == "" {
		return nil
	}
	n := w.tree.nodes[0]
	return w.open(func(out *object.Writer) *fault {
		switch v, ok := n.number(); {
		case n.kind == '"':
			out.Text(field, string(n.raw))
		case n.kind == 'n':
			out.Null(field)
		case n.kind != '0':
			out.Raw(field, n.raw)
		case ok && !math.IsInf(v, 0):
			out.Number(field, v)
		default:
			return faultf(telemetry.ReasonRange, "a number that is not finite")
		}
		return nil
	})
}

// openScalar makes the tree of a payload that is JSON, or one bare number or word.
func (w *Worker) openScalar(msg *ingest.Message) *fault {
	if c := msg.Payload[0]; c == '"' || !bare(msg.Payload) {
		return w.parseLeniently(msg)
	}
	if f := w.d.sized(msg); f != nil {
		return f
	}
	if len(msg.Payload) > maxValue {
		return faultf(telemetry.ReasonTooLarge, "a value of %d bytes: want at most %d", len(msg.Payload), maxValue)
	}
	if f := textual(msg.Payload); f != nil {
		return f
	}
	w.tree = w.inner
	w.tree.scalar(msg.Payload)
	return nil
}

// maxValue bounds a bare value, maxNoise a line of another protocol, in bytes.
const (
	maxValue = 256
	maxNoise = 1024
)
