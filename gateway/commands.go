package gateway

import (
	"context"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// command is work that must happen between two batches on the loop's goroutine. It is done once more where an engine did not
// come back meanwhile, which must be as good as once.
type command struct {
	do   func(ctx context.Context, now telemetry.Instant) error
	done chan error // answered after the commit; nil: nobody waits
}

// Enter commits something a person did at a time (0: now) and returns when it is durable. An entry that was committed
// already, by its ID, is not committed again.
func (l *Loop) Enter(ctx context.Context, site string, e telemetry.Entry, at telemetry.Instant) error {
	entered := false
	return l.call(ctx, func(ctx context.Context, now telemetry.Instant) error {
		if entered {
			return l.gw.settle(ctx)
		}
		entered = true
		return l.gw.Enter(ctx, site, e, at, now)
	})
}

// Configure brings new definitions and their decoder into force and returns when they are durable.
func (l *Loop) Configure(ctx context.Context, defs []rules.Definition, d Decoder, author string) error {
	tried := map[string]bool{}
	return l.call(ctx, func(ctx context.Context, now telemetry.Instant) error {
		if err := l.gw.plan(ctx, defs, author, now); err != nil {
			return err
		}
		l.gw.Use(d)
		if err := l.gw.settle(ctx); err != nil {
			return err
		}
		l.gw.retry(ctx, tried)
		return nil
	})
}

// Fault reports a change of the gateway's own health. It does not wait.
func (l *Loop) Fault(f alerts.Fault) {
	l.post(func(ctx context.Context, now telemetry.Instant) error {
		l.gw.Fault(f, now)
		return l.gw.listens(ctx, f, now)
	})
}

// Connected reports that the connection to the broker is there, or is not, since a time: without one nobody listens. It does
// not wait. People are told by Fault.
func (l *Loop) Connected(is bool, since time.Time) {
	l.post(func(ctx context.Context, now telemetry.Instant) error {
		return l.gw.listens(ctx, alerts.Fault{Name: connection, Firing: !is, Since: since}, now)
	})
}

// Accepted reports which alerts a router took. It does not wait.
func (l *Loop) Accepted(all []alerts.Acceptance) {
	l.post(func(_ context.Context, now telemetry.Instant) error {
		l.gw.Accepted(all, now)
		return nil
	})
}

// Reached reports what was learned of calls: that they went out, or came back, were shown or opened. It does not wait.
func (l *Loop) Reached(all []alerts.Report) {
	l.post(func(_ context.Context, now telemetry.Instant) error {
		l.gw.Reached(all, now)
		return nil
	})
}

// Sent reports signals that the broker has acknowledged. It does not wait.
func (l *Loop) Sent(ids []string) {
	l.post(func(context.Context, telemetry.Instant) error {
		l.gw.Sent(ids)
		return nil
	})
}

func (l *Loop) post(do func(context.Context, telemetry.Instant) error) {
	select {
	case l.commands <- command{do: do}:
	case <-l.stopped:
	}
}

func (l *Loop) call(ctx context.Context, do func(context.Context, telemetry.Instant) error) error {
	c := command{do: do, done: make(chan error, 1)}
	select {
	case l.commands <- c:
	case <-l.stopped:
		return ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-c.done:
		return err
	case <-l.stopped:
		return ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run does a command. Where nobody waits for it, its error is the loop's own.
func (l *Loop) run(ctx context.Context, c command) error {
	l.doing = c
	err := c.do(ctx, l.clock.now())
	l.doing = command{}
	switch {
	case c.done == nil:
		return err
	case err != nil:
		c.done <- err
	default:
		l.waiting = append(l.waiting, c)
	}
	return nil
}
