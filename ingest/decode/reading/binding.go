package reading

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

// Binding is what a topic leads to: a configured device.
type Binding struct {
	Site   string
	Device string
	// Address is how messages name the device; empty: not known.
	Address string
	Key     string // "site/device", as in a Sender
	Model   *Ready
	Zone    *time.Location
	Tasks   map[string]facility.Task // of the site; nil: any task is taken (no site is configured)
	Author  bool                     // keep a task log's "by"
	// Measures are the quantities that the device is there for, as bits; 0: whatever its model reads.
	Measures uint64
	// Stranger: no site has the device; somebody only looks at its message.
	Stranger bool
}

// Unbound is the binding of a message that leads nowhere.
var Unbound = &Binding{}

// Bind notes a device of the model by its address.
func (m *Ready) Bind(b *Binding, address string) {
	key := strings.ToLower(address)
	if _, taken := m.Devices[key]; taken {
		b = nil
	}
	m.Devices[key] = b
}

// NamesAlike reports whether messages of both models name their device at the same place.
func (m *Ready) NamesAlike(other *Ready) bool {
	return m.Written.Addresses != nil && m.Written == other.Written ||
		m.Written == other.Written && m.Device == other.Device && m.Each == nil && other.Each == nil && reflect.DeepEqual(m.When, other.When)
}

// Names are how a message names its device, the most exact first; NotReading where it is for nobody.
func (m *Ready) Names(w *Worker, msg *ingest.Message) ([]string, *fault.Fault) {
	if m.Written.Addresses != nil {
		return m.Written.Addresses(w, m, msg)
	}
	// Whoever is named explains; looking for the name does not.
	trace := w.Trace
	w.Trace = nil
	defer func() { w.Trace = trace }()
	w.Facts, w.Fit = Facts{}, m.Fitting(msg.Topic, msg.Payload, "")
	if f := m.Written.Open(w, m, msg); f != nil {
		return nil, f
	}
	w.capture(msg.Topic)
	var named []string
	for i := range m.Addresses {
		if name, ok := m.Addresses[i].Read(w.Tree, document.Found{}); ok {
			named = append(named, name)
		}
	}
	if f := w.unwrap(m); f != nil {
		return nil, f
	}
	if len(w.Tree.Captures) == 0 { // it is another tree
		w.capture(msg.Topic)
	}
	if !m.Wanted(w, w.Tree) {
		return nil, fault.NotReading
	}
	if len(m.EachDevice) == 0 {
		return named, nil
	}
	m.EachAt.Each(w.Tree, document.Found{}, func(item document.Found) bool {
		for i := range m.EachDevice {
			if name, ok := m.EachDevice[i].Read(w.Tree, item.Inside()); ok {
				named = append(named, name)
			}
		}
		return len(named) < MaxReadings
	})
	return named, nil
}

// Allowed checks the credential. Behind an external broker there is none: the broker's own ACL has decided.
func Allowed(s *ingest.Sender, b *Binding) *fault.Fault {
	if s == nil || s.Devices[b.Key] || s.Bridge && s.Devices == nil {
		return nil
	}
	return fault.New(telemetry.ReasonForeign, "credential %s may not publish for device %s", fault.Quoted(s.Name), b.Key)
}
