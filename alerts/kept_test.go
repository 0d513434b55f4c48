package alerts

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Whatever an alert's explanations have in common, it is read as it was.
func TestAnAlertIsReadAsItWasKept(t *testing.T) {
	explanation := func() rules.Explanation {
		e := rules.Explanation{Value: float64(rand.IntN(3)), HasValue: rand.IntN(4) > 0, Unit: "Cel"}
		if rand.IntN(2) == 0 {
			e.Evidence = []rules.Evidence{{Device: "d", At: telemetry.Instant(rand.IntN(2))}}
		}
		if rand.IntN(6) == 0 {
			return rules.Explanation{}
		}
		return e
	}
	for range 2000 {
		a := Alert{ID: "x", Site: "s", Opened: 1, Explanation: explanation(), Raised: explanation(), Worst: explanation()}
		if rand.IntN(3) == 0 {
			a.Raised = a.Explanation
		}
		if rand.IntN(3) == 0 {
			a.Worst = a.Raised
		}
		text, err := Encode(&a)
		if err != nil {
			t.Fatal(err)
		}
		var got Alert
		if err := Decode(text, &got); err != nil {
			t.Fatal(err)
		}
		whole, err := json.Marshal(&a)
		if err != nil {
			t.Fatal(err)
		}
		var want, old Alert
		if err := json.Unmarshal(whole, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\ngot  %+v\nwant %+v", text, got, want)
		}
		if err := Decode(whole, &old); err != nil || !reflect.DeepEqual(old, want) {
			t.Fatalf("of an older version: %v\ngot  %+v\nwant %+v", err, old, want)
		}
	}
}

// An alert that has just opened has one explanation, and is as long as if it had one.
func TestAnOpenedAlertIsShort(t *testing.T) {
	e := rules.Explanation{Value: 39.5, HasValue: true, Unit: "Cel", Evidence: []rules.Evidence{{Device: "d", At: 1}}}
	one, err := Encode(&Alert{ID: "x", Explanation: e})
	if err != nil {
		t.Fatal(err)
	}
	three, err := Encode(&Alert{ID: "x", Explanation: e, Raised: e, Worst: e})
	if err != nil {
		t.Fatal(err)
	}
	if longer := len(three) - len(one); longer > 60 {
		t.Errorf("%d bytes more than with one explanation: %s", longer, three)
	}
	var a Alert
	if err := Decode([]byte(`{"id":"x","worst_as":"nothing"}`), &a); err == nil {
		t.Error("a name of no explanation is taken")
	}
}
