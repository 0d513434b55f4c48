// Package broker is the embedded MQTT broker: the front door for devices where there is no other broker.
//
// A PUBACK means that the message is on disk. Each PUBLISH becomes an ingest.Message; the library's own answer is
// suppressed and the acknowledgement is written when the message is committed, so that a connection stays pipelined:
// its next messages are read meanwhile.
package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// Out is a message that the gateway publishes.
type Out = wire.Out

// ErrNotRunning is returned by Publish before Run and after its end.
var ErrNotRunning = errors.New("broker is not running")

// Broker accepts devices and readers. Make it with New, which opens the listeners, and Run it once.
type Broker struct {
	options Options
	intake  ingest.Intake
	log     *slog.Logger
	metrics *metrics

	server    *mochi.Server
	relay     *relay
	routes    routes
	wills     testaments
	listeners []*listener
	backlog   wire.Backlog
	epoch     time.Time                  // ages are counted from here, so that setting the clock does not change them
	anonymous *access.Account            // nil: not allowed
	accounts  atomic.Pointer[access.Set] // swapped after Prepare
	sessions  sessions                   // of clients, by client id
	gate      *gate                      // of connections that have not logged in
	attempts  *access.Attempts
	notes     *access.Notes
	retainers retainers
	stopping  chan struct{} // closed: no message is taken any more
	stopped   chan struct{} // closed: connections end
	running   atomic.Bool
}

// New validates the options and opens the listeners, so that Addr is known; nothing is accepted before Run.
func New(o Options, intake ingest.Intake) (*Broker, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	set, err := access.NewSet(o.Credentials, nil)
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b := &Broker{options: o, intake: intake, log: o.Logger, epoch: time.Now(), stopping: make(chan struct{}), stopped: make(chan struct{})}
	b.sessions.byID, b.sessions.owners = map[string]*session{}, map[string]*owner{}
	b.sessions.mailbox, b.sessions.retire = b.mailbox, b.retire
	b.routes.retained, b.routes.keep, b.routes.expired = map[string]*parcel{}, b.keep, b.retainers.expired
	b.wills.waiting = map[*session]*testament{}
	b.retainers.byTopic = map[string]retainer{}
	b.gate = newGate(o.Limits.Connecting, func() { b.refuse(nil, causeConnecting) })
	b.attempts, b.notes = access.NewAttempts(nil), access.NewNotes(b.log, nil)
	b.accounts.Store(set)
	if o.AllowAnonymous {
		b.anonymous = access.Anonymous()
	}

	can := mochi.NewDefaultServerCapabilities()
	can.MaximumPacketSize = uint32(o.MaxPacket) + 5 // the filter of each connection is the one that decides
	can.MaximumClientWritesPending = 16             // of its own, which are none; it allocates as many for each connection
	can.MaximumInflight = 65535                     // bounds what a client may set as its receive maximum
	can.TopicAliasMaximum = maxAliases
	can.ReceiveMaximum = 65535           // as many as there are identifiers: back-pressure is the intake's
	can.MaximumMessageExpiryInterval = 0 // it would also end the gateway's retained states after a day
	can.MaximumSessionExpiryInterval = maxSession
	can.Compatibilities.NoInheritedPropertiesOnAck = true // they would be the message's own
	b.server = mochi.New(&mochi.Options{
		Capabilities:            can,
		Logger:                  slog.New(slog.DiscardHandler), // it logs payloads; the hook logs what matters
		InlineClient:            true,
		ClientNetReadBufferSize: 2 << 10,   // behind the filter's own
		SysTopicResendInterval:  24 * 3600, // each time stops the world to read memory figures
	})
	if err := b.server.AddHook(&hook{broker: b}, nil); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b.relay = newRelay(b)
	for i, l := range o.Listeners {
		open, err := b.listen(i, l)
		if err == nil {
			err = b.server.AddListener(open)
		}
		if err != nil {
			for _, l := range b.listeners {
				_ = l.net.Close()
			}
			return nil, fmt.Errorf("broker: listen at %s: %w", l.Address, err)
		}
		b.listeners = append(b.listeners, open)
	}
	b.metrics = newMetrics(o.Registerer, b)
	return b, nil
}

// Addr is the address of the i-th listener, in the order of the options.
func (b *Broker) Addr(i int) string { return b.listeners[i].Address() }

