// Package simulate makes the messages of buildings that do not exist: visitors who come, wait and leave, counters that miss
// some of them, thermometers, air sensors, dispensers, people who disinfect or are late. What really happened is known, so that
// a judgement can be held against it. It feeds the demo, and the load generator that anyone can run.
package simulate

import (
	"container/heap"
	"hash/fnv"
	"math/rand/v2"
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

// Options shape a simulation. The zero value is an ordinary building in which nothing goes wrong.
type Options struct {
	Seed   uint64
	Period time.Duration // between reports of counters and sensors; 0: 5 minutes
	// Peak is how many people are expected inside at the busiest time of an ordinary day; 0: 25.
	Peak float64
	// Ways say how many of the people use an outside door, by door; without them the first door is the main one.
	Ways map[string]Way
	// Measures says what each device measures; what is missing is guessed from its place.
	Measures map[string][]telemetry.Quantity

	// What follows goes wrong on purpose.

	// Faults last for a time.
	Faults []Fault
	// Dead devices stop reporting at a time.
	Dead map[string]time.Time
	// Misses are what counters overlook beside their accuracy, by device.
	Misses map[string]Miss
	// Guards hold the queue outside while so many people are in a zone, by zone: the hall stays near its limit.
	Guards map[string]int
	// Fevers are how often a visitor with fever comes to a thermometer while the building is open, about, by device.
	Fevers map[string]time.Duration
	// Late is how long after opening a task is done that was to be done before, by task.
	Late map[string]time.Duration
}

// Way is the weight of an outside door among all.
type Way struct{ In, Out float64 }

// Miss is the share of passages that a counter overlooks in each direction.
type Miss struct{ In, Out float64 }

// Building simulates the devices of one site. It is used by one goroutine.
//
// What happens on a day depends on the seed, the site and the date alone: a building that is made in the middle of a day is as
// one that was made earlier and has come so far. How the devices report it does not change what happens.
type Building struct {
	site   facility.Site
	o      Options
	period time.Duration
	plan   *floor

	now   time.Time
	quiet bool // what happens is made up for, and nobody reports it
	queue events
	made  uint64
	noise *rand.Rand // of the devices
	boot  string     // of all devices: a simulation that starts again is a new boot
	seq   map[string]uint64

	inside   map[string]int // people by zone
	counters map[string][]*counter
	passed   map[string]int // by door or zone that people came into, for dispensers
	told     map[string]int // of those, by dispenser
	air      map[string]*air
	fill     map[string]float64
	seats    map[string]int // in which order they are taken, from 1; by zone and seat
	periodic []periodic
	pace     int                      // counts changes of the period
	fevers   map[string]time.Duration // instead of Options.Fevers
	// feverPace counts changes of fevers.
	feverPace int
	stuck     map[string]string          // what devices that are stuck say, by device and sort
	usual     map[string][]time.Duration // when a task was last done since midnight, by task
}

// counter is a device that counts people at a door, since its last report.
type counter struct{ in, out int }

// NewBuilding starts the devices of a building at a time, with the people inside who are there by then.
func NewBuilding(site facility.Site, from time.Time, o Options) *Building {
	if o.Period == 0 {
		o.Period = 5 * time.Minute
	}
	if o.Peak == 0 {
		o.Peak = 25
	}
	b := &Building{
		site: site, o: o, period: o.Period, plan: newFloor(&site, o.Ways), boot: strconv.FormatInt(from.UnixMilli(), 36),
		noise: rand.New(rand.NewPCG(o.Seed^uint64(from.UnixNano()), hash(site.ID))), seq: map[string]uint64{},
		inside: map[string]int{}, counters: map[string][]*counter{}, passed: map[string]int{}, told: map[string]int{}, air: map[string]*air{},
		fill: map[string]float64{}, fevers: map[string]time.Duration{}, stuck: map[string]string{}, usual: map[string][]time.Duration{},
	}
	// Whoever came before is inside, or has left again: the day so far happens at once.
	today := facility.DayAt(from, site.Location.Location)
	b.quiet, b.now = true, from.Add(-48*time.Hour)
	b.planDay(today.AddDays(-1))
	b.planDay(today)
	b.repeatDays(today.AddDays(1))
	b.Until(from, func(Message) bool { return true })
	b.quiet = false
	for _, d := range site.Devices {
		b.startDevice(d)
	}
	return b
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // never fails
	return h.Sum64()
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

// People is how many really are in a zone, those in the zones inside it included; the empty id is the whole building. Zones
// without a door of their own are part of the one that people enter them from.
func (b *Building) People(zone string) int {
	n := b.inside[zone]
	for _, z := range b.site.Zones {
		if z.Parent == zone {
			n += b.People(z.ID)
		}
	}
	return n
}

// repeatDays plans a day when it begins, and so on.
func (b *Building) repeatDays(day facility.Date) {
	b.silently(day.In(b.site.Location.Location), func() {
		b.planDay(day)
		b.repeatDays(day.AddDays(1))
	})
}

// pass moves one person through a door, in (1) or out (−1), and each counter there sees it seen times.
func (b *Building) pass(d *facility.Door, direction int, seen func(c int) int) {
	from, to := d.From, d.To
	if direction < 0 {
		from, to = to, from
	}
	b.inside[from]--
	b.inside[to]++
	b.passed[d.ID]++
	b.passed[to]++
	for i, c := range b.counters[d.ID] {
		if direction > 0 {
			c.in += seen(i)
		} else {
			c.out += seen(i)
		}
	}
}

// message makes the next message of a device from its readings in JSON; a dead device sends nothing.
func (b *Building) message(d facility.Device, readings string) (Message, bool) {
	if dead, ok := b.o.Dead[d.ID]; b.quiet || ok && !b.now.Before(dead) || b.fault(Silent, d.ID, b.now) != nil {
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
	p.WriteString(b.again(d.ID, readings))
	p.WriteString(`}`)
	m := Message{At: b.now, Site: b.site.ID, Topic: "gerbang/v1/" + b.site.ID + "/" + d.ID, Payload: []byte(p.String())}
	return m, !b.withhold(d.ID, m)
}

func decimal(f float64, digits int) string { return strconv.FormatFloat(f, 'f', digits, 64) }
