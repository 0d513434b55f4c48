package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
)

// Finding S11: signing out ends the session wherever its cookie is, and a restart does not bring it back.
func TestS11_SigningOutEndsTheCookie(t *testing.T) {
	store := accounts.NewMemory()
	with := func(o *Options) { o.Token, o.Accounts = testToken, keeperOf(t, store) }
	r := start(t, newFleet(), with)
	signIn := func(name string) string {
		form := url.Values{"token": {testToken}, "name": {name}}
		a := r.do("POST", "/token", form.Encode())
		if len(a.Cookies()) != 1 {
			t.Fatalf("signing in: got %d", a.StatusCode)
		}
		return sessionCookie + "=" + a.Cookies()[0].Value
	}
	r.client.Jar = nil // two browsers: in one, the second session would end the first
	mine, other := signIn("petugas"), signIn("petugas")
	if mine == other {
		t.Fatal("two sessions of one second have the same cookie")
	}
	status := func(r *running, cookie string) int {
		r.client.Jar = nil
		return r.do("GET", "/api/v1/sites", "", "Cookie", cookie).StatusCode
	}
	for _, c := range []string{mine, other} {
		if got := status(r, c); got != http.StatusOK {
			t.Fatalf("signed in: got %d", got)
		}
	}
	r.do("POST", "/logout", "", "Cookie", mine, "Sec-Fetch-Site", "same-origin")
	if got := status(r, mine); got != http.StatusUnauthorized {
		t.Errorf("the cookie after signing out: got %d, want 401", got)
	}
	if got := status(r, other); got != http.StatusOK {
		t.Errorf("the other session: got %d, want 200", got)
	}
	again := start(t, newFleet(), with)
	if got := status(again, mine); got != http.StatusUnauthorized {
		t.Errorf("the cookie after a restart: got %d, want 401", got)
	}
	if got := status(again, other); got != http.StatusOK {
		t.Errorf("the other session after a restart: got %d, want 200", got)
	}
}

// Finding S11: a live page ends soon after its session.
func TestS11_SigningOutEndsLivePages(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Token = testToken })
	r.client.Jar = nil
	cookie := sessionCookie + "=" + r.access.keeper.Claim(t.Context(), "petugas", testToken, accounts.Attempt{})
	res := r.send("GET", "/live/overview", "", "Cookie", cookie)
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("live page: got %d", res.StatusCode)
	}
	r.do("POST", "/logout", "", "Cookie", cookie)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 4096)
		for {
			if _, err := res.Body.Read(buf); err != nil {
				return
			}
		}
	}()
	select {
	case <-ended:
	case <-time.After(beatInterval + 5*time.Second):
		t.Error("the live page goes on after signing out")
	}
}

// Finding S12: a name at an acknowledgement is what somebody said of himself, and is shown as that, on pages and in the API.
func TestS12_AuthorsAreMarkedAsClaimed(t *testing.T) {
	r := start(t, newFleet(), nil)
	for lang, want := range map[string]string{"en": "satpam pagi (as they say)", "id": "satpam pagi (menurut pengisi)"} {
		if got := r.get("/alerts?lang=" + lang).body; !strings.Contains(got, want) {
			t.Errorf("the list in %s: %q is not in it", lang, want)
		}
		if got := r.get("/site/mpp-banjar?lang=" + lang).body; !strings.Contains(got, want) {
			t.Errorf("the site in %s: %q is not in it", lang, want)
		}
	}
	if got := r.get("/api/v1/alerts").body; !strings.Contains(got, `"by":"satpam pagi","by_claimed":true`) {
		t.Errorf("the API does not say that the name is a claim: %.300s", got)
	}
}
