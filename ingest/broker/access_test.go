package broker_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/broker"
	"github.com/gerbang-iot/gerbang/ingest/wire"
)

var (
	lora = access.Credential{Name: "lora", Password: "p", Role: access.Bridge, Devices: []string{"mpp/a"}}
	sign = access.Credential{Name: "sign", Password: "p", Role: access.Reader}
	root = access.Credential{Name: "root", Password: "p", Role: access.Reader, Read: []string{"#"}}
)

func TestLogin(t *testing.T) {
	b := start(t, broker.Options{Credentials: []access.Credential{door, lora}}, make(inbox, 1))
	for name, c := range map[string]struct {
		login login
		want  byte
	}{
		"right":                  {asDoor("d"), 0},
		"wrong password":         {login{id: "x", user: "door", password: "q"}, 5},
		"unknown name":           {login{id: "x", user: "nobody", password: "p"}, 5},
		"anonymous":              {login{id: "x"}, 5},
		"the gateway's own name": {login{id: "inline", user: "door", password: "p"}, 0}, // it is another's: see TestS7_…
	} {
		t.Run(name, func(t *testing.T) {
			if _, code, _ := connect(t, dial(t, b), c.login); code != c.want {
				t.Errorf("got code %d, want %d", code, c.want)
			}
		})
	}
	t.Run("allowed anonymous", func(t *testing.T) {
		in := make(inbox, 1)
		b := start(t, broker.Options{AllowAnonymous: true}, in)
		d := open(t, b, login{id: "x"})
		d.publish(1, 1, "gerbang/v1/mpp/any", "x")
		m := in.next(t)
		if m.Sender == nil || !m.Sender.Bridge || m.Sender.Devices != nil {
			t.Errorf("sender: got %+v", m.Sender)
		}
		m.Ack()
		d.acked(wire.Puback, 1)
	})
}

// Publishing where one may not is evidence, not a reason to disconnect: MQTT 3.1.1 has no other answer.
func TestForeignPublishBecomesMessage(t *testing.T) {
	in := make(inbox, 10)
	b := start(t, broker.Options{Credentials: []access.Credential{door, lora, root}}, in)
	listener := open(t, b, login{id: "r", user: "root", password: "p"})
	if got := listener.subscribe("#"); got != 1 {
		t.Fatalf("subscribe: granted %#x", got)
	}
	id := uint16(0)
	for _, c := range []struct {
		user, topic    string
		bridge, device bool // of the sender that the decoder sees
	}{
		{"door", "gerbang/v1/mpp/other", false, true},
		{"door", "gerbang/v1/mpp/out/zone/hall", false, false},
		{"lora", "gerbang/v1/mpp/door", true, true},
		{"lora", "gerbang/v1/mpp/out/status", false, false},
		{"door", "$SYS/broker/uptime", false, false},
		{"door", "$share/a/b", false, false},
	} {
		d := open(t, b, login{id: c.user, user: c.user, password: "p"})
		id++
		d.publish(1, id, c.topic, "x")
		m := in.next(t)
		if m.Topic != c.topic || m.Sender == nil || m.Sender.Name != c.user || m.Sender.Bridge != c.bridge || len(m.Sender.Devices) > 0 != c.device {
			t.Errorf("%s on %s: got topic %q, sender %+v", c.user, c.topic, m.Topic, m.Sender)
		}
		m.Ack()
		d.acked(wire.Puback, id)
		d.nothing()
		_ = d.Close()
	}
	listener.nothing()
}

func TestSubscribe(t *testing.T) {
	b := start(t, broker.Options{Credentials: []access.Credential{door, sign}}, make(inbox, 1))
	for _, c := range []struct {
		user, filter string
		want         byte
	}{
		{"door", "gerbang/v1/mpp/door/#", 1},
		{"door", "gerbang/v1/mpp/door/cmd", 1},
		{"door", "gerbang/v1/mpp/+", 0x80},
		{"door", "gerbang/v1/mpp/out/#", 0x80},
		{"door", "#", 0x80},
		{"sign", "gerbang/v1/+/out/#", 1},
		{"sign", "gerbang/v1/mpp/out/zone/hall", 1},
		{"sign", "gerbang/v1/mpp/door", 0x80},
		{"sign", "$SYS/#", 0x80},
	} {
		d := open(t, b, login{id: c.user, user: c.user, password: "p"})
		if got := d.subscribe(c.filter); got != c.want {
			t.Errorf("%s subscribes to %q: got %#x, want %#x", c.user, c.filter, got, c.want)
		}
		_ = d.Close()
	}
}

