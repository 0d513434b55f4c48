package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
)

// While the journal refuses commits nothing is acknowledged, and the batch waits. Judging goes on: what devices still send, up to a
// bound, and the rules that time alone breaks. People are told at once of that and of what else goes wrong; all of it is part of the
// batch, and stored with it as soon as that is possible. Who waits for an acknowledgement sends no more, so that nobody counts as
// silent: the sites are told that nobody listens.

// refusals are the alerts about a journal that refuses commits. One is open at a time.
var refusals = []alerts.FaultName{alerts.FaultDiskFull, alerts.FaultJournalGone, alerts.FaultJournalRefuses}

func refusalOf(err error) alerts.FaultName {
	switch {
	case errors.Is(err, journal.ErrFull):
		return alerts.FaultDiskFull
	case errors.Is(err, journal.ErrGone):
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
	l.refusal, l.refusedAt = "", 0
}

// mostUnsettled is how many records are judged before they can be stored: they are all in memory, and in one commit then.
const mostUnsettled = 20_000

// judge goes on judging while the journal refuses commits.
func (l *Loop) judge(ctx context.Context) error {
	from := len(l.gw.batch.Changes)
	now := l.clock.now()
	if l.refusedAt == 0 {
		l.refusedAt = now
	}
	if len(l.gw.batch.Records) < mostUnsettled {
		if _, err := l.accept(ctx); err != nil {
			return err
		}
		if now.Sub(l.refusedAt) >= deafAtLeast {
			since := alerts.Fault{Name: refusing, Firing: true, Since: l.refusedAt.Time()}
			if err := l.gw.listens(ctx, since, now); err != nil {
				return err
			}
		}
		if err := l.gw.Advance(ctx, now); err != nil {
			return err
		}
		l.looked = now // what follows is no pause: it is judged
	}
	l.tell(from)
	for i := range l.gw.batch.Records[l.judged:] {
		l.live.dirty[l.gw.batch.Records[l.judged+i].Site] = true
	}
	l.judged = len(l.gw.batch.Records)
	l.display(l.live.publish(l.gw, now))
	return nil
}

// listenAgain ends what judge has told the sites.
func (l *Loop) listenAgain(ctx context.Context) error {
	l.judged = 0
	if !l.gw.away[refusing] {
		return nil
	}
	return l.gw.listens(ctx, alerts.Fault{Name: refusing}, l.clock.now())
}

// mostWaiting bounds what people enter into a batch that is refused.
const mostWaiting = 1024

// meanwhile waits for the next try, and takes commands: their parts would wait for the loop otherwise, and people for what they
// report. It fails where the process is asked to stop, or a command fails that nobody waits for.
func (l *Loop) meanwhile(ctx context.Context, pause time.Duration, stop <-chan struct{}, cause error) error {
	next := time.NewTimer(pause)
	defer next.Stop()
	due := time.NewTicker(idle)
	defer due.Stop()
	for {
		if err := l.judge(ctx); err != nil {
			return err
		}
		commands := l.commands
		if len(l.waiting) >= mostWaiting {
			commands = nil
		}
		select {
		case <-next.C:
			return nil
		case <-due.C:
		case <-l.live.wanted:
			l.display(l.live.serve(l.gw))
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
