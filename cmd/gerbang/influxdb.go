package main

import (
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/influx"
	"github.com/gerbang-iot/gerbang/journal"
)

// openInflux makes the InfluxDB writer; nil if none is configured.
func openInflux(cfg *configs.Config, j journal.Streams, fault func(alerts.Fault), log *slog.Logger, reg prometheus.Registerer) (*influx.Writer, error) {
	if cfg.Influx == nil {
		return nil, nil
	}
	server, err := influxServer(cfg.Influx)
	if err != nil {
		return nil, err
	}
	return influx.New(influx.Options{
		Server: server, Source: j.Source(), BatchLines: cfg.Influx.Batch,
		Faults: func(name string, firing bool, detail string) {
			fault(alerts.Fault{Name: alerts.FaultName(name), Firing: firing, Detail: detail})
		},
		Logger: log, Registerer: reg,
	})
}

// influxServer is the configured server: version 2 by org and bucket, 1.8 by database.
func influxServer(c *configs.Influx) (influx.Server, error) {
	s := influx.Server{URL: c.URL, Org: c.Org, Bucket: c.Bucket, Timeout: c.Timeout}
	token, err := reveal("influxdb token", c.Token)
	if err != nil {
		return s, err
	}
	if c.Database != "" {
		s.Bucket = c.Database
		password, err := reveal("influxdb password", c.Password)
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

// reveal reads a secret that may be missing.
func reveal(what string, s configs.Secret) (string, error) {
	if !s.IsSet() {
		return "", nil
	}
	v, err := s.Reveal()
	if err != nil {
		return "", fmt.Errorf("reading the %s: %w", what, err)
	}
	return v, nil
}