// Run serves until ctx ends. Then it takes no more messages, waits until those taken are acknowledged or DrainTimeout is
// over, and ends the connections. It returns an error if the broker cannot start.
func (b *Broker) Run(ctx context.Context) error {
	var relaying sync.WaitGroup
	relaying.Go(b.relay.run)
	relaying.Go(func() { b.keepTime(b.relay.done) })
	defer relaying.Wait()
	defer b.relay.stop()

	if err := b.server.Serve(); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	b.running.Store(true)
	for _, l := range b.listeners {
		b.log.Info("listening", "kind", l.options.Kind, "addr", l.Address(), "tls", l.options.TLS != nil)
	}
	<-ctx.Done()

	close(b.stopping)
	b.drain()
	b.running.Store(false)
	close(b.stopped)
	err := b.server.Close()
	b.log.Info("stopped", "unacknowledged", b.backlog.Len())
	if err != nil {
		return fmt.Errorf("broker: stop: %w", err)
	}
	return nil
}

// Close gives back the addresses of a broker that was never run.
func (b *Broker) Close() error {
	var all []error
	for _, l := range b.listeners {
		all = append(all, l.net.Close())
	}
	return errors.Join(all...)
}

// drain waits for the commits that are under way and lets their acknowledgements go out.
func (b *Broker) drain() {
	deadline := time.NewTimer(b.options.DrainTimeout)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for b.backlog.Len() > 0 {
		select {
		case <-tick.C:
		case <-deadline.C:
			b.log.Warn("messages were not committed in time and will be sent again", "count", b.backlog.Len())
			return
		}
	}
	for _, cl := range b.server.Clients.GetAll() {
		if c := connOf(cl); c != nil {
			_ = c.Flush()
		}
	}
}

// Prepare does all that can fail of replacing who may connect; swap does the rest, or is never called and nothing has changed.
// Sessions whose credential vanished or changed end then at once, open or not. One caller prepares and swaps at a time.
func (b *Broker) Prepare(credentials []access.Credential) (swap func(), err error) {
	set, err := access.NewSet(credentials, b.accounts.Load())
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	return func() {
		b.accounts.Store(set)
		for _, cl := range b.server.Clients.GetAll() {
			if c := connOf(cl); c != nil && !b.current(c.account) {
				b.revoke(cl, c)
			}
		}
	}, nil
}

// current reports whether an account is still valid.
func (b *Broker) current(a *access.Account) bool {
	return a == b.anonymous || a == b.accounts.Load().Find(a.Name)
}

// revoke ends a session whose account is no longer valid, and forgets what it had subscribed to.
func (b *Broker) revoke(cl *mochi.Client, c *conn) {
	b.metrics.revoked.Inc()
	b.log.Warn("session ended: its credential is no longer valid", "credential", c.account.Name, "client", bounded(c.id))
	if now, ok := b.server.Clients.Get(cl.ID); ok && now == cl {
		b.server.Clients.Delete(cl.ID)
	}
	cl.Stop(packets.ErrNotAuthorized)
	b.server.UnsubscribeClient(cl)
	cl.ClearInflights()
	b.sessions.end(cl.ID, c)
}

// Health is the state of the broker.
type Health struct {
	Clients       int           // connected
	Unacked       int           // messages handed over and not yet on disk
	OldestUnacked time.Duration // how long the oldest of them has waited
	Reason        string        // why it is not healthy; empty if it is
}

// stuck is how long a commit may take before the broker is no longer healthy.
const stuck = 30 * time.Second

// Health returns the state. It is cheap and safe for concurrent use.
func (b *Broker) Health() Health {
	h := Health{
		Clients:       int(atomic.LoadInt64(&b.server.Info.ClientsConnected)),
		Unacked:       b.backlog.Len(),
		OldestUnacked: b.backlog.Oldest(int64(time.Since(b.epoch))),
	}
	switch {
	case !b.running.Load():
		h.Reason = "not running"
	case h.OldestUnacked > stuck:
		h.Reason = fmt.Sprintf("the oldest message has waited %s for its commit", h.OldestUnacked.Round(time.Second))
	}
	return h
}

// Publish sends a message of the gateway to its subscribers. It returns when the message is in the queue of each of them;
// a subscriber whose queue is full loses it. Safe for concurrent use.
func (b *Broker) Publish(ctx context.Context, topic string, payload []byte, retained bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !b.running.Load() {
		return ErrNotRunning
	}
	b.deliver(&parcel{topic: topic, payload: bytes.Clone(payload), qos: 1, retain: retained})
	b.metrics.published.Inc()
	return nil
}

// PublishBatch publishes messages in order and stops at the first error.
func (b *Broker) PublishBatch(ctx context.Context, batch []Out) error {
	for _, out := range batch {
		if err := b.Publish(ctx, out.Topic, out.Payload, out.Retained); err != nil {
			return err
		}
	}
	return nil
}