func TestRelayAfterCommit(t *testing.T) {
	in := make(inbox, 10)
	b := start(t, broker.Options{Credentials: []access.Credential{door, root}}, in)
	r := open(t, b, login{id: "r", user: "root", password: "p"})
	r.subscribe("gerbang/v1/mpp/door")
	d := open(t, b, asDoor("d"))
	d.send(0x33, append(append(text("gerbang/v1/mpp/door"), 0, 1), "kept"...)) // retained
	m := in.next(t)
	r.nothing()
	m.Payload[0] = 'X' // the receiver owns it
	m.Ack()
	kind, body := r.receive()
	if kind&0xf0 != 0x30 || string(body[len(body)-4:]) != "kept" {
		t.Errorf("got packet %#x %q", kind, body)
	}
	late := open(t, b, login{id: "late", user: "root", password: "p"})
	late.subscribe("gerbang/v1/mpp/door")
	if kind, body := late.receive(); kind&0xf1 != 0x31 || string(body[len(body)-4:]) != "kept" {
		t.Errorf("retained: got packet %#x %q", kind, body)
	}
}

func TestGatewayPublishes(t *testing.T) {
	b := start(t, broker.Options{Credentials: []access.Credential{sign}}, make(inbox, 1))
	ctx := context.Background()
	if err := b.Publish(ctx, "gerbang/v1/mpp/out/zone/hall", []byte("stop"), true); err != nil {
		t.Fatal(err)
	}
	r := open(t, b, login{id: "r", user: "sign", password: "p"})
	r.subscribe("gerbang/v1/+/out/#")
	if kind, body := r.receive(); kind&1 != 1 || string(body[len(body)-4:]) != "stop" {
		t.Errorf("retained: got packet %#x %q", kind, body)
	}
	if err := b.PublishBatch(ctx, []broker.Out{{Topic: "gerbang/v1/mpp/out/a"}, {Topic: "gerbang/v1/mpp/out/b"}}); err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{"a", "b"} {
		if kind, body := r.receive(); kind&0xf0 != 0x30 || string(body[21:22]) != topic {
			t.Errorf("got packet %#x %q, want topic %s", kind, body, topic)
		}
	}
}

// Fault 19: a revoked credential ends its live sessions, also in the middle of a flood, and nobody else's.
func TestRevocation(t *testing.T) {
	in := make(inbox, 1)
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for m := range in {
			m.Ack()
		}
	}()
	t.Cleanup(func() { close(in); <-stop })
	other := access.Credential{Name: "other", Password: "p", Role: access.Device, Device: "mpp/other"}
	b := start(t, broker.Options{Credentials: []access.Credential{door, other, sign}}, in)
	flooding := open(t, b, asDoor("d"))
	go func() {
		for {
			if _, err := flooding.Write(frame(0x30, append(text("gerbang/v1/mpp/door"), 'x'))); err != nil {
				return
			}
		}
	}()
	kept := open(t, b, login{id: "o", user: "other", password: "p"})
	asleep := open(t, b, login{id: "s", user: "sign", password: "p", persistent: true})
	asleep.subscribe("gerbang/v1/+/out/#")
	_ = asleep.Close()

	if _, err := b.Prepare([]access.Credential{other, {Name: "sign", Password: "new", Role: access.Reader}, {Name: "broken"}}); err == nil {
		t.Error("Prepare accepted an invalid credential")
	}
	kept.nothing()
	swap, err := b.Prepare([]access.Credential{other, {Name: "sign", Password: "new", Role: access.Reader}})
	if err != nil {
		t.Fatal(err)
	}
	kept.nothing()
	swap()
	flooding.closed()
	kept.nothing()
	if _, code, _ := connect(t, dial(t, b), asDoor("d")); code == 0 {
		t.Error("a revoked credential could log in")
	}
	// The session of the changed credential is gone too.
	if _, code, present := connect(t, dial(t, b), login{id: "s", user: "sign", password: "new", persistent: true}); code != 0 || present {
		t.Errorf("got code %d, session present %v; want 0, false", code, present)
	}
}

