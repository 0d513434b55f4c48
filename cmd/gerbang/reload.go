package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/influx"
)

// watchReload reloads the configuration whenever it is asked to.
func (a *app) watchReload(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.reload:
			err := a.reloadConfig(ctx)
			a.reloads.count(err)
			a.faults.report(alerts.Fault{Name: alerts.FaultConfiguration, Firing: err != nil, Detail: firstLine(err)})
			if err != nil {
				if _, some := errors.AsType[someSites](err); some {
					a.log.Error("the new configuration is in force, except for the sites whose files have problems: they go on with their old definition", "err", err)
				} else {
					a.log.Error("the new configuration is refused: the old one stays in force", "err", err)
				}
				continue
			}
			a.log.Info("the configuration was reloaded")
		}
	}
}

// reloadConfig does all that can fail first, then swaps: sites, protocols, models, credentials, secrets and alert routes. What only
// a restart can change (addresses, brokers, the data directory) must not have changed: see needsRestart. A site whose file has
// problems keeps what is in force for it; the error then tells of them although the rest has been swapped.
func (a *app) reloadConfig(ctx context.Context) error {
	if a.cfg.File == "" {
		return errors.New("there is no configuration file to reload")
	}
	next, broken, err := configs.LoadServing(a.cfg.File)
	if err != nil {
		return err
	}
	for _, d := range append(a.cfg.Definitions(), a.cfg.Kept...) {
		next.Keep(d)
	}
	if err := needsRestart(a.cfg, next); err != nil {
		return err
	}
	decoder, err := newDecoder(next, a.surroundings())
	if err != nil {
		return err
	}
	if err := a.doors.hear(modelTopics(decoder)); err != nil {
		return err
	}
	renew, err := a.secrets(next)
	if err != nil {
		return err
	}
	// Routes and credentials check themselves before they swap, and are the last that can fail.
	if err := a.router.reload(next); err != nil {
		return err
	}
	if err := a.doors.swap(next); err != nil {
		return errors.Join(err, a.router.reload(a.cfg))
	}
	renew()
	for i := range next.Kept {
		a.log.Error("a site goes on with what was in force for it: its file has problems", "site", next.Kept[i].Site.ID)
	}
	if err := a.loop.Configure(ctx, next.Definitions(), decoder, "reload"); err != nil {
		return fmt.Errorf("bringing the new definitions into force: %w", err)
	}
	a.hearing.swap(decoder)
	a.sightings.Forget() // who is still not configured will be heard again
	a.courier.Show(a.doors.serves(next))
	a.cfg = next
	a.leftOut.Store(&next.LeftOut)
	if len(broken) > 0 {
		return someSites{broken}
	}
	return nil
}

// someSites are problems in the files of some sites; all others have their new configuration.
type someSites struct{ configs.Problems }

// secrets reads the secrets anew that were read at the start: their files may hold others now, although the configuration is the same.
// The function puts all of them in force. (The password of an external broker is read at each connect.)
func (a *app) secrets(next *configs.Config) (renew func(), err error) {
	token, err := reveal("access token", next.HTTP.AccessToken)
	if err != nil {
		return nil, err
	}
	toInflux, reader := func() {}, (*influx.Reader)(nil)
	if a.influx != nil && next.Influx != nil {
		server, err := influxServer(next.Influx)
		if err != nil {
			return nil, err
		}
		if toInflux, err = a.influx.Renew(server); err != nil {
			return nil, fmt.Errorf("renewing the InfluxDB token: %w", err)
		}
		if reader, err = influx.NewReader(server); err != nil {
			return nil, err
		}
	}
	toRouter, err := a.router.renew(next)
	if err != nil {
		return nil, err
	}
	return func() {
		toInflux()
		toRouter()
		if reader != nil {
			a.history.renew(reader)
		}
		a.web.SetToken(token)
	}, nil
}

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
