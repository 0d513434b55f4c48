package facility

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

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
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	pair := func(face, reference float64) Pair { return Pair{Face: face, Reference: reference} }
	pairs := []Pair{pair(34.9, 36.6), pair(35, 36.5), pair(35.2, 36.8), pair(34.7, 36.5), pair(36.7, 35.1)} // the last one is mixed up
	if offset, spread, err := Calibrate(pairs); err != nil || offset != 1.6 || spread != 0.15 {
		t.Errorf("got %v ± %v (%v), want 1.6 ± 0.15", offset, spread, err)
	}
	timed := slices.Clone(pairs)
	timed[2].FaceAt, timed[2].ReferenceAt = at, at.Add(-MostApart)
	if offset, _, err := Calibrate(timed); err != nil || offset != 1.6 {
		t.Errorf("measured a quarter of an hour apart: got %v (%v), want 1.6", offset, err)
	}
	timed[2].ReferenceAt = at.Add(3 * time.Hour)
	for want, bad := range map[string][]Pair{
		"4 pairs: want 5 at least":                                        pairs[:4],
		"pair 1: the reference shows 42.1: want 34 to 42 Cel":             append([]Pair{pair(40.5, 42.1)}, pairs...),
		"pair 6: the reference shows 33.9: want 34 to 42 Cel":             append(slices.Clone(pairs), pair(32.5, 33.9)),
		"pair 1: the reference shows NaN: want 34 to 42 Cel":              append([]Pair{pair(35, math.NaN())}, pairs...),
		"pair 1: the thermometer shows NaN: want 20 to 50 Cel":            append([]Pair{pair(math.NaN(), 36)}, pairs...),
		"pair 3: 180 minutes between both: want 15 at most":               timed,
		"all pairs are the same: want what each person was measured with": slices.Repeat([]Pair{pair(35, 36.3)}, 5),
		"the offset would be 3.1 K: want 3 at most, in either direction":  {pair(33.4, 36.5), pair(33.5, 36.6), pair(33.3, 36.4), pair(33.1, 36.2), pair(33.4, 36.5)},
		"the offset would be -3.1 K: want 3 at most, in either direction": {pair(39.6, 36.5), pair(39.7, 36.6), pair(39.5, 36.4), pair(39.3, 36.2), pair(39.6, 36.5)},
	} {
		var wrong *CalibrationError
		if _, _, err := Calibrate(bad); !errors.As(err, &wrong) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
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
