package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/docs/bench/mqtt"
)

// fakeBroker acknowledges what it gets and keeps it, but for some messages that it loses. It stands for broker and
// consumer in one.
type fakeBroker struct {
	url    string
	refuse bool // acknowledges nothing
	lose   int  // of so many messages, one does not arrive; 0: all arrive

	mu          sync.Mutex
	arrived     map[string]bool // topic and time
	subscribers []net.Conn
}

func startBroker(t *testing.T, b *fakeBroker) *fakeBroker {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.url, b.arrived = "tcp://"+listener.Addr().String(), map[string]bool{}
	var all sync.WaitGroup
	t.Cleanup(func() { listener.Close(); all.Wait() })
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer conn.Close(); b.serve(t, conn) })
		}
	})
	return b
}

func (b *fakeBroker) serve(t *testing.T, conn net.Conn) {
	reader := bufio.NewReader(conn)
	for n := 1; ; n++ {
		packet, err := readPacket(reader)
		if err != nil {
			return
		}
		switch packet.Type {
		case 1:
			conn.Write([]byte{mqtt.Connack << 4, 2, 0, 0})
		case 8:
			b.mu.Lock()
			b.subscribers = append(b.subscribers, conn)
			b.mu.Unlock()
			conn.Write([]byte{mqtt.Suback << 4, 3, 0, 1, 1})
		case mqtt.Publish:
			topic, payload, id, err := packet.Message()
			if err != nil {
				t.Errorf("reading a message: %v", err)
				return
			}
			if !b.refuse {
				b.take(string(topic), payload, n)
				conn.Write([]byte{mqtt.Puback << 4, 2, byte(id >> 8), byte(id)})
			}
		}
	}
}

func (b *fakeBroker) take(topic string, payload []byte, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var reading struct {
		At   int64   `json:"at"`
		Temp float64 `json:"body_temperature"`
	}
	if json.Unmarshal(payload, &reading) != nil {
		return
	}
	if b.lose == 0 || n%b.lose != 0 {
		b.arrived[topic+string(payload[:19])] = true
	}
	if reading.Temp > 39 {
		for _, s := range b.subscribers {
			s.Write(mqtt.AppendPublish(nil, mqtt.AppendString(nil, "alert"), payload, 1))
		}
	}
}

func (b *fakeBroker) count(context.Context, int64, int64) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return int64(len(b.arrived)), nil
}

func readPacket(r *bufio.Reader) (mqtt.Packet, error) {
	first, err := r.ReadByte()
	if err != nil {
		return mqtt.Packet{}, err
	}
	length, shift := 0, 0
	for more := true; more; shift += 7 {
		digit, err := r.ReadByte()
		if err != nil {
			return mqtt.Packet{}, err
		}
		length |= int(digit&0x7f) << shift
		more = digit&0x80 != 0
	}
	body := make([]byte, length)
	_, err = io.ReadFull(r, body)
	return mqtt.Packet{Type: first >> 4, Flags: first & 15, Body: body}, err
}

func TestAllThatIsPublishedIsCounted(t *testing.T) {
	for _, rate := range []float64{0, 20000} {
		b := startBroker(t, &fakeBroker{})
		o := options(People)
		o.Broker, o.Rate, o.Limit = b.url, rate, 20*time.Second
		result, err := Run(t.Context(), o, b.count)
		if err != nil {
			t.Fatal(err)
		}
		if result.Sent != 1000 || result.Acked != 1000 || result.Arrived != 1000 || result.Lost() != 0 || result.EndRate() <= 0 {
			t.Errorf("rate %g: got %+v, want 1000 of each and none lost", rate, result)
		}
	}
}

func TestAlertsAreTimed(t *testing.T) {
	b := startBroker(t, &fakeBroker{})
	o := options(Temperatures)
	o.Broker, o.Limit, o.Alerts, o.Rate = b.url, 20*time.Second, "#", 10000
	result, err := Run(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := result.Alerts
	if a == nil || a.Expected != 20 || a.Came != 20 || a.Twice != 0 || a.MS.P50 <= 0 || a.MS.P50 > a.MS.P99 || a.MS.P99 > a.MS.Max {
		t.Errorf("got %+v, want 20 alerts, each once, with their times", a)
	}
	if result.Arrived != -1 || result.Lost() != 0 {
		t.Errorf("%d arrived, %d lost: nothing was to be counted", result.Arrived, result.Lost())
	}
}

func TestABrokerThatDoesNotAcknowledgeIsToldFrom(t *testing.T) {
	b := startBroker(t, &fakeBroker{refuse: true})
	o := options(People)
	o.Broker, o.Limit = b.url, 100*time.Millisecond
	_, err := Run(t.Context(), o, nil)
	if err == nil || !strings.Contains(err.Error(), "acknowledged 0 of 100 messages") {
		t.Errorf("got %v, want an error that says that nothing was acknowledged", err)
	}
}

func TestABrokerThatIsNotThere(t *testing.T) {
	o := options(People)
	if _, err := Run(t.Context(), o, nil); err == nil || !strings.Contains(err.Error(), "connecting to broker tcp://127.0.0.1:1") {
		t.Errorf("got %v, want an error that names the broker", err)
	}
}

// What InfluxDB does not get is counted as lost when its count no longer grows, and a count that fails at the end is no loss but an error.
func TestLossesAreTold(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until a count has not grown for " + settle.String())
	}
	b := startBroker(t, &fakeBroker{lose: 100})
	o := options(People)
	o.Broker, o.Limit = b.url, 20*time.Second
	result, err := Run(t.Context(), o, b.count)
	if err != nil {
		t.Fatal(err)
	}
	if result.Lost() != 10 {
		t.Errorf("%d lost, want 10", result.Lost())
	}
}

func TestAwaitPoints(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := awaitPoints(ctx, 5, func(context.Context) (int64, error) { return 3, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	n, _, err := awaitPoints(t.Context(), 5, func(context.Context) (int64, error) { return 5, nil })
	if n != 5 || err != nil {
		t.Errorf("got %d, %v, want 5", n, err)
	}
}
