package reading

import (
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// shownObject is the object that a mapping reads.
func (w *Worker) shownObject(raw []byte) string {
	if w.Sight == redact.Open {
		return written.Bounded(string(raw), maxExplained)
	}
	return string(w.Shared.Lexicon().PayloadTo(raw, maxExplained))
}

// Said is what a fault says to whoever looks at the worker's message.
func (w *Worker) Said(f *fault.Fault) string { return f.Said(w.Shared.Lexicon(), w.Sight) }

// ExplainRest lists the fields that no reading of the model has looked at, and those that it leaves alone on purpose.
func (w *Worker) ExplainRest(m *Ready) {
	if w.Trace == nil || w.Tree == nil || m.Written.Builtin != nil {
		return
	}
	for _, u := range m.Untrusted {
		if p, err := document.ParsePath(u.Path); err == nil {
			p.Each(w.Tree, document.Found{}, func(v document.Found) bool {
				w.Trace.read(v.At)
				w.Explain("ignored", u.Path+": "+u.Why)
				return false
			})
		}
	}
	var rest []string
	captures := len(w.Tree.Nodes)
	if len(w.Tree.Captures) > 0 {
		captures = int(w.Tree.Captures[0])
	}
	for i := range w.Tree.Nodes[:captures] {
		n := &w.Tree.Nodes[i]
		if n.Kind == '{' || n.Kind == '[' || w.Trace.nodes[int32(i)] || !written.PlainName(n.Name) {
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
		w.Explain("ignored", "fields that the model does not read: "+strings.Join(rest, ", "))
	}
}

// maxExplained bounds the object that an explanation shows, in bytes.
const maxExplained = 8 << 10

// maxUnread bounds how many unread fields an explanation lists.
const maxUnread = 40
