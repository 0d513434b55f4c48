package alerts

import "github.com/prometheus/client_golang/prometheus"

// resenderMetrics are the counts of a Resender.
type resenderMetrics struct {
	open, waiting, up       prometheus.Gauge
	sent, refused, failures prometheus.Counter
}

func newResenderMetrics(r prometheus.Registerer) *resenderMetrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "gerbang", Subsystem: "router", Name: name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "gerbang", Subsystem: "router", Name: name, Help: help})
	}
	m := &resenderMetrics{
		open:     gauge("alerts", "Alerts that are open."),
		waiting:  gauge("waiting", "Alerts whose present state the alert router has not taken."),
		up:       gauge("up", "Whether the last exchange with the alert router succeeded."),
		sent:     counter("sent_total", "Alerts that the alert router has taken, repetitions included."),
		refused:  counter("refused_total", "Alerts that the alert router will never take."),
		failures: counter("router_failures_total", "Exchanges with the alert router that failed and are repeated."),
	}
	if r != nil {
		r.MustRegister(m.open, m.waiting, m.up, m.sent, m.refused, m.failures)
	}
	return m
}
