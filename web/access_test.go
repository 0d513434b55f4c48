package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
)

// routesUnderTest is every address with a method; a test compares it with what the server answers.
var routesUnderTest = []struct {
	method, path string
	open         bool // needs no token
	sign         bool // open when signs are public
}{
	{"GET", "/", false, false}, {"GET", "/site/mpp-gresik", false, false}, {"GET", "/site/mpp-gresik/zone/loket", false, false},
	{"GET", "/sign/mpp-gresik/loket", false, true}, {"GET", "/alerts", false, false}, {"GET", "/rejections", false, false},
	{"GET", "/status", false, false}, {"GET", "/live/overview", false, false}, {"GET", "/live/site/mpp-gresik", false, false},
	{"GET", "/live/site/mpp-gresik/zone/loket", false, false}, {"POST", "/site/mpp-gresik/zone/loket/count", false, false},
	{"POST", "/site/mpp-gresik/zone/loket/correction", false, false}, {"POST", "/api/v1/sites/mpp-gresik/zones/loket/count", false, false},
	{"POST", "/api/v1/sites/mpp-gresik/zones/loket/correction", false, false}, {"GET", "/api/v1/sites/mpp-gresik/zones/loket/entries", false, false},
	{"GET", "/live/sign/mpp-gresik/loket", false, true}, {"POST", "/alert/a1/acknowledge", false, false},
	{"GET", "/login", true, false}, {"POST", "/token", true, false}, {"POST", "/logout", false, false},
	{"GET", "/healthz", true, false}, {"GET", "/readyz", false, false}, {"GET", "/metrics", false, false},
	{"GET", "/static/app.css", true, false}, {"GET", "/api/v1/openapi.json", false, false}, {"GET", "/api/v1/sites", false, false},
	{"GET", "/api/v1/status", false, false}, {"POST", "/api/v1/alerts/a1/acknowledge", false, false},
	{"POST", "/ingest/milesight", false, false}, {"GET", "/nothing", false, false},
	{"GET", "/static/../status", false, false}, {"GET", "//healthz", false, false}, {"GET", "/healthz/", false, false},
	{"GET", "/sign", false, false}, {"GET", "/live/sign/../overview", false, false},
}

func TestEveryRouteNeedsTheToken(t *testing.T) {
	push := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, public := range []bool{false, true} {
		r := start(t, newFleet(), func(o *Options) { o.Token, o.PublicSigns, o.Push = testToken, public, push })
		for _, tc := range routesUnderTest {
			refused := tc.path == "/token" // which refuses an empty token itself
			got := r.status(tc.method, tc.path)
			want := !tc.open && !(tc.sign && public)
			if is := got == http.StatusUnauthorized; is != want && !refused {
				t.Errorf("%s %s without a token, public signs %t: got %d, want refused: %t", tc.method, tc.path, public, got, want)
			}
			if got := r.status(tc.method, tc.path, "Authorization", "Bearer "+testToken); got == http.StatusUnauthorized && !refused {
				t.Errorf("%s %s with the token: got %d, want anything else", tc.method, tc.path, got)
			}
		}
	}
}

func TestPushWithCredentialsOfItsOwn(t *testing.T) {
	push := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	r := start(t, newFleet(), func(o *Options) { o.Token, o.Push, o.PushHasCredentials = testToken, push, true })
	if got := r.do("POST", "/ingest/xovis", "x").StatusCode; got != http.StatusNoContent {
		t.Errorf("push without the access token: got %d, want 204 from the push door", got)
	}
}

func TestBrowsersAreSentToSignIn(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Token = testToken })
	a := r.get("/site/mpp-gresik?lang=id")
	if got, want := a.Header.Get("Location"), "/login?next=%2Fsite%2Fmpp-gresik%3Flang%3Did"; a.StatusCode != http.StatusSeeOther || got != want {
		t.Fatalf("a page without a session: got %d %q, want 303 %q", a.StatusCode, got, want)
	}
	form := url.Values{"token": {testToken}, "name": {"satpam pagi"}, "next": {"/site/mpp-gresik"}}
	a = r.do("POST", "/token", form.Encode(), "Accept", "text/html")
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/site/mpp-gresik" {
		t.Fatalf("POST /token: got %d to %q, want 303 to the page asked for", a.StatusCode, a.Header.Get("Location"))
	}
	c := a.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" {
		t.Errorf("session cookie: got %+v, want HttpOnly, SameSite=Strict, Path=/", c)
	}
	if strings.Contains(c.Value, testToken) {
		t.Error("session cookie: it holds the token")
	}
	if got := r.get("/site/mpp-gresik").StatusCode; got != http.StatusOK {
		t.Errorf("a page with a session: got %d, want 200", got)
	}
	if got := r.do("POST", "/alert/a1/acknowledge", "site=mpp-gresik").StatusCode; got != http.StatusSeeOther {
		t.Errorf("acknowledging with a session: got %d, want 303", got)
	}
	if got := r.fleet.acks[0].author; got != "satpam pagi" {
		t.Errorf("author: got %q, want the name given on signing in", got)
	}
	r.do("POST", "/logout", "")
	if got := r.get("/site/mpp-gresik").StatusCode; got != http.StatusSeeOther {
		t.Errorf("a page after signing out: got %d, want 303 to the login", got)
	}
}

