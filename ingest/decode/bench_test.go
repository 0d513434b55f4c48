package decode

import (
	"fmt"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// BenchmarkNative measures one native message, from topic to record, with 100 and 100,000 configured devices: the cost
// must not grow with their number beyond cache misses.
func BenchmarkNative(b *testing.B) {
	for _, devices := range []int{100, 100_000} {
		site := testSite(b)
		for i := range devices {
			site.Devices = append(site.Devices, facility.Device{ID: fmt.Sprintf("dev-%d", i), Model: NativeModel})
		}
		d := newDecoder(b, Options{Sites: []facility.Site{site}})
		msgs := make([]*ingest.Message, 1024)
		for i := range msgs {
			msgs[i] = message(fmt.Sprintf("gerbang/v1/mpp/dev-%d", i*97%devices),
				fmt.Sprintf(`{"at":"2022-07-05T00:59:%02dZ","boot":"a1","seq":%d,"people_in":3,"people_out":1,"battery":97.5}`, i%60, i))
		}
		b.Run(fmt.Sprintf("devices=%d", devices), func(b *testing.B) {
			benchmark(b, d.Worker(nil), msgs)
		})
		b.Run(fmt.Sprintf("devices=%d/arena", devices), func(b *testing.B) {
			benchmark(b, d.Worker(&Arena{}), msgs)
		})
	}
}

func benchmark(b *testing.B, w *Worker, msgs []*ingest.Message) {
	var dst []telemetry.Record
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		dst = w.Decode(msgs[i%len(msgs)], dst[:0])
		if len(dst) != 1 || dst[0].Kind != telemetry.KindObservation {
			b.Fatalf("got %s", show(dst))
		}
		if i++; i%256 == 0 && w.arena != nil {
			w.arena.Reset()
		}
	}
}
