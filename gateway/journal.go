package gateway

import (
	"context"
	"errors"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Journal is the durable order of everything. One goroutine writes at a time.
type Journal interface {
	// Commit makes the batch durable as one transaction: when it returns nil, everything in it has been fsynced.
	// An error that wraps ErrOutcomeUnknown is fatal: the process must end and recover. Any other error means that nothing
	// of the batch is stored; the same batch may be committed again.
	Commit(ctx context.Context, b *Batch) error
	// Prepare may do ahead of time what the commit of the batch has to do with its records, transitions, samples and flows so far. The
	// batch gets more of them before its commit, and those that it has do not change. It promises nothing.
	Prepare(b *Batch)
	// State is what a restart begins with.
	State(ctx context.Context) (*State, error)
	// Replay calls fn with the site's records after the given one, in order, until fn fails. The record is only valid
	// during the call. While fn works nothing of the journal is held: it may never come back.
	Replay(ctx context.Context, site string, after uint64, fn func(*telemetry.Record) error) error
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

// ErrOutcomeUnknown says that a commit may or may not be on disk (a failed fsync): nothing can be promised any more by this
// process, and only recovery can find out.
var ErrOutcomeUnknown = errors.New("the outcome of a commit is unknown")

// ErrFull says that the disk is full. Nothing of the batch is stored.
var ErrFull = errors.New("the disk is full")

// ErrGone says that the journal is not where it was, or is not the one that it was: what would be acknowledged now would be in
// no journal. Nothing of the batch is stored.
var ErrGone = errors.New("the journal is gone")

// Batch is one transaction.
type Batch struct {
	Records     []telemetry.Record
	Transitions []rules.Transition
	Samples     []rules.Sample
	Flows       []rules.Flow
	Changes     []alerts.Change
	Signals     []alerts.Signal // owed from now on
	Sent        []string        // ids of signals that are no longer owed
	Snapshots   []Snapshot
	Rollups     []Rollup
	Counters    Counters // totals after this batch
	// Alive is when the gateway was seen running; 0: not noted in this batch.
	Alive telemetry.Instant
	Stops []Stop
}

// recordsChunk is how many records memory is taken for at once.
const recordsChunk = 256

// keepRollups is how many rows of rollups a batch keeps memory for.
const keepRollups = 1024

// Reset empties the batch and keeps its memory, except that of the records, which readers may still hold: the next batch gets
// what its chunk has left.
func (b *Batch) reset() {
	rest := b.Records[len(b.Records):]
	if cap(rest) < recordsChunk/8 {
		rest = make([]telemetry.Record, 0, recordsChunk)
	}
	rollups := b.Rollups[:0]
	if cap(rollups) > keepRollups {
		rollups = nil // of one snapshot, and many commits come before the next
	}
	*b = Batch{
		Records:     rest,
		Transitions: b.Transitions[:0], Samples: b.Samples[:0], Flows: b.Flows[:0], Changes: b.Changes[:0], Signals: b.Signals[:0],
		Sent: b.Sent[:0], Snapshots: b.Snapshots[:0], Rollups: rollups, Counters: b.Counters,
	}
}

func (b *Batch) empty() bool {
	return len(b.Records) == 0 && len(b.Changes) == 0 && len(b.Sent) == 0 && len(b.Snapshots) == 0 && b.Alive == 0 && len(b.Stops) == 0
}

// State is what a restart begins with.
type State struct {
	LastSeq   uint64
	Counters  Counters
	Snapshots map[string]Snapshot // newest by site
	// Engines are the engines that judged the sites last; a site whose journal names none was judged by version 1.
	Engines map[string]telemetry.Engine
	// LastReceived is when the last record was received.
	LastReceived telemetry.Instant
	// Identities are those of the newest records, oldest first, at most the size of the duplicate window.
	Identities []uint64
	Open       []alerts.Alert // open alerts
	// Stopped are the sites that are not judged, with the first record that was not.
	Stopped map[string]uint64
	// Alive is when the gateway was last seen running: the latest of what a batch has noted and the receipt of the last record.
	Alive telemetry.Instant
}

// Snapshot is a site's engine after one record. It bounds how much a restart must replay.
type Snapshot struct {
	Site string
	Seq  uint64 // the last record that is in it
	Body []byte
}

// Counters say what became of every message: Received = Stored + Duplicate + Rejected + Ignored, always.
type Counters struct {
	Received  uint64 `json:"received"`
	Stored    uint64 `json:"stored"`
	Duplicate uint64 `json:"duplicate"`
	Rejected  uint64 `json:"rejected"`
	// Ignored messages are not readings (a join, a status, a heartbeat); they are acknowledged and not stored.
	Ignored uint64 `json:"ignored"`
	// Readings is how many single values the stored messages carried.
	Readings uint64 `json:"readings"`
	// Unacknowledged is how many of the received came at QoS 0, which promises nothing.
	Unacknowledged uint64 `json:"unacknowledged"`
}

// Rollup is what one series amounted to in one minute of event time. Rows of the same series and minute add up.
type Rollup struct {
	Site     string
	Device   string
	Quantity telemetry.Quantity
	Channel  string
	Minute   telemetry.Instant // start of the minute
	Count    int64
	Sum      float64
	Min, Max float64
	Last     float64
	LastAt   telemetry.Instant
}
