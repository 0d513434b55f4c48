package web

import (
	"regexp"
	"strings"
	"testing"
)

// The service worker stands at the top, names the version of its parts, and each part is there.
func TestServiceWorker(t *testing.T) {
	r := start(t, newFleet(), nil)
	worker := r.get("/sw.js")
	if worker.StatusCode != 200 || !strings.HasPrefix(worker.Header.Get("Content-Type"), "text/javascript") || worker.Header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("GET /sw.js: %d %v", worker.StatusCode, worker.Header)
	}
	if !strings.HasPrefix(worker.body, `var VERSION = "`+r.assets.version+`";`) {
		t.Errorf("it begins with %.60q, want its version", worker.body)
	}
	parts := regexp.MustCompile(`'([a-z]+\.js)'`).FindAllStringSubmatch(worker.body, -1)
	if len(parts) == 0 {
		t.Error("it has no parts")
	}
	for _, p := range parts {
		if got := r.status("GET", "/static/"+p[1]); got != 200 {
			t.Errorf("part %s: got %d, want 200", p[1], got)
		}
	}
}
