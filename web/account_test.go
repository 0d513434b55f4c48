package web

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
)

const goodPassword = "tujuh sendok di laci"

// keeperOf knows the accounts of a store; a password costs it next to nothing.
func keeperOf(t *testing.T, store accounts.Store) *accounts.Keeper {
	t.Helper()
	k, err := accounts.New(t.Context(), accounts.Options{Store: store, Cost: accounts.Cost{Memory: 64, Passes: 1, Lanes: 1}, Now: func() time.Time { return fleetNow }})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// staffed is a server on which Sari is the administrator, and signed in.
func staffed(t *testing.T, f *fleet, edit func(*Options)) *running {
	t.Helper()
	k := keeperOf(t, accounts.NewMemory())
	r := start(t, f, func(o *Options) {
		o.Accounts = k
		if edit != nil {
			edit(o)
		}
	})
	a := r.form("/setup", "code", k.FirstCode(), "name", "sari", "display", "Sari Dewi", "password", goodPassword)
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/" {
		t.Fatalf("setting up: got %d %q", a.StatusCode, a.body)
	}
	return r
}

// form sends a form as a browser does.
func (r *running) form(path string, pairs ...string) answer {
	r.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return r.do("POST", path, v.Encode(), "Accept", "text/html", "Origin", r.url)
}

// another is another browser at the same server.
func (r *running) another() *running {
	r.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	b := *r
	b.client = &http.Client{Jar: jar, CheckRedirect: r.client.CheckRedirect, Transport: r.client.Transport}
	r.t.Cleanup(b.client.CloseIdleConnections)
	return &b
}

var linkIn = regexp.MustCompile(`http://[^<"]*(/setup\?code=[A-Za-z0-9_-]+)`)

// hire makes an account and signs it in, in another browser.
func (r *running) hire(name, display, role, sites string) *running {
	r.t.Helper()
	a := r.form("/people", "name", name, "display", display, "role-"+role, "1", "sites-"+role, sites)
	m := linkIn.FindStringSubmatch(a.body)
	if a.StatusCode != http.StatusOK || m == nil {
		r.t.Fatalf("making the account %q: got %d, no link: %.300s", name, a.StatusCode, a.body)
	}
	b := r.another()
	if got := b.get(m[1]); got.StatusCode != http.StatusOK || !strings.Contains(got.body, `name="password"`) {
		r.t.Fatalf("the link of %q: got %d", name, got.StatusCode)
	}
	if got := b.form("/setup", "code", strings.TrimPrefix(m[1], "/setup?code="), "password", goodPassword); got.StatusCode != http.StatusSeeOther {
		r.t.Fatalf("the password of %q: got %d %.200s", name, got.StatusCode, got.body)
	}
	if got := b.get(m[1]).StatusCode; got != http.StatusNotFound {
		r.t.Errorf("the link of %q a second time: got %d, want 404", name, got)
	}
	return b
}

func TestTheFirstRunMakesTheAdministrator(t *testing.T) {
	k := keeperOf(t, accounts.NewMemory())
	r := start(t, newFleet(), func(o *Options) { o.Accounts, o.Proxy = k, true }) // others can reach it
	r.client.Jar = nil
	if a := r.get("/"); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/login") {
		t.Errorf("a gateway that nobody has set up: got %d to %q, want the log-in", a.StatusCode, a.Header.Get("Location"))
	}
	if a := r.get("/login?lang=en"); !strings.Contains(a.body, "gerbang accounts link") || strings.Contains(a.body, "<input") {
		t.Errorf("the log-in without accounts: it does not say how to begin")
	}
	if got := r.get("/setup?code=guess").StatusCode; got != http.StatusNotFound {
		t.Errorf("a guessed code: got %d, want 404", got)
	}
	if got := r.do("POST", "/api/v1/alerts/a1/acknowledge", `{"author":"x"}`, "Content-Type", "application/json").StatusCode; got != http.StatusUnauthorized {
		t.Errorf("the API before anybody has an account: got %d, want 401", got)
	}
	code := k.FirstCode()
	page := r.get("/setup?lang=en&code=" + code)
	if page.StatusCode != http.StatusOK || page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the set-up page: got %d, %q", page.StatusCode, page.Header.Get("Cache-Control"))
	}
	weak := r.form("/setup", "code", code, "name", "sari", "display", "Sari", "password", "gerbang2026")
	if weak.StatusCode != http.StatusUnprocessableEntity || len(weak.Cookies()) != 0 {
		t.Errorf("a weak password: got %d, want 422", weak.StatusCode)
	}
	a := r.form("/setup", "code", code, "name", "sari", "display", "Sari", "password", goodPassword)
	if a.StatusCode != http.StatusSeeOther || len(a.Cookies()) < 2 {
		t.Fatalf("setting up: got %d with %d cookies", a.StatusCode, len(a.Cookies()))
	}
	for _, c := range a.Cookies() {
		if c.Name != languageCookie && (!c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode) {
			t.Errorf("cookie %s: got %+v, want HttpOnly, Secure, SameSite=Strict", c.Name, c)
		}
	}
	if got := r.get("/setup?code=" + code).StatusCode; got != http.StatusNotFound {
		t.Errorf("the code a second time: got %d, want 404", got)
	}
}

