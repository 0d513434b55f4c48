package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ResenderOptions configure a Resender.
type ResenderOptions struct {
	Router Router
	// Initial are the alerts that are open as the journal has them, and those resolved within Keep: a router that was
	// told of them by an earlier run is told how they ended.
	Initial []Alert
	Texts   *Texts
	// Gateway is this gateway's name, the label that tells several gateways of one Alertmanager apart. Default "gerbang".
	Gateway string
	// URL of the pages, without a trailing slash, for links in notifications. Empty: no links.
	URL string
	// Interval is how often all open alerts are sent again. Default 1 minute. A firing alert that is not sent again
	// resolves in the router after four times that.
	Interval time.Duration
	// Coalesce is how long a change waits for others. Default 100 ms.
	Coalesce time.Duration
	// Timeout of one exchange with the router. Default 10 s.
	Timeout time.Duration
	// Keep is how long a resolved alert is repeated after the router first took it, so that a router which restarts in
	// between still learns of it. Default 15 minutes.
	Keep time.Duration
	// Accepted takes the alerts that the router took for the first time, and to whom it leads each as far as it says. It must not block. nil:
	// nobody wants to know.
	Accepted   func([]Acceptance)
	Logger     *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
}

func (o *ResenderOptions) setDefaults() error {
	if o.Router == nil || o.Texts == nil {
		return errors.New("making a resender: want a router and texts")
	}
	for d, fallback := range map[*time.Duration]time.Duration{&o.Interval: time.Minute, &o.Coalesce: 100 * time.Millisecond,
		&o.Timeout: 10 * time.Second, &o.Keep: 15 * time.Minute} {
		if *d <= 0 {
			*d = fallback
		}
	}
	if o.Gateway == "" {
		o.Gateway = "gerbang"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Health says how well alerts reach the router.
type Health struct {
	OK bool
	// Waiting is the number of alerts whose present state the router has not taken.
	Waiting int
	// Since is when the first failed exchange of the present outage was; zero: there is none.
	Since time.Time
	// Err of the last failed exchange, safe to show; nil when OK.
	Err error
	// Success is the last exchange that succeeded; zero: none yet.
	Success time.Time
}

// Resender keeps a Router informed: it holds the level of every alert, sends what changed at once, all of it every
// interval, and resolved alerts until the router took them and for a while after.
//
// A router that is down delays nothing but notifications. What changes meanwhile is folded into the level, so memory is
// bounded by the number of rules and subjects; a router that comes back gets the present state with its true times. An
// alert that came and went while it was away is sent as resolved, for which an Alertmanager notifies nobody: that is
// history, not an alarm.
type Resender struct {
	o       ResenderOptions
	notices notices
	log     *slog.Logger
	metrics *resenderMetrics
	poke    chan struct{}

	// Run's own.
	ack      acknowledger
	refusing bool // was logged

	mu     sync.Mutex
	levels map[key]*level
	health Health
}

// level is the present state of one rule and subject.
type level struct {
	alert    Alert
	version  uint64 // counts changes
	accepted uint64 // the version that the router took
	// until is when a resolved alert is forgotten; zero: the router has not taken it yet.
	until time.Time
}

// NewResender makes a Resender that has yet to Run.
func NewResender(o ResenderOptions) (*Resender, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	r := &Resender{
		o: o, log: o.Logger.With("component", "alerts"), metrics: newResenderMetrics(o.Registerer), poke: make(chan struct{}, 1),
		notices: notices{gateway: o.Gateway, url: o.URL, texts: o.Texts, ends: 4 * o.Interval},
		levels:  make(map[key]*level, len(o.Initial)), health: Health{OK: true},
	}
	// An open alert is the level even if a resolved one of the same rule and subject is listed later.
	for _, open := range []bool{false, true} {
		for i := range o.Initial {
			if o.Initial[i].Open() == open {
				r.set(&o.Initial[i])
			}
		}
	}
	return r, nil
}

// Notify takes changes of alerts. It never blocks on the router and may be called from any goroutine, before, during and
// after Run.
func (r *Resender) Notify(changes []Change) {
	if len(changes) == 0 {
		return
	}
	r.mu.Lock()
	for i := range changes {
		a := &changes[i].Alert
		if changes[i].recorded() {
			continue
		}
		// Who was reached is no news for the router, unless a step of the escalation calls a receiver of it.
		if l := r.levels[key{a.Site, a.Rule, a.Subject}]; changes[i].What.reaching() && l != nil && l.alert.ID == a.ID && len(l.alert.calling()) == len(a.calling()) {
			l.alert = *a
			continue
		}
		r.set(a)
	}
	r.mu.Unlock()
	select {
	case r.poke <- struct{}{}:
	default: // already poked
	}
}

// Health is the present state. It may be called from any goroutine.
func (r *Resender) Health() Health {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.health
	h.Waiting = r.waiting()
	return h
}

// Run sends until ctx ends; it then tells the router what changed last, for at most Timeout, and returns nil.
func (r *Resender) Run(ctx context.Context) error {
	full := time.NewTicker(r.o.Interval)
	defer full.Stop()
	wake := time.NewTimer(0) // the first round is due at once
	defer wake.Stop()
	all, armed, failures := true, true, 0
	for {
		select {
		case <-ctx.Done():
			return r.last(ctx)
		case <-r.poke:
			// The first change of a burst starts the wait, the others join it; behind a failure the backoff is the wait.
			if !armed {
				wake.Reset(r.o.Coalesce)
				armed = true
			}
			continue
		case <-full.C:
			all = true
		case <-wake.C:
			armed = false
		}
		err := r.round(ctx, all)
		switch {
		case ctx.Err() != nil:
			return r.last(ctx)
		case err != nil:
			failures++
			wake.Reset(r.backoff(failures))
			armed = true
		default:
			all, failures = false, 0
		}
	}
}

// last gives the changes of the last moment a chance.
func (r *Resender) last(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.o.Timeout)
	defer cancel()
	if err := r.round(ctx, false); err != nil {
		r.log.Warn("the alert router did not take the last changes", "err", err)
	}
	return nil
}

// backoff doubles from a second to the interval.
func (r *Resender) backoff(failures int) time.Duration {
	return min(r.o.Interval, time.Second<<min(failures-1, 16))
}

// round sends what changed, or all, and brings the silences of acknowledged alerts up to date. A full round asks the router
// even if there is nothing to tell, so that Health is not a memory.
func (r *Resender) round(ctx context.Context, all bool) error {
	due, open := r.collect(time.Now(), all)
	// First the silences: an acknowledged alert is not loud for a moment, a resolved one may say so. Without them alerts
	// still go out.
	errs := r.ack.reconcile(ctx, r.o.Router, &r.notices, open, all, r.o.Timeout)
	for first := true; len(due) > 0 || first && all; first = false {
		batch := due[:min(len(due), maxBatch)]
		due = due[len(batch):]
		if err := r.send(ctx, batch); err != nil {
			errs = errors.Join(errs, err)
			break
		}
		r.accept(batch)
	}
	if ctx.Err() == nil {
		r.note(errs)
	}
	return errs
}

// maxBatch bounds the alerts of one request: some proxies stop at a megabyte.
const maxBatch = 100

// delivery is one alert on its way.
type delivery struct {
	key     key
	version uint64
	alert   Alert
}

func (r *Resender) send(ctx context.Context, batch []delivery) error {
	now := time.Now()
	list := make([]Notice, 0, len(batch))
	for i := range batch {
		list = append(list, r.notices.of(&batch[i].alert, now))
	}
	for i := range batch {
		list = append(list, r.notices.escalated(&batch[i].alert, now)...)
	}
	ctx, cancel := context.WithTimeout(ctx, r.o.Timeout)
	defer cancel()
	err := r.o.Router.Send(ctx, list)
	if errors.Is(err, ErrRefused) {
		// Sending it again would be refused again, and hold up everything else.
		r.metrics.refused.Add(float64(len(list)))
		if !r.refusing {
			r.log.Error("the alert router refuses alerts", "count", len(list), "err", err)
		}
		r.refusing = true
		return nil
	}
	r.refusing = false
	if err != nil {
		return fmt.Errorf("sending %d alerts: %w", len(list), err)
	}
	r.taken(batch, list)
	r.metrics.sent.Add(float64(len(list)))
	return nil
}

// collect lists what is to be sent, in a fixed order, and the open alerts, and forgets what was repeated long enough.
// Rendering is left to the caller: whoever notifies must not wait for it.
func (r *Resender) collect(now time.Time, all bool) (due []delivery, open []Alert) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, l := range r.levels {
		if !l.until.IsZero() && !now.Before(l.until) {
			delete(r.levels, k)
			continue
		}
		if l.alert.Open() {
			open = append(open, l.alert)
		}
		if all || l.accepted != l.version {
			due = append(due, delivery{k, l.version, l.alert})
		}
	}
	r.metrics.open.Set(float64(len(open)))
	r.metrics.waiting.Set(float64(r.waiting()))
	slices.SortFunc(due, func(x, y delivery) int { return compareAlerts(&x.alert, &y.alert) })
	return due, open
}

