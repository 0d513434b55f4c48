package decode

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func init() {
	register(Format{Name: "homeassistant", Title: "Home Assistant's MQTT discovery, and the values that it leads to", decode: decodeHomeAssistant,
		addresses: addressesHomeAssistant, announces: announcesHomeAssistant, empty: true, check: checkHomeAssistant, start: startHomeAssistant})
}

// discovered is what devices have announced to Home Assistant: where their values are published, and what they mean. It is
// safe for concurrent use; looking a topic up takes no lock.
type discovered struct {
	*announced
	models []*ready // of the format

	// topics holds the entities of every topic on which values are published: map[string][]*entity, the slices unchanging.
	topics sync.Map
	// grown is told when configured devices are heard on a further topic.
	grown func()

	// Under announced.mu, by the topic of the announcement:
	configs map[string][]*entity
	// at and of are the announcements that speak of a topic and of a device.
	at, of map[string]map[string]bool
}

// checkHomeAssistant: every pattern names what an announcement is about.
func checkHomeAssistant(c *model.Compiler) any {
	m := c.M
	for i := range m.Patterns {
		for _, name := range [...]string{"component", "object"} {
			if !slices.ContainsFunc(m.Patterns[i].Named, func(n pattern.Named) bool { return n.Name == name }) {
				c.Fail(fmt.Sprintf("match[%d]", i), fmt.Errorf("has no {%s}: want {component}/{object}/config behind a prefix, or {component}/{node}/{object}/config", name))
			}
		}
	}
	return nil
}

func startHomeAssistant(s *shared, models []*ready) any { return newDiscovered(s, models) }

func newDiscovered(s *shared, models []*ready) *discovered {
	h := &discovered{
		models: models, grown: s.grown, configs: make(map[string][]*entity), at: make(map[string]map[string]bool), of: make(map[string]map[string]bool),
	}
	h.announced = newAnnounced(s.memory, "homeassistant", func(device string) bool { return configured(models, device) })
	texts := make(map[string]string)
	h.recall(func(topic, text string) string {
		entities := h.parse(topic, text)
		if len(entities) == 0 {
			return ""
		}
		texts[topic] = text
		return h.owner(entities)
	})
	for topic, text := range texts {
		h.put(topic, h.parse(topic, text))
	}
	return h
}

// parse makes the entities of a remembered announcement ready. What cannot be read is left out: a later version may have
// written it.
func (h *discovered) parse(config, text string) []*entity {
	var kept []entity
	if json.Unmarshal([]byte(text), &kept) != nil {
		return nil
	}
	m := h.model(config)
	if m == nil {
		return nil
	}
	return bound(m, kept)
}

// bound binds entities to the model's devices.
func bound(m *ready, kept []entity) []*entity {
	var entities []*entity
	for i := range kept {
		e := &kept[i]
		if e.prepare() != nil {
			continue
		}
		for _, name := range e.Devices {
			if b := m.devices[strings.ToLower(name)]; b != nil {
				e.b = b
				break
			}
		}
		entities = append(entities, e)
	}
	return entities
}

// model is whose announcements come on a topic; nil: nobody's.
func (h *discovered) model(config string) *ready {
	for _, m := range h.models {
		if slices.ContainsFunc(m.Patterns, func(p pattern.Pattern) bool { return p.Matches(config) }) {
			return m
		}
	}
	return nil
}

// owner is the device on whose account an announcement is kept: one that is configured, if it speaks of one.
func (h *discovered) owner(entities []*entity) string {
	for _, e := range entities {
		for _, name := range e.Devices {
			if h.configured(name) {
				return name
			}
		}
	}
	return entities[0].Devices[0]
}

// find gives the entities whose values come on a topic.
func (h *discovered) find(topic string) []*entity {
	if found, ok := h.topics.Load(topic); ok {
		if entities, ok := found.([]*entity); ok {
			return entities
		}
	}
	return nil
}

