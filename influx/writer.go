package influx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Options are what a Writer needs.
type Options struct {
	Server Server
	Source Source
	// BatchLines is how many lines make a full batch (one element may add a few more); 0: 5000.
	BatchLines int
	// BatchBytes likewise, before compression; 0: 4 MiB.
	BatchBytes int
	// Linger is how long a batch that is not full waits for more; 0: 1 s. A Writer that is behind never waits.
	Linger time.Duration
	// StopTimeout is how long Run, when told to stop, may go on to write what is waiting; 0: 5 s. What is left then is
	// written after the next start.
	StopTimeout time.Duration
	// Faults is told when a fault begins and ends, with a sentence for the operator. It must not block. May be nil.
	Faults     func(name string, firing bool, detail string)
	Logger     *slog.Logger          // nil: discard
	Registerer prometheus.Registerer // nil: no metrics
	// Transport replaces the network, for tests; nil: the network.
	Transport http.RoundTripper
}

// validate fills in defaults.
func (o *Options) validate() error {
	err := o.Server.Validate()
	if o.Source == nil {
		err = errors.Join(err, errors.New("source: not set"))
	}
	for _, n := range []*int{&o.BatchLines, &o.BatchBytes} {
		if *n < 0 {
			err = errors.Join(err, fmt.Errorf("batch size %d: want a positive number", *n))
		}
	}
	if o.Linger < 0 || o.StopTimeout < 0 {
		err = errors.Join(err, errors.New("linger, stop timeout: want a positive duration"))
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	setDefault(&o.BatchLines, 5000)
	setDefault(&o.BatchBytes, 4<<20)
	setDefault(&o.Linger, time.Second)
	setDefault(&o.StopTimeout, 5*time.Second)
	setDefault(&o.Server.Timeout, defaultTimeout)
	return err
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Writer carries the journal to InfluxDB. Run does the work in one goroutine; the other methods may be called from any.
type Writer struct {
	server      Server
	source      Source
	log         *slog.Logger
	batchLines  int
	batchBytes  int
	linger      time.Duration
	stopTimeout time.Duration
	baseTimeout time.Duration
	doer        *doer
	api         api.WriteAPIBlocking
	metrics     *metrics

	wake   chan struct{} // holds a signal when something was committed
	health health

	// Owned by Run.
	encoder      encoder
	batch        batch
	records      []telemetry.Record // read, from nextRecord on not yet in a batch
	nextRecord   int
	transitions  []Transition
	samples      []Sample
	flows        []Flow // read, from nextFlow on not yet in a batch
	nextFlow     int
	faults       faults
	timeout      time.Duration // of the next attempt
	failures     int           // in a row
	failingSince time.Time
	lastClass    class
	lastRejected time.Time
	stopping     bool // one attempt each, no waiting
}

// New makes a Writer. It does not speak to the server; an error is one of configuration.
func New(o Options) (*Writer, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("configuring the InfluxDB writer: %w", err)
	}
	rt := o.Transport
	if rt == nil {
		t, err := o.Server.transport()
		if err != nil {
			return nil, fmt.Errorf("configuring the InfluxDB writer: %w", err)
		}
		rt = t
	}
	w := &Writer{
		server: o.Server, source: o.Source, log: o.Logger.With("component", "influx"),
		batchLines: o.BatchLines, batchBytes: o.BatchBytes, linger: o.Linger, stopTimeout: o.StopTimeout,
		baseTimeout: o.Server.Timeout, timeout: o.Server.Timeout,
		doer:   newDoer(rt, http.StatusNoContent, o.Server.compress(), o.Server.Token),
		wake:   make(chan struct{}, 1),
		faults: faults{firing: make(map[string]class), report: o.Faults},
	}
	w.health.is(Starting, "")
	w.api = o.Server.client(w.doer).WriteAPIBlocking(o.Server.Org, o.Server.Bucket)
	var err error
	if w.metrics, err = newMetrics(o.Registerer, w.health.lag); err != nil {
		return nil, fmt.Errorf("registering the InfluxDB writer's metrics: %w", err)
	}
	return w, nil
}

// Committed tells the Writer that the journal has grown up to head. It never blocks; the loop calls it after every commit,
// and once at the start. A missed call delays writing by idleLook.
func (w *Writer) Committed(head Position) {
	w.health.committed(head)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// idleLook is how often the Writer looks for work of its own accord.
const idleLook = 10 * time.Second

// Run writes until ctx ends, then what is waiting if InfluxDB takes it at once, within StopTimeout. It returns nil; faults
// of InfluxDB or the source are reported and tried again, never returned.
func (w *Writer) Run(ctx context.Context) error {
	defer w.doer.client.CloseIdleConnections()
	// What may be wrong is tried until it works; only the end of ctx gets through.
	if err := w.attempt(ctx, "finding the position", func() error { return w.begin(ctx) }); err != nil {
		return nil
	}
	for ctx.Err() == nil {
		behind, err := w.turn(ctx)
		if err == nil && !behind {
			w.gather(ctx)
		}
	}
	w.finish(ctx)
	return nil
}

// finish writes what is waiting after the end of ctx. A Writer that was failing does not begin again.
func (w *Writer) finish(ctx context.Context) {
	if w.failures > 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.stopTimeout)
	defer cancel()
	w.stopping = true
	for behind := true; behind; {
		var err error
		if behind, err = w.turn(ctx); err != nil {
			w.log.Info("stopping with readings still to be written; they wait in the journal", "err", w.safe(err))
			return
		}
	}
}

// begin finds the position, and what was configured there.
func (w *Writer) begin(ctx context.Context) error {
	at, err := w.source.Position(ctx)
	if err != nil {
		return err
	}
	configured, err := w.source.Configured(ctx, at.Record)
	if err != nil {
		return err
	}
	w.encoder = encoder{places: newPlaces()}
	for i := range configured {
		if err := w.encoder.places.configure(&configured[i]); err != nil {
			w.log.Warn("points of a site are written without their places", "err", err)
		}
	}
	w.batch.reset(at)
	w.health.advanced(at)
	return nil
}

// gather waits until there is something to write, and then until it is a full batch or Linger has passed.
func (w *Writer) gather(ctx context.Context) {
	look := time.NewTimer(idleLook)
	defer look.Stop()
	for w.health.pending() == 0 {
		w.quiet()
		select {
		case <-w.wake:
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
// stays, and the next turn goes on with it: its lines must not be made anew.
func (w *Writer) turn(ctx context.Context) (behind bool, err error) {
	b := &w.batch
	err = w.attempt(ctx, "reading the journal", func() (err error) { behind, err = w.fill(ctx); return err })
	if err != nil || b.elements == 0 {
		return false, err
	}
	w.health.filled(b.oldest)
	b.rejected = b.rejected[:0]
	if n := b.lines(); n > 0 {
		if err := w.deliver(ctx, b, 0, n); err != nil {
			return false, err
		}
	}
	if err := w.attempt(ctx, "saving the position", func() error { return w.source.Advance(ctx, b.to, b.rejected) }); err != nil {
		return false, err
	}
	w.health.advanced(b.to)
	b.reset(b.to)
	w.quiet()
	return behind, nil
}

// readMax is how many elements are read at once.
const readMax = 1024

// fill reads on until the batch is full or there is no more, and reports whether there is. Verdicts and samples come first
// and get a part of each batch, so that a long backlog of readings does not hold up the verdicts of today.
func (w *Writer) fill(ctx context.Context) (more bool, err error) {
	b, e := &w.batch, &w.encoder
	part := min(readMax, max(1, w.batchLines/4))
	for limit := b.lines() + part; b.lines() < limit; {
		if w.transitions, err = w.source.Transitions(ctx, b.to.Transition, part, w.transitions[:0]); err != nil {
			return false, err
		}
		for i := range w.transitions {
			e.transition(b, &w.transitions[i])
		}
		if more = len(w.transitions) == part; !more {
			break
		}
	}
	for limit := b.lines() + part; b.lines() < limit; {
		if w.samples, err = w.source.Samples(ctx, b.to.Sample, part, w.samples[:0]); err != nil {
			return false, err
		}
		for i := range w.samples {
			e.sample(b, &w.samples[i])
		}
		if len(w.samples) < part {
			break
		}
		more = true
	}
	// What records of earlier batches brought.
	if all, err := w.fillFlows(ctx, b.to.Record); err != nil || !all {
		return true, err
	}
	all, err := w.fillRecords(ctx)
	return more || !all, err
}

// full reports whether the batch wants to be written.
func (w *Writer) full() bool {
	return w.batch.lines() >= w.batchLines || len(w.batch.text) >= w.batchBytes
}

// fillRecords takes records, and the flows that they brought, until the batch is full or there are no more; all says which.
func (w *Writer) fillRecords(ctx context.Context) (all bool, err error) {
	b, e := &w.batch, &w.encoder
	for read := false; ; read = true {
		for ; w.nextRecord < len(w.records); w.nextRecord++ {
			if w.full() {
				return false, nil
			}
			r := &w.records[w.nextRecord]
			if r.Kind == telemetry.KindConfiguration {
				// What passed before it is written with the places of then.
				if all, err := w.fillFlows(ctx, b.to.Record); err != nil || !all {
					return false, err
				}
			}
			e.record(b, r)
		}
		if read && len(w.records) < readMax {
			return w.fillFlows(ctx, b.to.Record)
		}
		w.nextRecord = 0
		if w.records, err = w.source.Records(ctx, b.to.Record, readMax, w.records[:0]); err != nil {
			w.records = w.records[:0]
			return false, err
		}
	}
}

// fillFlows takes flows that records up to seq brought, until the batch is full or there are no more; all says which.
func (w *Writer) fillFlows(ctx context.Context, seq uint64) (all bool, err error) {
	b := &w.batch
	for {
		for ; w.nextFlow < len(w.flows); w.nextFlow++ {
			f := &w.flows[w.nextFlow]
			if f.Record > seq {
				return true, nil
			}
			if w.full() {
				return false, nil
			}
			w.encoder.flow(b, f)
		}
		w.nextFlow = 0
		if w.flows, err = w.source.Flows(ctx, b.to.Flow, readMax, w.flows[:0]); err != nil {
			w.flows = w.flows[:0]
			return false, err
		}
		if len(w.flows) == 0 {
			return true, nil
		}
	}
}

// attempt does what with the journal has to succeed until it does. It returns an error when ctx has ended or, while
// stopping, at the first failure.
func (w *Writer) attempt(ctx context.Context, what string, do func() error) error {
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
		if w.stopping {
			return err
		}
		if err := sleep(ctx, delay(unreachable, err, n)); err != nil {
			return err
		}
	}
}
