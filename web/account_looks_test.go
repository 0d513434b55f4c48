package web

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/gerbang-iot/gerbang/accounts"
)

// TestAccountPagesInEveryLook opens the pages of accounts as TestEveryPageInEveryLook opens the others.
func TestAccountPagesInEveryLook(t *testing.T) {
	lookAt(t, accountPages(t))
}

// accountPages are the pages that need somebody who is signed in, or nobody who is.
func accountPages(t *testing.T) []sight {
	t.Helper()
	f := newFleet()
	someAccountEvents(f)
	r := staffed(t, f, nil)
	r.hire("budi", "Budi Santoso", "security", "mpp-gresik, mpp-magetan")
	r.form("/people", "name", "rina", "display", "Rina (kebersihan pagi)", "role-cleaner", "1")
	r.form("/account/token", "name", "papan lobi", "may", "display", "days", "90", "sites", "mpp-gresik")
	r.form("/account/token", "name", "prometheus", "may", "scrape", "days", "365")
	phone := find(t, r.form("/site/mpp-gresik/phones", "name", "HP kebersihan 1").body, "code.secret")
	if len(phone) != 1 {
		t.Fatal("a phone for the crew got no link")
	}
	budi := ""
	for _, a := range r.access.keeper.Accounts() {
		if a.Name == "budi" {
			budi = a.ID
		}
	}
	r.enrol()
	back, _ := url.Parse(r.url)
	var cookies []string
	for _, c := range r.client.Jar.Cookies(back) {
		if c.Name == sessionCookie {
			cookies = append(cookies, c.String())
		}
	}
	// The browser comes through a proxy that has Sari's session.
	signedIn := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(back)
		p.Out.Host = back.Host
		for _, c := range cookies {
			p.Out.Header.Add("Cookie", c)
		}
	}})
	t.Cleanup(signedIn.Close)
	k := keeperOf(t, accounts.NewMemory())
	fresh := start(t, newFleet(), func(o *Options) { o.Accounts, o.Token = k, "" })
	empty := start(t, newFleet(), func(o *Options) { o.Accounts, o.Proxy = keeperOf(t, accounts.NewMemory()), true })
	// Another one has got as far as the password.
	b := r.another()
	b.form("/login", "name", "sari", "password", goodPassword)
	stepping := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(back)
		p.Out.Host = back.Host
		for _, c := range b.client.Jar.Cookies(back) {
			p.Out.AddCookie(c)
		}
	}})
	t.Cleanup(stepping.Close)
	pages := []string{signedIn.URL + "/account/second", stepping.URL + "/login/second", signedIn.URL + "/account", signedIn.URL + "/people", signedIn.URL + "/people/" + budi, r.url + "/login", fresh.url + "/setup?code=" + k.FirstCode(), empty.url + "/login", text(phone[0])}
	if a := r.another().get("/login"); a.StatusCode != http.StatusOK {
		t.Fatalf("the log-in: got %d", a.StatusCode)
	}
	all := make([]sight, 0, len(pages))
	for _, address := range pages {
		all = append(all, sight{url: address})
	}
	return all
}
