package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/gerbang-iot/gerbang/accounts"
)

var (
	proofIn    = regexp.MustCompile(`name="proof" value="([A-Za-z0-9_-]+)"`)
	secretIn32 = regexp.MustCompile(`<code class="secret">([A-Z2-7 ]+)</code>`)
	recoveryIn = regexp.MustCompile(`<li><code>([a-z2-7-]{19})</code></li>`)
)

// enrol sets an authenticator up, as a browser without scripts does. It gives its secret and the recovery codes.
func (r *running) enrol() (secret string, recovery []string) {
	r.t.Helper()
	page := r.form("/account/second/codes")
	proof, typed := proofIn.FindStringSubmatch(page.body), secretIn32.FindStringSubmatch(page.body)
	if page.StatusCode != http.StatusOK || proof == nil || typed == nil || !strings.Contains(page.body, `<svg class="qr"`) || page.Header.Get("Cache-Control") != "no-store" {
		r.t.Fatalf("beginning with an app: got %d, want a QR code, the secret and no-store: %.400s", page.StatusCode, page.body)
	}
	secret = strings.ReplaceAll(typed[1], " ", "")
	if a := r.form("/account/second/codes/confirm", "proof", proof[1], "code", "000000"); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, typed[1]) {
		r.t.Errorf("a wrong first code: got %d, want the same secret again", a.StatusCode)
	}
	done := r.form("/account/second/codes/confirm", "proof", proof[1], "code", r.codeAfter(secret, 0))
	for _, m := range recoveryIn.FindAllStringSubmatch(done.body, -1) {
		recovery = append(recovery, m[1])
	}
	if done.StatusCode != http.StatusOK || len(recovery) != accounts.RecoveryCodes {
		r.t.Fatalf("the first code: got %d with %d recovery codes", done.StatusCode, len(recovery))
	}
	return secret, recovery
}

// codeAfter is what a phone shows some time after the fleet's now.
func (r *running) codeAfter(secret string, later time.Duration) string {
	r.t.Helper()
	code, err := totp.GenerateCode(secret, fleetNow.Add(later))
	if err != nil {
		r.t.Fatal(err)
	}
	return code
}

// A log-in takes two steps where there is a second factor, without a script: password, then a code or a recovery code.
func TestALogInTakesTwoSteps(t *testing.T) {
	r := staffed(t, newFleet(), nil)
	if a := r.get("/account?lang=en"); !strings.Contains(a.body, "/account/second") || !strings.Contains(a.body, "Only the password is asked for") {
		t.Errorf("the account's page does not lead to the second step")
	}
	secret, recovery := r.enrol()
	if a := r.get("/account/second"); strings.Contains(a.body, recovery[0]) || strings.Contains(a.body, secret) {
		t.Error("what is shown once is shown again")
	}
	b := r.another()
	if a := b.get("/login/second?next=/alerts"); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/login?next=%2Falerts") {
		t.Errorf("the second step without the first: got %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	a := b.form("/login", "name", "sari", "password", goodPassword, "next", "/alerts")
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/login/second?next=%2Falerts" {
		t.Fatalf("the password: got %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	for _, c := range a.Cookies() {
		if c.Name == sessionCookie || c.Name == deviceCookie {
			t.Errorf("the password alone gives the cookie %s", c.Name)
		}
		if c.Name == stepCookie && (!c.HttpOnly || c.SameSite != http.SameSiteStrictMode) {
			t.Errorf("cookie %s: got %+v", c.Name, c)
		}
	}
	if got := b.get("/").StatusCode; got != http.StatusSeeOther {
		t.Errorf("a page after the password alone: got %d, want the log-in", got)
	}
	page := b.get("/login/second?next=/alerts")
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, `autocomplete="one-time-code"`) || !strings.Contains(page.body, `name="next" value="/alerts"`) {
		t.Errorf("the second step: got %d %.300s", page.StatusCode, page.body)
	}
	if a := b.form("/login/second", "code", "000000", "next", "/alerts"); a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.body, `role="alert"`) || len(a.Cookies()) > 0 {
		t.Errorf("a wrong code: got %d", a.StatusCode)
	}
	if a := b.form("/login/second?lang=en", "code", r.codeAfter(secret, 10*time.Minute)); a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.body, "about 10 min ahead") {
		t.Errorf("a phone that is ten minutes ahead: got %d, not told", a.StatusCode)
	}
	code := r.codeAfter(secret, 30*time.Second)
	if a := b.form("/login/second", "code", code, "next", "/alerts"); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/alerts" {
		t.Fatalf("the code of half a minute later: got %d to %q %.300s", a.StatusCode, a.Header.Get("Location"), a.body)
	}
	if got := b.get("/people").StatusCode; got != http.StatusOK {
		t.Errorf("signed in: got %d, want 200", got)
	}
	c := r.another()
	c.form("/login", "name", "sari", "password", goodPassword)
	if a := c.form("/login/second?lang=en", "code", code); a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.body, "used already") {
		t.Errorf("the same code in another browser: got %d", a.StatusCode)
	}
	if a := c.form("/login/second", "code", recovery[3]); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/" {
		t.Errorf("a recovery code: got %d", a.StatusCode)
	}
	if a := c.get("/account/second?lang=en"); !strings.Contains(a.body, "9 are left.") {
		t.Errorf("after one was used: it does not say that nine are left")
	}
	d := r.another()
	d.form("/login", "name", "sari", "password", goodPassword)
	for range accounts.FreeTries {
		d.form("/login/second", "code", "111111")
	}
	if a := d.form("/login/second", "code", recovery[4]); a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
		t.Errorf("after wrong ones: got %d, want 429", a.StatusCode)
	}
	b.form("/logout")
	b.form("/login", "name", "sari", "password", goodPassword)
	if a := b.form("/login/second", "code", recovery[4]); a.StatusCode != http.StatusSeeOther {
		t.Errorf("where she has signed in before, meanwhile: got %d, want her in", a.StatusCode)
	}
}

