package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	amalert "github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/provider/mem"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
)

// EmbeddedOptions configure the Alertmanager inside the gateway.
type EmbeddedOptions struct {
	// Config is an alertmanager.yml: routes, groups, inhibition, time intervals, receivers. Relative paths in it are taken
	// from BaseDir.
	Config  []byte
	BaseDir string
	// Templates are texts of templates that every configuration can use; the configuration's own files may replace them.
	Templates []string
	// Language of notifications, and the languages of single receivers by name. Default DefaultLanguage.
	Language  string
	Languages map[string]string
	// DataDir keeps silences and the log of notifications over a restart; it is made where it is missing.
	DataDir string
	// ExternalURL is where links lead. Default http://localhost.
	ExternalURL string
	// Retention of ended silences and the log of notifications. Default 5 days.
	Retention time.Duration
	// Maintenance is how often they are written to DataDir, besides at the end. Default 15 minutes.
	Maintenance time.Duration
	// StartDelay is how long notifications wait after the start for all alerts to arrive, so that nothing is notified
	// that another alert inhibits. Default 1 second; negative: none.
	StartDelay time.Duration
	Logger     *slog.Logger
	// Registerer takes Alertmanager's own metrics; it can be used by one Embedded only. nil: none.
	Registerer prometheus.Registerer
}

func (o *EmbeddedOptions) setDefaults() error {
	if o.DataDir == "" {
		return errors.New("making an Alertmanager: want a data directory")
	}
	if o.Retention <= 0 {
		o.Retention = 120 * time.Hour
	}
	if o.Maintenance <= 0 {
		o.Maintenance = 15 * time.Minute
	}
	if o.StartDelay == 0 {
		o.StartDelay = time.Second
	}
	if o.Language == "" {
		o.Language = DefaultLanguage
	}
	if o.ExternalURL == "" {
		o.ExternalURL = "http://localhost"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Registerer == nil {
		// Alertmanager's packages count without asking whether there is somebody to count for.
		o.Registerer = prometheus.NewRegistry()
	}
	return nil
}

// Embedded is an Alertmanager in this process, made of the packages of Alertmanager: it is configured, groups, silences,
// inhibits, repeats and notifies exactly like one of its own. It has no HTTP interface and no peers.
//
// Its alerts are in memory: after a restart they come with the Resender's first round. Silences and what was notified are
// on disk.
type Embedded struct {
	o           EmbeddedOptions
	log         *slog.Logger
	externalURL *url.URL

	// Made once, safe for concurrent use.
	nflog    *nflog.Log
	silences *silence.Silences
	silencer *silence.Silencer
	groups   marker.GroupMarker
	pipeline *notify.PipelineBuilder
	metrics  *dispatch.DispatcherMetrics

	mu         sync.Mutex
	setup      *setup // the configuration in force
	started    time.Time
	alerts     *mem.Alerts // nil unless running
	inhibitor  *inhibit.Inhibitor
	dispatcher *dispatch.Dispatcher
	drain      *drain
	running    sync.WaitGroup // the inhibitor's and dispatcher's goroutines
}

var _ Router = (*Embedded)(nil)

// matchersOnce: the syntax of matchers is a global of Alertmanager's packages.
var matchersOnce sync.Once

func initMatchers(log *slog.Logger) {
	matchersOnce.Do(func() { compat.InitFromFlags(log, featurecontrol.NoopFlags{}) })
}

// NewEmbedded reads the configuration and the data directory. Nothing runs before Run.
func NewEmbedded(o EmbeddedOptions) (*Embedded, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	log := slog.New(redactor{o.Logger.Handler()}).With("component", "alertmanager")
	initMatchers(log)
	external, err := url.Parse(o.ExternalURL)
	if err != nil {
		return nil, fmt.Errorf("making an Alertmanager: external URL: %w", err)
	}
	if err := os.MkdirAll(o.DataDir, 0o750); err != nil {
		return nil, fmt.Errorf("making an Alertmanager: %w", err)
	}
	e := &Embedded{o: o, log: log, externalURL: external, groups: marker.NewGroupMarker()}
	if e.setup, err = e.build(o.Config); err != nil {
		return nil, err
	}
	e.nflog, err = nflog.New(nflog.Options{SnapshotFile: e.file("nflog"), Retention: o.Retention, Logger: log, Metrics: o.Registerer})
	if err != nil {
		return nil, fmt.Errorf("reading the log of notifications %q: %w", e.file("nflog"), err)
	}
	e.silences, err = silence.New(silence.Options{SnapshotFile: e.file("silences"), Retention: o.Retention, Logger: log,
		Metrics: o.Registerer, EventRecorder: eventrecorder.NopRecorder()})
	if err != nil {
		return nil, fmt.Errorf("reading silences %q: %w", e.file("silences"), err)
	}
	e.silencer = silence.NewSilencer(e.silences, log, eventrecorder.NopRecorder())
	e.pipeline = notify.NewPipelineBuilder(o.Registerer, featurecontrol.NoopFlags{}, eventrecorder.NopRecorder())
	e.metrics = dispatch.NewDispatcherMetrics(false, o.Registerer, featurecontrol.NoopFlags{})
	return e, nil
}

// Run routes alerts until ctx ends, then writes silences and the log of notifications to the data directory. It is called
// once.
func (e *Embedded) Run(ctx context.Context) error {
	var maintenance sync.WaitGroup
	stop := make(chan struct{})
	maintenance.Go(func() { e.nflog.Maintenance(e.o.Maintenance, e.file("nflog"), stop, nil) })
	maintenance.Go(func() { e.silences.Maintenance(e.o.Maintenance, e.file("silences"), stop, nil) })
	// What is notified while the dispatcher stops is still in the last snapshot.
	defer maintenance.Wait()
	defer close(stop)

	alerts, err := mem.NewAlerts(context.WithoutCancel(ctx), e.o.Maintenance, 0, e.silencer, e.log, eventrecorder.NopRecorder(),
		e.o.Registerer, featurecontrol.NoopFlags{})
	if err != nil {
		return fmt.Errorf("starting the Alertmanager: %w", err)
	}
	defer alerts.Close()

	e.mu.Lock()
	e.alerts, e.started = alerts, time.Now()
	e.start(e.setup)
	e.mu.Unlock()

	<-ctx.Done()

	e.mu.Lock()
	defer e.mu.Unlock()
	e.alerts = nil
	e.stop()
	return nil
}

// CheckRoutes says what NewEmbedded would say of the configuration itself; nil: nothing.
func CheckRoutes(o EmbeddedOptions) error {
	if err := o.setDefaults(); err != nil {
		return err
	}
	e := &Embedded{o: o, log: o.Logger, externalURL: &url.URL{Scheme: "http", Host: "localhost"}}
	initMatchers(e.log)
	_, err := e.build(o.Config)
	return err
}

// Prepare does all that can fail of putting another configuration in force; swap does the rest, or is never called and nothing has
// changed. Notifications that are under way get a few seconds to finish then, and are abandoned and made again.
func (e *Embedded) Prepare(config []byte) (swap func(), err error) {
	s, err := e.build(config)
	if err != nil {
		return nil, err
	}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.setup = s
		if e.alerts != nil {
			e.stop()
			e.start(s)
		}
	}, nil
}

