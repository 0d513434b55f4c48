package main

import "testing"

// A small heap is collected as ever, a large one has no more room for garbage than it needs.
func TestALargeHeapGathersLessGarbage(t *testing.T) {
	for live, want := range map[uint64]int{0: 75, 10 << 20: 75, 85 << 20: 75, 128 << 20: 50, 200 << 20: 32, 4 << 30: 30} {
		if got := headroomPercent(live); got != want {
			t.Errorf("%d MB live: the heap may grow by %d %%, want %d", live>>20, got, want)
		}
	}
}
