package push

import (
	"cmp"
	"container/list"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// enough requests of a credential are let in whatever the others do.
	enough = 4
	// maxNamed is how many credentials have series of their own: those that do most. The others are one.
	maxNamed = 200
	others   = ":others" // no credential has a colon in its name
)

// callers holds what is under way, by credential, so that no one of them fills the door.
type callers struct {
	most, all int // requests under way: of one credential, and of all together

	mu     sync.Mutex
	total  int
	byName map[string]*caller
}

// caller is a credential with its requests.
type caller struct {
	name     string
	underway int
	bodies   *list.List // of *body: those that are still coming, the oldest first

	taken, refused float64
}

// body is a request's that is still coming.
type body struct {
	elem *list.Element
	stop func(time.Time) error // a read deadline
	cut  bool
}

// call is a request that was let in.
type call struct {
	callers *callers
	caller  *caller
	body    *body
}

func newCallers(most, all int) *callers {
	return &callers{most: most, all: all, byName: map[string]*caller{}}
}

// of is a credential's entry. The caller holds the lock.
func (c *callers) of(name string) *caller {
	in := c.byName[name]
	if in == nil {
		in = &caller{name: name, bodies: list.New()}
		c.byName[name] = in
	}
	return in
}

// enter lets a request in. If the credential has too many under way, or all together have, the one of its bodies that has been
// coming for longest is cut off in its favour; nil: there is none, and no room. stop sets the deadline of reading the body.
func (c *callers) enter(name string, stop func(time.Time) error) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := c.of(name)
	if in.underway >= c.most || c.total >= c.all && in.underway >= enough {
		oldest := in.bodies.Front()
		if oldest == nil {
			return nil
		}
		b := oldest.Value.(*body)
		if b.stop(time.Unix(1, 0)) != nil {
			return nil // it cannot be stopped here
		}
		in.bodies.Remove(oldest)
		b.elem, b.cut = nil, true
		in.underway-- // it leaves as soon as it wakes
		c.total--
	}
	in.underway++
	c.total++
	b := &body{stop: stop}
	b.elem = in.bodies.PushBack(b)
	return &call{c, in, b}
}

// read says that the body is here, or never will be. It reports whether it was cut off.
func (c *call) read() (cut bool) {
	c.callers.mu.Lock()
	defer c.callers.mu.Unlock()
	if c.body.elem != nil {
		c.caller.bodies.Remove(c.body.elem)
		c.body.elem = nil
	}
	return c.body.cut
}

// leave says that the request is over.
func (c *call) leave() {
	c.read()
	c.callers.mu.Lock()
	defer c.callers.mu.Unlock()
	if !c.body.cut { // its place is another's already
		c.caller.underway--
		c.callers.total--
	}
}

// count notes how a credential's request ended.
func (c *callers) count(name string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := c.of(name)
	if ok {
		in.taken++
	} else {
		in.refused++
	}
}

var (
	descTaken   = prometheus.NewDesc("gerbang_push_credential_messages_total", "Messages taken from a credential.", []string{"credential"}, nil)
	descRefused = prometheus.NewDesc("gerbang_push_credential_refused_total", "Requests of a credential that were refused.", []string{"credential"}, nil)
)

// Describe and Collect show what each credential does.
func (c *callers) Describe(ch chan<- *prometheus.Desc) {
	ch <- descTaken
	ch <- descRefused
}

// Collect is the other half.
func (c *callers) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	all := make([]caller, 0, len(c.byName))
	for _, in := range c.byName {
		all = append(all, *in)
	}
	c.mu.Unlock()
	slices.SortFunc(all, func(a, b caller) int {
		return cmp.Or(cmp.Compare(b.taken+b.refused, a.taken+a.refused), cmp.Compare(a.name, b.name))
	})
	if len(all) > maxNamed {
		rest := caller{name: others}
		for _, in := range all[maxNamed:] {
			rest.taken += in.taken
			rest.refused += in.refused
		}
		all = append(all[:maxNamed:maxNamed], rest)
	}
	for _, in := range all {
		ch <- prometheus.MustNewConstMetric(descTaken, prometheus.CounterValue, in.taken, in.name)
		ch <- prometheus.MustNewConstMetric(descRefused, prometheus.CounterValue, in.refused, in.name)
	}
}
