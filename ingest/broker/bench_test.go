package broker_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/access"
	"github.com/gerbang-iot/gerbang/ingest/broker"
)

// taken counts what queue.run acknowledged, so that the benchmark cannot measure something else.
var taken atomic.Int64

// queue is an Intake as the gateway has it: bounded, and one goroutine that acknowledges what has gathered.
type queue chan ingest.Message

func (q queue) Put(m ingest.Message) error { q <- m; return nil }

func (q queue) run() {
	batch := make([]ingest.Message, 0, 1024)
	for m := range q {
		batch = append(batch[:0], m)
	gather:
		for len(batch) < cap(batch) {
			select {
			case m, ok := <-q:
				if !ok {
					break gather
				}
				batch = append(batch, m)
			default:
				break gather
			}
		}
		for _, m := range batch {
			m.Ack()
		}
		taken.Add(int64(len(batch)))
	}
}

// BenchmarkBroker measures messages from PUBLISH to PUBACK: two connections with a window of 1,000 messages of 150 bytes,
// through a queue to one goroutine that acknowledges and does nothing else. The publishers' own work is included.
func BenchmarkBroker(b *testing.B) {
	for _, publishers := range []int{1, 2} {
		b.Run(fmt.Sprintf("connections=%d", publishers), func(b *testing.B) {
			intake := make(queue, 4096)
			var consumer sync.WaitGroup
			consumer.Go(intake.run)
			br := start(b, broker.Options{Credentials: []access.Credential{{Name: "bridge", Password: "p", Role: access.Bridge}}}, intake)
			b.Cleanup(func() { close(intake); consumer.Wait() })
			var all sync.WaitGroup
			var devices []*device
			for i := range publishers {
				d, code, _ := connect(b, dial(b, br), login{id: fmt.Sprint("p", i), user: "bridge", password: "p"})
				if code != 0 {
					b.Fatal("login refused")
				}
				_ = d.SetDeadline(time.Time{})
				devices = append(devices, d)
			}
			taken.Store(0)
			b.ReportAllocs()
			b.ResetTimer()
			began := time.Now()
			for _, d := range devices {
				all.Go(func() { pump(b, d, b.N/publishers, 1000) })
			}
			all.Wait()
			b.StopTimer()
			if want := int64(b.N / publishers * publishers); taken.Load() < want-1024 {
				b.Fatalf("the intake got %d messages, want %d", taken.Load(), want)
			}
			b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "msg/s")
		})
	}
}

// pump publishes n messages with at most window of them unacknowledged.
func pump(t testing.TB, d *device, n, window int) {
	body := append(text("gerbang/v1/mpp/door-1"), 0, 0)
	at := len(body) - 2
	packet := frame(0x32, append(body, `{"at":1790000000123,"seq":123456,"boot":7,"people_in":1,"people_out":0,"battery":97.5,"x":"`+strings.Repeat("y", 40)+`"}`...))
	at += 2 // the fixed header
	if packet[1]&0x80 != 0 {
		at++
	}
	sent, acked := 0, 0
	out := make([]byte, 0, 256<<10)
	in := make([]byte, 64<<10)
	rest := 0
	for acked < n {
		out = out[:0]
		for sent < n && sent-acked < window {
			binary.BigEndian.PutUint16(packet[at:], uint16(sent%65535)+1)
			out = append(out, packet...)
			sent++
		}
		if len(out) > 0 {
			if _, err := d.Write(out); err != nil {
				t.Error(err)
				return
			}
		}
		m, err := d.Read(in)
		if err != nil && !errors.Is(err, io.EOF) {
			t.Error(err)
			return
		}
		rest += m
		acked += rest / 4
		rest %= 4
	}
}

func dial(t testing.TB, b *broker.Broker) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", b.Addr(0))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
