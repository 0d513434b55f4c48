package decode_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// families are the models of whole families of devices. Those that remember what devices announce have tests of their own.
var families = []string{"zigbee2mqtt", "tasmota", "shelly-gen1", "shelly-gen2", "esphome", "rtl_433"}

// FuzzFamilies asserts that whatever comes on whatever topic of a family, nothing panics, and what is read is possible, told
// apart and bounded.
func FuzzFamilies(f *testing.F) {
	models := shippedModels(f)
	d, err := decode.New(decode.Options{Models: models})
	if err != nil {
		f.Fatal(err)
	}
	for i, id := range families {
		for _, m := range models {
			if m.ID != id {
				continue
			}
			for _, s := range m.Samples {
				f.Add(byte(i), s.Topic, s.Payload)
			}
		}
	}
	received := time.Date(2022, 7, 5, 1, 16, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, family byte, topic, payload string) {
		id := families[int(family)%len(families)]
		answer := d.One(decode.Query{Model: id, Topic: topic, Payload: []byte(payload), Received: received})
		if answer.Rejection != nil {
			if len(answer.Lines) > 0 || answer.Rejection.Reason == telemetry.ReasonFault {
				t.Fatalf("%s on %q: got %v and %+v", id, topic, answer.Lines, answer.Rejection)
			}
			return
		}
		seen := make(map[string]bool)
		for _, l := range answer.Lines {
			q, err := telemetry.ParseQuantity(strings.TrimSuffix(l.Quantity, "_period"))
			if err != nil || l.Value == nil {
				t.Fatalf("%s on %q: got %v", id, topic, l)
			}
			if def := q.Definition(); math.IsNaN(*l.Value) || *l.Value < def.Min || *l.Value > def.Max {
				t.Errorf("%s on %q: impossible %v", id, topic, l)
			}
			key := l.Device + "\x00" + l.Quantity + "\x00" + l.Channel + "\x00" + l.Text
			if seen[key] {
				t.Errorf("%s on %q: twice %v", id, topic, l)
			}
			seen[key] = true
			if len(l.Channel) > 512 || len(l.Text) > 64 || len(l.Device) > 512 {
				t.Errorf("%s on %q: unbounded %v", id, topic, l)
			}
		}
	})
}
