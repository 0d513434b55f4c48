package journal

import (
	"context"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Refused is a rejected point as the journal keeps it.
type Refused struct {
	Number int64             // in the order in which they were refused
	When   telemetry.Instant // it was refused; 0: by an older version, not known
	Rejected
}

// Rejected is a point that InfluxDB refused for good, mostly because a field has another type there.
type Rejected struct {
	Stream Stream
	ID     int64 // number of the element within its stream; a record's Seq
	Site   string
	Device string // empty for transitions and samples
	At     telemetry.Instant
	// Line is the point in line protocol, or the one field of it that was refused, whole: it can be sent again.
	Line   string
	Reason string // the server's words, bounded and without secrets
}

// Refusals are the points that InfluxDB refused. The methods are safe for concurrent use.
type Refusals interface {
	// Refused lists points with a number below before (0: from the newest on), the newest first; an empty site means all.
	Refused(ctx context.Context, site string, before int64, limit int) ([]Refused, error)
	// RefusedCount is how many are kept.
	RefusedCount(ctx context.Context) (int64, error)
	// Stored forgets points that InfluxDB has taken after all.
	Stored(ctx context.Context, numbers []int64) error
}
