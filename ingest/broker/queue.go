package broker

import (
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// countAgain is how often what waits for a credential's sessions is counted anew while it seems to be too much: the library
// does not tell of each message that it gives up.
const countAgain = 2 * time.Second

// idle is how long after its last write a connection has written all that waited.
const idle = 100 * time.Millisecond

// writing is what goes out on a connection.
type writing struct {
	bytes atomic.Int64 // that wait to be written
	began atomic.Int64 // a write, since the broker's epoch; 0: none is under way
	ended atomic.Int64 // the last one
}

// less notes that something does not wait any more.
func (w *writing) less(size int64) {
	if w.bytes.Add(-size) < 0 {
		w.bytes.Store(0)
	}
}

// memoryOf is what a message takes in memory, about.
func memoryOf(pk *packets.Packet) int64 {
	n := perMessage + len(pk.Payload) + len(pk.TopicName) + len(pk.Properties.CorrelationData) + len(pk.Properties.ResponseTopic) + len(pk.Properties.ContentType)
	for _, u := range pk.Properties.User {
		n += len(u.Key) + len(u.Val) + 64
	}
	return int64(n)
}

// hold notes that a message waits for the client's acknowledgement.
func (s *session) hold(id uint16, size int64) {
	s.queue.Lock()
	defer s.queue.Unlock()
	if s.held == nil {
		return
	}
	s.add(size - s.held[id])
	s.held[id] = size
}

// settle notes that one waits no longer.
func (s *session) settle(id uint16) {
	s.queue.Lock()
	defer s.queue.Unlock()
	s.add(-s.held[id])
	delete(s.held, id)
}

// recount takes what waits from the library, which knows.
func (s *session) recount() {
	s.mu.Lock()
	c := s.conn
	s.mu.Unlock()
	if c == nil || c.client == nil {
		return
	}
	s.queue.Lock()
	defer s.queue.Unlock()
	if s.held == nil {
		return
	}
	for id := range s.held {
		if _, ok := c.client.State.Inflight.Get(id); !ok {
			s.add(-s.held[id])
			delete(s.held, id)
		}
	}
	if c.client.State.Inflight.Len() == len(s.held) {
		return
	}
	for _, pk := range c.client.State.Inflight.GetAll(false) {
		size := memoryOf(&pk)
		s.add(size - s.held[pk.PacketID])
		s.held[pk.PacketID] = size
	}
}

// empty ends the account of a session that is over.
func (s *session) empty() {
	s.queue.Lock()
	defer s.queue.Unlock()
	s.add(-s.bytes)
	s.held = nil
}

// add changes what waits. The caller holds the lock.
func (s *session) add(size int64) {
	s.bytes += size
	s.owner.queued.Add(size)
	s.all.Add(size)
}

// room reports whether another message of this size may wait for a client: on its connection, and in its session. Each session
// may always have its share, and more while there is more.
func (b *Broker) room(cl *mochi.Client, c *conn, size int64) bool {
	most, share := b.options.Limits.Queue, b.options.Limits.Queue/int64(b.options.Limits.Sessions)
	now := b.since()
	if !cl.Closed() {
		if c.out.bytes.Load()+size > max(most/4, size) {
			if c.out.began.Load() != 0 || now-c.out.ended.Load() < int64(idle) {
				return false
			}
			c.out.bytes.Store(0) // what was given up on the way was counted
		}
	}
	s, o := c.session, c.owner
	s.queue.Lock()
	own := s.bytes
	s.queue.Unlock()
	if own+size <= share || o.queued.Load()+size <= most && b.sessions.queued.Load()+size <= queueOfAll {
		return true
	}
	if last := o.counted.Load(); now-last < int64(countAgain) || !o.counted.CompareAndSwap(last, now) {
		return false
	}
	b.sessions.mu.Lock()
	all := make([]*session, 0, len(o.sessions))
	for _, s := range o.sessions {
		all = append(all, s)
	}
	b.sessions.mu.Unlock()
	for _, s := range all {
		s.recount()
	}
	return o.queued.Load()+size <= most && b.sessions.queued.Load()+size <= queueOfAll
}

// since is the time since the broker's epoch, in nanoseconds, never 0.
func (b *Broker) since() int64 { return max(1, int64(time.Since(b.epoch))) }

// OnQosPublish comes when a message begins to wait for its client's acknowledgement, and when it is sent again.
func (h *hook) OnQosPublish(cl *mochi.Client, pk packets.Packet, _ int64, _ int) {
	if c := connOf(cl); c != nil && c.session != nil && pk.FixedHeader.Type == packets.Publish && !pk.FixedHeader.Dup {
		c.session.hold(pk.PacketID, memoryOf(&pk))
	}
}

// OnQosComplete comes with the packet that ends the wait.
func (h *hook) OnQosComplete(cl *mochi.Client, pk packets.Packet) {
	if c := connOf(cl); c != nil && c.session != nil {
		c.session.settle(pk.PacketID)
	}
}

// OnQosDropped comes when a message is given up.
func (h *hook) OnQosDropped(cl *mochi.Client, pk packets.Packet) { h.OnQosComplete(cl, pk) }

// OnPublishDropped comes when a message did not fit into its client's queue after all.
func (h *hook) OnPublishDropped(cl *mochi.Client, pk packets.Packet) {
	if c := connOf(cl); c != nil && c.owner != nil {
		c.out.less(memoryOf(&pk))
		h.broker.refuse(c.owner, causeQueue)
	}
}

// OnPacketSent comes when a packet is written.
func (h *hook) OnPacketSent(cl *mochi.Client, _ packets.Packet, _ []byte) {
	if c := connOf(cl); c != nil {
		c.out.began.Store(0)
		c.out.ended.Store(h.broker.since())
	}
}
