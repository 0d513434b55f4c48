package main

import (
	"os"
	"runtime/debug"
)

// collectEarly makes the garbage collector start when the heap has grown by three quarters instead of doubled: a gateway lives beside
// other things on a small computer, and its heap is small.
const collectEarly = 75

// limitMemory applies collectEarly unless the environment says something else.
func limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectEarly)
		followHeap(collectEarly)
	}
}
