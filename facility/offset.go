package facility

import (
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
