package decode

import (
	"fmt"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
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
		if i++; i%256 == 0 && w.w.arena != nil {
			w.w.arena.Reset()
		}
	}
}

// BenchmarkMapped measures a message of the generic JSON mapping with two lines of two totals, time and number.
func BenchmarkMapped(b *testing.B) {
	d := acme(b, model.Model{
		Sequence: "n", Time: &model.Time{Path: "ts"}, Count: model.CountTotal,
		Readings: []model.Field{
			{Path: "lines[*].in", Quantity: telemetry.PeopleInTotal, ChannelPath: "name"},
			{Path: "lines[*].out", Quantity: telemetry.PeopleOutTotal, ChannelPath: "name"},
			{Path: "lines[*].minute.in", Quantity: telemetry.PeopleIn, ChannelPath: "name"},
		},
	})
	msg := message("a/d1", `{"ts":1656982790,"n":7,"lines":[{"name":"N","in":812,"out":799,"minute":{"in":2}},{"name":"S","in":377,"out":391,"minute":{"in":0}}]}`)
	benchmark(b, d.Worker(&Arena{}), []*ingest.Message{msg})
}

// BenchmarkRejected measures a message that is refused: what a device with broken firmware costs.
func BenchmarkRejected(b *testing.B) {
	d := newDecoder(b, Options{Sites: []facility.Site{testSite(b)}})
	w := d.Worker(&Arena{})
	msg := message(door, `{"at":"2022-07-05T00:59:00Z","temprature":21.5,"name":"x","values":[1,2,3]}`)
	var dst []telemetry.Record
	b.ReportAllocs()
	for b.Loop() {
		dst = w.Decode(msg, dst[:0])
	}
	if dst[0].Rejection == nil {
		b.Fatal("not rejected")
	}
}