// route finds the configured device whose values come on a topic; of several one for which the sender may speak.
func (h *discovered) route(topic string, s *ingest.Sender) *binding {
	var b *binding
	for _, e := range h.find(topic) {
		if e.b != nil && (b == nil || allowed(s, b) != nil) {
			b = e.b
		}
	}
	return b
}

// put replaces the entities of an announcement; none: it is forgotten. The caller holds mu, or nobody else knows h yet.
func (h *discovered) put(config string, entities []*entity) {
	topics, devices := make(map[string]bool), make(map[string]bool)
	for _, e := range h.configs[config] {
		topics[e.Topic], devices[e.device()] = true, true
		unlink(h.at, e.Topic, config)
		unlink(h.of, e.device(), config)
	}
	if len(entities) == 0 {
		delete(h.configs, config)
	} else {
		h.configs[config] = entities
	}
	for _, e := range entities {
		topics[e.Topic], devices[e.device()] = true, true
		link(h.at, e.Topic, config)
		link(h.of, e.device(), config)
	}
	for device := range devices {
		h.channels(device, topics)
	}
	grown := false
	for topic := range topics {
		grown = h.publish(topic) || grown
	}
	if grown {
		h.grown()
	}
}

func link(index map[string]map[string]bool, from, to string) {
	if index[from] == nil {
		index[from] = make(map[string]bool)
	}
	index[from][to] = true
}

func unlink(index map[string]map[string]bool, from, to string) {
	if delete(index[from], to); len(index[from]) == 0 {
		delete(index, from)
	}
}

// channels tells the entities of a device apart that measure the same. The names do not depend on the order in which the
// entities were announced. topics gathers where an entity was renamed.
func (h *discovered) channels(device string, topics map[string]bool) {
	same := make(map[telemetry.Quantity][]*entity)
	for config := range h.of[device] {
		for i, e := range h.configs[config] {
			if e.device() != device {
				continue
			}
			renamed := *e // the old one is being read
			h.configs[config][i] = &renamed
			same[e.Quantity] = append(same[e.Quantity], &renamed)
		}
	}
	for _, entities := range same {
		for _, e := range entities {
			old := e.channel
			switch {
			case e.Quantity == telemetry.Button && !e.Event:
				e.channel = written.Channel([]byte(e.Part))
			case repeated(entities):
				e.channel = e.label(entities)
			default:
				e.channel = ""
			}
			if e.channel != old {
				topics[e.Topic] = true
			}
		}
	}
}

// repeated reports whether entities read more than one value.
func repeated(entities []*entity) bool {
	return slices.ContainsFunc(entities[1:], func(e *entity) bool { return !e.equals(entities[0]) })
}

// equals reports whether two entities read the same value.
func (e *entity) equals(other *entity) bool {
	return e.Topic == other.Topic && e.Template == other.Template && e.Quantity == other.Quantity && e.Payload == other.Payload
}

// label is the member of the JSON that the entity reads, where the device's others read other members; else its id.
func (e *entity) label(others []*entity) string {
	last := e.template.last()
	if last == "" || slices.ContainsFunc(others, func(o *entity) bool { return o.template.last() == last && !o.equals(e) }) {
		last = e.ID
	}
	return written.Channel([]byte(last))
}

// publish brings the entities of a topic into force. It reports whether a configured device is newly heard there.
func (h *discovered) publish(topic string) (grown bool) {
	var entities []*entity
	for config := range h.at[topic] {
		for _, e := range h.configs[config] {
			if e.Topic == topic {
				entities = append(entities, e)
			}
		}
	}
	heard := func(e *entity) bool { return e.b != nil }
	before := slices.ContainsFunc(h.find(topic), heard)
	if len(entities) == 0 {
		h.topics.Delete(topic)
		return false
	}
	slices.SortFunc(entities, func(a, b *entity) int {
		return cmp.Or(cmp.Compare(a.device(), b.device()), cmp.Compare(a.Quantity, b.Quantity), cmp.Compare(a.channel, b.channel), cmp.Compare(a.ID, b.ID))
	})
	h.topics.Store(topic, entities)
	return !before && slices.ContainsFunc(entities, heard)
}

