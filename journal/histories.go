package journal

import (
	"context"
	"errors"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Histories are what adding up verdicts asks. None of it is ever deleted.
type Histories interface {
	// VerdictHistory gives what is recorded of a site's verdicts in [From, Until), with what stood before. ErrTooMuch: there are more
	// changes than the query allows.
	VerdictHistory(ctx context.Context, q HistoryQuery) (*VerdictHistory, error)
}

// ErrTooMuch is what VerdictHistory says of a period with more changes of verdict than it may give.
var ErrTooMuch = errors.New("too many changes of verdict")

// HistoryQuery asks for the history of one site.
type HistoryQuery struct {
	Site        string
	From, Until telemetry.Instant
	// Known leaves out changes that were told later; 0: none.
	Known telemetry.Instant
	// Explained asks for whole explanations. Without it the changes have the reason alone, and the kind and class of the first change that
	// is given of their rule and subject.
	Explained bool
	// Most bounds the changes of the period; 0: any number.
	Most int
}

// VerdictHistory is what is recorded of a site in a period.
type VerdictHistory struct {
	// Transitions are the changes of verdict in the order in which they were recorded: those of the period, those by late data that reach into
	// it from before, and of each rule and subject the last one before it that is not by late data.
	Transitions []rules.Transition
	// Notes are what the gateway told the site about itself: those received in the period, the last before and the first behind it.
	Notes []telemetry.Record
	// Configurations are those that were in force in the period, in order: the last before it, and those received in it.
	Configurations []telemetry.Record
	// Stopped is when the first record came that is not judged; 0: all are.
	Stopped telemetry.Instant
}
