package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// webhook is a receiver of Alertmanager: it keeps what it is told.
type webhook struct {
	url string

	mu    sync.Mutex
	notes []note
}

// note is one alert of one notification.
type note struct {
	Status      string
	Labels      map[string]string
	Annotations map[string]string
}

func newWebhook(t *testing.T) *webhook {
	t.Helper()
	w := &webhook{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct{ Alerts []note }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Errorf("a notification is no JSON: %v", err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.notes = append(w.notes, body.Alerts...)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// routes is an Alertmanager configuration that tells the webhook of everything at once.
func (w *webhook) routes() string {
	return fmt.Sprintf(`route: {receiver: guard, group_by: [alertname, subject], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
- name: guard
  webhook_configs: [{url: %q, send_resolved: true}]
`, w.url)
}

// told counts the notifications of a rule by their status.
func (w *webhook) told(rule string) map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[string]int{}
	for _, note := range w.notes {
		if note.Labels["alertname"] == rule {
			n[note.Status]++
		}
	}
	return n
}

// first is the first notification of a rule, once there is one.
func (w *webhook) first(rule string) (note, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.notes {
		if n.Labels["alertname"] == rule {
			return n, nil
		}
	}
	return note{}, fmt.Errorf("nobody was told of %s, only of %v", rule, w.notes)
}