// Fault 20: one device's flood waits at its own door.
func TestFloodDoesNotStarveOthers(t *testing.T) {
	in := make(inbox, 10)
	stop := make(chan struct{})
	var fromDoor int
	go func() {
		defer close(stop)
		for m := range in {
			if m.Sender.Name == "door" {
				fromDoor++
			}
			m.Ack()
		}
	}()
	registry := prometheus.NewRegistry()
	slow := door
	slow.Rate = 5
	b := start(t, broker.Options{Credentials: []access.Credential{slow, lora}, Registerer: registry}, in)
	flooding := open(t, b, asDoor("d"))
	for i := range 200 {
		flooding.publish(1, uint16(i+1), "gerbang/v1/mpp/door", "x")
	}
	other := open(t, b, login{id: "l", user: "lora", password: "p"})
	for i := range 2000 {
		other.publish(1, uint16(i+1), "gerbang/v1/mpp/a", "x")
	}
	for i := range 2000 {
		other.acked(wire.Puback, uint16(i+1))
	}
	_ = flooding.Close()
	const none = `# HELP gerbang_broker_throttled_messages_total Messages that had to wait for their credential's rate limit.
# TYPE gerbang_broker_throttled_messages_total counter
gerbang_broker_throttled_messages_total 0
`
	if testutil.GatherAndCompare(registry, strings.NewReader(none), "gerbang_broker_throttled_messages_total") == nil {
		t.Error("the messages that waited are not counted")
	}
	t.Cleanup(func() { // after the broker has stopped
		close(in)
		<-stop
		if fromDoor > 150 {
			t.Errorf("%d messages of the flood were taken, want at most the limit's few", fromDoor)
		}
	})
}

func TestWillBecomesMessage(t *testing.T) {
	in := make(inbox, 10)
	b := start(t, broker.Options{Credentials: []access.Credential{door, root}}, in)
	r := open(t, b, login{id: "r", user: "root", password: "p"})
	r.subscribe("#")
	for _, topic := range []string{"gerbang/v1/mpp/door", "gerbang/v1/mpp/out/status"} {
		d := open(t, b, login{id: "d", user: "door", password: "p", will: topic})
		_ = d.Close()
		m := in.next(t)
		if m.Topic != topic || string(m.Payload) != "gone" || m.Sender == nil || m.Sender.Name != "door" {
			t.Errorf("got %+v", m)
		}
		m.Ack()
	}
	if kind, body := r.receive(); kind&0xf0 != 0x30 || string(body[2:21]) != "gerbang/v1/mpp/door" {
		t.Errorf("got packet %#x %q", kind, body)
	}
	r.nothing() // of the will that door had no right to
}

func TestTLSAndWebSocket(t *testing.T) {
	ca, server := certificate(t)
	in := make(inbox, 1)
	b := start(t, broker.Options{
		Listeners: []broker.Listener{
			{Kind: broker.TCP, Address: "127.0.0.1:0", TLS: server},
			{Kind: broker.WebSocket, Address: "127.0.0.1:0"},
			{Kind: broker.WebSocket, Address: "127.0.0.1:0", TLS: server},
		},
		Credentials: []access.Credential{door},
	}, in)
	use := func(c net.Conn, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		d, code, _ := connect(t, c, asDoor(fmt.Sprint("d", time.Now().UnixNano())))
		if code != 0 {
			t.Fatalf("got code %d", code)
		}
		d.publish(1, 1, "gerbang/v1/mpp/door", "x")
		in.next(t).Ack()
		d.acked(wire.Puback, 1)
		_ = d.Close()
	}
	c, err := tls.Dial("tcp", b.Addr(0), &tls.Config{RootCAs: ca})
	use(c, err)
	if c, err := tls.Dial("tcp", b.Addr(0), &tls.Config{}); err == nil {
		_ = c.Close()
		t.Error("a client that does not know the CA could connect")
	}
	ws := websocket.Dialer{Subprotocols: []string{"mqtt"}}
	s, _, err := ws.Dial("ws://"+b.Addr(1)+"/mqtt", http.Header{})
	if err != nil {
		t.Fatal(err)
	}
	use(&stream{Conn: s.NetConn(), ws: s}, nil)
	ws.TLSClientConfig = &tls.Config{RootCAs: ca}
	s, _, err = ws.Dial("wss://"+b.Addr(2)+"/mqtt", http.Header{})
	if err != nil {
		t.Fatal(err)
	}
	use(&stream{Conn: s.NetConn(), ws: s}, nil)
}
