package gateway

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// tellSet is for how long people are told that the clock was set.
const tellSet = 10 * time.Minute

// watchClock says that the wall clock jumped, or was right after all, and takes over a new time that has stayed.
func (l *Loop) watchClock(ctx context.Context) error {
	now := l.clock.now()
	l.present.Store(int64(now))
	if was, is, set := l.clock.taken(); set {
		l.log.Warn("the clock was set; judging goes on with the new time", "from", was, "to", is)
		l.setFor, l.looked = l.clock.elapsed()+tellSet, now
		l.trouble = fmt.Sprintf("%s → %s", was.Time().Format(time.DateTime), is.Time().Format(time.DateTime))
		l.gw.Fault(alerts.Fault{Name: alerts.FaultClockJump, Detail: l.trouble, Firing: true}, now)
		if err := l.gw.SetClock(ctx, now); err != nil {
			return err
		}
	} else if since := cmp.Or(l.looked, l.gw.resumed); since != 0 && now.Sub(since) >= deafAtLeast {
		// The machine slept, the process was stopped, the journal took no commits, or the start took long.
		told, err := l.gw.paused(ctx, since, now)
		if told {
			l.log.Warn("the gateway did not listen", "since", since, "for", now.Sub(since).Round(time.Second))
		}
		if err != nil {
			return err
		}
	}
	first := l.looked == 0
	l.looked = now
	trouble := l.clock.trouble()
	if trouble == l.trouble && !first || trouble == "" && l.clock.elapsed() < l.setFor {
		return nil
	}
	switch {
	case trouble != "":
		l.log.Warn("the wall clock jumped; the gateway goes on with its own time", "wall_clock", trouble)
	case l.trouble != "":
		l.log.Info("the wall clock goes with the gateway's again")
	}
	l.gw.Fault(alerts.Fault{Name: alerts.FaultClockJump, Detail: trouble, Firing: trouble != ""}, now)
	l.trouble = trouble
	l.tellHealth()
	return nil
}

// Health is what the loop says about itself.
type Health struct {
	// Clock is how far the machine's clock is off, or from when to when it was set lately; empty: it is right.
	Clock string
	// Stopped are the sites that are not judged, with the reason.
	Stopped map[string]string
}

// Now is the present by the gateway's own clock, as it was at the last step: less than a second ago, unless the journal refuses commits.
// 0: before the first. It is safe for concurrent use.
func (l *Loop) Now() telemetry.Instant { return telemetry.Instant(l.present.Load()) }

// Health is safe for concurrent use.
func (l *Loop) Health() Health { return *l.health.Load() }

func (l *Loop) tellHealth() {
	l.stops = l.gw.stops.Load()
	l.health.Store(&Health{Clock: l.trouble, Stopped: l.gw.Stopped()})
}
