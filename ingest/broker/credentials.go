package broker

import (
	"cmp"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// maxNamed is how many credentials have series of their own: those that have and do most. The others are one.
const maxNamed = 200

// others are the credentials without series of their own. No credential has a colon in its name.
const others = ":others"

var (
	descSessions      = describe("sessions", "Sessions of a credential.", "state")
	descSubscriptions = describe("subscriptions", "Subscriptions of a credential.")
	descQueued        = describe("queued_bytes", "Bytes that wait for the sessions of a credential.")
	descRetained      = describe("retained_bytes", "Bytes of the retained messages of a credential.")
	descTopics        = describe("retained_topics", "Topics with a retained message of a credential.")
	descMessages      = describe("messages_total", "Messages taken from a credential.")
	descOutside       = describe("outside_messages_total", "Messages of a credential on topics that it may not publish on.")
	descRefused       = describe("refused_total", "What was refused to a credential.", "cause")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("gerbang_broker_credential_"+name, help, append([]string{"credential"}, labels...), nil)
}

// byCredential shows what each credential has and does.
type byCredential struct{ broker *Broker }

func (c *byCredential) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descSessions, descSubscriptions, descQueued, descRetained, descTopics, descMessages, descOutside, descRefused} {
		ch <- d
	}
}

// usage is what a credential has and does.
type usage struct {
	name                                                                          string
	open, asleep, subscriptions, queued, retained, topics, messages, outside, sum float64
	refused                                                                       [causes]float64
}

func (c *byCredential) Collect(ch chan<- prometheus.Metric) {
	for _, u := range c.usages() {
		gauge := func(d *prometheus.Desc, v float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{u.name}, labels...)...)
		}
		count := func(d *prometheus.Desc, v float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, append([]string{u.name}, labels...)...)
		}
		gauge(descSessions, u.open, "open")
		gauge(descSessions, u.asleep, "asleep")
		gauge(descSubscriptions, u.subscriptions)
		gauge(descQueued, u.queued)
		gauge(descRetained, u.retained)
		gauge(descTopics, u.topics)
		count(descMessages, u.messages)
		count(descOutside, u.outside)
		for why, n := range u.refused {
			if n > 0 {
				count(descRefused, n, causeNames[why])
			}
		}
	}
}

// usages are those of the credentials that have series of their own, and of the others together.
func (c *byCredential) usages() []usage {
	b := c.broker
	b.sessions.mu.Lock()
	owners := make([]*owner, 0, len(b.sessions.owners))
	for _, o := range b.sessions.owners {
		owners = append(owners, o)
	}
	b.sessions.mu.Unlock()
	all := make([]usage, len(owners))
	for i, o := range owners {
		all[i] = b.usage(o)
	}
	slices.SortFunc(all, func(a, b usage) int { return cmp.Or(cmp.Compare(b.sum, a.sum), cmp.Compare(a.name, b.name)) })
	if len(all) <= maxNamed {
		return all
	}
	rest := usage{name: others}
	for _, u := range all[maxNamed:] {
		rest.add(u)
	}
	return append(all[:maxNamed:maxNamed], rest)
}

func (b *Broker) usage(o *owner) usage {
	u := usage{
		name: o.name, subscriptions: float64(b.subscriptions(o)), queued: float64(o.queued.Load()),
		retained: float64(o.retained.Load()), topics: float64(o.topics.Load()),
		messages: float64(o.messages.Load()), outside: float64(o.outside.Load()),
	}
	b.sessions.mu.Lock()
	open, _, _ := o.count()
	u.open, u.asleep = float64(open), float64(len(o.sessions)-open)
	b.sessions.mu.Unlock()
	for why := range o.refused {
		u.refused[why] = float64(o.refused[why].Load())
		u.sum += u.refused[why]
	}
	u.sum += u.messages + u.open + u.asleep
	return u
}

func (u *usage) add(o usage) {
	u.open += o.open
	u.asleep += o.asleep
	u.subscriptions += o.subscriptions
	u.queued += o.queued
	u.retained += o.retained
	u.topics += o.topics
	u.messages += o.messages
	u.outside += o.outside
	for why := range o.refused {
		u.refused[why] += o.refused[why]
	}
}
