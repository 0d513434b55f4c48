package sqlite

import (
	"encoding/json"
	"fmt"

	"github.com/gerbang-iot/gerbang/journal"
)

// ahead is what the open transaction holds of a batch before its commit: so many of each, and only of what a batch never changes
// again. It promises nothing: whoever takes the connection for anything else forgets it, and the commit writes it again.
type ahead struct {
	of                                   *journal.Batch // nil: no transaction is open
	records, transitions, samples, flows int
}

// Prepare writes ahead what a batch has so far; see journal.Store. Where it cannot, the commit says why.
func (j *Journal) Prepare(b *journal.Batch) {
	w, err := j.working()
	if err != nil || w.takeFor(b) != nil {
		return
	}
	defer w.give()
	if w.ahead.of == nil {
		if w.begin.exec() != nil {
			return
		}
		w.ahead.of = b
	}
	if w.writeAhead(b) != nil {
		w.forget()
	}
}

// forget throws away what was written ahead. Under lock.
func (w *writer) forget() {
	if w.ahead.of != nil {
		_ = w.rollback.exec() // where it fails, the next BEGIN says so
		w.ahead = ahead{}
		w.book.clear(false) // the edges of the logs move at the commit
	}
}

// writeAhead puts into the open transaction what a batch has got since it was put there last.
func (w *writer) writeAhead(b *journal.Batch) error {
	if w.ahead.records == 0 {
		w.linked = w.sum
	}
	if err := w.writeRecords(b.Records[w.ahead.records:]); err != nil {
		return err
	}
	w.ahead.records = len(b.Records)
	for ; w.ahead.transitions < len(b.Transitions); w.ahead.transitions++ {
		t := &b.Transitions[w.ahead.transitions]
		body, err := json.Marshal(t)
		if err != nil {
			return fmt.Errorf("encoding a transition: %w", err)
		}
		if err := w.transition.exec(w.head.Transition+int64(w.ahead.transitions)+1, int64(t.Record), t.Site, t.Rule, t.Subject.String(), int64(t.At),
			int64(t.Until), t.Late, int64(t.To), t.Near, t.Idle, string(t.Explanation.Reason), int64(t.Told), string(body)); err != nil {
			return err
		}
		w.book.factOfTransition(w.head.Transition+int64(w.ahead.transitions)+1, t, body)
	}
	for ; w.ahead.samples < len(b.Samples); w.ahead.samples++ {
		s := &b.Samples[w.ahead.samples]
		if err := w.sample.exec(w.head.Sample+int64(w.ahead.samples)+1, int64(s.Record), s.Site, s.Zone, int64(s.At), s.Persons, s.Error, s.Low, s.High,
			s.Limit, int64(s.Verdict), s.Near, s.Known, s.HasLimit); err != nil {
			return err
		}
	}
	for ; w.ahead.flows < len(b.Flows); w.ahead.flows++ {
		f := &b.Flows[w.ahead.flows]
		if err := w.flow.exec(w.head.Flow+int64(w.ahead.flows)+1, int64(f.Record), f.Site, f.Device, f.Channel, int64(f.At), f.In, f.Out); err != nil {
			return err
		}
	}
	return nil
}
