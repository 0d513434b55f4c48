package mqtt_test

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/gerbang-iot/gerbang/ingest/mqtt"
	"github.com/gerbang-iot/gerbang/testengine"
)

// Fault 7: a refusal and a grant that promises nothing turn health red.
func TestBadGrant(t *testing.T) {
	for name, c := range map[string]struct {
		grant []byte
		want  string
	}{
		"refused": {[]byte{0x80}, `"gerbang/v1/+/+" is refused (0x80)`},
		"QoS 0":   {[]byte{0}, `"gerbang/v1/+/+" is granted with QoS 0 only`},
		// The library indexes by the broker's count and would panic.
		"more answers than questions": {[]byte{1, 1, 1}, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := subscribe(t, mqtt.Options{Connection: connection(fakeBroker(t, c.grant), "g")}, new(book))
			eventually(t, 5*time.Second, "health says "+c.want, func() bool { return strings.Contains(s.Health().Reason, c.want) })
		})
	}
}

// fakeBroker accepts anybody and answers each SUBSCRIBE with the grant. It is for what a real broker does not do on command.
func fakeBroker(t *testing.T, grant []byte) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { l.Close(); all.Wait() })
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				for {
					p, err := packets.ReadPacket(c)
					if err != nil {
						return
					}
					switch p := p.(type) {
					case *packets.ConnectPacket:
						_, _ = c.Write([]byte{0x20, 2, 0, 0})
					case *packets.SubscribePacket:
						answer := binary.BigEndian.AppendUint16([]byte{0x90, byte(2 + len(grant))}, p.MessageID)
						_, _ = c.Write(append(answer, grant...))
					case *packets.PingreqPacket:
						_, _ = io.WriteString(c, "\xd0\x00")
					}
				}
			})
		}
	})
	return "tcp://" + l.Addr().String()
}

// Fault 7: the broker grants the subscription and delivers nothing. The canary finds out within an interval, and the
// connection is given up after two.
func TestCanaryFindsSilentFilter(t *testing.T) {
	// user anonymous may write all and read only its answers: reading the topics is denied at delivery, not at SUBSCRIBE
	broker := testengine.Mosquitto(t, testengine.MosquittoACL("topic write #\n"))
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "g")})
	const interval = 300 * time.Millisecond
	s, _ := subscribe(t, mqtt.Options{Connection: connection(broker.URL, "g"), CanaryVia: p, CanaryInterval: interval}, new(book))
	eventually(t, 5*time.Second, "it is granted", func() bool { return len(s.Health().Granted) == 1 })
	began := time.Now()
	eventually(t, 5*time.Second, "health names the canary", func() bool { return strings.Contains(s.Health().Reason, "canary was not heard") })
	if took := time.Since(began); took > 2*interval {
		t.Errorf("took %s, with an interval of %s", took, interval)
	}
	eventually(t, 5*time.Second, "the client is replaced", func() bool { return s.Health().Connects > 1 })
}

func TestCanaryIsHeardAndNotTaken(t *testing.T) {
	for name, topics := range map[string][]string{"by the topics": {"gerbang/v1/+/+"}, "by a filter of its own": {"vendor/#"}} {
		t.Run(name, func(t *testing.T) {
			broker := testengine.Mosquitto(t)
			p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "g")})
			in := make(inbox, 10)
			s, _ := subscribe(t, mqtt.Options{Connection: connection(broker.URL, "g"), Topics: topics, CanaryVia: p, CanaryInterval: 20 * time.Millisecond}, in)
			healthy(t, s)
			first := s.Health().CanaryHeard
			eventually(t, 5*time.Second, "more canaries", func() bool { return s.Health().CanaryHeard.After(first.Add(100 * time.Millisecond)) })
			if len(in) > 0 {
				t.Errorf("a canary got into the intake: %q", (<-in).Topic)
			}
			if h := s.Health(); h.Reason != "" || h.Connects != 1 {
				t.Errorf("got %+v", h)
			}
		})
	}
}

// A handler that waits for the intake hears nothing, and that is no reason to give the connection up.
func TestFullIntakeIsNotDeafness(t *testing.T) {
	broker := testengine.Mosquitto(t)
	c := connection(broker.URL, "g")
	c.KeepAlive, c.PingTimeout = 10*time.Second, 10*time.Second
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: c})
	in := make(inbox) // holds nothing
	s, _ := subscribe(t, mqtt.Options{Connection: c, CanaryVia: p, CanaryInterval: 50 * time.Millisecond}, in)
	healthy(t, s)
	say(t, p, 0, 1)
	eventually(t, 5*time.Second, "the canary is late", func() bool { return strings.Contains(s.Health().Reason, "canary") })
	time.Sleep(300 * time.Millisecond) // six intervals: to see that nothing happens, one has to wait
	if n := s.Health().Connects; n != 1 {
		t.Errorf("connected %d times, want once", n)
	}
	in.next(t).Ack()
	healthy(t, s)
}

