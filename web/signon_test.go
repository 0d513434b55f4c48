package web

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/signon"
)

// atProvider is somebody whom the provider knows by a name and groups.
type atProvider struct {
	mockoidc.MockUser
	name  string
	nonce string // another one than was asked for; empty: that
}

func (p *atProvider) Claims(_ []string, c *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	if p.nonce != "" {
		c.Nonce = p.nonce
	}
	return jwt.MapClaims{"iss": c.Issuer, "sub": c.Subject, "aud": c.Audience, "exp": c.ExpiresAt, "iat": c.IssuedAt, "nonce": c.Nonce, "name": p.name, "groups": p.Groups}, nil
}

func employee(subject, name string, groups ...string) *atProvider {
	return &atProvider{MockUser: mockoidc.MockUser{Subject: subject, Groups: groups}, name: name}
}

// federated is a staffed server at localhost, whose people may also come from a provider at 127.0.0.1: another site for a browser.
func federated(t *testing.T) (*running, *mockoidc.MockOIDC) {
	t.Helper()
	mock, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mock.Server.Close() })
	r := staffed(t, newFleet(), func(o *Options) { o.Now = time.Now })
	number, _ := url.Parse(r.url)
	r.url = strings.Replace(r.url, "127.0.0.1", "localhost", 1)
	name, _ := url.Parse(r.url)
	r.client.Jar.SetCookies(name, r.client.Jar.Cookies(number))
	r.SetSignOn(signon.New(signon.Options{
		Issuer: mock.Issuer(), ClientID: mock.ClientID, Secret: func() (string, error) { return mock.ClientSecret, nil }, Name: "Akun Pegawai <b>",
		Redirect: r.url + "/login/oidc/callback", Roles: []signon.Mapping{{Group: "satpam", Role: accounts.Security, Sites: []string{"mpp-gresik"}}, {Group: "lain", Role: accounts.Cleaner, Sites: []string{"gone"}}},
	}))
	return r, mock
}

// comesBack is a new browser that goes to the provider as somebody, and the address to which it is sent back.
func (r *running) comesBack(mock *mockoidc.MockOIDC, p mockoidc.User) (b *running, back string) {
	r.t.Helper()
	b = r.another()
	mock.QueueUser(p)
	to := b.get("/login/oidc?next=%2Falerts")
	if to.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to.Header.Get("Location"), mock.Issuer()) {
		r.t.Fatalf("the way to the provider: got %d %s", to.StatusCode, to.Header.Get("Location"))
	}
	resp, err := b.client.Get(to.Header.Get("Location")) //nolint:noctx // a test
	if err != nil {
		r.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return b, strings.TrimPrefix(resp.Header.Get("Location"), r.url)
}

// Somebody whom a provider knows is let in with the roles of his groups, or told in both languages why he is not and what he can do.
func TestSigningInWithAProvider(t *testing.T) {
	r, mock := federated(t)
	b, back := r.comesBack(mock, employee("u1", "Budi Santoso", "satpam"))
	stranger := r.another()
	if got := stranger.get(back); got.StatusCode != http.StatusBadRequest || !strings.Contains(got.body, "began in another browser") {
		t.Errorf("the way back in another browser: got %d", got.StatusCode)
	}
	if got := b.get(strings.Replace(back, "state=", "state=x", 1)); got.StatusCode != http.StatusBadRequest {
		t.Errorf("another state: got %d, want 400", got.StatusCode)
	}
	b, back = r.comesBack(mock, employee("u1", "Budi Santoso", "satpam"))
	at, _ := url.Parse(r.url + "/login/oidc/callback")
	ticket := b.client.Jar.Cookies(at)[0]
	in := b.get(back)
	if in.StatusCode != http.StatusOK || in.Header.Get("Refresh") != "0; url=/alerts" || in.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("the way back: got %d, Refresh %q: %.300s", in.StatusCode, in.Header.Get("Refresh"), in.body)
	}
	if got := b.do("GET", back, "", "Cookie", ticket.String()); got.StatusCode != http.StatusBadRequest {
		t.Errorf("the way back once more, with its ticket: got %d, want 400", got.StatusCode)
	}
	if got := b.get("/site/mpp-gresik").StatusCode; got != http.StatusOK {
		t.Errorf("his site: got %d", got)
	}
	if got := b.get("/site/mpp-magetan").StatusCode; got != http.StatusForbidden {
		t.Errorf("another site: got %d, want 403", got)
	}
	wants(t, "his account", b.get("/account?lang=en").body, "Budi Santoso", "You sign in with Akun Pegawai &lt;b&gt;", "-Change password", "-<b>&gt;")
	id := ""
	for _, a := range r.access.keeper.Accounts() {
		if a.External() {
			id = a.ID
		}
	}
	wants(t, "his page", r.get("/people/"+id+"?lang=en").body, "Name and roles come from there", "Security", "-role-security", "-Make a link")
	if got := r.form("/people/"+id, "off", "1", "reason", "left").StatusCode; got != http.StatusSeeOther {
		t.Errorf("switching him off: got %d", got)
	}
	if got := b.get("/site/mpp-gresik").StatusCode; got == http.StatusOK {
		t.Error("switched off he is in still")
	}
	for name, tc := range map[string]struct {
		who    *atProvider
		status int
		en, id string
	}{
		"switched off":      {employee("u1", "Budi Santoso", "satpam"), 403, "switched off here", "dinonaktifkan di sini"},
		"no group of ours":  {employee("u2", "Ani", "<script>pwned()</script>", "wali kota"), 403, "none of your groups has a role here", "tidak satu pun grup Anda punya peran di sini"},
		"a role at no site": {employee("u4", "Ani", "lain"), 403, "none of your groups has a role here", "tidak satu pun grup Anda punya peran di sini"},
		"another nonce":     {&atProvider{MockUser: mockoidc.MockUser{Subject: "u3", Groups: []string{"satpam"}}, nonce: "x"}, 502, "is not valid", "tidak sah"},
	} {
		for lang, want := range map[string]string{"en": tc.en, "id": tc.id} {
			b, back := r.comesBack(mock, tc.who)
			got := b.get(back + "&lang=" + lang)
			if got.StatusCode != tc.status || !strings.Contains(got.body, want) || !strings.Contains(got.body, `name="password"`) {
				t.Errorf("%s in %s: got %d, want %d, %q and the log-in: %.900s", name, lang, got.StatusCode, tc.status, want, got.body)
			}
			if name == "no group of ours" && (!strings.Contains(got.body, "wali kota") || strings.Contains(got.body, "<script>pwned")) {
				t.Errorf("%s: his groups are not named, or run", name)
			}
			if b.get("/site/mpp-gresik").StatusCode == http.StatusOK {
				t.Errorf("%s: he is in", name)
			}
			r.comebacks.Succeeded(netip.MustParsePrefix("127.0.0.1/32"))
		}
	}
	if n := len(r.access.keeper.Accounts()); n != 2 {
		t.Errorf("accounts: got %d, want the administrator and the one who had a role", n)
	}
}

