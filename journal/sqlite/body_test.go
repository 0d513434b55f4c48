package sqlite

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestObservationSurvives(t *testing.T) {
	for name, o := range map[string]telemetry.Observation{
		"plain":    {Device: "d1", Sequence: 7, HasSequence: true, Readings: []telemetry.Reading{{Quantity: telemetry.PeopleIn, Value: 3}}},
		"zero seq": {Device: "d1", HasSequence: true},
		"nothing":  {Device: "d1"},
		"all": {
			Device: "pintu-utama", Boot: `b"oo\t`, Sequence: math.MaxUint64, HasSequence: true, Provenance: telemetry.Manual,
			Flags: telemetry.FlagClock | telemetry.FlagLate, DeviceTime: "2000-01-01 \x01 é",
			Readings: []telemetry.Reading{
				{Quantity: telemetry.Temperature, Value: -0.1 + 0.3, Channel: "ruang é"},
				{Quantity: telemetry.Button, Value: 1, Text: "long"},
				{Quantity: telemetry.CO2, Value: 1e21},
				{Quantity: telemetry.PeopleInTotal, Value: 1<<53 - 1, Channel: `a"b\`},
			},
			Task: &telemetry.TaskLog{Task: "spray", Done: true, Agent: "alkohol 70%", Item: "pintu 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := appendObservation(nil, &o)
			if err != nil {
				t.Fatal(err)
			}
			if !json.Valid(body) {
				t.Fatalf("not JSON: %s", body)
			}
			var got telemetry.Observation
			if _, err := newReader().observation(body, &got, nil); err != nil {
				t.Fatal(err)
			}
			if len(got.Readings) == 0 {
				got.Readings = o.Readings
			}
			if !reflect.DeepEqual(got, o) {
				t.Errorf("%s\n got %+v\nwant %+v", body, got, o)
			}
		})
	}
}

// What the fast reader understands, encoding/json must understand in the same way.
func FuzzObservationBody(f *testing.F) {
	f.Add([]byte(`{"device":"d","sequence":1,"values":[["people_in",1],["co2",-0.5,"a"],["button",1,"","long"]]}`))
	f.Add([]byte(`{"device":"d","boot":"mwx27","sequence":5,"flags":3,"values":[["people_in",1]]}`))
	f.Add([]byte(`{"device":"d","flags":3,"values":[]}`))
	f.Add([]byte(`{"device":"d\"","boot":"x","values":[["people_in",1e309]]}`))
	f.Add([]byte(`{"device":"d","sequence":01,"values":[["people_in",0x1p3]]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var fast, slow telemetry.Observation
		if _, err := newReader().observation(body, &fast, nil); err != nil {
			return
		}
		if _, err := newReader().slowly(body, &slow, nil); err != nil {
			// The fast reader may accept what only nearly is JSON (a number such as 01): it reads nothing but what
			// appendObservation wrote. It must then still give back finite numbers.
			for _, r := range fast.Readings {
				if r.Quantity == telemetry.NoQuantity {
					t.Fatalf("%q: a reading without quantity", body)
				}
			}
			return
		}
		if len(fast.Readings) == 0 && len(slow.Readings) == 0 {
			fast.Readings, slow.Readings = nil, nil
		}
		if !reflect.DeepEqual(fast, slow) {
			t.Fatalf("%q\nfast %+v\nslow %+v", body, fast, slow)
		}
	})
}

func BenchmarkObservation(b *testing.B) {
	o := telemetry.Observation{Device: "d00017", Sequence: 4711, HasSequence: true, Readings: []telemetry.Reading{
		{Quantity: telemetry.PeopleIn, Value: 1}, {Quantity: telemetry.PeopleOut, Value: 0},
	}}
	body, _ := appendObservation(nil, &o)
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, 0, 1024)
		for b.Loop() {
			buf, _ = appendObservation(buf[:0], &o)
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		r, arena := newReader(), make([]telemetry.Reading, 0, 16)
		var got telemetry.Observation
		for b.Loop() {
			arena, _ = r.observation(body, &got, arena[:0])
		}
	})
}