// Fault 6: somebody else uses our id. Nothing is lost, and it is told.
func TestTakeover(t *testing.T) {
	broker := testengine.Mosquitto(t)
	b := new(book)
	c := connection(broker.URL, "g")
	c.MaxRetry = 50 * time.Millisecond
	s, _ := subscribe(t, mqtt.Options{Connection: c}, b)
	healthy(t, s)
	_, stop := subscribe(t, mqtt.Options{Connection: c}, b)
	eventually(t, time.Minute, "health says so", func() bool { return strings.Contains(s.Health().Reason, `another client probably uses the id "g"`) })
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: connection(broker.URL, "test")})
	say(t, p, 0, 10)
	stop()
	eventually(t, 30*time.Second, "the last message", func() bool { return b.has("9") })
	for i := range 10 {
		if !b.has(string(rune('0' + i))) {
			t.Errorf("message %d was lost", i)
		}
	}
}

// Finding L11: a broker that is restarted again and again is told as that, not as somebody who uses our id.
func TestL11_ARestartedBrokerIsNoTakeover(t *testing.T) {
	broker := testengine.Mosquitto(t, testengine.MosquittoPersistence(""))
	c := connection(broker.URL, "g")
	c.MaxRetry = 50 * time.Millisecond
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: c})
	s, _ := subscribe(t, mqtt.Options{Connection: c, CanaryVia: p, CanaryInterval: time.Second}, new(book))
	for n := range 5 {
		eventually(t, 10*time.Second, "connected again", func() bool { h := s.Health(); return h.Connected && h.Connects == n+1 && p.Health().Connected })
		if h := s.Health(); h.Takeover || strings.Contains(h.Reason, "another client") {
			t.Fatalf("after %d restarts: got %+v, want nobody suspected", n, h)
		}
		broker.Stop()
		broker.Start()
	}
	eventually(t, 10*time.Second, "told as unstable", func() bool { return s.Health().Unstable != "" })
	if h := s.Health(); h.Takeover {
		t.Errorf("got %+v, want nobody suspected", h)
	}
}

// Finding L11: the other client is found where our publishing connection, or none, stands witness.
func TestL11_OnlyATakeoverIsTold(t *testing.T) {
	broker := testengine.Mosquitto(t)
	c := connection(broker.URL, "g")
	c.MaxRetry = 50 * time.Millisecond
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: c})
	s, _ := subscribe(t, mqtt.Options{Connection: c, CanaryVia: p, CanaryInterval: time.Second}, new(book))
	healthy(t, s)
	subscribe(t, mqtt.Options{Connection: c}, new(book))
	eventually(t, time.Minute, "health says so", func() bool { return s.Health().Takeover })
}

// Finding L11: so is a copy of the whole gateway, which puts out our publishing connection as well.
func TestL11_ACopyOfTheGatewayIsATakeover(t *testing.T) {
	broker := testengine.Mosquitto(t)
	c := connection(broker.URL, "g")
	c.MaxRetry = 2 * time.Second
	p, _ := publisher(t, mqtt.PublisherOptions{Connection: c})
	s, _ := subscribe(t, mqtt.Options{Connection: c, CanaryVia: p, CanaryInterval: time.Second}, new(book))
	healthy(t, s)
	other, _ := publisher(t, mqtt.PublisherOptions{Connection: c})
	subscribe(t, mqtt.Options{Connection: c, CanaryVia: other, CanaryInterval: time.Second}, new(book))
	eventually(t, time.Minute, "health says so", func() bool { return s.Health().Takeover })
}

func TestOptionsAreChecked(t *testing.T) {
	good := connection("tcp://127.0.0.1:1", "g")
	for name, c := range map[string]struct {
		change func(*mqtt.Options)
		want   string
	}{
		"scheme":       {func(o *mqtt.Options) { o.Broker = "http://x" }, `broker "http://x": expected tcp`},
		"secret":       {func(o *mqtt.Options) { o.Broker = "tcp://u:hunter2@x" }, "options of their own"},
		"no client id": {func(o *mqtt.Options) { o.ClientID = "" }, `client id ""`},
		"no topics":    {func(o *mqtt.Options) { o.Topics = nil }, "no topics"},
		"shared":       {func(o *mqtt.Options) { o.Topics = []string{"$share/a/b"} }, `topic "$share/a/b"`},
		"canary":       {func(o *mqtt.Options) { o.CanaryTopic = "a/#" }, `canary topic "a/#"`},
	} {
		t.Run(name, func(t *testing.T) {
			o := mqtt.Options{Connection: good, Topics: []string{"a"}}
			c.change(&o)
			_, err := mqtt.New(o, new(book))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
