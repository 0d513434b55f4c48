package rules

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// enter takes in something a person did. Acknowledgements change no verdict.
func (e *Engine) enter(n *telemetry.Entry, at, received telemetry.Instant) {
	switch n.Kind {
	case telemetry.EntryCount, telemetry.EntryCorrection:
		z := e.building
		if n.Subject != "" && n.Subject != e.site {
			z = e.zoneByID[n.Subject]
		}
		if z == nil || math.IsNaN(n.Value) {
			return
		}
		for _, same := range e.sharing(z) {
			if same.heard == 0 || at < same.heard {
				same.heard = at
			}
			if n.Kind == telemetry.EntryCount {
				same.fix(countedByHand(at, n.Value), true)
			} else {
				same.correct(at, peopleOf(n.Value), takenBackSpread(n))
			}
			same.age(e.clock, e.plan.exactCrowd())
			e.crowdChanged(same, at)
		}
	case telemetry.EntryTask:
		t := e.taskByID[n.Subject]
		if t == nil || n.Value == 0 {
			return
		}
		entered := received
		if n.Phone.Done != 0 {
			entered = at // it was entered as it was done, and only sent later
		}
		earliest := n.Earliest
		if earliest >= at {
			earliest = 0
		}
		e.log(t, doneAt{at: at, item: n.Item, by: n.Author, agent: n.Text, began: n.Began, received: entered, earliest: earliest, record: e.record})
	case telemetry.EntryMaintenance:
		if n.Ends != "" {
			e.upkeep.takeBack(n.Ends, at)
		} else {
			scope, ok := ScopeOf(n.Subject)
			if from := max(at, n.From); ok && n.Until > from {
				e.upkeep.enter(upkeepEntry{from, n.Until, at, strings.Clone(n.ID), scope, strings.Clone(n.Author), strings.Clone(n.Reason)}, e.clock)
			}
		}
		e.maintain()
		e.askAll(at)
	case telemetry.EntryOutcome:
		e.outcome(n.Subject, n.Text, at)
	case telemetry.EntryLevel:
		switch {
		case n.Ends != "":
			e.levels.takeBack(n.Ends, at)
		case e.plan.def.knowsLevel(n.Text):
			e.levels.enter(levelEntry{from: max(at, n.From), until: n.Until, made: at, id: strings.Clone(n.ID), level: strings.Clone(n.Text)})
		default:
			return // it would lift every limit
		}
		e.refreshLevel()
		e.queue.set(0, e.nextTurn())
		e.askAll(at)
	}
}

// sharing are the zones, the building among them, that hold the same people as a zone because the same doors lead into them, as where
// a building is one room: whoever counts the one has counted the other.
func (e *Engine) sharing(z *zoneState) []*zoneState {
	all := []*zoneState{z}
	for _, other := range e.allZones() {
		if other != z && e.sameDoors(z, other) && slices.EqualFunc(z.edge, other.edge, func(a, b *deviceState) bool { return a == b && a.signIn(z) == b.signIn(other) }) {
			all = append(all, other)
		}
	}
	return all
}

// sameDoors reports whether every door that leads into or out of one zone does so for the other.
func (e *Engine) sameDoors(a, b *zoneState) bool {
	for i := range e.plan.def.Site.Doors {
		d := &e.plan.def.Site.Doors[i]
		from, to := e.around(d.From), e.around(d.To)
		if slices.Contains(from, a) != slices.Contains(from, b) || slices.Contains(to, a) != slices.Contains(to, b) {
			return false
		}
	}
	return true
}

// handError is how far a person who counts a crowd is off, of its number: a deviation.
const handError = 0.02

// takenBackSpread is the variance that comes back with a number that was counted over: who takes a count back knows no longer how many
// are inside, but only as well as before. 0: nothing of the kind is taken back.
func takenBackSpread(n *telemetry.Entry) people {
	if n.Ends == "" {
		return 0
	}
	off, err := strconv.ParseFloat(n.Text, 64)
	if err != nil || !(off > 0) || off > mostTakenBack {
		return 0
	}
	return people(math.Round(off * off * float64(person)))
}

// mostTakenBack bounds the deviation that a taken back count brings back, in people.
const mostTakenBack = 10_000

// countedByHand is the anchor that a manual count makes.
func countedByHand(at telemetry.Instant, value float64) anchor {
	n := peopleOf(max(0, value))
	off := float64(handError * n.number())
	return anchor{at: at, kind: countAnchor, value: n, spread: people(math.Round(off * off * float64(person)))}
}

// ScopeOf reads the subject of an entry about maintenance: empty for the site, or such as "zone:hall".
func ScopeOf(subject string) (facility.Scope, bool) {
	if subject == "" {
		return facility.Scope{}, true
	}
	kind, id, ok := strings.Cut(strings.Clone(subject), ":")
	s := facility.Scope{Kind: facility.ScopeKind(kind), ID: id}
	switch s.Kind {
	case facility.OfZone, facility.OfDoor, facility.OfDevice, facility.OfRule:
		return s, ok && id != ""
	}
	return facility.Scope{}, false
}
