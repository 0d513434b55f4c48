package broker_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/broker"
	"github.com/gerbang-iot/gerbang/ingest/wire"
)

// acknowledge takes everything until the test ends.
func acknowledge(t testing.TB) inbox {
	in := make(inbox, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m := range in {
			m.Ack()
		}
	}()
	t.Cleanup(func() { close(in); <-done })
	return in
}

// metric is the sum of a metric's series that have the labels, which are name=value.
func metric(t testing.TB, r prometheus.Gatherer, name string, labels ...string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			has := 0
			for _, l := range m.GetLabel() {
				for _, want := range labels {
					if l.GetName()+"="+l.GetValue() == want {
						has++
					}
				}
			}
			if has == len(labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// Finding L10: sockets that never log in take no device's place: it is in within a second, whatever the number.
func TestL10_SilentSocketsDoNotLockDevicesOut(t *testing.T) {
	registry := prometheus.NewRegistry()
	b := start(t, broker.Options{
		Listeners:   []broker.Listener{{Kind: broker.TCP, Address: "127.0.0.1:0"}, {Kind: broker.WebSocket, Address: "127.0.0.1:0"}},
		Credentials: []access.Credential{door}, MaxClients: 20, Registerer: registry,
	}, acknowledge(t))
	const sockets = 700 // twice: a socket here is a file descriptor on both ends
	for i := range sockets {
		silent, err := net.Dial("tcp", b.Addr(i%2))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = silent.Close() })
		if i%3 == 0 {
			_, _ = silent.Write([]byte{0x10}) // half a CONNECT, half a request
		}
	}
	for i := range 45 {
		began := time.Now()
		d := open(t, b, asDoor(fmt.Sprint("d", i%3)))
		if took := time.Since(began); took > time.Second {
			t.Errorf("log-in %d took %v", i, took)
		}
		d.publish(1, 1, "gerbang/v1/mpp/door", "x")
		d.acked(wire.Puback, 1)
		_ = d.Close()
	}
	if n := metric(t, registry, "gerbang_broker_connecting"); n > 256 {
		t.Errorf("%v connections stand at the gate, want at most 256", n)
	}
	if n := metric(t, registry, "gerbang_broker_refused_total", "cause=connecting"); n < sockets-256 {
		t.Errorf("%v were counted that had to go, want %d", n, sockets-256)
	}
}

// Finding S8: whatever one credential opens, the next device finds a place.
func TestS8_OneCredentialDoesNotLockOthersOut(t *testing.T) {
	registry := prometheus.NewRegistry()
	other := access.Credential{Name: "other", Password: "p", Role: access.Device, Device: "mpp/other"}
	b := start(t, broker.Options{Credentials: []access.Credential{door, other, sign, lora}, MaxClients: 30, Registerer: registry}, acknowledge(t))
	in := 0
	for i := range 400 {
		for _, name := range []string{"lora", "sign"} {
			if _, code, _ := connect(t, dial(t, b), login{id: fmt.Sprint(i), user: name, password: "p"}); code == 0 {
				in++
			} else if code != 3 {
				t.Fatalf("got code %d, want 3: unavailable", code)
			}
		}
	}
	if in < 30 {
		t.Errorf("%d connections got in, want as many as there are places", in)
	}
	for _, name := range []string{"door", "other"} {
		d := open(t, b, login{id: name, user: name, password: "p"})
		d.publish(1, 1, "gerbang/v1/mpp/"+name, "x")
		d.acked(wire.Puback, 1)
	}
	if n := metric(t, registry, "gerbang_broker_credential_sessions", "state=open"); n > 30 {
		t.Errorf("%v connections are open, want at most 30", n)
	}
}

