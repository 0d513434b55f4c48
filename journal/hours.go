package journal

import (
	"context"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Hours are the long memory of how many people were where: a figure an hour, kept for good, also where the samples it was made of are
// deleted, and read a year at a time.
type Hours interface {
	// Condense makes hours of the samples of all hours that were over at a time, and tells how many it made. It works in steps between the
	// commits, until nothing is left or ctx ends; what it has made it makes no more. An hour is made once more where a sample of it comes
	// later.
	Condense(ctx context.Context, now telemetry.Instant) (int, error)
	// Hours lists the hours of a zone (empty: the building) that begin in [from, until), in order. One in which nothing changed is left out:
	// it is as the one before ended. Where the first is not the beginning, one before it is listed as well, if there is one. Hours that are
	// not condensed yet are made for the answer.
	Hours(ctx context.Context, site, zone string, from, until telemetry.Instant) ([]rules.Hour, error)
}