func (r *Resender) accept(sent []delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range sent {
		l := r.levels[sent[i].key]
		if l == nil || l.version != sent[i].version {
			continue // it changed while it was being sent
		}
		l.accepted = l.version
		if !l.alert.Open() && l.until.IsZero() {
			l.until = time.Now().Add(r.o.Keep)
		}
	}
	r.metrics.waiting.Set(float64(r.waiting()))
}

// set makes a the level of its rule and subject. r.mu is held, or nobody else knows r.
func (r *Resender) set(a *Alert) {
	k := key{a.Site, a.Rule, a.Subject}
	l := r.levels[k]
	if l == nil {
		l = &level{}
		r.levels[k] = l
	}
	l.alert, l.until = *a, time.Time{}
	l.version++
}

// waiting counts the alerts whose present state the router has not taken. r.mu is held.
func (r *Resender) waiting() int {
	n := 0
	for _, l := range r.levels {
		if l.accepted != l.version {
			n++
		}
	}
	return n
}

// note records the outcome of a round and logs when it turns.
func (r *Resender) note(err error) {
	now := time.Now()
	r.mu.Lock()
	was := r.health
	if err == nil {
		r.health.OK, r.health.Err, r.health.Since, r.health.Success = true, nil, time.Time{}, now
	} else {
		r.health.OK, r.health.Err = false, err
		if was.OK {
			r.health.Since = now
		}
	}
	waiting := r.waiting()
	r.mu.Unlock()
	if err != nil {
		r.metrics.failures.Inc()
	}
	r.metrics.up.Set(map[bool]float64{true: 1}[err == nil])
	switch {
	case err != nil && was.OK:
		r.log.Warn("the alert router cannot be reached", "waiting", waiting, "err", err)
	case err == nil && !was.OK:
		r.log.Info("the alert router is back", "after", now.Sub(was.Since))
	}
}
