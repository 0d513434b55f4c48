package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What took too long on a busy machine is no fault of the gateway: it is asked again, and not an error in the log.
func TestWhatTakesTooLongIsAskedAgain(t *testing.T) {
	r := start(t, newFleet(), nil)
	h := r.handle(func(http.ResponseWriter, *http.Request) error {
		return fmt.Errorf("adding up: %w", context.DeadlineExceeded)
	})
	w, req := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/site/mpp-gresik/compliance", nil)
	req.Header.Set("Accept", "text/html")
	h.ServeHTTP(w, req)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || w.Header().Get("Refresh") == "" || !strings.Contains(w.Body.String(), "busy") {
		t.Errorf("got %d, headers %v, %.300s; want 503 that is tried again", w.Code, w.Header(), w.Body.String())
	}
}
