package push_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/push"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// intake is an Intake made of a function.
type intake func(ingest.Message) error

func (f intake) Put(m ingest.Message) error { return f(m) }

var credentials = []access.Credential{
	{Name: "door", Password: "p", Role: access.Device, Device: "mpp/door"},
	{Name: "cloud", Password: "p", Role: access.Bridge, Devices: []string{"mpp/a"}},
	{Name: "sign", Password: "p", Role: access.Reader},
}

func handler(t testing.TB, o push.Options, in ingest.Intake) *push.Handler {
	t.Helper()
	if o.Credentials == nil {
		o.Credentials = credentials
	}
	h, err := push.New(o, in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func post(path, user, kind, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	if user != "" {
		r.SetBasicAuth(user, "p")
	}
	return r
}

func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func zip(s string) string {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

// multipart is what a camera sends: what it has to say, and a picture of whom it saw.
func multipart(part, picture string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"alert\"\r\n\r\n" + part +
		"\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n" + picture + "\r\n--b--\r\n"
}

func TestAnswers(t *testing.T) {
	const limit = 1000
	edit := func(r *http.Request, f func(*http.Request)) *http.Request { f(r); return r }
	encoded := func(encoding, body string) *http.Request {
		return edit(post("/ingest/m", "door", "application/json", body), func(r *http.Request) { r.Header.Set("Content-Encoding", encoding) })
	}
	for name, c := range map[string]struct {
		request *http.Request
		status  int
		topic   string
		payload string
	}{
		"json":                {post("/ingest/m", "door", "application/json; charset=utf-8", "{}"), 204, "push/m/mpp/door", "{}"},
		"own device by name":  {post("/ingest/m/mpp/door", "door", "application/vnd.x+json", "{}"), 204, "push/m/mpp/door", "{}"},
		"xml of a bridge":     {post("/ingest/m/SN-123", "cloud", "text/xml", "<a/>"), 204, "push/m/SN-123", "<a/>"},
		"bridge, no device":   {post("/ingest/m", "cloud", "text/plain", "a"), 204, "push/m", "a"},
		"gzip":                {encoded("gzip", zip("{}")), 204, "push/m/mpp/door", "{}"},
		"bearer token":        {edit(post("/ingest/m", "", "text/csv", "a"), func(r *http.Request) { r.Header.Set("Authorization", "Bearer door:p") }), 204, "push/m/mpp/door", "a"},
		"at the limit":        {post("/ingest/m", "door", "text/plain", strings.Repeat("x", limit)), 204, "push/m/mpp/door", strings.Repeat("x", limit)},
		"over the limit":      {post("/ingest/m", "door", "text/plain", strings.Repeat("x", limit+1)), 413, "", ""},
		"gzip bomb":           {encoded("gzip", zip(strings.Repeat("x", 100_000))), 413, "", ""},
		"not gzip":            {encoded("gzip", "{}"), 400, "", ""},
		"cut gzip":            {encoded("gzip", zip("{}")[:20]), 400, "", ""},
		"brotli":              {encoded("br", "{}"), 415, "", ""},
		"empty":               {post("/ingest/m", "door", "application/json", ""), 400, "", ""},
		"no credential":       {post("/ingest/m", "", "application/json", "{}"), 401, "", ""},
		"unknown credential":  {post("/ingest/m", "nobody", "application/json", "{}"), 401, "", ""},
		"wrong bearer token":  {edit(post("/ingest/m", "", "text/csv", "a"), func(r *http.Request) { r.Header.Set("Authorization", "Bearer door:q") }), 401, "", ""},
		"reader":              {post("/ingest/m", "sign", "application/json", "{}"), 403, "", ""},
		"foreign device":      {post("/ingest/m/mpp/door", "cloud", "application/json", "{}"), 403, "", ""},
		"unknown model":       {post("/ingest/unknown", "door", "application/json", "{}"), 404, "", ""},
		"wildcard in device":  {post("/ingest/m/a%2B", "cloud", "application/json", "{}"), 400, "", ""},
		"newline in device":   {post("/ingest/m/a%0Ab", "cloud", "application/json", "{}"), 400, "", ""},
		"form":                {post("/ingest/m", "door", "application/x-www-form-urlencoded", "a=b"), 415, "", ""},
		"no content type":     {post("/ingest/m", "door", "", "{}"), 415, "", ""},
		"multipart":           {post("/ingest/m", "door", "multipart/form-data; boundary=b", multipart("<a/>", "image")), 204, "push/m/mpp/door", "<a/>"},
		"multipart, large":    {post("/ingest/m", "door", "multipart/mixed; boundary=b", multipart("{}", strings.Repeat("x\n", 1900))), 204, "push/m/mpp/door", "{}"},
		"multipart, gzip":     {edit(encoded("gzip", zip(multipart("{}", strings.Repeat("x", 3900)))), func(r *http.Request) { r.Header.Set("Content-Type", "multipart/mixed; boundary=b") }), 204, "push/m/mpp/door", "{}"},
		"multipart, no word":  {post("/ingest/m", "door", "multipart/form-data", multipart("{}", "")), 204, "push/m/mpp/door", "{}"},
		"multipart, bad word": {post("/ingest/m", "door", "multipart/form-data; boundary", multipart("{}", "")), 204, "push/m/mpp/door", "{}"},
		"part over the limit": {post("/ingest/m", "door", "multipart/mixed; boundary=b", multipart("<"+strings.Repeat("x", limit)+">", "")), 413, "", ""},
		"multipart too large": {post("/ingest/m", "door", "multipart/mixed; boundary=b", multipart("{}", strings.Repeat("x", 4*limit))), 413, "", ""},
		"parts, gzip bomb":    {edit(encoded("gzip", zip(multipart("{}", strings.Repeat("x", 100_000)))), func(r *http.Request) { r.Header.Set("Content-Type", "multipart/mixed; boundary=b") }), 413, "", ""},
		"pictures alone":      {post("/ingest/m", "door", "multipart/mixed; boundary=b", multipart("", "image")), 400, "", ""},
		"parts, cut gzip":     {edit(encoded("gzip", zip(multipart("{}", "image"))[:60]), func(r *http.Request) { r.Header.Set("Content-Type", "multipart/mixed; boundary=b") }), 400, "", ""},
		"xml of its own set":  {post("/ingest/m", "door", "application/xml; charset=gbk", "<a/>"), 204, "push/m/mpp/door", "<a/>"},
		"other character set": {post("/ingest/m", "door", "application/json; charset=utf-16", "{}"), 415, "", ""},
		"GET":                 {httptest.NewRequest(http.MethodGet, "/ingest/m", nil), 405, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []ingest.Message
			h := handler(t, push.Options{MaxBody: limit, MaxMultipart: 4 * limit, Known: func(m string) bool { return m == "m" }},
				intake(func(m ingest.Message) error { got = append(got, m); m.Ack(); return nil }))
			w := do(h, c.request)
			h.Close()
			if w.Code != c.status {
				t.Errorf("got %d %q, want %d", w.Code, w.Body, c.status)
			}
			if c.status != 204 {
				if len(got) > 0 {
					t.Errorf("got a message on %q", got[0].Topic)
				}
				return
			}
			if len(got) != 1 || got[0].Topic != c.topic || string(got[0].Payload) != c.payload || got[0].Sender == nil || got[0].Received == 0 {
				t.Errorf("got %+v, want topic %q", got, c.topic)
			}
		})
	}
}

// A small body that inflates to 16 MiB must not be inflated to see that it is too large.
func TestBombIsNotInflated(t *testing.T) {
	h := handler(t, push.Options{}, intake(func(m ingest.Message) error { m.Ack(); return nil }))
	r := post("/ingest/m", "door", "text/plain", zip(strings.Repeat("x", 16<<20)))
	r.Header.Set("Content-Encoding", "gzip")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := do(h, r)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; w.Code != 413 || used > 8<<20 {
		t.Errorf("got %d with %d bytes allocated, want 413 with less than 8 MiB", w.Code, used)
	}
}

func TestAnonymous(t *testing.T) {
	h := handler(t, push.Options{AllowAnonymous: true}, intake(func(m ingest.Message) error { m.Ack(); return nil }))
	if w := do(h, post("/ingest/m/mpp/any", "", "text/plain", "x")); w.Code != 204 {
		t.Errorf("got %d, want 204", w.Code)
	}
	if w := do(h, post("/ingest/m", "nobody", "text/plain", "x")); w.Code != 401 {
		t.Errorf("a wrong credential: got %d, want 401", w.Code)
	}
}

// 2xx means on disk: there is no answer before Ack, and none that says so without it.
func TestWaitsForCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken := make(chan ingest.Message, 1)
		h := handler(t, push.Options{}, intake(func(m ingest.Message) error { taken <- m; return nil }))
		answer := make(chan *httptest.ResponseRecorder, 1)
		go func() { answer <- do(h, post("/ingest/m", "door", "text/plain", "x")) }()
		m := <-taken
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if len(answer) > 0 {
			t.Fatalf("answered %d before the commit", (<-answer).Code)
		}
		m.Ack()
		if w := <-answer; w.Code != 204 {
			t.Errorf("got %d, want 204", w.Code)
		}

		began := time.Now()
		w := do(h, post("/ingest/m", "door", "text/plain", "x")) // its commit does not come in time
		if took := time.Since(began); w.Code != 503 || w.Header().Get("Retry-After") == "" || took != 10*time.Second {
			t.Errorf("got %d, Retry-After %q after %s", w.Code, w.Header().Get("Retry-After"), took)
		}
		(<-taken).Ack() // late, and harmless
	})
}

func TestFullAndStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := make(chan struct{})
		h := handler(t, push.Options{MaxWaiting: 2}, intake(func(ingest.Message) error { <-room; return errors.New("stopping") }))
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if w := do(h, post("/ingest/m", "door", "text/plain", "x")); w.Code != 503 {
					t.Errorf("stopping: got %d, want 503", w.Code)
				}
			})
		}
		synctest.Wait()
		if w := do(h, post("/ingest/m", "door", "text/plain", "x")); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("full: got %d, want 503", w.Code)
		}
		close(room)
		all.Wait()
		h.Close()
		if w := do(h, post("/ingest/m", "door", "text/plain", "x")); w.Code != 503 {
			t.Errorf("closed: got %d, want 503", w.Code)
		}
	})
}

func TestRateAndRevocation(t *testing.T) {
	registry := prometheus.NewRegistry()
	slow := access.Credential{Name: "door", Password: "p", Role: access.Device, Device: "mpp/door", Rate: 0.001}
	h := handler(t, push.Options{Credentials: []access.Credential{slow}, Registerer: registry},
		intake(func(m ingest.Message) error { m.Ack(); return nil }))
	for i, want := range []int{204, 429} {
		if w := do(h, post("/ingest/m", "door", "text/plain", "x")); w.Code != want {
			t.Errorf("message %d: got %d, want %d", i, w.Code, want)
		}
	}
	if _, err := h.Prepare([]access.Credential{{Name: "broken"}}); err == nil {
		t.Error("Prepare accepted an invalid credential")
	}
	swap, err := h.Prepare(nil)
	if err != nil {
		t.Fatal(err)
	}
	swap()
	if w := do(h, post("/ingest/m", "door", "text/plain", "x")); w.Code != 401 {
		t.Errorf("revoked: got %d, want 401", w.Code)
	}
	const want = `# HELP gerbang_push_requests_total Requests by status; 204 is a message on disk.
# TYPE gerbang_push_requests_total counter
gerbang_push_requests_total{code="204"} 1
gerbang_push_requests_total{code="400"} 0
gerbang_push_requests_total{code="401"} 1
gerbang_push_requests_total{code="403"} 0
gerbang_push_requests_total{code="404"} 0
gerbang_push_requests_total{code="408"} 0
gerbang_push_requests_total{code="413"} 0
gerbang_push_requests_total{code="415"} 0
gerbang_push_requests_total{code="429"} 1
gerbang_push_requests_total{code="503"} 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "gerbang_push_requests_total"); err != nil {
		t.Error(err)
	}
}

// Over a real connection, with TLS; a client that does not know the authority gets nothing through.
func TestTLS(t *testing.T) {
	h := handler(t, push.Options{}, intake(func(m ingest.Message) error { m.Ack(); return nil }))
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = nil
	server.StartTLS()
	defer server.Close()
	send := func(c *http.Client) (int, error) {
		r, err := http.NewRequest(http.MethodPost, server.URL+"/ingest/m", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "text/plain")
		r.SetBasicAuth("door", "p")
		answer, err := c.Do(r)
		if err != nil {
			return 0, err
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode, answer.Body.Close()
	}
	if code, err := send(server.Client()); err != nil || code != 204 {
		t.Errorf("got %d, %v", code, err)
	}
	stranger := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{}}}
	if code, err := send(stranger); err == nil {
		t.Errorf("a client that does not know the authority got %d", code)
	}
}

func FuzzBody(f *testing.F) {
	f.Add("application/json", "gzip", []byte(zip("{}")))
	f.Add("text/xml;charset=utf-8", "", []byte("<a/>"))
	f.Add("multipart/form-data; boundary=b", "", []byte(multipart("{}", "image")))
	f.Add("multipart/mixed", "gzip", []byte(zip(multipart("<a/>", "image"))))
	f.Fuzz(func(t *testing.T, kind, encoding string, body []byte) {
		const limit = 100
		h := handler(t, push.Options{MaxBody: limit, MaxMultipart: 2 * limit}, intake(func(m ingest.Message) error {
			if len(m.Payload) == 0 || len(m.Payload) > limit {
				t.Errorf("got a payload of %d bytes", len(m.Payload))
			}
			m.Ack()
			return nil
		}))
		r := post("/ingest/m", "door", kind, string(body))
		r.Header.Set("Content-Encoding", encoding)
		if w := do(h, r); w.Code == 503 || w.Code >= 200 && w.Code < 300 && w.Code != 204 {
			t.Errorf("got %d", w.Code)
		}
	})
}

// BenchmarkPush measures a request without the network, to an intake that acknowledges at once.
func BenchmarkPush(b *testing.B) {
	h := handler(b, push.Options{Credentials: []access.Credential{{Name: "door", Password: "p", Role: access.Bridge}}},
		intake(func(m ingest.Message) error { m.Ack(); return nil }))
	b.ReportAllocs()
	for b.Loop() {
		if w := do(h, post("/ingest/m", "door", "application/json", `{"people_in":1}`)); w.Code != 204 {
			b.Fatal(w.Code)
		}
	}
}
