package gateway

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Live is what the loop publishes for readers: views, open alerts, counters. A published value is never changed again, so
// readers need no lock and cannot hold up the loop. All methods are safe for concurrent use.
type Live struct {
	state   atomic.Pointer[liveState]
	began   time.Time
	glanced atomic.Int64 // when somebody last looked at any site, in nanoseconds since began; 0: nobody has

	mu          sync.Mutex
	subscribers map[chan struct{}]struct{}
	looked      map[string]time.Time // when somebody last looked at a site
	asked       map[string]bool      // sites whose verdicts somebody waits for
	wanted      chan struct{}        // capacity one: somebody waits

	// Owned by the loop's goroutine.
	shelf     shelf
	dirty     map[string]bool
	shownAt   map[string]time.Time // when a site's view was made
	moved     bool                 // open alerts changed
	openAt    time.Time            // when the open alerts were published
	countedAt time.Time            // when the counters were
	next      int                  // the site that is looked at first
	spent     spending
	durable   journal.Counters
	lastSeq   uint64
	journalOK error
}

type liveState struct {
	views    []*rules.View // by site id
	open     []alerts.Alert
	counters journal.Counters // as of the last commit
	lastSeq  uint64
	journal  error
	at       time.Time // of publication
}

// NewLive makes an empty publication.
func NewLive() *Live {
	l := &Live{
		began:       time.Now(),
		subscribers: map[chan struct{}]struct{}{}, dirty: map[string]bool{}, shownAt: map[string]time.Time{}, shelf: shelf{most: keepVerdicts},
		looked: map[string]time.Time{}, asked: map[string]bool{}, wanted: make(chan struct{}, 1),
	}
	l.state.Store(&liveState{})
	return l
}

// Views are all sites, sorted by id; verdicts may be left out. The caller owns the slice, but not what it points to.
func (l *Live) Views() []rules.View {
	l.glance()
	views := l.state.Load().views
	all := make([]rules.View, len(views))
	for i, v := range views {
		all[i] = *v
	}
	return all
}

// Outline is one site; its verdicts may be left out.
func (l *Live) Outline(site string) (*rules.View, bool) {
	l.glance()
	views := l.state.Load().views
	i, ok := slices.BinarySearchFunc(views, site, bySite)
	if !ok {
		return nil, false
	}
	return views[i], true
}

// View is one site with its verdicts. Where nobody has looked at the site for long, they are made now; where the loop does not come to
// that within awaitFor, it is an outline.
func (l *Live) View(site string) (*rules.View, bool) {
	v, ok := l.Outline(site)
	if !ok {
		return nil, false
	}
	l.mu.Lock()
	l.looked[site] = time.Now()
	l.mu.Unlock()
	if v.Outline == nil {
		return v, true
	}
	return l.await(site)
}

// glance notes that somebody looks.
func (l *Live) glance() { l.glanced.Store(max(int64(time.Since(l.began)), 1)) }

// watched reports whether somebody looks at views, or did until just now.
func (l *Live) watched(now time.Time) bool {
	at := l.glanced.Load()
	return at != 0 && now.Sub(l.began)-time.Duration(at) < glanceFor
}

func bySite(v *rules.View, site string) int { return cmp.Compare(v.Site, site) }

// Open lists the open alerts, the oldest first.
func (l *Live) Open() []alerts.Alert { return slices.Clone(l.state.Load().open) }

