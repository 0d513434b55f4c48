package decode

import (
	"fmt"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Line is one reading as `gerbang decode` prints it: a JSON object a line.
type Line struct {
	Device   string   `json:"device"`
	Quantity string   `json:"quantity,omitempty"`
	Value    *float64 `json:"value,omitempty"` // a reading's
	Unit     string   `json:"unit,omitempty"`  // UCUM
	At       string   `json:"at"`              // RFC 3339, UTC
	Channel  string   `json:"channel,omitempty"`
	// Text is the kind of a button press.
	Text string `json:"text,omitempty"`
	// Flags name what is special: clock, retained, late, history.
	Flags []string `json:"flags,omitempty"`
	// DeviceTime is the device's own time where it was not believed.
	DeviceTime string `json:"device_time,omitempty"`
	// Task, Done, Agent and Item are those of a task log.
	Task  string `json:"task,omitempty"`
	Done  *bool  `json:"done,omitempty"`
	Agent string `json:"agent,omitempty"`
	Item  string `json:"item,omitempty"`
}

// One decodes a single payload with the model called id, as if it had been received at now. topic may be empty. The
// device need not be configured: it is then named after what topic or payload say, its site is unknown, its zone is UTC
// and every task is taken. Neither lines nor a rejection mean that the message is not a reading.
func (d *Decoder) One(id, topic string, payload []byte, now time.Time) ([]Line, *telemetry.Rejection) {
	w := d.Worker(nil)
	msg := &ingest.Message{Topic: topic, Payload: payload, QoS: 1, Received: telemetry.InstantOf(now)}
	var recs []telemetry.Record
	m := d.models[id]
	if m == nil {
		return nil, reject(msg, unbound, faultf(telemetry.ReasonUnknownTopic, "no model is called %s", quoted(id))).Rejection
	}
	if b, f := d.route(w, msg); f == nil && b.model == m {
		recs = w.Decode(msg, nil)
	} else {
		recs = w.decodeAs(w.stranger(m, msg), msg)
	}
	var lines []Line
	for i := range recs {
		if recs[i].Kind == telemetry.KindRejection {
			return nil, recs[i].Rejection
		}
		lines = appendLines(lines, &recs[i])
	}
	return lines, nil
}

// decodeAs decodes msg for b without asking the router.
func (w *Worker) decodeAs(b *binding, msg *ingest.Message) []telemetry.Record {
	f := w.d.sized(msg)
	var recs []telemetry.Record
	if f == nil {
		recs, f = b.model.decode(w, b, msg, nil)
	}
	switch {
	case f == notReading:
		return nil
	case f != nil:
		return []telemetry.Record{reject(msg, b, f)}
	}
	return recs
}

// stranger makes a binding for a device that no site has.
func (w *Worker) stranger(m *model, msg *ingest.Message) *binding {
	b := &binding{device: "device", model: m, zone: time.UTC}
	patterns := append([]pattern(nil), m.patterns...)
	for _, text := range m.pushPatterns() {
		patterns = append(patterns, mustPattern(text))
	}
	for _, p := range patterns {
		t := &tree{}
		t.add(&route{pattern: p})
		if len(t.match(msg.Topic, nil)) == 0 {
			continue
		}
		if p.device >= 0 {
			b.device = bounded(level(msg.Topic, p.device), maxText)
		}
		if p.site >= 0 {
			b.site = bounded(level(msg.Topic, p.site), maxText)
		}
		break
	}
	if m.address.text != "" && w.parse(msg) == nil {
		if at, ok := m.address.first(w.document, 0); ok {
			b.device = bounded(string(w.document.nodes[at].raw), maxText)
		}
	}
	b.key = b.site + "/" + b.device
	return b
}

func appendLines(lines []Line, rec *telemetry.Record) []Line {
	o := &rec.Observation
	base := Line{Device: o.Device, At: rec.At.String(), DeviceTime: o.DeviceTime}
	for _, f := range []struct {
		flag telemetry.Flags
		name string
	}{
		{telemetry.FlagClock, "clock"}, {telemetry.FlagRetained, "retained"}, {telemetry.FlagLate, "late"}, {telemetry.FlagHistory, "history"},
	} {
		if o.Flags.Has(f.flag) {
			base.Flags = append(base.Flags, f.name)
		}
	}
	for i := range o.Readings {
		r := &o.Readings[i]
		line := base
		line.Quantity, line.Value, line.Unit, line.Channel, line.Text = r.Quantity.String(), &r.Value, r.Quantity.Unit(), r.Channel, r.Text
		lines = append(lines, line)
	}
	if t := o.Task; t != nil {
		line := base
		line.Task, line.Done, line.Agent, line.Item = t.Task, &t.Done, t.Agent, t.Item
		lines = append(lines, line)
	}
	return lines
}

// String is the line for people.
func (l Line) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s", l.At, l.Device)
	switch {
	case l.Task != "":
		fmt.Fprintf(&s, " task %s done=%t", l.Task, l.Done != nil && *l.Done)
	case l.Value != nil:
		fmt.Fprintf(&s, " %s %v %s", l.Quantity, *l.Value, l.Unit)
	}
	for _, extra := range []string{l.Channel, l.Text, strings.Join(l.Flags, ",")} {
		if extra != "" {
			s.WriteString(" " + extra)
		}
	}
	return s.String()
}
