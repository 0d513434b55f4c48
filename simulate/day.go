package simulate

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// planDay schedules what happens on a local day: visitors, duties and fevers.
func (b *Building) planDay(day facility.Date) {
	loc := b.site.Location.Location
	r := rand.New(rand.NewPCG(b.o.Seed^hash(b.site.ID), uint64(day.In(time.UTC).Unix())))
	openings := b.site.Hours.Day(day, loc)
	for _, o := range openings {
		if len(b.plan.entries) == 0 {
			continue
		}
		guards := map[string]*held{}
		for zone, most := range b.o.Guards {
			guards[zone] = &held{most: most}
		}
		for i, at := range arrivals(r, o, b.site.Hours.QueueCloses, b.o.Peak) {
			b.planVisit(r, o, at, i, guards)
		}
	}
	b.planDuties(r, day, openings)
	for _, o := range openings {
		b.planFevers(o)
	}
}

// planVisit schedules one person: in through an outside door, perhaps on to a room, and out again. nth counts the
// visitors of the opening.
func (b *Building) planVisit(r *rand.Rand, o facility.Opening, at time.Time, nth int, guards map[string]*held) {
	in := b.plan.someEntry(r, func(w Way) float64 { return w.In })
	if nth < len(b.plan.entries) && b.plan.entries[nth].way.In > 0 {
		in = &b.plan.entries[nth] // at every door somebody waits for it to open
	}
	room := b.plan.someRoom(r, in.hall)
	stay, looking := someStay(r), time.Duration(2+r.IntN(6))*time.Minute
	for zone, g := range guards {
		there := stay
		switch zone {
		case room:
		case in.hall:
			there = looking
		default:
			continue
		}
		if at = g.admit(r, at, there); at.IsZero() {
			return // waited long enough outside
		}
	}
	leave := at.Add(stay)
	if latest := o.Close.Add(time.Duration(r.IntN(480)) * time.Second); leave.After(latest) {
		leave = latest
	}
	if leave.Sub(at) < 5*time.Minute {
		return
	}
	b.planPass(r, at, b.plan.through(in, true))
	b.planScreening(r, at, in)
	zone := in.hall
	if room != zone && leave.Sub(at) > looking+8*time.Minute {
		t := at.Add(looking)
		for _, s := range b.plan.path(zone, room) {
			b.planPass(r, t, s)
			t = t.Add(15 * time.Second)
		}
		zone = room
	}
	out := b.plan.someEntry(r, func(w Way) float64 { return w.Out })
	if !b.plan.leads(zone, out.hall) {
		out = in
	}
	way := b.plan.path(zone, out.hall)
	t := leave.Add(-time.Duration(len(way)) * 20 * time.Second)
	for _, s := range way {
		b.planPass(r, t, s)
		t = t.Add(20 * time.Second)
	}
	b.planPass(r, leave, b.plan.through(out, false))
}

// planPass schedules a passage and how often each counter at the door sees it: rarely not at all, more rarely twice.
func (b *Building) planPass(r *rand.Rand, at time.Time, s step) {
	door := &b.site.Doors[s.door]
	var seen [4]int
	n := 0
	for i := range b.site.Devices {
		d := &b.site.Devices[i]
		if n == len(seen) || !b.counts(*d) || d.Place.ID != door.ID {
			continue
		}
		accuracy, miss := d.Accuracy, b.o.Misses[d.ID]
		if accuracy == 0 {
			accuracy = 0.98
		}
		// What an accurate counter gets wrong is as often too much as too little; what it overlooks on purpose is not.
		wrong, overlooked := (1-accuracy)/2, miss.In
		if s.direction < 0 {
			overlooked = miss.Out
		}
		seen[n] = 1
		switch p := r.Float64(); {
		case p < overlooked+wrong:
			seen[n] = 0
		case p < overlooked+2*wrong:
			seen[n] = 2
		}
		n++
	}
	b.silently(at, func() { b.pass(door, s.direction, func(c int) int { return seen[min(c, len(seen)-1)] }) })
}

// screened is the share of visitors whose temperature is taken.
const screened = 0.97

// planScreening schedules the temperature of somebody who comes in; it is never a fever.
func (b *Building) planScreening(r *rand.Rand, at time.Time, in *entry) {
	core, taken := min(36.45+0.3*r.NormFloat64(), 37.1), r.Float64() < screened
	for _, d := range b.site.Devices {
		if taken && d.Place == (facility.Place{Kind: facility.AtDoor, ID: b.site.Doors[in.door].ID}) && b.measures(d, telemetry.BodyTemperature) {
			b.schedule(at.Add(4*time.Second), func() (Message, bool) {
				return b.message(d, `"body_temperature":`+decimal(core-d.Offset, 1))
			})
		}
	}
}

// held is a zone before which people wait while it is full. People come to it in the order of time.
type held struct {
	most int
	ends times // of those who are inside
}

// patience is how long people wait outside.
const patience = 15 * time.Minute

// admit is when somebody who comes at a time and stays so long is let in; zero: never.
func (h *held) admit(r *rand.Rand, at time.Time, stay time.Duration) time.Time {
	come := at
	for len(h.ends) > 0 && !h.ends[0].After(at) {
		heap.Pop(&h.ends)
	}
	if len(h.ends) >= h.most {
		at = h.ends[0].Add(time.Duration(10+r.IntN(30)) * time.Second)
		if at.Sub(come) > patience {
			return time.Time{}
		}
		heap.Pop(&h.ends)
	}
	heap.Push(&h.ends, at.Add(stay))
	return at
}

type times []time.Time

func (t times) Len() int           { return len(t) }
func (t times) Less(i, j int) bool { return t[i].Before(t[j]) }
func (t times) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }

// Push is for container/heap.
func (t *times) Push(x any) { *t = append(*t, x.(time.Time)) }

// Pop is for container/heap.
func (t *times) Pop() any {
	last := len(*t) - 1
	v := (*t)[last]
	*t = slices.Delete(*t, last, last+1)
	return v
}
