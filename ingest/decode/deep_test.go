package decode

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// deep is a family whose names may have several levels, with values on topics of their own and talk that is no reading.
func deep(t testing.TB) Options {
	t.Helper()
	site := testSite(t)
	site.Devices = []facility.Device{
		{ID: "d1", Model: "z", Address: "Hall"}, {ID: "d2", Model: "z", Address: "upper/Öl/sensor"},
		{ID: "d3", Model: "s", Address: "shelf/s3"}, {ID: "d4", Model: "s", Address: "s-4"},
		{ID: "d5", Model: "r", Address: "M/5"}, {ID: "d6", Model: "r", Address: "M/B"},
	}
	read := []model.Field{{Path: "c", Quantity: telemetry.CO2}, {Path: "t", Quantity: telemetry.Temperature}}
	return Options{Sites: []facility.Site{site}, Models: []model.Model{
		{ID: "z", Title: "Z", Format: "value", Match: []string{"z/{device...}", "z/{device...}/{field}"},
			Silent: []string{"z/bridge/#", "z/{device...}/set"}, Readings: read, Otherwise: "ignore"},
		{ID: "s", Title: "S", Match: []string{"{device...}/rpc"}, Device: "src", Readings: read},
		{ID: "r", Title: "R", Format: "value", Match: []string{"r/+/events", "r/+/devices/{model}/{id}/{field}"}, Readings: read,
			Device: "model+id|{model}+{id}|model+channel"},
	}}
}

// values is the readings of records in short: " co2=412 button=1 single @ left".
func values(recs []telemetry.Record) string {
	var s strings.Builder
	for i := range recs {
		for _, r := range recs[i].Observation.Readings {
			fmt.Fprintf(&s, " %s=%v", r.Quantity, r.Value)
			if r.Text != "" {
				s.WriteString(" " + r.Text)
			}
			if r.Channel != "" {
				s.WriteString(" @ " + r.Channel)
			}
		}
	}
	return s.String()
}

func TestRoutingOfSeveralLevels(t *testing.T) {
	d := newDecoder(t, deep(t))
	tests := []struct{ topic, payload, want string }{ // want is device and value, or a reason
		{"z/Hall", `{"c":401}`, "d1 co2=401"},
		{"z/hall", `{"c":401}`, "d1 co2=401"},
		{"z/Hall/c", `412`, "d1 co2=412"},
		{"z/Hall/t", ` 21.5 `, "d1 temperature=21.5"},
		{"z/Hall/t", `nan`, "field"},
		{"z/Hall/t", `null`, "nothing"},
		{"z/Hall/t", ` `, "nothing"},
		{"z/Hall/t", `"21.5"`, "d1 temperature=21.5"},
		{"z/Hall/t", `"21.5`, "syntax"},
		{"z/Hall/t", `1e999`, "range"},
		{"z/Hall/t", ``, "nothing"},
		{"z/Hall", ``, "nothing"},
		{"z/Hall/t", `{"c":7}`, "field"}, // it is what t holds, not c
		{"z/Hall/other", `1`, "nothing"},
		{"z/Hall/set", `{"c":401}`, "nothing"},
		{"z/nobody/set", `{"c":401}`, "unknown_device"},
		{"z/upper/Öl/sensor", `{"c":402}`, "d2 co2=402"},
		{"z/UPPER/öl/Sensor", `{"c":402}`, "d2 co2=402"},
		{"z/upper/Öl/sensor/c", `402`, "d2 co2=402"},
		{"z/upper/other", `{"c":402}`, "unknown_device"},
		{"z/bridge/state", `online`, "nothing"},
		{"z/bridge/devices", `[` + strings.Repeat(`{},`, 40_000) + `{}]`, "nothing"}, // larger than a reading may be
		{"shelf/s3/rpc", `{"src":"mac-3","c":403}`, "d3 co2=403"},
		{"s-4/rpc", `{"c":403}`, "d4 co2=403"},
		{"hidden/rpc", `{"src":"s-4","c":404}`, "d4 co2=404"},
		{"hidden/rpc", `{"src":"nobody","c":404}`, "unknown_device"},
		{"r/host/events", `{"model":"M","id":5,"c":405}`, "d5 co2=405"},
		{"r/host/events", `{"model":"M","id":6,"channel":"B","c":406}`, "d6 co2=406"},
		{"r/host/events", `{"model":"M","id":6,"channel":"C","c":406}`, "unknown_device"},
		{"r/host/devices/M/5/t", `19.5`, "d5 temperature=19.5"},
		{"r/host/devices/M/6/t", `19.5`, "unknown_device"},
	}
	for _, tt := range tests {
		recs := d.Decode(message(tt.topic, tt.payload), nil)
		got := "nothing"
		if len(recs) == 1 && recs[0].Rejection != nil {
			got = string(recs[0].Rejection.Reason)
			checkRejection(t, recs[0].Rejection)
		} else if len(recs) == 1 {
			got = recs[0].Observation.Device + values(recs)
		}
		if got != tt.want {
			t.Errorf("%s %.60s: got %s, want %s", tt.topic, tt.payload, got, tt.want)
		}
	}
	want := []string{"+/+/rpc", "+/rpc", "gerbang/v1/+/+", "r/+/devices/+/+/+", "r/+/events", "z/+", "z/+/+", "z/+/+/+", "z/+/+/+/+"}
	if got := d.Topics(); !slices.Equal(got, want) {
		t.Errorf("topics %v, want %v", got, want)
	}
	if got := d.Ignored()["z"]; got != 8 {
		t.Errorf("ignored %d, want 8", got)
	}
}

func TestSeveralLevelsNeedAPatternForThem(t *testing.T) {
	o := deep(t)
	o.Models[0].Match = []string{"z/{device}"}
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), `address "upper/\u00d6l/sensor": want one level of a topic`) {
		t.Errorf("got %v, want a problem with the address", err)
	}
}
