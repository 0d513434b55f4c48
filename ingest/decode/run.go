package decode

import (
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/reading"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Worker decodes with scratch memory of its own. It belongs to one goroutine at a time.
type Worker struct {
	d *Decoder
	w *reading.Worker
}

// Worker makes a worker. With an arena the readings of its records lie there and are valid until Arena.Reset; with nil
// every record owns its readings.
func (d *Decoder) Worker(a *reading.Arena) *Worker { return &Worker{d, reading.NewWorker(d.shared, a)} }

// Decode is Decoder.Decode with the worker's memory.
func (r *Worker) Decode(msg *ingest.Message, dst []telemetry.Record) []telemetry.Record {
	return r.d.run(r.w, msg, dst)
}

// run decodes in w.
func (d *Decoder) run(w *reading.Worker, msg *ingest.Message, dst []telemetry.Record) (records []telemetry.Record) {
	w.Begin(msg)
	b, f := reading.Unbound, (*fault.Fault)(nil)
	defer func() {
		if len(records) > len(dst) {
			d.hear(w, msg, f, records[len(dst):])
		}
	}()
	// A fault of ours costs one message, never the feed.
	defer func() {
		if cause := recover(); cause != nil {
			records = append(dst, w.Fail(msg, b, cause))
		}
	}()
	b, f = d.route(w, msg)
	records = dst
	switch {
	case f == nil:
		records, f = b.Model.Decode(w, b, msg, dst)
	case f.Reason == telemetry.ReasonUnknownDevice || f.Reason == telemetry.ReasonUnknownTopic:
		w.Shared.Stranger(msg, f)
	}
	switch {
	case f == fault.NotReading:
		b.Model.Ignored.Add(1)
		return dst
	case f != nil:
		if f == w.Refused.First {
			b = w.Refused.Of[0].B
		}
		clear(records[len(dst):])
		rec := w.Reject(msg, b, f)
		rec.Identity = w.Repeats(msg)
		return append(dst, rec)
	}
	return d.router.Restrict(w, msg, w.WithRefused(records, len(dst), msg), len(dst))
}

// route finds whose message it is and whether its sender may send it. On a fault the binding may be partly known, so that
// the rejection can say what is known.
func (d *Decoder) route(w *reading.Worker, msg *ingest.Message) (*reading.Binding, *fault.Fault) {
	switch {
	case len(msg.Topic) > written.MaxTopic:
		return reading.Unbound, fault.New(telemetry.ReasonTooLarge, "topic of %d bytes: want at most %d", len(msg.Topic), written.MaxTopic)
	case !utf8.ValidString(msg.Topic):
		return reading.Unbound, fault.New(telemetry.ReasonEncoding, "the topic is not UTF-8")
	}
	b, f := d.router.Route(w, msg)
	if f != nil {
		// Last, so that no announcement can take another device's topic away.
		announced := d.announced(msg)
		if announced == nil || f == fault.NotReading {
			return b, f
		}
		b = announced
	}
	if f := reading.Allowed(msg.Sender, b); f != nil {
		return b, f
	}
	if len(msg.Payload) == 0 && b.Model.Written.Empty {
		return b, nil
	}
	return b, w.Sized(msg)
}

// announced is whose values come on a topic that a device has announced; nil: nobody's.
func (d *Decoder) announced(msg *ingest.Message) *reading.Binding {
	for _, a := range d.announcers {
		if b := a.Route(msg.Topic, msg.Sender); b != nil {
			return b
		}
	}
	return nil
}
