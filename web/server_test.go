package web

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const testToken = "correct horse battery staple"

// running is a server on a real port.
type running struct {
	*Server
	t      testing.TB
	fleet  *fleet
	url    string
	client *http.Client
}

// start serves f on a free loopback port until the test ends.
func start(t testing.TB, f *fleet, edit func(*Options)) *running {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	opts := Options{
		Live: f, Alerts: f, AlertLog: f, Hours: f, Entries: f, Rejections: f, Rollups: f, Health: f, Addr: "127.0.0.1:0",
		Gatherer: reg, Registerer: reg, Now: func() time.Time { return fleetNow },
	}
	if edit != nil {
		edit(&opts)
	}
	s, err := New(opts)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(client.CloseIdleConnections)
	return &running{s, t, f, "http://" + s.Addr(), client}
}

// answer is a response whose body was read.
type answer struct {
	*http.Response
	body string
}

// do sends a request and reads the answer; headers are pairs.
func (r *running) do(method, path, body string, headers ...string) answer {
	r.t.Helper()
	res := r.send(method, path, body, headers...)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatalf("%s %s: reading the body: %v", method, path, err)
	}
	return answer{res, string(b)}
}

// status is the status alone; the body may never end.
func (r *running) status(method, path string, headers ...string) int {
	r.t.Helper()
	res := r.send(method, path, "", headers...)
	res.Body.Close()
	return res.StatusCode
}

func (r *running) send(method, path, body string, headers ...string) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if method == http.MethodPost && body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res
}

func (r *running) get(path string, headers ...string) answer {
	r.t.Helper()
	return r.do(http.MethodGet, path, "", append([]string{"Accept", "text/html"}, headers...)...)
}
