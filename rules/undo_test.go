package rules

import (
	"math"
	"testing"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Who takes a count back leaves the number as unsure as it was before, also over a restart; what is no deviation changes nothing.
func TestACountTakenBackLeavesTheNumberUnsure(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil))))
	r.read("c-main", "2022-07-04 09:00:00", in, 20)
	before := r.zone("hall").Persons
	r.enter("2022-07-04 09:10:00", telemetry.Entry{ID: "c", Kind: telemetry.EntryCount, Subject: "hall", Value: 15})
	counted := r.zone("hall").Persons
	r.enter("2022-07-04 09:11:00", telemetry.Entry{ID: "u", Kind: telemetry.EntryCorrection, Subject: "hall", Value: 5, Ends: "c", Text: "4"})
	got := r.zone("hall").Persons
	if width := got.High - got.Low; got.Persons != before.Persons || math.Abs(width-2*1.645*4) > 2 || counted.High-counted.Low > 2 {
		t.Errorf("before %+v, counted %+v, taken back %+v: want the number before, about 13 people wide", before, counted, got)
	}
	r.restore()
	if again := r.zone("hall").Persons; again != got {
		t.Errorf("after a restart %+v, want %+v", again, got)
	}
	for _, odd := range []string{"", "x", "-3", "NaN", "Inf", "1e300"} {
		r.enter("2022-07-04 09:12:00", telemetry.Entry{ID: odd, Kind: telemetry.EntryCorrection, Subject: "hall", Value: 1, Ends: "c", Text: odd})
		r.enter("2022-07-04 09:12:00", telemetry.Entry{ID: odd + "u", Kind: telemetry.EntryCorrection, Subject: "hall", Value: -1})
		if odd := r.zone("hall").Persons; odd.Error != got.Error {
			t.Errorf("a deviation that is none: %+v, want %+v", odd, got)
		}
	}
}
