package alerts

import (
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// A share is written as exactly as somebody can use it, and a time in the words of the language.
func TestNumbersOfASentenceAreForPeople(t *testing.T) {
	texts, err := NewTexts()
	if err != nil {
		t.Fatal(err)
	}
	x := rules.Explanation{Value: 65.21, Error: 4.431313, HasValue: true, Limit: 80, HasLimit: true, Unit: "%", Constraint: "vehicles", Inputs: []rules.Input{
		{Name: "sprayed", Value: 53, Unit: "1"}, {Name: "vehicles_in", Value: 59, Unit: "1"}, {Name: "window", Value: 101, Unit: "min"},
	}}
	if got, want := texts.value("en", "coverage", &x), "65.2 ± 4.43 %"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := texts.Why("id", "vehicles", &x), "1 jam 41 menit"; !strings.Contains(got, want) {
		t.Errorf("got %q, want it to contain %q", got, want)
	}
}
