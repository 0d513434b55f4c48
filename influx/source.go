package influx

import (
	"context"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Source is the journal as the Writer sees it: four ordered streams and one durable position in them.
//
// Each stream is read in the order of its numbers. What has been returned once is returned again, unchanged, by every later read
// from the same place, also after a restart: the Writer relies on it to write the same points twice without harm. (A journal that was
// mended says less than before: what was set aside or is judged anew is missing. What InfluxDB has of it stays there, except where a
// new value of the same moment replaces it.) A read returns fewer than limit elements only if there are no more now. Elements are
// appended to dst; the slots between its length and its capacity hold elements of earlier reads, whose memory may be used again.
//
// The methods are called one at a time. An error of any of them is tried again with a growing delay.
type Source interface {
	// Records appends the records of every kind with Seq > after, at most limit. Only observations, the entries of people and
	// configurations are looked at; the others just move the position, so their contents may be left out.
	Records(ctx context.Context, after uint64, limit int, dst []telemetry.Record) ([]telemetry.Record, error)
	// Transitions appends the changes of verdict with ID > after, at most limit.
	Transitions(ctx context.Context, after int64, limit int, dst []Transition) ([]Transition, error)
	// Samples appends the occupancy samples with ID > after, at most limit.
	Samples(ctx context.Context, after int64, limit int, dst []Sample) ([]Sample, error)
	// Flows appends what passed counters of running totals with ID > after, at most limit. A flow is there as soon as the record
	// that brought it.
	Flows(ctx context.Context, after int64, limit int, dst []Flow) ([]Flow, error)
	// Configured gives the configuration record that was in force in each site after record seq; the sites' order does not matter.
	Configured(ctx context.Context, seq uint64) ([]telemetry.Record, error)
	// Position is the last one given to Advance; zero before the first.
	Position(ctx context.Context) (Position, error)
	// Advance makes to the durable position and stores the rejected points, both or neither. Everything up to to is
	// stored in InfluxDB or among rejected. A rejected point is evidence: it is kept, counted, and shown; one that is kept already
	// is not kept twice. The position may be the one before: then there are only rejected points to store.
	Advance(ctx context.Context, to Position, rejected []Rejected) error
}

// Position is the last element of each stream that the Writer is done with.
type Position struct {
	Record     uint64
	Transition int64
	Sample     int64
	Flow       int64
}

// Transition is a change of verdict with its place in the stream.
type Transition struct {
	ID int64 // ascending from 1, never reused; gaps are allowed
	rules.Transition
}

// Sample is an occupancy sample with its place in the stream.
type Sample struct {
	ID int64 // ascending from 1, never reused; gaps are allowed
	rules.Sample
}

// Flow is what passed a counter of running totals, with its place in the stream. Record does not fall along the stream while the
// journal is only written to. Where it was mended (gerbang journal repair-clock) a site's history is judged again from the first
// record that was set aside: those flows come behind newer ones of other sites, and are written as soon as they are met, with the
// places that their devices have where the Writer is then.
type Flow struct {
	ID int64 // ascending from 1, never reused; gaps are allowed
	rules.Flow
}

// Stream names one of the four streams.
type Stream string

// The streams.
const (
	Records     Stream = "records"
	Transitions Stream = "transitions"
	Samples     Stream = "samples"
	Flows       Stream = "flows"
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
