package decode_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// BenchmarkFamilies measures a message of each shipped model that has a sample with a topic and a device: from topic to records,
// on the way that every message takes.
func BenchmarkFamilies(b *testing.B) {
	for _, m := range shippedModels(b) {
		s, ok := sampleWithDevice(m)
		if !ok {
			continue
		}
		b.Run(m.ID, func(b *testing.B) {
			site := facility.Site{ID: "mpp", Name: "MPP", Location: facility.Location{Location: time.UTC},
				Devices: []facility.Device{{ID: "d", Model: m.ID, Address: s.Expect[0].Device}}}
			if m.ID == decode.NativeModel {
				site.Devices[0].ID, s.Topic = s.Expect[0].Device, "gerbang/v1/mpp/"+s.Expect[0].Device
			}
			d, err := decode.New(decode.Options{Sites: []facility.Site{site}, Models: []decode.Model{m}})
			if err != nil {
				b.Fatal(err)
			}
			msg := &ingest.Message{Topic: s.Topic, Payload: []byte(s.Payload), QoS: 1, Received: telemetry.InstantOf(time.Date(2022, 7, 5, 1, 16, 0, 0, time.UTC))}
			arena := &decode.Arena{}
			w := d.Worker(arena)
			var dst []telemetry.Record
			i := 0
			b.ReportAllocs()
			b.SetBytes(int64(len(msg.Payload)))
			for b.Loop() {
				dst = w.Decode(msg, dst[:0])
				if i++; i%256 == 0 {
					arena.Reset()
				}
			}
			if len(dst) == 0 || dst[0].Rejection != nil {
				b.Fatalf("got %+v, want readings", dst)
			}
		})
	}
}

// sampleWithDevice is the first sample of a model that names topic, payload and device.
func sampleWithDevice(m decode.Model) (decode.Sample, bool) {
	i := slices.IndexFunc(m.Samples, func(s decode.Sample) bool {
		return s.Topic != "" && s.Payload != "" && len(s.Expect) > 0 && s.Expect[0].Device != "" && !strings.Contains(s.Topic, "mpp-")
	})
	if i < 0 {
		return decode.Sample{}, false
	}
	return m.Samples[i], true
}
