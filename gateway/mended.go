package gateway

import (
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Mended ends the mending of a clock: open alerts get times that have come, those that the history, judged again, does not ask
// for end, and those that it asks for and that are not there are opened. It gives these.
func (g *Gateway) Mended(now telemetry.Instant) []alerts.Alert {
	g.now = now
	g.batch.Changes = g.book.SetClock(now, g.batch.Changes)
	from := len(g.batch.Changes)
	for _, s := range g.order {
		if s.stopped != "" {
			continue
		}
		v := g.view(s)
		g.batch.Changes = g.book.Reconcile(s.id, v.Verdicts, now, g.batch.Changes)
		g.raise(&v)
		g.refresh(&v, now)
	}
	g.heard = 0
	var raised []alerts.Alert
	for _, c := range g.batch.Changes[from:] {
		if c.What == alerts.Opened {
			raised = append(raised, c.Alert)
		}
	}
	return raised
}

// raise opens the alerts of a site that its rules ask for and that are not open: the engine has said so where nobody listened.
func (g *Gateway) raise(v *rules.View) {
	type key struct {
		rule    string
		subject rules.Subject
	}
	open := map[key]bool{}
	for _, a := range g.book.Open() {
		if a.Site == v.Site {
			open[key{a.Rule, a.Subject}] = true
		}
	}
	for i := range v.Verdicts {
		x := &v.Verdicts[i]
		if x.Phase != rules.Firing || open[key{x.Rule, x.Subject}] {
			continue
		}
		a := rules.Alarm{Site: v.Site, Rule: x.Rule, Kind: x.Kind, Class: x.Class, Severity: x.Severity, Subject: x.Subject,
			At: x.PhaseSince, Phase: rules.Firing, Explanation: x.Explanation}
		g.batch.Changes = g.book.Alarm(&a, g.batch.Changes)
		if a.Doubt = rules.DemandOf(x.Class, x.Verdict, x.Explanation.Reason) == rules.Doubtful; a.Doubt {
			g.batch.Changes = g.book.Alarm(&a, g.batch.Changes)
		}
	}
}
