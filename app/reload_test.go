package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/configs"
)

const reloadSite = `id: gedung
name: Gedung
timezone: Asia/Jakarta
protocols: [kmk-382-2020]
hours: {mon-sun: "00:00-24:00"}
zones:
  aula: {name: Aula, area: 400 m², capacity: 100}
doors:
  utama: {name: Utama, from: outside, to: aula}
devices:
  hitung: {name: Penghitung, door: utama}
`

// running is an App in this process, and its configuration in a folder.
type running struct {
	t   *testing.T
	dir string
	app *App
	web string

	stop func() // ends it and waits; twice is once
	sent int    // messages of a device that is new after the reload
}

func runApp(t *testing.T) *running {
	t.Helper()
	r := &running{t: t, dir: t.TempDir()}
	for name, text := range map[string]string{
		"gerbang.yaml": `data: data
http: {listen: "127.0.0.1:0", access_token_file: token}
mqtt: {embedded: {listen: "127.0.0.1:0", credentials: [{name: jembatan, password_file: before, bridge: true}]}}
push: {credentials: [{name: hitung, password_file: push, bridge: true}]}
influxdb: {url: "http://127.0.0.1:1", database: gerbang, username: gerbang, password_file: before}
alertmanager: {config: routes.yml}
sites: sites/
`, "sites/gedung.yaml": reloadSite, "token": "token-of-before-the-reload", "push": "push-of-before", "before": "a-secret", "routes.yml": "route: {receiver: a}\nreceivers: [{name: a}]\n",
	} {
		r.write(name, text)
	}
	cfg, err := configs.Load(filepath.Join(r.dir, "gerbang.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if r.app, err = New(t.Context(), cfg, Options{Version: "test", Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	r.serve()
	t.Cleanup(func() { r.stop() })
	return r
}

// serve runs the gateway until stop.
func (r *running) serve() {
	r.web = strings.TrimSuffix(r.app.URL(), "/")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	run := r.app.Run
	go func() { ended <- run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Error(err)
		}
	})
}

func (r *running) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		r.t.Fatal(err)
	}
}

// ask gives status and body of a request.
func (r *running) ask(method, path, token string, body string) (status int, text string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.web+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	all, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(all)
}

// observed is all of a gateway that a reload may change, as it is seen from outside and in its parts.
func (r *running) observed() string {
	r.t.Helper()
	var b strings.Builder
	for _, token := range []string{"token-of-before-the-reload", "token-of-after-the-reload"} {
		status, _ := r.ask(http.MethodGet, "/api/v1/sites", token, "")
		_, zones := r.ask(http.MethodGet, "/api/v1/sites/gedung/zones", token, "")
		fmt.Fprintf(&b, "token %s: %d, zones %s\n", token, status, zones)
	}
	for _, secret := range []string{"hitung:push-of-before", "hitung:push-of-after"} {
		status, _ := r.ask(http.MethodPost, "/ingest/none", secret, "{}") // a model that nobody has: never stored
		fmt.Fprintf(&b, "push %s: %d\n", secret, status)
	}
	p := &r.app.reload.parts
	conn, err := net.Dial("tcp", p.doors.broker.Addr(0))
	if err != nil {
		r.t.Fatal(err)
	}
	_ = conn.Close()
	fmt.Fprintf(&b, "listens %s, topics %v, reader %p, configuration %p\n", p.doors.broker.Addr(0), p.doors.heard, p.history.reader.Load(), r.app.reload.cfg)
	r.sent++ // where the device is known, its zone shows what it sends
	for _, secret := range []string{"hitung:push-of-before", "hitung:push-of-after"} {
		r.ask(http.MethodPost, "/ingest/native/gedung/baru", secret, fmt.Sprintf(`{"boot":"a","seq":%d,"co2":600}`, r.sent))
	}
	fmt.Fprintf(&b, "broken %v, sites %v\n", r.app.reload.leftOut(), siteIDs(r.app.reload.cfg))
	return b.String()
}

// A preparation that fails at any of its steps changes nothing: not what pages and API answer, listeners, rules, secrets in use,
// devices that are read. Without a failure all of it changes.
func TestReload_PreparesEverythingBeforeItSwaps(t *testing.T) {
	r := runApp(t)
	r.settled()
	reached := []string{}
	r.app.reload.hurdle = func(step string) error { reached = append(reached, step); return nil }
	before := r.observed()

	// All that a reload can change, at once.
	r.write("sites/gedung.yaml", strings.Replace(reloadSite, "capacity: 100", "capacity: 7", 1)+"  baru: {name: Baru, zone: aula}\n")
	r.write("token", "token-of-after-the-reload")
	r.write("push", "push-of-after")
	r.write("routes.yml", "route: {receiver: b}\nreceivers: [{name: b}]\n")

	steps := []string{"decoder", "topics", "routes", "credentials", "influxdb", "access token", "oidc"}
	broken := errors.New("broken on purpose")
	for _, failing := range steps {
		r.app.reload.hurdle = func(step string) error {
			if step == failing {
				return broken
			}
			return nil
		}
		if err := r.app.Reload(t.Context()); !errors.Is(err, broken) {
			t.Fatalf("%s: got %v, want the failure", failing, err)
		}
		r.same("after a failure at "+failing, before)
	}
	// A gateway that is ending does not begin to swap.
	r.app.reload.hurdle = nil
	ended, end := context.WithCancel(t.Context())
	end()
	if err := r.app.reload.reload(ended, "reload", nil); err == nil {
		t.Error("the gateway was ending, and the reload was done")
	}
	r.same("after the end", before)
	// What is wrong on disk, for real.
	for name, text := range map[string]string{"routes.yml": "route: {receiver: nobody}\n", "token": "short", "push": "", "before": "", "gerbang.yaml": "data: [\n"} {
		good, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		r.write(name, text)
		if err := r.app.Reload(t.Context()); err == nil {
			t.Errorf("%s is broken and was taken", name)
		}
		r.write(name, string(good))
		r.same("after a broken "+name, before)
	}

	r.app.reload.hurdle = func(step string) error { reached = append(reached, step); return nil }
	if err := r.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(reached, steps) {
		t.Errorf("steps: got %v, want %v: this test knows all of them", reached, steps)
	}
	r.changed(before)
}

// settled waits until nothing of the start is under way.
func (r *running) settled() {
	r.t.Helper()
	for last, until := "", time.Now().Add(10*time.Second); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		now := r.observed()
		if now == last && strings.Contains(now, `"limit":100`) {
			return
		}
		last = now
	}
	r.t.Fatalf("not settled: %s", r.observed())
}

// same wants the gateway to be as it was. The alert about the refused reload is the one record that it makes.
func (r *running) same(when, before string) {
	r.t.Helper()
	if now := r.observed(); now != before {
		r.t.Errorf("%s:\n%swas\n%s", when, now, before)
	}
}

// changed wants the gateway to be as the new files say, soon.
func (r *running) changed(before string) {
	r.t.Helper()
	var now string
	want := []string{"after-the-reload: 200", "before-the-reload: 401", "push hitung:push-of-before: 401", `"limit":7`, `"device":"baru"`}
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		now = r.observed()
		if !slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(now, w) }) {
			var list struct{ Items []json.RawMessage }
			_, text := r.ask(http.MethodGet, "/api/v1/sites", "token-of-after-the-reload", "")
			if err := json.Unmarshal([]byte(text), &list); err != nil || len(list.Items) != 1 {
				r.t.Errorf("sites: %s, %v", text, err)
			}
			return
		}
	}
	r.t.Errorf("after a reload:\n%swant %q in it; it was\n%s", now, want, before)
}
