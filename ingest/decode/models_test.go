package decode_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/ingest/decode/frame"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const modelFolder = "../../configs/models"

// shippedModels reads the models as the configuration does.
func shippedModels(t testing.TB) []decode.Model {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(modelFolder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no models in %s (%v)", modelFolder, err)
	}
	var models []decode.Model
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var m decode.Model
		if _, problems := strict.Decode(file, data, &m); len(problems) > 0 {
			t.Fatal(problems)
		}
		m.Layout = layoutOf(m.Codec)
		if err := decode.Validate(&m); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if want := m.ID + ".yaml"; filepath.Base(file) != want {
			t.Errorf("%s: want the file named %s", file, want)
		}
		models = append(models, m)
	}
	return models
}

// layoutOf reads the shipped description of a codec; nil where it is none.
func layoutOf(codec string) *frame.Description {
	file := filepath.Join(modelFolder, "frames", codec+".yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	d := &frame.Description{}
	if _, problems := strict.Decode(file, text, d); len(problems) > 0 {
		panic(problems.Err())
	}
	return d
}

func TestSamplesOfShippedModels(t *testing.T) {
	models := shippedModels(t)
	d, err := decode.New(decode.Options{Models: models})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range models {
		if len(m.Samples) == 0 {
			t.Errorf("model %s has no samples", m.ID)
		}
		for _, s := range m.Samples {
			t.Run(m.ID+"/"+s.Name, func(t *testing.T) {
				for _, problem := range d.Check(m.ID, s) {
					t.Error(problem)
				}
			})
		}
	}
}

// TestNativeModelDocumentsAllQuantities keeps native.yaml complete.
func TestNativeModelDocumentsAllQuantities(t *testing.T) {
	for _, m := range shippedModels(t) {
		if m.ID != decode.NativeModel {
			continue
		}
		have := make(map[telemetry.Quantity]bool)
		for _, f := range m.Readings {
			have[f.Quantity] = true
		}
		for _, q := range telemetry.Quantities() {
			if !have[q] {
				t.Errorf("native.yaml does not list %s", q)
			}
		}
		return
	}
	t.Error("native.yaml is missing")
}

func TestOneNamesAStrangerByItsTopic(t *testing.T) {
	d, err := decode.New(decode.Options{Models: shippedModels(t)})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2022, 7, 5, 1, 16, 0, 0, time.UTC)
	tests := []struct{ model, topic, payload, want string }{
		{"native", "", `{"co2":401}`, "device"},
		{"native", "gerbang/v1/x/dev-1", `{"co2":401}`, "dev-1"},
		{"native", "push/native/dev-2", `{"co2":401}`, "dev-2"},
		{"generic-air-sensor", "rooms/1/report", `{"serial":"AS-1","air":{"rh":50}}`, "AS-1"},
		{"generic-entrance-camera", "cameras/a/b/events", `{"event":"face","mask":true}`, "b"},
	}
	for _, tt := range tests {
		answer := d.One(decode.Query{Model: tt.model, Topic: tt.topic, Payload: []byte(tt.payload), Received: now})
		lines, rejected := answer.Lines, answer.Rejection
		if rejected != nil || len(lines) != 1 || lines[0].Device != tt.want || math.IsNaN(*lines[0].Value) {
			t.Errorf("%s on %q: got %v, %+v; want device %s", tt.model, tt.topic, lines, rejected, tt.want)
		}
	}
	if d.One(decode.Query{Model: "nobody", Payload: []byte("1"), Received: now}).Rejection == nil {
		t.Error("a model that does not exist decodes")
	}
}

func ExampleDecoder_One() {
	d, _ := decode.New(decode.Options{})
	answer := d.One(decode.Query{
		Model: "native", Topic: "gerbang/v1/mpp/door-1", Payload: []byte(`{"people_in":2}`),
		Received: time.Date(2022, 7, 5, 1, 0, 0, 0, time.UTC),
	})
	lines := answer.Lines
	fmt.Println(lines[0])
	// Output: 2022-07-05T01:00:00Z door-1 people_in 2 1
}

// TestD5_DevicesOfBuildingsAreRead: devices that are common in buildings, and messages of theirs that give what they are there for. What
// else each sample must give TestSamplesOfShippedModels says. Finding D5.
func TestD5_DevicesOfBuildingsAreRead(t *testing.T) {
	q := func(all ...telemetry.Quantity) []telemetry.Quantity { return all }
	want := map[string][]telemetry.Quantity{
		"axis-object-analytics":   q(telemetry.PeopleInTotal, telemetry.PeoplePresent),
		"onvif":                   q(telemetry.PeopleInTotal, telemetry.PeopleOutTotal),
		"shelly-blu":              q(telemetry.ContactOpen, telemetry.Button, telemetry.Motion),
		"airgradient":             q(telemetry.CO2, telemetry.PM25),
		"openmqttgateway":         q(telemetry.Temperature, telemetry.ContactOpen),
		"sensecap":                q(telemetry.CO2, telemetry.Temperature),
		"cayenne-lpp":             q(telemetry.Temperature, telemetry.Occupied),
		"rak-sensor-hub":          q(telemetry.CO2, telemetry.Temperature),
		"qingping":                q(telemetry.CO2, telemetry.PM25),
		"disruptive-technologies": q(telemetry.OpenCount, telemetry.Button), // counts of touches
		"xovis":                   q(telemetry.PeopleIn, telemetry.PeoplePresent),
	}
	for _, m := range shippedModels(t) {
		for _, quantity := range want[m.ID] {
			if !slices.ContainsFunc(m.Samples, func(s decode.Sample) bool {
				return slices.ContainsFunc(s.Expect, func(x model.Expected) bool { return x.Quantity == quantity })
			}) {
				t.Errorf("%s: no sample gives %s", m.ID, quantity)
			}
		}
		delete(want, m.ID)
	}
	for id := range want {
		t.Errorf("there is no model %s", id)
	}
}
