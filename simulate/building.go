// Package simulate makes the messages of buildings that do not exist: visitors who come, wait and leave, thermometers, air
// sensors, dispensers, people who disinfect or forget to. The same seed gives the same messages. It feeds the demo, and the
// load generator that anyone can run.
package simulate

import (
	"cmp"
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Message is what a simulated device publishes, in the native format.
type Message struct {
	At      time.Time
	Site    string
	Topic   string
	Payload []byte
}

// Building simulates the devices of one site. It is used by one goroutine.
type Building struct {
	site facility.Site
	rng  *rand.Rand
	// Period is how often counters and sensors report.
	period time.Duration
	busy   float64 // visitors relative to the ordinary day

	now    time.Time
	queue  events
	serial uint64
	boot   string // of all devices: a simulation that starts again is a new boot
	seq    map[string]uint64

	inside     map[string]int // people by zone
	counts     map[string]*count
	co2        map[string]float64
	fill       map[string]float64
	quantities map[string][]telemetry.Quantity
	periodic   []periodic
	pace       int // counts changes of the period
	deadFrom   map[string]time.Time
	entries    []facility.Door
}

type count struct{ in, out int }

// Options shape a simulation.
type Options struct {
	Seed   uint64
	Period time.Duration // between reports of counters and sensors; 0: 5 minutes
	Busy   float64       // visitors relative to an ordinary day; 0: 1
	// Measures says what each device measures; what is missing is guessed from its place.
	Measures map[string][]telemetry.Quantity
	// Dead devices stop reporting at a time.
	Dead map[string]time.Time
}

// VisitorsPerDay is an ordinary day of a Mal Pelayanan Publik (MPP Pandeglang: 400-500 a day before the pandemic).
const VisitorsPerDay = 420

// ordinaryHours is how long such a day is.
const ordinaryHours = 7

// NewBuilding starts a simulation of an empty building at a time.
func NewBuilding(site facility.Site, from time.Time, o Options) *Building {
	if o.Period == 0 {
		o.Period = 5 * time.Minute
	}
	if o.Busy == 0 {
		o.Busy = 1
	}
	var h uint64 = 14695981039346656037
	for _, c := range []byte(site.ID) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	b := &Building{
		site: site, rng: rand.New(rand.NewPCG(o.Seed, h)), period: o.Period, busy: o.Busy, now: from,
		boot: strconv.FormatInt(from.Unix(), 36),
		seq:  map[string]uint64{}, inside: map[string]int{}, counts: map[string]*count{}, co2: map[string]float64{},
		fill: map[string]float64{}, quantities: o.Measures, deadFrom: o.Dead,
	}
	for _, d := range site.Doors {
		if d.From == facility.Outside {
			b.entries = append(b.entries, d)
		}
	}
	for _, d := range site.Devices {
		b.startDevice(d)
	}
	b.planDay(facility.DateOf(from.In(site.Location.Location)), from)
	return b
}

// Until runs the simulation up to (not including) t and calls yield for every message in the order of time, until yield
// returns false.
func (b *Building) Until(t time.Time, yield func(Message) bool) {
	for len(b.queue) > 0 && b.queue[0].at.Before(t) {
		e := heap.Pop(&b.queue).(event)
		b.now = e.at
		if m, ok := e.do(); ok && !yield(m) {
			return
		}
	}
	b.now = t
}

// Next is when something happens next.
func (b *Building) Next() time.Time {
	if len(b.queue) == 0 {
		return b.now.Add(b.period)
	}
	return b.queue[0].at
}

// event is something that happens at a time and may publish a message.
type event struct {
	at    time.Time
	order uint64
	do    func() (Message, bool)
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return cmp.Or(q[i].at.Compare(q[j].at), cmp.Compare(q[i].order, q[j].order)) < 0
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is for container/heap.
func (q *events) Push(x any) { *q = append(*q, x.(event)) }

// Pop is for container/heap.
func (q *events) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = event{}
	*q = (*q)[:last]
	return e
}

func (b *Building) schedule(at time.Time, do func() (Message, bool)) {
	b.serial++
	heap.Push(&b.queue, event{at, b.serial, do})
}

// silently schedules something that publishes nothing.
func (b *Building) silently(at time.Time, do func()) {
	b.schedule(at, func() (Message, bool) { do(); return Message{}, false })
}

// planDay schedules the visitors and duties of a local day, and the planning of the next.
func (b *Building) planDay(day facility.Date, notBefore time.Time) {
	loc := b.site.Location.Location
	next := day.AddDays(1)
	b.silently(next.In(loc), func() { b.planDay(next, next.In(loc)) })
	openings := b.site.Hours.Day(day, loc)
	total := 0.0
	for _, o := range openings {
		total += o.Close.Sub(o.Open).Hours()
	}
	for _, o := range openings {
		hours := o.Close.Sub(o.Open).Hours()
		// A day that is longer than others brings more people.
		n := int(VisitorsPerDay * b.busy * hours / total * max(1, 1.2*total/ordinaryHours) * (0.85 + 0.3*b.rng.Float64()))
		for range n {
			share := b.rng.Float64()
			if total < 2*ordinaryHours {
				// Most come in the first half: the sum of two uniform numbers, bent towards the morning.
				share = math.Pow((share+b.rng.Float64())/2, 1.25)
			}
			at := o.Open.Add(time.Duration(share * float64(o.Close.Sub(o.Open)-20*time.Minute)))
			stay := time.Duration((12 + b.rng.ExpFloat64()*22) * float64(time.Minute))
			leave := at.Add(stay)
			if leave.After(o.Close) {
				leave = o.Close.Add(time.Duration(b.rng.IntN(600)) * time.Second)
			}
			if at.After(notBefore) {
				b.visit(at, leave)
			}
		}
	}
	b.planDuties(openings, notBefore)
}

// visit schedules one person: in through an outside door, perhaps on to a room, and out again.
func (b *Building) visit(at, leave time.Time) {
	if len(b.entries) == 0 {
		return
	}
	in := b.someEntry(func(facility.Door) bool { return true })
	out := b.someEntry(func(d facility.Door) bool { return d.To == in.To }) // out of the zone they are in
	b.silently(at, func() { b.pass(in, 1) })
	for _, d := range b.site.Devices {
		if d.Place == (facility.Place{Kind: facility.AtDoor, ID: in.ID}) && b.measures(d, telemetry.BodyTemperature) && b.rng.Float64() < 0.97 {
			b.schedule(at.Add(4*time.Second), func() (Message, bool) {
				celsius := 36.3 - d.Offset + b.rng.NormFloat64()*0.25
				if b.rng.Float64() < 0.002 {
					celsius = 37.9 - d.Offset + b.rng.Float64()
				}
				return b.message(d, `"body_temperature":`+decimal(celsius, 1))
			})
		}
	}
	room := b.someRoom(in.To)
	at = at.Add(time.Duration(1+b.rng.IntN(6)) * time.Minute)
	if room == nil || !at.Before(leave.Add(-4*time.Minute)) {
		b.silently(leave, func() { b.pass(out, -1) })
		return
	}
	for _, d := range room {
		at = at.Add(20 * time.Second)
		b.silently(at, func() { b.pass(d, 1) })
	}
	back := leave.Add(-90 * time.Second)
	for _, d := range slices.Backward(room) {
		b.silently(back, func() { b.pass(d, -1) })
		back = back.Add(15 * time.Second)
	}
	b.silently(leave, func() { b.pass(out, -1) })
}

// someEntry chooses an outside door among those that suit; the first is the main one.
func (b *Building) someEntry(suits func(facility.Door) bool) facility.Door {
	var doors []facility.Door
	for _, d := range b.entries {
		if suits(d) {
			doors = append(doors, d)
		}
	}
	if len(doors) == 1 || b.rng.Float64() < 0.7 {
		return doors[0]
	}
	return doors[1+b.rng.IntN(len(doors)-1)]
}

// someRoom chooses the doors to a room behind the hall, or nil to stay.
func (b *Building) someRoom(hall string) []facility.Door {
	var rooms [][]facility.Door
	for _, d := range b.site.Doors {
		if d.From == hall && d.To != facility.Outside {
			rooms = append(rooms, []facility.Door{d})
		}
	}
	// Large rooms draw more people, and the hall is one of them.
	total := b.area(hall)
	for _, r := range rooms {
		total += b.area(r[0].To)
	}
	at := b.rng.Float64() * total
	for _, r := range rooms {
		if at -= b.area(r[0].To); at < 0 {
			return r
		}
	}
	return nil
}

// area is that of a zone in m², or what a room usually has.
func (b *Building) area(zone string) float64 {
	if z, ok := b.site.Zone(zone); ok && z.Area > 0 {
		return z.Area
	}
	return 80
}

// pass moves one person through a door; a counter there misses one in fifty and sees some twice.
func (b *Building) pass(d facility.Door, direction int) {
	from, to := d.From, d.To
	if direction < 0 {
		from, to = to, from
	}
	b.inside[from]--
	b.inside[to]++
	c := b.counts[d.ID]
	if c == nil {
		return
	}
	n := 1
	switch p := b.rng.Float64(); {
	case p < 0.008:
		n = 0
	case p < 0.012:
		n = 2
	}
	if direction > 0 {
		c.in += n
	} else {
		c.out += n
	}
}

// message makes the next message of a device from its readings in JSON; a dead device sends nothing.
func (b *Building) message(d facility.Device, readings string) (Message, bool) {
	if dead, ok := b.deadFrom[d.ID]; ok && !b.now.Before(dead) {
		return Message{}, false
	}
	b.seq[d.ID]++
	var p strings.Builder
	p.WriteString(`{"at":`)
	p.WriteString(strconv.FormatInt(b.now.UnixMilli(), 10))
	p.WriteString(`,"boot":"`)
	p.WriteString(b.boot)
	p.WriteString(`","seq":`)
	p.WriteString(strconv.FormatUint(b.seq[d.ID], 10))
	p.WriteString(`,`)
	p.WriteString(readings)
	p.WriteString(`}`)
	return Message{At: b.now, Site: b.site.ID, Topic: "gerbang/v1/" + b.site.ID + "/" + d.ID, Payload: []byte(p.String())}, true
}

func decimal(f float64, digits int) string { return strconv.FormatFloat(f, 'f', digits, 64) }
