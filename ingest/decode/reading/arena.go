package reading

import "github.com/gerbang-iot/gerbang/telemetry"

// Arena is memory for the readings of a batch of records. It belongs to one goroutine at a time.
type Arena struct {
	slab []telemetry.Reading
	used int
}

// SlabSize is how many readings a new slab holds: those of a full batch of small messages.
const SlabSize = 1024

// Reset gives all memory back to the arena. Readings taken before it must no longer be used.
func (a *Arena) Reset() {
	clear(a.slab[:a.used]) // or the strings of the last batch would live on
	a.used = 0
}

// Keep copies readings into the arena; a nil arena copies to the heap.
func (a *Arena) Keep(readings []telemetry.Reading) []telemetry.Reading {
	if len(readings) == 0 {
		return nil
	}
	if a == nil {
		return append([]telemetry.Reading(nil), readings...)
	}
	if len(a.slab)-a.used < len(readings) {
		// The old slab stays with the records that point into it.
		a.slab, a.used = make([]telemetry.Reading, max(SlabSize, 2*len(a.slab), len(readings))), 0
	}
	start := a.used
	a.used += copy(a.slab[start:], readings)
	return a.slab[start:a.used:a.used]
}
