package reading

import (
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
)

// capture puts the named levels of the topic into the tree.
func (w *Worker) capture(topic string) {
	if w.Fit == nil {
		return
	}
	for _, n := range w.Fit.Named {
		w.Tree.Capture(n.Name, w.Fit.Value(topic, n.Level))
	}
	if w.Fit.Device >= 0 {
		w.Tree.Capture("device", w.Fit.Value(topic, w.Fit.Device))
	}
}

// unwrap makes the tree of the member in which the message proper is wrapped, where there is one.
func (w *Worker) unwrap(m *Ready) *fault.Fault {
	if len(m.Inside) == 0 || w.Tree.Nodes[0].Kind != '{' {
		return nil
	}
	for i := range w.Tree.Children(0) {
		n := &w.Tree.Nodes[i]
		if n.Kind == '{' && slices.ContainsFunc(m.Inside, func(name string) bool { return strings.EqualFold(name, string(n.Name)) }) {
			return w.OpenText(n.Raw)
		}
	}
	return nil
}
