package rules

import (
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// "33 %; at least 80 %" was within where three people had come, and 0 % where neither counter nor thermometer had ever spoken.
func TestAShareOfFewIsNotJudged(t *testing.T) {
	rule := airRule(func(p *Expression) {
		p.SubjectKind, p.When, p.Expr = SubjectDoor, "in_today >= 20.0", "screened_today < 0.8 * in_today"
		p.Value, p.Limit, p.Bound, p.Unit = "in_today > 0.0 ? 100.0 * screened_today / in_today : 0.0", 80, "min", "%"
	})
	r := newRig(t, with(mall(t), rule))
	r.tick("2022-07-04 09:00:00")
	r.wantVerdict("air", "main", "unknown/no_data")
	r.read("thermo", "2022-07-04 09:00:01", body, 36.4)
	r.wantVerdict("air", "main", "unknown/no_data")
	r.read("c-main", "2022-07-04 09:01:00", in, 3)
	r.wantVerdict("air", "main", "unknown/pending")
	if x := r.explanation("air", "main"); x.Condition != "in_today >= 20.0" || !slices.Contains(x.Inputs, Input{Name: "in_today", Value: 3}) || !x.HasValue {
		t.Errorf("explanation: got %+v, want when it is judged, and the number now", x)
	}
	for _, v := range r.engine.View().Verdicts {
		if v.Subject.ID == "main" && !v.Idle() {
			t.Error("what is not judged yet makes the site unknown")
		}
	}
	r.read("c-main", "2022-07-04 09:02:00", in, 17)
	r.wantVerdict("air", "main", "breached")
	for range 16 {
		r.read("thermo", "2022-07-04 09:03:00", body, 36.4)
	}
	r.wantVerdict("air", "main", "within")
	r.tick("2022-07-05 00:00:00")
	r.wantVerdict("air", "main", "unknown/pending")
}

// A sibling: the people of a zone that no counter has spoken of.
func TestCountsOfTheDayThatNobodyCounted(t *testing.T) {
	r := newRig(t, with(mall(t), airRule(func(p *Expression) { p.Expr = "in_today > 100.0" })))
	r.tick("2022-07-04 09:00:00")
	r.wantVerdict("air", "hall", "unknown/no_data")
	r.read("c-main", "2022-07-04 09:01:00", in, 3)
	r.wantVerdict("air", "hall", "within")
}

// 1600 ppm beside "at most 1000" was within and said no more: a norm that takes ten minutes says how many are over.
func TestANormWithATimeSaysHowMuchOfItIsOver(t *testing.T) {
	r := newRig(t, sensors(with(mall(t), airRule(func(p *Expression) { p.Expr, p.Value, p.Limit, p.Over = "co2 > 1000", "co2", 1000, 10*time.Minute })), 1))
	lasted := func() (found float64) {
		found = -1
		for _, in := range r.explanation("air", "hall").Inputs {
			if in.Name == InputLasted {
				found = in.Value
			}
		}
		return found
	}
	r.read("air2", "2022-07-04 08:50:00", telemetry.CO2, 600)
	r.read("air", "2022-07-04 08:50:00", telemetry.CO2, 600)
	if got := lasted(); got != -1 {
		t.Errorf("below: got %v, want none", got)
	}
	r.read("air", "2022-07-04 09:00:00", telemetry.CO2, 1600)
	r.read("air", "2022-07-04 09:02:00", telemetry.CO2, 1610)
	r.wantVerdict("air", "hall", "within")
	if got := lasted(); got != 2 {
		t.Errorf("after two minutes: got %v, want 2", got)
	}
	r.tick("2022-07-04 09:10:00")
	r.wantVerdict("air", "hall", "breached")
	if got := lasted(); got != -1 {
		t.Errorf("breached: got %v, want none", got)
	}
}

// Likewise one that counts readings.
func TestANormOfReadingsSaysHowManyThereAre(t *testing.T) {
	r := newRig(t, sensors(with(mall(t), airRule(func(p *Expression) { p.Expr, p.Readings = "co2 > 1000", 3 })), 1))
	r.read("air2", "2022-07-04 08:50:00", telemetry.CO2, 600)
	for i, v := range []float64{600, 1600, 1610} {
		r.read("air", "2022-07-04 09:0"+string(rune('0'+i))+":00", telemetry.CO2, v)
	}
	if x := r.explanation("air", "hall"); !slices.Contains(x.Inputs, Input{Name: InputInRow, Value: 2, Unit: "1"}) {
		t.Errorf("got %+v, want two in a row", x.Inputs)
	}
}
