package recompute

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// hangsOn is what something hangs on, from the nearest up.
func (c *config) hangsOn(id string) (all []string) {
	for range len(c.Site.Devices) + len(c.Site.Uplinks) + 1 {
		parent := c.device(id).Parent
		for _, u := range c.Site.Uplinks {
			if u.ID == id {
				parent = u.Parent
			}
		}
		if parent == "" {
			break
		}
		all, id = append(all, parent), parent
	}
	return all
}

// holdsDevices reports whether devices that promise an interval hang on something.
func (c *config) holdsDevices(id string) bool {
	return slices.ContainsFunc(c.Site.Devices, func(d facility.Device) bool {
		return d.Interval > 0 && slices.Contains(c.hangsOn(d.ID), id)
	})
}

// kin is a device behind a parent, or the parent itself, as it is at some time.
type kin struct {
	*device
	interval, bound time.Duration
	branch          string            // what of it hangs on the parent directly
	heard           telemetry.Instant // when last; 0: never
	silent          bool
}

// kinOf looks at a device at t.
func (s *Site) kinOf(d *device, factor float64, t telemetry.Instant) *kin {
	k := &kin{device: d, interval: d.def.Interval, bound: time.Duration(factor * float64(d.def.Interval))}
	if n := sort.Search(len(d.signs), func(i int) bool { return d.signs[i].at > t }); n > 0 {
		k.heard = d.signs[n-1].at
		k.silent = t >= s.dueFrom(k.heard, k.bound, k.interval)
	}
	return k
}

// near reports whether a device that was last heard at a time may have fallen silent when the last of several did.
func (k *kin) near(at, last telemetry.Instant) bool { return last.Sub(at) <= k.interval*3/2 }

// back is when a device spoke again after it had been silent at a time, together with others; 0: it had not.
func (k *kin) back(last, t telemetry.Instant) telemetry.Instant {
	for i := 1; i < len(k.signs) && k.signs[i].at <= t; i++ {
		from, to := k.signs[i-1].at, k.signs[i].at
		if to.Sub(from) > k.bound && to > last && from.Sub(last).Abs() <= k.interval*3/2 {
			return to
		}
	}
	return 0
}

// cut is what is seen of a parent at one time.
type cut struct {
	Answer
	last  telemetry.Instant // when the last of those that are silent was heard
	maybe bool
}

// outage asks whether what hangs on a parent fell silent with it.
func (s *Site) outage(r *rule, k Key, t telemetry.Instant) Answer {
	c := s.cutOff(r, k.ID, t)
	if c.Verdict == Breached {
		for _, up := range s.config(t).hangsOn(k.ID) {
			c.Explained = c.Explained || s.outOf(up, t)
		}
	}
	return c.Answer
}

// outOf reports whether some rule says that a parent is out.
func (s *Site) outOf(id string, t telemetry.Instant) bool {
	return slices.ContainsFunc(s.keys, func(k Key) bool {
		r := s.rule(k.Rule, t)
		return k.ID == id && r != nil && r.Kind == "outage" && s.about(s.config(t), r, k) && s.cutOff(r, id, t).Verdict == Breached
	})
}

// cutAt is a question that is asked again for each of those behind a parent.
type cutAt struct {
	rule *rule
	id   string
	at   telemetry.Instant
}

func (s *Site) cutOff(r *rule, id string, t telemetry.Instant) cut {
	x, ok := s.cuts[cutAt{r, id, t}]
	if !ok {
		x = s.cutBy(r, id, t)
		s.cuts[cutAt{r, id, t}] = x
	}
	return x
}

