package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
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
	deviceCookie  = "gerbang_device" // of a browser in which somebody has signed in before
	maxName       = 60               // runes of the name that a person gives
)

// access finds out who somebody is. There are accounts, and there may be one shared token of an older configuration, which may do everything
// but administer; it opens sessions only until there is an account.
type access struct {
	secret  atomic.Pointer[string] // the shared token; empty: there is none
	path    string                 // of the cookies
	secure  bool                   // cookies only over TLS
	now     func() time.Time
	keeper  *accounts.Keeper
	backoff *accounts.Backoff[netip.Prefix] // wrong shared tokens
	// identify finds out who makes a request, see Server.identify.
	identify func(*http.Request) (*accounts.Caller, error)
}

func newAccess(token, path string, secure bool, now func() time.Time, k *accounts.Keeper) *access {
	a := &access{path: path, secure: secure, now: now, keeper: k, backoff: accounts.NewBackoff[netip.Prefix]()}
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
	return a.token() != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// cookie keeps a secret in a browser; an empty one takes it away.
func (a *access) cookie(name, secret string, life time.Duration) *http.Cookie {
	c := &http.Cookie{Name: name, Value: secret, Path: a.path, MaxAge: int(life.Seconds()), HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteStrictMode}
	if secret == "" {
		c.MaxAge = -1
	}
	return c
}

// deviceLife is how long a browser is known after somebody signed in there last.
const deviceLife = 180 * 24 * time.Hour

func secretIn(r *http.Request, name string) string {
	if c, err := r.Cookie(name); err == nil && len(c.Value) <= 100 {
		return c.Value
	}
	return ""
}

// session is the session of a request, and who it is of; nil: there is none.
func (a *access) session(r *http.Request) (*accounts.Caller, *accounts.Session) {
	secret := secretIn(r, sessionCookie)
	if secret == "" {
		return nil, nil
	}
	return a.keeper.InSession(r.Context(), secret, a.token())
}

// Who somebody is in the record that has no account: one at the gateway itself, and one who came in by the token and gave no name.
const (
	nobody      = "local"
	tokenHolder = "token"
)

// author says who does something. Never empty.
func (a *access) author(r *http.Request) string { return authorOf(r.Context()) }

func authorOf(ctx context.Context) string {
	if c := callerOf(ctx); c != nil {
		return c.Name
	}
	return nobody
}

// nameOf is the name of whoever asks, where he has one: of his account, or given on signing in.
func nameOf(r *http.Request) string {
	if c := callerOf(r.Context()); c != nil && c.Name != nobody && c.Name != tokenHolder {
		return c.Name
	}
	return ""
}

// bearer is the token of an Authorization header.
func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, ok && strings.EqualFold(scheme, "Bearer")
}

// unasked reports whether everyone who reaches the server may use it: nobody else than this computer can, and nobody has an account.
func (s *Server) unasked() bool {
	return s.access.token() == "" && !s.access.keeper.Any() && (s.opts.Accounts == nil || !s.exposed)
}

// identify finds out who makes a request: by session, by the token in its Authorization, or because there is nothing to prove. nil without an
// error is a stranger. The error is a *fault: what was shown is wrong, or too much was tried.
func (s *Server) identify(r *http.Request) (*accounts.Caller, error) {
	// A session is checked before any backoff: a guesser behind the same address does not lock people out.
	if c, _ := s.access.session(r); c != nil {
		return c, nil
	}
	if token, ok := bearer(r); ok && !s.unasked() {
		if strings.HasPrefix(token, "gerbang_") {
			c, err := s.access.keeper.ByToken(r.Context(), token, s.client(r))
			return c, s.loginFault(err)
		}
		if err := s.try(r, token); err != nil {
			return nil, err
		}
		return &accounts.Caller{Name: tokenHolder, Claimed: true, Grants: accounts.All(accounts.Administer)}, nil
	}
	if s.unasked() {
		return &accounts.Caller{Name: nobody, Claimed: true, Grants: accounts.All(accounts.Administer)}, nil
	}
	return nil, nil
}

// loginFault is what people are told about a log-in that failed.
func (s *Server) loginFault(err error) error {
	var wait *accounts.WaitError
	switch {
	case err == nil:
		s.metrics.login("admitted")
		return nil
	case errors.As(err, &wait):
		s.metrics.login("held")
		return &fault{status: http.StatusTooManyRequests, key: "error.too_many", retry: int(wait.Wait/time.Second) + 1}
	case errors.Is(err, accounts.ErrWrong):
		s.metrics.login("refused")
		return errNeedToken
	}
	return err
}

// try checks the shared token under the backoff of the caller's address.
func (s *Server) try(r *http.Request, token string) error {
	a, from := s.access, s.client(r)
	if wait := a.backoff.Wait(from, a.now()); wait > 0 {
		return s.loginFault(&accounts.WaitError{Wait: wait})
	}
	if !a.matches(token) {
		a.backoff.Failed(from, a.now())
		return s.loginFault(accounts.ErrWrong)
	}
	a.backoff.Succeeded(from)
	return s.loginFault(nil)
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
