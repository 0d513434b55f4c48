package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/influx"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

// openWeb makes the web server over the app's ports.
func (a *app) openWeb() error {
	h := a.cfg.HTTP
	o := web.Options{
		Live: a.live, Alerts: alertPort{a.live, a.journal}, Entries: entryPort{a}, Rejections: a.journal, Rollups: a.journal,
		Readings: a.history, Refused: refusedPort{a.journal, a.influx},
		Strangers: strangerPort{&a.sightings}, Ear: earPort{&a.ear},
		Health: healthPort{a}, MaxConnections: shareOfFiles(), Addr: h.Listen, Proxy: h.BehindProxy, PublicSigns: true,
		Gatherer: a.registry, Registerer: a.registry, Log: a.log,
	}
	if p := a.doors.pushHandler(); p != nil {
		o.Push, o.PushHasCredentials = p, true
	}
	var err error
	if o.Base, err = web.BasePath(h.ExternalURL); err != nil {
		return fmt.Errorf("http.external_url: %w", err)
	}
	o.SessionFile = filepath.Join(a.cfg.Data, "sessions")
	token, err := reveal("access token", h.AccessToken)
	if err != nil {
		return err
	}
	o.Token = token
	if h.TLS != nil {
		if o.TLS, err = loadServerTLS(h.TLS); err != nil {
			return fmt.Errorf("preparing TLS of the pages: %w", err)
		}
	}
	a.web, err = web.New(o)
	return err
}

// url is where people find the pages.
func (a *app) url() string {
	if a.cfg.HTTP.ExternalURL != "" {
		return a.cfg.HTTP.ExternalURL
	}
	scheme := "http"
	if a.cfg.HTTP.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + a.web.Addr() + "/"
}

type strangerPort struct{ sightings *decode.Sightings }

var _ web.Strangers = strangerPort{}

func (p strangerPort) Strangers() []web.Stranger {
	seen := p.sightings.List()
	all := make([]web.Stranger, len(seen))
	for i, s := range seen {
		all[i] = web.Stranger{Topic: s.Topic, Why: s.Why, First: s.First.Time(), Last: s.Last.Time(), Messages: s.Messages}
		for _, c := range s.Candidates {
			g := web.Guess{Model: c.Model, Title: c.Title, Address: c.Address, Detail: c.Detail, YAML: c.YAML()}
			for _, q := range c.Quantities {
				g.Quantities = append(g.Quantities, q.String())
			}
			all[i].Guesses = append(all[i].Guesses, g)
		}
	}
	return all
}

type earPort struct{ ear *decode.Ear }

var _ web.Ear = earPort{}

func (p earPort) Listen() time.Time { return p.ear.Listen() }
func (p earPort) Stop()             { p.ear.Stop() }

func (p earPort) Heard() ([]web.Heard, time.Time) {
	heard, until := p.ear.Heard()
	all := make([]web.Heard, len(heard))
	for i, h := range heard {
		all[i] = web.Heard(h)
	}
	return all, until
}

type alertPort struct {
	*gateway.Live
	journal *journal.Journal
}

var _ web.Alerts = alertPort{}

func (p alertPort) History(ctx context.Context, site string, limit int) ([]alerts.Alert, error) {
	return p.journal.History(ctx, site, limit)
}

type entryPort struct{ app *app }

var _ web.Entries = entryPort{}

// Acknowledge makes the acknowledgement a record of the alert's site.
func (p entryPort) Acknowledge(ctx context.Context, alert, author, reason string, until telemetry.Instant) error {
	for _, open := range p.app.live.Open() {
		if open.ID != alert {
			continue
		}
		return p.app.loop.Enter(ctx, open.Site, telemetry.Entry{
			ID: fmt.Sprintf("ack-%s-%d", alert, time.Now().UnixNano()), Kind: telemetry.EntryAcknowledge, Author: author,
			Claimed: true, Reason: reason, Subject: alert, Until: until,
		}, 0)
	}
	return fmt.Errorf("acknowledging alert %q: %w", alert, web.ErrNotFound)
}