// Counters are the totals as of the last commit, and the number of the last record.
func (l *Live) Counters() (c journal.Counters, lastSeq uint64) {
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

// publishEvery is the shortest time between two views of one site. Making a view costs time that grows with the number of
// devices, so the pause also grows until views take at most two percent of the loop's time (see spending), and one call makes only as many
// as fit into publishBudget: messages that wait for their commit come first.
const (
	publishEvery = 250 * time.Millisecond
	// unwatchedEvery is that of a gateway whose views nobody looks at but the displays at its doors: most of a night. A page that is
	// opened then shows the last second, and is live from there on.
	unwatchedEvery = time.Second
	// glanceFor is longer than the pause between two renderings of a page that is open.
	glanceFor     = 15 * time.Second
	publishShare  = 50
	publishBudget = time.Millisecond
	// lookAtOnce is how many sites one call checks for a view that is due; the next call goes on behind them.
	lookAtOnce = 256
	// openEvery is the shortest time between two lists of open alerts, and again for each openMany there are: a flood of them must
	// not be copied for each.
	openEvery = 20 * time.Millisecond
	openMany  = 250
)

// recovered publishes what the journal gave back, all of it at once: nothing has changed, nobody has seen it, and a page that
// shows some of the sites would be read as showing all. No message waits yet.
func (l *Live) recovered(g *Gateway, now telemetry.Instant) {
	s := &liveState{open: g.Open(), counters: g.counters, lastSeq: g.seq, at: now.Time(), views: make([]*rules.View, 0, len(g.order))}
	for _, site := range g.order {
		s.views = append(s.views, l.shown(g, g.view(site))...)
		l.dirty[site.id] = true // the displays at the zones follow at the loop's own pace
	}
	l.durable, l.lastSeq, l.moved = g.counters, g.seq, true
	l.state.Store(s)
	l.notify()
}

// committed notes what a batch touched.
func (l *Live) committed(b *journal.Batch, g *Gateway) {
	for i := range b.Records {
		if site := b.Records[i].Site; g.sites[site] != nil { // what is about no site shows in no view
			l.dirty[site] = true
		}
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

// publish makes touched views anew where it is time, and gives those it made. Open alerts that changed hardly wait.
func (l *Live) publish(g *Gateway, now telemetry.Instant) []rules.View {
	begin := time.Now()
	old := l.state.Load()
	made := l.views(g, begin, now)
	moved := l.moved && begin.Sub(l.openAt) >= openEvery*time.Duration(1+len(old.open)/openMany)
	// Duplicates and messages without a reading touch no site, and are counted all the same.
	counted := l.durable != old.counters && begin.Sub(l.countedAt) >= publishEvery
	if !moved && !counted && len(made) == 0 {
		return nil
	}
	l.countedAt = begin
	s := &liveState{views: old.views, open: old.open, counters: l.durable, lastSeq: l.lastSeq, journal: l.journalOK, at: now.Time()}
	if moved {
		s.open, l.moved, l.openAt = g.Open(), false, begin
	}
	if len(made) > 0 {
		s.views = merge(old.views, l.shown(g, made...))
	}
	l.state.Store(s)
	l.notify()
	return made
}

// pending reports whether something waits to be published soon.
func (l *Live) pending() bool { return l.moved || len(l.dirty) > 0 && l.watched(time.Now()) }

// views makes the views that are due, as many as the budget allows.
func (l *Live) views(g *Gateway, begin time.Time, now telemetry.Instant) []rules.View {
	if len(l.dirty) == 0 {
		return nil
	}
	pause := l.spent.pause(len(g.order))
	if !l.watched(begin) {
		pause = max(pause, unwatchedEvery)
	}
	var made []rules.View
	for range min(len(g.order), lookAtOnce) {
		site := g.order[l.next%len(g.order)]
		l.next = (l.next + 1) % len(g.order)
		if !l.dirty[site.id] || begin.Sub(l.shownAt[site.id]) < pause {
			continue
		}
		delete(l.dirty, site.id)
		l.shownAt[site.id] = begin
		start := time.Now()
		v := g.view(site)
		g.refresh(&v, now)
		made = append(made, v)
		l.spent.add(time.Since(start))
		if time.Since(begin) > publishBudget {
			break
		}
	}
	return made
}

// merge puts newer views into a copy of those that are published; the result is sorted by site.
func merge(old, made []*rules.View) []*rules.View {
	merged := slices.Clone(old)
	for _, v := range made {
		if at, found := slices.BinarySearchFunc(merged, v.Site, bySite); found {
			merged[at] = v
		} else {
			merged = slices.Insert(merged, at, v)
		}
	}
	return merged
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
