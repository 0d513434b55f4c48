package signon

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"

	"github.com/gerbang-iot/gerbang/accounts"
)

const redirect = "http://127.0.0.1:1/login/oidc/callback"

// person is somebody at the provider, with whatever it says of him.
type person struct {
	mockoidc.MockUser
	claims func(*mockoidc.IDTokenClaims) map[string]any
}

func (p *person) Claims(_ []string, c *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	return jwt.MapClaims(p.claims(c)), nil
}

// says are the claims of an honest provider, and more.
func says(c *mockoidc.IDTokenClaims, more map[string]any) map[string]any {
	m := map[string]any{"iss": c.Issuer, "sub": c.Subject, "aud": c.Audience, "exp": c.ExpiresAt, "iat": c.IssuedAt, "nonce": c.Nonce}
	for k, v := range more {
		if m[k] = v; v == nil {
			delete(m, k)
		}
	}
	return m
}

type rig struct {
	*Provider
	t      *testing.T
	mock   *mockoidc.MockOIDC
	client *http.Client
	mu     sync.Mutex
	now    time.Time
	secret string
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// provider starts one, in this process, and knows it.
func provider(t *testing.T, edit func(*Options)) *rig {
	t.Helper()
	mock, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mock.Shutdown() })
	r := &rig{t: t, mock: mock, now: time.Now(), secret: mock.ClientSecret}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	o := Options{
		Issuer: mock.Issuer(), ClientID: mock.ClientID, Secret: func() (string, error) { return r.secret, nil }, Redirect: redirect, Scopes: []string{"groups"},
		Roles: []Mapping{{Group: "satpam", Role: accounts.Security, Sites: []string{"b", "a"}}, {Group: "pos-2", Role: accounts.Security, Sites: []string{"c"}}, {Group: "it", Role: accounts.Administrator}},
		Now:   r.clock, Client: &http.Client{Transport: transport, Timeout: AskFor},
	}
	if edit != nil {
		edit(&o)
	}
	r.Provider = New(o)
	r.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return r
}

// goes is a browser that is sent to the provider, and what it comes back with.
func (r *rig) goes(p mockoidc.User) (ticket string, query url.Values) {
	r.t.Helper()
	r.mock.QueueUser(p)
	to, ticket, err := r.Begin(r.t.Context(), "/alerts?day=1")
	if err != nil {
		r.t.Fatal(err)
	}
	asked, _ := url.Parse(to)
	for _, want := range []string{"code_challenge", "nonce", "state"} {
		if len(asked.Query().Get(want)) < 20 {
			r.t.Fatalf("%s: no %s", to, want)
		}
	}
	if asked.Query().Get("code_challenge_method") != "S256" || strings.Contains(to, r.secret) {
		r.t.Fatalf("the way to the provider: %s", to)
	}
	resp, err := r.client.Get(to) //nolint:noctx // a test
	if err != nil {
		r.t.Fatal(err)
	}
	_ = resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(back.String(), redirect) {
		r.t.Fatalf("sent back to %s", back)
	}
	return ticket, back.Query()
}

func (r *rig) comes(p mockoidc.User) (*Identity, string, error) {
	r.t.Helper()
	ticket, query := r.goes(p)
	return r.Finish(r.t.Context(), ticket, query)
}

func plain(groups ...string) *person {
	return &person{mockoidc.MockUser{Subject: "u1", Groups: groups}, func(c *mockoidc.IDTokenClaims) map[string]any {
		return says(c, map[string]any{"name": "Budi Santoso", "email": "budi@example.go.id", "groups": groups})
	}}
}

