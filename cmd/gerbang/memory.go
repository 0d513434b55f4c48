package main

import (
	"os"
	"runtime/debug"
)

// collectEarly makes the garbage collector start when the heap has grown by half instead of doubled: a gateway lives beside
// other things on a small computer, and its heap is small.
const collectEarly = 50

// limitMemory applies collectEarly unless the environment says something else.
func limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectEarly)
	}
}
