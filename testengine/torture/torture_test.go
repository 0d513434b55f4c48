package main

import (
	"testing"

	"github.com/gerbang-iot/gerbang/testengine"
)

// The short run of what the command does for hours: findings L2, L3, L5 and L6, and kills. The clock is left out: for it all of Go is
// compiled anew.
func TestTortureBreaksNoPromise(t *testing.T) {
	times := map[string]int{"kill": 5, "full": 1, "taken": 3, "flip": 8, "cut": 1, "lie": 1}
	if testing.Short() {
		times = map[string]int{"kill": 2, "flip": 2, "taken": 1}
	}
	broken, err := torture(t.Output(), times, testengine.Seed(t), 1000, false)
	if err != nil {
		t.Fatal(err)
	}
	if broken > 0 {
		t.Errorf("%d promises were broken", broken)
	}
}