// Findings S1, S8: a credential has a bounded number of sessions. Of those asleep the oldest goes first.
func TestS8_SessionsOfOneCredential(t *testing.T) {
	registry := prometheus.NewRegistry()
	b := start(t, broker.Options{Credentials: []access.Credential{door, sign}, Registerer: registry}, acknowledge(t))
	for i := range 999 {
		d, code, _ := connect(t, dial(t, b), login{id: fmt.Sprint(i), user: "door", password: "p", persistent: true})
		if code != 0 {
			t.Fatalf("session %d: got code %d", i, code)
		}
		d.subscribe("gerbang/v1/mpp/door/#")
		_ = d.Close()
		if i%100 == 0 {
			time.Sleep(5 * time.Millisecond) // the broker sees it go
		}
	}
	eventually(t, func() string {
		if n := metric(t, registry, "gerbang_broker_credential_sessions", "credential=door"); n > 50 {
			return fmt.Sprintf("%v sessions of one credential, want at most 50", n)
		}
		if n := metric(t, registry, "gerbang_broker_credential_subscriptions", "credential=door"); n > 50 {
			return fmt.Sprintf("%v subscriptions are left of 50 sessions with one each", n)
		}
		return ""
	})
	if _, _, present := connect(t, dial(t, b), login{id: "998", user: "door", password: "p", persistent: true}); !present {
		t.Error("the newest session is gone")
	}
	if _, _, present := connect(t, dial(t, b), login{id: "0", user: "door", password: "p", persistent: true}); present {
		t.Error("the oldest session is still there")
	}
	for i := range 60 {
		_, code, _ := connect(t, dial(t, b), login{id: fmt.Sprint("o", i), user: "sign", password: "p"})
		if want := byte(0); i >= 50 {
			want = 3
			if code != want {
				t.Errorf("open session %d: got code %d, want %d", i, code, want)
			}
		} else if code != want {
			t.Errorf("open session %d: got code %d, want %d", i, code, want)
		}
	}
}

// Finding S7: a client id belongs to the credential that uses it: nobody can sit on another's, or take its session.
func TestS7_ClientIDBelongsToItsCredential(t *testing.T) {
	b := start(t, broker.Options{Credentials: []access.Credential{door, sign, root}}, acknowledge(t))
	squatter := open(t, b, login{id: "door-1", user: "sign", password: "p", persistent: true})
	d, code, present := connect(t, dial(t, b), login{id: "door-1", user: "door", password: "p", persistent: true})
	if code != 0 || present {
		t.Fatalf("the device: got code %d, session present %v; want 0, false", code, present)
	}
	d.subscribe("gerbang/v1/mpp/door/cmd")
	squatter.nothing() // it has not been thrown out
	_ = d.Close()
	_ = squatter.Close()
	// Neither gets what waits for the other.
	r := open(t, b, login{id: "door-1", user: "root", password: "p"})
	r.nothing()
	again, _, present := connect(t, dial(t, b), login{id: "door-1", user: "door", password: "p", persistent: true})
	if !present {
		t.Error("the device's session is gone")
	}
	// The same credential takes it over, as MQTT says.
	third := open(t, b, login{id: "door-1", user: "door", password: "p", persistent: true})
	again.closed()
	third.nothing()
	r.nothing()
}

// Finding S1: client ids, and all else that a CONNECT brings and a session holds, are bounded.
func TestS1_ConnectIsBounded(t *testing.T) {
	b := start(t, broker.Options{Credentials: []access.Credential{door}}, acknowledge(t))
	if _, code, _ := connect(t, dial(t, b), asDoor(strings.Repeat("x", 256))); code != 0 {
		t.Errorf("an id of 256 bytes: got code %d", code)
	}
	if _, code, _ := connect(t, dial(t, b), asDoor(strings.Repeat("x", 257))); code != 2 {
		t.Errorf("an id of 257 bytes: got code %d, want 2", code)
	}
	huge := dial(t, b)
	_ = huge.SetDeadline(time.Now().Add(5 * time.Second))
	body := append(append([]byte("\x00\x04MQTT\x04\x02\x00\x3c"), text(strings.Repeat("x", 60_000))...), text("door")...)
	_, _ = huge.Write(frame(0x10, body))
	if n, err := huge.Read(make([]byte, 10)); err == nil {
		t.Errorf("a CONNECT of 60 kB was answered with %d bytes", n)
	}
}

