// Package signon lets people in whom somebody else knows: a provider of OpenID Connect, such as the log-in of a ministry. It asks the provider who
// somebody is and makes roles of the groups that he is in. It knows no page and keeps nothing: whether and how long somebody is in is for accounts.
package signon

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/gerbang-iot/gerbang/accounts"
)

// Options of a Provider. Issuer, ClientID and Redirect are required.
type Options struct {
	// Issuer is the provider's address, exactly as it names itself.
	Issuer string
	// ClientID is what the provider calls the gateway.
	ClientID string
	// Secret gives the client's secret of now; nil, or an empty one: the client is public, and PKCE alone protects it.
	Secret func() (string, error)
	// Redirect is where the provider sends people back, as it is registered there.
	Redirect string
	// Name is what pages call the provider; empty: the host of Issuer.
	Name string
	// Scopes are asked for beside openid and profile.
	Scopes []string
	// GroupsClaim is where a token has the groups, with dots from object to object; empty: groups.
	GroupsClaim string
	// Roles are what groups are at sites.
	Roles []Mapping
	// Session is how long a session lasts at most, for whoever leaves a group keeps its role until then; 0: DefaultSession.
	Session time.Duration
	// Client asks the provider; nil: one with a timeout of AskFor.
	Client *http.Client
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil discards
}

// Mapping makes a role of a group. No Sites are all of them.
type Mapping struct {
	Group string
	Role  accounts.Role
	Sites []string
}

const (
	// DefaultSession is a shift with what comes before and after.
	DefaultSession = 12 * time.Hour
	// AskFor is how long the provider may take for an answer.
	AskFor = 5 * time.Second
	// Skew is how much the clocks of the provider and the gateway may differ.
	Skew = 5 * time.Minute

	askAgain = 15 * time.Second // a provider that was down, at the earliest
	askAnew  = time.Hour        // what it says of itself
	mostAsks = 8                // at once
)

// The errors that a caller tells apart.
var (
	ErrDown   = errors.New("the provider does not answer")
	ErrBegin  = errors.New("the log-in did not begin in this browser, or too long ago")
	ErrUsed   = errors.New("the log-in has been finished already")
	ErrDenied = errors.New("the log-in was given up at the provider")
	ErrClient = errors.New("the provider does not take the gateway's client id or secret")
	ErrToken  = errors.New("what the provider says of somebody is not valid")
	ErrBusy   = errors.New("too many log-ins are under way")
)

// ClockError says that the clocks differ too much to believe what the provider says.
type ClockError struct {
	// Ahead is how far the gateway's clock is ahead of the provider's.
	Ahead time.Duration
}

func (e *ClockError) Error() string {
	return fmt.Sprintf("the clocks of the gateway and the provider differ by %v", e.Ahead.Round(time.Second))
}

// Identity is somebody whom the provider knows.
type Identity struct {
	Issuer, Subject string
	Name            string
	Groups          []string
	// Posts are the roles that the groups give; none: nobody has given one of the groups a role.
	Posts []accounts.Post
}

// Provider is one provider. New asks it nothing: it may be down. It is safe for concurrent use.
type Provider struct {
	o    Options
	log  *slog.Logger
	seal cipher.AEAD
	asks chan struct{} // requests to the provider that are under way

	asking sync.Mutex           // what the provider says of itself is asked by one at a time
	mu     sync.Mutex           // of what is below
	found  *found               // what it said last; nil: it has not answered yet
	tried  time.Time            // when it was asked last, by somebody who waited for the answer
	since  time.Time            // since when it has been down; zero: it is not
	used   map[string]time.Time // states that were brought back, and when each expires
}

// found is what the provider says of itself.
type found struct {
	at       time.Time
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	end      string           // where one signs out; empty: nowhere
	style    oauth2.AuthStyle // how it takes the secret: found out by trying, a code would be used up
}

// New makes a Provider.
func New(o Options) *Provider {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.GroupsClaim == "" {
		o.GroupsClaim = "groups"
	}
	if o.Session == 0 {
		o.Session = DefaultSession
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: AskFor}
	}
	if o.Secret == nil {
		o.Secret = func() (string, error) { return "", nil }
	}
	if o.Name == "" {
		o.Name = hostOf(o.Issuer)
	}
	return &Provider{
		o: o, log: o.Log.With("component", "sign-on"), seal: newSeal(), asks: make(chan struct{}, mostAsks), used: map[string]time.Time{},
	}
}