// cutBy finds who is silent behind a parent, and whether they fell silent together.
func (s *Site) cutBy(r *rule, id string, t telemetry.Instant) cut {
	if slices.ContainsFunc(s.deaf, func(x span) bool { return x.from <= t && t < x.to }) {
		return cut{Answer: Answer{Verdict: Unknown}}
	}
	c := s.config(t)
	var known, fell []*kin
	var self *kin
	last := telemetry.Instant(0)
	for _, d := range s.devices {
		if d.channel != "" || d.def.Interval == 0 {
			continue
		}
		if d.def.ID == id {
			self = s.kinOf(d, r.params.Factor, t)
		}
		up := append([]string{d.def.ID}, c.hangsOn(d.def.ID)...)
		n := slices.Index(up, id)
		if n < 1 {
			continue
		}
		k := s.kinOf(d, r.params.Factor, t)
		if k.branch = up[n-1]; k.heard == 0 {
			continue
		}
		if known = append(known, k); k.silent {
			last = max(last, k.heard)
		}
	}
	if len(known) == 0 {
		return cut{Answer: idle}
	}
	var bounds []time.Duration
	slow := time.Duration(0)
	for _, k := range known {
		if k.silent && k.near(k.heard, last) {
			fell, bounds, slow = append(fell, k), append(bounds, k.bound), max(slow, k.interval)
		}
	}
	// Those that speak often may prove what those that speak seldom leave open.
	slices.Sort(bounds)
	found := cut{last: last}
	for _, slowest := range slices.Compact(bounds) {
		found.Answer, found.maybe = s.together(r, known, fell, self, slowest, slow, last, t)
		if found.Verdict == Breached {
			break
		}
	}
	return found
}

// together judges those that fell silent and may be silent no longer than slowest.
func (s *Site) together(r *rule, known, fell []*kin, self *kin, slowest, slow time.Duration, last, t telemetry.Instant) (a Answer, maybe bool) {
	silent, branches := 0, map[string]bool{}
	for _, k := range fell {
		if k.bound <= slowest {
			silent++
			branches[k.branch] = true
		}
	}
	spoke, unsure, back := 0, 0, telemetry.Never
	has := func(k *kin) (spoken, open bool) {
		spoken = t >= last.Add(k.interval+k.bound)
		return spoken, !spoken && k.bound <= 2*slowest
	}
	for _, k := range known {
		if k.silent {
			continue
		}
		if at := k.back(last, t); at != 0 {
			back = min(back, at)
			spoke++
			continue
		}
		switch spoken, open := has(k); {
		case spoken:
			spoke++
		case open:
			unsure++
		}
	}
	share := r.params.Share * float64(silent+spoke)
	least := max(min(r.params.Devices, max(2, len(known))), int(math.Ceil(share)))
	if self != nil && !self.silent && self.heard != 0 {
		spoken, open := has(self)
		if spoken {
			return Answer{Verdict: Within}, false // it is there, and what is wrong lies behind it
		}
		if open {
			unsure++
		}
	}
	if back != telemetry.Never && t < back.Add(slow+slow/2) {
		return idle, true // the others have an interval to follow
	}
	if len(branches) == 1 {
		for branch := range branches {
			if s.config(t).holdsDevices(branch) {
				return Answer{Verdict: Within}, false // one of several branches: that is to be named
			}
		}
	}
	switch {
	case self != nil && self.silent:
		return Answer{Verdict: Breached}, false
	case unsure > 0 && silent+unsure >= least && float64(silent) >= share:
		return idle, true
	case unsure == 0 && silent >= least:
		return Answer{Verdict: Breached}, false
	}
	return Answer{Verdict: Within}, false
}

// explained reports whether the outage of what a device hangs on explains its silence since it was heard: then it asks nobody.
func (s *Site) explained(id string, heard, t telemetry.Instant) bool {
	c := s.config(t)
	return slices.ContainsFunc(s.keys, func(k Key) bool {
		r := s.rule(k.Rule, t)
		if r == nil || r.Kind != "outage" || !s.about(c, r, k) || k.ID != id && !slices.Contains(c.hangsOn(id), k.ID) {
			return false
		}
		x := s.cutOff(r, k.ID, t)
		if k.ID == id {
			return x.Verdict == Breached
		}
		return (x.Verdict == Breached || x.maybe) && s.kinOf(s.device(id), r.params.Factor, t).near(heard, x.last)
	})
}