// A gateway that only this computer reaches asks nobody until there is an account, and everybody from then on.
func TestLocalUseUntilThereIsAnAccount(t *testing.T) {
	k := keeperOf(t, accounts.NewMemory())
	r := start(t, newFleet(), func(o *Options) { o.Accounts = k })
	r.client.Jar = nil
	if got := r.get("/").StatusCode; got != http.StatusOK {
		t.Errorf("before there is an account: got %d, want 200", got)
	}
	if got := r.get("/people").StatusCode; got != http.StatusForbidden {
		t.Errorf("people before there is an account: got %d, want 403", got)
	}
	if a := r.form("/setup", "code", k.FirstCode(), "name", "sari", "display", "Sari", "password", goodPassword); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("setting up: got %d", a.StatusCode)
	}
	if got := r.get("/").StatusCode; got != http.StatusSeeOther {
		t.Errorf("with an account: got %d, want 303 to the log-in", got)
	}
}

// TestTheTokenOfBefore: an older configuration with a shared token goes on, for programs, and for people until somebody has an account.
func TestTheTokenOfBefore(t *testing.T) {
	k := keeperOf(t, accounts.NewMemory())
	r := start(t, newFleet(), func(o *Options) { o.Accounts, o.Token = k, testToken })
	if got := r.form("/token", "token", testToken, "name", "satpam pagi").StatusCode; got != http.StatusSeeOther {
		t.Errorf("signing in with the token: got %d, want 303", got)
	}
	if got := r.get("/people").StatusCode; got != http.StatusForbidden {
		t.Errorf("people by the token: got %d, want 403", got)
	}
	if got := r.another().form("/setup", "code", k.FirstCode(), "name", "sari", "display", "Sari", "password", goodPassword).StatusCode; got != http.StatusSeeOther {
		t.Fatalf("setting up: got %d", got)
	}
	b := r.another()
	if got := b.form("/token", "token", testToken).StatusCode; got != http.StatusNotFound {
		t.Errorf("signing in with the token beside accounts: got %d, want 404", got)
	}
	if got := b.do("GET", "/api/v1/sites", "", "Authorization", "Bearer "+testToken).StatusCode; got != http.StatusOK {
		t.Errorf("a program with the token: got %d, want 200", got)
	}
}

