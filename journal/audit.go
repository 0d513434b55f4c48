package journal

import (
	"context"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Auditor lets all that was derived be compared with the records. Not every journal does.
type Auditor interface {
	Recovery
	Verifier
	// Compare compares the records with all that knows of them: their checksums, and what is noted outside of the journal. It may run beside
	// the gateway.
	Compare(ctx context.Context) (*Verification, error)
	// Integrity is what the database itself finds wrong with its pages and indexes, in its own words.
	Integrity(ctx context.Context) (wrong []string, err error)
	// Freeze begins a moment.
	Freeze(ctx context.Context) (Frozen, error)
	// Transitions calls fn for every change of verdict in the order of the records that caused them. A site that was judged again
	// after a stop has later numbers than its records: others went on meanwhile.
	Transitions(ctx context.Context, fn func(body string) error) error
	// DerivedSamples calls fn with every sample up to a record, in the order of the records that brought them.
	DerivedSamples(ctx context.Context, upTo uint64, fn func(*rules.Sample) error) error
	// DerivedFlows calls fn with every flow up to a record, in the order of the records that brought them.
	DerivedFlows(ctx context.Context, upTo uint64, fn func(*rules.Flow) error) error
}

// Frozen is the journal as of one moment, whatever is committed meanwhile. It must be closed: the journal grows until then.
type Frozen interface {
	// Moment says what there is.
	Moment() *Moment
	// Alerts calls fn with every alert, open or past. differs says how what stands beside the alert is not what it says itself; empty:
	// it is.
	Alerts(ctx context.Context, fn func(a *alerts.Alert, differs string) error) error
	// Minutes calls fn with every minute of the rollups. The value is good during the call only.
	Minutes(ctx context.Context, fn func(*Minute) error) error
	// Verdicts calls fn with each change of verdict of which something that stands beside it is not what it says itself.
	Verdicts(ctx context.Context, fn func(id int64, differs string) error) error
	// Close ends the moment.
	Close()
}

// Moment is what a journal has at one moment.
type Moment struct {
	// LastSeq is the last record of the moment, First the first one that is kept.
	First, LastSeq uint64
	// Snapshots are the records up to which the rollups of sites are written.
	Snapshots map[string]uint64
	// Mended are the sites whose clock was repaired: their history was made anew.
	Mended map[string]bool
	// Begins is the first record that can be compared with what was committed.
	Begins uint64
	// Deleted is set when retention has deleted records, Thinned where it has deleted samples or flows. (Of minutes those that are
	// left tell.)
	Deleted bool
	Thinned struct{ Samples, Flows bool }
}

// Minute is what the rollups say of a series in one minute.
type Minute struct {
	Site, Device, Quantity, Channel string
	At                              telemetry.Instant
	Count                           int64
	Sum, Min, Max, Last             float64
	LastAt                          telemetry.Instant
}
