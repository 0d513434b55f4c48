package journal

import (
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Batch is one transaction.
type Batch struct {
	Records     []telemetry.Record // numbered, from the one behind the last
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

// recordsMost is up to how many the next batch may lie in the same memory: what a larger one held would stay for as long. A start
// with thousands of sites is one batch of all their definitions.
const recordsMost = 8 * recordsChunk

// keepRollups is how many rows of rollups a batch keeps memory for.
const keepRollups = 1024

// keepMost is how many of everything else: a start with thousands of sites has a change of verdict of each rule about each zone in one
// batch, and none of the next has a thousandth of it.
const keepMost = 4096

// kept is the memory of a slice for the next batch, without what it held.
func kept[T any](s []T, most int) []T {
	if cap(s) > most {
		return nil
	}
	clear(s)
	return s[:0]
}

// Reset empties the batch and keeps its memory, except that of the records, which readers may still hold: the next batch gets
// what its chunk has left.
func (b *Batch) Reset() {
	rest := b.Records[len(b.Records):]
	if cap(rest) < recordsChunk/8 || cap(b.Records) > recordsMost {
		rest = make([]telemetry.Record, 0, recordsChunk)
	}
	*b = Batch{
		Records:     rest,
		Transitions: kept(b.Transitions, keepMost), Samples: kept(b.Samples, keepMost), Flows: kept(b.Flows, keepMost), Changes: kept(b.Changes, keepMost), Signals: kept(b.Signals, keepMost),
		Sent: kept(b.Sent, keepMost), Snapshots: kept(b.Snapshots, keepMost),
		Rollups:  kept(b.Rollups, keepRollups), // of one snapshot, and many commits come before the next
		Counters: b.Counters,
	}
}

// Empty reports whether there is nothing in the batch that would have to be stored for its own sake; counters alone are not.
func (b *Batch) Empty() bool {
	return len(b.Records) == 0 && len(b.Changes) == 0 && len(b.Sent) == 0 && len(b.Snapshots) == 0 && b.Alive == 0 && len(b.Stops) == 0
}

// Snapshot is a site's engine after one record. It bounds how much a restart must replay.
type Snapshot struct {
	Site string
	Seq  uint64 // the last record that is in it
	Body []byte
}

// Stop says from which record on a site is not judged; Seq 0: it is judged again, up to the present.
type Stop struct {
	Site string
	Seq  uint64
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
