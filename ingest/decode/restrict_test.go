package decode

import (
	"slices"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// restricted is the test site whose first door counts nobody: its device measures air.
func restricted(t testing.TB) facility.Site {
	s := testSite(t)
	s.Devices[0].Measures = []telemetry.Quantity{telemetry.CO2, telemetry.Temperature}
	return s
}

// Finding R16: what a device is not configured to measure is refused, and says why; the rest of the message counts.
func TestR16MeasuresRestrict(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{restricted(t)}})
	tests := []struct {
		name, payload string
		kept          []telemetry.Quantity
		detail        string
	}{
		{"what it is there for", `{"co2":600,"temperature":25}`, []telemetry.Quantity{telemetry.CO2, telemetry.Temperature}, ""},
		{"people and a fever beside it", `{"co2":600,"people_present":40,"body_temperature":39.5}`, []telemetry.Quantity{telemetry.CO2},
			"people_present, body_temperature: the device is configured to measure temperature, co2 alone (measures)"},
		{"nothing else", `{"people_in":3,"people_out":1}`, nil, "people_in, people_out: the device is configured to measure temperature, co2 alone (measures)"},
		{"about itself", `{"co2":600,"battery":90,"battery_voltage":3.1,"device_temperature":40,"tamper":false}`,
			[]telemetry.Quantity{telemetry.CO2, telemetry.Battery, telemetry.BatteryVoltage, telemetry.DeviceTemperature, telemetry.Tamper}, ""},
		{"a duty", `{"task":"spray","done":true}`, []telemetry.Quantity{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			records := d.Decode(message(door, tt.payload), nil)
			var kept []telemetry.Quantity
			detail := ""
			for i := range records {
				switch rec := &records[i]; rec.Kind {
				case telemetry.KindObservation:
					kept = []telemetry.Quantity{}
					for _, r := range rec.Observation.Readings {
						kept = append(kept, r.Quantity)
					}
				case telemetry.KindRejection:
					detail = rec.Rejection.Detail
					if r := rec.Rejection; rec.Site != "mpp" || r.Device != "door-1" || r.Reason != telemetry.ReasonMeasures || len(r.Raw) > 0 {
						t.Errorf("rejection: got %+v of %q", r, rec.Site)
					}
				}
			}
			if !slices.Equal(kept, tt.kept) || (kept == nil) != (tt.kept == nil) || detail != tt.detail {
				t.Errorf("got %v, %q, want %v, %q", kept, detail, tt.kept, tt.detail)
			}
		})
	}
	// A device without the list says whatever its model reads.
	if records := d.Decode(message("gerbang/v1/mpp/door-2", `{"people_in":3}`), nil); len(records) != 1 || records[0].Kind != telemetry.KindObservation {
		t.Errorf("door-2: got %+v, want its count", records)
	}
}

// Finding R16: a message that comes again is recognised in both its parts.
func TestR16RefusalsAreRecognised(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{restricted(t)}})
	msg := message(door, `{"co2":600,"people_in":3,"seq":7,"boot":"a"}`)
	first, second := d.Decode(msg, nil), d.Decode(msg, nil)
	if len(first) != 2 || len(second) != 2 {
		t.Fatalf("got %d and %d records, want an observation and a rejection", len(first), len(second))
	}
	for i := range first {
		if first[i].Identity == 0 || first[i].Identity != second[i].Identity || first[i].Identity == first[1-i].Identity {
			t.Errorf("record %d: identities %x and %x", i, first[i].Identity, second[i].Identity)
		}
	}
}

// What is refused of a delivery is known by the delivery, as the readings beside it are: a later packet of the same number is another.
func TestRefusalsOfADelivery(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{restricted(t)}})
	msg := message(door, `{"motion":true,"temperature":21,"co2":0}`)
	msg.Session, msg.Packet = 77, 5
	records := d.Decode(msg, nil)
	if len(records) != 3 {
		t.Fatalf("got %s, want an observation and two rejections", show(records))
	}
	for i := range records {
		if !telemetry.IsDelivery(records[i].Identity) {
			t.Errorf("record %d: %x is no delivery's identity", i, records[i].Identity)
		}
		for j := range i {
			if telemetry.SamePlace(records[i].Identity, records[j].Identity) {
				t.Errorf("records %d and %d take each other's place", i, j)
			}
		}
	}
}
