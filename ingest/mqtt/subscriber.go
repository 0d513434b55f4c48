// Package mqtt reads from a broker that is not ours, and publishes to it.
//
// Subscriber is the reading client. It keeps a persistent session, acknowledges a message when it is on disk, and proves
// with a canary that it hears anything at all. Publisher is a second client, so that publishing never waits behind
// reading.
package mqtt

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// Subscriber takes messages from a broker to an intake. Make it with New and Run it once.
//
// Its messages are acknowledged by Message.Ack, which never blocks. While the intake is full it stops reading; a broker
// that gives the connection up meanwhile delivers what is not acknowledged again.
type Subscriber struct {
	options Options
	broker  *url.URL
	filters []string
	// identity names the session at the broker, across reconnects and restarts.
	identity uint64
	intake   ingest.Intake
	log      *slog.Logger
	metrics  *metrics

	epoch   time.Time // ages are counted from here, so that setting the clock does not change them
	backlog wire.Backlog
	heard   atomic.Int64  // when the last message came, after epoch
	full    atomic.Bool   // the handler waits for the intake
	rebuild chan string   // why the client is to be replaced; holds one
	granted chan struct{} // a subscription was granted; holds one
	stop    chan struct{} // closed: no message is taken any more
	stopped chan struct{} // closed: the handler lets go of messages

	current atomic.Pointer[session] // nil before Run

	mu       sync.Mutex
	state    state
	followed []string // beside filters; see Follow
}

// state is what Health reports. Under Subscriber.mu.
type state struct {
	running     bool
	connected   bool
	since       time.Time // of connected or not connected
	present     bool      // the broker had our session at the last connect
	had         bool      // there was a session before
	connects    []connect
	total       int
	refusing    bool          // an attempt to connect has failed since the connection was lost
	lived       time.Duration // how long the last connection was there; 0: there was none
	granted     map[string]byte
	refused     string // what is wrong with the subscription
	lost        string // why the connection is down
	canaryNo    uint64
	canaries    []canary // published and not yet heard
	canaryHeard time.Time
	canaryFault string // why it could not be published
}

// New validates the options. Nothing is connected before Run.
func New(o Options, intake ingest.Intake) (*Subscriber, error) {
	u, err := o.validate()
	if err != nil {
		return nil, fmt.Errorf("mqtt: %w", err)
	}
	s := &Subscriber{
		options: o, broker: u, filters: o.filters(), identity: wire.SessionHash(u.Host, o.ClientID), intake: intake, log: o.Logger, epoch: time.Now(),
		rebuild: make(chan string, 1), granted: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	s.state.had = o.Resumed
	s.state.since = s.epoch
	s.metrics = newMetrics(o.Registerer, s)
	return s, nil
}

// Run reads until ctx ends. Then it takes no more messages, waits until those taken are acknowledged or DrainTimeout is
// over, and disconnects; the broker keeps the session and what comes meanwhile. It always returns nil: a broker that
// cannot be reached is a matter of Health.
func (s *Subscriber) Run(ctx context.Context) error {
	s.change(func(st *state) { st.running = true })
	var watching sync.WaitGroup
	watching.Go(func() { s.watch(ctx) })
	defer watching.Wait()

	for {
		session := s.begin()
		select {
		case why := <-s.rebuild:
			s.metrics.rebuilds.Inc()
			s.log.Warn("connection given up", "reason", why)
			session.abandon()
		case <-ctx.Done():
			close(s.stop)
			s.drain()
			close(s.stopped)
			session.end()
			s.change(func(st *state) { st.running, st.connected, st.since = false, false, time.Now() })
			s.log.Info("stopped", "unacknowledged", s.backlog.Len())
			return nil
		}
	}
}

// drain waits for the commits that are under way.
func (s *Subscriber) drain() {
	deadline := time.NewTimer(s.options.DrainTimeout)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for s.backlog.Len() > 0 {
		select {
		case <-tick.C:
		case <-deadline.C:
			s.log.Warn("messages were not committed in time and will be delivered again", "count", s.backlog.Len())
			return
		}
	}
}

// giveUp asks Run to replace the client.
func (s *Subscriber) giveUp(why string) {
	select {
	case s.rebuild <- why:
	default: // it is about to
	}
}

func (s *Subscriber) change(f func(*state)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.state)
}

// now is the time since epoch.
func (s *Subscriber) now() int64 { return int64(time.Since(s.epoch)) }
