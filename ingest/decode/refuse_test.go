package decode

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestD1_ImpossibleValues: what no working sensor measures is refused for every quantity and by every way into the gateway, says
// why, and costs no other field. Finding D1.
func TestD1_ImpossibleValues(t *testing.T) {
	refused := map[telemetry.Quantity][]float64{
		telemetry.CO2: {0, -1, 65_535, 5}, telemetry.Temperature: {85, -127, -999, 97.29, 648.16, 327.67}, telemetry.Humidity: {0, -12, 655.35, 255},
		telemetry.Pressure: {0, 6553.5}, telemetry.Illuminance: {65_535, -1}, telemetry.TVOC: {65_535, -1}, telemetry.PM25: {-1, 65_535},
		telemetry.BodyTemperature: {0, 97.9, -999}, telemetry.Distance: {0, -1, 65.535}, telemetry.Noise: {0, 255}, telemetry.Battery: {255, -1},
		telemetry.BatteryVoltage: {0, 65.535}, telemetry.PeopleIn: {-3, 65_535}, telemetry.PeoplePresent: {-1, 65_535}, telemetry.PeopleInTotal: {-1, math.MaxUint32},
	}
	taken := map[telemetry.Quantity][]float64{
		telemetry.CO2: {400, 5000}, telemetry.Temperature: {0, -20, 36, 90}, telemetry.Humidity: {1, 100}, telemetry.Pressure: {1013}, telemetry.Illuminance: {0, 80_000},
		telemetry.TVOC: {0}, telemetry.PM25: {0}, telemetry.BodyTemperature: {24, 41}, telemetry.Battery: {0, 100}, telemetry.PeopleIn: {0, 40}, telemetry.PeopleInTotal: {0, 65_535},
	}
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	own := acme(t, model.Model{Readings: []model.Field{{Path: "motion", Quantity: telemetry.Motion}, {Path: "v", Quantity: telemetry.CO2}}})
	for q, values := range refused {
		for _, v := range values {
			recs := d.Decode(message(door, fmt.Sprintf(`{"motion":true,%q:%v}`, q, v)), nil)
			if len(recs) != 2 || show(recs[:1]) != "2022-07-05T01:00:00Z door-1 motion 1 1; " || recs[1].Rejection == nil {
				t.Errorf("%s %v: got %s, want motion and a rejection", q, v, show(recs))
				continue
			}
			r := recs[1].Rejection
			if r.Reason != telemetry.ReasonRange || !strings.Contains(r.Detail, q.String()+": ") || r.Device != "door-1" {
				t.Errorf("%s %v: got %+v", q, v, r)
			}
			if alone := d.Decode(message(door, fmt.Sprintf(`{%q:%v}`, q, v)), nil); len(alone) != 1 || alone[0].Rejection == nil {
				t.Errorf("%s %v alone: got %s, want a rejection", q, v, show(alone))
			}
		}
	}
	for q, values := range taken {
		for _, v := range values {
			if recs := d.Decode(message(door, fmt.Sprintf(`{%q:%v}`, q, v)), nil); len(recs) != 1 || recs[0].Rejection != nil {
				t.Errorf("%s %v: got %s, want it taken", q, v, show(recs))
			}
		}
	}
	want := "2022-07-05T01:00:00Z d1 motion 1 1; range: the other readings of the message are taken; v: 0 ppm is what a sensor says that has measured nothing: it warms up, or failed; "
	if got := show(own.Decode(message("a/d1", `{"motion":1,"v":0}`), nil)); got != want {
		t.Errorf("a mapped model: got %s, want %s", got, want)
	}
}

// TestD1_WarmingUp: what a sensor says beside a zero that is none is no measurement either; other sensors' zeros are. Finding D1.
func TestD1_WarmingUp(t *testing.T) {
	d := acme(t, model.Model{Readings: []model.Field{{Path: "*.t", Quantity: telemetry.Temperature}, {Path: "*.h", Quantity: telemetry.Humidity}, {Path: "*.c", Quantity: telemetry.CO2}}})
	for payload, want := range map[string]string{
		`{"MHZ19":{"c":0,"t":0},"SHT":{"t":0,"h":80}}`: " temperature=0 @ SHT humidity=80 @ SHT; range",
		`{"MHZ19":{"c":0,"t":0}}`:                      "range",
		`{"SCD30":{"c":0,"t":0,"h":0}}`:                "range",
		`{"SCD30":{"c":0,"t":4}}`:                      " temperature=4 @ SCD30; range",
		`{"SHT":{"t":0,"h":80}}`:                       " temperature=0 @ SHT humidity=80 @ SHT",
	} {
		if got := strings.TrimPrefix(outcome(d, "a/d1", payload), "d1"); got != want {
			t.Errorf("%s: got %s, want %s", payload, got, want)
		}
	}
}