// Name is what pages call it.
func (p *Provider) Name() string { return p.o.Name }

// Issuer is the provider's address.
func (p *Provider) Issuer() string { return p.o.Issuer }

// Session is how long a session lasts at most.
func (p *Provider) Session() time.Duration { return p.o.Session }

// Down reports whether the provider did not answer when it was asked last. It does not wait.
func (p *Provider) Down() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.since.IsZero()
}

// Run asks the provider what it says of itself, now and then, one that is down oftener, until ctx ends: so that pages know whether it is there. It
// returns nil.
func (p *Provider) Run(ctx context.Context) error {
	for {
		_, err := p.ask(ctx)
		again := askAnew
		if err != nil || p.Down() { // what it said before may serve while it is down
			again = 2 * askAgain
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(again):
		}
	}
}

// ask is what the provider says of itself: of the last hour, else asked anew. One that is down is not asked by everybody.
func (p *Provider) ask(ctx context.Context) (*found, error) {
	if f, err := p.known(); f != nil || err != nil {
		return f, err
	}
	p.asking.Lock()
	defer p.asking.Unlock()
	if f, err := p.known(); f != nil || err != nil { // another has asked meanwhile
		return f, err
	}
	f, err := p.discover(ctx)
	now := p.o.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil:
		if !p.since.IsZero() {
			p.log.Info("the provider of log-ins answers again", "issuer", p.o.Issuer, "down", now.Sub(p.since).Round(time.Second))
		}
		p.found, p.tried, p.since = f, now, time.Time{}
		return f, nil
	case ctx.Err() != nil: // who asked went away: that says nothing of the provider, and whoever comes next asks
	default:
		p.tried = now
		if p.since.IsZero() {
			p.since = now
			p.log.Warn("the provider of log-ins does not answer: local accounts go on", "issuer", p.o.Issuer, "err", err)
		}
	}
	if p.found != nil { // what it said before is most likely true still
		return p.found, nil
	}
	return nil, fmt.Errorf("%w: %w", ErrDown, err)
}

// known is what needs no question.
func (p *Provider) known() (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	switch {
	case p.found != nil && now.Sub(p.found.at) < askAnew && p.since.IsZero():
		return p.found, nil
	case now.Sub(p.tried) >= askAgain || now.Before(p.tried):
		return nil, nil
	case p.found != nil:
		return p.found, nil
	}
	return nil, ErrDown
}

// discover asks the provider. Keys are asked for when a token has one that is not known: they may be changed at any time.
func (p *Provider) discover(ctx context.Context) (*found, error) {
	ctx, cancel := context.WithTimeout(ctx, AskFor)
	defer cancel()
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, p.o.Client), p.o.Issuer)
	if err != nil {
		return nil, err
	}
	var says struct {
		End     string   `json:"end_session_endpoint"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := provider.Claims(&says); err != nil {
		return nil, err
	}
	f := &found{at: p.o.Now(), provider: provider, end: says.End, style: oauth2.AuthStyleInHeader}
	if slices.Contains(says.Methods, "client_secret_post") {
		f.style = oauth2.AuthStyleInParams
	}
	// Times are judged by us, with room for clocks that differ.
	f.verifier = provider.Verifier(&oidc.Config{ClientID: p.o.ClientID, SkipExpiryCheck: true})
	return f, nil
}

// client is the gateway as the provider knows it.
func (p *Provider) client(f *found) (*oauth2.Config, error) {
	secret, err := p.o.Secret()
	if err != nil {
		return nil, fmt.Errorf("reading the client's secret: %w", err)
	}
	c := &oauth2.Config{ClientID: p.o.ClientID, ClientSecret: secret, Endpoint: f.provider.Endpoint(), RedirectURL: p.o.Redirect}
	if c.Endpoint.AuthStyle = f.style; secret == "" {
		c.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	for _, scope := range append([]string{oidc.ScopeOpenID, "profile"}, p.o.Scopes...) {
		if !slices.Contains(c.Scopes, scope) {
			c.Scopes = append(c.Scopes, scope)
		}
	}
	return c, nil
}
