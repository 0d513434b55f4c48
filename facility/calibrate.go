package facility

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Pair is one person measured twice: by the thermometer, as it sends it, and by a reference.
type Pair struct {
	Face, Reference float64 // Cel
	// FaceAt and ReferenceAt are when; zero: not said.
	FaceAt, ReferenceAt time.Time
}

// What pairs must be like.
const (
	LeastPairs = 5 // that an offset rests on

	LeastReference = 34.0 // of a person who is measured at an entrance, Cel
	MostReference  = 42.0

	LeastFace = 20.0 // that a thermometer shows of one
	MostFace  = 50.0

	MostCalibrated = 3.0              // the largest offset that a calibration finds, K: one that is further off is broken, or measures something else
	MostApart      = 15 * time.Minute // between the two measurements of a person
)

// The causes of a CalibrationError.
const (
	FewPairs     = "few"       // Pair is how many there are
	NoReference  = "reference" // the reference of a pair is no temperature of a person
	NoFace       = "face"      // what the thermometer shows of a pair is none
	PairsApart   = "apart"     // a person was measured at two times too far from each other
	EqualPairs   = "equal"     // all pairs are the same: nobody measures five people so
	OffsetTooFar = "far"       // the offset, Value, is too large
)

// CalibrationError says why pairs cannot be right.
type CalibrationError struct {
	Cause string
	Pair  int     // which, from 1 on; 0: all of them
	Value float64 // what was said, or found; Cel, K, or minutes
}

// Error says what was wrong and what was expected.
func (e *CalibrationError) Error() string {
	switch e.Cause {
	case FewPairs:
		return fmt.Sprintf("%d pairs: want %d at least", e.Pair, LeastPairs)
	case NoReference:
		return fmt.Sprintf("pair %d: the reference shows %v: want %v to %v Cel", e.Pair, e.Value, LeastReference, MostReference)
	case NoFace:
		return fmt.Sprintf("pair %d: the thermometer shows %v: want %v to %v Cel", e.Pair, e.Value, LeastFace, MostFace)
	case PairsApart:
		return fmt.Sprintf("pair %d: %v minutes between both: want %v at most", e.Pair, e.Value, MostApart.Minutes())
	case EqualPairs:
		return "all pairs are the same: want what each person was measured with"
	}
	return fmt.Sprintf("the offset would be %v K: want %v at most, in either direction", e.Value, MostCalibrated)
}

// Calibrate finds the offset of a thermometer: the median of reference less face, to hundredths, and 1.4826 times the median deviation
// from it, which is the standard deviation where they are spread as usual and does not mind a few that were mixed up. Pairs that cannot
// be right are a *CalibrationError.
func Calibrate(pairs []Pair) (offset, spread float64, err error) {
	if len(pairs) < LeastPairs {
		return 0, 0, &CalibrationError{Cause: FewPairs, Pair: len(pairs)}
	}
	var off []float64
	equal := true
	for i, p := range pairs {
		switch apart := p.FaceAt.Sub(p.ReferenceAt).Abs(); {
		case !(p.Reference >= LeastReference && p.Reference <= MostReference):
			return 0, 0, &CalibrationError{NoReference, i + 1, p.Reference}
		case !(p.Face >= LeastFace && p.Face <= MostFace):
			return 0, 0, &CalibrationError{NoFace, i + 1, p.Face}
		case !p.FaceAt.IsZero() && !p.ReferenceAt.IsZero() && apart > MostApart:
			return 0, 0, &CalibrationError{PairsApart, i + 1, math.Round(apart.Minutes())}
		}
		equal = equal && p.Face == pairs[0].Face && p.Reference == pairs[0].Reference
		off = append(off, p.Reference-p.Face)
	}
	offset = math.Round(median(off)*100) / 100
	switch {
	case math.Abs(offset) > MostCalibrated:
		return 0, 0, &CalibrationError{Cause: OffsetTooFar, Value: offset}
	case equal:
		return 0, 0, &CalibrationError{Cause: EqualPairs}
	}
	for i := range off {
		off[i] = math.Abs(off[i] - offset)
	}
	return offset, math.Round(1.4826*median(off)*100) / 100, nil
}

func median(all []float64) float64 {
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}
