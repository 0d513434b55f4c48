package decode

import (
	"fmt"
	"math"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// sparkMetric is a metric for a hand-made Sparkplug payload: name and alias where they are set, a double.
type sparkMetric struct {
	name  string
	alias uint64
	value float64
}

// spark writes a Sparkplug B payload of doubles.
func spark(at telemetry.Instant, seq uint64, metrics ...sparkMetric) string {
	ms := uint64(at / 1e6)
	var p []byte
	p = protowire.AppendVarint(protowire.AppendTag(p, 1, protowire.VarintType), ms)
	for _, m := range metrics {
		var b []byte
		if m.name != "" {
			b = protowire.AppendString(protowire.AppendTag(b, 1, protowire.BytesType), m.name)
			b = protowire.AppendVarint(protowire.AppendTag(b, 4, protowire.VarintType), 10) // Double
		}
		if m.alias != 0 {
			b = protowire.AppendVarint(protowire.AppendTag(b, 2, protowire.VarintType), m.alias)
		}
		b = protowire.AppendVarint(protowire.AppendTag(b, 3, protowire.VarintType), ms)
		b = protowire.AppendFixed64(protowire.AppendTag(b, 13, protowire.Fixed64Type), math.Float64bits(m.value))
		p = protowire.AppendBytes(protowire.AppendTag(p, 2, protowire.BytesType), b)
	}
	p = protowire.AppendVarint(protowire.AppendTag(p, 3, protowire.VarintType), seq)
	return string(p)
}

func TestSparkplugNamesSurviveAReload(t *testing.T) {
	var asked []string
	memory := &volatile{}
	site := testSite(t)
	site.Devices = append(site.Devices, facility.Device{ID: "air", Model: "sparkplug", Address: "Node 1/Air"})
	options := Options{
		Sites: []facility.Site{site}, Memory: memory,
		Models: []model.Model{{
			ID: "sparkplug", Title: "Sparkplug B", Format: "sparkplug", Match: []string{"spBv1.0/+/+/+", "spBv1.0/+/+/+/+"}, Otherwise: "ignore",
			Each:     &model.Each{Path: "metrics[*]", Time: &model.Time{Path: "timestamp", Formats: []string{"epoch_ms"}}},
			Readings: []model.Field{{Path: "value", Auto: true, NamePath: "name"}},
		}},
		Ask: func(topic string, _ []byte) { asked = append(asked, topic) },
	}
	d := newDecoder(t, options)
	at := message("", "x").Received
	send := func(kind, payload string, after time.Duration) string {
		msg := message("spBv1.0/Mall/"+kind+"/Node 1/Air", payload)
		msg.Received += telemetry.Instant(after)
		return show(d.Decode(msg, nil))
	}
	data := spark(at, 2, sparkMetric{alias: 7, value: 26.5}, sparkMetric{alias: 8, value: 712})

	if got := d.Decode(message("spBv1.0/Mall/DDATA/Node 1/Air", data), nil); len(got) != 1 || got[0].Rejection == nil || got[0].Rejection.Reason != telemetry.ReasonUndecoded {
		t.Errorf("data before a birth: got %s, want it undecoded", show(got))
	}
	send("DDATA", data, time.Second)
	if fmt.Sprint(asked) != "[spBv1.0/Mall/NCMD/Node 1]" {
		t.Errorf("asked for a rebirth: got %v, want once", asked)
	}
	send("DBIRTH", spark(at, 1, sparkMetric{"Room/Temperature", 7, 25}, sparkMetric{"CO2", 8, 700}), 0)

	d = newDecoder(t, options) // a reload
	records := d.Decode(message("spBv1.0/Mall/DDATA/Node 1/Air", data), nil)
	if len(records) != 1 || len(records[0].Observation.Readings) != 2 {
		t.Fatalf("data after a birth: got %s, want two readings", show(records))
	}
	for i, want := range []telemetry.Reading{{Quantity: telemetry.Temperature, Value: 26.5}, {Quantity: telemetry.CO2, Value: 712}} {
		if got := records[0].Observation.Readings[i]; got != want {
			t.Errorf("reading %d: got %v, want %v", i, got, want)
		}
	}
	if records[0].Observation.Device != "air" || records[0].At != at/1e6*1e6 {
		t.Errorf("got device %s at %s, want air at %s", records[0].Observation.Device, records[0].At, at)
	}
	if got := send("DDEATH", spark(at, 3), 0); got != show(nil) {
		t.Errorf("a death: got %s, want nothing", got)
	}
	if got := send("DDATA", data, 2*time.Minute); len(asked) != 2 {
		t.Errorf("data after a death: got %s, asked %v; want to ask again", got, asked)
	}
}
