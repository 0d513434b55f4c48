package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/influx"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/web"
)

// reloader brings a changed configuration into force while all runs.
type reloader struct {
	cfg     *configs.Config // in force; of run
	leftOut func() []string // sites whose files have problems
	parts   reloadable
	inForce atomic.Pointer[configs.Config] // the same, for everybody
	asked   chan request
	ended   chan struct{} // closed: run has ended
	metrics *reloadMetrics
	log     *slog.Logger
	hurdle  func(step string) error // in tests, which has a step of the preparation fail; nil: none

	broken atomic.Pointer[[]string]
}

// request is somebody who waits for a reload.
type request struct {
	author string      // of what changed
	change *fileChange // nil: what is on disk is brought into force as it is
	answer chan error
}

// fileChange is a file that is written and brought into force in one: no other reload comes between.
type fileChange struct {
	file          string
	before, after []byte
	// check says why what was read with the change is not what was meant; nil: it is.
	check func(next *configs.Config, broken configs.Problems) error
}

// reloadable are the parts that a reload touches.
type reloadable struct {
	around    Surroundings
	doors     *doors
	influx    *influx.Writer // nil: not configured
	history   *archive
	router    *router // nil: not configured
	pages     *web.Server
	keeper    *accounts.Keeper
	loop      *gateway.Loop
	hearing   *hearing
	sightings *decode.Sightings
	rehearsal *Rehearsals
	plans     *planShelf
	show      func([]alerts.Signal)
	report    func(alerts.Fault)
	signOn    *signOn
}

// newReloader makes a reloader; its parts are set before it runs.
func newReloader(cfg *configs.Config, reg prometheus.Registerer, log *slog.Logger) *reloader {
	r := &reloader{cfg: cfg, asked: make(chan request), ended: make(chan struct{}), metrics: newReloadMetrics(reg), log: log}
	r.inForce.Store(cfg)
	r.broken.Store(&cfg.LeftOut)
	r.leftOut = func() []string { return *r.broken.Load() }
	return r
}

// errEnded says that nobody reloads any more.
var errEnded = errors.New("the gateway is stopping")

// ask has a reload made and waits for it. author is who changed what it brings into force.
func (r *reloader) ask(ctx context.Context, author string) error {
	return r.request(ctx, request{author: author})
}

// change writes a file that still is as it was before, and brings it into force as from an author. Where that is refused the file is put
// back, and the error is a *web.NotInForceError; errors of writing are those of revise.Write.
func (r *reloader) change(ctx context.Context, author string, c *fileChange) error {
	return r.request(ctx, request{author: author, change: c})
}

