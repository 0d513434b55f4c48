// Package neighbours lets several gateways share one broker. Each tells which sites it serves; a message in the native format about a
// site that only another one serves is that one's business: it is acknowledged and counted here, and neither a mistake of a device
// nor worth a record.
package neighbours

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/access"
)

// topic is where a gateway tells its sites, retained; its id follows.
const topic = access.Prefix + "_gateway/out/sites/"

// Filter is what a gateway subscribes to, to hear of others.
const Filter = topic + "+"

// canary stands for the site where gateways listen to themselves.
const canary = "canary"

// most is how many other gateways are known: whoever may publish could make up any number. What one of them tells is as long as the
// door allows (ingest.max_payload, 256 KiB: about 10,000 sites); what was cut there is not understood.
const most = 1000

// claim is what a gateway tells.
type claim struct {
	Sites []string `json:"sites"`
}

// Topic is where the gateway with an id tells its sites.
func Topic(id string) string { return topic + id }

// Claim is the retained payload for Topic.
func Claim(sites []string) []byte {
	b, err := json.Marshal(claim{slices.Sorted(slices.Values(sites))})
	if err != nil {
		panic("neighbours: encoding a list of texts: " + err.Error())
	}
	return b
}

// Intake stands before the intake of a gateway. It is safe for concurrent use.
type Intake struct {
	next    ingest.Intake
	id      string
	log     *slog.Logger
	skipped prometheus.Counter

	mu     sync.Mutex
	own    map[string]bool            // sites
	claims map[string]map[string]bool // sites by gateway
	// others are the sites that only other gateways serve; nil: nothing is known yet.
	others atomic.Pointer[map[string]bool]
	twice  string // the sites that are served here and elsewhere, as they were told
}

// New makes an intake for the gateway with an id, which hands on to next what is not a neighbour's. reg may be nil.
func New(id string, next ingest.Intake, log *slog.Logger, reg prometheus.Registerer) *Intake {
	in := &Intake{next: next, id: id, log: log.With("component", "neighbours"), own: map[string]bool{}, claims: map[string]map[string]bool{}}
	in.skipped = prometheus.NewCounter(prometheus.CounterOpts{Name: "gerbang_ingest_neighbour_messages_total",
		Help: "Messages about sites that other gateways at the broker serve."})
	if reg != nil {
		reg.MustRegister(in.skipped, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gerbang_ingest_neighbours",
			Help: "Other gateways at the broker that have told their sites."}, func() float64 { return float64(len(in.Known())) }))
	}
	return in
}

// Serve says which sites are served here.
func (in *Intake) Serve(sites []string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.own = make(map[string]bool, len(sites))
	for _, s := range sites {
		in.own[s] = true
	}
	in.compare()
}

// Known are the ids of the other gateways, sorted.
func (in *Intake) Known() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Sorted(maps.Keys(in.claims))
}

// Put takes what is about gateways, leaves a neighbour's messages to it and hands on the rest.
func (in *Intake) Put(m ingest.Message) error {
	rest, native := strings.CutPrefix(m.Topic, access.Prefix)
	if !native {
		return in.next.Put(m)
	}
	if id, about := strings.CutPrefix(m.Topic, topic); about {
		in.hear(id, m.Payload)
		done(m)
		return nil
	}
	if others := in.others.Load(); others != nil {
		if site, _, _ := strings.Cut(rest, "/"); (*others)[site] {
			in.skipped.Inc()
			done(m)
			return nil
		}
	}
	return in.next.Put(m)
}

func done(m ingest.Message) {
	if m.Ack != nil {
		m.Ack()
	}
}

// hear takes what a gateway tells; nothing: it is gone for good.
func (in *Intake) hear(id string, payload []byte) {
	if id == in.id {
		return
	}
	var c claim
	if payload = bytes.TrimSpace(payload); len(payload) > 0 {
		if err := json.Unmarshal(payload, &c); err != nil {
			in.log.Warn("another gateway tells its sites in a way that is not understood", "gateway", id, "err", err)
			return
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	_, known := in.claims[id]
	switch {
	case len(payload) == 0:
		delete(in.claims, id)
	case !known && len(in.claims) >= most:
		in.log.Warn("too many gateways at the broker: this one's sites are not known here", "gateway", id, "known", most)
		return
	default:
		sites := make(map[string]bool, len(c.Sites))
		for _, s := range c.Sites {
			sites[s] = true
		}
		in.claims[id] = sites
		if !known {
			in.log.Info("another gateway is at the broker", "gateway", id, "sites", len(sites))
		}
	}
	in.compare()
}

// compare works out whose sites are whose. The caller holds the lock.
func (in *Intake) compare() {
	others := map[string]bool{}
	if !in.own[canary] {
		others[canary] = true
	}
	var twice []string
	for id, sites := range in.claims {
		for s := range sites {
			if in.own[s] {
				twice = append(twice, s+" ("+id+")")
			} else {
				others[s] = true
			}
		}
	}
	in.others.Store(&others)
	slices.Sort(twice)
	if text := strings.Join(twice, ", "); text != in.twice {
		if in.twice = text; text != "" {
			in.log.Warn("sites are served by another gateway as well: both judge them, and people are told twice", "sites", text)
		}
	}
}
