package broker

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	messages    [3]prometheus.Counter // by QoS
	repeated    prometheus.Counter
	oversize    prometheus.Counter
	throttled   prometheus.Counter
	refused     map[string]prometheus.Counter // by cause
	revoked     prometheus.Counter
	relayed     prometheus.Counter
	relayLost   prometheus.Counter
	published   prometheus.Counter
	retainedOut prometheus.Counter
}

// Causes of a refusal: the closed set of a label.
const (
	causeLogin     = "login"     // unknown name or wrong password
	causeClientID  = "client_id" // belongs to another credential
	causeFull      = "full"      // too many connections
	causeSubscribe = "subscribe" // may not read this
)

func newMetrics(r prometheus.Registerer, b *Broker) *metrics {
	counter := func(name, help string, labels prometheus.Labels) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels})
	}
	m := &metrics{
		repeated:    counter("gerbang_broker_repeated_messages_total", "QoS 2 messages sent again before they were released.", nil),
		oversize:    counter("gerbang_broker_oversize_messages_total", "Messages over the packet limit, handed over cut.", nil),
		throttled:   counter("gerbang_broker_throttled_messages_total", "Messages that had to wait for their credential's rate limit.", nil),
		revoked:     counter("gerbang_broker_revoked_sessions_total", "Sessions ended because their credential vanished or changed.", nil),
		relayed:     counter("gerbang_broker_relayed_messages_total", "Device messages passed on to subscribers.", nil),
		relayLost:   counter("gerbang_broker_relay_lost_messages_total", "Device messages not passed on to subscribers because they were too slow.", nil),
		published:   counter("gerbang_broker_published_messages_total", "Messages the gateway published.", nil),
		retainedOut: counter("gerbang_broker_unretained_messages_total", "Device messages not retained because of the bound on retained topics.", nil),
		refused:     map[string]prometheus.Counter{},
	}
	all := []prometheus.Collector{m.repeated, m.oversize, m.throttled, m.revoked, m.relayed, m.relayLost, m.published, m.retainedOut,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gerbang_broker_clients", Help: "Connected clients."},
			func() float64 { return float64(b.Health().Clients) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gerbang_broker_unacknowledged_messages", Help: "Messages handed over and not yet on disk."},
			func() float64 { return float64(b.backlog.Len()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gerbang_broker_oldest_unacknowledged_seconds", Help: "How long the oldest of them has waited."},
			func() float64 { return b.Health().OldestUnacked.Seconds() })}
	for qos, label := range []string{"0", "1", "2"} {
		m.messages[qos] = counter("gerbang_broker_messages_total", "Messages handed over by quality of service.", prometheus.Labels{"qos": label})
		all = append(all, m.messages[qos])
	}
	for _, cause := range []string{causeLogin, causeClientID, causeFull, causeSubscribe} {
		m.refused[cause] = counter("gerbang_broker_refused_total", "Connections and subscriptions refused.", prometheus.Labels{"cause": cause})
		all = append(all, m.refused[cause])
	}
	if r != nil {
		r.MustRegister(all...)
	}
	return m
}
