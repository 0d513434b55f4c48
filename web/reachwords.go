package web

import (
	"slices"
	"strings"

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
	return t.reached(first) + ", " + t.way(first.Via)
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
	step.What, step.seen, step.who = t.T(key, "Who", t.reached(newest), "Way", t.way(newest.Via)), c.What, t.reached(newest)
	return step, true
}

// together tells in one line before whose eyes an alert came one after another: forty phones that show it within a second are one thing that happened.
func (t *scene) together(steps []alertStep) []alertStep {
	var told []alertStep
	for len(steps) > 0 {
		first, n := steps[0], 1
		who := []string{first.who}
		for ; first.seen != "" && n < len(steps) && steps[n].seen == first.seen; n++ {
			if !slices.Contains(who, steps[n].who) {
				who = append(who, steps[n].who)
			}
		}
		if rest := len(who) - namedTogether; n > 1 {
			key := "alertlog.step.shown_together"
			if first.seen == alerts.Looked {
				key = "alertlog.step.looked_together"
			}
			if first.What, first.Text = t.T(key, "Count", n), strings.Join(who[:min(len(who), namedTogether)], ", "); rest > 0 {
				first.Text = t.T("alertlog.step.and_others", "Who", first.Text, "Count", rest)
			}
			if last := steps[n-1].When; last != first.When {
				first.When = t.T("alertlog.step.from_to", "From", first.When, "To", last)
			}
		}
		told, steps = append(told, first), steps[n:]
	}
	return told
}

// namedTogether is how many are named in such a line.
const namedTogether = 6
