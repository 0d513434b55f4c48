package web

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/gerbang-iot/gerbang/rules"
)

// event is one server-sent event.
type event struct{ name, data string }

// events opens a stream and gives its events until the test ends or the server closes it.
func (r *running) events(path string) <-chan event {
	r.t.Helper()
	// Not the test's context: it ends before the server is stopped, and the server must end the stream itself.
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, r.url+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatalf("opening %s: %v", path, err)
	}
	if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || got != "text/event-stream" {
		r.t.Fatalf("opening %s: got %d %q, want 200 text/event-stream", path, res.StatusCode, got)
	}
	ch := make(chan event, 100)
	go func() {
		defer close(ch)
		defer res.Body.Close()
		var e event
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				e.name = value
			case "data":
				e.data += value + "\n"
			case "":
				ch <- e
				e = event{}
			}
		}
	}()
	return ch
}

// next waits for an event without a name.
func next(t *testing.T, ch <-chan event) string {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case e, ok := <-ch:
			if !ok {
				t.Fatal("the stream ended")
			}
			if e.name == "" {
				return e.data
			}
		case <-limit:
			t.Fatal("no event came")
		}
	}
}

func TestStreamSendsThePageThenOnlyWhatChanged(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	ch := r.events("/live/overview?lang=id")
	first := next(t, ch)
	for _, want := range []string{`id="summary"`, `id="site-mpp-gresik"`, `id="site-mpp-belu"`, "Dilanggar"} {
		if !strings.Contains(first, want) {
			t.Errorf("first event: %q is missing", want)
		}
	}
	f.change("mpp-magetan", func(v *rules.View) { v.Persons = estimate(13, 1) })
	delta := next(t, ch)
	if !strings.Contains(delta, `hx-target="#site-mpp-magetan"`) || !strings.Contains(delta, "<b>13</b>") {
		t.Errorf("second event: got %s, want the changed site", delta)
	}
	if strings.Contains(delta, "mpp-gresik") {
		t.Errorf("second event: got %s, want the changed site only", delta)
	}
	// A change of order is a change of layout: everything comes again.
	f.change("mpp-sumenep", func(v *rules.View) { v.Verdict = rules.Unknown })
	if again := next(t, ch); strings.Contains(again, "hx-partial") || !strings.Contains(again, `id="site-mpp-belu"`) {
		t.Errorf("third event: got %.200s…, want the whole page", again)
	}
}

func TestStreamBeatsWithTheVersionOfTheFiles(t *testing.T) {
	r := start(t, newFleet(), nil)
	for e := range r.events("/live/site/mpp-magetan") {
		if e.name == "beat" {
			if got, want := strings.TrimSpace(e.data), r.assets.version; got != want {
				t.Errorf("beat: got %q, want %q", got, want)
			}
			return
		}
	}
	t.Error("no beat came")
}

func TestStreamsThatAreRefused(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.MaxStreams = 1 })
	for _, path := range []string{"/live/site/nowhere", "/live/sign/mpp-gresik/nowhere", "/live/sign/nowhere/loket"} {
		if got := r.get(path).StatusCode; got != http.StatusNotFound {
			t.Errorf("GET %s: got %d, want 404", path, got)
		}
	}
	first := r.events("/live/overview")
	next(t, first)
	a := r.get("/live/overview")
	if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		t.Errorf("one stream too many: got %d, Retry-After %q, want 503 with a time", a.StatusCode, a.Header.Get("Retry-After"))
	}
}

func TestStopEndsStreams(t *testing.T) {
	f := newFleet()
	var ch <-chan event
	began := time.Now()
	served := t.Run("serving", func(t *testing.T) {
		r := start(t, f, nil)
		ch = r.events("/live/overview")
		next(t, ch)
		// Ending this subtest stops the server; start fails it if Run does not return.
	})
	if !served {
		return
	}
	for range ch {
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if took := time.Since(began); took > stopTimeout/2 {
		t.Errorf("stopping with an open stream: it took %v, want a moment", took)
	}
	if len(f.watch) != 0 {
		t.Errorf("watchers of the live state after Run: got %d, want 0", len(f.watch))
	}
}

// TestStalledReaderIsDropped holds a connection open and never reads: the server drops it after streamPatience, the others
// do not wait for it, and it cost one write at a time.
func TestStalledReaderIsDropped(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as the server's patience")
	}
	f := newFleet()
	r := start(t, f, nil)
	conn, err := net.Dial("tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /live/overview HTTP/1.1\r\nHost: %s\r\n\r\n", r.Addr())
	other := r.events("/live/overview")
	next(t, other)

	// Long names fill the socket's buffers quickly.
	slow := func() float64 { return testutil.ToFloat64(r.metrics.drops.WithLabelValues("slow")) }
	filler := strings.Repeat("Balai ", 60_000)
	limit := time.Now().Add(streamPatience + 30*time.Second)
	for i := 0; slow() == 0; i++ {
		if time.Now().After(limit) {
			t.Fatal("the stalled reader is still connected")
		}
		f.change("mpp-magetan", func(v *rules.View) { v.Name = fmt.Sprint(filler, i) })
		if got := next(t, other); !strings.Contains(got, "Balai") {
			t.Fatalf("the other reader: got %.100s…, want the change", got)
		}
	}
}

// TestHubCoalesces counts renderings of a topic that changes a hundred times a second.
func TestHubCoalesces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet()
		var mu sync.Mutex
		rendered := 0
		m, err := newMetrics(nil, f, f, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		h := newHub(func(topic) ([]chunk, error) {
			mu.Lock()
			defer mu.Unlock()
			rendered++
			return []chunk{{"a", fmt.Append(nil, rendered)}}, nil
		}, m, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		go h.run(ctx, f)
		b, leave, err := h.join(topic{page: "overview"}, "", 1)
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			f.change("mpp-magetan", func(v *rules.View) { v.Record++ })
			time.Sleep(10 * time.Millisecond) // of the bubble's clock
		}
		mu.Lock()
		if rendered > 8 {
			t.Errorf("renderings in 3 s: got %d, want 7 or fewer and the first", rendered)
		}
		mu.Unlock()
		// A watcher that comes late gets the newest and nothing in between.
		all, chunks, generation, _ := b.since(1)
		if all || len(chunks) != 1 || generation < 5 {
			t.Errorf("since(1): got all=%v, %d chunks, generation %d, want the one newest chunk", all, len(chunks), generation)
		}
		leave()
		cancel()
	})
}

func TestWriteEvent(t *testing.T) {
	for _, tc := range []struct {
		name   string
		all    bool
		chunks []chunk
		want   string
	}{
		{"page", true, []chunk{{"", []byte("<ul>\n")}, {"a", []byte("  <li id=a>\n\n  x</li>\n")}, {"", []byte("</ul>")}}, "data: <ul>\ndata: <li id=a>\ndata: x</li>\ndata: </ul>\n\n"},
		{"part", false, []chunk{{"a", []byte("<li id=a>x</li>")}}, "data: <hx-partial hx-target=\"#a\" hx-swap=\"outerMorph\">\ndata: <li id=a>x</li>\ndata: </hx-partial>\n\n"},
		{"carriage returns end no event", true, []chunk{{"a", []byte("x\r\n\r\ny")}}, "data: x\ndata: y\n\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var buf bytes.Buffer
			writeEvent(&buf, tc.all, tc.chunks)
			if got := buf.String(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