// Finding S12: who does something is whose account it is, whatever the form or the body says.
func TestS12_TheAccountIsTheAuthor(t *testing.T) {
	f := newFleet()
	r := staffed(t, f, nil)
	b := r.hire("budi", "Budi Satpam", "security", "mpp-gresik")
	id := ""
	for _, a := range f.open {
		if a.Site == "mpp-gresik" {
			id = a.ID
		}
	}
	if id == "" {
		a := f.open[0]
		a.ID, a.Site, id = "mine", "mpp-gresik", "mine"
		f.open = append(f.open, a)
	}
	if got := b.form("/alert/"+id+"/acknowledge", "site", "mpp-gresik", "author", "Eve").StatusCode; got != http.StatusSeeOther {
		t.Fatalf("acknowledging: got %d", got)
	}
	if got := f.acks[len(f.acks)-1].author; got != "Budi Satpam" {
		t.Errorf("author of the acknowledgement: got %q, want the account's", got)
	}
	if got := b.do("POST", "/api/v1/alerts/"+id+"/acknowledge", `{"author":"Eve"}`, "Content-Type", "application/json"); got.StatusCode != http.StatusNoContent || f.acks[len(f.acks)-1].author != "Budi Satpam" {
		t.Errorf("by the API: got %d %s, author %q", got.StatusCode, got.body, f.acks[len(f.acks)-1].author)
	}
	page := b.get("/alerts?lang=en").body
	if !strings.Contains(page, "Budi Satpam") || strings.Contains(page, "Budi Satpam (as they say)") {
		t.Errorf("the alert: want the name, and not as a claim")
	}
	if got := b.form("/site/mpp-gresik/zone/loket/count", "id", newUUID(), "value", "3", "author", "Eve").StatusCode; got != http.StatusSeeOther {
		t.Fatalf("counting: got %d", got)
	}
	e := f.entries[len(f.entries)-1].Entry
	if e.Author != "Budi Satpam" || e.Claimed {
		t.Errorf("the count: got %q, claimed %t, want the account's name as proven", e.Author, e.Claimed)
	}
	body := `{"id":"` + newUUID() + `","value":4,"author":"Eve"}`
	if a := b.do("POST", "/api/v1/sites/mpp-gresik/zones/loket/count", body, "Content-Type", "application/json"); !strings.Contains(a.body, `"author":"Budi Satpam"`) || !strings.Contains(a.body, `"author_claimed":false`) {
		t.Errorf("a count by the API: got %d %s", a.StatusCode, a.body)
	}
}

func TestPeopleAndTheirAccounts(t *testing.T) {
	r := staffed(t, newFleet(), nil)
	b := r.hire("budi", `<script>alert(1)</script> "Budi"`, "cleaner", "mpp-gresik, mpp-magetan")
	for path, want := range map[string]int{"/": 200, "/site/mpp-gresik": 200, "/site/mpp-tabalong": 403, "/people": 403, "/rejections": 403, "/account": 200, "/devices": 403, "/metrics": 403} {
		if got := b.get(path).StatusCode; got != want {
			t.Errorf("GET %s as a cleaner: got %d, want %d", path, got, want)
		}
	}
	for _, path := range []string{"/people", "/account", "/"} {
		for _, who := range []*running{r, b} {
			if body := who.get(path).body; strings.Contains(body, "<script>alert") {
				t.Errorf("GET %s: a name is markup", path)
			}
		}
	}
	budi := r.access.keeper.Accounts()[0]
	if got := r.form("/people/"+budi.ID, "name", "budi", "display", "Budi", "role-security", "1", "sites-security", "nowhere", "reason", "x"); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a role at a site that is not there: got %d, want 422", got.StatusCode)
	}
	for _, nowhere := range []string{"", " , ;"} { // is not everywhere
		if got := r.form("/people/"+budi.ID, "name", "budi", "display", "Budi", "role-auditor", "1", "sites-auditor", nowhere, "reason", "x"); got.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("a role at %q: got %d, want 422", nowhere, got.StatusCode)
		}
	}
	if got := r.form("/people/"+budi.ID, "name", "budi", "display", "Budi", "role-auditor", "1", "sites-auditor", "*", "reason", "promoted"); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("changing a role: got %d %.200s", got.StatusCode, got.body)
	}
	if got := b.get("/site/mpp-tabalong").StatusCode; got != http.StatusOK {
		t.Errorf("with the new role, in the same session: got %d, want 200", got)
	}
	if got := r.form("/people", "name", "budi", "display", "x").StatusCode; got != http.StatusUnprocessableEntity {
		t.Errorf("a name twice: got %d, want 422", got)
	}
	sari := r.access.keeper.Accounts()[1]
	if got := r.form("/people/"+sari.ID, "name", "sari", "off", "1", "reason", "x").StatusCode; got != http.StatusUnprocessableEntity {
		t.Errorf("switching the last administrator off: got %d, want 422", got)
	}
	if got := b.form("/account/password", "old", "wrong", "password", "kereta lewat jam tujuh").StatusCode; got != http.StatusUnprocessableEntity {
		t.Errorf("a new password with a wrong old one: got %d, want 422", got)
	}
	c := r.another()
	if got := c.form("/login", "name", "Budi", "password", goodPassword, "next", "//evil.example").Header.Get("Location"); got != "/" {
		t.Errorf("next to another host: got %q, want /", got)
	}
	if got := b.form("/account/password", "old", goodPassword, "password", "kereta lewat jam tujuh").StatusCode; got != http.StatusSeeOther {
		t.Errorf("a new password: got %d, want 303", got)
	}
	if got := c.get("/").StatusCode; got != http.StatusSeeOther {
		t.Errorf("another browser after the password changed: got %d, want the log-in", got)
	}
	made := b.form("/account/token", "name", "papan", "may", "see", "may", "administer", "may", "level", "days", "30", "sites", "mpp-gresik")
	value := regexp.MustCompile(`gerbang_[A-Za-z0-9_-]{43}`).FindString(made.body)
	if value == "" {
		t.Fatalf("a token: got %d, none is shown", made.StatusCode)
	}
	p := r.another()
	for path, want := range map[string]int{"/api/v1/sites/mpp-gresik": 200, "/api/v1/sites/mpp-magetan": 403, "/people": 403, "/account": 404, "/api/v1/sites/mpp-gresik/levels": 403} {
		if got := p.do("GET", path, "", "Authorization", "Bearer "+value).StatusCode; got != want {
			t.Errorf("GET %s with the token: got %d, want %d", path, got, want)
		}
	}
	if got := p.do("POST", "/account/token", "name=x&may=see&days=1", "Authorization", "Bearer "+value).StatusCode; got != http.StatusNotFound {
		t.Errorf("a token that makes a token: got %d, want 404", got)
	}
	if got := r.form("/people/"+budi.ID, "name", "budi", "off", "1", "reason", "left").StatusCode; got != http.StatusSeeOther {
		t.Fatalf("switching off: got %d", got)
	}
	if got := b.get("/").StatusCode; got != http.StatusSeeOther {
		t.Errorf("an account that is off, in its session: got %d, want the log-in", got)
	}
	if got := p.do("GET", "/api/v1/sites", "", "Authorization", "Bearer "+value).StatusCode; got != http.StatusUnauthorized {
		t.Errorf("its token: got %d, want 401", got)
	}
}