func TestSomebodyWhomTheProviderKnows(t *testing.T) {
	r := provider(t, nil)
	id, next, err := r.comes(plain("satpam", "pos-2", "lain"))
	want := &Identity{
		Issuer: r.mock.Issuer(), Subject: "u1", Name: "Budi Santoso", Groups: []string{"satpam", "pos-2", "lain"},
		Posts: []accounts.Post{{Role: accounts.Security, Sites: []string{"a", "b", "c"}}},
	}
	if err != nil || next != "/alerts?day=1" || !reflect.DeepEqual(id, want) {
		t.Fatalf("got %+v, %q, %v, want %+v", id, next, err, want)
	}
	for name, tc := range map[string]struct {
		claim string
		says  map[string]any
		posts int
	}{
		"one group that is a word":  {"groups", map[string]any{"groups": "it"}, 1},
		"in an object":              {"realm_access.roles", map[string]any{"realm_access": map[string]any{"roles": []any{"it", 7}}}, 1},
		"a claim with dots":         {"https://example.go.id/groups", map[string]any{"https://example.go.id/groups": []any{"it"}}, 1},
		"none":                      {"groups", map[string]any{"groups": []any{}}, 0},
		"something else altogether": {"groups", map[string]any{"groups": map[string]any{"it": true}}, 0},
		"only where it is asked":    {"groups", map[string]any{}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := provider(t, func(o *Options) { o.GroupsClaim = tc.claim })
			id, _, err := r.comes(&person{mockoidc.MockUser{Subject: "u1", Groups: []string{"it"}}, func(c *mockoidc.IDTokenClaims) map[string]any { return says(c, tc.says) }})
			if err != nil || len(id.Posts) != tc.posts {
				t.Errorf("got %+v, %v, want %d roles", id, err, tc.posts)
			}
		})
	}
}

