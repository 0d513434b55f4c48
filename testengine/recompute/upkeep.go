package recompute

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const minute = telemetry.Instant(time.Minute)

func floor(t telemetry.Instant) telemetry.Instant { return t - t%minute }

func ceil(t telemetry.Instant) telemetry.Instant {
	if t%minute == 0 || t == telemetry.Never {
		return t
	}
	return t - t%minute + minute
}

// once drops logs that say the same as another: it is the same log.
func once(logs []taskLog) []taskLog {
	var all []taskLog
	for _, l := range logs {
		if !slices.ContainsFunc(all, func(m taskLog) bool {
			return m.at == l.at && m.item == l.item && m.press == l.press && m.agent == l.agent && m.began == l.began && m.early == l.early && m.from == l.from
		}) {
			all = append(all, l)
		}
	}
	return all
}

// upkeep is the rule about a task, with what it looks at.
type upkeep struct {
	*Site
	p        *params
	c        *config
	task     string
	items    []string // "" for a task without
	logs     []taskLog
	zone     *zone
	building *zone
	elsewhere,
	elsewhereFirst []string // tasks at other places; those before it by name
}

func (s *Site) upkeepOf(r *rule, k Key, t telemetry.Instant) *upkeep {
	u := &upkeep{Site: s, p: &r.params, c: s.config(t), task: k.ID, logs: s.tasks[k.ID], building: s.zones[""]}
	var place facility.Place
	for _, x := range u.c.Site.Tasks {
		if x.ID == k.ID {
			u.items, place = x.Items, x.Place
		}
	}
	if len(u.items) == 0 {
		u.items = []string{""}
	}
	if place.Kind == facility.AtZone {
		u.zone = s.zones[place.ID]
	}
	for _, x := range u.c.Site.Tasks {
		if x.ID != k.ID && x.Place != place {
			u.elsewhere = append(u.elsewhere, x.ID)
			if x.ID < k.ID {
				u.elsewhereFirst = append(u.elsewhereFirst, x.ID)
			}
		}
	}
	return u
}

// counts reports whether people who enter the zone are counted.
func (z *zone) counts() bool { return z != nil && len(z.feeders) > 0 }

// came is how many people came into a zone in [from, to), left how many went.
func (z *zone) came(from, to telemetry.Instant) (in, out float64) {
	for _, c := range z.flows {
		if c.at >= from && c.at < to {
			in, out = in+c.in, out+c.out
		}
	}
	return in, out
}

// seen reports whether all counters were heard all the time.
func (z *zone) seen(from, to telemetry.Instant) bool {
	if !z.counts() || z.heard == 0 || z.heard > from {
		return false
	}
	return !slices.ContainsFunc(z.outages, func(o outage) bool { return o.to > from && o.silent < to })
}

// nth is the end of the first minute in which more than n people have come since a time; Never: not before to.
func (z *zone) nth(from, to telemetry.Instant, n float64) telemetry.Instant {
	in, end := 0.0, telemetry.Never
	for i, c := range z.flows {
		if c.at < from || c.at >= to {
			continue
		}
		if in += c.in; in > n && end == telemetry.Never && (i+1 == len(z.flows) || z.flows[i+1].at != c.at) {
			end = floor(c.at) + minute
		}
	}
	return end
}

// opened and closed are the anchors of a day as they are known at t.
func (u *upkeep) opened(o opening, t telemetry.Instant) telemetry.Instant {
	if u.p.Anchor != "people" || o.open <= 1 {
		return o.open
	}
	begin, latest := floor(o.open.Add(-u.p.Drift)), min(o.open.Add(u.p.Drift), o.close)
	now := min(floor(t), latest)
	if now <= begin {
		return latest
	}
	first := u.building.nth(begin, now, float64(u.p.Staff))
	if !u.building.seen(begin, min(first, now)) {
		return o.open
	}
	return min(first, latest)
}

func (u *upkeep) closed(o opening, t telemetry.Instant) telemetry.Instant {
	if u.p.Anchor != "people" || t < o.close || o.close == telemetry.Never {
		return o.close
	}
	begin := max(floor(o.open)+minute, floor(o.close.Add(-u.p.Drift)))
	now := min(floor(t), o.close.Add(u.p.Drift))
	if !u.building.seen(begin, now) {
		return o.close
	}
	_, all := u.building.came(begin, now)
	if all <= float64(u.p.Staff) {
		return begin
	}
	left := 0.0
	for _, c := range u.building.flows {
		if c.at >= begin && c.at < now {
			if left += c.out; left >= all-float64(u.p.Staff) {
				return min(now, floor(c.at)+minute)
			}
		}
	}
	return now
}