// hears reports whether any device has announced the topic.
func (h *discovered) hears(topic string) bool { return len(h.find(topic)) > 0 }

// filters are the topics on which configured devices publish values.
func (h *discovered) filters() []string {
	var all []string
	h.topics.Range(func(topic, found any) bool {
		entities, _ := found.([]*entity)
		name, _ := topic.(string)
		if slices.ContainsFunc(entities, func(e *entity) bool { return e.b != nil }) {
			all = append(all, name)
		}
		return true
	})
	return all
}

// announcesHomeAssistant: every topic of the format's patterns is one of announcements.
func announcesHomeAssistant(*pattern.Pattern, string) bool { return true }

// addressesHomeAssistant gives all names of the devices of an announcement.
func addressesHomeAssistant(w *worker, m *ready, msg *ingest.Message) ([]string, *fault.Fault) {
	h, _ := m.state.(*discovered)
	d, f := h.discover(w, msg)
	if f != nil {
		return nil, f
	}
	names := d.devices
	for i := range d.entities {
		for _, name := range d.entities[i].Devices {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// discover reads an announcement.
func (h *discovered) discover(w *worker, msg *ingest.Message) (*discovery, *fault.Fault) {
	if len(msg.Payload) == 0 {
		return &discovery{}, nil
	}
	m := h.model(msg.Topic)
	if m == nil {
		return nil, fault.New(telemetry.ReasonUnknownTopic, "the topic is none of announcements: want {prefix}/{component}/{object}/config")
	}
	if f := w.parse(msg); f != nil {
		return nil, f
	}
	fit := m.Fitting(msg.Topic, msg.Payload, "") // all patterns of the format have names: see compile
	d := &discovery{envelope: envelope{w, w.document}}
	component := ""
	for _, n := range fit.Named {
		switch level := fit.Value(msg.Topic, n.Level); n.Name {
		case "component":
			component = level
		case "node", "object":
			d.object = strings.TrimPrefix(d.object+"/"+level, "/")
		}
	}
	return d, d.read(component)
}

// decodeHomeAssistant takes announcements, and reads values where announcements said they are.
func decodeHomeAssistant(w *worker, b *binding, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault) {
	h, _ := b.model.state.(*discovered)
	if h.model(msg.Topic) != nil {
		return dst, h.learn(w, b.model, msg)
	}
	entities := h.find(msg.Topic)
	if len(entities) == 0 {
		if len(msg.Payload) == 0 {
			return dst, fault.NotReading
		}
		return dst, fault.New(telemetry.ReasonUnknownTopic, "no device has announced that it publishes on topic %s", fault.Topic(msg.Topic))
	}
	if len(msg.Payload) == 0 {
		return dst, fault.NotReading // the broker forgets it
	}
	if f := openScalar(w, msg); f != nil {
		return dst, f
	}
	return states(w, b, entities, msg, dst)
}

// learn takes an announcement.
func (h *discovered) learn(w *worker, m *ready, msg *ingest.Message) *fault.Fault {
	d, f := h.discover(w, msg)
	if f != nil {
		return f
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(d.entities) == 0 {
		if _, f := h.keep("", msg.Topic, ""); f != nil {
			return f
		}
		h.put(msg.Topic, nil)
	} else {
		// What is kept is what another decoder will read.
		text := remembered(d.entities)
		entities := bound(m, d.entities)
		changed, f := h.keep(h.owner(entities), msg.Topic, text)
		if f != nil {
			return f
		}
		if changed {
			h.put(msg.Topic, entities)
		}
	}
	if d.lost != nil {
		return d.lost
	}
	if w.trace != nil {
		w.explainf("filter", "not a reading: an announcement, of %d values that are ours", len(d.entities))
		for i := range d.entities {
			e := &d.entities[i]
			w.explainf("envelope", "%s of %s on topic %s %s", e.Quantity, redact.Quote(e.Devices[0]), redact.Quote(e.Topic), e.Template)
		}
	}
	return fault.NotReading
}
