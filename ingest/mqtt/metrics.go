package mqtt

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	messages    [3]prometheus.Counter // by QoS
	retained    prometheus.Counter
	oversize    prometheus.Counter
	connects    prometheus.Counter
	sessionLost prometheus.Counter
	rebuilds    prometheus.Counter
	refusals    prometheus.Counter
	canarySent  prometheus.Counter
	canaryHeard prometheus.Counter
}

func newMetrics(r prometheus.Registerer, s *Subscriber) *metrics {
	counter := func(name, help string, labels prometheus.Labels) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "gerbang_mqtt_" + name, Help: help, ConstLabels: labels})
	}
	gauge := func(name, help string, f func(Health) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gerbang_mqtt_" + name, Help: help},
			func() float64 { return f(s.Health()) })
	}
	m := &metrics{
		retained:    counter("retained_messages_total", "Messages that were already old when we subscribed.", nil),
		oversize:    counter("oversize_messages_total", "Messages over the packet limit, handed over cut.", nil),
		connects:    counter("connects_total", "Connections to the broker.", nil),
		sessionLost: counter("session_lost_total", "Connections at which the broker no longer had our session.", nil),
		rebuilds:    counter("rebuilds_total", "Connections given up because nothing was heard or granted.", nil),
		refusals:    counter("subscribe_failures_total", "Subscriptions that failed or were not granted with QoS 1.", nil),
		canarySent:  counter("canaries_sent_total", "Canaries published.", nil),
		canaryHeard: counter("canaries_heard_total", "Canaries heard.", nil),
	}
	all := []prometheus.Collector{m.retained, m.oversize, m.connects, m.sessionLost, m.rebuilds, m.refusals, m.canarySent, m.canaryHeard,
		gauge("connected", "1 if connected to the broker.", func(h Health) float64 {
			if h.Connected {
				return 1
			}
			return 0
		}),
		gauge("healthy", "1 if messages reach us as far as can be known.", func(h Health) float64 {
			if h.Reason == "" {
				return 1
			}
			return 0
		}),
		gauge("unacknowledged_messages", "Messages handed over and not yet on disk.", func(h Health) float64 { return float64(h.Unacked) }),
		gauge("oldest_unacknowledged_seconds", "How long the oldest of them has waited.", func(h Health) float64 { return h.OldestUnacked.Seconds() }),
	}
	for qos, label := range []string{"0", "1", "2"} {
		m.messages[qos] = counter("messages_total", "Messages handed over by quality of service.", prometheus.Labels{"qos": label})
		all = append(all, m.messages[qos])
	}
	if r != nil {
		r.MustRegister(all...)
	}
	return m
}
