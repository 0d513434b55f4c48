package push_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/push"
)

// slow begins a request whose body comes a byte at a time, or not at all, and stays until the test ends.
func slow(t *testing.T, addr, user string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	fmt.Fprintf(c, "POST /ingest/m HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\nx",
		base64.StdEncoding.EncodeToString([]byte(user+":p")))
	return c
}

// Finding S10: bodies that do not come close the door to nobody: not to other credentials, and not to their own.
func TestS10_SlowBodiesDoNotCloseTheDoor(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := handler(t, push.Options{Registerer: registry}, intake(func(m ingest.Message) error { m.Ack(); return nil }))
	server := httptest.NewServer(h)
	defer server.Close()
	defer server.CloseClientConnections()
	addr := server.Listener.Addr().String()
	var first net.Conn
	for i := range 600 {
		c := slow(t, addr, "cloud")
		if i == 0 {
			first = c
			time.Sleep(50 * time.Millisecond) // it is the first at the door, too
		}
	}
	client := &http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	for _, user := range []string{"door", "cloud"} {
		for range 20 {
			r, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, server.URL+"/ingest/m", strings.NewReader("{}"))
			r.Header.Set("Content-Type", "application/json")
			r.SetBasicAuth(user, "p")
			began := time.Now()
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if took := time.Since(began); resp.StatusCode != 204 || took > 2*time.Second {
				t.Fatalf("%s: got %d after %v, want 204 at once", user, resp.StatusCode, took)
			}
		}
	}
	// The one that has been slow for longest is told.
	_ = first.SetReadDeadline(time.Now().Add(5 * time.Second))
	if resp, err := http.ReadResponse(bufio.NewReader(first), nil); err != nil || resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("the oldest slow body: got %v, %v, want 408", resp, err)
	}
	if n := testutil.ToFloat64(waiting{registry}); n != 0 {
		t.Errorf("%v requests are said to wait for their commit", n)
	}
}

// waiting is the gauge of requests that wait for their commit.
type waiting struct{ g prometheus.Gatherer }

func (w waiting) Describe(ch chan<- *prometheus.Desc) {
	ch <- prometheus.NewDesc("x", "x", nil, nil)
}

func (w waiting) Collect(ch chan<- prometheus.Metric) {
	families, _ := w.g.Gather()
	for _, f := range families {
		if f.GetName() == "gerbang_push_waiting_messages" {
			ch <- prometheus.MustNewConstMetric(prometheus.NewDesc("x", "x", nil, nil), prometheus.GaugeValue, f.GetMetric()[0].GetGauge().GetValue())
		}
	}
}

// Finding S10: of the requests that wait for their commit one credential has not more than its part.
func TestS10_OneCredentialDoesNotTakeAllPlaces(t *testing.T) {
	room := make(chan struct{})
	h := handler(t, push.Options{MaxRequests: 3, MaxWaiting: 4}, intake(func(m ingest.Message) error { <-room; m.Ack(); return nil }))
	answers := make(chan int, 10)
	for range 6 {
		go func() { answers <- do(h, post("/ingest/m", "cloud", "text/plain", "x")).Code }()
	}
	for range 3 {
		if code := <-answers; code != 429 {
			t.Errorf("one too many: got %d, want 429", code)
		}
	}
	go func() { answers <- do(h, post("/ingest/m", "door", "text/plain", "x")).Code }()
	time.Sleep(20 * time.Millisecond)
	close(room)
	for range 4 {
		if code := <-answers; code != 204 {
			t.Errorf("got %d, want 204", code)
		}
	}
}

// Finding S9: guessing at the HTTP door is slowed down, is few lines in the log, and locks no device out.
func TestS9_FailedPushes(t *testing.T) {
	var out bytes.Buffer
	registry := prometheus.NewRegistry()
	h := handler(t, push.Options{Registerer: registry, Proxy: true, Logger: slog.New(slog.NewTextHandler(&out, nil))},
		intake(func(m ingest.Message) error { m.Ack(); return nil }))
	from := func(address, user, password string) int {
		r := post("/ingest/m", user, "text/plain", "x")
		r.SetBasicAuth(user, password)
		r.Header.Set("X-Forwarded-For", "203.0.113.9, "+address)
		return do(h, r).Code
	}
	if code := from("192.0.2.1", "door", "p"); code != 204 {
		t.Fatalf("got %d", code)
	}
	codes := map[int]int{}
	guessing := time.Now()
	for i := range 500 {
		codes[from("192.0.2.1", "cloud", fmt.Sprint("guess", i))]++
		codes[from("192.0.2.1", fmt.Sprint("Budi", i), "x")]++
	}
	most := 55 + int(5*time.Since(guessing).Seconds()) // 50 at once and five a second
	if codes[401] > most || codes[401]+codes[429] != 1000 {
		t.Errorf("got %v, want at most %d passwords looked at", codes, most)
	}
	if code := from("192.0.2.1", "door", "p"); code != 204 {
		t.Errorf("the device behind the same address: got %d, want 204", code)
	}
	if code := from("192.0.2.2", "cloud", "p"); code != 204 {
		t.Errorf("the guessed name at another address: got %d, want 204", code)
	}
	if n := strings.Count(out.String(), "\n"); n == 0 || n > 60 {
		t.Errorf("%d lines in the log", n)
	}
	if strings.Contains(out.String(), "Budi") || strings.Contains(out.String(), "guess") {
		t.Error("what somebody typed is in the log")
	}
	const want = `# HELP gerbang_push_credential_messages_total Messages taken from a credential.
# TYPE gerbang_push_credential_messages_total counter
gerbang_push_credential_messages_total{credential="cloud"} 1
gerbang_push_credential_messages_total{credential="door"} 2
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "gerbang_push_credential_messages_total"); err != nil {
		t.Error(err)
	}
}
