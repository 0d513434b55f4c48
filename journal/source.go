package journal

import (
	"context"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Streams are what the InfluxDB writer reads.
type Streams interface {
	// Source begins to read. Each is for one reader, whose calls come one at a time; all of them share one position.
	Source() Source
}

// Source is the journal as the InfluxDB writer sees it: four ordered streams and one durable position in them.
//
// Each stream is read in the order of its numbers. What has been returned once is returned again, unchanged, by every later read
// from the same place, also after a restart: the writer relies on it to write the same points twice without harm. (A journal that was
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
	// Configured gives the configuration record that was in force in each site after record seq, and the calibrations of devices up to it;
	// the sites' order does not matter, that of a site's records is theirs.
	Configured(ctx context.Context, seq uint64) ([]telemetry.Record, error)
	// Position is the last one given to Advance; zero before the first.
	Position(ctx context.Context) (Position, error)
	// Advance makes to the durable position and stores the rejected points, both or neither. Everything up to to is
	// stored in InfluxDB or among rejected. A rejected point is evidence: it is kept, counted, and shown; one that is kept already
	// is not kept twice. The position may be the one before: then there are only rejected points to store.
	Advance(ctx context.Context, to Position, rejected []Rejected) error
}

// Position is the last element of each stream that the InfluxDB writer is done with.
type Position struct {
	Record     uint64
	Transition int64
	Sample     int64
	Flow       int64
}

// Max is the later of two positions in every stream.
func (p Position) Max(q Position) Position {
	return Position{max(p.Record, q.Record), max(p.Transition, q.Transition), max(p.Sample, q.Sample), max(p.Flow, q.Flow)}
}

// Elements is how many there are from p, exclusive, to q, if the streams had no gaps.
func (p Position) Elements(q Position) uint64 {
	return q.Record - min(q.Record, p.Record) + uint64(q.Transition-min(q.Transition, p.Transition)) +
		uint64(q.Sample-min(q.Sample, p.Sample)) + uint64(q.Flow-min(q.Flow, p.Flow))
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
// places that their devices have where the writer is then.
type Flow struct {
	ID int64 // ascending from 1, never reused; gaps are allowed
	rules.Flow
}

// Stream names one of the four streams.
type Stream string

// The streams.
const (
	StreamRecords     Stream = "records"
	StreamTransitions Stream = "transitions"
	StreamSamples     Stream = "samples"
	StreamFlows       Stream = "flows"
)
