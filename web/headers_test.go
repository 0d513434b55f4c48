package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestSecurityHeadersOnEveryAnswer(t *testing.T) {
	r := start(t, newFleet(), nil)
	for _, path := range []string{"/", "/site/mpp-gresik", "/sign/mpp-gresik/loket", "/static/app.js", "/healthz", "/readyz", "/metrics", "/api/v1/sites", "/nothing", "/static/nothing"} {
		h := r.get(path).Header
		for name, want := range secureHeaders {
			if got := h.Get(name); got != want {
				t.Errorf("GET %s: %s: got %q, want %q", path, name, got, want)
			}
		}
	}
	for _, never := range []string{"unsafe-inline", "unsafe-eval", "*", "http:", "https:"} {
		if strings.Contains(policy, never) {
			t.Errorf("security policy: it contains %q", never)
		}
	}
}

func TestPagesHoldNothingInline(t *testing.T) {
	r := start(t, newFleet(), nil)
	// A link to a regulation is followed by a person; a page loads nothing by it.
	outward := regexp.MustCompile(`<a href="https://[^"]*" rel="external noreferrer"`)
	for _, path := range []string{"/", "/site/mpp-gresik", "/sign/mpp-gresik/loket", "/site/mpp-gresik/zone/loket", "/alerts", "/rejections", "/status", "/nothing"} {
		body := outward.ReplaceAllString(strings.ToLower(r.get(path).body), "<a")
		for _, never := range []string{" style=", "<style", " onclick", " onload", " onerror", "<script>", "javascript:", "http://", "https://"} {
			if i := strings.Index(body, never); i >= 0 && !strings.Contains(body[i:min(len(body), i+40)], "10.20.0.5") {
				t.Errorf("GET %s: it contains %q: …%s…", path, never, body[max(0, i-40):min(len(body), i+60)])
			}
		}
	}
}

// TestCrossOrigin is the matrix of what a browser says about where a request comes from.
func TestCrossOrigin(t *testing.T) {
	r := start(t, newFleet(), nil)
	own := r.url
	for _, tc := range []struct {
		name         string
		method       string
		site, origin string
		want         int
	}{
		{"own page", "POST", "same-origin", own, 303},
		{"typed by the user", "POST", "none", "", 303},
		{"no browser", "POST", "", "", 303},
		{"old browser, own page", "POST", "", own, 303},
		{"another site", "POST", "cross-site", "https://evil.example", 403},
		{"another port", "POST", "same-site", "http://127.0.0.1:1", 403},
		{"old browser, another site", "POST", "", "https://evil.example", 403},
		{"sandboxed frame", "POST", "cross-site", "null", 403},
		{"old browser, sandboxed frame", "POST", "", "null", 403},
		{"reading from elsewhere is harmless", "GET", "cross-site", "https://evil.example", 405},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := len(r.fleet.acks)
			got := r.do(tc.method, "/alert/a1/acknowledge", "site=mpp-gresik", "Sec-Fetch-Site", tc.site, "Origin", tc.origin).StatusCode
			if got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
			if changed := len(r.fleet.acks) != before; changed != (tc.want == 303) {
				t.Errorf("acknowledged: got %t, want %t", changed, tc.want == 303)
			}
		})
	}
}

// TestNoGetChanges asks for every address that changes something with the methods that must not.
func TestNoGetChanges(t *testing.T) {
	r := start(t, newFleet(), nil)
	for _, path := range []string{"/alert/a1/acknowledge", "/api/v1/alerts/a1/acknowledge", "/token", "/logout"} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"} {
			if got := r.do(method, path, "").StatusCode; got < 400 {
				t.Errorf("%s %s: got %d, want a refusal", method, path, got)
			}
		}
	}
	if n := len(r.fleet.acks); n != 0 {
		t.Errorf("acknowledgements: got %d, want 0", n)
	}
}

func TestForeignNamesOfThisComputer(t *testing.T) {
	r := start(t, newFleet(), nil)
	port := r.Addr()[strings.LastIndex(r.Addr(), ":"):]
	for host, want := range map[string]int{
		"127.0.0.1" + port: 200, "localhost" + port: 200, "localhost": 200, "[::1]" + port: 200,
		"evil.example": 421, "evil.example" + port: 421, "127.0.0.1.evil.example" + port: 421, "localhost.evil.example": 421,
	} {
		if got := r.get("/", "Host", host).StatusCode; got != want {
			t.Errorf("GET / as %q without a token: got %d, want %d", host, got, want)
		}
	}
	guarded := start(t, newFleet(), func(o *Options) { o.Token = testToken })
	if got := guarded.do("GET", "/api/v1/sites", "", "Host", "gerbang.example", "Authorization", "Bearer "+testToken).StatusCode; got != http.StatusOK {
		t.Errorf("GET by name with the token: got %d, want 200", got)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	r := start(t, newFleet(), nil)
	big := strings.Repeat("x", maxForm+1)
	for _, path := range []string{"/alert/a1/acknowledge", "/api/v1/alerts/a1/acknowledge"} {
		if got := r.do("POST", path, "reason="+big).StatusCode; got < 400 || got >= 500 {
			t.Errorf("POST %s of %d bytes: got %d, want 4xx", path, len(big), got)
		}
	}
	if a := r.get("/", "X-Filler", strings.Repeat("x", 2*maxHeader)); a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of %d bytes: got %d, want 431", 2*maxHeader, a.StatusCode)
	}
}
