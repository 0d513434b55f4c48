package compliance

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Input is what a history is made of.
type Input struct {
	Site string
	// Terms are the definitions of the site and the time from which each was in force, in order. The one that was in force when the
	// period began must be among them.
	Terms []Term
	// Transitions are the changes of verdict in the order in which they were recorded: those that begin in the period, those by late
	// data that reach into it, and of each rule and subject the last one before it. More do no harm. Explanations may be
	// left out, but for their Reason.
	Transitions []rules.Transition
	// Gaps are the times in which nobody listened to the site's devices. Their order does not matter; they may overlap.
	Gaps []Gap
	// From and Until bound the period.
	From, Until telemetry.Instant
	// Known is the moment whose knowledge is asked for: what was told later is left out. 0: all that is known.
	Known telemetry.Instant
	// AtTheTime asks for what was known of each moment at that moment: all that late data revised is left out.
	AtTheTime bool
	// Now ends what can be known: the period is cut there, or at Known where that is earlier. 0: it is not cut.
	Now telemetry.Instant
	// Judged is up to when the site was judged; from then on nobody knew. 0: up to now.
	Judged telemetry.Instant
}

// Term is a definition and since when it was in force.
type Term struct {
	From   telemetry.Instant
	Agenda *rules.Agenda
}

// Gap is a time in which nobody listened: [From, Until); Until is telemetry.Never while it lasts.
type Gap struct{ From, Until telemetry.Instant }

// Key names a measure: one rule about one subject.
type Key struct {
	Rule    string
	Subject rules.Subject
}

func (k Key) compare(o Key) int {
	return cmp.Or(strings.Compare(k.Rule, o.Rule), strings.Compare(string(k.Subject.Kind), string(o.Subject.Kind)), strings.Compare(k.Subject.ID, o.Subject.ID))
}

// end is where the period is cut.
func (in *Input) end() telemetry.Instant {
	end := in.Until
	if in.Now != 0 {
		end = min(end, in.Now)
	}
	if in.Known != 0 {
		end = min(end, in.Known)
	}
	return max(end, in.From)
}

// terms are those that were known.
func (in *Input) terms() []Term {
	if in.Known == 0 {
		return in.Terms
	}
	n := sort.Search(len(in.Terms), func(i int) bool { return in.Terms[i].From > in.Known })
	return in.Terms[:n]
}

// told reports whether a transition was known.
func (in *Input) told(t *rules.Transition) bool {
	return (in.Known == 0 || t.Told <= in.Known) && !(in.AtTheTime && t.Late)
}

// lists are the places of the transitions of each measure, in order.
func (in *Input) lists() map[Key][]int {
	lists := make(map[Key][]int)
	for i := range in.Transitions {
		if t := &in.Transitions[i]; in.told(t) {
			k := Key{t.Rule, t.Subject}
			lists[k] = append(lists[k], i)
		}
	}
	return lists
}

// line is a measure's history while it is made: each step holds until the next one.
type line []step

type step struct {
	at     telemetry.Instant
	state  State
	reason rules.Reason
	change int
}

// find is the place of the step that holds at t; −1: none does.
func (l line) find(t telemetry.Instant) int {
	return sort.Search(len(l), func(i int) bool { return l[i].at > t }) - 1
}

// set makes s hold in [s.at, until).
func (l line) set(s step, until telemetry.Instant) line {
	if s.at >= until {
		return l
	}
	i, k := l.find(s.at-1)+1, l.find(until)+1 // those in between are replaced
	steps := [2]step{s}
	n := 1
	if until != telemetry.Never && k > 0 && l[k-1].at < until {
		steps[1], n = l[k-1], 2 // what held there goes on
		steps[1].at = until
	} else if until != telemetry.Never && k > 0 && l[k-1].at == until {
		k--
	}
	if i == len(l) && n == 1 {
		return append(l, s)
	}
	return slices.Replace(l, i, k, steps[:n]...)
}

// history is the line of one measure in [from, end), of its transitions in order, and whether a verdict is known for all of it.
func (in *Input) history(list []int, from, end telemetry.Instant, gaps []Gap) line {
	l := line{{at: from, state: Unknown, reason: ReasonNoData, change: -1}}
	for _, i := range list {
		t := &in.Transitions[i]
		until := telemetry.Never
		if t.Late && t.Until < end {
			until = t.Until
		}
		if t.At >= end || until <= from {
			continue
		}
		// Where a rule ended before idle was recorded, its reason alone says so; nothing may follow that would.
		l = l.set(step{max(from, t.At), StateOf(t.To, t.Near, t.Idle || t.Explanation.Reason == ReasonNotInForce), t.Explanation.Reason, i}, until)
	}
	return in.unlisten(l, end, gaps)
}

// unlisten makes the time unknown in which nobody listened, except where late data said something about it afterwards, and where
// there was nothing to hear.
func (in *Input) unlisten(l line, end telemetry.Instant, gaps []Gap) line {
	for _, g := range gaps {
		from, until := max(g.From, l[0].at), min(g.Until, end)
		for i := max(0, l.find(from)); from < until && i < len(l) && l[i].at < until; i++ {
			s := l[i]
			next := end
			if i+1 < len(l) {
				next = l[i+1].at
			}
			if s.state == Unknown || s.state == Idle && !watched(s.reason) || s.change >= 0 && in.heardLater(s.change, g) {
				continue
			}
			stop := min(next, until)
			if stop == end {
				stop = telemetry.Never
			}
			l = l.set(step{max(s.at, from), Unknown, ReasonUnlistened, -1}, stop)
			if s.at < from {
				i++ // the step was cut in two
			}
		}
	}
	return l
}

// watched reports whether it took a device to know that there was nothing to judge.
func watched(r rules.Reason) bool { return r == rules.ReasonIdle || r == rules.ReasonPending }

// heardLater reports whether a change was told by data that came after a gap.
func (in *Input) heardLater(change int, g Gap) bool {
	t := &in.Transitions[change]
	return t.Late && t.Told >= g.Until && t.Explanation.Reason != ReasonUnlistened
}

// gaps are those that touch [from, end), in order and apart from each other.
func (in *Input) gaps(from, end telemetry.Instant) []Gap {
	var all []Gap
	for _, g := range in.Gaps {
		if g.From < end && g.Until > from && g.From < g.Until {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b Gap) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until)) })
	n := 0
	for _, g := range all {
		if n > 0 && all[n-1].Until >= g.From {
			all[n-1].Until = max(all[n-1].Until, g.Until)
			continue
		}
		all[n] = g
		n++
	}
	return all[:n]
}
