package broker

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// sessions holds what outlives a connection, by client id: the state of QoS 2, without which a message that is sent again
// after a reconnect would be taken twice, and what its client is to get. The library keeps its own in a map that mixes both
// directions.
type sessions struct {
	mu     sync.Mutex
	byID   map[string]*session
	open   func(id string) *mailbox // for a new session
	retire func(*session)           // when it is over; must not use sessions
}

// begin attaches a connection to its session, which is new if the client asks for a clean one or the earlier one is over.
// lasting: the session outlives the connection.
func (s *sessions) begin(id string, clean, lasting bool, c *conn) (in *session, resumed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in = s.byID[id]
	if in != nil && (clean || in.over()) {
		s.retire(in)
		in = nil
	}
	resumed = in != nil
	if !resumed {
		in = &session{identity: wire.SessionHash(c.account.Name, id), received: map[uint16]bool{}, mailbox: s.open(id)}
		s.byID[id] = in
	}
	in.mu.Lock()
	in.conn, in.lasting, in.until = c, lasting, time.Time{}
	in.mu.Unlock()
	return in, resumed
}

// end forgets a session, unless another connection has taken it over or begun a new one. c nil: whoever has it.
func (s *sessions) end(id string, c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.byID[id]
	if in == nil {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if c == nil || in.conn == c {
		delete(s.byID, id)
		s.retire(in)
	}
}

// session is what is kept of one client: the receiving side of QoS 1 and 2, and its mailbox.
type session struct {
	identity uint64 // names it across reconnects and restarts
	// before is what the last connection remembers that has ended.
	before   atomic.Pointer[wire.Recent]
	mu       sync.Mutex
	conn     *conn           // the one that is or was last connected
	received map[uint16]bool // not yet released identifiers; true once their message is on disk
	lasting  bool            // it outlives conn
	until    time.Time       // when it is over; zero while it is connected

	*mailbox // what it subscribes to and gets
}

// over reports whether a new connection begins a new session: the earlier one ends with its connection, or its time has come,
// though the library, which looks once a second, may not have noticed.
func (s *session) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.lasting || !s.until.IsZero() && time.Now().After(s.until)
}

// leave notes that a connection has ended, and how long the session waits for the next one.
func (s *session) leave(c *conn, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == c {
		s.until = time.Now().Add(wait)
	}
}

// take reports whether the message with this identifier is new. If it is not and was committed, it is answered again.
func (s *session) take(id uint16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	committed, known := s.received[id]
	if committed {
		s.conn.Ack(wire.Pubrec, id)
	}
	if !known {
		s.received[id] = false
	}
	return !known
}

// drop forgets a message that was not taken after all.
func (s *session) drop(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.received, id)
}

// commit answers, on whatever connection the session has by now.
func (s *session) commit(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.received[id]; known {
		s.received[id] = true
	}
	s.conn.Ack(wire.Pubrec, id)
}

// release ends the flow of an identifier: the client has had the answer. One that is released before its message is on
// disk has broken the protocol and stays known until it is.
func (s *session) release(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.received[id] {
		delete(s.received, id)
	}
}
