package influx

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// RefillOptions are what Refill needs.
type RefillOptions struct {
	Server Server
	Source journal.Source
	// From and To are the positions between which all is written again; Head is where the journal ends.
	From, To, Head journal.Position
	// Until is the time at which the refilled period ends.
	Until telemetry.Instant
	// Progress is called after each batch; nil: never.
	Progress func(done journal.Position)
	// Faults as in Options.
	Faults    func(name string, firing bool, detail string)
	Logger    *slog.Logger      // nil: discard
	Transport http.RoundTripper // nil: the network
}

// Refilled is what a Refill did.
type Refilled struct {
	Written uint64             // points, those that were sent twice counted twice
	Refused []journal.Rejected // for good; nobody else keeps them
}

// Refill writes a range of the journal to InfluxDB again, beside the Writer of a running gateway and at low priority. An element becomes
// the points that it became before, so that what is still there is replaced by itself. Where later elements revised states of the period,
// these are written last, as they came. It goes on until all is stored or refused, or ctx ends.
func Refill(ctx context.Context, o RefillOptions) (done Refilled, err error) {
	w, err := New(Options{
		Server: o.Server, Source: &again{Source: o.Source, refused: &done.Refused}, Faults: o.Faults, Logger: o.Logger, Transport: o.Transport,
	})
	if err != nil {
		return done, err
	}
	defer func() { w.connections.Load().close(); w.outage.end() }()
	l := newLane(w, true)
	pass := func(from, end journal.Position) error {
		w.lanes.past = &past{done: from, end: end}
		if err := l.beginAt(ctx, from); err != nil {
			return err
		}
		for more := true; more && !l.idle; {
			more = w.pastTurn(ctx, l)
			if o.Progress != nil && !l.idle {
				o.Progress(l.batch.to)
			}
		}
		l.idle = false
		return ctx.Err()
	}
	if err = pass(o.From, o.To); err == nil {
		l.source = bounded{states{w.source}, w.lanes.pastEnd}
		l.revisionsBefore = o.Until
		err = pass(o.To, o.Head)
	}
	done.Written = w.Health().Written
	return done, err
}

// again is a Source that is read only: it keeps what is refused, and no position.
type again struct {
	journal.Source
	refused *[]journal.Rejected
}

// Advance implements Source.
func (s *again) Advance(_ context.Context, _ journal.Position, rejected []journal.Rejected) error {
	*s.refused = append(*s.refused, rejected...)
	return nil
}

// states is a Source without the messages: what remains are the states that follow from them.
type states struct{ journal.Source }

// Records implements Source.
func (s states) Records(ctx context.Context, after uint64, limit int, dst []telemetry.Record) ([]telemetry.Record, error) {
	from := len(dst)
	dst, err := s.Source.Records(ctx, after, limit, dst)
	for i := from; i < len(dst); i++ {
		if dst[i].Kind != telemetry.KindConfiguration {
			dst[i].Kind = telemetry.KindTick
		}
	}
	return dst, err
}

// Transitions implements Source.
func (s states) Transitions(_ context.Context, _ int64, _ int, dst []journal.Transition) ([]journal.Transition, error) {
	return dst, nil
}