// evidence reports whether the i-th log counts, as it is known at t.
func (u *upkeep) evidence(i int, t telemetry.Instant) bool {
	p, l := u.p, &u.logs[i]
	if len(p.Agents) > 0 && l.agent != "" && !slices.Contains(p.Agents, l.agent) {
		return false
	}
	if l.early != 0 {
		return true // of no known moment: nothing can be too near to it
	}
	if p.Backdate > 0 && l.person && l.received.Sub(l.at) > p.Backdate {
		return false
	}
	for k, m := range u.logs {
		if k < i && m.early == 0 && m.item != l.item && l.at.Sub(m.at) < p.Pace {
			return false
		}
	}
	for _, id := range u.elsewhere {
		for _, m := range u.tasks[id] {
			before := m.at < l.at || m.at == l.at && slices.Contains(u.elsewhereFirst, id)
			if before && m.early == 0 && l.at.Sub(m.at) < p.Walk && m.from == l.from {
				return false
			}
		}
	}
	if p.Copies && i > 0 && u.again(i) && u.again(i-1) {
		return false
	}
	if from, to := floor(l.at.Add(-p.Inside)), ceil(l.at.Add(p.Inside)); p.Inside > 0 && t >= to && u.building.seen(from, to) {
		in, _ := u.building.came(from, to)
		if e := u.People("", from-1); e.Known && e.High == 0 && in == 0 {
			return false
		}
	}
	if p.Contact > 0 && !(l.began > 0 && l.at.Sub(l.began) >= p.Contact) {
		if !u.zone.counts() {
			return l.began == 0
		}
		in, _ := u.zone.came(ceil(l.at), min(floor(l.at.Add(p.Contact)), floor(t)))
		return in <= 0
	}
	return true
}

func (u *upkeep) again(i int) bool {
	second := telemetry.Instant(time.Second)
	l := &u.logs[i]
	return l.early == 0 && slices.ContainsFunc(u.logs[:i], func(m taskLog) bool {
		apart := l.at/second - m.at/second
		return m.early == 0 && apart > 0 && apart%(24*3600) == 0 && m.item == l.item && m.from == l.from
	})
}

// done is when all items were last treated in [from, t] for sure; 0: not all were.
func (u *upkeep) done(from, t telemetry.Instant) telemetry.Instant { return u.treated(from, t, false) }

// can is when all items can have been treated last in [from, t]; 0: not all can.
func (u *upkeep) can(from, t telemetry.Instant) telemetry.Instant { return u.treated(from, t, true) }

func (u *upkeep) treated(from, t telemetry.Instant, can bool) telemetry.Instant {
	all := telemetry.Never
	for _, item := range u.items {
		at := telemetry.Instant(0)
		for i, l := range u.logs {
			fits := item == "" || l.item == "" || l.item == item
			pressed := l.press == "" || len(u.p.Press) == 0 || slices.Contains(u.p.Press, l.press)
			when := l.at
			if l.early != 0 && !can {
				if u.p.Contact > 0 {
					continue
				}
				when = l.early
			}
			if fits && pressed && when >= from && l.at <= t && u.evidence(i, t) {
				at = max(at, when)
			}
		}
		all = min(all, at)
	}
	return all
}

// place is where people are counted for the task.
func (u *upkeep) place() *zone {
	for _, z := range []*zone{u.zone, u.building} {
		if z.counts() {
			return z
		}
	}
	return nil
}

// busy is for how long somebody was inside since a time, minute by minute.
func (u *upkeep) busy(from, t telemetry.Instant) time.Duration {
	z := u.place()
	if z == nil {
		return t.Sub(from)
	}
	var d time.Duration
	for m := ceil(from); m < floor(t); m += minute {
		if u.peopled(z, m) {
			d += time.Minute
		}
	}
	return d
}

// busyFor is when somebody has been inside for so long since a time; Never: not within two days.
func (u *upkeep) busyFor(from telemetry.Instant, need time.Duration) telemetry.Instant {
	z := u.place()
	for m := ceil(from); z != nil && m < u.end && m < from.Add(48*time.Hour); m += minute {
		if u.peopled(z, m) {
			if need -= time.Minute; need <= 0 {
				return m + minute
			}
		}
	}
	return telemetry.Never
}

// peopled reports whether somebody was in a zone at the end of a minute, or nobody knows.
func (s *Site) peopled(z *zone, m telemetry.Instant) bool {
	yes, ok := z.minutes[m]
	if !ok {
		if z.minutes == nil {
			z.minutes = map[telemetry.Instant]bool{}
		}
		e := s.People(z.id, m+minute-1)
		yes = !e.Known || e.Persons > 0
		z.minutes[m] = yes
	}
	return yes
}

