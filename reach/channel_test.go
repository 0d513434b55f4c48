package reach

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// transportDial connects as a transport would.
func transportDial(t *testing.T, transport http.RoundTripper, address string) (net.Conn, error) {
	t.Helper()
	return transport.(*http.Transport).DialContext(t.Context(), "tcp", address)
}

// An ntfy server gets title, loudness and link, and is asked again while it is away.
func TestNtfy(t *testing.T) {
	var mu sync.Mutex
	var got []map[string]any
	answers := []int{503}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var m map[string]any
		_ = json.NewDecoder(r.Body).Decode(&m)
		m["auth"] = r.Header.Get("Authorization")
		got = append(got, m)
		if len(answers) > 0 {
			w.WriteHeader(answers[0])
			answers = answers[1:]
		}
	}))
	defer server.Close()
	n := &Ntfy{URL: server.URL, Topic: "satpam", Token: func() (string, error) { return "tk_1", nil }, Client: LocalClient()}
	defer n.Client.CloseIdleConnections()
	r := newRig(t, nil)
	defer r.stop()
	a := &alerts.Alert{ID: "x1", Site: "mall", Rule: "r", Kind: "capacity", Class: rules.ClassBreach, Severity: rules.Critical, Opened: 1}
	if again, err := n.send(t.Context(), r.Reach, a); err == nil || again == 0 {
		t.Errorf("503: again after %v, %v, want to try again", again, err)
	}
	if again, err := n.send(t.Context(), r.Reach, a); err != nil || again != 0 {
		t.Errorf("200: %v, %v", again, err)
	}
	m := got[1]
	if m["topic"] != "satpam" || m["title"] == "" || m["priority"] != 5.0 || m["click"] != "https://gerbang.example.go.id/alert/x1" || m["auth"] != "Bearer tk_1" {
		t.Errorf("message: %v", m)
	}
	server.Close()
	if again, err := n.send(t.Context(), r.Reach, a); err == nil || again == 0 {
		t.Errorf("a server that is off: again after %v, %v", again, err)
	}
}

// smsd finds each message once, whole, whatever is restarted, and what it says of it is believed.
func TestSMS(t *testing.T) {
	root := t.TempDir()
	spool := filepath.Join(root, "outgoing")
	if err := os.Mkdir(spool, 0o755); err != nil {
		t.Fatal(err)
	}
	s := &SMS{Spool: spool, Numbers: []string{"+6281234567890"}}
	send := func(ctx context.Context, s *SMS, name, text string) (time.Duration, error) {
		if again, err := s.hand(name, "+6281234567890", text); err != nil {
			return again, err
		}
		return s.confirm(ctx, name)
	}
	files := func(folder string) (all []string) {
		entries, _ := os.ReadDir(filepath.Join(root, folder))
		for _, e := range entries {
			all = append(all, e.Name())
		}
		return all
	}
	for range 2 { // the second is a restart before anything was stored
		if again, err := send(t.Context(), s, "gerbang-x-1-1", "LATIHAN https://g/alert/x"); again != 0 || err != nil {
			t.Fatalf("handing over: %v, %v", again, err)
		}
	}
	if got := files("outgoing"); len(got) != 1 {
		t.Fatalf("the folder has %v, want one message", got)
	}
	text, err := os.ReadFile(filepath.Join(spool, "gerbang-x-1-1"))
	if want := "To: 6281234567890\nAlphabet: UTF-8\n\nLATIHAN https://g/alert/x\n"; err != nil || string(text) != want {
		t.Errorf("message %q (%v), want %q", text, err, want)
	}
	// With folders for what became of it: sent, then a restart; and one that could not be.
	for _, name := range []string{"sent", "failed"} {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(spool, "gerbang-x-1-1"), filepath.Join(root, "sent", "gerbang-x-1-1")); err != nil {
		t.Fatal(err)
	}
	if again, err := send(t.Context(), s, "gerbang-x-1-1", "x"); again != 0 || err != nil || len(files("outgoing")) != 0 {
		t.Errorf("sent already: %v, %v, and the folder has %v", again, err, files("outgoing"))
	}
	if err := os.WriteFile(filepath.Join(root, "failed", "gerbang-x-2-1.8f3a"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if again, err := send(t.Context(), s, "gerbang-x-2-1", "x"); again != 0 || err == nil || codeOf(err) != ModemFailed {
		t.Errorf("failed: %v, %v", again, err)
	}
	gone := &SMS{Spool: filepath.Join(root, "nothing", "outgoing")}
	if again, err := send(t.Context(), gone, "a", "x"); again == 0 || err == nil {
		t.Errorf("no such folder: %v, %v, want to try again", again, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := send(ctx, s, "gerbang-x-3-1", "x"); err == nil {
		t.Error("ended while it waits for the modem: want an error")
	}
}

// The siren is on while its alert is open, unacknowledged and broken, says so retained from the start on, and is left out of a drill unless chosen.
func TestSiren(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) {
			o.Channels = map[string]Channel{"sirene": {Siren: &Siren{On: "ON", Off: "OFF"}}}
			o.Sirens = []Place{{"mall", "sirene"}}
		}, facility.Call{Channel: "sirene", After: 10 * time.Second})
		defer func() { r.stop() }()
		topic := SirenTopic("mall", "sirene")
		said := func() (all []string) {
			synctest.Wait()
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, s := range r.shown {
				if !s.Retain || s.Topic != topic {
					t.Errorf("published %+v", s)
				}
				all = append(all, string(s.Payload))
			}
			return all
		}
		wants(t, "at the start", said(), "OFF")
		id := r.raise("mall")
		time.Sleep(9 * time.Second)
		wants(t, "before its step", said(), "OFF")
		time.Sleep(2 * time.Second)
		wants(t, "at its step", said(), "OFF", "ON")
		r.do(func(b *alerts.Book, now telemetry.Instant) []alerts.Change {
			return b.Entry(&telemetry.Record{Kind: telemetry.KindEntry, Site: "mall", At: now, Entry: &telemetry.Entry{ID: "e", Kind: telemetry.EntryAcknowledge, Author: "Siti", Subject: id, Until: now.Add(time.Minute)}}, nil)
		})
		wants(t, "acknowledged", said(), "OFF", "ON", "OFF")
		time.Sleep(75 * time.Second)
		wants(t, "nobody is on it any more", said(), "OFF", "ON", "OFF", "ON")
		r.stop()
		r.begin([]alerts.Alert{*r.alert(id)})
		wants(t, "after a restart", said(), "OFF", "ON", "OFF", "ON", "ON")
		r.do(func(b *alerts.Book, now telemetry.Instant) []alerts.Change {
			return b.Remove("mall", now, nil)
		})
		wants(t, "over", said(), "OFF", "ON", "OFF", "ON", "ON", "OFF")
		drill := func(id, item string) {
			r.do(func(b *alerts.Book, now telemetry.Instant) []alerts.Change {
				return b.Entry(&telemetry.Record{Kind: telemetry.KindEntry, Site: "mall", At: now, Entry: &telemetry.Entry{ID: id, Kind: telemetry.EntryDrill, Author: "Rina", Reason: "x", Item: item, Until: now.Add(time.Minute)}}, nil)
			})
			time.Sleep(2 * time.Minute)
		}
		drill("d1", "")
		wants(t, "a drill without it", said(), "OFF", "ON", "OFF", "ON", "ON", "OFF")
		drill("d2", alerts.DrillWithSiren)
		wants(t, "a drill with it", said(), "OFF", "ON", "OFF", "ON", "ON", "OFF", "ON", "OFF")
	})
}
