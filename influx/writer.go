package influx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/journal"
)

// Options are what a Writer needs.
type Options struct {
	Server Server
	Source journal.Source
	// Head is where the journal ends at the start.
	Head journal.Position
	// BatchLines is how many lines make a full batch (one element may add a few more); 0: 5000.
	BatchLines int
	// BatchBytes likewise, before compression; 0: 4 MiB.
	BatchBytes int
	// Linger is how long a batch that is not full waits for more; 0: 1 s. A Writer that is behind never waits.
	Linger time.Duration
	// StopTimeout is how long Run, when told to stop, may go on to write what is waiting; 0: 5 s. What is left then is
	// written after the next start.
	StopTimeout time.Duration
	// Faults is told when a fault begins and ends, with a sentence for the operator: by any goroutine, one at a time. It must not block.
	// May be nil.
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

// Writer carries the journal to InfluxDB in two lanes: the present, and the past where there is one. Run does the work; the other
// methods may be called from any goroutine.
type Writer struct {
	source      *shared
	log         *slog.Logger
	batchLines  int
	batchBytes  int
	linger      time.Duration
	stopTimeout time.Duration
	baseTimeout time.Duration
	override    http.RoundTripper // of Options.Transport
	metrics     *metrics
	connections atomic.Pointer[connections]

	wake      chan struct{} // holds a signal when something was committed
	begun     chan struct{} // holds a signal when there is a past
	health    health
	faults    faults
	outage    outage
	lanes     lanes
	good      atomic.Pointer[string] // a line that was stored lately; nil: none yet
	againOnce againOnce
	stopping  atomic.Bool // one attempt each, no waiting
}

// New makes a Writer. It does not speak to the server; an error is one of configuration.
func New(o Options) (*Writer, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("configuring the InfluxDB writer: %w", err)
	}
	w := &Writer{
		source: &shared{source: o.Source}, log: o.Logger.With("component", "influx"),
		batchLines: o.BatchLines, batchBytes: o.BatchBytes, linger: o.Linger, stopTimeout: o.StopTimeout,
		baseTimeout: o.Server.Timeout, override: o.Transport,
		wake: make(chan struct{}, 1), begun: make(chan struct{}, 1),
		faults: faults{firing: make(map[string]class), report: o.Faults},
	}
	w.outage.alarm = w.outageAlarmed
	w.health.is(Starting, "")
	w.health.head = o.Head
	c, err := w.connect(o.Server)
	if err != nil {
		return nil, fmt.Errorf("configuring the InfluxDB writer: %w", err)
	}
	w.connections.Store(c)
	if w.metrics, err = newMetrics(o.Registerer, w.health.lag); err != nil {
		return nil, fmt.Errorf("registering the InfluxDB writer's metrics: %w", err)
	}
	return w, nil
}

// Committed tells the Writer that the journal has grown up to head. It never blocks; the loop calls it after every commit,
// and once at the start. A missed call delays writing by idleLook.
func (w *Writer) Committed(head journal.Position) {
	w.health.committed(head)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// idleLook is how often the Writer looks for work of its own accord.
const idleLook = 10 * time.Second

// Run writes until ctx ends, then what is waiting in the present if InfluxDB takes it at once, within StopTimeout. It returns nil;
// faults of InfluxDB or the source are reported and tried again, never returned.
func (w *Writer) Run(ctx context.Context) error {
	defer func() { w.connections.Load().close() }()
	defer w.outage.end()
	live := newLane(w, false)
	// What may be wrong is tried until it works; only the end of ctx gets through.
	if err := live.attempt(ctx, "finding the position", func() error { return live.begin(ctx) }); err != nil {
		return nil
	}
	var past sync.WaitGroup
	past.Go(func() { w.runPast(ctx) })
	defer past.Wait()
	for ctx.Err() == nil {
		behind, err := w.present(ctx, live)
		if err == nil && !behind {
			live.gather(ctx)
		}
	}
	past.Wait()
	w.finish(ctx, live)
	return nil
}

// finish writes what is waiting after the end of ctx. A Writer that was failing does not begin again.
func (w *Writer) finish(ctx context.Context, live *lane) {
	if live.failures > 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.stopTimeout)
	defer cancel()
	w.stopping.Store(true)
	for behind := true; behind; {
		var err error
		if behind, err = live.turn(ctx); err != nil {
			w.log.Info("stopping with readings still to be written; they wait in the journal", "err", w.safe(err))
			return
		}
	}
}
