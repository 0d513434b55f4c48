package journal

import (
	"context"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Mender mends a journal that was written by a clock that was ahead. Not every journal does. The gateway must not run.
type Mender interface {
	Store
	// Future lists the records that were received behind a time, in order.
	Future(ctx context.Context, now telemetry.Instant) ([]Aside, error)
	// FutureAlerts lists the alerts that were opened or resolved behind a time, in order.
	FutureAlerts(ctx context.Context, now telemetry.Instant) (FutureAlerts, error)
	// SetAside puts rejections in the place of records from the future, and forgets what was derived from them and behind them at
	// their sites: that is judged again at the next start. Alerts are removed or opened again as FutureAlerts says; a broker that
	// shows one of the removed ones is told. It is one transaction.
	SetAside(ctx context.Context, all []Aside, future FutureAlerts, now telemetry.Instant) error
	// EnginesFrom lists the versions of the engine that have judged a site from a record on.
	EnginesFrom(ctx context.Context, site string, seq uint64) ([]string, error)
}

// Aside is a record whose receipt lies in the future.
type Aside struct {
	Record telemetry.Record
	// Kept: it stays in force, with the time of the record before it: a site is nothing without its configuration.
	Kept bool
	// Received is the time that it, or the rejection in its place, has from now on.
	Received telemetry.Instant
}

// FutureAlerts are the alerts whose times lie behind a time, and have no place in a history that ends before it.
type FutureAlerts struct {
	// Opened were opened then: SetAside removes them. Ended were opened before and resolved then: SetAside opens them again.
	Opened, Ended []alerts.Alert
}
