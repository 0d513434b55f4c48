package testengine

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAlertmanagerNotifiesAfterARestart(t *testing.T) {
	notes := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		notes <- string(body)
	}))
	defer hook.Close()
	am := Alertmanager(t, `
route: {receiver: guard, group_by: [site], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
- name: guard
  webhook_configs: [{url: "`+hook.URL+`"}]
`)
	am.Stop()
	am.Start()
	client := &http.Client{}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, am.URL+"/api/v2/alerts",
		strings.NewReader(`[{"labels":{"alertname":"breach","site":"s1"}}]`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("posting an alert: %v", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("posting an alert: got %s, want 200", resp.Status)
	}
	select {
	case note := <-notes:
		if !strings.Contains(note, `"site":"s1"`) {
			t.Errorf("notification: got %s, want the alert of site s1", note)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no notification arrived")
	}
}
