package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"time"
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

const (
	// crowdEvery is how often it is looked whether a crowd has gone.
	crowdEvery = 15 * time.Second
	// crowd is how many goroutines must have ended for what they left to be worth collecting at once.
	crowd = 100
)

// giveBack returns memory to the system when a crowd has gone: viewers of live pages, connections, requests. An idle gateway makes no
// garbage, so its collector would not run for minutes, and what the crowd left would stay.
func giveBack(every time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(every)
		defer tick.Stop()
		most := runtime.NumGoroutine()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			now := runtime.NumGoroutine()
			most = max(most, now)
			if most-now >= crowd {
				debug.FreeOSMemory()
				most = now
			}
		}
	}
}
