package decode

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// Trace is how a message was read, step by step, for the person who looks at it.
type Trace struct {
	Steps []Step
	nodes map[int32]bool // that some field has looked at
	named int            // names in the paths of the values that were read
}

// read notes a node that a field has looked at.
func (t *Trace) read(at int32) {
	if t.nodes == nil {
		t.nodes = make(map[int32]bool)
	}
	t.nodes[at] = true
}

// Step is one thing that the decoder did or decided.
type Step struct {
	// Stage is route, envelope, codec, json, filter, field, time, ignored or result.
	Stage string `json:"stage"`
	// Text says what; it shows no value of a field that was not read.
	Text string `json:"text"`
}

// explain adds a step where somebody asked for an explanation. Callers on the way of every message do not build arguments.
func (w *worker) explain(stage, text string) {
	if w.trace != nil {
		w.trace.Steps = append(w.trace.Steps, Step{stage, text})
	}
}

// explainf is explain with a format; only behind w.trace != nil on the way of every message.
func (w *worker) explainf(stage, format string, args ...any) {
	if w.trace != nil {
		w.explain(stage, fmt.Sprintf(format, args...))
	}
}

// shownObject is the object that a mapping reads.
func (w *worker) shownObject(raw []byte) string {
	if w.sight == redact.Open {
		return written.Bounded(string(raw), maxExplained)
	}
	return string(w.shared.lexicon().PayloadTo(raw, maxExplained))
}

// said is what a fault says to whoever looks at the worker's message.
func (w *worker) said(f *fault.Fault) string { return f.Said(w.shared.lexicon(), w.sight) }

// explainRest lists the fields that no reading of the model has looked at, and those that it leaves alone on purpose.
func (w *worker) explainRest(m *ready) {
	if w.trace == nil || w.tree == nil || m.format.builtin != nil {
		return
	}
	for _, u := range m.Untrusted {
		if p, err := document.ParsePath(u.Path); err == nil {
			p.Each(w.tree, document.Found{}, func(v document.Found) bool {
				w.trace.read(v.At)
				w.explain("ignored", u.Path+": "+u.Why)
				return false
			})
		}
	}
	var rest []string
	captures := len(w.tree.Nodes)
	if len(w.tree.Captures) > 0 {
		captures = int(w.tree.Captures[0])
	}
	for i := range w.tree.Nodes[:captures] {
		n := &w.tree.Nodes[i]
		if n.Kind == '{' || n.Kind == '[' || w.trace.nodes[int32(i)] || !written.PlainName(n.Name) {
			continue
		}
		if len(rest) == maxUnread {
			rest = append(rest, "…")
			break
		}
		if name := string(n.Name); !slices.Contains(rest, name) {
			rest = append(rest, name)
		}
	}
	if len(rest) > 0 {
		w.explain("ignored", "fields that the model does not read: "+strings.Join(rest, ", "))
	}
}

// maxExplained bounds the object that an explanation shows, in bytes.
const maxExplained = 8 << 10

// maxUnread bounds how many unread fields an explanation lists.
const maxUnread = 40