// request waits for its turn, and then for the answer: what was begun is ended, and nobody who asked may be told that it was not.
func (r *reloader) request(ctx context.Context, q request) error {
	q.answer = make(chan error, 1)
	select {
	case r.asked <- q:
		return <-q.answer
	case <-r.ended:
		return errEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run reloads the configuration whenever it is asked to. Who was heard is answered before it ends.
func (r *reloader) run(ctx context.Context) error {
	defer close(r.ended)
	for {
		select {
		case <-ctx.Done():
			return nil
		case q := <-r.asked:
			q.answer <- r.serve(ctx, &q)
		}
	}
}

func (r *reloader) serve(ctx context.Context, q *request) error {
	if q.change == nil {
		return r.tell(r.reload(ctx, q.author, nil))
	}
	c := q.change
	if err := revise.Write(c.file, revise.Version(c.before), c.after); err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	err := r.reload(ctx, q.author, c.check)
	if _, some := errors.AsType[someSites](err); err == nil || some { // of those that had problems before; check has seen to that
		_ = r.tell(err)
		return nil
	}
	back := revise.Write(c.file, revise.Version(c.after), c.before)
	if back != nil { // what is on disk is not what is in force: everybody is told
		_ = r.tell(err)
	}
	return &web.NotInForceError{Err: err, Back: back}
}

// tell has a reload's result be known.
func (r *reloader) tell(err error) error {
	r.metrics.count(err)
	r.parts.report(alerts.Fault{Name: alerts.FaultConfiguration, Firing: err != nil, Detail: firstLine(err)})
	_, some := errors.AsType[someSites](err)
	switch {
	case some:
		r.log.Error("the new configuration is in force, except for the sites whose files have problems: they go on with their old definition", "err", err)
	case err != nil:
		r.log.Error("the new configuration is refused: the old one stays in force", "err", err)
	default:
		r.log.Info("the configuration was reloaded")
	}
	return err
}

// reload reads the configuration, prepares every part for it, and swaps: sites, protocols, models, credentials, secrets and alert
// routes. What only a restart can change (addresses, brokers, the data directory) must not have changed: see needsRestart. A site whose
// file has problems keeps what is in force for it; the error then tells of them although the rest has been swapped.
// check may refuse what was read; nil: it is taken.
func (r *reloader) reload(ctx context.Context, author string, check func(*configs.Config, configs.Problems) error) error {
	if r.cfg.File == "" {
		return errors.New("there is no configuration file to reload")
	}
	next, broken, err := configs.LoadServing(r.cfg.File)
	if err != nil {
		return err
	}
	if check != nil {
		if err := check(next, broken); err != nil {
			return err
		}
	}
	for _, d := range append(r.cfg.Definitions(), r.cfg.Kept...) {
		next.Keep(d)
	}
	if err := needsRestart(r.cfg, next); err != nil {
		return err
	}
	decoder, swap, err := r.parts.prepare(next, r.hurdle)
	if err != nil {
		return err
	}
	// The turning point: the loop compiles the rules, and on an error it has changed nothing. A commit that fails later ends the
	// gateway, which comes back with what the files say; so does one that is ended meanwhile.
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.parts.loop.Configure(ctx, next.Definitions(), decoder, author); err != nil {
		return fmt.Errorf("bringing the new definitions into force: %w", err)
	}
	swap()
	r.parts.rehearsal.Forget() // what was tried is of what was in force
	for i := range next.Kept {
		r.log.Error("a site goes on with what was in force for it: its file has problems", "site", next.Kept[i].Site.ID)
	}
	r.cfg = next
	r.inForce.Store(next)
	r.broken.Store(&next.LeftOut)
	if len(broken) > 0 {
		return someSites{broken}
	}
	return nil
}

// prepare does all that can fail, each step beginning with hurdle; swap does the rest and cannot fail. Where swap is not called nothing
// has changed. Secrets are read anew: their files may hold others now, although the configuration is the same. (The password of an
// external broker is read at each connect.)
func (p *reloadable) prepare(next *configs.Config, hurdle func(step string) error) (decoder *decode.Decoder, swap func(), err error) {
	var ready swaps
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"decoder", func() (err error) {
			decoder, err = NewDecoder(next, p.around)
			return err
		}},
		{"topics", func() error { return p.doors.hear(modelTopics(decoder)) }},
		{"routes", func() error { return ready.of(p.router.prepare(next)) }},
		{"credentials", func() error { return ready.of(p.doors.prepare(next)) }},
		{"influxdb", func() error { return p.prepareInflux(next, &ready) }},
		{"access token", func() error {
			token, err := next.HTTP.AccessToken.RevealAs("access token")
			if err == nil && token != "" {
				err = web.GuardToken(token)
			}
			return ready.of(func() { p.pages.SetToken(token) }, err)
		}},
		{"oidc", func() error { return ready.of(p.signOn.prepare(next)) }},
	} {
		if hurdle != nil {
			err = hurdle(step.name)
		}
		if err == nil {
			err = step.do()
		}
		if err != nil {
			return nil, nil, err
		}
	}
	ready = append(ready, func() {
		p.keeper.Require(next.Accounts.SecondFactors())
		p.hearing.swap(decoder)
		p.plans.swap(next)
		p.sightings.Forget() // who is still not configured will be heard again
		p.show(p.doors.serves(next))
	})
	return decoder, ready.run, nil
}

// prepareInflux makes new connections with the secrets of now.
func (p *reloadable) prepareInflux(next *configs.Config, ready *swaps) error {
	if p.influx == nil || next.Influx == nil {
		return nil
	}
	server, err := InfluxServer(next.Influx)
	if err != nil {
		return err
	}
	reader, err := influx.NewReader(server)
	if err != nil {
		return err
	}
	if err := ready.of(p.influx.Renew(server)); err != nil {
		return fmt.Errorf("renewing the InfluxDB token: %w", err)
	}
	return ready.of(func() { p.history.renew(reader) }, nil)
}

// someSites are problems in the files of some sites; all others have their new configuration.
type someSites struct{ configs.Problems }

// reloadMetrics show whether the files on disk are what is in force.
type reloadMetrics struct {
	ok    prometheus.Gauge
	total *prometheus.CounterVec
}

func newReloadMetrics(reg prometheus.Registerer) *reloadMetrics {
	m := &reloadMetrics{
		ok: prometheus.NewGauge(prometheus.GaugeOpts{Name: "gerbang_configuration_reload_ok",
			Help: "1 unless the last reload was refused, wholly or for a site: then what was in force there still is."}),
		total: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gerbang_configuration_reloads_total",
			Help: "Reloads of the configuration by result."}, []string{"result"}),
	}
	m.ok.Set(1)
	for _, result := range []string{"done", "refused"} {
		m.total.WithLabelValues(result)
	}
	reg.MustRegister(m.ok, m.total)
	return m
}

func (m *reloadMetrics) count(err error) {
	if err != nil {
		m.ok.Set(0)
		m.total.WithLabelValues("refused").Inc()
		return
	}
	m.ok.Set(1)
	m.total.WithLabelValues("done").Inc()
}

func firstLine(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	for i, c := range text {
		if c == '\n' {
			return text[:i]
		}
	}
	return text
}
