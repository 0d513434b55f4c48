package web

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Finding S11: signing out ends the session wherever its cookie is, and a restart does not bring it back.
func TestS11_SigningOutEndsTheCookie(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sessions")
	with := func(o *Options) { o.Token, o.SessionFile = testToken, file }
	r := start(t, newFleet(), with)
	signIn := func(name string) string {
		form := url.Values{"token": {testToken}, "name": {name}}
		a := r.do("POST", "/token", form.Encode())
		if len(a.Cookies()) != 1 {
			t.Fatalf("signing in: got %d", a.StatusCode)
		}
		return sessionCookie + "=" + a.Cookies()[0].Value
	}
	mine, other := signIn("petugas"), signIn("petugas")
	if mine == other {
		t.Fatal("two sessions of one second have the same cookie")
	}
	r.client.Jar = nil
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
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: got %v, %v, want it for its owner only", info.Mode(), err)
	}
	// A file that cannot be believed ends all sessions.
	if err := os.WriteFile(file, []byte("ended all\nkey 00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := status(start(t, newFleet(), with), other); got != http.StatusUnauthorized {
		t.Errorf("with another key: got %d, want 401", got)
	}
}

// Finding S11: nobody can make or read a cookie with the token alone, or guess the token from a cookie.
func TestS11_CookieTellsNothingAboutTheToken(t *testing.T) {
	one, _ := openSessions("", fleetNow)
	two, _ := openSessions("", fleetNow)
	now := func() time.Time { return fleetNow }
	a, b := newAccess(testToken, "/", false, now, one), newAccess(testToken, "/", false, now, two)
	req, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
	req.AddCookie(a.cookie("x"))
	if _, ok := a.session(req); !ok {
		t.Fatal("its own cookie is not taken")
	}
	if _, ok := b.session(req); ok {
		t.Error("the same token on another gateway takes the cookie: the key is made of the token alone")
	}
}

// Finding S11: a live page ends soon after its session.
func TestS11_SigningOutEndsLivePages(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Token = testToken })
	r.client.Jar = nil
	cookie := sessionCookie + "=" + r.access.cookie("petugas").Value
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

// Finding S11: what is remembered of ended sessions is bounded.
func TestS11_EndedSessionsAreBounded(t *testing.T) {
	s, _ := openSessions("", fleetNow)
	a := newAccess(testToken, "/", false, func() time.Time { return fleetNow }, s)
	for range maxRevoked + 10 {
		if err := s.end(s.begin(fleetNow.Add(time.Hour)), fleetNow); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.revoked); n > maxRevoked {
		t.Errorf("%d sessions are remembered", n)
	}
	for _, odd := range []string{"", "x", "1-", "99999999999999999999-000000000000000000000000", strings.Repeat("9", 18) + "-00"} {
		req, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
		req.AddCookie(&http.Cookie{Name: sessionCookie, Value: odd + "." + base64.RawURLEncoding.EncodeToString([]byte("x")) + "." + a.mac(odd, "eA")})
		if _, ok := a.session(req); ok {
			t.Errorf("the session %q is taken", odd)
		}
	}
	if err := s.end(s.begin(fleetNow.Add(time.Hour)), fleetNow.Add(2*time.Hour)); err != nil || len(s.revoked) != 1 {
		t.Errorf("got %v and %d sessions, want those that are over by themselves forgotten", err, len(s.revoked))
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
