package decode

import (
	"reflect"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// binding is what a topic leads to: a configured device.
type binding struct {
	site   string
	device string
	// address is how messages name the device; empty: not known.
	address string
	key     string // "site/device", as in a Sender
	model   *ready
	zone    *time.Location
	tasks   map[string]facility.Task // of the site; nil: any task is taken (no site is configured)
	author  bool                     // keep a task log's "by"
	// measures are the quantities that the device is there for, as bits; 0: whatever its model reads.
	measures uint64
	// stranger: no site has the device; somebody only looks at its message.
	stranger bool
}

// unbound is the binding of a message that leads nowhere.
var unbound = &binding{}

// bind notes a device of the model by its address.
func (m *ready) bind(b *binding, address string) {
	key := strings.ToLower(address)
	if _, taken := m.devices[key]; taken {
		b = nil
	}
	m.devices[key] = b
}

// namesAlike reports whether messages of both models name their device at the same place.
func (m *ready) namesAlike(other *ready) bool {
	return m.format.addresses != nil && m.format == other.format ||
		m.format == other.format && m.Device == other.Device && m.Each == nil && other.Each == nil && reflect.DeepEqual(m.When, other.When)
}

// names are how a message names its device, the most exact first; NotReading where it is for nobody.
func (m *ready) names(w *worker, msg *ingest.Message) ([]string, *fault.Fault) {
	if m.format.addresses != nil {
		return m.format.addresses(w, m, msg)
	}
	// Whoever is named explains; looking for the name does not.
	trace := w.trace
	w.trace = nil
	defer func() { w.trace = trace }()
	w.facts, w.fit = facts{}, m.Fitting(msg.Topic, msg.Payload, "")
	if f := m.format.open(w, m, msg); f != nil {
		return nil, f
	}
	w.capture(msg.Topic)
	var named []string
	for i := range m.Addresses {
		if name, ok := m.Addresses[i].Read(w.tree, document.Found{}); ok {
			named = append(named, name)
		}
	}
	if f := w.unwrap(m); f != nil {
		return nil, f
	}
	if len(w.tree.Captures) == 0 { // it is another tree
		w.capture(msg.Topic)
	}
	if !m.wanted(w, w.tree) {
		return nil, fault.NotReading
	}
	if len(m.EachDevice) == 0 {
		return named, nil
	}
	m.EachAt.Each(w.tree, document.Found{}, func(item document.Found) bool {
		for i := range m.EachDevice {
			if name, ok := m.EachDevice[i].Read(w.tree, item.Inside()); ok {
				named = append(named, name)
			}
		}
		return len(named) < maxReadings
	})
	return named, nil
}

// allowed checks the credential. Behind an external broker there is none: the broker's own ACL has decided.
func allowed(s *ingest.Sender, b *binding) *fault.Fault {
	if s == nil || s.Devices[b.key] || s.Bridge && s.Devices == nil {
		return nil
	}
	return fault.New(telemetry.ReasonForeign, "credential %s may not publish for device %s", fault.Quoted(s.Name), b.key)
}
