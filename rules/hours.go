package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// openHours say when the site was open, by the definition that was in force then.
type openHours interface {
	// openAt gives whether it is open at t, and a time until which that stays.
	openAt(t telemetry.Instant) (open bool, until telemetry.Instant)
}

// planAt is the plan in force at a time, or the first, and until when it is.
func (e *Engine) planAt(t telemetry.Instant) (p *plan, until telemetry.Instant) {
	n, until := len(e.plans)-1, telemetry.Never
	for ; n > 0 && e.plans[n].from > t; n-- {
		until = e.plans[n].from
	}
	return e.plans[n], until
}

func (e *Engine) openAt(t telemetry.Instant) (open bool, until telemetry.Instant) {
	p, until := e.planAt(t)
	open, _, next := p.open(t)
	return open, min(until, next)
}

// opensBy is the first moment at or after t at which the site is open; Never: there is none.
func opensBy(h openHours, t telemetry.Instant) telemetry.Instant {
	for t != telemetry.Never {
		open, until := h.openAt(t)
		if open {
			break
		}
		t = until
	}
	return t
}

// openFor is when the site has been open for so long since a time.
func openFor(h openHours, since telemetry.Instant, d time.Duration) telemetry.Instant {
	for t := since; ; {
		open, until := h.openAt(t)
		if open && (until == telemetry.Never || until.Sub(t) >= d) {
			return t.Add(d)
		}
		if until == telemetry.Never {
			return until
		}
		if open {
			d -= until.Sub(t)
		}
		t = until
	}
}
