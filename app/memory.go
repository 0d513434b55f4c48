package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"
)

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