func TestLogInsAreHeldAndTold(t *testing.T) {
	r := staffed(t, newFleet(), nil)
	b := r.another()
	for range accounts.FreeTries {
		if a := b.form("/login", "name", "sari", "password", "wrong"); a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.body, `role="alert"`) {
			t.Fatalf("a wrong password: got %d", a.StatusCode)
		}
	}
	if a := b.form("/login", "name", "sari", "password", goodPassword); a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
		t.Errorf("a new device while the name is guessed: got %d, want 429", a.StatusCode)
	}
	r.form("/logout")
	if got := r.get("/").StatusCode; got != http.StatusSeeOther {
		t.Errorf("after signing out: got %d", got)
	}
	if a := r.form("/login", "name", "sari", "password", goodPassword); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the device that has signed in before, at the same address: got %d, want to be let in", a.StatusCode)
	}
}

// TestFormsOfOldBrowsers: without Sec-Fetch-Site, as over plain HTTP and in browsers of 2020, what counts is the Origin, which pages must not take away.
func TestFormsOfOldBrowsers(t *testing.T) {
	k := keeperOf(t, accounts.NewMemory())
	r := start(t, newFleet(), func(o *Options) { o.Accounts, o.Origin = k, "http://gerbang.gedung.example" })
	if got := r.get("/").Header.Get("Referrer-Policy"); got != "same-origin" {
		t.Errorf("Referrer-Policy: got %q, want same-origin: with no-referrer forms are sent with Origin: null", got)
	}
	for origin, want := range map[string]int{
		r.url: 303, "http://gerbang.gedung.example": 303, "null": 403, "http://evil.example": 403, "https://gerbang.gedung.example": 403,
	} {
		if got := r.do("POST", "/alert/a1/acknowledge", "site=mpp-gresik", "Origin", origin).StatusCode; got != want {
			t.Errorf("a form with Origin %s: got %d, want %d", origin, got, want)
		}
	}
}
