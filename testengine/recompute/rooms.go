package recompute

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// service is the service that is over last at t, and the one that runs then or comes next.
func (d *days) service(t telemetry.Instant) (past, now opening, hasPast, hasNow bool) {
	if d.always {
		return opening{}, opening{1, telemetry.Never}, false, true
	}
	for _, v := range d.services {
		if v.close <= t {
			past, hasPast = v, true
		} else if !hasNow {
			now, hasNow = v, true
		}
	}
	return past, now, hasPast, hasNow
}

// afterHours: once people have had time to leave, and until they may come again, no more than the staff may be inside.
func (s *Site) afterHours(r *rule, k Key, t telemetry.Instant) Answer {
	p := &r.params
	past, now, hasPast, hasNow := s.config(t).days.service(t)
	if hasNow && t >= now.open.Add(-p.Arrive) || hasPast && t < past.close.Add(p.Leave) {
		return Answer{Verdict: Unknown, Idle: true}
	}
	return s.People(k.zone(), t).against(float64(p.Staff + p.Tolerance))
}

// queue: the people against the number, and against the share of what the room holds.
func (s *Site) queue(r *rule, k Key, t telemetry.Instant) Answer {
	p, z := &r.params, s.config(t).zone(k.ID)
	limit, any, noLevel := math.Inf(1), false, false
	if p.Limit > 0 {
		limit, any = p.Limit, true
	}
	room := z.QueueFor
	if room == "" {
		room = z.Parent
	}
	if room != "" && p.Share > 0 {
		key := Key{Kind: "zone", ID: room}
		if x, limits := s.limits(key, t); x != nil {
			holds, none, lacks := s.limit(x, limits, t)
			noLevel = lacks
			if !none && !lacks {
				limit, any = min(limit, math.Floor(holds*p.Share+1e-9)), true
			}
		}
	}
	a := Answer{Verdict: Unknown, Idle: !noLevel}
	if any {
		a = s.People(k.ID, t).against(limit)
	}
	if noLevel && a.Verdict != Breached {
		return Answer{Verdict: Unknown}
	}
	return a
}

// came is how many people came into the building in [from, to), and how many more may have.
func (s *Site) came(from, to telemetry.Instant) (in, doubt float64) {
	for _, f := range s.zones[""].feeders {
		for _, c := range f.device.counts {
			if c.at < from || c.at >= to {
				continue
			}
			if doubt += c.doubt; s.swapped(f.device, c.at) != (f.sign < 0) {
				in += c.out
			} else {
				in += c.in
			}
		}
	}
	return in, doubt
}

// heardAll reports whether all who came into the building from a time to t were counted.
func (s *Site) heardAll(from, t telemetry.Instant) bool {
	b := s.zones[""]
	if len(b.feeders) == 0 || b.heard == 0 || b.heard > t {
		return false
	}
	if begun := s.configs[0].from; begun > from && (s.isOpen(from) || begun > s.opens(from)) {
		return false
	}
	for _, o := range b.outages {
		since := s.silentFrom(&o, 0)
		switch {
		case o.to <= from:
		case o.to > t:
			if since <= t {
				return false
			}
		case !o.lossy || since >= o.to:
		case o.from >= from || s.openFor(from, o.device.pulse()) < o.to:
			return false
		}
	}
	return true
}

// visitors is how many came on the day of t, up to t and with it, as a configuration has days.
func (s *Site) visitors(c *config, t telemetry.Instant, staff int) (persons, low, high float64, known bool) {
	day := c.days.begins[c.days.today(t)]
	in, doubt := s.came(day, t+1)
	deviation := doubt / 1.645
	less := func(v float64) float64 { return max(0, v-float64(staff)) }
	persons = max(0, math.Round(in))
	high = max(persons, math.Round(in+1.645*deviation))
	low = max(0, min(persons, math.Round(in-1.645*deviation+0.65)))
	return less(persons), less(low), less(high), s.heardAll(day, t)
}

// allowed is how many visitors may come in a day; 0: as many as will.
func (s *Site) allowed(r *rule, c *config) int {
	if r.params.Visitors > 0 {
		return r.params.Visitors
	}
	return c.Site.Quota
}

func (s *Site) quota(r *rule, t telemetry.Instant) Answer {
	quota := float64(s.allowed(r, s.config(t)))
	_, low, high, known := s.visitors(s.config(t), t, r.params.Staff)
	b := s.zones[""]
	switch {
	case len(b.feeders) > 0 && b.heard != 0 && b.heard <= t && low > quota && !s.unseen(t):
		return Answer{Verdict: Breached}
	case !known:
		return Answer{Verdict: Unknown}
	case high <= quota:
		return Answer{Verdict: Within}
	}
	return Answer{Verdict: Unknown, Near: true}
}

// unseen reports whether a counter of the building that is due has never spoken up to t.
func (s *Site) unseen(t telemetry.Instant) bool {
	return slices.ContainsFunc(s.zones[""].outages, func(o outage) bool { return o.unseen && o.to > t && s.silentFrom(&o, 0) <= t })
}