// TestD1_RefusedIsCountedOnce: a message that is delivered again is recognised with what was refused of it.
func TestD1_RefusedIsCountedOnce(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	const payload = `{"at":"2022-07-05T00:59:30Z","motion":true,"co2":0}`
	one, two := d.Decode(message(door, payload), nil), d.Decode(message(door, payload), nil)
	if len(one) != 2 || len(two) != 2 || one[0].Identity != two[0].Identity || one[1].Identity != two[1].Identity || one[0].Identity == one[1].Identity {
		t.Errorf("identities %v and %v", one, two)
	}
}

// Zeros that say nothing of the sensor beside them, of a battery or a distance, take no true zero with them.
func TestD1_TrueZerosStay(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	for payload, want := range map[string]string{
		`{"temperature":0,"tvoc":0,"battery_voltage":0}`:  "temperature=0 tvoc=0; range",
		`{"temperature":0,"distance":0}`:                  "temperature=0; range",
		`{"temperature":0,"noise":0}`:                     "temperature=0; range",
		`{"temperature":0,"body_temperature":0}`:          "temperature=0; range",
		`{"temperature":0,"humidity":0,"battery":80}`:     "battery=80; range",
		`{"temperature":0,"pressure":0,"battery":80}`:     "battery=80; range",
		`{"temperature":0,"tvoc":0,"co2":0,"battery":80}`: "battery=80; range",
	} {
		if got := strings.TrimPrefix(outcome(d, door, payload), "door-1 "); got != want {
			t.Errorf("%s: got %s, want %s", payload, got, want)
		}
	}
}

// In a message about several devices each refusal names its own, with the identity of that device's readings beside it.
func TestD1_RefusalsNameTheirDevice(t *testing.T) {
	site := testSite(t)
	site.Devices = []facility.Device{{ID: "a", Model: "box"}, {ID: "b", Model: "box"}, {ID: "c", Model: "box"}}
	read := []model.Field{{Path: "c", Quantity: telemetry.CO2}, {Path: "m", Quantity: telemetry.Motion}}
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{
		{ID: "box", Title: "B", Match: []string{"box/telemetry"}, Each: &model.Each{Path: "$[]", Device: "id", Readings: read}},
	}})
	for payload, want := range map[string]string{
		`[{"id":"a","c":0,"m":1},{"id":"b","m":0},{"id":"c","c":70000}]`:        "a; b; !a; !c",
		`[{"id":"a","m":1},{"id":"b","c":0,"m":0},{"id":"a","c":5}]`:            "a; b; !b; !a",
		`[{"id":"c","c":0},{"id":"c","c":1},{"id":"b","m":0},{"id":"b","c":2}]`: "b; !c; !b",
		`[{"id":"c","c":0}]`: "!c",
	} {
		var got []string
		seen := map[uint64]string{}
		msg := message("box/telemetry", payload)
		msg.Session, msg.Packet = 1, 2
		for _, rec := range d.Decode(msg, nil) {
			name := rec.Observation.Device
			if rec.Rejection != nil {
				name = "!" + rec.Rejection.Device
			}
			if other := seen[rec.Identity]; other != "" || rec.Identity == 0 && len(got) > 0 {
				t.Errorf("%s: %s and %s have one identity %x", payload, other, name, rec.Identity)
			}
			seen[rec.Identity] = name
			got = append(got, name)
		}
		if got := strings.Join(got, "; "); got != want {
			t.Errorf("%s: got %s, want %s", payload, got, want)
		}
	}
}

// What is refused of very many devices in one message is told of the first ones, and counted.
func TestD1_RefusalsOfManyDevicesAreBounded(t *testing.T) {
	site := testSite(t)
	var payload []string
	for i := range 200 {
		id := "d" + strconv.Itoa(i)
		site.Devices = append(site.Devices, facility.Device{ID: id, Model: "box"})
		payload = append(payload, `{"id":"`+id+`","c":0,"m":1}`)
	}
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{
		{ID: "box", Title: "B", Match: []string{"box/telemetry"}, Each: &model.Each{Path: "$[]", Device: "id", Readings: []model.Field{{Path: "c", Quantity: telemetry.CO2}, {Path: "m", Quantity: telemetry.Motion}}}},
	}})
	recs := d.Decode(message("box/telemetry", "["+strings.Join(payload, ",")+"]"), nil)
	if len(recs) != 200+maxRefusedOf {
		t.Fatalf("%d records, want 200 observations and %d rejections", len(recs), maxRefusedOf)
	}
	last := recs[len(recs)-1].Rejection
	if last == nil || last.Device != "d63" || !strings.HasSuffix(last.Detail, "and 136 more") {
		t.Errorf("last: %+v", last)
	}
}
