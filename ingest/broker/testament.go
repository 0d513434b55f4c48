package broker

import (
	"errors"
	"sync"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// testament is a client's will. The library's own carries no properties but the user's, sends a delayed one without asking
// whether the session is over, and none at all that is empty; so it is told of no wills.
type testament struct {
	conn    *conn // of the client that made it
	message message
	delay   time.Duration
	due     time.Time
}

// testaments are the wills of clients that have gone and may still come back, by session.
type testaments struct {
	mu      sync.Mutex
	waiting map[*session]*testament
}

// takeWill keeps the will of a CONNECT from the library. false: it is none that a client may make.
func (c *conn) takeWill(pk *packets.Packet) bool {
	will := &pk.Connect
	if !will.WillFlag || will.WillQos > 2 { // the library refuses that
		return true
	}
	topic, valid := c.strings.Topic([]byte(will.WillTopic))
	if !valid || topic == "" {
		return false
	}
	c.will = &testament{
		conn:    c,
		message: message{topic: topic, payload: will.WillPayload, will: true, willQoS: will.WillQos, retain: will.WillRetain},
		delay:   time.Duration(will.WillProperties.WillDelayInterval) * time.Second,
	}
	if pk.ProtocolVersion == 5 {
		properties := will.WillProperties
		properties.WillDelayInterval = 0
		c.will.message.properties = &properties
	}
	will.WillFlag, will.WillQos, will.WillRetain, will.WillTopic, will.WillPayload = false, 0, false, "", nil
	will.WillProperties = packets.Properties{}
	return true
}

// testament decides about the will of a client whose connection has ended: nothing after a goodbye; at once if there is no
// delay or the session is over with the connection; otherwise later, unless the client is back by then. over: the session
// ends with the connection.
func (b *Broker) testament(cl *mochi.Client, c *conn, over bool) {
	w := c.will
	if w == nil || c.session == nil || errors.Is(cl.StopCause(), packets.CodeDisconnect) {
		return
	}
	b.sessions.mu.Lock()
	over = over || b.sessions.byID[cl.ID] != c.session
	c.session.mu.Lock()
	back := c.session.conn != c
	if !over && !back && w.delay > 0 {
		w.due = time.Now().Add(w.delay)
		b.wills.mu.Lock()
		b.wills.waiting[c.session] = w
		b.wills.mu.Unlock()
	}
	c.session.mu.Unlock()
	b.sessions.mu.Unlock()
	if over || w.delay == 0 {
		b.testify(w)
	}
}

// testify takes a will like any other message; nobody waits for its answer. A client that has lost its right to speak has
// no will either.
func (b *Broker) testify(w *testament) {
	if !b.current(w.conn.account) {
		return
	}
	if err := b.take(w.conn, w.message); err != nil && !errors.Is(err, errStopping) && !errors.Is(err, errOutside) {
		b.notes.Warn("a client's will was not taken", w.conn.account.Name, "credential", w.conn.account.Name, "err", err)
	}
}

// revoke forgets the will of a session that goes on: its client is back.
func (t *testaments) revoke(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiting, s)
}

// hasten makes the will of a session that is over due.
func (t *testaments) hasten(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if w := t.waiting[s]; w != nil {
		w.due = time.Time{}
	}
}

// due returns the wills whose time has come.
func (t *testaments) due(now time.Time) (all []*testament) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for s, w := range t.waiting {
		if !now.Before(w.due) {
			delete(t.waiting, s)
			all = append(all, w)
		}
	}
	return all
}

// keepTime does what is due at its time, until done.
func (b *Broker) keepTime(done <-chan struct{}) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		case now := <-tick.C:
			for _, w := range b.wills.due(now) {
				b.testify(w)
			}
			if n%50 == 0 {
				b.routes.expire(b.now())
			}
		}
	}
}
