package recompute

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// findKeys lists all that any rule of any configuration judges, by rule, kind of subject and id.
func (s *Site) findKeys() {
	seen := map[Key]bool{}
	for _, c := range s.configs {
		for p := range c.Protocols {
			for i := range c.Protocols[p].Rules {
				r := &c.Protocols[p].Rules[i]
				add := func(kind, id string) {
					if k := (Key{r.ID, kind, id}); !seen[k] && s.about(c, r, k) {
						seen[k] = true
						s.keys = append(s.keys, k)
					}
				}
				add("site", s.id)
				for _, z := range c.Site.Zones {
					add("zone", z.ID)
				}
				for _, d := range c.Site.Doors {
					add("door", d.ID)
				}
				for _, d := range c.Site.Devices {
					add("device", d.ID)
				}
				for _, t := range c.Site.Tasks {
					add("task", t.ID)
				}
				for _, u := range c.Site.Uplinks {
					add("uplink", u.ID)
				}
			}
		}
	}
	slices.SortFunc(s.keys, func(a, b Key) int {
		for _, c := range [...]int{cmp(a.Rule, b.Rule), cmp(a.Kind, b.Kind)} {
			if c != 0 {
				return c
			}
		}
		return cmp(a.ID, b.ID)
	})
}

// Times are all times from the first configuration up to the present at which the answer of a rule may change: too many rather
// than too few.
func (s *Site) Times(k Key) []telemetry.Instant {
	all := s.turning(k)
	first, _ := slices.BinarySearch(all, s.configs[0].from)
	return all[first:]
}

