package decode

import (
	"encoding/json"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/object"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func init() {
	register(Format{Name: "homie", Title: "Homie convention, versions 2 to 5", open: openHomie, announces: announcesHomie, empty: true, start: startHomie})
}

// The Homie convention, versions 2 to 5: a property's value, as text, on {root}/{device}/{node}/{property}, and what it is beside
// it: before version 5 one attribute a topic ($unit, $datatype, …), in version 5 a JSON document on {root}/{device}/$description.
// Sources: homieiot.github.io/specification, convention 2.0.1, 3.0.1, 4.0.0 and 5.

// property is what a device has said about one of its properties, as it is remembered.
type property struct {
	Unit     string `json:"unit,omitempty"`
	Datatype string `json:"datatype,omitempty"`
	// Name is kept only where the property's id has no known meaning.
	Name string `json:"name,omitempty"`
	// Settable properties are what somebody wants, not what a sensor measures.
	Settable bool `json:"settable,omitempty"`
}

// homieTopic is a topic of the convention in its parts.
type homieTopic struct {
	root     string // up to and with the device, where it begins to announce itself
	device   string
	node     string
	property string
	// attribute is what stands at the first level with a $, without it; empty: the topic is a property's.
	attribute string
	command   bool // somebody sets the property
}

// homieTopicOf takes a topic apart that fits p.
func homieTopicOf(p *pattern.Pattern, topic string) (homieTopic, bool) {
	if p == nil || p.Device < 0 {
		return homieTopic{}, false
	}
	t := homieTopic{device: p.Value(topic, p.Device)}
	rest := topic
	for range p.Device + 1 {
		_, rest, _ = strings.Cut(rest, "/")
	}
	t.root = strings.TrimSuffix(topic[:len(topic)-len(rest)], "/")
	levels := strings.Split(rest, "/")
	for i, level := range levels {
		if name, ok := strings.CutPrefix(level, "$"); ok {
			t.attribute, levels = name, levels[:i]
			break
		}
	}
	if len(levels) > 0 {
		t.node = levels[0]
	}
	if len(levels) > 1 {
		t.property = levels[1]
	}
	t.command = t.attribute == "" && len(levels) == 3 && levels[2] == "set"
	return t, len(rest) > 0
}

// key is what is remembered of the property; not ok: the ids are none of the convention's.
func (t *homieTopic) key() (string, bool) {
	for _, id := range [...]string{t.node, t.property} {
		if !written.PlainName([]byte(id)) {
			return "", false
		}
	}
	return t.root + " " + t.node + "/" + t.property, written.Plain([]byte(t.root), "_-./")
}

// announcesHomie reports whether a message is what a device says about itself.
func announcesHomie(p *pattern.Pattern, topic string) bool {
	t, ok := homieTopicOf(p, topic)
	return ok && t.attribute != ""
}

// homies is what devices of the convention have announced.
type homies struct{ *announced }

// startHomie counts what is remembered.
func startHomie(s *shared, models []*ready) any {
	a := newAnnounced(s.memory, "homie", func(root string) bool { return configured(models, root[strings.LastIndexByte(root, '/')+1:]) })
	a.recall(func(key, _ string) string {
		root, _, _ := strings.Cut(key, " ")
		return root
	})
	return homies{a}
}

// openHomie makes {"name": what the property is called, "value", "unit", "node"} of a value, and keeps what announcements say.
func openHomie(w *worker, m *ready, msg *ingest.Message) *fault.Fault {
	a, _ := m.state.(homies)
	t, ok := homieTopicOf(w.fit, msg.Topic)
	switch {
	case !ok:
		return fault.New(telemetry.ReasonUnknownTopic, "the topic is none of the Homie convention: want {root}/{device}/{node}/{property}")
	case t.attribute != "":
		return a.learn(w, &t, msg)
	case t.command:
		w.explain("filter", "not a reading: somebody sets the property")
		return fault.NotReading
	case len(msg.Payload) == 0: // the broker forgets it; an empty text is one byte 0
		return fault.NotReading
	case t.property == "":
		return fault.New(telemetry.ReasonUnknownTopic, "the topic names a node and no property")
	case len(msg.Payload) > maxValue:
		return fault.New(telemetry.ReasonTooLarge, "a value of %d bytes: want at most %d", len(msg.Payload), maxValue)
	}
	if f := textual(msg.Payload); f != nil {
		return f
	}
	var p property
	if key, ok := t.key(); ok {
		if text, known := a.get(key); known {
			_ = json.Unmarshal([]byte(text), &p) // it was ours; at worst nothing is known
		}
	}
	return openProperty(w, &t, &p, string(msg.Payload))
}

// openProperty makes the object of one value.
func openProperty(w *worker, t *homieTopic, p *property, value string) *fault.Fault {
	if w.trace != nil {
		w.explainf("envelope", "Homie device %s, datatype %q, unit %q, settable: %t", redact.Quote(t.device), p.Datatype, p.Unit, p.Settable)
	}
	if p.Settable {
		w.explain("filter", "not a reading: the property can be set, so it is what somebody wants and nothing that is measured")
		return fault.NotReading
	}
	number, numeric := written.Float([]byte(value))
	numeric = numeric && value != ""
	switch p.Datatype {
	case "boolean":
		if value != "true" && value != "false" {
			return fault.New(telemetry.ReasonField, "the property is a boolean: want true or false")
		}
	case "integer", "float", "percent":
		if !numeric {
			return fault.New(telemetry.ReasonField, "the property is a number (%s), and the payload is none", p.Datatype)
		}
	case "color", "datetime", "duration", "json":
		w.explain("filter", "not a reading: a property of datatype "+p.Datatype)
		return fault.NotReading
	}
	unit := p.unit()
	name, flag := t.meaning(p, unit)
	// Where the datatype is not known, true and false are still the only ways to write a boolean.
	if flag && p.Datatype != "enum" && value != "true" && value != "false" && flagNumerals[strings.ToLower(value)] {
		return fault.New(telemetry.ReasonField, "the property looks like a boolean: want true or false")
	}
	return w.open(func(out *object.Writer) *fault.Fault {
		out.Text("node", t.node)
		out.Text("name", name)
		if unit != "" {
			out.Text("unit", unit)
		}
		if numeric {
			out.Number("value", number)
		} else {
			out.Text("value", value)
		}
		return nil
	})
}

