package decode

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestIdentity(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	type delivery struct {
		topic, payload string
		after          time.Duration
		retained       bool
	}
	id := func(v delivery) uint64 {
		msg := &ingest.Message{Topic: v.topic, Payload: []byte(v.payload), QoS: 1, Received: received.Add(v.after), Retained: v.retained}
		recs := d.Decode(msg, nil)
		if len(recs) != 1 || recs[0].Rejection != nil {
			t.Fatalf("%s: got %s", v.payload, show(recs))
		}
		return recs[0].Identity
	}
	const other = "gerbang/v1/mpp/door-2"
	tests := []struct {
		name string
		a, b delivery
		same bool
	}{
		{"redelivered with sequence", delivery{topic: door, payload: `{"boot":"a","seq":7,"co2":401}`}, delivery{topic: door, payload: `{"boot":"a","seq":7,"co2":401}`, after: time.Minute}, true},
		{"same number, built anew", delivery{topic: door, payload: `{"boot":"a","seq":7,"co2":401}`}, delivery{topic: door, payload: `{"seq":7,"boot":"a","co2":401,"rssi":-70}`}, true},
		{"next number", delivery{topic: door, payload: `{"boot":"a","seq":7,"co2":401}`}, delivery{topic: door, payload: `{"boot":"a","seq":8,"co2":401}`}, false},
		{"same number after a reboot", delivery{topic: door, payload: `{"boot":"a","seq":7,"co2":401}`}, delivery{topic: door, payload: `{"boot":"b","seq":7,"co2":401}`}, false},
		{"same number of another device", delivery{topic: door, payload: `{"boot":"a","seq":7,"co2":401}`}, delivery{topic: other, payload: `{"boot":"a","seq":7,"co2":401}`}, false},
		{"number without boot, other time", delivery{topic: door, payload: `{"at":"2022-07-05T00:59:00Z","seq":7,"co2":401}`}, delivery{topic: door, payload: `{"at":"2022-07-05T00:59:30Z","seq":7,"co2":401}`}, false},
		{"number without boot, same time", delivery{topic: door, payload: `{"at":"2022-07-05T00:59:00Z","seq":7,"co2":401}`}, delivery{topic: door, payload: `{"at":"2022-07-05T00:59:00Z","seq":7,"co2":401}`, after: time.Second}, true},
		{"time and payload", delivery{topic: door, payload: `{"at":"2022-07-05T00:59:00Z","co2":401}`}, delivery{topic: door, payload: `{"at":"2022-07-05T00:59:00Z","co2":401}`, after: time.Second}, true},
		{"same millisecond, other event", delivery{topic: door, payload: `{"at":"2022-07-05T00:59:00Z","people_in":1}`}, delivery{topic: door, payload: `{"at":"2022-07-05T00:59:00Z","people_out":1}`}, false},
		{"retained, repeated at reconnect", delivery{topic: door, payload: `{"co2":401}`, retained: true}, delivery{topic: door, payload: `{"co2":401}`, retained: true, after: 5 * time.Second}, true},
		{"retained, an hour later", delivery{topic: door, payload: `{"co2":401}`, retained: true}, delivery{topic: door, payload: `{"co2":401}`, retained: true, after: time.Hour}, false},
		{"retained copy of a live message", delivery{topic: door, payload: `{"at":"2022-07-05T00:59:00Z","co2":401}`}, delivery{topic: door, payload: `{"at":"2022-07-05T00:59:00Z","co2":401}`, retained: true, after: time.Hour}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := id(tt.a), id(tt.b)
			if a == 0 || b == 0 {
				t.Fatalf("identities %d and %d: want some", a, b)
			}
			if (a == b) != tt.same {
				t.Errorf("same %t, want %t", a == b, tt.same)
			}
		})
	}
	for _, payload := range []string{
		`{"button":"single"}`,                             // two presses send the same bytes
		`{"at":"2000-01-01T00:00:00Z","button":"single"}`, // a frozen clock makes them no more different
	} {
		if got := id(delivery{topic: door, payload: payload}); got != 0 {
			t.Errorf("%s: identity %d, want none: a second event must not pass for a repetition", payload, got)
		}
	}
}

