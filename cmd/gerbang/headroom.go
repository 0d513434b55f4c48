package main

import (
	"runtime"
	"runtime/debug"
	gauges "runtime/metrics"
)

const (
	// headroom is how many bytes of garbage the heap of a large gateway may gather before the collector starts. A small one may gather
	// collectEarly percent of what lives, which is less; thousands of sites live in hundreds of megabytes.
	headroom = 64 << 20
	// leastPercent bounds what that costs: of a heap of gigabytes it is this share.
	leastPercent = 30
	// wantedChange is by how many percent the setting must be wrong to be set anew, which stops everything for a moment.
	wantedChange = 5
)

// headroomPercent is by how many percent a heap may grow before it is collected.
func headroomPercent(live uint64) int {
	if live == 0 {
		return collectEarly
	}
	return int(min(collectEarly, max(leastPercent, headroom*100/live)))
}

// round is an object that nobody holds: it is found dead with every collection.
type round struct{ _ [64]byte }

// followHeap sets the collector by what lives, after each collection.
func followHeap(percent int) {
	runtime.SetFinalizer(new(round), func(*round) {
		sample := []gauges.Sample{{Name: "/gc/heap/live:bytes"}}
		gauges.Read(sample)
		if want := headroomPercent(sample[0].Value.Uint64()); want <= percent-wantedChange || want >= percent+wantedChange {
			debug.SetGCPercent(want)
			percent = want
		}
		followHeap(percent)
	})
}
