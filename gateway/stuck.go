package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
)

// While the journal refuses commits nothing is acknowledged and nothing is judged: the batch waits. People are told at once, with
// what else goes wrong meanwhile; all of that is part of the batch, and stored with it as soon as that is possible.

// refusals are the alerts about a journal that refuses commits. One is open at a time.
var refusals = []alerts.FaultName{alerts.FaultDiskFull, alerts.FaultJournalGone, alerts.FaultJournalRefuses}

func refusalOf(err error) alerts.FaultName {
	switch {
	case errors.Is(err, ErrFull):
		return alerts.FaultDiskFull
	case errors.Is(err, ErrGone):
		return alerts.FaultJournalGone
	}
	return alerts.FaultJournalRefuses
}

// refused tells people why the journal does not take the batch.
func (l *Loop) refused(err error) {
	name := refusalOf(err)
	if name == l.refusal {
		return
	}
	from := len(l.gw.batch.Changes)
	if l.refusal == "" {
		from = 0 // what the batch tells waits with it
	}
	l.refusal = name
	l.log.Error("the journal refuses commits; messages stay unacknowledged until it accepts them", "err", err)
	for _, other := range refusals {
		fault := alerts.Fault{Name: other}
		if other == name {
			fault.Firing, fault.Detail = true, err.Error()
		}
		l.gw.Fault(fault, l.clock.now())
	}
	l.tell(from)
}

// tell shows the changes of the waiting batch from one on.
func (l *Loop) tell(from int) {
	if changes := l.gw.batch.Changes[from:]; len(changes) > 0 {
		l.stuck(changes)
		l.live.opened(l.gw)
	}
}

// accepted ends the alert about a journal that takes commits again.
func (l *Loop) accepted() {
	if l.refusal == "" {
		return
	}
	l.gw.Fault(alerts.Fault{Name: l.refusal}, l.clock.now())
	l.refusal = ""
}

// mostWaiting bounds what people enter into a batch that is refused.
const mostWaiting = 1024

// meanwhile waits for the next try, and takes commands: their parts would wait for the loop otherwise, and people for what they
// report. It fails where the process is asked to stop, or a command fails that nobody waits for.
func (l *Loop) meanwhile(ctx context.Context, pause time.Duration, stop <-chan struct{}, cause error) error {
	next := time.NewTimer(pause)
	defer next.Stop()
	for {
		commands := l.commands
		if len(l.waiting) >= mostWaiting {
			commands = nil
		}
		select {
		case <-next.C:
			return nil
		case <-stop:
			return fmt.Errorf("stopping with an uncommitted batch: %w", cause)
		case c := <-commands:
			from := len(l.gw.batch.Changes)
			if err := l.run(ctx, c); err != nil {
				return err
			}
			l.tell(from)
		}
	}
}