// What does not answer this log-in, or is not for us, lets nobody in.
func TestWhatIsNotBelieved(t *testing.T) {
	for name, tc := range map[string]struct {
		says func(r *rig, c *mockoidc.IDTokenClaims) map[string]any
		want error
	}{
		"another nonce":  {func(_ *rig, c *mockoidc.IDTokenClaims) map[string]any { return says(c, map[string]any{"nonce": "x"}) }, ErrToken},
		"no nonce":       {func(_ *rig, c *mockoidc.IDTokenClaims) map[string]any { return says(c, map[string]any{"nonce": nil}) }, ErrToken},
		"another client": {func(_ *rig, c *mockoidc.IDTokenClaims) map[string]any { return says(c, map[string]any{"aud": "other"}) }, ErrToken},
		"another party":  {func(_ *rig, c *mockoidc.IDTokenClaims) map[string]any { return says(c, map[string]any{"azp": "other"}) }, ErrToken},
		"another issuer": {func(_ *rig, c *mockoidc.IDTokenClaims) map[string]any {
			return says(c, map[string]any{"iss": "https://evil.example"})
		}, ErrToken},
		"two clients": {func(r *rig, c *mockoidc.IDTokenClaims) map[string]any {
			return says(c, map[string]any{"aud": []string{r.mock.ClientID, "other"}})
		}, ErrToken},
		"two, and for us": {func(r *rig, c *mockoidc.IDTokenClaims) map[string]any {
			return says(c, map[string]any{"aud": []string{r.mock.ClientID, "other"}, "azp": r.mock.ClientID})
		}, nil},
		"nobody": {func(_ *rig, c *mockoidc.IDTokenClaims) map[string]any { return says(c, map[string]any{"sub": ""}) }, ErrToken},
		"expired": {func(r *rig, c *mockoidc.IDTokenClaims) map[string]any {
			return says(c, map[string]any{"exp": r.clock().Add(-Skew - time.Minute).Unix()})
		}, ErrToken},
		"expired, by a clock that is a little behind": {func(r *rig, c *mockoidc.IDTokenClaims) map[string]any {
			return says(c, map[string]any{"exp": r.clock().Add(-Skew / 2).Unix(), "iat": r.clock().Add(-Skew / 2).Unix()})
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := provider(t, nil)
			_, _, err := r.comes(&person{mockoidc.MockUser{Subject: "u1"}, func(c *mockoidc.IDTokenClaims) map[string]any { return tc.says(r, c) }})
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
	t.Run("another key", func(t *testing.T) {
		r := provider(t, nil)
		if _, _, err := r.comes(plain("it")); err != nil {
			t.Fatal(err)
		}
		// Rotated at the provider: taken. Signed by a key that it does not show: not.
		fresh, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		if r.mock.Keypair, err = mockoidc.NewKeypair(fresh); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.comes(plain("it")); err != nil {
			t.Errorf("after the provider has changed its key: got %v", err)
		}
		ticket, query := r.goes(plain("it"))
		evil, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		honest := r.mock.Keypair
		forged, err := mockoidc.NewKeypair(evil)
		if err != nil {
			t.Fatal(err)
		}
		forged.Kid = honest.Kid
		r.mock.Keypair = &mockoidc.Keypair{PrivateKey: evil, PublicKey: honest.PublicKey, Kid: honest.Kid}
		if _, _, err := r.Finish(t.Context(), ticket, query); !errors.Is(err, ErrToken) {
			t.Errorf("signed by another key: got %v, want ErrToken", err)
		}
	})
	t.Run("clocks that differ by hours", func(t *testing.T) {
		for _, ahead := range []time.Duration{3 * time.Hour, -3 * time.Hour} {
			r := provider(t, nil)
			r.mock.FastForward(-ahead)
			_, _, err := r.comes(plain("it"))
			if clock, ok := errors.AsType[*ClockError](err); !ok || (clock.Ahead-ahead).Abs() > time.Minute {
				t.Errorf("a clock %v ahead: got %v, want to be told", ahead, err)
			}
		}
	})
}

// A ticket is good once, in the browser that has it, for the answer to it.
func TestTickets(t *testing.T) {
	r := provider(t, nil)
	mine, query := r.goes(plain("it"))
	with := func(edit func(q url.Values)) url.Values {
		q := url.Values{}
		for k, v := range query {
			q[k] = append([]string(nil), v...)
		}
		edit(q)
		return q
	}
	other, _ := r.goes(plain("it"))
	for name, tc := range map[string]struct {
		ticket string
		query  url.Values
		want   error
	}{
		"no ticket":           {"", query, ErrBegin},
		"of another browser":  {other, query, ErrBegin},
		"changed":             {mine[:len(mine)-2] + "xx", query, ErrBegin},
		"another state":       {mine, with(func(q url.Values) { q.Set("state", "x") }), ErrBegin},
		"no state":            {mine, with(func(q url.Values) { q.Del("state") }), ErrBegin},
		"a state twice":       {mine, with(func(q url.Values) { q.Add("state", q.Get("state")) }), ErrBegin},
		"of another provider": {mine, with(func(q url.Values) { q.Set("iss", "https://evil.example") }), ErrToken},
	} {
		if _, _, err := r.Finish(t.Context(), tc.ticket, tc.query); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
	if _, _, err := r.Finish(t.Context(), mine, query); err != nil {
		t.Fatalf("the ticket itself: %v", err)
	}
	if _, _, err := r.Finish(t.Context(), mine, query); !errors.Is(err, ErrUsed) {
		t.Errorf("once more: got %v, want ErrUsed", err)
	}
	mine, query = r.goes(plain("it"))
	r.mu.Lock()
	r.now = r.now.Add(TicketLife)
	r.mu.Unlock()
	if _, _, err := r.Finish(t.Context(), mine, query); !errors.Is(err, ErrBegin) {
		t.Errorf("too late: got %v, want ErrBegin", err)
	}
	for says, want := range map[string]error{"access_denied": ErrDenied, "invalid_scope": ErrClient, "server_error": ErrDown} {
		mine, query := r.goes(plain("it"))
		query.Del("code")
		query.Set("error", says)
		query.Set("error_description", "<script>")
		if _, _, err := r.Finish(t.Context(), mine, query); !errors.Is(err, want) || strings.Contains(fmt.Sprint(err), "script") {
			t.Errorf("the provider says %s: got %v, want %v", says, err, want)
		}
	}
	// However many come back, what is remembered of them is bounded.
	for i := range mostUsed + 10 {
		r.use(&ticket{State: fmt.Sprint(i), Until: r.clock().Add(time.Duration(i) * time.Second)})
	}
	if len(r.used) > mostUsed {
		t.Errorf("%d states are remembered, want %d or fewer", len(r.used), mostUsed)
	}
}

// door is a listener that hangs up on everybody while it is shut: the port stays its own.
type door struct {
	net.Listener
	shut atomic.Bool
}

func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil || !d.shut.Load() {
			return c, err
		}
		_ = c.Close()
	}
}

// A provider that is down is told as that, is not asked by everybody, and is there again by itself. A secret that is not taken is the gateway's fault.
func TestAProviderThatIsDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, door := l.Addr().String(), &door{Listener: l}
	door.shut.Store(true)
	mock, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := mock.Start(door, nil); err != nil {
		t.Fatal(err)
	}
	down := func() { _ = mock.Server.Close() }
	defer down()
	r := provider(t, func(o *Options) { o.Issuer = "http://" + address + "/oidc" })
	if _, _, err := r.Begin(t.Context(), "/"); !errors.Is(err, ErrDown) || !r.Down() {
		t.Fatalf("nobody there: got %v, down: %t", err, r.Down())
	}
	door.shut.Store(false)
	if _, _, err := r.Begin(t.Context(), "/"); !errors.Is(err, ErrDown) {
		t.Errorf("at once: got %v, want not to have asked again", err)
	}
	r.mu.Lock()
	r.now = r.now.Add(askAgain)
	r.mu.Unlock()
	if _, _, err := r.Begin(t.Context(), "/"); err != nil || r.Down() {
		t.Errorf("a while later: got %v, down: %t, want it to be there", err, r.Down())
	}
	// Down again: whoever comes back is told so.
	mock.ClientID, mock.ClientSecret = r.o.ClientID, r.secret
	r.mock = mock
	ticket, query := r.goes(plain("it"))
	down()
	r.client.CloseIdleConnections()
	if _, _, err := r.Finish(t.Context(), ticket, query); !errors.Is(err, ErrDown) {
		t.Errorf("down at the end: got %v, want ErrDown", err)
	}
	r = provider(t, nil)
	ticket, query = r.goes(plain("it"))
	r.secret = "another"
	if _, _, err := r.Finish(t.Context(), ticket, query); !errors.Is(err, ErrClient) {
		t.Errorf("another secret: got %v, want ErrClient", err)
	}
	r.secret = r.mock.ClientSecret // changed in its file: no restart
	if _, _, err := r.comes(plain("it")); err != nil {
		t.Errorf("the right secret: got %v", err)
	}
}

// What the provider says of people is bounded, and no more of it is taken than is used.
func TestIdentitiesAreBounded(t *testing.T) {
	p := New(Options{Issuer: "https://login.example.go.id"})
	var groups []any
	for i := range 2 * mostGroups {
		groups = append(groups, strings.Repeat("g", 2*mostClaim)+fmt.Sprint(i))
	}
	id := p.identityOf("u", map[string]any{"name": strings.Repeat("é", 300), "email": "x@y", "phone_number": "0812", "groups": groups})
	text, _ := json.Marshal(id)
	if len([]rune(id.Name)) != mostName || len(id.Groups) != mostGroups || len(id.Groups[0]) != mostClaim || strings.Contains(string(text), "0812") {
		t.Errorf("got a name of %d, %d groups of %d", len(id.Name), len(id.Groups), len(id.Groups[0]))
	}
	if p.Name() != "login.example.go.id" {
		t.Errorf("its name: got %q", p.Name())
	}
}
