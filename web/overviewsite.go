package web

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// siteStates are the states of a site in the order of rank.
var siteStates = [...]string{"breached", "silent", "near", "unknown", "within", "closed"}

// The ranks that others ask for.
const (
	rankBreached = 0
	rankSilent   = 1
	rankNear     = 2
)

// How long nothing at all may be heard of a site before it counts as silent.
const (
	// quietNoticed is for an open building of which a rule finds a device silent, too.
	quietNoticed = staleAfter
	// quietOpen is for an open building whose devices promise nothing.
	quietOpen = time.Hour
	// quietEver is for one that is closed: its sensors report at night, but for those that somebody switches off.
	quietEver = 24 * time.Hour
)

// standingSite is a site as the overview sorts and counts it.
type standingSite struct {
	view    *rules.View
	rank    int               // of its state in siteStates
	gravity int               // of its worst verdict
	rule    string            // id of the rule of its worst verdict; empty: all is well
	title   map[string]string // of that rule
	kind    string            // likewise
	heard   telemetry.Instant // when any of its devices was heard last; 0: never
}

// standingsOf looks at each site once: sorting compares what it found.
func standingsOf(views []rules.View, now time.Time) []standingSite {
	all := make([]standingSite, len(views))
	for i := range views {
		v := &views[i]
		x := standingSite{view: v, heard: heardOf(v), gravity: 6}
		w, ok := v.Worst()
		if ok {
			x.rule, x.title, x.kind = w.Rule, w.Title, w.Kind
			// What still waits before it asks people stands behind what asks them.
			x.gravity = 2 * w.Severity.Rank()
			if w.Phase == rules.Pending {
				x.gravity++
			}
		}
		x.rank = rank(v, ok && w.NearOfSite(), silent(v, x.heard, now))
		all[i] = x
	}
	return all
}

// rank orders sites for the eye: broken, not heard of, near a limit, unknown, open, closed.
func rank(v *rules.View, near, silent bool) int {
	switch {
	case v.Verdict == rules.Breached:
		return rankBreached
	case silent:
		return rankSilent
	case v.Verdict == rules.Unknown && near:
		return rankNear
	case v.Verdict != rules.Within:
		return 3
	case v.Open:
		return 4
	}
	return 5
}

// heardOf is when any device of a site was heard last; 0: never.
func heardOf(v *rules.View) (last telemetry.Instant) {
	for i := range v.Devices {
		last = max(last, v.Devices[i].LastSeen)
	}
	return last
}

// silent reports whether nothing at all is heard of a site: what is shown of it says nothing about now. A building without devices is not
// silent, nobody listens to it.
func silent(v *rules.View, heard telemetry.Instant, now time.Time) bool {
	if len(v.Devices) == 0 {
		return false
	}
	quiet := now.Sub(heard.Time())
	switch {
	case heard == 0 || quiet >= quietEver:
		return true
	case !v.Open:
		return false
	}
	return quiet >= quietOpen || quiet >= quietNoticed && len(v.Unheard()) > 0
}

// ruleCount is at how many sites a rule is the worst, and leads to them.
type ruleCount struct {
	Name  string
	N     int
	To    string
	Shown bool
}

// worstRules counts the rules that are the worst of a site in breach, the most frequent first.
func worstRules(t *tongue, all []standingSite, p part) []ruleCount {
	at, counts := map[string]int{}, []ruleCount(nil)
	for i := range all {
		x := &all[i]
		if x.rank != rankBreached || !p.has(x.view) {
			continue
		}
		k, ok := at[x.rule]
		if !ok {
			k = len(counts)
			at[x.rule] = k
			shown := p.rule == x.rule
			to := p.first(func(p *part) { p.rule = x.rule })
			if shown {
				to.rule = ""
			}
			counts = append(counts, ruleCount{Name: t.nameOf(x.title, x.kind, &rules.Explanation{}), To: "/" + to.query("?"), Shown: shown})
		}
		counts[k].N++
	}
	slices.SortStableFunc(counts, func(a, b ruleCount) int { return b.N - a.N })
	return counts[:min(len(counts), mostRules)]
}

// mostRules is how many rules the overview offers to filter by.
const mostRules = 8
