package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/accounts"
)

// Finding R10: sessions by the shared token were listed nowhere, and nobody could end one of them.
func TestR10_SessionsByTheSharedTokenAreListed(t *testing.T) {
	r := staffed(t, newFleet(), func(o *Options) { o.Token = testToken })
	guard := sessionCookie + "=" + r.access.keeper.Claim(t.Context(), "satpam <pagi>", testToken, accounts.Attempt{Agent: "Mozilla/5.0 (Android) Firefox/140"})
	r.access.keeper.Claim(t.Context(), "lama", "another token of length", accounts.Attempt{})
	page := r.get("/people?lang=en")
	shared := one(t, page.body, "section#shared")
	if !strings.Contains(shared, "satpam <pagi> (as they say)") || !strings.Contains(shared, "Firefox, Android") || strings.Contains(shared, "lama") {
		t.Errorf("who came in by the shared token: got %q, want those whose session holds", shared)
	}
	in := func() bool {
		b := r.another()
		return b.do("GET", "/api/v1/sites", "", "Cookie", guard).StatusCode == http.StatusOK
	}
	if !in() {
		t.Fatal("the guard is not signed in")
	}
	sessions := r.access.keeper.Sessions(r.access.keeper.Accounts()[0].ID)
	if got := r.form("/shared/session/end", "session", sessions[0].ID).StatusCode; got != http.StatusNotFound {
		t.Errorf("ending an account's session as a shared one: got %d, want 404", got)
	}
	id := regexp.MustCompile(`/shared/session/end".*?name="session" value="([0-9a-f]+)"`).FindStringSubmatch(page.body)
	if id == nil {
		t.Fatalf("no form ends it: %s", page.body)
	}
	if got := r.form("/shared/session/end", "session", id[1]).StatusCode; got != http.StatusSeeOther || in() {
		t.Errorf("ending it: got %d, still in: %t", got, in())
	}
	if body := r.get("/people?lang=en").body; len(find(t, body, "section#shared")) != 0 {
		t.Error("a list of nobody")
	}
}

// Finding R10: the administrator could not end the tokens of others.
func TestR10_TheAdministratorEndsTokensOfOthers(t *testing.T) {
	r := staffed(t, newFleet(), nil)
	budi := r.hire("budi", "Budi Santoso", "security", "mpp-gresik")
	m := regexp.MustCompile(`class="secret">(gerbang_[^<]+)<`).FindStringSubmatch(budi.form("/account/token", "name", "papan lobi", "may", "see", "days", "90").body)
	if m == nil {
		t.Fatal("no token")
	}
	works := func() bool {
		return r.another().do("GET", "/api/v1/sites", "", "Authorization", "Bearer "+m[1]).StatusCode == http.StatusOK
	}
	if !works() {
		t.Fatal("the token does not work")
	}
	id := ""
	for _, a := range r.access.keeper.Accounts() {
		if a.Name == "budi" {
			id = a.ID
		}
	}
	page := r.get("/people/" + id + "?lang=en").body
	wants(t, "the person's page", one(t, page, "section#tokens"), "papan lobi", "End it")
	token := r.access.keeper.Tokens(id)[0].ID
	if got := budi.form("/people/"+id+"/token/end", "token", token).StatusCode; got != http.StatusForbidden {
		t.Errorf("a guard at the administrator's door: got %d, want 403", got)
	}
	for _, path := range []string{"/people/nobody/token/end", "/people/" + r.access.keeper.Accounts()[1].ID + "/token/end"} {
		if got := r.form(path, "token", token).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, got)
		}
	}
	if got := r.form("/people/"+id+"/token/end", "token", token).StatusCode; got != http.StatusSeeOther || works() {
		t.Errorf("ending it: got %d, it still works: %t", got, works())
	}
}

// Finding R10: existence shows neither by a status nor by a body; forms work in browsers of 2020, which send Origin and no Sec-Fetch-Site, through a proxy
// without encryption as well.
func TestR10_FormsOfBrowsersOf2020(t *testing.T) {
	r := staffed(t, newFleet(), nil)
	if got := r.get("/login").Header.Get("Referrer-Policy"); got != "same-origin" {
		t.Errorf("Referrer-Policy: got %q: with no-referrer a browser sends a form with Origin: null", got)
	}
	u, _ := url.Parse(r.url)
	for name, tc := range map[string]struct {
		headers []string
		want    int
	}{
		"of 2020":                            {[]string{"Origin", r.url}, http.StatusSeeOther},
		"of 2020, through a proxy by a name": {[]string{"Origin", "http://gerbang.lan", "Host", "gerbang.lan"}, http.StatusSeeOther},
		"of 2020, another port":              {[]string{"Origin", "http://" + u.Hostname() + ":1"}, http.StatusForbidden},
		"of 2020, from another website":      {[]string{"Origin", "https://evil.example"}, http.StatusForbidden},
		"of 2020, with a hidden origin":      {[]string{"Origin", "null"}, http.StatusForbidden},
		"of today":                           {[]string{"Origin", r.url, "Sec-Fetch-Site", "same-origin"}, http.StatusSeeOther},
		"of today, from another website":     {[]string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
	} {
		b := r.another()
		form := url.Values{"name": {"sari"}, "password": {goodPassword}}
		if got := b.do("POST", "/login", form.Encode(), append(tc.headers, "Accept", "text/html")...).StatusCode; got != tc.want {
			t.Errorf("a browser %s: got %d, want %d", name, got, tc.want)
		}
	}
}