// flagNumerals are ways to write a boolean that the convention does not have.
var flagNumerals = written.SetOf("0", "1", "on", "off", "yes", "no", "true", "false")

// unit is the property's unit as the table of units has it.
func (p *property) unit() string {
	switch {
	case p.Unit == "#": // a count
		return ""
	case p.Unit == "" && p.Datatype == "percent":
		return "%"
	}
	return p.Unit
}

// meaning finds the name under which the property means something: its own, its node's where its own is only "value", both
// together, or what people called it. flag: that is something which is or is not.
func (t *homieTopic) meaning(p *property, unit string) (name string, flag bool) {
	for _, unit := range [...]string{unit, ""} { // the second time for what is refused for its unit
		for i, name := range [...]string{t.property, t.node, t.node + "_" + t.property, p.Name} {
			if i == 1 && !bland[t.property] {
				continue
			}
			if s, _, ok := meaning.Of(name, unit); ok {
				return name, s.Quantity.Definition().Form == telemetry.Flag
			}
		}
	}
	return t.property, false
}

// bland are ids of properties that leave it to their node to say what they are.
var bland = written.SetOf("value", "degrees", "percentage", "percent", "state", "status", "level", "measure", "measurement", "current", "reading", "lux", "hpa", "celsius")

// learn takes what a device says about itself.
func (a homies) learn(w *worker, t *homieTopic, msg *ingest.Message) *fault.Fault {
	if len(msg.Payload) > 0 && t.attribute != "description" {
		if f := textual(msg.Payload); f != nil {
			return f
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var f *fault.Fault
	switch {
	case t.node != "" && t.property != "":
		f = a.attribute(t, string(msg.Payload))
	case t.node == "" && t.attribute == "description" && len(msg.Payload) > 0:
		f = a.describe(w, t, msg)
	case t.node == "" && len(msg.Payload) == 0 && (t.attribute == "state" || t.attribute == "homie" || t.attribute == "description"):
		f = a.forget(t.root, t.root+" ", nil) // the device is gone for good
	}
	if f != nil {
		return f
	}
	w.explain("filter", "not a reading: what the device says about itself")
	return fault.NotReading
}

// attribute takes one attribute of a property, as versions before 5 have them.
func (a homies) attribute(t *homieTopic, value string) *fault.Fault {
	key, ok := t.key()
	if !ok {
		return nil
	}
	var p property
	if text, known := a.get(key); known {
		_ = json.Unmarshal([]byte(text), &p)
	}
	value = strings.TrimSpace(value)
	switch t.attribute {
	case "unit":
		p.Unit = written.Bounded(value, maxAnnouncing)
	case "datatype":
		p.Datatype = written.Bounded(strings.ToLower(value), maxAnnouncing)
	case "settable":
		p.Settable = value == "true"
	case "name":
		p.Name = t.naming(value)
	default:
		return nil
	}
	_, f := a.keep(t.root, key, p.text())
	return f
}

// naming is what is kept of the name that people gave a property: nothing where its id says what it is.
func (t *homieTopic) naming(name string) string {
	if name, _ := t.meaning(&property{}, ""); name != t.property {
		return ""
	}
	if _, _, ok := meaning.Of(t.property, ""); ok {
		return ""
	}
	return written.Bounded(name, maxAnnouncing)
}

// text is the property as it is remembered; empty if nothing is known of it.
func (p *property) text() string {
	if *p == (property{}) {
		return ""
	}
	text, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	return string(text)
}

// describe takes the document in which a device of version 5 describes all it has. What it does not have any more is
// forgotten.
func (a homies) describe(w *worker, t *homieTopic, msg *ingest.Message) *fault.Fault {
	if f := w.parse(msg); f != nil {
		return f
	}
	e := envelope{w, w.document}
	nodes := e.at("nodes")
	if w.document.Nodes[0].Kind != '{' || nodes >= 0 && w.document.Nodes[nodes].Kind != '{' {
		return fault.New(telemetry.ReasonField, "the description is none: want an object with nodes")
	}
	kept := make(map[string]bool)
	describe := func(node, of int32) *fault.Fault {
		item := *t
		item.node, item.property = string(e.doc.Nodes[node].Name), string(e.doc.Nodes[of].Name)
		key, ok := item.key()
		if !ok {
			return nil
		}
		p := property{
			Unit: written.Bounded(e.text(e.in(of, "unit")), maxAnnouncing), Datatype: written.Bounded(strings.ToLower(e.text(e.in(of, "datatype"))), maxAnnouncing),
			Settable: e.text(e.in(of, "settable")) == "true", Name: item.naming(e.text(e.in(of, "name"))),
		}
		text := p.text()
		kept[key] = text != ""
		_, f := a.keep(t.root, key, text)
		return f
	}
	if nodes >= 0 {
		for node := range e.doc.Children(nodes) {
			properties := e.in(node, "properties")
			if properties < 0 || e.doc.Nodes[properties].Kind != '{' {
				continue
			}
			for of := range e.doc.Children(properties) {
				if f := describe(node, of); f != nil {
					return f
				}
			}
		}
	}
	return a.forget(t.root, t.root+" ", kept)
}
