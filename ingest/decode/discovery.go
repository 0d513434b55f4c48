package decode

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// entity is one thing that a device has announced to Home Assistant and that is a quantity of ours, as it is remembered. It
// does not change once it is made, but for what belongs to its device's other entities.
type entity struct {
	// ID tells the entities of a device apart: its unique id, or else its object id.
	ID string `json:"id"`
	// Devices are how the device is called, the most exact first.
	Devices  []string           `json:"devices"`
	Topic    string             `json:"topic"`
	Template string             `json:"template,omitempty"`
	Quantity telemetry.Quantity `json:"quantity"`
	Unit     string             `json:"unit,omitempty"` // UCUM; empty: the quantity's own
	// On and Off are the words of a flag.
	On  string `json:"on,omitempty"`
	Off string `json:"off,omitempty"`
	// Kind is that of a press, of which Payload tells that it happened (empty: any payload does), and Part the button. Event: the
	// kind is the event_type of a JSON object.
	Kind    string `json:"kind,omitempty"`
	Payload string `json:"payload,omitempty"`
	Part    string `json:"part,omitempty"`
	Event   bool   `json:"event,omitempty"`

	// The rest follows from it.
	template template
	unit     meaning.Linear
	// b is the configured device; nil: none.
	b *binding
	// channel tells it from other entities of the device that measure the same.
	channel string
}

// prepare makes an entity ready that was just announced or is remembered.
func (e *entity) prepare() error {
	var err error
	if e.template, err = parseTemplate(e.Template); err != nil {
		return err
	}
	if e.Quantity.String() == "" || len(e.Devices) == 0 || !stateTopic(e.Topic) {
		return fmt.Errorf("topic %s: want a quantity, a device and a topic without wildcards", redact.Quote(e.Topic))
	}
	e.unit, err = meaning.Conversion(e.Unit, e.Quantity)
	return err
}

// device is the name under which entities of one device are gathered.
func (e *entity) device() string {
	if e.b != nil {
		return e.b.key
	}
	return strings.ToLower(e.Devices[0])
}

// stateTopic reports whether values may be heard on a topic that somebody else has chosen.
func stateTopic(topic string) bool {
	return topic != "" && len(topic) <= written.MaxTopic && !strings.ContainsAny(topic, "+#\x00") && !strings.HasPrefix(topic, "$") &&
		!strings.HasPrefix(topic, pattern.Own) && !strings.HasPrefix(topic, pattern.Push)
}

// maxEntities bounds the entities of one announcement, maxNames the names of one device.
const (
	maxEntities = 128
	maxNames    = 8
)

// discovery reads one announcement: the message on {prefix}/{component}/{object}/config, or on {prefix}/device/{object}/config
// that announces all of a device at once. Source: home-assistant.io/integrations/mqtt, "MQTT Discovery".
type discovery struct {
	envelope
	object   string // the topic's name for the entity or device, with the node before it
	devices  []string
	entities []entity
	// lost is what is a quantity of ours and was not understood.
	lost *fault.Fault
}

// option is a member by its name or its abbreviation; -1: neither is there.
func (d *discovery) option(of int32, name string) int32 {
	if i := d.in(of, name); i >= 0 || abbreviations[name] == "" {
		return i
	}
	return d.in(of, abbreviations[name])
}

// abbreviations are the short names of the options that matter here.
var abbreviations = map[string]string{
	"state_topic": "stat_t", "unit_of_measurement": "unit_of_meas", "device_class": "dev_cla", "value_template": "val_tpl", "device": "dev",
	"identifiers": "ids", "connections": "cns", "unique_id": "uniq_id", "object_id": "obj_id", "default_entity_id": "def_ent_id",
	"payload_on": "pl_on", "payload_off": "pl_off", "entity_category": "ent_cat", "components": "cmps", "platform": "p", "topic": "t",
	"payload": "pl", "automation_type": "atype", "subtype": "stype", "event_types": "evt_typ", "current_temperature_topic": "curr_temp_t",
	"current_temperature_template": "curr_temp_tpl", "current_humidity_topic": "curr_hum_t", "current_humidity_template": "curr_hum_tpl",
	"temperature_unit": "temp_unit",
}

