package web

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/testengine"
)

// TestAccountPagesInEveryLook opens the pages of accounts on desktop and phone, light and dark, in both languages: nothing may be blocked, fail
// or scroll sideways.
func TestAccountPagesInEveryLook(t *testing.T) {
	f := newFleet()
	someAccountEvents(f)
	r := staffed(t, f, nil)
	r.hire("budi", "Budi Santoso", "security", "mpp-gresik, mpp-magetan")
	r.form("/people", "name", "rina", "display", "Rina (kebersihan pagi)", "role-cleaner", "1")
	r.form("/account/token", "name", "papan lobi", "may", "display", "days", "90", "sites", "mpp-gresik")
	r.form("/account/token", "name", "prometheus", "may", "scrape", "days", "365")
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
	ctx := browser(t)
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
	pages := []string{signedIn.URL + "/account/second", stepping.URL + "/login/second", signedIn.URL + "/account", signedIn.URL + "/people", signedIn.URL + "/people/" + budi, r.url + "/login", fresh.url + "/setup?code=" + k.FirstCode(), empty.url + "/login"}
	if a := r.another().get("/login"); a.StatusCode != http.StatusOK {
		t.Fatalf("the log-in: got %d", a.StatusCode)
	}
	for look := range 8 {
		view := testengine.Desktop
		if look&1 != 0 {
			view = testengine.Phone
		}
		view.Dark, view.Language, view.WholePage = look&2 != 0, []string{"id", "en"}[look>>2], true
		for i, address := range pages {
			if testengine.Racing && (i+look)%4 != 0 {
				continue // each look on a quarter of the pages
			}
			testengine.Screenshot(ctx, t, address, view)
			for _, x := range faults(ctx, t) {
				t.Errorf("%s as %s: %s", address, view, x)
			}
			over, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
			if err != nil {
				t.Fatal(err)
			}
			if over > 0 {
				t.Errorf("%s as %s scrolls sideways by %v px", address, view, over)
			}
		}
	}
}
