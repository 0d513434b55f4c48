package decode

import (
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A misspelt name is told also beside one that is right, and costs no reading; what firmware says for itself is not.
func TestMisspeltBesideAReading(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	for name, meant := range map[string]string{
		"peple_out": "people_out", "people_ot": "people_out", "People_Out": "people_out", "people-out": "people_out", "peopleOut": "people_out",
		"temprature": "temperature", "humidty": "humidity", "CO2": "co2", "pm2_5": "pm25", "batery": "battery", "taks": "task",
		"people_out_totals": "people_out_total", "bodyTemperature": "body_temperature",
	} {
		recs := d.Decode(message(door, `{"people_in":3,"`+name+`":1}`), nil)
		if len(recs) != 2 || recs[0].Kind != telemetry.KindObservation || len(recs[0].Observation.Readings) != 1 || recs[1].Rejection == nil {
			t.Errorf("%s: got %s, want the reading and a rejection", name, show(recs))
			continue
		}
		if got := recs[1].Rejection.Detail; !strings.Contains(got, name) || !strings.Contains(got, "is "+meant+" meant?") {
			t.Errorf("%s: got %q, want %s", name, got, meant)
		}
	}
	for _, name := range []string{
		"rssi", "snr", "uptime", "firmware", "fw", "version", "ip", "mac", "time", "ts", "type", "name", "model", "id", "state", "status", "voltage", "people",
		"count", "in", "out", "co", "pm1", "pm4", "temp", "battery_level", "linkquality", "people_in_period", "wifi", "reset", "noise_level", "lux", "date", "heap",
	} {
		if recs := d.Decode(message(door, `{"people_in":3,"`+name+`":1}`), nil); len(recs) != 1 {
			t.Errorf("%s: got %s, want it passed over", name, show(recs))
		}
	}
	if recs := d.Decode(message(door, `{"people_in":3,"peple_out":null}`), nil); len(recs) != 1 {
		t.Errorf("null: got %s, want it as if it were not there", show(recs))
	}
	if recs := d.Decode(message(door, `{"peple_in":3}`), nil); len(recs) != 1 || recs[0].Rejection == nil || !strings.Contains(recs[0].Rejection.Detail, "people_in") {
		t.Errorf("alone: got %s, want a rejection that names people_in", show(recs))
	}
}
