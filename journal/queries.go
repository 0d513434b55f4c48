package journal

import (
	"context"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Queries are what pages ask.
type Queries interface {
	// History lists the resolved alerts of a site, the newest first; an empty site means all.
	History(ctx context.Context, site string, limit int) ([]alerts.Alert, error)
	// Rejections lists messages that were not understood, the newest first; an empty site means all.
	Rejections(ctx context.Context, site string, limit int) ([]telemetry.Record, error)
	// Occupancy lists the samples of [from, until) in order, and first the one that still held at from, with its own time, if there
	// is one; an empty zone means the whole site. Each holds until the next one.
	Occupancy(ctx context.Context, site, zone string, from, until telemetry.Instant) ([]rules.Sample, error)
	// Counts lists the counts and corrections that people entered for a zone of a site (empty: the building), the newest first.
	Counts(ctx context.Context, site, zone string, limit int) ([]telemetry.Record, error)
	// Entries lists what people entered of one kind at a site, the newest first.
	Entries(ctx context.Context, site string, kind telemetry.EntryKind, limit int) ([]telemetry.Record, error)
	// EntriesDuring lists what people entered of one kind at a site about times in [from, until), the newest first.
	EntriesDuring(ctx context.Context, site string, kind telemetry.EntryKind, from, until telemetry.Instant, limit int) ([]telemetry.Record, error)
	// Entry finds the entry with an ID; false: there is none.
	Entry(ctx context.Context, site, id string) (telemetry.Record, bool, error)
	// Observations calls fn with the observations of a site that came before record seq (0: from the newest on), the newest first, until fn
	// says that it is enough, there are no more, or most records were looked at. It returns the record before which to go on; 0: there are no
	// more. The record's readings are valid until fn returns.
	Observations(ctx context.Context, site string, before uint64, most int, fn func(*telemetry.Record) (enough bool)) (next uint64, err error)
	// Configurations lists the configuration records and calibrations of a site behind one record and up to another, in order.
	Configurations(ctx context.Context, site string, after, until uint64) ([]telemetry.Record, error)
}

// AlertLog is what is recorded of single alerts. None of it is ever deleted.
type AlertLog interface {
	// Alert finds an alert, open or resolved; false: there is none.
	Alert(ctx context.Context, id string) (alerts.Alert, bool, error)
	// AlertsDuring lists the alerts of a site that were open at any time in [from, until), the newest first; an empty site means all. All
	// includes those of the gateway itself.
	AlertsDuring(ctx context.Context, site string, from, until telemetry.Instant, limit int) ([]alerts.Alert, error)
	// AlertChanges lists the newest steps in the life of an alert in their order, but for those that only moved its values, or say that a call
	// went out: the alert itself has those.
	AlertChanges(ctx context.Context, id string, limit int) ([]alerts.Change, error)
	// EntriesAbout lists what people entered of one kind about one thing of a site, the newest first.
	EntriesAbout(ctx context.Context, site string, kind telemetry.EntryKind, subject string, limit int) ([]telemetry.Record, error)
}

// Periods find what was received when.
type Periods interface {
	// Received finds what was received from one time until another.
	Received(ctx context.Context, from, until telemetry.Instant) (Range, error)
}

// Range is what the journal holds of a period of receipt, for the InfluxDB writer.
type Range struct {
	From, To Position // behind From and up to To
	Head     Position // where the journal ends
	// Oldest is when the oldest message that the journal holds was received, Newest the newest; 0: it holds none. Pruned says that there were older
	// ones once.
	Oldest, Newest telemetry.Instant
	Pruned         bool
}
