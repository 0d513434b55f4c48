// Package neighbours lets several gateways share one broker. Each tells which sites it serves; a message in the native format about a
// site that only another one serves is that one's business: it is acknowledged and counted here, and neither a mistake of a device
// nor worth a record.
//
// Whoever may publish at the broker can claim anything. A claim never takes a site that is served here, and what claims may cost is bounded.
package neighbours

import (
	"bytes"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/access"
)

// canary stands for the site where gateways listen to themselves.
const canary = "canary"

const (
	mostGateways = 1_000  // that are known
	mostSites    = 20_000 // of all of them together: two of the largest claims that a door lets through
	// restoreEvery is the least time between two repairs of this gateway's own claim: two with one id would else answer each other for ever.
	restoreEvery = 10 * time.Second
)

// Options are what an Intake needs.
type Options struct {
	ID   string        // of this gateway
	Next ingest.Intake // takes what is not a neighbour's
	// Restore is called when the claim that stands at the broker for this gateway is not its own; it must not block. nil: nothing is done.
	Restore    func()
	Logger     *slog.Logger
	Registerer prometheus.Registerer // nil: none
	Now        func() time.Time      // nil: time.Now
}

// Intake stands before the intake of a gateway. It is safe for concurrent use.
type Intake struct {
	Options
	notes   *access.Notes
	skipped prometheus.Counter

	mu       sync.RWMutex
	own      map[string]bool  // sites
	mine     []byte           // the claim about them
	claims   map[string]claim // by gateway
	served   map[string]int   // by how many other gateways a site is served
	restored time.Time
}

// claim is what another gateway tells.
type claim struct {
	payload []byte // as it came: one that has not changed costs nothing
	sites   []string
}

// New makes an intake.
func New(o Options) *Intake {
	if o.Now == nil {
		o.Now = time.Now
	}
	in := &Intake{
		Options: o, notes: access.NewNotes(o.Logger.With("component", "neighbours"), o.Now),
		own: map[string]bool{}, claims: map[string]claim{}, served: map[string]int{canary: 1},
	}
	in.skipped = prometheus.NewCounter(prometheus.CounterOpts{Name: "gerbang_ingest_neighbour_messages_total",
		Help: "Messages about sites that other gateways at the broker serve."})
	if o.Registerer != nil {
		o.Registerer.MustRegister(in.skipped, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gerbang_ingest_neighbours",
			Help: "Other gateways at the broker that have told their sites."}, func() float64 { return float64(len(in.Known())) }))
	}
	return in
}

// Serve says which sites are served here.
func (in *Intake) Serve(sites []string) {
	own := make(map[string]bool, len(sites))
	for _, s := range sites {
		own[s] = true
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.own, in.mine = own, Claim(sites)
	for id, c := range in.claims {
		in.compare(id, c.sites)
	}
}

// Mine is the claim of this gateway, for Topic.
func (in *Intake) Mine() []byte {
	in.mu.RLock()
	defer in.mu.RUnlock()
	return in.mine
}

// Known are the ids of the other gateways, sorted.
func (in *Intake) Known() []string {
	in.mu.RLock()
	defer in.mu.RUnlock()
	return slices.Sorted(maps.Keys(in.claims))
}

// Put takes what is about gateways, leaves a neighbour's messages to it and hands on the rest.
func (in *Intake) Put(m ingest.Message) error {
	rest, native := strings.CutPrefix(m.Topic, access.Prefix)
	if !native {
		return in.Next.Put(m)
	}
	if id, about := strings.CutPrefix(m.Topic, topic); about {
		if id == in.ID {
			in.reflect(m.Payload)
		} else {
			in.hear(id, m.Payload)
		}
		done(m)
		return nil
	}
	if site, _, _ := strings.Cut(rest, "/"); in.elsewhere(site) {
		in.skipped.Inc()
		done(m)
		return nil
	}
	return in.Next.Put(m)
}

// elsewhere reports whether only other gateways serve a site.
func (in *Intake) elsewhere(site string) bool {
	in.mu.RLock()
	defer in.mu.RUnlock()
	return in.served[site] > 0 && !in.own[site]
}

func done(m ingest.Message) {
	if m.Ack != nil {
		m.Ack()
	}
}

// reflect sees what stands at the broker for this gateway: its neighbours go by that.
func (in *Intake) reflect(payload []byte) {
	in.mu.Lock()
	now := in.Now()
	wrong := in.mine != nil && !bytes.Equal(payload, in.mine) && now.Sub(in.restored) >= restoreEvery
	if wrong {
		in.restored = now
	}
	in.mu.Unlock()
	if wrong && in.Restore != nil {
		in.notes.Info("what was told about this gateway's sites is not what it serves; it is told again", "")
		in.Restore()
	}
}

// hear takes what another gateway tells; nothing: it is gone for good.
func (in *Intake) hear(id string, payload []byte) {
	if !isID(id) {
		in.notes.Warn("something tells sites under a name that no gateway has", "")
		return
	}
	payload = bytes.TrimSpace(payload)
	in.mu.Lock()
	defer in.mu.Unlock()
	old, known := in.claims[id]
	if bytes.Equal(payload, old.payload) {
		return
	}
	var sites []string
	if len(payload) > 0 {
		var err error
		if sites, err = sitesOf(payload); err != nil {
			in.notes.Warn("another gateway tells its sites in a way that is not understood", id, "gateway", id, "err", err)
			return
		}
	}
	if !known && len(in.claims) >= mostGateways || len(in.served)-len(old.sites)+len(sites) > mostSites {
		in.notes.Warn("other gateways serve too many sites: what this one serves is not known here", id, "gateway", id, "sites", len(sites))
		return
	}
	for _, s := range old.sites {
		if in.served[s]--; in.served[s] == 0 {
			delete(in.served, s)
		}
	}
	if len(payload) == 0 {
		delete(in.claims, id)
		return
	}
	for _, s := range sites {
		in.served[s]++
	}
	in.claims[id] = claim{bytes.Clone(payload), sites}
	if !known {
		in.notes.Info("another gateway is at the broker", id, "gateway", id, "sites", len(sites))
	}
	in.compare(id, sites)
}

// compare says that a site is served here and there. The caller holds the lock.
func (in *Intake) compare(id string, sites []string) {
	for _, s := range sites {
		if in.own[s] {
			in.notes.Warn("a site is served by another gateway as well: both judge it, and people are told twice", s, "site", s, "gateway", id)
		}
	}
}