// Finding L8: the same bytes have one identity, whether the device's time is believed at their receipt or not.
func TestL8_IdentityDoesNotDependOnBelief(t *testing.T) {
	listed := model.Model{ID: "listed", Title: "Listed", Match: []string{"list/{device}"},
		Each: &model.Each{Path: "e[*]", Time: &model.Time{Path: "t"}, Readings: []model.Field{{Path: "n", Quantity: telemetry.CO2}}}}
	site := testSite(t)
	site.Devices = append(site.Devices, facility.Device{ID: "l1", Model: "listed"})
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{listed}})
	id := func(topic, payload string, at telemetry.Instant) (uint64, bool) {
		recs := d.Decode(&ingest.Message{Topic: topic, Payload: []byte(payload), QoS: 1, Received: at}, nil)
		if len(recs) != 1 || recs[0].Rejection != nil {
			t.Fatalf("%s: got %s", payload, show(recs))
		}
		return recs[0].Identity, recs[0].Observation.Flags.Has(telemetry.FlagClock)
	}
	for _, tt := range []struct {
		name        string
		at          time.Duration // of the device's time, from the first receipt
		after       time.Duration // of the second receipt
		first, then bool          // not believed
	}{
		{"a clock that is 123 s ahead", 123 * time.Second, 5 * time.Second, true, false},
		{"nearly seven days old", -7*24*time.Hour + 3*time.Second, 10 * time.Second, false, true},
		{"a clock that is a day ahead", 26 * time.Hour, 26 * time.Hour, true, false},
		{"believed both times", -time.Minute, time.Minute, false, false},
		{"never believed", -8 * 24 * time.Hour, time.Minute, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			own := received.Add(tt.at).Time().UTC().Format(time.RFC3339)
			for _, m := range [][2]string{
				{door, `{"at":"` + own + `","people_in":1}`},
				{door, `{"at":"` + own + `","seq":7,"people_in":1}`},
				{"list/l1", `{"e":[{"t":"` + own + `","n":500}]}`},
			} {
				payload := m[1]
				a, wrong := id(m[0], payload, received)
				b, wrongThen := id(m[0], payload, received.Add(tt.after))
				if wrong != tt.first || wrongThen != tt.then {
					t.Errorf("%s: not believed %t, then %t; want %t and %t", payload, wrong, wrongThen, tt.first, tt.then)
				}
				if a == 0 || a != b {
					t.Errorf("%s: identities %d and %d, want one", payload, a, b)
				}
			}
		})
	}
}

// Finding T3: a message in which the device says nothing about itself is known by its delivery.
func TestT3_IdentityOfADelivery(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	id := func(m ingest.Message) uint64 {
		m.QoS, m.Received = 1, received
		if m.Topic == "" {
			m.Topic = door
		}
		if m.Payload == nil {
			m.Payload = []byte(`{"people_in":1}`)
		}
		recs := d.Decode(&m, nil)
		if len(recs) != 1 || recs[0].Rejection != nil {
			t.Fatalf("got %s", show(recs))
		}
		return recs[0].Identity
	}
	base := id(ingest.Message{Session: 1, Packet: 5})
	if !telemetry.IsDelivery(base) || base != id(ingest.Message{Session: 1, Packet: 5, Repeated: true}) {
		t.Errorf("sent again: another identity than %#x", base)
	}
	for what, m := range map[string]ingest.Message{
		"another packet":  {Session: 1, Packet: 6},
		"another session": {Session: 2, Packet: 5},
		"another device":  {Session: 1, Packet: 5, Topic: "gerbang/v1/mpp/door-2"},
	} {
		if got := id(m); got == base || telemetry.SamePlace(got, base) || !telemetry.IsDelivery(got) {
			t.Errorf("%s: got %#x beside %#x", what, got, base)
		}
	}
	if got := id(ingest.Message{Session: 1, Packet: 5, Payload: []byte(`{"people_in":2}`)}); got == base || !telemetry.SamePlace(got, base) {
		t.Errorf("another content: got %#x beside %#x, want the same place", got, base)
	}
	if got := id(ingest.Message{Session: 1, Packet: 5, Payload: []byte(`{"boot":"a","seq":1,"people_in":2}`)}); telemetry.IsDelivery(got) {
		t.Error("a numbered message is known by its number")
	}
	if got := id(ingest.Message{}); got != 0 {
		t.Errorf("without a session: got %#x, want none", got)
	}
}