func TestForgedSessions(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Token = testToken })
	good := r.access.keeper.Claim(t.Context(), "petugas", testToken, accounts.Attempt{})
	other := r.access.keeper.Claim(t.Context(), "petugas", "another token of length", accounts.Attempt{})
	for _, tc := range []struct {
		name, value string
		want        int
	}{
		{"genuine", good, 200},
		{"empty", "", 401}, {"dots", "..", 401}, {"the token itself", testToken, 401}, {"cut", good[:len(good)-1], 401}, {"long", strings.Repeat(good, 90), 401},
		{"of another token", other, 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := r.do("GET", "/api/v1/sites", "", "Cookie", sessionCookie+"="+tc.value).StatusCode; got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
	r.SetToken("a new token of length")
	if got := r.do("GET", "/api/v1/sites", "", "Cookie", sessionCookie+"="+good).StatusCode; got != http.StatusUnauthorized {
		t.Errorf("a session of the token before: got %d, want 401", got)
	}
}

func TestGuessingIsSlowedDownAndNobodyLockedOut(t *testing.T) {
	now := fleetNow
	r := start(t, newFleet(), func(o *Options) { o.Token, o.Now = testToken, func() time.Time { return now } })
	session := r.access.keeper.Claim(t.Context(), "petugas", testToken, accounts.Attempt{})
	for i := range accounts.FreeTries {
		if got := r.do("POST", "/token", "token=wrong").StatusCode; got != http.StatusUnauthorized {
			t.Fatalf("wrong token %d: got %d, want 401", i+1, got)
		}
	}
	for _, tc := range []struct{ name, method, path, body, header, value string }{
		{"form", "POST", "/token", "token=" + url.QueryEscape(testToken), "X-None", ""},
		{"bearer", "GET", "/api/v1/sites", "", "Authorization", "Bearer " + testToken},
	} {
		a := r.do(tc.method, tc.path, tc.body, tc.header, tc.value)
		if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s at once after %d wrong ones: got %d, Retry-After %q, want 429 with a time", tc.name, accounts.FreeTries, a.StatusCode, a.Header.Get("Retry-After"))
		}
	}
	if got := r.do("GET", "/api/v1/sites", "", "Cookie", sessionCookie+"="+session).StatusCode; got != http.StatusOK {
		t.Errorf("a session from the same address meanwhile: got %d, want 200", got)
	}
	now = now.Add(accounts.FirstWait)
	if got := r.do("POST", "/token", "token="+url.QueryEscape(testToken)).StatusCode; got != http.StatusSeeOther {
		t.Errorf("the token after the wait: got %d, want 303", got)
	}
}

func TestClientAddress(t *testing.T) {
	direct, proxied := &Server{}, &Server{opts: Options{Proxy: true}}
	for _, tc := range []struct {
		name, remote string
		forwarded    []string
		server       *Server
		want         string
	}{
		{"direct", "192.0.2.7:999", nil, direct, "192.0.2.7/32"},
		{"a header that nobody vouches for", "192.0.2.7:999", []string{"10.0.0.1"}, direct, "192.0.2.7/32"},
		{"v6 by its /64", "[2001:db8:1:2:3:4:5:6]:999", nil, direct, "2001:db8:1:2::/64"},
		{"v4 in v6", "[::ffff:192.0.2.7]:999", nil, direct, "192.0.2.7/32"},
		{"proxy", "127.0.0.1:999", []string{"198.51.100.4"}, proxied, "198.51.100.4/32"},
		{"proxy, client lies", "127.0.0.1:999", []string{"10.0.0.1, 10.0.0.2, 198.51.100.4"}, proxied, "198.51.100.4/32"},
		{"proxy, several headers", "127.0.0.1:999", []string{"10.0.0.1", "198.51.100.4"}, proxied, "198.51.100.4/32"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: tc.remote, Header: http.Header{"X-Forwarded-For": tc.forwarded}}
			if got := tc.server.client(r).String(); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestLocalPath(t *testing.T) {
	for in, want := range map[string]string{
		"/site/a?lang=id": "/site/a?lang=id", "": "/", "https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/",
		"/%2f/evil": "//evil", "javascript:alert(1)": "/", "/a\r\nSet-Cookie: x": "/", "site": "/", "/%5cevil": "/%5Cevil",
	} {
		if in == "/%2f/evil" {
			want = "/" // decodes to a path that starts with two slashes
		}
		if got := localPath(in); got != want {
			t.Errorf("localPath(%q): got %q, want %q", in, got, want)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/", "//x", "/a?b=c", `\\x`, "/%2f%2fx", "http://x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, next string) {
		got := localPath(next)
		base, _ := url.Parse("http://gerbang.test/login")
		u, err := base.Parse(got)
		if err != nil || u.Host != "gerbang.test" || u.Scheme != "http" || strings.ContainsAny(got, "\r\n\\") {
			t.Errorf("localPath(%q): got %q, which leads to %v (%v)", next, got, u, err)
		}
	})
}

func FuzzCleanText(f *testing.F) {
	f.Add("satpam pagi", 60)
	f.Add("a\u202eb\x00\r\n", 3)
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = max(0, min(most, 1000))
		got := cleanText(s, most)
		if n := len([]rune(got)); n > most {
			t.Errorf("cleanText(%q, %d): got %d runes", s, most, n)
		}
		if strings.ContainsAny(got, "\r\n\x00\u202e\u200b\u2066") {
			t.Errorf("cleanText(%q): got %q, want no control or reordering characters", s, got)
		}
	})
}
