package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// While the gateway does not come to a site's verdicts, whoever asks for them is told so. A list without them would say that no rule
// judges anything.
func TestVerdictsThatAreNotToBeHadAreNoEmptyList(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	f.change("mpp-gresik", func(v *rules.View) { *v = v.Outlined() })
	for _, list := range []string{"verdicts", "zones", "doors", "devices", "tasks"} {
		a := r.get("/api/v1/sites/mpp-gresik/"+list, "Accept", "application/json")
		if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") != "5" || !strings.Contains(a.body, "cannot give this site's verdicts just now") {
			t.Errorf("%s: got %d, Retry-After %q: %.200s, want 503 and why", list, a.StatusCode, a.Header.Get("Retry-After"), a.body)
		}
	}
	says := map[string]string{"en": "cannot be shown just now", "id": "belum dapat ditampilkan"}
	for _, page := range []string{"/site/mpp-gresik", "/site/mpp-gresik/zone/loket", "/live/site/mpp-gresik", "/live/site/mpp-gresik/zone/loket"} {
		for lang, want := range says {
			a := r.get(page, "Accept-Language", lang)
			if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") != "5" || a.Header.Get("Refresh") != "5" || !strings.Contains(a.body, want) {
				t.Errorf("%s in %s: got %d, %v: %.200s, want 503, to be asked again, and %q", page, lang, a.StatusCode, a.Header, a.body, want)
			}
		}
	}
	// What tells no single verdict is there all the same.
	for _, page := range []string{"/", "/sign/mpp-gresik/loket", "/api/v1/sites", "/api/v1/sites/mpp-gresik"} {
		if a := r.get(page); a.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d, want 200", page, a.StatusCode)
		}
	}
}
