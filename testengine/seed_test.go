package testengine

import "testing"

func TestSeed(t *testing.T) {
	t.Setenv("CI", "true")
	if a, b := Seed(t), Seed(t); a != 1 || b != 1 {
		t.Errorf("in CI: %d and %d, want 1 each time", a, b)
	}
	t.Setenv("CI", "")
	if a, b := Seed(t), Seed(t); a == b {
		t.Errorf("elsewhere: %d twice, want another one each time", a)
	}
}
