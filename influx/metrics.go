package influx

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the Writer's numbers.
type metrics struct {
	points   prometheus.Counter
	rejected prometheus.Counter
	bytes    prometheus.Counter
	requests map[class]prometheus.Counter
	latency  prometheus.Histogram
}

// newMetrics makes and registers them; lag is asked at every scrape. A nil Registerer registers nothing.
func newMetrics(r prometheus.Registerer, lag func() (records uint64, age time.Duration)) (*metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "gerbang", Subsystem: "influx", Name: name, Help: help})
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "gerbang", Subsystem: "influx", Name: name, Help: help}, value)
	}
	m := &metrics{
		points:   counter("points_written_total", "Points that InfluxDB confirmed as stored."),
		rejected: counter("points_rejected_total", "Points, or single fields of points, that InfluxDB refused for good; they are kept, listed, and can be sent again."),
		bytes:    counter("bytes_sent_total", "Bytes of line protocol in requests that were stored, before compression."),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "gerbang", Subsystem: "influx", Name: "request_duration_seconds", Help: "Time of one write request, successful or not.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15, 30, 60},
		}),
		requests: make(map[class]prometheus.Counter),
	}
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "gerbang", Subsystem: "influx", Name: "requests_total", Help: "Write requests by what they came to; all but written are sent again, whole or in parts.",
	}, []string{"result"})
	for _, c := range classes() {
		m.requests[c] = requests.WithLabelValues(string(c))
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.points, m.rejected, m.bytes, m.latency, requests,
		gauge("lag_records", "Journal records that are not yet in InfluxDB.", func() float64 { n, _ := lag(); return float64(n) }),
		gauge("lag_seconds", "Time since the gateway learned of the oldest record that is not in InfluxDB.", func() float64 { _, d := lag(); return d.Seconds() }),
	} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
