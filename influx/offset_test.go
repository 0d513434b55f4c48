package influx

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A calibration corrects what is measured from its receipt on, also where the encoder begins behind it, and a configuration that
// comes later does not take it back. Pages read by the same Meaning.
func TestCalibrationInForce(t *testing.T) {
	t.Parallel()
	site := facility.Site{ID: "mpp", Doors: []facility.Door{{ID: "main", From: "outside", To: "hall"}}, Zones: []facility.Zone{{ID: "hall"}},
		Devices: []facility.Device{{ID: "thermo", Offset: 0.5, Place: facility.Place{Kind: facility.AtDoor, ID: "main"}}}}
	at := func(min int) telemetry.Instant {
		return telemetry.InstantOf(time.Date(2026, 1, 5, 8, min, 0, 0, time.UTC))
	}
	calibration := &telemetry.Record{Seq: 2, Kind: telemetry.KindEntry, Site: "mpp", At: at(10), Received: at(10),
		Entry: &telemetry.Entry{ID: "c", Kind: telemetry.EntryCalibration, Subject: "thermo", Value: 1.3, Text: facility.CalibrationText(9, 0.3)}}
	e := &encoder{places: newPlaces(site)}
	read := func(min int) string {
		var b batch
		rec := telemetry.Record{Seq: uint64(min) + 10, Kind: telemetry.KindObservation, Site: "mpp", At: at(min), Received: at(59),
			Observation: telemetry.Observation{Device: "thermo", Readings: []telemetry.Reading{{Quantity: telemetry.BodyTemperature, Value: 35}}}}
		e.record(&b, &rec)
		m := &Meaning{e.places}
		if got := m.Readings(&rec, nil)[0]; !strings.Contains(string(b.text), "celsius="+strconv.FormatFloat(got.Value, 'f', -1, 64)) || !got.HasRaw || got.Raw != 35 {
			t.Errorf("at %d: pages say %+v, InfluxDB %s", min, got, b.text)
		}
		return string(b.text)
	}
	want := func(min int, celsius string) {
		t.Helper()
		if got := read(min); !strings.Contains(got, "celsius="+celsius+",celsius_raw=35") {
			t.Errorf("at %d: got %s, want %s beside the raw 35", min, got, celsius)
		}
	}
	want(20, "35.5")
	var b batch
	e.record(&b, calibration)
	if len(b.text) > 0 {
		t.Errorf("a calibration is no point: got %s", b.text)
	}
	want(9, "35.5")
	want(10, "36.3")
	site.Devices[0].Offset = 0
	e.places.set(&site)
	want(11, "36.3")
}
