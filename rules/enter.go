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
			z.fix(countedByHand(at, n.Value), true)
		} else {
			z.correct(at, peopleOf(n.Value))
		}
		z.age(e.clock, e.plan.exactCrowd())
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
		e.queue.set(0, e.nextTurn())
		e.askAll(at)
	}
}

// handError is how far a person who counts a crowd is off, of its number: a deviation.
const handError = 0.02

// countedByHand is the anchor that a manual count makes.
func countedByHand(at telemetry.Instant, value float64) anchor {
	n := peopleOf(max(0, value))
	off := float64(handError * n.number())
	return anchor{at: at, kind: countAnchor, value: n, spread: people(math.Round(off * off * float64(person)))}
}
