package decode

import (
	"strings"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// states reads the values of one message: a record for each device that it speaks of.
func states(w *worker, b *binding, entities []*entity, msg *ingest.Message, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault) {
	start := len(dst)
	var broken *fault.Fault
	item := 0
	for i := 0; i < len(entities); {
		device := entities[i].device()
		w.readings = w.readings[:0]
		own := entities[i].b
		if b.stranger && own == nil {
			other := *b
			other.device = entities[i].Devices[0]
			own = &other
		}
		for ; i < len(entities) && entities[i].device() == device; i++ {
			if own == nil {
				continue
			}
			if f := state(w, own, entities[i], msg); f != nil {
				w.refused.add(own, f, entities[i].channel)
			}
		}
		if w.withoutZeros(own); len(w.readings) == 0 {
			continue
		}
		if f := allowed(msg.Sender, own); f != nil {
			broken = f
			continue
		}
		var rec *telemetry.Record
		dst, rec = w.observation(own, msg, dst)
		rec.Observation.Readings = w.arena.keep(w.readings)
		w.shared.clock.judge(rec, deviceTime{})
		rec.Identity = w.identify(own, rec, deviceTime{}, msg.Payload, item)
		item++
	}
	switch {
	case len(dst) > start:
		return dst, nil
	case broken != nil:
		return dst, broken
	case w.refused.first != nil:
		return dst, w.refused.first
	}
	return dst, fault.NotReading
}

// state appends the reading of one entity, if the message has one.
func state(w *worker, b *binding, e *entity, msg *ingest.Message) *fault.Fault {
	q := e.Quantity
	if b.model.Swap {
		q = model.Swapped(q)
	}
	if form := model.CountOf(q); form != "" && form != b.model.Count && !w.all {
		return nil
	}
	v, ok := e.template.render(w.tree, msg.Payload)
	if !ok || valueless[strings.ToLower(v.text)] {
		return nil
	}
	r := telemetry.Reading{Quantity: q, Channel: e.channel}
	var f *fault.Fault
	switch {
	case q == telemetry.Button:
		if r.Value, r.Text = 1, e.press(w.tree, &v); r.Text == "" {
			return nil
		}
	case e.Event:
		if _, ok := w.tree.Member(v.at, "event_type"); !ok {
			return nil
		}
		r.Value = 1
	case q.Definition().Form == telemetry.Flag:
		r.Value, f = e.flag(v.text)
	case !v.numeric:
		f = fault.New(telemetry.ReasonField, "entity %s: no number", fault.Quoted(e.ID))
	default:
		r.Value, f = model.Checked(q, e.unit.Apply(v.number))
	}
	if f != nil {
		w.explain("field", w.said(f))
		return f
	}
	for i := range w.readings {
		if have := &w.readings[i]; have.Quantity == r.Quantity && have.Channel == r.Channel && have.Text == r.Text {
			return nil // announced twice
		}
	}
	if len(w.readings) < maxReadings {
		w.readings = append(w.readings, r)
	}
	return nil
}

// valueless are words that Home Assistant takes for no value.
var valueless = written.SetOf("none", "null", "unavailable", "unknown", "nan", "")

// press is the kind of a press; empty: the message is none.
func (e *entity) press(doc *document.Document, v *rendered) string {
	if !e.Event {
		if e.Payload == "" || e.Payload == v.text {
			return e.Kind
		}
		return ""
	}
	if at, ok := doc.Member(v.at, "event_type"); ok && doc.Nodes[at].Kind == '"' {
		if kind, f := pressOf(&doc.Nodes[at], false); f == nil {
			return kind
		}
	}
	return ""
}

// flag is 1 or 0 for the words of on and off. Letter case matters only where nothing else tells them apart.
func (e *entity) flag(text string) (float64, *fault.Fault) {
	same := strings.EqualFold
	if same(e.On, e.Off) {
		same = func(a, b string) bool { return a == b }
	}
	switch {
	case same(text, e.On):
		return 1, nil
	case same(text, e.Off):
		return 0, nil
	}
	return 0, fault.New(telemetry.ReasonField, "entity %s: neither the word for on nor that for off", fault.Quoted(e.ID))
}
