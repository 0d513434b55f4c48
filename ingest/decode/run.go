package decode

import (
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Worker decodes with scratch memory of its own. It belongs to one goroutine at a time.
type Worker struct {
	d *Decoder
	w *worker
}

// Worker makes a worker. With an arena the readings of its records lie there and are valid until Arena.Reset; with nil
// every record owns its readings.
func (d *Decoder) Worker(a *Arena) *Worker { return &Worker{d, newWorker(d.shared, a)} }

// Decode is Decoder.Decode with the worker's memory.
func (r *Worker) Decode(msg *ingest.Message, dst []telemetry.Record) []telemetry.Record {
	return r.d.run(r.w, msg, dst)
}

// run decodes in w.
func (d *Decoder) run(w *worker, msg *ingest.Message, dst []telemetry.Record) (records []telemetry.Record) {
	w.begin(msg)
	b, f := unbound, (*fault.Fault)(nil)
	defer func() {
		if len(records) > len(dst) {
			d.hear(w, msg, f, records[len(dst):])
		}
	}()
	// A fault of ours costs one message, never the feed.
	defer func() {
		if cause := recover(); cause != nil {
			records = append(dst, w.fail(msg, b, cause))
		}
	}()
	b, f = d.route(w, msg)
	records = dst
	switch {
	case f == nil:
		records, f = b.model.decode(w, b, msg, dst)
	case f.Reason == telemetry.ReasonUnknownDevice || f.Reason == telemetry.ReasonUnknownTopic:
		w.shared.stranger(msg, f)
	}
	switch {
	case f == fault.NotReading:
		b.model.ignored.Add(1)
		return dst
	case f != nil:
		if f == w.refused.first {
			b = w.refused.of[0].b
		}
		clear(records[len(dst):])
		rec := w.reject(msg, b, f)
		rec.Identity = w.repeats(msg)
		return append(dst, rec)
	}
	return d.router.restrict(w, msg, w.withRefused(records, len(dst), msg), len(dst))
}

// route finds whose message it is and whether its sender may send it. On a fault the binding may be partly known, so that
// the rejection can say what is known.
func (d *Decoder) route(w *worker, msg *ingest.Message) (*binding, *fault.Fault) {
	switch {
	case len(msg.Topic) > written.MaxTopic:
		return unbound, fault.New(telemetry.ReasonTooLarge, "topic of %d bytes: want at most %d", len(msg.Topic), written.MaxTopic)
	case !utf8.ValidString(msg.Topic):
		return unbound, fault.New(telemetry.ReasonEncoding, "the topic is not UTF-8")
	}
	b, f := d.router.route(w, msg)
	if f != nil {
		// Last, so that no announcement can take another device's topic away.
		announced := d.announced(msg)
		if announced == nil || f == fault.NotReading {
			return b, f
		}
		b = announced
	}
	if f := allowed(msg.Sender, b); f != nil {
		return b, f
	}
	if len(msg.Payload) == 0 && b.model.format.empty {
		return b, nil
	}
	return b, w.sized(msg)
}

// announced is whose values come on a topic that a device has announced; nil: nobody's.
func (d *Decoder) announced(msg *ingest.Message) *binding {
	for _, a := range d.announcers {
		if b := a.route(msg.Topic, msg.Sender); b != nil {
			return b
		}
	}
	return nil
}
