package rules

import (
	"errors"
	"fmt"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// ErrNoProgress says that a record caused more work than any record can: deadlines that do not move the clock, or a history
// without an end. The engine is then in an unknown state.
var ErrNoProgress = errors.New("judging makes no progress")

// The bounds of what one record may cause.
const (
	// mostFirings is how often a deadline may come due at one and the same time: once by itself, and some more where facts
	// about that time move it.
	mostFirings = 8
	// mostSteps is how many questions to judges a record may cause. A month without records under fifty rules that look at
	// every minute takes two million.
	mostSteps = 20_000_000
)

// work counts what the record that is being applied has caused.
type work struct {
	at    telemetry.Instant // time of the last deadline that fired
	fires int               // at that time
	steps int
}

// stuck is how the engine leaves work without an end.
type stuck struct{ err error }

// end turns work without an end into an error. It is deferred by Apply.
func (w *work) end(site string, err *error) {
	switch p := recover().(type) {
	case nil:
	case stuck:
		*err = fmt.Errorf("%w: site %q: %w", ErrNoProgress, site, p.err)
	default:
		panic(p)
	}
}

// fired counts a deadline.
func (w *work) fired(e *Engine, slot int) {
	if e.clock != w.at {
		w.at, w.fires = e.clock, 0
	}
	if w.fires++; w.fires > mostFirings*len(e.queue.at) {
		panic(stuck{fmt.Errorf("%s comes due again and again at %v", e.slotName(slot), e.clock)})
	}
}

// judged counts a question to a judge.
func (w *work) judged(i *instance, t telemetry.Instant) {
	if w.steps++; w.steps > mostSteps {
		panic(stuck{fmt.Errorf("rule %q on %v is asked about ever more times, the last is %v", i.rule, i.subject, t)})
	}
}

// slotName says what is due in a slot.
func (e *Engine) slotName(slot int) string {
	switch i, k := slot-1, slot-1-len(e.watches); {
	case slot == 0:
		return fmt.Sprintf("the calendar (midnight %v, reset %v, level %v, protocol %v)", e.midnight, e.resetAt, e.levelAt, e.protocolAt)
	case i < len(e.watches):
		return fmt.Sprintf("the silence of device %q", e.watches[i].device.id)
	case k < len(e.instances):
		return fmt.Sprintf("rule %q on %v", e.instances[k].rule, e.instances[k].subject)
	}
	return "a sample of occupancy"
}