// said is a log that is read while it is written.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// Finding S2: a reader that publishes is disconnected, may not come back at once, and nothing of it reaches the journal.
func TestS2_ReaderThatPublishesIsDisconnected(t *testing.T) {
	registry := prometheus.NewRegistry()
	var taken int
	in := make(inbox, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range in {
			taken++
		}
	}()
	t.Cleanup(func() {
		close(in)
		<-done
		if taken > 0 {
			t.Errorf("%d messages reached the intake", taken)
		}
	})
	log := &said{}
	b := start(t, broker.Options{Credentials: []access.Credential{sign, root, door}, Registerer: registry, Logger: slog.New(slog.NewTextHandler(log, nil))}, in)
	d := open(t, b, login{id: "s", user: "sign", password: "p"})
	d.publish(1, 1, "gerbang/v1/mpp/door", "junk")
	d.closed()
	// Finding B10: by the word of the configuration.
	eventually(t, func() string {
		if got := log.String(); !strings.Contains(got, "for what it published") || !strings.Contains(got, "role=display") {
			return "log: got " + got + ", want the role display"
		}
		return ""
	})
	if _, code, _ := connect(t, dial(t, b), login{id: "s", user: "sign", password: "p"}); code != 3 {
		t.Errorf("back at once: got code %d, want 3: unavailable", code)
	}
	eventually(t, func() string {
		if _, code, _ := connect(t, dial(t, b), login{id: "s", user: "sign", password: "p"}); code != 0 {
			return fmt.Sprintf("after a second: got code %d", code)
		}
		return ""
	})
	// A client that announces itself, as some do, stays; a flood of it does not.
	home := open(t, b, login{id: "h", user: "root", password: "p", will: "homeassistant/status"})
	for range 5 {
		home.publish(0, 0, "homeassistant/status", "online")
	}
	home.nothing()
	for range 20_000 {
		if _, err := home.Write(frame(0x30, append(text("homeassistant/status"), 'x'))); err != nil {
			break
		}
	}
	home.closed()
	time.Sleep(1100 * time.Millisecond)
	five, code, _ := connect(t, dial(t, b), login{id: "f", user: "root", password: "p", version: 5})
	if code != 0 {
		t.Fatalf("got code %d", code)
	}
	five.publish(1, 1, "gerbang/v1/mpp/door", "junk")
	if kind, body := five.receive(); kind != 0xe0 || body[0] != 0x87 {
		t.Errorf("got packet %#x %v, want DISCONNECT: not authorized", kind, body)
	}
	if n := metric(t, registry, "gerbang_broker_credential_refused_total", "credential=root", "cause=publish"); n != 2 {
		t.Errorf("%v disconnections are counted, want 2", n)
	}
	if n := metric(t, registry, "gerbang_broker_credential_outside_messages_total", "credential=sign"); n != 1 {
		t.Errorf("%v messages are counted, want 1", n)
	}
	if n := metric(t, registry, "gerbang_broker_credential_messages_total"); n != 0 {
		t.Errorf("%v messages are said to be taken", n)
	}
}

// Finding S2: a device that publishes more topics than its own is heard, and counted; a flood of it ends the connection.
func TestS2_DeviceOutsideItsTopics(t *testing.T) {
	registry := prometheus.NewRegistry()
	b := start(t, broker.Options{Credentials: []access.Credential{door}, Registerer: registry}, acknowledge(t))
	d := open(t, b, asDoor("d"))
	for i := range 500 {
		d.publish(1, uint16(i+1), "gerbang/v1/mpp/other", "x")
		d.acked(wire.Puback, uint16(i+1))
	}
	if n := metric(t, registry, "gerbang_broker_credential_outside_messages_total", "credential=door"); n != 500 {
		t.Errorf("%v messages are counted, want 500", n)
	}
	for range 20_000 {
		if _, err := d.Write(frame(0x30, append(text("gerbang/v1/mpp/other"), 'x'))); err != nil {
			break
		}
	}
	d.closed()
	if n := metric(t, registry, "gerbang_broker_credential_messages_total", "credential=door"); n > 700 {
		t.Errorf("%v messages were taken, want about 600", n)
	}
}

