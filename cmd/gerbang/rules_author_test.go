package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
)

const authorScenario = `site:
  levels: {2026-01-01: half}
  zones: {lobby: {name: Lobby, capacity: 100}}
  doors: {main: {name: Main door, from: outside, to: lobby}}
  devices: {counter: {name: Counter, door: main, measures: [people_in, people_out], accuracy: 100%, interval: 1h}}
protocols: [changed.yaml]
scenarios:
  - name: forty people in the lobby
    start: 2026-03-02 08:00
    events: [{at: start, entry: count, subject: lobby, value: 0}]
    readings: [{device: counter, at: "08:01", people_in: 40}]
    expect:
      verdicts: [{at: "08:05", rule: full, subject: lobby, verdict: breached, value: 40, limit: LIMIT}]
`

// TestFinding9ARuleAuthorsTenMinutes: a limit is changed in a copy of the protocol, tried in a scenario, on the days of a journal, put in force
// by a reload, and seen on the page; a slip at each step is told and changes nothing. Then the same limit once more on the page.
func TestFinding9ARuleAuthorsTenMinutes(t *testing.T) {
	t.Parallel()
	dir, data := trialFolder(t)
	in := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	says := func(want int, text string, args ...string) {
		t.Helper()
		if code, out, errs := run(t, "", args...); code != want || !strings.Contains(out+errs, text) {
			t.Errorf("gerbang %s: exit %d, want %d; got\n%s%s\nwant %q", strings.Join(args, " "), code, want, out, errs, text)
		}
	}
	// The copy, first with a slip.
	write("changed.yaml", strings.Replace(trialProtocol, "half: 50%", "half: 30", 1))
	write("scenario.yaml", strings.Replace(authorScenario, "LIMIT", "30", 1))
	says(1, `changed.yaml:4:16: half: share "30": want a percentage`, "rules", "test", in("scenario.yaml"))
	write("changed.yaml", strings.Replace(trialProtocol, "half: 50%", "half: 30%", 1))
	says(0, "ok: 1 scenario", "rules", "test", in("scenario.yaml"))
	write("scenario.yaml", strings.Replace(authorScenario, "LIMIT", "50", 1))
	says(1, "limit 30", "rules", "test", in("scenario.yaml"))
	// The days that the journal holds.
	says(0, "hall  full  zone/lobby  0:00 → 8:00", "rules", "backtest", "--protocol", in("changed.yaml"), "--from", "7d", "--data", data)
	says(0, "0 → 1 site over", "rules", "rehearse", "--protocol", in("changed.yaml"), "--data", data)

	// In force, first with a slip.
	write("gerbang.yaml", "http: {listen: \"127.0.0.1:0\"}\nmqtt: {embedded: {anonymous: allow, listen: \"127.0.0.1:0\"}}\nsites: hall.yaml\nprotocols: ours.yaml\n")
	site := serveAuthor(t, in("gerbang.yaml"))
	site.shows("50")
	write("ours.yaml", strings.Replace(trialProtocol, "half: 50%", "hlaf: 30%", 1))
	says(1, `did you mean "hlaf"`, "check", "--config", in("gerbang.yaml"))
	if err := site.app.Reload(t.Context()); err == nil {
		t.Error("a protocol without the level that the site names was put in force")
	}
	site.shows("50")
	if err := os.Rename(in("changed.yaml"), in("ours.yaml")); err != nil {
		t.Fatal(err)
	}
	says(0, "", "check", "--config", in("gerbang.yaml"))
	if err := site.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	site.shows("30")

	// The same without files: typed, looked at, confirmed.
	const half = "level:ours:half"
	page := site.limit(half, "viel", "look")
	if !strings.Contains(page, "ours.yaml:4:16: half: share &#34;viel&#34;: want a percentage above 0% and up to 100%") {
		t.Errorf("a slip on the page: got %s", page)
	}
	if page = site.limit(half, "40", "look"); !strings.Contains(page, "levels: {half: 40%, quarter: 25%}") || !strings.Contains(page, "levels: {half: 30%, quarter: 25%}") {
		t.Errorf("looked at: got %s, want the line as it is and as it would be", page)
	}
	site.shows("30")
	if page = site.limit(half, "40", "confirm"); !strings.Contains(page, "Saved. The new number is in force.") || !strings.Contains(page, "30%") || !strings.Contains(page, "the doctor asked for it") {
		t.Errorf("confirmed: got %s, want it to be listed", page)
	}
	site.shows("40")
	says(0, "", "check", "--config", in("gerbang.yaml"))
	text, err := os.ReadFile(in("ours.yaml"))
	if want := strings.Replace(trialProtocol, "half: 50%", "half: 40%", 1); err != nil || string(text) != want {
		t.Errorf("the file: got %s, %v, want %s", text, err, want)
	}
}

// authorsGateway is a gateway in this process.
type authorsGateway struct {
	t   *testing.T
	app *app.App
}

func serveAuthor(t *testing.T, config string) *authorsGateway {
	t.Helper()
	cfg, err := configs.Load(config)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), cfg, app.Options{Version: "test", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &authorsGateway{t, a}
}

// limit sends the form of the limits' page and gives the page that comes of it.
func (g *authorsGateway) limit(id, value, step string) string {
	g.t.Helper()
	form := url.Values{"id": {"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11"}, "limit": {id}, "value": {value}, "reason": {"the doctor asked for it"}, "author": {"Rina"}, "step": {step}}
	req, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, strings.TrimSuffix(g.app.URL(), "/")+"/site/hall/limits", strings.NewReader(form.Encode()))
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", "en")
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(text)
}

// shows waits until the site's page shows the limit of the lobby.
func (g *authorsGateway) shows(limit string) {
	g.t.Helper()
	want := "/ " + limit + "<"
	page := ""
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(strings.TrimSuffix(g.app.URL(), "/") + "/site/hall")
		if err != nil {
			continue
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if page = string(text); err == nil && strings.Contains(page, want) {
			return
		}
	}
	g.t.Fatalf("the page does not show %q:\n%s", want, page)
}