// read finds the entities of an announcement of a component, or of a device with all of its components.
func (d *discovery) read(component string) *fault.Fault {
	if d.doc.Nodes[0].Kind != '{' {
		return fault.New(telemetry.ReasonField, "the announcement is %s, want an object", document.KindName(d.doc.Nodes[0].Kind))
	}
	if d.text(d.in(0, "migrate_discovery")) == "true" {
		return nil // it goes on in an announcement of the device
	}
	d.devices = d.names(d.option(0, "device"))
	if component != "device" {
		d.component(0, component, "")
		return nil
	}
	components := d.option(0, "components")
	if components < 0 || d.doc.Nodes[components].Kind != '{' {
		return fault.New(telemetry.ReasonField, "the announcement of a device has no components")
	}
	for i := range d.doc.Children(components) {
		if d.doc.Nodes[i].Kind == '{' && len(d.entities) < maxEntities {
			d.component(i, d.text(d.option(i, "platform")), string(d.doc.Nodes[i].Name))
		}
	}
	return nil
}

// names are what a device is called: its identifiers, then its connections.
func (d *discovery) names(device int32) []string {
	var names []string
	add := func(i int32) {
		if n := &d.doc.Nodes[i]; (n.Kind == '"' || n.Kind == '0') && len(n.Raw) > 0 && len(n.Raw) <= written.MaxAddress && len(names) < maxNames {
			names = append(names, string(n.Raw))
		}
	}
	if ids := d.option(device, "identifiers"); ids >= 0 {
		if d.doc.Nodes[ids].Kind == '[' {
			for i := range d.doc.Children(ids) {
				add(i)
			}
		} else {
			add(ids)
		}
	}
	if connections := d.option(device, "connections"); connections >= 0 && d.doc.Nodes[connections].Kind == '[' {
		for pair := range d.doc.Children(connections) {
			last := int32(-1)
			for i := range d.doc.Children(pair) {
				last = i
			}
			if last >= 0 {
				add(last)
			}
		}
	}
	return names
}

