package decode

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/reading"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
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
	// Counted is false for a count that the model does not count, because it counts another: adding both would count people twice.
	// It is false too for a value that the model has aside: shown here, and taken for nothing.
	Counted *bool `json:"counted,omitempty"`
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

// Answer is what a message means. Neither lines nor a rejection: it is not a reading.
type Answer struct {
	Model     string // that it was read by
	Lines     []Line
	Rejection *telemetry.Rejection
	// Refused says which fields were refused beside those of Lines; nil: none.
	Refused *telemetry.Rejection
	Trace   *reading.Trace // nil unless asked for
}

// One decodes a single message. The device need not be configured: it is then named after what topic or payload say, its
// site is unknown, its zone is UTC and every task is taken. Counts that the model does not count are among the lines, and say so.
func (d *Decoder) One(q reading.Query) Answer {
	w := reading.NewWorker(d.shared, nil)
	w.All = true
	if q.Open {
		w.Sight = redact.Open
	}
	if q.Explain {
		w.Trace = &reading.Trace{}
	}
	msg := &ingest.Message{Topic: q.Topic, Payload: q.Payload, QoS: 1, Retained: q.Retained, Received: telemetry.InstantOf(q.Received)}
	a := Answer{Model: q.Model, Trace: w.Trace}
	m := d.model(q.Model)
	if m == nil {
		a.Rejection = w.Reject(msg, reading.Unbound, fault.New(telemetry.ReasonUnknownTopic, "no model is called %s", fault.Quoted(q.Model))).Rejection
		return a
	}
	if q.Frame {
		w.Bare = &q.Port
	}
	var recs []telemetry.Record
	if b, f := d.route(w, msg); f == nil && b.Model == m {
		recs = d.run(w, msg, nil)
	} else if p := m.Quiet(msg.Topic); p != nil {
		w.Explainf("filter", "not a reading: nobody measures on %s", p.Text)
	} else {
		recs = w.DecodeAs(w.Stranger(m, msg), msg)
	}
	for i := range recs {
		if recs[i].Kind == telemetry.KindRejection {
			if len(a.Lines) == 0 {
				a.Rejection = recs[i].Rejection
				return a
			}
			a.Refused = recs[i].Rejection
			continue
		}
		a.Lines = appendLines(a.Lines, m, &recs[i])
	}
	for i := range a.Lines {
		l := &a.Lines[i]
		if form := model.CountOf(quantityOf(l.Quantity)); w.Form != "" && form != w.Form && (form == model.CountPeriod || form == model.CountTotal) {
			l.Counted = new(bool)
		}
	}
	w.ExplainRest(m)
	return a
}

// Configured is the id of the model that a device of the configuration is read by, where the message is of one; empty: it is not.
func (d *Decoder) Configured(q reading.Query) string {
	if q.Topic == "" {
		return ""
	}
	msg := &ingest.Message{Topic: q.Topic, Payload: q.Payload, QoS: 1, Retained: q.Retained, Received: telemetry.InstantOf(q.Received)}
	b, f := d.route(reading.NewWorker(d.shared, nil), msg)
	if f != nil || b == nil || b.Model == nil {
		return ""
	}
	return b.Model.ID
}

// Knows reports whether there is a model of an id or alias.
func (d *Decoder) Knows(name string) bool { return d.model(name) != nil }

// Frames reports whether the model takes bare radio frames.
func (d *Decoder) Frames(name string) bool {
	m := d.model(name)
	return m != nil && m.Written.Frames
}

// model finds a model by id or alias; nil: there is none.
func (d *Decoder) model(name string) *reading.Ready {
	if m := d.models[name]; m != nil {
		return m
	}
	for _, m := range d.models {
		if slices.Contains(m.Aliases, name) {
			return m
		}
	}
	return nil
}

func appendLines(lines []Line, m *reading.Ready, rec *telemetry.Record) []Line {
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
		line.Quantity, line.Value, line.Unit, line.Channel, line.Text = m.NameOf(r.Quantity), &r.Value, r.Quantity.Unit(), r.Channel, r.Text
		if !m.Taken(r) {
			line.Counted = new(bool)
		}
		lines = append(lines, line)
	}
	if t := o.Task; t != nil {
		line := base
		line.Task, line.Done, line.Agent, line.Item = t.Task, &t.Done, t.Agent, t.Item
		lines = append(lines, line)
	}
	return lines
}

// quantityOf is the quantity of a line.
func quantityOf(name string) telemetry.Quantity {
	q, _ := telemetry.ParseQuantity(strings.TrimSuffix(name, "_period"))
	return q
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
