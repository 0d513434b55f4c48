package rules

import (
	"math"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// enter takes in something a person did. Acknowledgements and outcomes change no verdict.
func (e *Engine) enter(n *telemetry.Entry, at telemetry.Instant) {
	switch n.Kind {
	case telemetry.EntryCount, telemetry.EntryCorrection:
		z := e.building
		if n.Subject != "" && n.Subject != e.site {
			z = e.zoneByID[n.Subject]
		}
		if z == nil || math.IsNaN(n.Value) {
			return
		}
		if z.heard == 0 || at < z.heard {
			z.heard = at
		}
		if n.Kind == telemetry.EntryCount {
			z.anchor(at, peopleOf(max(0, n.Value)), 0, true)
		} else {
			z.flow(at, peopleOf(n.Value), 0)
		}
		z.age(e.clock, e.plan.exact())
		e.crowdChanged(z, at)
	case telemetry.EntryTask:
		t := e.taskByID[n.Subject]
		if t == nil || n.Value == 0 {
			return
		}
		e.log(t, doneAt{at: at, record: e.record})
	case telemetry.EntryLevel:
		if !e.plan.def.knowsLevel(n.Text) {
			return // it would lift every limit
		}
		e.levels.enter(levelEntry{from: at, until: n.Until, level: strings.Clone(n.Text)})
		e.refreshLevel()
		e.queue.set(0, min(e.midnight, e.resetAt, e.levelAt))
		e.askAll(at)
	}
}