// Enter makes a count or a correction a record of the site. The journal knows the ids of all entries, the gateway those of the
// newest: a repeat is found whenever it comes, and is answered with what is on disk, as the first was.
func (p entryPort) Enter(ctx context.Context, site string, e telemetry.Entry, at telemetry.Instant) (telemetry.Record, error) {
	rec, done, err := p.Entered(ctx, site, e.ID)
	if err == nil && !done {
		if err = p.app.loop.Enter(ctx, site, e, at); err == nil {
			rec, done, err = p.Entered(ctx, site, e.ID)
		}
	}
	switch {
	case err != nil:
		return telemetry.Record{}, err
	case !done:
		return telemetry.Record{}, fmt.Errorf("entry %q of site %q: the journal took it and does not have it", e.ID, site)
	}
	return rec, nil
}

// Entered finds an entry of the site on disk.
func (p entryPort) Entered(ctx context.Context, site, id string) (telemetry.Record, bool, error) {
	return p.app.journal.Entry(ctx, site, id)
}

// Counts lists what was entered for a zone.
func (p entryPort) Counts(ctx context.Context, site, zone string, limit int) ([]telemetry.Record, error) {
	return p.app.journal.Counts(ctx, site, zone, limit)
}

type healthPort struct{ app *app }

var _ web.Health = healthPort{}

// Status gathers what every part says about itself. It reads memory only.
func (p healthPort) Status() web.Status {
	a := p.app
	counters, last := a.live.Counters()
	arrived, since := a.loop.Waiting()
	intake := web.Lag{Name: "intake", Waiting: uint64(arrived)}
	if since != 0 {
		intake.Oldest = max(0, time.Since(since.Time()))
	}
	s := web.Status{
		Version: readBuild().Version, Started: a.started,
		Journal: web.JournalStatus{Writable: true, Records: last, Bytes: a.journal.Bytes()},
		Broker:  a.doors.status(),
		Counters: web.Counters{
			Received: counters.Received, Stored: counters.Stored, Duplicate: counters.Duplicate, Rejected: counters.Rejected,
			Ignored: counters.Ignored,
		},
		Lags: []web.Lag{intake},
	}
	if err := a.live.Journal(); err != nil {
		s.Journal.Writable, s.Journal.Reason = false, err.Error()
	}
	owed, err := a.courier.Waiting()
	s.Lags = append(s.Lags, web.Lag{Name: "outbox", Waiting: uint64(owed)})
	s.Services = append(s.Services, a.journalService(), a.influxService(&s), a.routerService(&s), serviceOf("signals", err))
	health := a.loop.Health()
	clock := web.Service{Name: "clock", State: web.ServiceOK, Detail: health.Clock}
	if health.Clock != "" {
		clock.State = web.ServiceFailing
	}
	s.Services = append(s.Services, clock)
	for _, site := range *a.leftOut.Load() {
		s.Services = append(s.Services, web.Service{Name: "site " + site, State: web.ServiceFailing, Detail: "the file of the site has problems: gerbang check"})
	}
	for _, site := range slices.Sorted(maps.Keys(health.Stopped)) {
		s.Services = append(s.Services, web.Service{Name: "site " + site, State: web.ServiceFailing, Detail: health.Stopped[site]})
	}
	return s
}

func serviceOf(name string, err error) web.Service {
	if err != nil {
		return web.Service{Name: name, State: web.ServiceWaiting, Detail: err.Error()}
	}
	return web.Service{Name: name, State: web.ServiceOK}
}

func (a *app) influxService(s *web.Status) web.Service {
	if a.influx == nil {
		return web.Service{Name: "influx", State: web.ServiceOff}
	}
	h := a.influx.Health()
	s.Lags = append(s.Lags, web.Lag{Name: "influx", Waiting: h.Waiting, Oldest: h.Age})
	service := web.Service{Name: "influx", State: web.ServiceOK, Detail: h.LastError, Since: h.Since}
	if h.Held != "" {
		service.State, service.Detail = web.ServiceWaiting, h.Held
	}
	switch h.State {
	case influx.Retrying:
		service.State = web.ServiceWaiting
	case influx.Blocked:
		service.State = web.ServiceFailing
	}
	return service
}

func (a *app) routerService(s *web.Status) web.Service {
	if a.router == nil {
		return web.Service{Name: "router", State: web.ServiceOff}
	}
	h := a.router.resender.Health()
	s.Lags = append(s.Lags, web.Lag{Name: "alerts", Waiting: uint64(h.Waiting)})
	service := serviceOf("router", h.Err)
	service.Since = h.Since
	return service
}