// start runs a configuration. e.mu is held.
func (e *Embedded) start(s *setup) {
	e.inhibitor = inhibit.NewInhibitor(e.alerts, s.config.InhibitRules, e.log, eventrecorder.NopRecorder())
	e.drain = &drain{stage: e.pipeline.New(s.receivers, func() time.Duration { return 0 }, e.inhibitor, e.silencer, s.intervals,
		e.groups, e.nflog, nil)}
	timeout := func(d time.Duration) time.Duration { return max(d, notify.MinTimeout) }
	e.dispatcher = dispatch.NewDispatcher(e.alerts, s.routes, e.drain, e.groups, timeout, e.o.Maintenance, nil, e.log,
		eventrecorder.NopRecorder(), e.metrics, s.templates)
	// The inhibitor first: the dispatcher must not notify what it would have inhibited.
	inhibitor, dispatcher, begin := e.inhibitor, e.dispatcher, e.started.Add(max(0, e.o.StartDelay))
	e.running.Go(inhibitor.Run)
	inhibitor.WaitForLoading()
	e.running.Go(func() { dispatcher.Run(begin) })
	dispatcher.WaitForLoading()
}

// patience is how long a stop waits for notifications that are under way.
const patience = 3 * time.Second

// stop ends the running configuration. e.mu is held.
func (e *Embedded) stop() {
	e.drain.stop(patience, e.dispatcher.Stop)
	e.inhibitor.Stop()
	e.running.Wait()
}

var errNotRunning = errors.New("the Alertmanager is not running")

// Send puts alerts into the Alertmanager. It fails only while it is not running.
func (e *Embedded) Send(ctx context.Context, notices []Notice) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.alerts == nil {
		return errNotRunning
	}
	now := time.Now()
	list := make([]*amalert.Alert, 0, len(notices))
	var invalid error
	for i := range notices {
		n := &notices[i]
		a := &amalert.Alert{UpdatedAt: now, Alert: model.Alert{
			Labels: labelSet(n.Labels), Annotations: labelSet(n.Annotations), StartsAt: n.Starts, EndsAt: n.Ends, GeneratorURL: n.URL,
		}}
		if err := a.Validate(); err != nil {
			invalid = errors.Join(invalid, fmt.Errorf("%w: alert %q: %w", ErrRefused, a.Name(), err))
			continue
		}
		list = append(list, a)
	}
	if err := e.alerts.Put(ctx, list...); err != nil {
		return fmt.Errorf("taking alerts: %w", err)
	}
	return invalid
}

func labelSet(m map[string]string) model.LabelSet {
	out := make(model.LabelSet, len(m))
	for k, v := range m {
		out[model.LabelName(k)] = model.LabelValue(v)
	}
	return out
}

func (e *Embedded) file(name string) string { return filepath.Join(e.o.DataDir, name) }
