package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/reach"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Reach is how people are called; nil in Options: nobody is, and pages offer nothing of it.
type Reach interface {
	// Key is what a browser needs to let the gateway send it notifications.
	Key() string
	// Keep notes a phone; Drop forgets it; SignedOut forgets those of a session that has ended.
	Keep(ctx context.Context, p reach.Phone) (*reach.Phone, error)
	Drop(ctx context.Context, account, endpoint string) error
	SignedOut(ctx context.Context, session string)
	// Test sends a phone a notification, and Probe tells what became of it.
	Test(ctx context.Context, account, endpoint, title, body string) (*reach.Probe, error)
	Probe(id string) (reach.Probe, bool)
	// Answer takes what a notification tells of itself, by its token; false: there is none such.
	Answer(ctx context.Context, token, what string) bool
	// Saw notes that somebody has an alert before his eyes.
	Saw(alert string, by *accounts.Caller, via, what string)
	// Watching notes that a page that sounds is open.
	Watching(account, page string)
	// Roster lists those whom a site calls, and Channels what it calls them by beside phones.
	Roster(site string) []reach.Person
	Channels() []reach.ChannelState
}

// phoneForm is who asks, and the form that a script has sent about the browser it runs in.
func (s *Server) phoneForm(r *http.Request) (*accounts.Caller, error) {
	c := callerOf(r.Context())
	if s.opts.Reach == nil {
		return nil, errNoPage
	}
	if c == nil || c.Account == "" { // whom a notification reaches must be known
		return nil, errForbidden
	}
	if err := r.ParseForm(); err != nil {
		return nil, badForm(err)
	}
	return c, nil
}

// keepPhone takes the address at which a browser can be reached. Every page that is loaded sends it: browsers change it as they like.
func (s *Server) keepPhone(w http.ResponseWriter, r *http.Request) error {
	c, err := s.phoneForm(r)
	if err != nil {
		return err
	}
	_, session := s.access.session(r)
	if session == nil { // a token is no browser
		return errForbidden
	}
	p, err := s.opts.Reach.Keep(r.Context(), reach.Phone{
		Account: c.Account, Session: session.ID, Agent: cleanText(r.UserAgent(), 80), Lang: s.tongues.choose(r).Tag,
		Endpoint: r.PostForm.Get("endpoint"), P256dh: r.PostForm.Get("p256dh"), Auth: r.PostForm.Get("auth"),
	})
	if err != nil {
		return phoneFault(err)
	}
	return writeJSON(w, http.StatusOK, map[string]any{"phone": p.ID})
}

func phoneFault(err error) error {
	if often, ok := errors.AsType[*reach.OftenError](err); ok {
		return waits("error.tests", often.Wait)
	}
	switch {
	case errors.Is(err, reach.ErrEndpoint), errors.Is(err, reach.ErrKeys):
		return &fault{status: http.StatusUnprocessableEntity, key: "error.phone", cause: err}
	case errors.Is(err, reach.ErrMany):
		return &fault{status: http.StatusServiceUnavailable, key: "error.phones_full", retry: 60}
	case errors.Is(err, reach.ErrNone):
		return errNoPage
	}
	return err
}

// dropPhone forgets the browser that asks.
func (s *Server) dropPhone(w http.ResponseWriter, r *http.Request) error {
	c, err := s.phoneForm(r)
	if err != nil {
		return err
	}
	if err := s.opts.Reach.Drop(r.Context(), c.Account, r.PostForm.Get("endpoint")); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{})
}

// testPhone sends the browser that asks a notification.
func (s *Server) testPhone(w http.ResponseWriter, r *http.Request) error {
	c, err := s.phoneForm(r)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	probe, err := s.opts.Reach.Test(r.Context(), c.Account, r.PostForm.Get("endpoint"), lang.T("reach.test_title"), lang.T("reach.test_body"))
	if err != nil {
		return phoneFault(err)
	}
	return writeJSON(w, http.StatusOK, probeOf(lang, s, probe))
}

// probePhone tells what became of a test.
func (s *Server) probePhone(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Reach == nil {
		return errNoPage
	}
	p, ok := s.opts.Reach.Probe(r.PathValue("probe"))
	if !ok {
		return errNoPage
	}
	return writeJSON(w, http.StatusOK, probeOf(s.tongues.choose(r), s, &p))
}

// probeOf is a test as the page's script reads it. Shown is a time of the gateway's most common zone, in words.
func probeOf(lang *tongue, s *Server, p *reach.Probe) map[string]any {
	out := map[string]any{"test": p.ID, "sent": !p.Sent.IsZero(), "failed": ""}
	if p.Failed != "" {
		out["failed"] = lang.failure(p.Failed)
	}
	if !p.Shown.IsZero() {
		out["shown"] = lang.When(telemetry.InstantOf(p.Shown), s.opts.Now(), s.commonZone(""))
		out["after"] = p.Shown.Sub(p.Began).Seconds()
	}
	return out
}

// told takes what a notification tells of itself. Its token is all that it needs; with a wrong one nothing is known.
func (s *Server) told(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Reach == nil {
		return errNoPage
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	if token := r.PostForm.Get("token"); len(token) > 100 || !s.opts.Reach.Answer(r.Context(), token, r.PostForm.Get("what")) {
		return errNoPage
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// saw takes from a page's script that an alert is before somebody's eyes.
func (s *Server) saw(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Reach == nil {
		return errNoPage
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	via, what := r.PostForm.Get("via"), r.PostForm.Get("what")
	if via != alerts.ViaWatch && via != alerts.ViaPage || what != reach.AnswerShown && what != reach.AnswerOpened {
		return errBadForm
	}
	s.opts.Reach.Saw(r.PathValue("alert"), callerOf(r.Context()), via, what)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// watching takes from a page that sounds that it is still there.
func (s *Server) watching(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Reach == nil {
		return errNoPage
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	if c := callerOf(r.Context()); c.Account != "" {
		s.opts.Reach.Watching(c.Account, cleanText(r.PostForm.Get("page"), 40))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// signedOut forgets the phone of a session that is being ended.
func (s *Server) signedOut(ctx context.Context, session string) {
	if s.opts.Reach != nil {
		s.opts.Reach.SignedOut(ctx, session)
	}
}

// phoneCard is what a page offers the browser it is shown in.
type phoneCard struct {
	Account bool // somebody is signed in with an account
}

// phoneCardOf is nil where nobody is called.
func (s *Server) phoneCardOf(r *http.Request) *phoneCard {
	c := callerOf(r.Context())
	if s.opts.Reach == nil || c == nil || !c.Anywhere(accounts.Acknowledge) {
		return nil
	}
	return &phoneCard{Account: c.Account != ""}
}

// pushKey is what a page gives its script to subscribe with; empty: there is nobody to be reached.
func (s *Server) pushKey(c *accounts.Caller) string {
	if s.opts.Reach == nil || c == nil || c.Account == "" || !c.Anywhere(accounts.Acknowledge) {
		return ""
	}
	return s.opts.Reach.Key()
}

// way names a way by which an alert went, for people.
func (t *tongue) way(via string) string {
	if key := "reach.via." + via; t.Has(key) {
		return t.T(key)
	}
	return strings.ToUpper(via)
}