// turning are the same with those before the first configuration: what was read then counts where a rule looks back.
func (s *Site) turning(k Key) []telemetry.Instant {
	if all, ok := s.times[k]; ok {
		return all
	}
	var all []telemetry.Instant
	plus := func(at telemetry.Instant, by ...time.Duration) {
		all = append(all, at)
		for _, d := range by {
			all = append(all, at.Add(d))
		}
	}
	for _, c := range s.configs {
		var waits []time.Duration
		for p := range c.Protocols {
			plus(c.Protocols[p].begins)
			if c.Protocols[p].ends != telemetry.Never {
				plus(c.Protocols[p].ends)
			}
			for i := range c.Protocols[p].Rules {
				if r := &c.Protocols[p].Rules[i]; r.ID == k.Rule {
					waits = append(waits, s.waits(c, r, k)...)
				}
			}
		}
		for _, l := range c.Site.Levels {
			plus(c.days.begin(l.From))
		}
		plus(c.from, waits...)
		for _, at := range c.days.borders() {
			plus(at, waits...)
		}
		for _, at := range s.events(k) {
			plus(at, waits...)
		}
		for _, r := range s.rulesOf(k) {
			for _, m := range s.cond[r.params.Expr].minutes {
				for _, at := range c.days.borders() {
					plus(at.Add(time.Duration(m)*time.Minute), r.params.Over)
				}
			}
			for _, m := range s.cond[r.params.Expr].closes {
				before := time.Duration(m) * time.Minute
				if s.cond[r.params.Expr].lead {
					before += c.Site.Hours.QueueCloses
				}
				for _, at := range c.days.borders() {
					plus(at.Add(-before), r.params.Over)
				}
			}
		}
	}
	for _, l := range s.levels {
		plus(l.from)
		if l.until != 0 {
			plus(l.until)
		}
	}
	for _, x := range s.upkeeps {
		plus(x.from)
		plus(x.until)
	}
	for _, x := range s.overs {
		plus(x.at)
	}
	for _, c := range s.configs {
		for _, x := range c.upkeepTimes() {
			plus(x.open)
			plus(x.close)
		}
	}
	for _, x := range s.deaf {
		plus(x.from)
		if x.to != telemetry.Never {
			plus(x.to)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	all = slices.DeleteFunc(all, func(t telemetry.Instant) bool { return t > s.end })
	s.times[k] = all
	return all
}

func (s *Site) rulesOf(k Key) []*rule {
	var all []*rule
	for _, c := range s.configs {
		for p := range c.Protocols {
			for i := range c.Protocols[p].Rules {
				if r := &c.Protocols[p].Rules[i]; r.ID == k.Rule {
					all = append(all, r)
				}
			}
		}
	}
	return all
}

// waits are after which times a rule's answer may change.
func (s *Site) waits(c *config, r *rule, k Key) []time.Duration {
	p := &r.params
	all := []time.Duration{p.Case, p.Case + p.Recheck, p.Lapse, p.Stale, p.Window, p.Window + time.Minute, time.Minute, p.Every + p.Grace, p.AfterClosing, p.AfterClosing + p.Grace, p.Grace, -p.BeforeOpening, p.Leave, -p.Arrive}
	if k.Kind == "device" {
		i := c.device(k.ID).Interval
		all = append(all, p.bound(i), i, 3*i)
	}
	if p.Over > 0 {
		for _, w := range slices.Clone(all) {
			all = append(all, w+p.Over)
		}
	}
	all = slices.DeleteFunc(all, func(d time.Duration) bool { return d == 0 })
	slices.Sort(all)
	return slices.Compact(all)
}

// events are when something happened that a rule's answer may rest on.
func (s *Site) events(k Key) []telemetry.Instant {
	all := append(s.sharesEvents(k), s.healthEvents(k)...)
	minute := telemetry.Instant(time.Minute)
	device := func(d *device) {
		for _, x := range d.signs {
			all = append(all, x.at, x.at.Add(d.pulse()))
		}
	}
	switch k.Kind {
	case "task":
		for _, l := range s.tasks[k.ID] {
			all = append(all, l.at)
		}
		all = append(all, s.upkeepEvents(k)...)
	case "device":
		for _, d := range s.whole(k.ID) {
			device(d)
		}
		if slices.ContainsFunc(s.rulesOf(k), func(r *rule) bool { return r.Kind == "temperature" }) {
			for _, looks := range s.looksAt(k) {
				for _, l := range looks {
					all = append(all, l.at)
				}
			}
			for _, o := range s.outcomes {
				all = append(all, o.at)
			}
		}
		for _, x := range s.deafness() {
			if x.to != telemetry.Never {
				all = append(all, x.to)
				// What is due is put off by as long as nobody listened.
				for _, d := range s.whole(k.ID) {
					for _, y := range d.signs {
						all = append(all, y.at.Add(x.to.Sub(x.from)))
					}
				}
			}
		}
	case "door":
		for _, x := range s.doors[k.ID].in {
			all = append(all, x.at-x.at%minute, x.at-x.at%minute+minute)
		}
		for _, d := range s.doors[k.ID].thermometers {
			for _, y := range d.readings {
				all = append(all, y.at-y.at%minute, y.at-y.at%minute+minute)
			}
		}
	case "zone", "site":
		all = s.crowdEvents(s.zones[k.zone()], all)
		for _, r := range s.rulesOf(k) {
			switch r.Kind {
			case "quota":
				all = append(all, s.last().days.begins...)
			case "cutoff":
				for at := s.configs[0].from - s.configs[0].from%fiveMinutes; at <= s.end; at += fiveMinutes {
					all = append(all, at)
				}
			}
		}
		if k.Kind == "zone" {
			all = append(all, s.airEvents(k)...)
		}
		for _, d := range s.zones[k.zone()].devices {
			device(d)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *Site) crowdEvents(z *zone, all []telemetry.Instant) []telemetry.Instant {
	for _, p := range z.passed {
		all = append(all, p.at)
	}
	all = append(all, z.heard)
	for _, a := range z.anchors {
		all = append(all, a.at)
	}
	for _, o := range slices.Concat(z.outages, z.blind) {
		all = append(all, o.silent, o.to)
		for _, a := range append([]anchor{{}}, z.anchors...) {
			if a.at == 0 || a.at > o.from && a.at < o.to {
				all = append(all, s.silentFrom(&o, a.at))
			}
		}
	}
	for _, d := range z.absolute {
		for _, x := range d.signs {
			all = append(all, x.at, x.at.Add(d.pulse()))
		}
	}
	for _, c := range z.children {
		all = s.crowdEvents(c, all)
	}
	return slices.DeleteFunc(all, func(t telemetry.Instant) bool { return t == telemetry.Never || t == 0 })
}
