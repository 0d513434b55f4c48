package gateway

import (
	"context"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// taking is what is left of a message that is being taken in: if an engine does not come back, another goroutine goes on here.
type taking struct {
	records          []telemetry.Record
	next             int
	stored, rejected bool
	open             bool
	again            bool // the sender says that it sends it again
	retained         bool // the broker repeats it to whoever subscribes
}

// Accept takes one message into the batch.
func (g *Gateway) Accept(ctx context.Context, msg *ingest.Message) error {
	g.counters.Received++
	if msg.QoS == 0 {
		g.counters.Unacknowledged++
	}
	from := len(g.batch.Records)
	g.batch.Records = g.decode(msg, g.batch.Records)
	records := g.batch.Records[from:]
	g.batch.Records = g.batch.Records[:from]

	if len(records) == 0 {
		g.counters.Ignored++
		return nil
	}
	g.message = taking{records: records, open: true, again: msg.Repeated, retained: msg.Retained}
	return g.take(ctx)
}

// take takes in the records of the open message that are left.
func (g *Gateway) take(ctx context.Context) error {
	m := &g.message
	for m.next < len(m.records) {
		rec := m.records[m.next]
		m.next++
		m.rejected = m.rejected || rec.Kind == telemetry.KindRejection
		if !g.seen.takes(rec.Identity, m.again) {
			continue
		}
		m.stored = true
		// What the broker repeats is known by its record, through restarts.
		if rec.Kind == telemetry.KindRejection && len(m.records) == 1 && !m.retained && g.alike.counts(&rec) {
			continue
		}
		g.counters.Readings += uint64(len(rec.Observation.Readings))
		if err := g.append(ctx, rec); err != nil {
			return err
		}
		if last := &g.batch.Records[len(g.batch.Records)-1]; last.Kind == telemetry.KindRejection {
			m.rejected = true // by a fault of ours
		}
	}
	m.open = false
	switch {
	case !m.stored:
		g.counters.Duplicate++
	case m.rejected:
		g.counters.Rejected++
	default:
		g.counters.Stored++
	}
	return nil
}

// decode is the decoder with a net under it: a decoder's own fault is a rejection like any other.
func (g *Gateway) decode(msg *ingest.Message, dst []telemetry.Record) (records []telemetry.Record) {
	from := len(dst)
	defer func() {
		if p := recover(); p != nil {
			g.log.Error("a decoder failed on a message; the message is quarantined", "topic", ingest.Outline(msg.Topic), "err", causeOf(p))
			records = append(dst[:from], telemetry.Record{
				Kind: telemetry.KindRejection, At: msg.Received, Received: msg.Received,
				Rejection: &telemetry.Rejection{
					Topic: ingest.Outline(msg.Topic), Reason: telemetry.ReasonFault, Detail: "the decoder failed on this message",
					Size: len(msg.Payload),
				},
			})
		}
	}()
	return g.decoder.Decode(msg, dst)
}
