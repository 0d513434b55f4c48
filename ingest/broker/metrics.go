package broker

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	messages    [3]prometheus.Counter // by QoS
	repeated    prometheus.Counter
	oversize    prometheus.Counter
	throttled   prometheus.Counter
	refused     [causes]prometheus.Counter
	outside     prometheus.Counter
	revoked     prometheus.Counter
	relayed     prometheus.Counter
	relayLost   prometheus.Counter
	published   prometheus.Counter
	retainedOut prometheus.Counter
}

// cause of a refusal: the closed set of a label.
type cause int

const (
	admitted           cause = iota
	causeLogin               // unknown name or wrong password
	causeWait                // a log-in too soon after others that failed
	causePenalty             // too soon after a disconnection for its own doing
	causeClientID            // too long
	causeFull                // too many connections
	causeConnecting          // too many without a log-in
	causeSessions            // too many of one credential
	causeSubscribe           // may not read this
	causeSubscriptions       // too many of one credential, or too long
	causeQueue               // too much waits already
	causeRetained            // too much is retained already
	causePublish             // a reader, or a flood on topics that are not one's own
	causeOrigin              // a page of another origin
	causes
)

var causeNames = [causes]string{
	causeLogin: "login", causeWait: "wait", causePenalty: "penalty", causeClientID: "client_id", causeFull: "full",
	causeConnecting: "connecting", causeSessions: "sessions", causeSubscribe: "subscribe", causeSubscriptions: "subscriptions",
	causeQueue: "queue", causeRetained: "retained", causePublish: "publish", causeOrigin: "origin",
}

// refuse counts a refusal, for the credential too where there is one.
func (b *Broker) refuse(o *owner, why cause) {
	b.metrics.refused[why].Inc()
	if o != nil {
		o.refused[why].Add(1)
	}
}

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
		outside:     counter("gerbang_broker_outside_messages_total", "Messages on topics that their credential may not publish on: acknowledged, and rejected.", nil),
	}
	all := []prometheus.Collector{m.repeated, m.oversize, m.throttled, m.revoked, m.relayed, m.relayLost, m.published, m.retainedOut, m.outside, &byCredential{b},
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gerbang_broker_clients", Help: "Connected clients."},
			func() float64 { return float64(b.Health().Clients) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gerbang_broker_connecting", Help: "Connections that have not logged in."},
			func() float64 { return float64(b.gate.len()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gerbang_broker_subscriptions", Help: "Subscriptions of all sessions."},
			func() float64 { return float64(b.routes.filters.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gerbang_broker_unacknowledged_messages", Help: "Messages handed over and not yet on disk."},
			func() float64 { return float64(b.backlog.Len()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gerbang_broker_oldest_unacknowledged_seconds", Help: "How long the oldest of them has waited."},
			func() float64 { return b.Health().OldestUnacked.Seconds() })}
	for qos, label := range []string{"0", "1", "2"} {
		m.messages[qos] = counter("gerbang_broker_messages_total", "Messages handed over by quality of service.", prometheus.Labels{"qos": label})
		all = append(all, m.messages[qos])
	}
	for why, name := range causeNames {
		if name == "" {
			continue
		}
		m.refused[why] = counter("gerbang_broker_refused_total", "Connections, subscriptions and messages refused.", prometheus.Labels{"cause": name})
		all = append(all, m.refused[why])
	}
	if r != nil {
		r.MustRegister(all...)
	}
	return m
}
