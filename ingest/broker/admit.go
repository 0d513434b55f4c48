package broker

import (
	"errors"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

// errRefused ends a connection that has had its answer.
var errRefused = errors.New("refused")

// separator stands between a credential and its client's id in the library's client id. No name and no id of a client has it.
const separator = "\x00"

// OnConnect decides who may connect, before the library does anything else, and answers who may not.
//
// A client id belongs to the credential that uses it: the library sees it with the credential's name before it, so two
// credentials that use the same one have nothing to do with each other, and nobody can sit on another's.
func (h *hook) OnConnect(cl *mochi.Client, pk packets.Packet) error {
	b, c := h.broker, connOf(cl)
	if c == nil {
		return errRefused
	}
	c.id, c.client = cl.ID, cl
	why := b.admit(c, pk)
	if why == admitted {
		return nil
	}
	b.refuse(c.owner, why)
	answer := packets.ErrServerUnavailable
	switch {
	case why == causeLogin:
		answer = packets.ErrBadUsernameOrPassword
	case why == causeClientID:
		answer = packets.ErrClientIdentifierNotValid
	case why == causeSessions && cl.Properties.ProtocolVersion == 5:
		answer = packets.ErrQuotaExceeded
	}
	_ = b.server.SendConnack(cl, answer, false, nil) // it may not listen
	return errRefused
}

// OnConnectAuthenticate confirms what OnConnect has found.
func (h *hook) OnConnectAuthenticate(cl *mochi.Client, _ packets.Packet) bool {
	c := connOf(cl)
	return c != nil && c.session != nil
}

// admit finds a connection's credential and gives it a session.
func (b *Broker) admit(c *conn, pk packets.Packet) cause {
	name := string(pk.Connect.Username)
	if len(c.id) > maxClientID {
		return causeClientID
	}
	a, key := b.anonymous, ""
	if name != "" || a == nil {
		try := access.Attempt{From: c.from, Name: name, Client: c.id}
		if b.attempts.Wait(try) > 0 {
			b.noteLogin("login not tried: too many have failed", c, name)
			return causeWait
		}
		set := b.accounts.Load()
		if a = set.Authenticate(name, string(pk.Connect.Password)); a == nil {
			b.attempts.Failed(try)
			b.noteLogin("login refused", c, name)
			return causeLogin
		}
		b.attempts.Succeeded(try)
		key = name
	}
	c.account, c.owner = a, b.sessions.owner(a, key)
	if c.owner.penalty(time.Now()) > 0 {
		b.notes.Warn("login refused: the credential was disconnected for what it published", key, "credential", a.Name, "remote", c.client.Net.Remote)
		return causePenalty
	}
	id := key + separator + c.id
	got := b.sessions.begin(id, pk.Connect.Clean, lasting(c.client), c, b.most(key), b.options.MaxClients)
	for _, s := range got.gone {
		b.forget(s)
	}
	if got.refused != admitted {
		b.notes.Warn("login refused: too many connections", key, "credential", a.Name, "cause", causeNames[got.refused], "remote", c.client.Net.Remote)
		return got.refused
	}
	if got.ends != nil {
		b.refuse(got.ends.owner, causeFull)
		b.notes.Warn("a connection was ended: there are too many, and its credential has most", got.ends.owner.name, "credential", got.ends.owner.name)
		got.ends.client.Stop(packets.ErrServerBusy)
	}
	c.session, c.resumed = got.session, got.resumed
	b.wills.revoke(c.session)
	c.client.ID = id
	c.place.leave()
	return admitted
}

// most is how many sessions there may be of a credential. Those without one share what there is.
func (b *Broker) most(key string) int {
	if key == "" {
		return 2 * b.options.MaxClients
	}
	return b.options.Limits.Sessions
}

// noteLogin writes about a log-in that did not work. A name that is no credential's is not written: people type all sorts of
// things there, passwords too.
func (b *Broker) noteLogin(what string, c *conn, name string) {
	if b.accounts.Load().Find(name) == nil {
		name = "unknown"
	}
	b.notes.Warn(what, name+" "+c.from.String(), "credential", name, "remote", c.client.Net.Remote)
}

// forget clears what the library has of a session that is over.
func (b *Broker) forget(s *session) {
	s.mu.Lock()
	c := s.conn
	s.mu.Unlock()
	if now, ok := b.server.Clients.Get(s.id); ok && now == c.client {
		b.server.Clients.Delete(s.id)
		b.server.UnsubscribeClient(c.client)
		c.client.ClearInflights()
	}
}

// part is what remains to be done when a connection has ended: its place is given back, and what the library keeps of a client
// that asked for no session goes, which it forgets where the client went before it was told that it is in.
func (b *Broker) part(c *conn) {
	c.place.leave()
	if c.session == nil {
		return
	}
	b.sessions.sleep(c)
	p := &c.client.Properties
	if expires := p.ProtocolVersion == 5 && p.Props.SessionExpiryInterval == 0 || p.ProtocolVersion < 5 && p.Clean; expires {
		b.forget(c.session)
		b.sessions.end(c.session.id, c)
	}
}
