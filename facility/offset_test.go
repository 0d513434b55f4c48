package facility

import (
	"math"
	"testing"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestOffsetsHoldFromTheirTimeOn(t *testing.T) {
	t.Parallel()
	var o Offsets
	o = o.With(Offset{From: 20, Value: 2}).With(Offset{From: 10, Value: 1}).With(Offset{From: 20, Value: 3})
	m := Mounting{Offset: 0.5}
	for at, want := range map[telemetry.Instant]float64{9: 0.5, 10: 1, 19: 1, 20: 3, 99: 3} {
		if got := m.At(at, o).Offset; got != want {
			t.Errorf("at %d: got %v, want %v", at, got, want)
		}
	}
}

func TestCalibrate(t *testing.T) {
	t.Parallel()
	pairs := []Pair{{34.9, 36.6}, {35, 36.5}, {35.2, 36.8}, {34.7, 36.5}, {36.7, 35.1}} // the last one is mixed up
	if offset, spread, err := Calibrate(pairs); err != nil || offset != 1.6 || spread != 0.15 {
		t.Errorf("got %v ± %v (%v), want 1.6 ± 0.15", offset, spread, err)
	}
	for name, bad := range map[string][]Pair{
		"too few": pairs[:4], "not a person": append([]Pair{{35, 46}}, pairs...), "not a face": append([]Pair{{math.NaN(), 36}}, pairs...),
		"too far": {{22, 36}, {22, 36}, {22, 36}, {22, 36}, {22, 36}},
	} {
		if _, _, err := Calibrate(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCalibrationOfARecord(t *testing.T) {
	t.Parallel()
	rec := telemetry.Record{Kind: telemetry.KindEntry, At: 5, Received: 7, Entry: &telemetry.Entry{Kind: telemetry.EntryCalibration, Subject: "faces/2", Value: 1.3, Text: CalibrationText(12, 0.31)}}
	device, channel, o, ok := Calibration(&rec)
	if want := (Offset{From: 7, Value: 1.3, Pairs: 12, Spread: 0.31}); !ok || device != "faces" || channel != "2" || o != want {
		t.Errorf("got %q %q %+v %v, want faces, 2, %+v", device, channel, o, ok, want)
	}
	for _, v := range []float64{11, -11, math.NaN(), math.Inf(1)} {
		rec.Entry.Value = v
		if _, _, _, ok := Calibration(&rec); ok {
			t.Errorf("an offset of %v is taken", v)
		}
	}
}
