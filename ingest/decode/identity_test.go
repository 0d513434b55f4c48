package decode

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
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