func (s *Site) disinfection(r *rule, k Key, t telemetry.Instant) Answer {
	u := s.upkeepOf(r, k, t)
	p, c := u.p, u.c
	began := s.configs[0].from // what was due before is not judged
	verdict, any, unsure := Within, false, false
	demand := func(from, due, until telemetry.Instant) {
		if from > t || until <= t || from < began && (due.Add(p.Grace) < began || u.done(from, t) == 0) {
			return
		}
		any = true
		if u.done(from, t) == 0 && t >= due.Add(p.Grace) {
			if u.can(from, t) != 0 {
				unsure = true
			} else {
				verdict = Breached
			}
		}
	}
	services := c.days.services
	if c.days.always {
		services = []opening{{1, telemetry.Never}}
	}
	doubt := false
	for i, day := range services {
		next := opening{telemetry.Never, telemetry.Never}
		if i+1 < len(services) {
			next = services[i+1]
		}
		if p.BeforeOpening > 0 && next.open.Add(-p.BeforeOpening) > t {
			opened := u.opened(day, t)
			demand(min(opened, day.open).Add(-p.BeforeOpening), opened, next.open.Add(-p.BeforeOpening))
		}
		if p.AfterClosing > 0 && next.close > t {
			closed := u.closed(day, t)
			demand(min(day.close, closed), max(day.close, closed).Add(p.AfterClosing), next.close)
		}
		if day.open > t || t >= day.close {
			continue
		}
		if p.Every > 0 {
			any = true
			need := p.Every + p.Grace
			late := func(last telemetry.Instant) bool {
				from := max(min(t, u.opened(day, t)), day.open, last, began)
				return t >= from.Add(need) && (!p.Occupied || u.busy(from, t) >= need)
			}
			if late(u.done(0, t)) {
				if late(u.can(0, t)) {
					verdict = Breached
				} else {
					unsure = true
				}
			}
		}
		if p.AfterPeople > 0 {
			any = true
			z := u.place()
			if z == nil {
				doubt = true
				continue
			}
			late := func(last telemetry.Instant) bool {
				full := z.nth(ceil(max(day.open, last, began)), floor(t), float64(p.AfterPeople)-.5)
				return full != telemetry.Never && t >= full.Add(p.Grace)
			}
			if late(u.done(0, t)) {
				if late(u.can(0, t)) {
					verdict = Breached
				} else {
					unsure = true
				}
			}
			e := u.People(z.id, t)
			doubt = doubt || !e.Known && !e.Uncounted
		}
	}
	if !any {
		logged := slices.ContainsFunc(u.logs, func(l taskLog) bool { return l.at <= t })
		return Answer{Verdict: Unknown, Idle: logged}
	}
	if (doubt || unsure) && verdict != Breached {
		return Answer{Verdict: Unknown}
	}
	if verdict != Breached && u.done(0, t) == 0 {
		return idle // what was never done is not kept before it is due
	}
	return Answer{Verdict: verdict}
}

// upkeepEvents are when an answer about a task may change, but for its logs.
func (s *Site) upkeepEvents(k Key) (all []telemetry.Instant) {
	for _, r := range s.rulesOf(k) {
		p := &r.params
		if p.Inside > 0 || p.Contact > 0 {
			for _, l := range s.tasks[k.ID] {
				all = append(all, ceil(l.at.Add(p.Inside)), ceil(l.at.Add(p.Contact)))
			}
		}
		if p.Occupied {
			for _, c := range s.configs {
				u := s.upkeepOf(r, k, c.from)
				begins := []telemetry.Instant{s.configs[0].from}
				for _, l := range s.tasks[k.ID] {
					begins = append(begins, l.at, max(l.early, 1))
				}
				for _, o := range c.days.services {
					begins = append(begins, o.open)
					for _, f := range s.zones[""].flows {
						if p.Anchor == "people" && f.at > o.open.Add(-p.Drift) && f.at < o.open.Add(p.Drift) {
							begins = append(begins, floor(f.at)+minute)
						}
					}
				}
				for _, from := range begins {
					if at := u.busyFor(from, p.Every+p.Grace); from > 1 && at != telemetry.Never {
						all = append(all, at)
					}
				}
			}
		}
		if p.Anchor == "people" || p.Contact > 0 || p.Occupied || p.AfterPeople > 0 {
			for _, z := range s.zones {
				all = s.crowdEvents(z, all)
				for _, c := range z.flows {
					all = append(all, c.at, floor(c.at)+minute)
				}
				for _, o := range z.outages {
					all = append(all, o.silent, ceil(o.silent), o.to, ceil(o.to))
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(t telemetry.Instant) bool { return t == telemetry.Never })
}
