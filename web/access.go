package web

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/accounts"
)

const (
	sessionCookie = "gerbang_session"
	sessionLife   = 30 * 24 * time.Hour
	maxName       = 60 // runes of the name that a person gives on signing in
)

// access decides who may come in. There is one token; a browser trades it for a cookie that holds an end date and a name
// under a MAC keyed by a secret and the token, so that a new token ends all sessions, and signing out one.
type access struct {
	secret   atomic.Pointer[string] // the token; empty: everybody
	path     string                 // of the cookies
	secure   bool                   // cookies only over TLS
	now      func() time.Time
	backoff  *accounts.Backoff[netip.Prefix]
	sessions *sessions
	identify func(*http.Request) (*accounts.Caller, error)
}

func newAccess(token, path string, secure bool, now func() time.Time, s *sessions) *access {
	a := &access{path: path, secure: secure, now: now, backoff: accounts.NewBackoff[netip.Prefix](), sessions: s}
	a.secret.Store(&token)
	return a
}

// token is the one in force.
func (a *access) token() string { return *a.secret.Load() }

// SetToken brings another access token into force, and ends the sessions of the one before. A server without a token stays without:
// who may come in is decided when it is made.
func (s *Server) SetToken(token string) {
	if s.opts.Token != "" && token != "" {
		s.access.secret.Store(&token)
	}
}

// matches compares in constant time; hashing first hides the length too.
func (a *access) matches(token string) bool {
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(a.token()))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

func (a *access) mac(id, name string) string {
	m := hmac.New(sha256.New, a.sessions.key(a.token()))
	fmt.Fprintf(m, "%s\x00%s", id, name)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// cookie is a new session for a person who calls herself name.
func (a *access) cookie(name string) *http.Cookie {
	id := a.sessions.begin(a.now().Add(sessionLife))
	name = base64.RawURLEncoding.EncodeToString([]byte(name))
	return &http.Cookie{
		Name: sessionCookie, Value: id + "." + name + "." + a.mac(id, name), Path: a.path,
		MaxAge: int(sessionLife.Seconds()), HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteStrictMode,
	}
}

// session reads the cookie: the person's name and whether it is genuine and has not ended.
func (a *access) session(r *http.Request) (string, bool) {
	id, name, ok := a.genuine(r)
	if end, valid := endOf(id); !ok || !valid || a.now().Unix() >= end || a.sessions.isOver(id) {
		return "", false
	}
	return name, true
}

// genuine reads a cookie of ours, which may have ended.
func (a *access) genuine(r *http.Request) (id, name string, ok bool) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return "", "", false
	}
	parts := strings.Split(c.Value, ".")
	if len(parts) != 3 || !hmac.Equal([]byte(a.mac(parts[0], parts[1])), []byte(parts[2])) {
		return "", "", false
	}
	decoded, err := base64.RawURLEncoding.DecodeString(parts[1])
	return parts[0], string(decoded), err == nil
}

// end ends the session of a request everywhere, not only in this browser.
func (a *access) end(r *http.Request) error {
	if id, _, ok := a.genuine(r); ok {
		return a.sessions.end(id, a.now())
	}
	return nil
}

// author says who does something: the name given on signing in, else what let the request in. Never empty.
// nobody is the author of what somebody without a name did at the gateway itself.
const (
	nobody      = "local"
	tokenHolder = "token" // of one who came in by the token and gave no name
)

func (a *access) author(r *http.Request) string {
	if c := callerOf(r.Context()); c != nil {
		return c.Name
	}
	return nobody
}

// bearer is the token of an Authorization header.
func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, ok && strings.EqualFold(scheme, "Bearer")
}

// identify finds out who makes a request: by session, by the token in its Authorization, or because there is nothing to prove. nil without an
// error is a stranger. The error is a *fault: what was shown is wrong, or too much was tried.
func (s *Server) identify(r *http.Request) (*accounts.Caller, error) {
	a := s.access
	if a.token() == "" {
		return &accounts.Caller{Name: nobody, Claimed: true, Grants: accounts.All(accounts.Administer)}, nil
	}
	// A session is checked before the backoff: a guesser behind the same address does not lock people out.
	if name, ok := a.session(r); ok {
		return &accounts.Caller{Name: cmp.Or(name, tokenHolder), Claimed: true, Grants: accounts.All(accounts.Administer)}, nil
	}
	if token, ok := bearer(r); ok {
		if err := s.try(r, token); err != nil {
			return nil, err
		}
		return &accounts.Caller{Name: tokenHolder, Claimed: true, Grants: accounts.All(accounts.Administer)}, nil
	}
	return nil, nil
}

// try checks a token under the backoff of the caller's address.
func (s *Server) try(r *http.Request, token string) error {
	a, from := s.access, s.client(r)
	if wait := a.backoff.Wait(from, a.now()); wait > 0 {
		s.metrics.login("held")
		return &fault{status: http.StatusTooManyRequests, key: "error.too_many", retry: int(wait/time.Second) + 1}
	}
	if !a.matches(token) {
		a.backoff.Failed(from, a.now())
		s.metrics.login("refused")
		return errNeedToken
	}
	a.backoff.Succeeded(from)
	s.metrics.login("admitted")
	return nil
}

// client is the address a request comes from, IPv6 by its /64: one subscriber has them all. Behind a proxy it is the last
// entry of X-Forwarded-For, the only one that the proxy itself wrote.
func (s *Server) client(r *http.Request) netip.Prefix {
	host := r.RemoteAddr
	if ap, err := netip.ParseAddrPort(host); err == nil {
		host = ap.Addr().String()
	}
	if s.opts.Proxy {
		if chain := r.Header.Values("X-Forwarded-For"); len(chain) > 0 {
			hops := strings.Split(chain[len(chain)-1], ",")
			host = strings.TrimSpace(hops[len(hops)-1])
		}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(ip, bits).Masked()
}

// cleanText bounds a line that a person typed: valid, printable, without invisible or reordering characters, at most most
// runes long.
func cleanText(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || (r >= 0x200b && r <= 0x200f) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2060 && r <= 0x2069) {
			return -1
		}
		return r
	}, strings.TrimSpace(s))
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most])
	}
	return s
}
