package journal

import (
	"context"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Store is the journal of the loop that writes it: the durable order of everything.
type Store interface {
	Committer
	Recovery
}

// Committer takes batches. One goroutine writes at a time.
type Committer interface {
	// Commit makes the batch durable as one transaction: when it returns nil, everything in it has been fsynced. Records come with their
	// numbers, from the one behind the last, and do not change any more: readers may hold them. An error that is Fatal ends the process, which must recover. Any other error means that nothing
	// of the batch is stored; the same batch may be committed again.
	Commit(ctx context.Context, b *Batch) error
	// Prepare may do ahead of time what the commit of the batch has to do with its records, transitions, samples and flows so far. The
	// batch gets more of them before its commit, and those that it has do not change. It promises nothing, and nobody sees it before the
	// commit. It is for the goroutine that commits.
	Prepare(b *Batch)
}

// Recovery is what a start reads.
type Recovery interface {
	Replayer
	// State is what a restart begins with.
	State(ctx context.Context) (*State, error)
	// Standing calls fn with the site's configurations and entries up to a record, in order: what retention never deletes.
	Standing(ctx context.Context, site string, upTo uint64, fn func(*telemetry.Record) error) error
	// Deaf is since when nobody listened to a site's devices at a record, as the notes say that were made after another one; 0:
	// somebody did, or there is no such note.
	Deaf(ctx context.Context, site string, after, upTo uint64) (telemetry.Instant, error)
	// Before is the last record that was received before a time; 0: there is none.
	Before(ctx context.Context, t telemetry.Instant) (uint64, error)
	// Verdicts lists the newest change of verdict of each rule and subject of a site, late revisions left out.
	Verdicts(ctx context.Context, site string) ([]rules.Transition, error)
}

// Replayer reads records in their order.
type Replayer interface {
	// Replay calls fn with the site's records after the given one, in order, until fn fails; an empty site means all. The record is only
	// valid during the call. While fn works nothing of the journal is held: it may never come back. One that cannot be read comes as a
	// rejection.
	Replay(ctx context.Context, site string, after uint64, fn func(*telemetry.Record) error) error
}

// State is what a restart begins with.
type State struct {
	LastSeq   uint64 // also where that record is deleted, or lost: the next one comes behind it
	Counters  Counters
	Snapshots map[string]Snapshot // newest by site; a site is there from its first configuration on, if need be without a body
	// Engines are the engines that judged the sites last; a site whose journal names none was judged by version 1.
	Engines map[string]telemetry.Engine
	// LastReceived is when the last record was received.
	LastReceived telemetry.Instant
	// Identities are those of the newest records, oldest first, at most the size of the duplicate window.
	Identities []uint64
	Open       []alerts.Alert // open alerts
	// Silenced are resolved alerts that ended silenced within alerts.MaxSilence before Alive: what opens again about the same may be silenced
	// still. Older ones do no harm.
	Silenced []alerts.Alert
	// Stopped are the sites that are not judged, with the first record that was not.
	Stopped map[string]uint64
	// Alive is when the gateway was last seen running: the latest of what a batch has noted and the receipt of the last record.
	Alive telemetry.Instant
}

// Outbox holds the signals that are still owed to the broker.
type Outbox interface {
	// Owed lists the oldest signals that are owed, in the order in which they were.
	Owed(ctx context.Context, limit int) ([]alerts.Signal, error)
}
