package web

import (
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// firstBy says to whom an alert was shown first, or who opened it first, and how; empty: nothing tells.
func (t *scene) firstBy(a *alerts.Alert, of func(*alerts.Delivery) telemetry.Instant) string {
	var first *alerts.Delivery
	for i := range a.Calls {
		for k := range a.Calls[i].Deliveries {
			if d := &a.Calls[i].Deliveries[k]; of(d) != 0 && (first == nil || of(d) < of(first)) {
				first = d
			}
		}
	}
	if first == nil {
		return ""
	}
	return first.To + ", " + t.way(first.Via)
}

// seenAt and lookedAt are when a delivery came before somebody's eyes.
func seenAt(d *alerts.Delivery) telemetry.Instant {
	if d.Shown == 0 {
		return d.Looked
	}
	return d.Shown
}

func lookedAt(d *alerts.Delivery) telemetry.Instant { return d.Looked }

// reachingStep puts what became of a call into words. That it was sent stands in the list of those who were called.
func (t *scene) reachingStep(c *alerts.Change) (alertStep, bool) {
	step := alertStep{at: c.At}
	calls := c.Alert.Calls
	if n := len(calls); c.What == alerts.Called && n > 0 {
		step.What = t.T("alertlog.step.called", "Who", t.calledWhom(&calls[n-1]))
		return step, true
	}
	when := map[alerts.What]func(*alerts.Delivery) telemetry.Instant{
		alerts.Shown: func(d *alerts.Delivery) telemetry.Instant { return d.Shown }, alerts.Looked: lookedAt,
	}[c.What]
	if when == nil {
		return step, false
	}
	var newest *alerts.Delivery // the one that the change is about
	for i := range calls {
		for k := range calls[i].Deliveries {
			if d := &calls[i].Deliveries[k]; when(d) != 0 && (newest == nil || when(d) >= when(newest)) {
				newest = d
			}
		}
	}
	if newest == nil {
		return step, false
	}
	key := "alertlog.step.shown"
	if c.What == alerts.Looked {
		key = "alertlog.step.looked"
	}
	step.What = t.T(key, "Who", newest.To, "Way", t.way(newest.Via))
	return step, true
}