// Finding S5: a page of another origin may not open the WebSocket door, whatever the user's browser can reach.
func TestS5_WebSocketChecksOrigin(t *testing.T) {
	b := start(t, broker.Options{
		Listeners:      []broker.Listener{{Kind: broker.WebSocket, Address: "127.0.0.1:0"}},
		AllowAnonymous: true, Origins: []string{"https://gerbang.example.go.id"},
	}, acknowledge(t))
	for origin, want := range map[string]bool{
		"":                                   true,
		"http://" + b.Addr(0):                true,
		"https://gerbang.example.go.id":      true,
		"HTTPS://Gerbang.example.go.id":      true,
		"https://evil.example":               false,
		"http://gerbang.example.go.id":       false,
		"https://gerbang.example.go.id:8443": false,
		"https://gerbang.example.go.id.evil": false,
		"http://127.0.0.1":                   false,
		"null":                               false,
		"file://":                            false,
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		ws := websocket.Dialer{Subprotocols: []string{"mqtt"}}
		c, resp, err := ws.Dial("ws://"+b.Addr(0)+"/mqtt", header)
		if (err == nil) != want {
			t.Errorf("origin %q: got %v, want it to be let in: %v", origin, err, want)
		}
		if err == nil {
			_ = c.Close()
		} else if resp == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("origin %q: got %v, want 403", origin, resp)
		}
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
	}
}

// Finding S9: log-ins that fail are slowed down, are few lines in the log, and lock no device out that has been here before.
func TestS9_FailedLogins(t *testing.T) {
	registry := prometheus.NewRegistry()
	var logs lines
	b := start(t, broker.Options{Credentials: []access.Credential{door, sign}, Registerer: registry, Logger: slog.New(slog.NewTextHandler(&logs, nil))}, acknowledge(t))
	d := open(t, b, asDoor("door-1"))
	_ = d.Close()
	refused := map[byte]int{}
	guessing := time.Now()
	for i := range 300 {
		for _, name := range []string{"door", "sign", fmt.Sprint("Budi.Santoso", i)} {
			_, code, _ := connect(t, dial(t, b), login{id: fmt.Sprint("g", i), user: name, password: fmt.Sprint("guess", i)})
			refused[code]++
		}
	}
	most := 55 + int(5*time.Since(guessing).Seconds()) // 50 at once and five a second
	if refused[5] > most || refused[5]+refused[3] != 900 {
		t.Errorf("got codes %v; want at most %d passwords looked at", refused, most)
	}
	began := time.Now()
	d = open(t, b, asDoor("door-1"))
	d.nothing()
	if took := time.Since(began); took > time.Second {
		t.Errorf("the device's log-in took %v", took)
	}
	if n := logs.count(); n > 70 {
		t.Errorf("%d lines in the log", n)
	}
	if strings.Contains(logs.String(), "Budi") {
		t.Error("a name that is no credential's is in the log")
	}
	if n := metric(t, registry, "gerbang_broker_refused_total", "cause=login") + metric(t, registry, "gerbang_broker_refused_total", "cause=wait"); n != 900 {
		t.Errorf("%v refusals are counted, want 900", n)
	}
}

// The metrics by credential stay few however many credentials there are.
func TestCredentialMetricsAreBounded(t *testing.T) {
	registry := prometheus.NewRegistry()
	var all []access.Credential
	for i := range 500 {
		all = append(all, access.Credential{Name: fmt.Sprint("d", i), Password: "p", Role: access.Device, Device: fmt.Sprint("mpp/d", i)})
	}
	b := start(t, broker.Options{Credentials: all, Registerer: registry}, acknowledge(t))
	for i := range 500 {
		d := open(t, b, login{id: "x", user: fmt.Sprint("d", i), password: "p"})
		_ = d.Close()
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if len(f.GetMetric()) > 402 {
			t.Errorf("%s has %d series", f.GetName(), len(f.GetMetric()))
		}
	}
}

// lines is a log that is read while it is written.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
	n   int
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	return l.all.Write(p)
}

func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// eventually waits until nothing is wrong any more.
func eventually(t testing.TB, wrong func() string) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		what := wrong()
		if what == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
