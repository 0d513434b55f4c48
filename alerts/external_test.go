package alerts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestExternalAnswers(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		err     string // part of it; empty: success
		refused bool
	}{
		{"taken", func(http.ResponseWriter, *http.Request) {}, "", false},
		{"bad request", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `"start time missing"`, 400) }, "start time missing", true},
		{"unauthorized", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, "check username", false},
		{"not found", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "without /api", false},
		{"too many requests", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, "429", false},
		{"server error", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, strings.Repeat("x", 1<<20), http.StatusServiceUnavailable)
		}, "503", false},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/login", http.StatusFound)
		}, "redirect", false},
		{"captive portal", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>log in</html>") }, "web page", false},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "204", false},
		{"closes", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(tt.handler)
			defer s.Close()
			e, err := NewExternal(ExternalOptions{URLs: []string{s.URL}, Username: "gerbang", Password: "canary-password"})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			err = e.Send(t.Context(), []Notice{{Labels: map[string]string{"alertname": "x"}}})
			switch {
			case tt.err == "" && err != nil:
				t.Errorf("error %v, want none", err)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) || errors.Is(err, ErrRefused) != tt.refused):
				t.Errorf("error %v (refused %v), want one with %q (refused %v)", err, errors.Is(err, ErrRefused), tt.err, tt.refused)
			}
			if err != nil && (strings.Contains(err.Error(), "canary") || len(err.Error()) > 500) {
				t.Errorf("error gives away the password or is too long: %v", err)
			}
		})
	}
}

func TestExternalRequest(t *testing.T) {
	type request struct {
		auth, path string
		alerts     []wireAlert
	}
	got := make(chan request, 10)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		q := request{auth: r.Header.Get("Authorization"), path: r.URL.Path}
		if err := json.NewDecoder(r.Body).Decode(&q.alerts); err != nil {
			t.Error(err)
		}
		got <- q
	}))
	defer s.Close()
	e, err := NewExternal(ExternalOptions{URLs: []string{s.URL + "/prefix/"}, Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	now := time.Now().UTC().Truncate(time.Millisecond)
	n := Notice{Labels: map[string]string{"alertname": "x"}, Starts: now, Ends: now.Add(time.Hour), URL: "https://gerbang.example/alerts/1"}
	if err := e.Send(t.Context(), []Notice{n}); err != nil {
		t.Fatal(err)
	}
	q := <-got
	if q.auth != "Bearer secret" || q.path != "/prefix/api/v2/alerts" || len(q.alerts) != 1 || !q.alerts[0].StartsAt.Equal(n.Starts) ||
		!q.alerts[0].EndsAt.Equal(n.Ends) || q.alerts[0].GeneratorURL != n.URL {
		t.Errorf("request is %+v, want the alert at /prefix/api/v2/alerts with the token", q)
	}
}

// TestExternalCluster: one member is enough, all of them are told.
func TestExternalCluster(t *testing.T) {
	var told, down atomic.Int64
	up := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told.Add(1) }))
	defer up.Close()
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { down.Add(1); w.WriteHeader(500) }))
	defer broken.Close()
	reg := prometheus.NewRegistry()
	var log bytes.Buffer
	e, err := NewExternal(ExternalOptions{URLs: []string{broken.URL, up.URL}, Registerer: reg, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for range 3 {
		if err := e.Send(t.Context(), nil); err != nil {
			t.Errorf("with one of two up: %v, want success", err)
		}
	}
	if told.Load() != 3 || down.Load() != 3 {
		t.Errorf("members were asked %d and %d times, want 3 each", told.Load(), down.Load())
	}
	if n := strings.Count(log.String(), "is down"); n != 1 {
		t.Errorf("the broken member was logged %d times, want once", n)
	}
	want := fmt.Sprintf(`
# HELP gerbang_alertmanager_up Whether the last request to this Alertmanager succeeded.
# TYPE gerbang_alertmanager_up gauge
gerbang_alertmanager_up{target=%q} 0
gerbang_alertmanager_up{target=%q} 1
`, strings.TrimPrefix(broken.URL, "http://"), strings.TrimPrefix(up.URL, "http://"))
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

// TestExternalTooLarge: behind a proxy that takes little at a time everything still arrives.
func TestExternalTooLarge(t *testing.T) {
	var taken atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var list []wireAlert
		if err := json.NewDecoder(r.Body).Decode(&list); err != nil {
			t.Error(err)
		}
		if len(list) > 10 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		taken.Add(int64(len(list)))
	}))
	defer s.Close()
	e, err := NewExternal(ExternalOptions{URLs: []string{s.URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Send(t.Context(), make([]Notice, 100)); err != nil || taken.Load() != 100 {
		t.Errorf("%d of 100 alerts arrived (%v)", taken.Load(), err)
	}
}

func TestNewExternalOptions(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:9093", "ftp://host", "http://user:canary@host", "http://host?token=canary", "http://"} {
		_, err := NewExternal(ExternalOptions{URLs: []string{url}})
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("URL %q: error %v, want one that does not repeat it", url, err)
		}
	}
	if _, err := NewExternal(ExternalOptions{}); err == nil {
		t.Error("no URL was accepted")
	}
}
