package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// loopMetrics shows the loop's counters when somebody asks: counting costs the loop nothing.
type loopMetrics struct {
	live     *gateway.Live
	waiting  func() (messages int, oldest telemetry.Instant)
	unsent   func() (int, error)
	size     func() int64
	messages *prometheus.Desc
	readings *prometheus.Desc
	qos0     *prometheus.Desc
	record   *prometheus.Desc
	intake   *prometheus.Desc
	owed     *prometheus.Desc
	bytes    *prometheus.Desc
	writable *prometheus.Desc
}

func registerGateway(reg prometheus.Registerer, live *gateway.Live, loop *gateway.Loop, courier *gateway.Courier, size func() int64) {
	reg.MustRegister(&loopMetrics{
		live: live, waiting: loop.Waiting, unsent: courier.Waiting, size: size,
		messages: prometheus.NewDesc("gerbang_messages_total",
			"Messages by what became of them. received = stored + duplicate + rejected + ignored.", []string{"outcome"}, nil),
		readings: prometheus.NewDesc("gerbang_readings_total", "Single values in stored messages.", nil, nil),
		qos0:     prometheus.NewDesc("gerbang_messages_unacknowledged_total", "Messages that came at QoS 0, which promises nothing.", nil, nil),
		record:   prometheus.NewDesc("gerbang_journal_records", "Number of the last record in the journal.", nil, nil),
		intake:   prometheus.NewDesc("gerbang_intake_waiting", "Messages that wait for a commit.", nil, nil),
		owed:     prometheus.NewDesc("gerbang_outbox_waiting", "MQTT signals that no broker has acknowledged.", nil, nil),
		bytes:    prometheus.NewDesc("gerbang_journal_bytes", "Size of the journal on disk.", nil, nil),
		writable: prometheus.NewDesc("gerbang_journal_writable", "1 while the journal accepts commits.", nil, nil),
	})
}

// Describe is for prometheus.Collector.
func (m *loopMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.messages, m.readings, m.qos0, m.record, m.intake, m.owed, m.bytes, m.writable} {
		ch <- d
	}
}

// Collect is for prometheus.Collector.
func (m *loopMetrics) Collect(ch chan<- prometheus.Metric) {
	counters, last := m.live.Counters()
	for outcome, n := range outcomes(counters) {
		ch <- prometheus.MustNewConstMetric(m.messages, prometheus.CounterValue, float64(n), outcome)
	}
	ch <- prometheus.MustNewConstMetric(m.readings, prometheus.CounterValue, float64(counters.Readings))
	ch <- prometheus.MustNewConstMetric(m.qos0, prometheus.CounterValue, float64(counters.Unacknowledged))
	ch <- prometheus.MustNewConstMetric(m.record, prometheus.GaugeValue, float64(last))
	arrived, _ := m.waiting()
	ch <- prometheus.MustNewConstMetric(m.intake, prometheus.GaugeValue, float64(arrived))
	owed, _ := m.unsent()
	ch <- prometheus.MustNewConstMetric(m.owed, prometheus.GaugeValue, float64(owed))
	ch <- prometheus.MustNewConstMetric(m.bytes, prometheus.GaugeValue, float64(m.size()))
	writable := 1.0
	if m.live.Journal() != nil {
		writable = 0
	}
	ch <- prometheus.MustNewConstMetric(m.writable, prometheus.GaugeValue, writable)
}

func outcomes(c journal.Counters) map[string]uint64 {
	return map[string]uint64{
		"received": c.Received, "stored": c.Stored, "duplicate": c.Duplicate, "rejected": c.Rejected, "ignored": c.Ignored,
	}
}

var _ gateway.Decoder = (*decode.Decoder)(nil)