// component takes what one component says, in node i.
func (d *discovery) component(i int32, kind, key string) {
	object := d.object
	if key != "" {
		object += "/" + key
	}
	unique := d.text(d.option(i, "unique_id"))
	e := entity{ID: written.Bounded(firstOf(unique, object), written.MaxAddress), Devices: slices.Clone(d.devices)}
	for _, name := range [...]string{unique, object, object[strings.LastIndexByte(object, '/')+1:]} {
		if name != "" && len(name) <= written.MaxAddress && !slices.Contains(e.Devices, name) && len(e.Devices) < maxNames+3 {
			e.Devices = append(e.Devices, name)
		}
	}
	switch kind {
	case "sensor":
		d.sensor(i, &e, key)
	case "binary_sensor":
		d.binarySensor(i, &e, key)
	case "event":
		d.event(i, &e)
	case "device_automation":
		d.trigger(i, &e)
	case "climate":
		d.climate(i, e)
	}
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// add takes an entity whose quantity is known.
func (d *discovery) add(i int32, e entity, topic, template string) {
	e.Template = strings.TrimSpace(template)
	e.Topic = d.based(i, topic)
	if err := e.prepare(); err != nil {
		if d.lost == nil {
			d.lost = fault.New(telemetry.ReasonUndecoded, "%s of entity %s is not understood: %v", e.Quantity, fault.Quoted(e.ID), fault.Said(err.Error()))
		}
		return
	}
	d.entities = append(d.entities, e)
}

// based puts the base topic ~ in its place.
func (d *discovery) based(i int32, topic string) string {
	base := firstOf(d.text(d.in(i, "~")), d.text(d.in(0, "~")))
	switch {
	case base == "":
	case strings.HasPrefix(topic, "~"):
		return base + topic[1:]
	case strings.HasSuffix(topic, "~"):
		return topic[:len(topic)-1] + base
	}
	return topic
}

// state is the topic of a component's value; a device may name one for all of its components.
func (d *discovery) state(i int32) (topic, template string) {
	return firstOf(d.text(d.option(i, "state_topic")), d.text(d.option(0, "state_topic"))), d.text(d.option(i, "value_template"))
}

// called is how people and the state's own JSON call an entity.
func (d *discovery) called(i int32, e *entity, template, key string) []string {
	t, _ := parseTemplate(template) // one that is not understood leads nowhere
	names := []string{d.text(d.in(i, "name")), t.last()}
	object := firstOf(d.text(d.option(i, "object_id")), d.text(d.option(i, "default_entity_id")), key)
	return append(names, object[strings.LastIndexByte(object, '.')+1:], e.ID[strings.LastIndexByte(e.ID, '/')+1:])
}

func (d *discovery) sensor(i int32, e *entity, key string) {
	topic, template := d.state(i)
	if topic == "" {
		return
	}
	s, ok := sensorSense(d.text(d.option(i, "device_class")), d.text(d.option(i, "unit_of_measurement")),
		d.text(d.option(i, "entity_category")) == "diagnostic", d.called(i, e, template, key))
	switch unit := d.text(d.option(i, "unit_of_measurement")); {
	case ok:
		e.Quantity, e.Unit = s.Quantity, s.Unit
		d.add(i, *e, topic, template)
	case s.Unit == strangeUnit && d.lost == nil:
		d.lost = fault.New(telemetry.ReasonUndecoded, "%s of entity %s is in %s, which is none that is known of it", s.Quantity, fault.Quoted(e.ID), fault.Quoted(unit))
	}
}

// strangeUnit is the unit of a sense whose word for a unit nobody knows.
const strangeUnit = "?"

// sensorClasses are the device classes of sensors that are quantities of ours.
var sensorClasses = map[string]telemetry.Quantity{
	"temperature": telemetry.Temperature, "humidity": telemetry.Humidity, "carbon_dioxide": telemetry.CO2, "volatile_organic_compounds_parts": telemetry.TVOC,
	"volatile_organic_compounds": telemetry.TVOC, "pm25": telemetry.PM25, "pm10": telemetry.PM10, "atmospheric_pressure": telemetry.Pressure,
	"pressure": telemetry.Pressure, "illuminance": telemetry.Illuminance, "distance": telemetry.Distance, "sound_pressure": telemetry.Noise,
	"battery": telemetry.Battery, "voltage": telemetry.BatteryVoltage,
}

// altering are words in a name that make a value of a class something else than what is measured in a room.
var altering = written.SetOf("set", "setpoint", "target", "dew", "dewpoint", "feels", "heat", "index", "min", "max", "minimum", "maximum", "average", "threshold",
	"limit", "offset", "calibration", "alarm", "delta", "trend", "water", "soil", "pool", "boiler", "object", "absolute", "tank", "tyre", "tire")

// sensorSense is what a sensor measures, by its class or else its names; diagnostic: it tells about the device itself.
func sensorSense(class, unit string, diagnostic bool, names []string) (meaning.Sense, bool) {
	q, classed := sensorClasses[class]
	s := meaning.Sense{Quantity: q}
	if !classed {
		return namedSense(unit, names)
	}
	for _, name := range names[:2] {
		if slices.ContainsFunc(written.Words(name), func(word string) bool { return altering[word] }) {
			return s, false
		}
	}
	own := telemetry.NoQuantity // what a name says more exactly than the class
	for _, name := range names {
		if m, _, ok := meaning.Of(name, ""); ok && own == telemetry.NoQuantity {
			switch m.Quantity {
			case telemetry.DeviceTemperature, telemetry.BodyTemperature, telemetry.BatteryVoltage:
				own = m.Quantity
			}
		}
	}
	switch q {
	case telemetry.Temperature:
		if own == telemetry.DeviceTemperature || own == telemetry.BodyTemperature {
			s.Quantity = own
		} else if diagnostic {
			s.Quantity = telemetry.DeviceTemperature
		}
	case telemetry.BatteryVoltage:
		if own != q && (!diagnostic || unit != "mV") {
			return s, false // the mains, or nobody knows
		}
	}
	if unit == "" {
		return s, true
	}
	var known bool
	s.Unit, known = meaning.Unit(unit)
	if _, err := meaning.Conversion(s.Unit, s.Quantity); !known || err != nil {
		s.Unit = strangeUnit
		return s, false
	}
	return s, true
}

// namedSense is what a sensor without a class measures, by the first of its names that means something.
func namedSense(unit string, names []string) (meaning.Sense, bool) {
	for _, name := range names {
		s, _, ok := meaning.Of(name, unit)
		if !ok && unit != "" {
			// People call the unit of a count what they like.
			if s, _, ok = meaning.Of(name, ""); ok && s.Quantity.Unit() != "1" {
				ok = false
			}
		}
		if !ok {
			continue
		}
		switch s.Quantity.Definition().Form {
		case telemetry.Flag, telemetry.Event:
			if s.Quantity == telemetry.BodyTemperature {
				return s, true
			}
			return s, false
		}
		return s, true
	}
	return meaning.Sense{}, false
}

// flagClasses are the device classes of binary sensors that are quantities of ours; on is open, occupied, moving.
var flagClasses = map[string]telemetry.Quantity{
	"motion": telemetry.Motion, "moving": telemetry.NoQuantity, "occupancy": telemetry.Occupied, "presence": telemetry.Occupied, "door": telemetry.ContactOpen,
	"window": telemetry.ContactOpen, "opening": telemetry.ContactOpen, "garage_door": telemetry.ContactOpen, "tamper": telemetry.Tamper,
}

func (d *discovery) binarySensor(i int32, e *entity, key string) {
	topic, template := d.state(i)
	class := d.text(d.option(i, "device_class"))
	e.Quantity = flagClasses[class]
	if class == "" {
		for _, name := range d.called(i, e, template, key) {
			if s, _, ok := meaning.Of(name, ""); ok && s.Quantity.Definition().Form == telemetry.Flag {
				e.Quantity = s.Quantity
				break
			}
		}
	}
	if topic == "" || e.Quantity == telemetry.NoQuantity {
		return
	}
	e.On = written.Bounded(firstOf(d.text(d.option(i, "payload_on")), "ON"), maxAnnouncing)
	e.Off = written.Bounded(firstOf(d.text(d.option(i, "payload_off")), "OFF"), maxAnnouncing)
	d.add(i, *e, topic, template)
}

// event takes an event entity: a button's, a bell's or a movement's.
func (d *discovery) event(i int32, e *entity) {
	topic, template := d.state(i)
	class := d.text(d.option(i, "device_class"))
	types := d.option(i, "event_types")
	presses := false
	if types >= 0 {
		for t := range d.doc.Children(types) {
			word := strings.ToLower(d.text(t))
			presses = presses || slices.ContainsFunc(pressWords, func(p string) bool { return strings.Contains(word, p) })
		}
	}
	switch {
	case topic == "":
		return
	case class == "button", class == "doorbell", class == "" && presses:
		e.Quantity = telemetry.Button
	case class == "motion":
		e.Quantity = telemetry.Motion
	default:
		return
	}
	e.Event = true
	d.add(i, *e, topic, template)
}

// pressWords are parts of words for a press.
var pressWords = []string{"press", "click", "push", "single", "double", "triple", "long", "hold"}

// trigger takes a device trigger, which is a press of a button.
func (d *discovery) trigger(i int32, e *entity) {
	if kind := d.text(d.option(i, "automation_type")); kind != "trigger" {
		return
	}
	kind, of := d.text(d.in(i, "type")), d.text(d.option(i, "subtype"))
	e.Quantity, e.Payload = telemetry.Button, d.text(d.option(i, "payload"))
	// The payload is the device's own word; the type is Home Assistant's.
	for _, word := range [...]string{e.Payload, kind, of, "press"} {
		if written.PlainName([]byte(word)) {
			e.Kind = word
			break
		}
	}
	if !meaning.Press(e.Kind, true) || !meaning.Press(firstOf(kind, "press"), true) {
		return // of a release, or the turn of a dial
	}
	if of != e.Payload && of != e.Kind {
		e.Part = written.Bounded(of, maxAnnouncing)
	}
	d.add(i, *e, d.text(d.option(i, "topic")), d.text(d.option(i, "value_template")))
}

// climate takes what a thermostat or air conditioner measures.
func (d *discovery) climate(i int32, e entity) {
	for name, q := range map[string]telemetry.Quantity{"current_temperature": telemetry.Temperature, "current_humidity": telemetry.Humidity} {
		topic := d.text(d.option(i, name+"_topic"))
		if topic == "" {
			continue
		}
		one := e
		one.Quantity = q
		if q == telemetry.Temperature && d.text(d.option(i, "temperature_unit")) == "F" {
			one.Unit = "[degF]"
		}
		d.add(i, one, topic, d.text(d.option(i, name+"_template")))
	}
}

// remembered is the text of entities as they are kept.
func remembered(entities []entity) string {
	if len(entities) == 0 {
		return ""
	}
	slices.SortFunc(entities, func(a, b entity) int { return strings.Compare(a.ID+a.Topic, b.ID+b.Topic) })
	text, err := json.Marshal(entities)
	if err != nil {
		return ""
	}
	return string(text)
}
