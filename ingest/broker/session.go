package broker

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// sessions holds what outlives a connection, by client id: the state of QoS 2, without which a message that is sent again
// after a reconnect would be taken twice, and what its client is to get. The library keeps its own in a map that mixes both
// directions. It also knows whose each session is, and sees to it that nobody has too many.
type sessions struct {
	mu     sync.Mutex
	byID   map[string]*session // by the library's client id
	owners map[string]*owner   // by name; nobody without a credential is ""
	open   int
	queued atomic.Int64 // bytes that wait for all of them

	mailbox func(id string, o *owner) *mailbox // for a new session
	retire  func(*session)                     // when it is over; must not use sessions
}

// admission is what became of a connection that wants a session.
type admission struct {
	session *session
	resumed bool       // it was there before
	refused cause      // none: it has the session
	gone    []*session // asleep, and not any more: the broker has to forget them
	ends    *conn      // whose place the connection takes
}

// owner is the owner of what a credential has, by its name; key "": of what those without one have.
func (s *sessions) owner(a *access.Account, key string) *owner {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.owners[key]
	if o == nil {
		o = &owner{name: key, penalized: key != "", sessions: map[string]*session{}}
		if key == "" {
			o.name = everybody
		}
		s.owners[key] = o
	}
	o.allow(a)
	return o
}

// begin attaches a connection to its session, which is new if the client asks for a clean one or the earlier one is over;
// lasting: it outlives the connection. A credential has at most most sessions, and the broker as many that are open, and as
// many asleep, as all allows. A credential that has few takes the place of one of the credential that has most, so however
// many one has, the next device finds a place.
func (s *sessions) begin(id string, clean, lasting bool, c *conn, most, all int) (a admission) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := c.owner
	in := s.byID[id]
	open, asleep, _ := o.count()
	if in == nil && len(o.sessions) >= most {
		if asleep == nil {
			a.refused = causeSessions
			return a
		}
		s.forget(asleep, &a)
	}
	if (in == nil || !in.open) && s.open >= all {
		biggest, victim := s.biggest(func(o *owner) int { n, _, _ := o.count(); return n })
		if biggest <= open+1 {
			a.refused = causeFull
			return a
		}
		_, _, newest := victim.count()
		a.ends = newest.conn
		newest.open = false // it is about to be
		s.open--
	}
	if in == nil && len(s.byID)-s.open >= all {
		_, victim := s.biggest(func(o *owner) int { n, _, _ := o.count(); return len(o.sessions) - n })
		if _, asleep, _ := victim.count(); asleep != nil {
			s.forget(asleep, &a)
		}
	}
	a.resumed = in != nil && !clean && !in.over()
	if !a.resumed {
		open := in != nil && in.open
		if in != nil {
			s.drop(in)
		}
		in = &session{
			identity: wire.SessionHash(c.account.Name, c.id), received: map[uint16]bool{}, id: id, owner: o, open: open,
			mailbox: s.mailbox(id, o),
		}
		s.byID[id], o.sessions[id] = in, in
		if open {
			s.open++
		}
	}
	if !in.open {
		in.open = true
		s.open++
	}
	in.mu.Lock()
	in.conn, in.since, in.lasting, in.until = c, time.Now(), lasting, time.Time{}
	in.mu.Unlock()
	a.session = in
	return a
}

// biggest is the owner that has most of something. The caller holds the lock.
func (s *sessions) biggest(of func(*owner) int) (most int, biggest *owner) {
	for _, o := range s.owners {
		if n := of(o); biggest == nil || n > most {
			most, biggest = n, o
		}
	}
	return most, biggest
}

// forget takes out a session that is asleep. The caller holds the lock, and the broker forgets it after that.
func (s *sessions) forget(in *session, a *admission) {
	s.drop(in)
	a.gone = append(a.gone, in)
}

// drop takes a session out. The caller holds the lock.
func (s *sessions) drop(in *session) {
	delete(s.byID, in.id)
	delete(in.owner.sessions, in.id)
	if in.open {
		s.open--
	}
	in.open = false
	s.retire(in)
}

// sleep says that a connection has ended; what is left of its session is asleep.
func (s *sessions) sleep(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := c.session
	if in == nil || s.byID[in.id] != in || !in.isOf(c) {
		return
	}
	if in.open {
		in.open = false
		s.open--
	}
	in.since = time.Now()
}

// end forgets a session, unless another connection has taken it over or begun a new one. c nil: whoever has it.
func (s *sessions) end(id string, c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in := s.byID[id]; in != nil && (c == nil || in.isOf(c)) {
		s.drop(in)
	}
}

// session is what is kept of one client: the receiving side of QoS 1 and 2, and its mailbox.
type session struct {
	identity uint64 // names it across reconnects and restarts
	id       string // the library's
	owner    *owner
	open     bool      // connected; guarded by sessions.mu
	since    time.Time // it is open, or asleep; likewise
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

// finish says that the session ends with the connection after all.
func (s *session) finish(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == c {
		s.lasting = false
	}
}

// isOf reports whether the connection is the one that is or was last connected.
func (s *session) isOf(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn == c
}

// take reports whether the message with this identifier is new. If it is not and was committed, it is answered again. An error
// means that the client has let more messages be than it may.
func (s *session) take(id uint16) (isNew bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	committed, known := s.received[id]
	if committed {
		s.conn.Ack(wire.Pubrec, id)
	}
	if !known && len(s.received) >= maxUnreleased {
		return false, errUnreleased
	}
	if !known {
		s.received[id] = false
	}
	return !known, nil
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
