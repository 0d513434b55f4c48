package rules

import "github.com/gerbang-iot/gerbang/telemetry"

// doorState is what passed a door.
type doorState struct {
	id       string
	index    int
	total    tally // since the journal began
	today    tally
	screened uint64 // body temperatures today
	tooWarm  uint64 // of them, beyond the threshold
	counted  telemetry.Instant

	watchers []*instance
}
