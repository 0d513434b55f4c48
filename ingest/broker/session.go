package broker

import (
	"sync"
	"sync/atomic"

	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// sessions holds what outlives a connection, by client id: the state of QoS 2, without which a message that is sent again
// after a reconnect would be taken twice. The library keeps its own in a map that mixes both directions.
type sessions struct {
	mu   sync.Mutex
	byID map[string]*session
}

// begin attaches a connection to its session, which is new if the client asks for a clean one.
func (s *sessions) begin(id string, clean bool, c *conn) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.byID[id]
	if in == nil || clean {
		in = &session{identity: wire.SessionHash(c.account.Name, id), received: map[uint16]bool{}}
		s.byID[id] = in
	}
	in.mu.Lock()
	in.conn = c
	in.mu.Unlock()
	return in
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
	}
}

// session is the receiving side of QoS 1 and 2 for one client.
type session struct {
	identity uint64 // names it across reconnects and restarts
	// before is what the last connection remembers that has ended.
	before   atomic.Pointer[wire.Recent]
	mu       sync.Mutex
	conn     *conn           // the one that is or was last connected
	received map[uint16]bool // not yet released identifiers; true once their message is on disk
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
