package facility

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Offset is what a calibration found: how much is added to a thermometer's body temperatures from a time on, Cel.
type Offset struct {
	From   telemetry.Instant `json:"from"`
	Value  float64           `json:"value"`
	Pairs  int               `json:"pairs,omitempty"`  // of face and reference that it rests on; 0: not known
	Spread float64           `json:"spread,omitempty"` // how far the pairs lie apart, a deviation in Cel
}

// Offsets are the calibrations of a thermometer, by time. The configuration's own offset holds before the first.
type Offsets []Offset

// At is the offset of a time; false: there is none yet.
func (o Offsets) At(t telemetry.Instant) (Offset, bool) {
	for _, one := range slices.Backward(o) {
		if one.From <= t {
			return one, true
		}
	}
	return Offset{}, false
}

// With is the list with one more. Of two from the same time on the later word counts.
func (o Offsets) With(one Offset) Offsets {
	i := len(o)
	for i > 0 && o[i-1].From >= one.From {
		i--
	}
	if i < len(o) && o[i].From == one.From {
		o = slices.Clone(o)
		o[i] = one
		return o
	}
	return slices.Insert(slices.Clone(o), i, one)
}

// At is how the device hangs at a time, by its calibrations.
func (m Mounting) At(t telemetry.Instant, o Offsets) Mounting {
	if one, ok := o.At(t); ok {
		m.Offset = one.Value
	}
	return m
}

// MaxOffset bounds an offset, Cel: a thermometer that is further off is broken.
const MaxOffset = 10

// Calibration reads a calibration from a record: of which device (and channel, that hangs apart; empty: the device itself) it is the
// offset, and from when on. It applies to what is measured after it was received. false: the record is none.
func Calibration(rec *telemetry.Record) (device, channel string, o Offset, ok bool) {
	e := rec.Entry
	if rec.Kind != telemetry.KindEntry || e == nil || e.Kind != telemetry.EntryCalibration || !(math.Abs(e.Value) <= MaxOffset) {
		return "", "", Offset{}, false
	}
	o = Offset{From: rec.Received, Value: e.Value}
	if _, err := fmt.Sscanf(e.Text, "pairs=%d spread=%g", &o.Pairs, &o.Spread); err != nil || o.Pairs < 0 || !(o.Spread >= 0 && o.Spread <= 100) {
		o.Pairs, o.Spread = 0, 0
	}
	device, channel, _ = strings.Cut(e.Subject, "/")
	return device, channel, o, true
}

// CalibrationText is the text of a calibration's entry.
func CalibrationText(pairs int, spread float64) string {
	return fmt.Sprintf("pairs=%d spread=%g", pairs, spread)
}

// Pair is one person measured twice: by the thermometer, as it sends it, and by a reference.
type Pair struct{ Face, Reference float64 }

// LeastPairs is how many pairs an offset rests on at least.
const LeastPairs = 5

// Calibrate finds the offset of a thermometer: the median of reference less face, to hundredths, and 1.4826 times the median deviation
// from it, which is the standard deviation where they are spread as usual and does not mind a few that were mixed up. Fewer than
// LeastPairs, a temperature that no person has (30 to 43 Cel for the reference, 20 to 50 for the face), and an offset above MaxOffset
// are errors.
func Calibrate(pairs []Pair) (offset, spread float64, err error) {
	if len(pairs) < LeastPairs {
		return 0, 0, fmt.Errorf("%d pairs: want %d at least", len(pairs), LeastPairs)
	}
	var off []float64
	for i, p := range pairs {
		if !(p.Reference >= 30 && p.Reference <= 43) || !(p.Face >= 20 && p.Face <= 50) {
			return 0, 0, fmt.Errorf("pair %d, %v and %v: want the face's and the reference's temperature in Cel", i+1, p.Face, p.Reference)
		}
		off = append(off, p.Reference-p.Face)
	}
	offset = math.Round(median(off)*100) / 100
	for i := range off {
		off[i] = math.Abs(off[i] - offset)
	}
	if math.Abs(offset) > MaxOffset {
		return 0, 0, errors.New("the offset is above 10 Cel: want pairs of face and reference")
	}
	return offset, math.Round(1.4826*median(off)*100) / 100, nil
}

func median(all []float64) float64 {
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}
