package journal

import (
	"context"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Keeper keeps a journal in order while it is used.
type Keeper interface {
	// Held says why the journal has not taken commits since it was opened; nil: it does.
	Held() error
	// GiveUp holds a journal that is open where what a start reads cannot be read in it, and reports whether that is so: nothing can be
	// recovered from it then, and nothing more is written to it. Nobody else may use it yet.
	GiveUp(ctx context.Context, err error) bool
	// Bytes is about how much the journal takes on disk. It returns at once.
	Bytes() int64
	// Retain deletes what is past its retention, in steps between the commits, until nothing is left to delete or ctx ends. It never
	// deletes a record that a cursor or a snapshot still needs, and never the number of one.
	Retain(ctx context.Context, r Retention, now telemetry.Instant) (Removed, error)
}

// Retention bounds what the journal keeps. Zero values keep everything.
type Retention struct {
	// Records is how long messages, and points that InfluxDB refused, are kept, Samples how long the occupancy in steps of seconds and the flow of running totals,
	// Rollups how long minutes.
	// Verdicts, alerts, what people did, and who listened when are never deleted.
	Records, Samples, Rollups time.Duration
	// MaxBytes bounds the database: the oldest records go first.
	MaxBytes int64
	// Rejections is how many messages that were not understood are kept: the oldest go first, and never a reading for them. Where
	// MaxBytes is small they have a tenth of it.
	Rejections int64
	// Cursors tells whether the InfluxDB writer runs: only then does its position hold records back.
	Cursors bool
}

// Removed says what a Retain deleted, and what held it back.
type Removed struct {
	Records, Samples, Flows, Rollups, Refused int64
	// Rejections are those that were more than may be kept; Records counts those that were too old.
	Rejections int64
	// HeldBy says who needs records that are too old or too many: a reader, or a site's snapshot; empty: nobody.
	HeldBy string
}