// A role that must have a second factor: it is led there, and changes nothing before. Nothing that it is shown would be refused for another reason.
func TestARoleIsLedToItsSecondFactor(t *testing.T) {
	f := newFleet()
	r := staffed(t, f, nil)
	b := r.hire("budi", "Budi", "manager", "mpp-gresik")
	r.access.keeper.Require([]accounts.Role{accounts.Manager})
	b.form("/logout")
	if a := b.form("/login", "name", "budi", "password", goodPassword, "next", "/alerts"); a.Header.Get("Location") != "/account/second" {
		t.Fatalf("signing in without: got %d to %q, want to be led to it", a.StatusCode, a.Header.Get("Location"))
	}
	if a := b.get("/site/mpp-gresik?lang=en"); a.StatusCode != http.StatusOK || !strings.Contains(a.body, "Your role asks for a second step") || strings.Contains(a.body, "/acknowledge") {
		t.Errorf("a page: got %d, want it to be seen, with a word about it and nothing to change", a.StatusCode)
	}
	for path, want := range map[string]int{
		"/site/mpp-gresik/zone/loket/count": 403, "/account/password": 403, "/account/token": 403, "/account/session/end": 403, "/alerts/handover": 403,
		"/account/second/codes": 200, "/account/second/recovery": 422,
	} {
		if a := b.form(path, "id", newUUID(), "value", "3"); a.StatusCode != want {
			t.Errorf("POST %s before: got %d, want %d", path, a.StatusCode, want)
		}
	}
	if a := b.do("POST", "/api/v1/sites/mpp-gresik/zones/loket/count", `{"id":"`+newUUID()+`","value":4}`, "Content-Type", "application/json"); a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "second step") {
		t.Errorf("by the API before: got %d %s", a.StatusCode, a.body)
	}
	if a := b.get("/account"); a.Header.Get("Location") != "/account/second" {
		t.Errorf("the account's page before: got %d, want to be led on: what is there would be refused", a.StatusCode)
	}
	if len(f.entries) > 0 {
		t.Errorf("entries before: got %d, want none", len(f.entries))
	}
	b.enrol()
	if a := b.form("/site/mpp-gresik/zone/loket/count", "id", newUUID(), "value", "3"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("counting with one: got %d", a.StatusCode)
	}
	budi := r.access.keeper.Accounts()[0]
	if a := r.get("/people/" + budi.ID + "?lang=en"); !strings.Contains(a.body, "code of an app") || !strings.Contains(a.body, "/second/reset") {
		t.Errorf("the person's page: it does not say what there is, or offers no reset")
	}
	if a := b.form("/people/"+budi.ID+"/second/reset", "reason", "x"); a.StatusCode != http.StatusForbidden {
		t.Errorf("resetting as a manager: got %d, want 403", a.StatusCode)
	}
	if a := r.form("/people/"+budi.ID+"/second/reset", "reason", ""); a.StatusCode != http.StatusBadRequest {
		t.Errorf("resetting without a reason: got %d, want 400", a.StatusCode)
	}
	if a := r.form("/people/"+budi.ID+"/second/reset", "reason", "telephone lost"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("resetting: got %d", a.StatusCode)
	}
	if got := b.get("/").StatusCode; got != http.StatusSeeOther {
		t.Errorf("the session of before: got %d, want the log-in", got)
	}
	if a := r.get("/people?lang=en"); !strings.Contains(a.body, "needs a second step, has none") {
		t.Errorf("the list of people does not say who lacks one")
	}
}

// Whoever lacks the second factor that his role asks for reads all pages, and is offered nothing there that would be refused.
func TestNothingIsOfferedBeforeTheSecondFactor(t *testing.T) {
	const site = "mpp-banjar"
	r := start(t, newFleet(), full(t))
	o := offersTo(r, &accounts.Caller{Account: "1", Name: "Sari", Unready: true, Grants: []accounts.Grant{
		{May: []accounts.Permission{accounts.See, accounts.Display, accounts.Review, accounts.Inspect}, Sites: []string{site}},
	}}, site)
	for pattern := range o.made {
		if pattern != "POST /logout" && !strings.HasPrefix(pattern, "POST /account/second") {
			t.Errorf("offered: %s", pattern)
		}
	}
	if len(o.told) < 50 {
		t.Errorf("offers that were looked at: got %d, want all pages", len(o.told))
	}
}

// What is shown of passkeys follows the address at which the browser is.
func TestPasskeysAreOfferedWhereTheyWork(t *testing.T) {
	r := staffed(t, newFleet(), nil)
	if a := r.get("/account/second?lang=en"); !strings.Contains(a.body, "opened by a number") || strings.Contains(a.body, `data-passkey=`) {
		t.Error("at 127.0.0.1: want the reason, and no passkey")
	}
	if a := r.form("/login/passkey", "proof", "x", "answer", "{}"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a passkey at 127.0.0.1: got %d, want 400", a.StatusCode)
	}
	if a := r.get("/login"); strings.Contains(a.body, "data-passkey") {
		t.Error("a passkey is offered where nobody has one")
	}
}
