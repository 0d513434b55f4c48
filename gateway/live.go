package gateway

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Live is what the loop publishes for readers: views, open alerts, counters. A published value is never changed again, so
// readers need no lock and cannot hold up the loop. All methods are safe for concurrent use.
type Live struct {
	state atomic.Pointer[liveState]

	mu          sync.Mutex
	subscribers map[chan struct{}]struct{}

	// Owned by the loop's goroutine.
	dirty     map[string]bool
	moved     bool // open alerts changed
	lastAt    time.Time
	pause     time.Duration
	durable   Counters
	lastSeq   uint64
	journalOK error
}

type liveState struct {
	views    []rules.View // by site id
	open     []alerts.Alert
	counters Counters // as of the last commit
	lastSeq  uint64
	journal  error
	at       time.Time // of publication
}

// NewLive makes an empty publication.
func NewLive() *Live {
	l := &Live{subscribers: map[chan struct{}]struct{}{}, dirty: map[string]bool{}}
	l.state.Store(&liveState{})
	return l
}

// Views are all sites, sorted by id. The caller owns the slice, but not what it points to.
func (l *Live) Views() []rules.View { return slices.Clone(l.state.Load().views) }

// View is one site.
func (l *Live) View(site string) (*rules.View, bool) {
	views := l.state.Load().views
	for i := range views {
		if views[i].Site == site {
			return &views[i], true
		}
	}
	return nil, false
}

// Open lists the open alerts, the oldest first.
func (l *Live) Open() []alerts.Alert { return slices.Clone(l.state.Load().open) }

// Counters are the totals as of the last commit, and the number of the last record.
func (l *Live) Counters() (c Counters, lastSeq uint64) {
	s := l.state.Load()
	return s.counters, s.lastSeq
}

// Journal is nil while the journal accepts commits, and says why not otherwise.
func (l *Live) Journal() error { return l.state.Load().journal }

// Subscribe gives a channel of capacity one that receives when anything has changed since the last receive. cancel releases
// it and may be called twice.
func (l *Live) Subscribe() (changed <-chan struct{}, cancel func()) {
	c := make(chan struct{}, 1)
	l.mu.Lock()
	l.subscribers[c] = struct{}{}
	l.mu.Unlock()
	return c, func() {
		l.mu.Lock()
		delete(l.subscribers, c)
		l.mu.Unlock()
	}
}

// publishEvery is the shortest time between two publications. Making the views costs time that grows with the number of
// devices, so the pause also grows until they take at most two percent of the loop's time.
const (
	publishEvery = 250 * time.Millisecond
	publishShare = 50
)

// recovered notes what the journal gave back: nothing has changed, and nobody has seen it.
func (l *Live) recovered(g *Gateway) {
	for _, site := range g.order {
		l.dirty[site.id] = true
	}
	l.moved = true
	l.durable, l.lastSeq = g.counters, g.seq
}

// committed notes what a batch touched.
func (l *Live) committed(b *Batch, g *Gateway) {
	for i := range b.Records {
		l.dirty[b.Records[i].Site] = true
	}
	l.moved = l.moved || len(b.Changes) > 0
	l.durable, l.lastSeq = b.Counters, g.seq
}

// journal notes whether the journal accepts commits; a change is published at once, because the loop may now be busy with
// nothing but trying.
func (l *Live) journal(err error) {
	if (err == nil) == (l.journalOK == nil) {
		return
	}
	l.journalOK = err
	s := *l.state.Load()
	s.journal = err
	l.state.Store(&s)
	l.notify()
}

// opened publishes the open alerts alone, at once.
func (l *Live) opened(g *Gateway) {
	s := *l.state.Load()
	s.open = g.Open()
	l.state.Store(&s)
	l.notify()
}

// publish makes the touched views anew if it is time, and reports whether it did. Open alerts that changed do not wait.
func (l *Live) publish(g *Gateway, now telemetry.Instant) (views bool) {
	begin := time.Now()
	due := begin.Sub(l.lastAt) >= l.pause
	old := l.state.Load()
	// Duplicates and messages without a reading touch no site, and are counted all the same.
	due = due && (len(l.dirty) > 0 || l.durable != old.counters)
	if !l.moved && !due {
		return false
	}
	s := &liveState{views: old.views, open: old.open, counters: l.durable, lastSeq: l.lastSeq, journal: l.journalOK, at: now.Time()}
	if l.moved {
		s.open, l.moved = g.Open(), false
	}
	if due {
		s.views = make([]rules.View, 0, len(g.order))
		for _, site := range g.order {
			if at := slices.IndexFunc(old.views, func(v rules.View) bool { return v.Site == site.id }); at >= 0 && !l.dirty[site.id] {
				s.views = append(s.views, old.views[at])
				continue
			}
			s.views = append(s.views, site.engine.View())
			g.refresh(&s.views[len(s.views)-1], now)
		}
		clear(l.dirty)
		l.lastAt = time.Now()
		l.pause = max(publishEvery, publishShare*l.lastAt.Sub(begin))
	}
	l.state.Store(s)
	l.notify()
	return due
}

func (l *Live) notify() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.subscribers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
