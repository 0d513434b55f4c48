package influx

import (
	"context"
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// lane carries a part of the journal to InfluxDB, in order: the present, or the past. One goroutine owns it.
type lane struct {
	w      *Writer
	past   bool
	again  bool           // what was refused before; it speaks for itself only
	source journal.Source // what of the journal the lane is to write

	encoder      encoder
	batch        batch
	records      []telemetry.Record // read, from nextRecord on not yet in a batch
	nextRecord   int
	transitions  []journal.Transition
	samples      []journal.Sample
	flows        []journal.Flow // read, from nextFlow on not yet in a batch
	nextFlow     int
	bytesMax     int           // of a request, as far as it is known
	timeout      time.Duration // of the next attempt
	failures     int           // in a row
	failingSince time.Time
	lastClass    class

	doubtful        []doubt           // of the batch in work
	revisionsBefore telemetry.Instant // if set, states of this time and later are left out
	spent           int               // answers of refusal to the batch in work
	idle            bool              // the last turn found nothing to write
}

func newLane(w *Writer, past bool) *lane {
	l := &lane{w: w, past: past, source: w.source, bytesMax: w.batchBytes, timeout: w.baseTimeout}
	if past {
		l.source = bounded{w.source, w.lanes.pastEnd}
	}
	return l
}

func (l *lane) name() string {
	switch {
	case l.again:
		return "again"
	case l.past:
		return "past"
	}
	return "present"
}

// begin finds the present's position.
func (l *lane) begin(ctx context.Context) error {
	at, err := l.source.Position(ctx)
	if err != nil {
		return err
	}
	l.w.lanes.begin(at)
	return l.beginAt(ctx, at)
}

// beginAt goes to a position, and finds what was configured there.
func (l *lane) beginAt(ctx context.Context, at journal.Position) error {
	configured, err := l.source.Configured(ctx, at.Record)
	if err != nil {
		return err
	}
	l.encoder = encoder{places: newPlaces(), before: l.revisionsBefore}
	for i := range configured {
		if err := l.encoder.places.configure(&configured[i]); err != nil {
			l.w.log.Warn("points of a site are written without their places", "err", err)
		}
	}
	l.records, l.nextRecord, l.flows, l.nextFlow = l.records[:0], 0, l.flows[:0], 0
	l.batch.reset(at)
	l.w.health.advanced(l.past, at, l.oldest(ctx))
	return nil
}

// oldest is when the gateway learned of the first record that the lane has still to write; 0: there is none, or it is not known.
func (l *lane) oldest(ctx context.Context) telemetry.Instant {
	if l.nextRecord < len(l.records) {
		return receipt(&l.records[l.nextRecord])
	}
	next, err := l.source.Records(ctx, l.batch.to.Record, 1, nil)
	if err != nil || len(next) == 0 {
		return 0
	}
	return receipt(&next[0])
}

// receipt is when the gateway learned of a record.
func receipt(r *telemetry.Record) telemetry.Instant {
	if r.Received != 0 {
		return r.Received
	}
	return r.At
}

// gather waits until there is something to write, and then until it is a full batch or Linger has passed.
func (l *lane) gather(ctx context.Context) {
	w := l.w
	look := time.NewTimer(idleLook)
	defer look.Stop()
	for w.health.pending() == 0 {
		w.faults.quiet()
		select {
		case <-w.wake:
			if w.lanes.reached() {
				return
			}
		case <-look.C:
			return
		case <-ctx.Done():
			return
		}
	}
	full := time.NewTimer(w.linger)
	defer full.Stop()
	for w.health.pending() < uint64(w.batchLines) {
		select {
		case <-w.wake:
		case <-full.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// turn writes one batch and moves the position. behind says that there is more to write at once. After an error the batch
// stays, and the next turn goes on with it.
func (l *lane) turn(ctx context.Context) (behind bool, err error) {
	b := &l.batch
	err = l.attempt(ctx, "reading the journal", func() (err error) { behind, err = l.fill(ctx); return err })
	l.idle = err == nil && b.elements == 0
	if err != nil || b.elements == 0 {
		return false, err
	}
	l.w.health.filled(l.past, b.oldest)
	if err := l.deliver(ctx); err != nil {
		return behind, err
	}
	if err := l.attempt(ctx, "saving the position", func() error { return l.w.advance(ctx, l) }); err != nil {
		return false, err
	}
	b.reset(b.to)
	l.w.health.advanced(l.past, b.to, l.oldest(ctx))
	l.w.faults.quiet()
	return behind, nil
}

// readMax is how many elements are read at once.
const readMax = 1024

// fill reads on until the batch is full or there is no more, and reports whether there is. Verdicts and samples come first
// and get a part of each batch, so that a long backlog of readings does not hold up the verdicts of today.
func (l *lane) fill(ctx context.Context) (more bool, err error) {
	b, e := &l.batch, &l.encoder
	part := min(readMax, max(1, l.w.batchLines/4))
	for limit := b.lines() + part; b.lines() < limit; {
		if l.transitions, err = l.source.Transitions(ctx, b.to.Transition, part, l.transitions[:0]); err != nil {
			return false, err
		}
		for i := range l.transitions {
			e.transition(b, &l.transitions[i])
		}
		if more = len(l.transitions) == part; !more {
			break
		}
	}
	for limit := b.lines() + part; b.lines() < limit; {
		if l.samples, err = l.source.Samples(ctx, b.to.Sample, part, l.samples[:0]); err != nil {
			return false, err
		}
		for i := range l.samples {
			e.sample(b, &l.samples[i])
		}
		if len(l.samples) < part {
			break
		}
		more = true
	}
	// What records of earlier batches brought.
	if all, err := l.fillFlows(ctx, b.to.Record); err != nil || !all {
		return true, err
	}
	all, err := l.fillRecords(ctx)
	return more || !all, err
}

// full reports whether the batch wants to be written.
func (l *lane) full() bool {
	return l.batch.lines() >= l.w.batchLines || len(l.batch.text) >= l.bytesMax
}

// fillRecords takes records, and the flows that they brought, until the batch is full or there are no more; all says which.
func (l *lane) fillRecords(ctx context.Context) (all bool, err error) {
	b, e := &l.batch, &l.encoder
	for read := false; ; read = true {
		for ; l.nextRecord < len(l.records); l.nextRecord++ {
			if l.full() {
				return false, nil
			}
			r := &l.records[l.nextRecord]
			if r.Kind == telemetry.KindConfiguration {
				// What passed before it is written with the places of then.
				if all, err := l.fillFlows(ctx, b.to.Record); err != nil || !all {
					return false, err
				}
			}
			e.record(b, r)
		}
		if read && len(l.records) < readMax {
			return l.fillFlows(ctx, b.to.Record)
		}
		l.nextRecord = 0
		if l.records, err = l.source.Records(ctx, b.to.Record, readMax, l.records[:0]); err != nil {
			l.records = l.records[:0]
			return false, err
		}
	}
}

// fillFlows takes flows that records up to seq brought, until the batch is full or there are no more; all says which.
func (l *lane) fillFlows(ctx context.Context, seq uint64) (all bool, err error) {
	b := &l.batch
	for {
		for ; l.nextFlow < len(l.flows); l.nextFlow++ {
			f := &l.flows[l.nextFlow]
			if f.Record > seq {
				return true, nil
			}
			if l.full() {
				return false, nil
			}
			l.encoder.flow(b, f)
		}
		l.nextFlow = 0
		if l.flows, err = l.source.Flows(ctx, b.to.Flow, readMax, l.flows[:0]); err != nil {
			l.flows = l.flows[:0]
			return false, err
		}
		if len(l.flows) == 0 {
			return true, nil
		}
	}
}

// attempt does what with the journal has to succeed until it does. It returns an error when ctx has ended or, while
// stopping, at the first failure.
func (l *lane) attempt(ctx context.Context, what string, do func() error) error {
	w := l.w
	for n := 1; ; n++ {
		err := do()
		if err == nil {
			w.faults.clear(FaultSource)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.health.is(Retrying, w.safe(err))
		if n == 1 {
			w.log.Error("the InfluxDB writer cannot use the journal", "doing", what, "err", err)
		}
		w.faults.fire(FaultSource, failing, fmt.Sprintf("%s for InfluxDB fails (%s): readings are not written there", what, w.safe(err)))
		if w.stopping.Load() {
			return err
		}
		if err := sleep(ctx, delay(unreachable, err, n), nil); err != nil {
			return err
		}
	}
}