// today is the number of the day that has begun last.
func (d *days) today(t telemetry.Instant) int {
	return sort.Search(len(d.begins), func(i int) bool { return d.begins[i] > t }) - 1
}

const fiveMinutes = telemetry.Instant(5 * time.Minute)

// ticket is when the last ticket is given by a configuration, as it is found at a moment that five minutes divide; open: the building is.
func (s *Site) ticket(c *config, r *rule, at telemetry.Instant) (last telemetry.Instant, open, known bool) {
	p := &r.params
	_, day, _, ok := c.days.service(at)
	if !ok || at < day.open {
		return 0, false, false
	}
	today := c.days.today(at)
	lead := c.Site.Hours.QueueCloses
	if lead == 0 {
		lead = p.Service
	}
	last = day.close.Add(-lead)
	quota := s.allowed(r, c)
	if quota == 0 {
		return last, true, true
	}
	visitors, _, _, known := s.visitors(c, max(at-1, day.open, c.days.begins[today]), p.Staff)
	if !known {
		return last, true, false
	}
	left := max(0, float64(quota)-visitors)
	from := max(day.open-day.open%fiveMinutes, at.Add(-p.Lately))
	over := at.Sub(from)
	full := telemetry.Never
	if left == 0 {
		full = at
	} else if came, _ := s.came(from, at); over >= min(p.Lately, 10*time.Minute) && came >= float64(p.People) {
		if minutes := math.Floor(left / (came * float64(time.Hour) / float64(over)) * 60); minutes <= 24*60 {
			full = at.Add(time.Duration(minutes) * time.Minute)
		}
	}
	if full < min(day.close, c.days.begins[today+1]) {
		last = min(last, full.Add(-p.Service))
	}
	return last, true, true
}

// cutoff: some time ago the queue had to be closed, and people came in since.
func (s *Site) cutoff(r *rule, t telemetry.Instant) Answer {
	c := s.config(t)
	_, day, _, ok := c.days.service(t)
	if !ok || t < day.open {
		return Answer{Verdict: Unknown, Idle: true}
	}
	now := t - t%fiveMinutes
	var feeding []*device
	for _, f := range s.zones[""].feeders {
		feeding = append(feeding, f.device)
	}
	lag := (s.lookBack(feeding, t) + 5*time.Minute - 1) / (5 * time.Minute) * 5 * time.Minute
	then := now.Add(-r.params.Grace - lag)
	last, open, known := s.ticket(c, r, then)
	due := open && last <= then
	came := 0.0
	if due {
		came, _ = s.came(then.Add(lag), now)
	}
	switch {
	case came > float64(r.params.Tolerance):
		return Answer{Verdict: Breached}
	case !s.heardAll(max(then, day.open), t), !due && open && !known:
		return Answer{Verdict: Unknown}
	}
	return Answer{Verdict: Within}
}

// The states of a seat.
const (
	free = iota
	unsure
	taken
)

// seats: a breach among those of which something is known; else unknown where a seat of which nothing is known could make one.
func (s *Site) seats(r *rule, k Key, t telemetry.Instant) Answer {
	p, c := &r.params, s.config(t)
	all := c.zone(k.ID).SeatMap
	sensors := c.Site.SeatSensors(k.ID)
	state := make([]int, len(all))
	some := false
	for i, seat := range all {
		state[i] = unsure
		if x, ok := sensors[seat.ID]; ok {
			state[i] = s.seat(x, p.Stale, t)
		}
		some = some || state[i] != unsure
	}
	worst := free
	judged := func(a, b int) { worst = max(worst, min(state[a], state[b])) }
	for i, a := range all {
		_, sensed := sensors[a.ID]
		if a.Blocked && p.Blocked {
			if sensed {
				judged(i, i)
			}
			continue
		}
		for j, b := range all[:i] {
			_, other := sensors[b.ID]
			far := math.Round(math.Hypot(a.X-b.X, a.Y-b.Y)*1000) >= math.Round(p.Spacing*1e9)/1e6
			if far || b.Blocked && p.Blocked || !sensed && !other {
				continue
			}
			judged(i, j)
		}
	}
	switch {
	case worst == taken:
		return Answer{Verdict: Breached}
	case worst == unsure || !some:
		return Answer{Verdict: Unknown}
	}
	return Answer{Verdict: Within}
}

// seat is what a sensor says of its seat.
func (s *Site) seat(x facility.SeatSensor, stale time.Duration, t telemetry.Instant) int {
	for _, d := range s.devices {
		if d.def.ID != x.Device || d.channel != x.Channel {
			continue
		}
		state := unsure
		for _, channel := range d.channelsOf(telemetry.Occupied) {
			all := d.upTo(telemetry.Occupied, channel, t)
			if len(all) == 0 || d.silent(t) || t >= all[len(all)-1].at.Add(stale) {
				continue
			}
			if all[len(all)-1].value >= 0.5 {
				return taken
			}
			state = free
		}
		return state
	}
	return unsure
}
