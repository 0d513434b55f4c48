package web

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeEar hears two messages as soon as somebody listens.
type fakeEar struct {
	mu    sync.Mutex
	until time.Time
}

func (e *fakeEar) Listen() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.until = fleetNow.Add(9*time.Minute + 30*time.Second)
	return e.until
}

func (e *fakeEar) Stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.until = time.Time{}
}

func (e *fakeEar) Heard() ([]Heard, time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.until.IsZero() {
		return nil, e.until
	}
	return []Heard{
		{At: fleetNow.Add(-time.Second), Topic: "thermometers/lobi\x1b[2J", Payload: []byte(`Zxqv Santoso;0812-9988-7766;36.5<script>pwned()</script>`), Size: 54, Why: "not JSON at byte 0"},
		{At: fleetNow.Add(-time.Minute), Topic: "faces/" + strings.Repeat("panjang", 30), Payload: []byte{0xff, 0, 'x'}, Size: 9000, Why: "no device or model uses the topic"},
	}, e.until
}

// TestS6_RawMessagesOnlyWhileSomebodyListens: finding S6. A button shows them, another forgets them; who pressed it stands in the log,
// and nothing of the messages.
func TestS6_RawMessagesOnlyWhileSomebodyListens(t *testing.T) {
	var log bytes.Buffer
	r := start(t, newFleet(), func(o *Options) {
		o.Ear, o.Token, o.Log = &fakeEar{}, testToken, slog.New(slog.NewTextHandler(&log, nil))
	})
	const raw = "Zxqv Santoso"
	if got := r.do("POST", "/listen", "", "Content-Type", "application/x-www-form-urlencoded").StatusCode; got != 401 && got != 303 {
		t.Errorf("without signing in: %d", got)
	}
	if a := r.do("POST", "/token", "token="+testToken+"&name=Ani", "Content-Type", "application/x-www-form-urlencoded"); a.StatusCode != 303 {
		t.Fatalf("signing in: %d", a.StatusCode)
	}
	shows := func(want bool) {
		t.Helper()
		for _, page := range []string{"/rejections", "/devices"} {
			a := r.get(page)
			if got := strings.Contains(a.body, raw); got != want {
				t.Errorf("%s: shows the raw message: %t, want %t", page, got, want)
			}
			if want && a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be kept by a browser: %q", page, a.Header.Get("Cache-Control"))
			}
			if strings.Contains(a.body, "<script>pwned") || strings.Contains(a.body, "\x1b") {
				t.Errorf("%s: markup of a message is markup of the page", page)
			}
		}
	}
	shows(false)
	if a := r.do("POST", "/listen", "from=/devices", "Content-Type", "application/x-www-form-urlencoded"); a.StatusCode != 303 || a.Header.Get("Location") != "/devices#listening" {
		t.Errorf("listening: %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	shows(true)
	r.do("POST", "/listen/stop", "from=//example.com", "Content-Type", "application/x-www-form-urlencoded")
	shows(false)
	if text := log.String(); strings.Count(text, "by=Ani") != 2 || strings.Contains(text, raw) {
		t.Errorf("log: got %s, want who listened, twice, and nothing that was heard", text)
	}
}

// someStrangers are as the decoder shows them: one with an address, one whose address may be a person's, one that nobody knows.
type someStrangers struct{}

func (someStrangers) Strangers() []Stranger {
	seen := func(topic, why string, g ...Guess) Stranger {
		return Stranger{Topic: topic, Why: why, First: fleetNow.Add(-time.Hour), Last: fleetNow.Add(-time.Minute), Messages: 12, Guesses: g}
	}
	return []Stranger{
		seen("zigbee2mqtt/0x00158d0001a2b3c4", `device "0x00158d0001a2b3c4" is not configured (model zigbee2mqtt)`, Guess{Model: "zigbee2mqtt", Title: "Zigbee2MQTT", Address: "0x00158d0001a2b3c4", Quantities: []string{"temperature", "humidity"},
			YAML: "  0x00158d0001a2b3c4: {model: zigbee2mqtt, zone: …, measures: [temperature, humidity]}"}),
		seen("acme/…12/state", `device "…12" is not configured (model acme-door)`, Guess{Model: "acme-door", Title: "Acme door", Address: "…12", Quantities: []string{"contact_open"},
			YAML: `  device: {model: acme-door, address: "…12", zone: …, measures: [contact_open]}`}),
		seen("…5/…4/#…16", `no device or model uses topic "…5/…4/#…16"`),
	}
}
