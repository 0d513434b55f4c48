package mqtt_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/broker"
	"github.com/gerbang-iot/gerbang/ingest/mqtt"
	"github.com/gerbang-iot/gerbang/testengine"
)

// door is an Intake as the gateway has it: bounded, and one goroutine that acknowledges.
type door chan ingest.Message

func (d door) Put(m ingest.Message) error { d <- m; return nil }

// BenchmarkSubscriber measures messages of 130 bytes that a broker had queued, from the broker to their PUBACK, with an
// intake that acknowledges and does nothing else. The broker's own work on the same cores is included.
func BenchmarkSubscriber(b *testing.B) {
	server := testengine.Mosquitto(b, testengine.MosquittoOpenLimits())
	c := connection(server.URL, "g")
	c.KeepAlive, c.PingTimeout, c.WriteTimeout = 20*time.Second, 10*time.Second, 10*time.Second
	s, stop := subscribe(b, mqtt.Options{Connection: c}, new(book))
	healthy(b, s)
	stop()
	p, _ := publisher(b, mqtt.PublisherOptions{Connection: connection(server.URL, "p"), Timeout: time.Minute})
	payload := []byte(`{"at":1790000000123,"seq":123456,"boot":7,"people_in":1,"people_out":0,"x":"` + strings.Repeat("y", 50) + `"}`)
	for n := 0; n < b.N; n += 1000 {
		batch := slices.Repeat([]mqtt.Out{{Topic: "gerbang/v1/mpp/door", Payload: payload}}, min(1000, b.N-n))
		if err := p.PublishBatch(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	in := make(door, 4096)
	b.ReportAllocs()
	b.ResetTimer()
	began := time.Now()
	subscribe(b, mqtt.Options{Connection: c}, in)
	for range b.N {
		m := <-in
		m.Ack()
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "msg/s")
}

// BenchmarkPublish measures one message from Publish to the broker's PUBACK.
func BenchmarkPublish(b *testing.B) {
	for name, url := range map[string]string{"mosquitto": testengine.Mosquitto(b).URL, "embedded": embedded(b)} {
		b.Run(name, func(b *testing.B) {
			p, _ := publisher(b, mqtt.PublisherOptions{Connection: connection(url, fmt.Sprint("p", b.N))})
			took := make([]time.Duration, b.N)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range took {
				began := time.Now()
				if err := p.Publish(context.Background(), "gerbang/v1/mpp/out/zone/hall", []byte("stop"), true); err != nil {
					b.Fatal(err)
				}
				took[i] = time.Since(began)
			}
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
		})
	}
}

// embedded runs our own broker.
func embedded(b *testing.B) string {
	br, err := broker.New(broker.Options{AllowAnonymous: true, Listeners: []broker.Listener{{Kind: broker.TCP, Address: "127.0.0.1:0"}}}, new(book))
	if err != nil {
		b.Fatal(err)
	}
	run(b, br.Run)
	return "tcp://" + br.Addr(0)
}
