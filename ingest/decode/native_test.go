package decode

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// received is when every test message arrives: a Tuesday morning in Probolinggo.
var received = telemetry.InstantOf(time.Date(2022, 7, 5, 1, 0, 0, 0, time.UTC))

func testSite(t testing.TB) facility.Site {
	t.Helper()
	zone, err := facility.LoadLocation("Asia/Jakarta")
	if err != nil {
		t.Fatal(err)
	}
	return facility.Site{
		ID: "mpp", Name: "MPP", Location: zone,
		Tasks: []facility.Task{{ID: "spray"}, {ID: "wipe", Items: []string{"front", "back"}}},
		Devices: []facility.Device{
			{ID: "door-1", Model: NativeModel},
			{ID: "door-2", Model: NativeModel},
		},
	}
}

func newDecoder(t testing.TB, o Options) *Decoder {
	t.Helper()
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func message(topic, payload string) *ingest.Message {
	return &ingest.Message{Topic: topic, Payload: []byte(payload), QoS: 1, Received: received}
}

const door = "gerbang/v1/mpp/door-1"

func TestNativeReadings(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	at := func(s string) telemetry.Instant {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return telemetry.InstantOf(v)
	}
	tests := []struct {
		name, payload string
		want          []telemetry.Reading
		at            telemetry.Instant // 0: receipt
		flags         telemetry.Flags
		deviceTime    string
	}{
		{name: "counts", payload: `{"people_in":3,"people_out":1}`,
			want: []telemetry.Reading{{Quantity: telemetry.PeopleIn, Value: 3}, {Quantity: telemetry.PeopleOut, Value: 1}}},
		{name: "flags as booleans and numbers", payload: `{"occupied":true,"motion":0}`,
			want: []telemetry.Reading{{Quantity: telemetry.Occupied, Value: 1}, {Quantity: telemetry.Motion}}},
		{name: "button", payload: `{"button":"double"}`,
			want: []telemetry.Reading{{Quantity: telemetry.Button, Value: 1, Text: "double"}}},
		{name: "no negative zero", payload: `{"temperature":-0.0}`, want: []telemetry.Reading{{Quantity: telemetry.Temperature}}},
		{name: "null is absent", payload: `{"temperature":null,"co2":412}`, want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 412}}},
		{name: "unknown members", payload: `{"rssi":-70,"gw":{"a":[1,2,{"b":null}]},"co2":412}`, want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 412}}},
		{name: "escaped name", payload: `{"co\u0032":412}`, want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 412}}},
		{name: "RFC 3339", payload: `{"at":"2022-07-05T07:59:30.25+07:00","co2":401}`, at: at("2022-07-05T00:59:30.25Z"), want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "offset without colon", payload: `{"at":"2022-07-05T07:59:30+0700","co2":401}`, at: at("2022-07-05T00:59:30Z"), want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "local time", payload: `{"at":"2022-07-05 07:59:30","co2":401}`, at: at("2022-07-05T00:59:30Z"), want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "epoch s", payload: `{"at":1656982770,"co2":401}`, at: at("2022-07-05T00:59:30Z"), want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "epoch s with fraction", payload: `{"at":1656982770.125,"co2":401}`, at: at("2022-07-05T00:59:30.125Z"), want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "epoch ms", payload: `{"at":1656982770125,"co2":401}`, at: at("2022-07-05T00:59:30.125Z"), want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "epoch us", payload: `{"at":1656982770125001,"co2":401}`, at: at("2022-07-05T00:59:30.125001Z"), want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "epoch ns as text", payload: `{"at":"1656982770125001002","co2":401}`, at: at("2022-07-05T00:59:30.125001002Z"), want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "late", payload: `{"at":"2022-07-05T00:57:59Z","co2":401}`, at: at("2022-07-05T00:57:59Z"), flags: telemetry.FlagLate, want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "a little in the future", payload: `{"at":"2022-07-05T01:01:59Z","co2":401}`, at: at("2022-07-05T01:01:59Z"), want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "future", payload: `{"at":"2022-07-05T01:02:01Z","co2":401}`, flags: telemetry.FlagClock, deviceTime: "2022-07-05T01:02:01Z", want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "year 2000", payload: `{"at":"2000-01-01T00:00:00Z","co2":401}`, flags: telemetry.FlagClock, deviceTime: "2000-01-01T00:00:00Z", want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "year 2106", payload: `{"at":4294967295,"co2":401}`, flags: telemetry.FlagClock, deviceTime: "4294967295", want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "uptime", payload: `{"at":4711,"co2":401}`, flags: telemetry.FlagClock, deviceTime: "4711", want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "leap second", payload: `{"at":"2022-07-04T23:59:60Z","co2":401}`, flags: telemetry.FlagClock, deviceTime: "2022-07-04T23:59:60Z", want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "no time at all", payload: `{"at":"Budi 3573010101010001","co2":401}`, flags: telemetry.FlagClock, deviceTime: "…4 ################", want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
		{name: "time too large for nanoseconds", payload: `{"at":"9999-12-31T00:00:00Z","co2":401}`, flags: telemetry.FlagClock, deviceTime: "9999-12-31T00:00:00Z", want: []telemetry.Reading{{Quantity: telemetry.CO2, Value: 401}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			recs := d.Decode(message(door, tt.payload), nil)
			if len(recs) != 1 || recs[0].Kind != telemetry.KindObservation {
				t.Fatalf("got %s", show(recs))
			}
			rec := recs[0]
			if tt.at == 0 {
				tt.at = received
			}
			if rec.At != tt.at || rec.Received != received || rec.Site != "mpp" || rec.Observation.Device != "door-1" {
				t.Errorf("got %s %s at %v, received %v; want at %v", rec.Site, rec.Observation.Device, rec.At, rec.Received, tt.at)
			}
			if o := rec.Observation; o.Flags != tt.flags || o.DeviceTime != tt.deviceTime {
				t.Errorf("flags %b, device time %q; want %b, %q", o.Flags, o.DeviceTime, tt.flags, tt.deviceTime)
			}
			if got, want := show2(rec.Observation.Readings), show2(tt.want); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// show is records for a failure message.
func show(recs []telemetry.Record) string {
	var s strings.Builder
	for _, r := range recs {
		if r.Rejection != nil {
			s.WriteString(string(r.Rejection.Reason) + ": " + r.Rejection.Detail + "; ")
			continue
		}
		for _, l := range appendLines(nil, &ready{}, &r) {
			s.WriteString(l.String() + "; ")
		}
	}
	if len(recs) == 0 {
		return "nothing"
	}
	return s.String()
}

func show2(readings []telemetry.Reading) string {
	return show([]telemetry.Record{{Kind: telemetry.KindObservation, Observation: telemetry.Observation{Readings: readings}}})
}

// TestT8_ItemsOfTheConfiguration: whatever the configuration takes as an item, a log may name. Finding T8.
func TestT8_ItemsOfTheConfiguration(t *testing.T) {
	site := testSite(t)
	items := []string{"meja & kursi", "Lift #2", "Musala: karpet", "gagang/pintu; kaca", "トイレ"}
	site.Tasks = []facility.Task{{ID: "wipe", Items: items}, {ID: "spray"}}
	d := newDecoder(t, Options{Sites: []facility.Site{site}})
	for _, name := range items {
		if err := facility.CheckItem(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		recs := d.Decode(message(door, fmt.Sprintf(`{"task":"wipe","item":%q}`, name)), nil)
		if len(recs) != 1 || recs[0].Observation.Task == nil || recs[0].Observation.Task.Item != name {
			t.Errorf("%q: got %s", name, show(recs))
		}
	}
	for _, payload := range []string{`{"task":"wipe","item":"Lift #3"}`, `{"task":"wipe","item":"a\u202eb"}`, `{"task":"spray","item":"Zxqv@x"}`} {
		if recs := d.Decode(message(door, payload), nil); len(recs) != 1 || recs[0].Rejection == nil || strings.Contains(recs[0].Rejection.Detail, "Zxqv") {
			t.Errorf("%s: got %s, want it rejected", payload, show(recs))
		}
	}
}
