package app

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/influx"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/web"
)

// openInflux makes the InfluxDB writer; nil if none is configured.
func openInflux(cfg *configs.Config, j journal.Streams, head journal.Position, fault func(alerts.Fault), log *slog.Logger, reg prometheus.Registerer) (*influx.Writer, error) {
	if cfg.Influx == nil {
		return nil, nil
	}
	server, err := InfluxServer(cfg.Influx)
	if err != nil {
		return nil, err
	}
	return influx.New(influx.Options{
		Server: server, Source: j.Source(), Head: head, BatchLines: cfg.Influx.Batch,
		Faults: func(name string, firing bool, detail string) {
			fault(alerts.Fault{Name: alerts.FaultName(name), Firing: firing, Detail: detail})
		},
		Logger: log, Registerer: reg,
	})
}

// InfluxServer is the configured server: version 2 by org and bucket, 1.8 by database.
func InfluxServer(c *configs.Influx) (influx.Server, error) {
	s := influx.Server{URL: c.URL, Org: c.Org, Bucket: c.Bucket, Timeout: c.Timeout}
	token, err := c.Token.RevealAs("influxdb token")
	if err != nil {
		return s, err
	}
	if c.Database != "" {
		s.Bucket = c.Database
		password, err := c.Password.RevealAs("influxdb password")
		if err != nil {
			return s, err
		}
		if c.Username != "" {
			token = c.Username + ":" + password
		}
	}
	if token != "" {
		s.Token = influx.NewSecret(token)
	}
	if c.TLS != nil {
		s.CAFile, s.CertFile, s.KeyFile = c.TLS.CA, c.TLS.Cert, c.TLS.Key
	}
	return s, nil
}

// influxService says how the InfluxDB writer is, and what waits for it; nil: none is configured.
func influxService(w *influx.Writer) func() (web.Service, *web.Lag) {
	return func() (web.Service, *web.Lag) {
		if w == nil {
			return web.Service{Name: "influx", State: web.ServiceOff}, nil
		}
		h := w.Health()
		s := web.Service{Name: "influx", State: web.ServiceOK, Detail: h.LastError, Since: h.Since}
		if h.Held != "" {
			s.State, s.Detail = web.ServiceWaiting, h.Held
		}
		switch h.State {
		case influx.Retrying:
			s.State = web.ServiceWaiting
		case influx.Blocked:
			s.State = web.ServiceFailing
		}
		if !h.Known {
			return s, nil // a moment after the start: nothing waits would be a guess
		}
		return s, &web.Lag{Name: "influx", Waiting: h.Waiting, Oldest: h.Age}
	}
}
