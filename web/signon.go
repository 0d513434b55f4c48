package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/signon"
)

const (
	// signOnCookie is what a browser keeps while its person is at the provider. It is Lax, for it comes back from another site.
	signOnCookie = "gerbang_signon"
	signOnPath   = "/login/oidc"
	mostTicket   = 3000 // bytes
	// mostSaid bounds the groups that somebody is told who has no role.
	mostSaid = 20
)

// SetSignOn brings a provider into force that people may sign in with; nil: none. Those whom another one knew are out.
func (s *Server) SetSignOn(p *signon.Provider) {
	s.signOn.Store(p)
	issuer := ""
	if p != nil {
		issuer = p.Issuer()
	}
	s.access.keeper.SetIssuer(issuer)
}

// offersSignOn says on the log-in that there is a provider.
func (s *Server) offersSignOn(p *loginPage) {
	if provider := s.signOn.Load(); provider != nil && !p.Token && !p.Empty {
		p.SignOn, p.SignOnURL, p.Down = provider.Name(), signOnPath+"?next="+url.QueryEscape(p.Next), provider.Down()
	}
}

func (s *Server) signOnTicket(value string, life time.Duration) *http.Cookie {
	c := s.access.cookie(signOnCookie, value, life)
	c.Path, c.SameSite = s.base.to(signOnPath), http.SameSiteLaxMode
	return c
}

// beginSignOn sends a browser to the provider. It changes nothing here: a page elsewhere that leads to it has somebody sign in as himself at most.
func (s *Server) beginSignOn(w http.ResponseWriter, r *http.Request) error {
	provider := s.signOn.Load()
	if provider == nil {
		return errNoPage
	}
	next := localPath(r.URL.Query().Get("next"))
	if callerOf(r.Context()) != nil && !s.unasked() {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	to, ticket, err := provider.Begin(r.Context(), next)
	if err != nil {
		return s.notKnown(w, r, provider, next, err, nil)
	}
	http.SetCookie(w, s.signOnTicket(ticket, signon.TicketLife))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// endSignOn lets in whom the provider has sent back.
func (s *Server) endSignOn(w http.ResponseWriter, r *http.Request) error {
	provider := s.signOn.Load()
	if provider == nil {
		return errNoPage
	}
	from := s.client(r)
	if wait := s.comebacks.Wait(from, s.opts.Now()); wait > 0 {
		return &fault{status: http.StatusTooManyRequests, key: "error.too_many", retry: int(wait/time.Second) + 1}
	}
	ticket := ""
	if c, err := r.Cookie(signOnCookie); err == nil && len(c.Value) <= mostTicket {
		ticket = c.Value
	}
	http.SetCookie(w, s.signOnTicket("", 0))
	id, next, err := provider.Finish(r.Context(), ticket, r.URL.Query())
	if err != nil {
		s.comebacks.Failed(from, s.opts.Now())
		return s.notKnown(w, r, provider, "/", err, nil)
	}
	lang := s.tongues.choose(r)
	e, err := s.access.keeper.EnterKnown(r.Context(), accounts.Known{
		Issuer: id.Issuer, Subject: id.Subject, Display: cleanText(id.Name, maxName), Posts: s.postsHere(id.Posts), Lang: lang.Tag, By: cleanText(provider.Name(), maxName),
		Life: provider.Session(),
	}, s.attempt(r))
	if err != nil {
		return s.notKnown(w, r, provider, next, err, id.Groups)
	}
	s.comebacks.Succeeded(from)
	_ = s.loginFault(nil)
	http.SetCookie(w, s.access.cookie(sessionCookie, e.Session, provider.Session()))
	// A redirect would be one more step of a way that began at another site, on which a browser does not show the cookie of the session.
	next = s.base.to(localPath(next))
	w.Header().Set("Refresh", "0; url="+next)
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusOK, lang, "entered", enteredPage{frame: s.frame(r, lang, lang.T("login.title")), Next: next})
}

// enteredPage is shown for a moment.
type enteredPage struct {
	frame
	Next string
}

// postsHere leaves out the sites that there are not any more.
func (s *Server) postsHere(posts []accounts.Post) []accounts.Post {
	var here []accounts.Post
	for _, p := range posts {
		if len(p.Sites) > 0 {
			p.Sites = slices.DeleteFunc(slices.Clone(p.Sites), func(id string) bool { _, ok := s.opts.Live.Outline(id); return !ok })
			if len(p.Sites) == 0 {
				continue // none is left, and an empty list would mean all
			}
		}
		here = append(here, p)
	}
	return here
}

// notKnown says on the log-in why somebody is not let in, and what he can do. What is wrong with the set-up the log says.
func (s *Server) notKnown(w http.ResponseWriter, r *http.Request, provider *signon.Provider, next string, err error, groups []string) error {
	status, key, args := http.StatusBadGateway, "signon.token", []any{"Provider", provider.Name()}
	clock, wrongClock := errors.AsType[*signon.ClockError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, signon.ErrDown):
		status, key = http.StatusServiceUnavailable, "signon.down"
	case errors.Is(err, signon.ErrBusy):
		status, key = http.StatusServiceUnavailable, "signon.busy"
	case errors.Is(err, signon.ErrBegin), errors.Is(err, signon.ErrUsed):
		status, key = http.StatusBadRequest, "signon.begin"
	case errors.Is(err, signon.ErrDenied):
		status, key = http.StatusForbidden, "signon.denied"
	case errors.Is(err, signon.ErrClient):
		key = "signon.client"
	case wrongClock:
		key, args = "signon.clock", append(args, "Minutes", int(clock.Ahead.Abs()/time.Minute))
	case errors.Is(err, accounts.ErrNoRole):
		status, key = http.StatusForbidden, "signon.no_role"
	case errors.Is(err, accounts.ErrOff):
		status, key = http.StatusForbidden, "signon.off"
	case errors.Is(err, accounts.ErrAlone):
		status, key = http.StatusForbidden, "signon.alone"
	case errors.Is(err, signon.ErrToken):
	default: // of the secret's file, or of the store
		status, key = http.StatusInternalServerError, "error.internal"
	}
	s.metrics.login("refused")
	s.opts.Log.Warn("a log-in by the provider failed", "why", strings.TrimPrefix(key, "signon."), "err", err)
	lang := s.tongues.choose(r)
	p := s.loginPageOf(r, localPath(next))
	if p.Wrong = lang.T(key, args...); key == "signon.no_role" {
		for i, g := range groups[:min(len(groups), mostSaid)] {
			groups[i] = cleanText(g, maxName)
		}
		p.Groups = groups[:min(len(groups), mostSaid)]
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(30))
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, status, lang, "login", p)
}

// providerOf is what pages call the provider that knows an account; empty: it is one of the gateway's own.
func (s *Server) providerOf(a *accounts.Account) string {
	if !a.External() {
		return ""
	}
	if p := s.signOn.Load(); p != nil && p.Issuer() == a.Issuer {
		return p.Name()
	}
	return a.Issuer
}
