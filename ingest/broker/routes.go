package broker

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

// routes know who gets what: the subscriptions of all sessions and the retained messages. Under one lock, so that whoever
// subscribes gets a retained message either as such or as it is published, and all subscribers get messages in one order.
type routes struct {
	mu       sync.Mutex
	tree     level
	retained map[string]*parcel
	keep     func(*parcel) bool // one more may be retained
	expired  func(topic string) // what was kept is forgotten

	filters atomic.Int64 // subscriptions
	touched []*session   // by the parcel that is being delivered
}

// deliver gives a parcel to all sessions that have subscribed to its topic, and retains it if it says so. A retained one
// that would be one too many is only passed on.
func (r *routes) deliver(p *parcel) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.retain {
		p = r.retain(p)
	}
	if r.filters.Load() == 0 {
		return
	}
	r.tree.match(p.topic, func(l *level) {
		for _, s := range l.single {
			r.address(p, s)
		}
		for _, g := range l.groups {
			r.address(p, g.choose())
		}
	})
	for i, s := range r.touched {
		d := s.coming
		s.coming, r.touched[i] = nil, nil
		s.out.put(d)
	}
	r.touched = r.touched[:0]
}

// address notes that a session gets a parcel by a subscription. Several of one session make one message, with the highest
// quality of service among them [MQTT-3.3.4-2].
func (r *routes) address(p *parcel, s *subscription) {
	if s.noLocal && s.session.client == p.origin {
		return
	}
	d := s.session.coming
	if d == nil {
		d = &item{parcel: p}
		s.session.coming = d
		r.touched = append(r.touched, s.session)
	}
	d.qos = max(d.qos, min(p.qos, s.qos))
	d.retained = d.retained || p.retain && s.asPublished
	if s.id > 0 {
		d.ids = append(d.ids, s.id)
	}
}

// retain keeps a parcel for those who subscribe later, or forgets that of its topic if it is empty. It returns what is passed
// on. Under mu.
func (r *routes) retain(p *parcel) *parcel {
	switch {
	case !r.keep(p):
		passed := *p
		passed.retain = false
		return &passed
	case len(p.payload) == 0:
		delete(r.retained, p.topic)
	default:
		r.retained[p.topic] = p
	}
	return p
}

// subscribe adds subscriptions that were granted and gives their session the retained messages that come with them.
func (r *routes) subscribe(s *session, bridge bool, granted []packets.Subscription, now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range granted {
		sub := &subscription{session: s, filter: f.Filter, id: f.Identifier, qos: f.Qos, noLocal: f.NoLocal, asPublished: f.RetainAsPublished}
		if bridge { // as mosquitto: a bridge gets no loops and keeps what is retained
			sub.noLocal, sub.asPublished = true, true
		}
		existed := r.tree.add(sub)
		if !existed {
			r.filters.Add(1)
		}
		s.filters[f.Filter] = true
		group, filter := shared(f.Filter)
		if group != "" || f.RetainHandling == 2 || f.RetainHandling == 1 && existed {
			continue
		}
		for _, p := range r.matching(filter, now) {
			if sub.noLocal && p.origin == s.client {
				continue
			}
			d := &item{parcel: p, qos: min(p.qos, f.Qos), retained: true}
			if sub.id > 0 {
				d.ids = []int{sub.id}
			}
			s.out.put(d)
		}
	}
}

// matching returns the retained messages whose topics match, by topic. Under mu.
func (r *routes) matching(filter string, now int64) []*parcel {
	var all []*parcel
	if !strings.ContainsAny(filter, "+#") {
		if p := r.retained[filter]; p != nil && !p.expired(now) {
			all = append(all, p)
		}
		return all
	}
	for topic, p := range r.retained {
		if access.Covers(filter, topic) && !p.expired(now) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *parcel) int { return cmp.Compare(a.topic, b.topic) })
	return all
}

// unsubscribe takes one subscription away, and reports whether it was there.
func (r *routes) unsubscribe(s *session, filter string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.drop(s, filter)
}

// has reports whether a session has subscribed to a filter.
func (r *routes) has(s *session, filter string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return s.filters[filter]
}

// count is how many filters a session has subscribed to.
func (r *routes) count(s *session) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(s.filters)
}

// forget takes all subscriptions of a session away.
func (r *routes) forget(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for filter := range s.filters {
		r.drop(s, filter)
	}
}

// drop is unsubscribe under mu.
func (r *routes) drop(s *session, filter string) bool {
	if !s.filters[filter] {
		return false
	}
	delete(s.filters, filter)
	r.tree.remove(s, filter)
	r.filters.Add(-1)
	return true
}

// expire forgets retained messages whose time is over.
func (r *routes) expire(now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for topic, p := range r.retained {
		if p.expired(now) {
			delete(r.retained, topic)
			r.expired(topic)
		}
	}
}
