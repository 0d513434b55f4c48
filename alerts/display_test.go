package alerts

import (
	"encoding/json"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// display is what a display at the zone of a view is told.
func display(t *testing.T, z rules.ZoneView, verdicts ...rules.VerdictView) map[string]any {
	t.Helper()
	z.ID = "hall"
	v := &rules.View{Site: "magetan", Record: 1, Now: t0, Zones: []rules.ZoneView{z}, Verdicts: verdicts}
	var told map[string]any
	if err := json.Unmarshal(NewDisplays().Signals(v, nil)[0].Payload, &told); err != nil {
		t.Fatal(err)
	}
	return told
}

// Finding R15: what nobody counts is not judged, has no advice and no number, and nothing is wrong with it.
func TestR15DisplayOfAZoneThatNothingCounts(t *testing.T) {
	for name, tc := range map[string]struct {
		verdicts []rules.VerdictView
		verdict  any
	}{
		"no rule":  {nil, nil},
		"air only": {[]rules.VerdictView{{Kind: "expression", Subject: rules.Subject{Kind: rules.SubjectZone, ID: "hall"}}}, "unknown"},
	} {
		told := display(t, rules.ZoneView{Verdict: rules.Unknown, Advice: rules.AdviceWait, Limit: 24, HasLimit: true,
			Persons: rules.Estimate{Reason: rules.ReasonNoData}}, tc.verdicts...)
		for field, want := range map[string]any{
			"counted": false, "persons": nil, "low": nil, "high": nil, "advice": nil, "limit": 24.0, "verdict": tc.verdict, "reason": nil,
		} {
			if got := told[field]; got != want {
				t.Errorf("%s: %s is %v, want %v", name, field, got, want)
			}
		}
	}
}

// Near the limit is a state of its own, with its numbers.
func TestR14DisplayNearTheLimit(t *testing.T) {
	told := display(t, rules.ZoneView{Verdict: rules.Unknown, Near: true, Advice: rules.AdviceWait, Limit: 50, HasLimit: true,
		Persons: rules.Estimate{Persons: 50, Error: 3, Low: 47, High: 53, Known: true, Measured: true}},
		rules.VerdictView{Kind: "capacity", Subject: rules.Subject{Kind: rules.SubjectZone, ID: "hall"}})
	for field, want := range map[string]any{
		"near": true, "low": 47.0, "high": 53.0, "verdict": "unknown", "advice": "wait", "counted": true,
	} {
		if got := told[field]; got != want {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
}

// A display is told to stop where the air forbids to go in, also where nobody counts, and that the building is closed.
func TestDisplayOfAHeldZone(t *testing.T) {
	for name, z := range map[string]rules.ZoneView{
		"counted":     {Verdict: rules.Breached, Advice: rules.AdviceStop, Held: "co2", Persons: rules.Estimate{Persons: 3, Known: true, Measured: true}},
		"not counted": {Verdict: rules.Breached, Advice: rules.AdviceStop, Held: "co2", Persons: rules.Estimate{Reason: rules.ReasonNoData}},
	} {
		told := display(t, z)
		if told["advice"] != "stop" || told["held"] != "co2" || told["closed"] != true {
			t.Errorf("%s: got %v, want stop by co2 in a closed building", name, told)
		}
	}
}