// The way back is a question to the provider: who asks in vain again and again waits.
func TestComingBackInVainWaits(t *testing.T) {
	r, mock := federated(t)
	for range accounts.FreeTries {
		if got := r.another().get("/login/oidc/callback?state=x&code=y").StatusCode; got != http.StatusBadRequest {
			t.Fatalf("without a ticket: got %d", got)
		}
	}
	b, back := r.comesBack(mock, employee("u1", "Budi", "satpam"))
	if got := b.get(back); got.StatusCode != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
		t.Errorf("after %d in vain: got %d, want 429 and when", accounts.FreeTries, got.StatusCode)
	}
}

// A provider that is down is told on the log-in, which has the gateway's own accounts all the same. Without one there is no such page.
func TestTheProviderIsDown(t *testing.T) {
	r, mock := federated(t)
	_ = mock.Server.Close()
	b := r.another()
	got := b.get("/login/oidc?lang=en")
	if got.StatusCode != http.StatusServiceUnavailable || !strings.Contains(got.body, "does not answer now") || !strings.Contains(got.body, `name="password"`) {
		t.Errorf("the way to a provider that is down: got %d %.300s", got.StatusCode, got.body)
	}
	if got := b.get("/login?lang=id"); !strings.Contains(got.body, "sedang tidak menjawab") {
		t.Error("the log-in does not say that the provider is down")
	}
	if got := b.form("/login", "name", "sari", "password", goodPassword).StatusCode; got != http.StatusSeeOther {
		t.Errorf("an account of the gateway's own meanwhile: got %d", got)
	}
	r.SetSignOn(nil)
	if got := r.another().get("/login/oidc").StatusCode; got != http.StatusNotFound {
		t.Errorf("without a provider: got %d, want 404", got)
	}
}

// arrives waits for a condition through pages that lead to one another.
func arrives(ctx context.Context, condition string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		// A page that goes away meanwhile answers with an error.
		if there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](condition)); err == nil && there {
			return nil
		}
		select {
		case <-ctx.Done():
			where, _ := chromedp.Run(context.WithoutCancel(ctx), chromedp.Evaluate[string](`location.href + " " + document.body.innerText.slice(0, 300)`))
			return fmt.Errorf("waiting for %s at %s: %w", condition, where, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// TestSigningInWithAProviderInABrowser goes the whole way in a real browser, for which the provider is another site: it is in on the page that it wanted,
// is told so, signs out, and is told where it is signed in still.
func TestSigningInWithAProviderInABrowser(t *testing.T) {
	r, mock := federated(t)
	ctx := browser(t)
	mock.QueueUser(employee("u1", "Budi Santoso", "satpam"))
	err := chromedp.Do(ctx, chromedp.Navigate(r.url+"/alerts?lang=en"), chromedp.Click(chromedp.CSS("a.button[href*='/login/oidc']")))
	if err != nil {
		t.Fatal(err)
	}
	if err := arrives(ctx, `location.pathname === '/alerts' && document.querySelector('.person')?.textContent === 'Budi Santoso'`); err != nil {
		t.Fatal(err)
	}
	for _, x := range faults(ctx, t) {
		t.Error(x)
	}
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(".tools form button"))); err != nil {
		t.Fatal(err)
	}
	if err := arrives(ctx, `location.pathname === '/login' && document.body.textContent.includes('you are signed in still')`); err != nil {
		t.Error(err)
	}
	for _, x := range faults(ctx, t) {
		t.Error(x)
	}
}