// Finding T9: two events that say the same of the same second are one, unless the device numbers them or says no time.
func TestT9_EqualEventsWithinASecond(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	for _, tt := range []struct {
		name, payload, other string
		events               int
	}{
		{"own time in seconds, nothing else", `{"at":"2022-07-05T00:59:00Z","people_in":1}`, `{"at":"2022-07-05T00:59:00Z","people_in":1}`, 1},
		{"own time in milliseconds", `{"at":"2022-07-05T00:59:00.100Z","people_in":1}`, `{"at":"2022-07-05T00:59:00.600Z","people_in":1}`, 2},
		{"a sequence", `{"at":"2022-07-05T00:59:00Z","seq":1,"people_in":1}`, `{"at":"2022-07-05T00:59:00Z","seq":2,"people_in":1}`, 2},
		{"no time", `{"people_in":1}`, `{"people_in":1}`, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			seen := map[uint64]bool{}
			for i, payload := range []string{tt.payload, tt.other} {
				recs := d.Decode(&ingest.Message{Topic: door, Payload: []byte(payload), QoS: 1, Received: received, Session: 1, Packet: uint16(i + 1)}, nil)
				seen[recs[0].Identity] = true
			}
			if len(seen) != tt.events {
				t.Errorf("%d events, want %d", len(seen), tt.events)
			}
		})
	}
}

// Finding T2: a frame counter that begins again in its session numbers other frames.
func TestT2_FrameCounterRestarts(t *testing.T) {
	listed := model.Model{ID: "radio", Title: "Radio", Format: "lorawan", Match: []string{"application/+/device/{device}/event/+"}, Readings: []model.Field{{Path: "n", Quantity: telemetry.PeopleInTotal}}}
	site := testSite(t)
	site.Devices = append(site.Devices, facility.Device{ID: "r1", Model: "radio", Address: "24e124136b000001"})
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{listed}})
	uplink := func(minute, counter, n int) string {
		return fmt.Sprintf(`{"deviceInfo":{"devEui":"24e124136b000001"},"devAddr":"01020304","time":"2022-07-05T00:%02d:00Z","fPort":85,"fCnt":%d,"object":{"n":%d}}`, minute, counter, n)
	}
	id := func(payload string) uint64 {
		recs := d.Decode(&ingest.Message{Topic: "application/1/device/24e124136b000001/event/up", Payload: []byte(payload), QoS: 1, Received: received}, nil)
		if len(recs) != 1 || recs[0].Rejection != nil || recs[0].Observation.Boot == "" {
			t.Fatalf("%s: got %s", payload, show(recs))
		}
		return recs[0].Identity
	}
	seen := map[uint64]string{}
	for _, payload := range []string{
		uplink(1, 1, 10), uplink(2, 2, 11), uplink(3, 3, 12),
		uplink(11, 1, 13), uplink(12, 2, 14), uplink(13, 3, 15), // it restarted within the hour
		uplink(21, 1, 13), // and again, and says what it said
	} {
		got := id(payload)
		if was, twice := seen[got]; twice {
			t.Errorf("%s passes for a repetition of %s", payload, was)
		}
		seen[got] = payload
		if got != id(payload) {
			t.Errorf("%s: delivered again it is another", payload)
		}
	}
}
