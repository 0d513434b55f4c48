package journal

import (
	"context"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/audit"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Logs are the transparency logs of sites (see package audit). Facts enter them in the commit that records them. Not every journal has them. The
// methods are safe for concurrent use.
type Logs interface {
	// Log is the log of a site, an empty one being the gateway's own; false: it has none, as nothing has happened there. It can be read for as
	// long as the journal is open, and gives what is committed.
	Log(ctx context.Context, site string) (audit.Log, bool, error)
	// LogHeads lists logs in the order of their sites, behind one of them (empty: from the first on), at most limit. due: only those that have
	// entries behind their newest checkpoint, whose number does not matter to how long that takes.
	LogHeads(ctx context.Context, due bool, after *string, limit int) ([]LogHead, error)
	// KeepCheckpoints keeps checkpoints as the newest of their logs, and owes signals, in one transaction. One that is older than what is kept is
	// passed over: a log never goes back.
	KeepCheckpoints(ctx context.Context, all []SignedCheckpoint, signals []alerts.Signal) error
	// Tell adds entries to logs that no batch has: each an object of package audit with the site.
	Tell(ctx context.Context, site string, entries ...[]byte) error
	// Digest adds to the logs what binds the records that were received before a time and are in no digest yet, a day for a day.
	Digest(ctx context.Context, before telemetry.Instant) error
	// Salts gives the salts of entries of a site's log, from one on, and nil for those that have none any more.
	Salts(ctx context.Context, site string, first int64, n int) ([][]byte, error)
	// CheckLogs calls fn with what was found of each log and of the rows that its entries speak of, by site, as of one moment. sizes are those at
	// which the root of a site's log is wanted. Whether rows follow from the records is not looked at.
	CheckLogs(ctx context.Context, sizes map[string][]int64, fn func(*LogCheck) error) error
}

// LogHead is where a log ends.
type LogHead struct {
	Site string
	Size int64
	Root audit.Hash
	// Checkpoint is the newest as it was signed; nil: there is none. Published are its entries, Noted is when.
	Checkpoint []byte
	Published  int64
	Noted      telemetry.Instant
}

// SignedCheckpoint is one of a site's log.
type SignedCheckpoint struct {
	Site string
	Size int64
	Text []byte
}

// LogCheck is what a comparison of a log with the rows that its entries speak of has found.
type LogCheck struct {
	Site string
	Size int64
	Root audit.Hash
	// Checkpoint is the newest that is kept, as it was signed; nil: there is none. Published are its entries.
	Checkpoint []byte
	Published  int64
	// Roots are those of the log's first entries, as many as the checkpoint has and as was asked for.
	Roots map[int64]audit.Hash
	// Compared are the entries whose rows were compared, Erased those whose salt was erased, Mended those whose rows a repair of the journal
	// has taken back.
	Compared, Erased, Mended int64
	// Wrong is what is not as it was written.
	Wrong []string
	// Rows: it is about rows of the site that no log speaks of, and about nothing else.
	Rows bool
}
