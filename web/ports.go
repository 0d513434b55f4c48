package web

import (
	"context"
	"errors"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Live is the state that the engines publish. Its methods are called from many goroutines and, but for View, return at once.
type Live interface {
	// Views are all sites, sorted by id; verdicts may be left out of them, and an outline then stands in their place. The caller owns
	// the slice and never changes what the views point to; the publisher never changes a view it has published.
	Views() []rules.View
	// View is one site with its verdicts. Those of a site that nobody looked at lately are made first, which takes a moment; where they
	// cannot be made now, they are left out.
	View(site string) (*rules.View, bool)
	// Outline is one site for whoever does not look at its verdicts; they may be left out.
	Outline(site string) (*rules.View, bool)
	// Subscribe gives a channel of capacity one that receives when any view or alert has changed since the last receive;
	// changes that nobody has taken yet are one. cancel releases it and may be called twice.
	Subscribe() (changed <-chan struct{}, cancel func())
}

// Alerts are the demands on people.
type Alerts interface {
	// Open lists the open alerts of all sites and of the gateway, the oldest first. The caller owns the slice.
	Open() []alerts.Alert
	// History lists the alerts of a site that are resolved, the newest first; an empty site means all.
	History(ctx context.Context, site string, limit int) ([]alerts.Alert, error)
}

// Entries take what people do. A nil error means that the entry is on disk and applied.
type Entries interface {
	// Acknowledge says that author handles the alert until the given time; claimed: that is what he said of himself. ErrNotFound: no such
	// alert is open.
	Acknowledge(ctx context.Context, alert, author string, claimed bool, reason string, until telemetry.Instant) error
	// Enter takes a count or a correction of the people in a zone (Subject empty: in the building) at a time (0: now), or a level, and
	// gives its record. Where an entry with its ID was made before, whatever it said, that changes nothing and gives the record of then.
	Enter(ctx context.Context, site string, e telemetry.Entry, at telemetry.Instant) (telemetry.Record, error)
	// Entered gives the record of the entry with an ID; false: there is none on disk.
	Entered(ctx context.Context, site, id string) (telemetry.Record, bool, error)
	// Counts lists what was entered for a zone (empty: the building), the newest first.
	Counts(ctx context.Context, site, zone string, limit int) ([]telemetry.Record, error)
	// Entries lists what was entered of one kind at a site, the newest first.
	Entries(ctx context.Context, site string, kind telemetry.EntryKind, limit int) ([]telemetry.Record, error)
	// EntriesDuring lists what was entered of one kind at a site about times in [from, until), the newest first.
	EntriesDuring(ctx context.Context, site string, kind telemetry.EntryKind, from, until telemetry.Instant, limit int) ([]telemetry.Record, error)
}

// Rejections are the messages that were not understood.
type Rejections interface {
	// Rejections lists the newest first, with Record.Rejection set; an empty site means all, also those of no known site.
	Rejections(ctx context.Context, site string, limit int) ([]telemetry.Record, error)
}

// Strangers are the devices that publish and are not configured.
type Strangers interface {
	// Strangers lists them, the newest first. It returns at once; the caller owns the slice.
	Strangers() []Stranger
}

// Stranger is a device, or a topic, that is heard and not configured.
type Stranger struct {
	Topic       string
	Why         string // nothing is read of it
	First, Last time.Time
	Messages    uint64
	// Guesses are models that it may be of, the likeliest first.
	Guesses []Guess
}

// Guess is a model that a stranger may be of.
type Guess struct {
	Model, Title string
	Address      string   // how the model's messages name the device
	Quantities   []string // that the model reads in its message
	Detail       string   // why it reads none
	YAML         string   // the entry for the devices of a site's file
}

// Rollups are the charts' source.
type Rollups interface {
	// Occupancy lists the samples of [from, until) in order, and before them the one that still held at from, with its own time;
	// an empty zone means the whole site. Each holds until the next one, which says so where nobody knows any more.
	Occupancy(ctx context.Context, site, zone string, from, until telemetry.Instant) ([]rules.Sample, error)
}

// Histories are what is recorded of verdicts.
type Histories interface {
	// History gathers what a site's report is made of; ErrTooMuch where that is more than one answer adds up.
	History(ctx context.Context, q HistoryQuery) (*compliance.Input, error)
}

// Rehearsals try a level on a site's own last week.
type Rehearsals interface {
	// Rehearse begins the rehearsal of a level at a site, unless it is running or was made lately, and gives it as it stands. It returns at
	// once. ErrTooMuch: too many are asked for.
	Rehearse(site, level string) (Rehearsal, error)
}

// Rehearsal is a level tried on the last seven days of a site.
type Rehearsal struct {
	Done     bool
	Progress float64           // of the work, 0 to 1
	Failed   bool              // it could not be made; the log says why
	Outcome  *rehearse.Outcome // once it is done; never changed
	Made     time.Time         // when it was begun; when it was finished, once it is done
	Took     time.Duration
}

// ErrTooMuch is what a port returns about a question whose answer is too long.
var ErrTooMuch = errors.New("too much at once")

// HistoryQuery asks for the verdicts of a site in a period.
type HistoryQuery struct {
	Site        string
	From, Until telemetry.Instant
	Known       telemetry.Instant // what was told later is left out; 0: nothing is
	AtTheTime   bool              // what late data revised is left out
	Explained   bool              // with whole explanations, for a page that shows them
}

// ErrBadCursor is what Readings returns about a place that is none of its own.
var ErrBadCursor = errors.New("no place where a list goes on")

// Readings are what devices sent.
type Readings interface {
	// Readings lists readings with From ≤ at < Until, the newest first; those of the journal in the order of arrival.
	Readings(ctx context.Context, q ReadingsQuery) (ReadingsPage, error)
}

// ReadingsQuery asks for readings of one site.
type ReadingsQuery struct {
	Site         string             // required
	Zone, Device string             // empty: any
	Quantity     telemetry.Quantity // NoQuantity: any
	From, Until  telemetry.Instant
	Limit        int    // a page may hold a few more
	After        string // Next of the page before; empty: the first page
}

// ReadingsPage is a part of the answer.
type ReadingsPage struct {
	Source string // "influxdb" or "journal"
	// Why InfluxDB was not the source: off, quantity (it is asked for one quantity at a time), behind, failed, refused; empty: it was.
	Why   string
	Words string // of InfluxDB, where it refused; safe to show
	Rows  []ReadingRow
	Next  string // where the next page begins; empty: there is none. A page with a next one may be empty.
}

// ReadingRow is one value that a device sent.
type ReadingRow struct {
	At                                            telemetry.Instant
	Site, Zone, Door, Device, Channel, Provenance string
	Quantity                                      telemetry.Quantity
	// Value is as it is meant at the device's place; without HasValue the reading was not reckoned with.
	Value    float64
	HasValue bool
	// Raw is what the device sent, with HasRaw only where that is something else.
	Raw           float64
	HasRaw        bool
	Text          string // the kind of a press
	ClockReplaced bool   // the device's time was impossible: At is that of receipt
}

// Refused are points that InfluxDB refused for good.
type Refused interface {
	// Refused lists those with a number below before (0: from the newest on), the newest first; an empty site means all.
	Refused(ctx context.Context, site string, before int64, limit int) ([]RefusedPoint, error)
	// Again sends those of a site (empty: all) once more, and tells how many were stored, which are forgotten, and how many are still refused.
	Again(ctx context.Context, site string) (stored, refused int, err error)
}

// RefusedPoint is a point, or a single field of one.
type RefusedPoint struct {
	Number       int64
	When         telemetry.Instant // it was refused; 0: not known
	At           telemetry.Instant // of the point
	Site, Device string
	Line         string // in line protocol
	Reason       string // InfluxDB's words
}

// Health says how the gateway itself is. Status returns at once.
type Health interface {
	Status() Status
}

// ErrNotFound is what a port returns about something that is not there. Pages answer 404.
var ErrNotFound = errors.New("not found")

// Status is the gateway's own state at one moment.
type Status struct {
	Version string
	Started time.Time
	// Journal and Broker decide readiness: without either of them the gateway cannot keep its promises.
	Journal JournalStatus
	Broker  BrokerStatus
	// Counters are of one consistent moment.
	Counters Counters
	// Lags are what waits where, in the order of the way of a message.
	Lags []Lag
	// Services are what stands behind the gateway: InfluxDB, the alert router, MQTT signals.
	Services []Service
}

// Ready reports whether the gateway takes and keeps messages.
func (s *Status) Ready() bool { return s.Journal.Writable && s.Broker.Heard }

// JournalStatus is the state of the one durable record.
type JournalStatus struct {
	Writable bool
	Reason   string // why not; safe to show
	Records  uint64 // position of the last record
	Bytes    int64  // on disk
}

// BrokerStatus is the state of the feed.
type BrokerStatus struct {
	// Heard: the end-to-end canary came back in time. A connection alone proves nothing.
	Heard  bool
	Last   time.Time // when anything was last heard; zero: never
	Reason string    // why not; safe to show
}

// Counters are messages since the journal began. Received = Stored + Duplicate + Rejected + Ignored, always.
type Counters struct {
	Received  uint64
	Stored    uint64
	Duplicate uint64
	Rejected  uint64
	// Ignored were understood and are no readings: a join, a status, a heartbeat.
	Ignored uint64
}

// Balanced reports whether the promise holds.
func (c Counters) Balanced() bool {
	return c.Received == c.Stored+c.Duplicate+c.Rejected+c.Ignored
}

// Lag is a place where things wait.
type Lag struct {
	Name    string // of a closed set: "intake", "journal", "rules", "influx", "outbox", "alerts", …
	Waiting uint64
	Oldest  time.Duration // age of the oldest that waits; 0: nothing waits, or it is not known
}

// Service is something behind the gateway that may be down without stopping it.
type Service struct {
	Name   string // of a closed set: "influx", "router", "signals", …
	State  ServiceState
	Detail string    // what is wrong, safe to show; empty when all is well
	Since  time.Time // of State; zero: since the start
}

// ServiceState is the closed set of what a service can be.
type ServiceState string

// The states.
const (
	ServiceOff     ServiceState = "off"     // not configured
	ServiceOK      ServiceState = "ok"      // works
	ServiceWaiting ServiceState = "waiting" // does not answer; retried by itself
	ServiceFailing ServiceState = "failing" // refuses: a person must change something
)
