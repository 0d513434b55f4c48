package reading

import (
	"reflect"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
)

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
