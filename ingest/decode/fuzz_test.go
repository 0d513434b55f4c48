package decode

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// fuzzModel uses every feature of the mapping.
func fuzzModel() Model {
	one := 1.
	yes := true
	return Model{
		ID: "acme", Title: "Acme", Match: []string{"acme/{device}/up"},
		When:     When{Process: []Condition{{Path: "type", In: []any{"data", 1, true}}}, Ignore: []Condition{{Path: "join", Exists: &yes}}},
		Time:     &Time{Path: "ts"},
		Sequence: "seq", Boot: "boot", Count: CountTotal, Swap: true,
		Readings: []Field{
			{Path: "t", Quantity: telemetry.Temperature, Unit: "[degF]", UnitPath: "u", Units: map[string]string{"c": "Cel", "f": "[degF]"}, Invalid: []any{-999, "0.00"}},
			{Path: "lines[*].in", Quantity: telemetry.PeopleInTotal, ChannelPath: "name"},
			{Path: "lines[*].n", Quantity: telemetry.PeopleIn},
			{Path: "items[d=in].n", Quantity: telemetry.PeopleOutTotal},
			{Path: "probes.*.h", Quantity: telemetry.Humidity, Scale: 0.5, Offset: 1},
			{Path: "door", Quantity: telemetry.ContactOpen, Words: map[string]float64{"open": 1, "closed": 0}},
			{Path: "press", Quantity: telemetry.Button},
			{Path: "ev", Quantity: telemetry.OpenCount, Value: &one, When: []Condition{{Path: "ev", Equals: "open"}}},
		},
		History: &History{Path: "old[*]", Time: Time{Path: "ts", Formats: []string{"epoch_s", "rfc3339"}}},
	}
}

// FuzzDecode asserts what must hold for every message: no panic; observations or exactly one rejection or nothing; every
// reading finite and possible; strings bounded; the same answer twice; the payload untouched; and that what is accepted
// is JSON for the standard library too.
func FuzzDecode(f *testing.F) {
	site := testSite(f)
	site.Devices = append(site.Devices, facility.Device{ID: "acme-1", Model: "acme"})
	d := newDecoder(f, Options{Sites: []facility.Site{site}, Models: []Model{fuzzModel()}})
	for _, p := range []string{
		`{"at":"2022-07-05T00:59:00Z","boot":"a","seq":1,"people_in":3,"battery":97.5}`,
		`{"at":1656982770125,"button":"single","occupied":true,"co2":null}`,
		`{"task":"wipe","done":true,"item":"front","by":"x","agent":"y"}`,
		`{"type":"data","ts":"2022-07-05 07:59:00","seq":"4","boot":"b","t":"70.5","u":"F","lines":[{"in":1,"n":2,"name":"a"},{"in":"3"}],"items":[{"d":"in","n":4}],"probes":{"x":{"h":40}},"door":"Open","press":"long","ev":"open","old":[{"ts":1656980000,"t":20},{"ts":"x","t":-999}]}`,
		`{"type":1,"join":{}}`, `{"co2":1e400}`, `{"a":[[[[]]]]}`, `{"co2":nan}`, `[]`, ``, `"\ud800"`, "{\"\xff\":1}",
	} {
		f.Add(p, true, byte(1), false)
		f.Add(p, false, byte(0), true)
	}
	f.Fuzz(func(t *testing.T, payload string, native bool, qos byte, retained bool) {
		topic := "acme/acme-1/up"
		if native {
			topic = door
		}
		msg := &ingest.Message{Topic: topic, Payload: []byte(payload), QoS: qos, Retained: retained, Received: received}
		recs := d.Decode(msg, nil)
		if string(msg.Payload) != payload {
			t.Fatal("the payload was changed")
		}
		w := d.Worker(&Arena{})
		if again := w.Decode(msg, nil); !reflect.DeepEqual(recs, again) {
			t.Fatalf("got %s, then %s", show(recs), show(again))
		}
		for i := range recs {
			rec := &recs[i]
			if rec.Kind == telemetry.KindRejection {
				if len(recs) != 1 || rec.Rejection.Reason == telemetry.ReasonFault {
					t.Fatalf("got %d records with a rejection: %s", len(recs), show(recs))
				}
				checkRejection(t, rec.Rejection)
				continue
			}
			checkObservation(t, rec)
			if !json.Valid(msg.Payload) {
				t.Fatalf("accepted what is no JSON: %q", payload)
			}
		}
	})
}

func checkObservation(t *testing.T, rec *telemetry.Record) {
	t.Helper()
	o := &rec.Observation
	if len(o.Readings) == 0 && o.Task == nil {
		t.Error("an observation of nothing")
	}
	if rec.At < received.Add(-DefaultPast) || rec.At > received.Add(DefaultFuture) {
		t.Errorf("at %v for a message of %v", rec.At, received)
	}
	if len(o.DeviceTime) > 2*maxTimeText || len(o.Boot) > maxBoot {
		t.Errorf("device time %q or boot %q too long", o.DeviceTime, o.Boot)
	}
	seen := make(map[telemetry.Reading]bool)
	for _, r := range o.Readings {
		def := r.Quantity.Definition()
		if def.Name == "" || math.IsNaN(r.Value) || r.Value < def.Min || r.Value > def.Max || math.Signbit(r.Value) && r.Value == 0 {
			t.Errorf("impossible reading %+v", r)
		}
		key := telemetry.Reading{Quantity: r.Quantity, Channel: r.Channel}
		if seen[key] {
			t.Errorf("%s twice on channel %q", r.Quantity, r.Channel)
		}
		seen[key] = true
		if !plain([]byte(r.Channel), " _-.:") || len(r.Channel) > 6*maxChannel || !plain([]byte(r.Text), "_-. ") {
			t.Errorf("channel %q, text %q: not bounded plain text", r.Channel, r.Text)
		}
	}
}
