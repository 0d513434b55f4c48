package decode_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// counter is a counter at a door, as its maker's firmware knows itself.
type counter struct {
	at       time.Time // now
	in, out  int       // since the last minute
	all      [2]int    // in and out since the last reset
	boot     int       // how often it lost power
	sequence int       // of messages since
}

// family is how the counters of a maker tell people, as they may be set up. The ways of telling are the model's: total, period,
// and what it calls the others.
type family struct {
	name, model, topic string
	// prefer are the ways that messages of this set-up use, the best first.
	prefer []string
	// minute is told at the end of every minute, person for each person (0: in, 1: out): the ways that are told, and the payload.
	minute func(c *counter) (ways []string, payload string)
	person func(c *counter, way int) (ways []string, payload string)
	both   bool // each person tells the totals of in and out
}

// saying is a message, and what a careful reader may make of it.
type saying struct {
	family  *family
	at      time.Time // what it speaks of
	payload string
	ways    []string
	in, out int       // of the period, or 1 for a person
	all     [2]int    // of the total
	tells   [2]bool   // of in and out
	person  bool      // a single one
	due     time.Time // delivery
}

// TestEveryoneIsCountedOnce simulates the hours around midnight of a counter at a door in the messages of each family, with messages that are lost,
// late and delivered again, with losses of power, and with totals that begin again at midnight. What the engine counts at the
// door must be every person once, but for those of whom no message that came tells.
func TestEveryoneIsCountedOnce(t *testing.T) {
	models, seeds := shippedModels(t), []uint64{0, 1, 2, 3}
	if testengine.Racing {
		seeds = seeds[1:2]
	}
	for i := range counters {
		f := &counters[i]
		t.Run(f.name, func(t *testing.T) {
			for _, seed := range seeds {
				onceAtTheDoor(t, models, f, seed)
			}
		})
	}
}

// onceAtTheDoor is for every family: other tests call it with counters of theirs.
func onceAtTheDoor(t *testing.T, models []decode.Model, f *family, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 17))
	faults := seed > 0 // the first day is a perfect one
	messages := day(rng, f, faults)
	delivered := deliver(rng, messages, faults)
	want := careful(f, delivered)
	got := count(t, models, f, delivered)
	if got != want {
		t.Errorf("seed %d: counted %v in and out, want %v (%d messages of %d delivered)", seed, got, want, len(delivered), len(messages))
	}
	if passed := passages(messages); want[0] > passed[0] || want[1] > passed[1] || want[0] == 0 || want[1] == 0 {
		t.Errorf("seed %d: want %v is more than the %v who passed, or nobody: the test is wrong", seed, want, passed)
	}
}

var jakarta = time.FixedZone("", 7*3600)

// day makes what a counter says from five in the afternoon until two in the night.
func day(rng *rand.Rand, f *family, faults bool) []saying {
	c := &counter{}
	var all []saying
	say := func(ways []string, payload string, m saying) {
		if payload == "" {
			return
		}
		c.sequence++
		m.family, m.at, m.due, m.ways, m.payload, m.all = f, c.at, c.at.Add(200*time.Millisecond), ways, payload, c.all
		all = append(all, m)
	}
	begin := time.Date(2022, 7, 5, 17, 0, 0, 0, jakarta)
	off := 0 // minutes without power
	for end := begin.Add(time.Minute); end.Before(begin.Add(9 * time.Hour)); end = end.Add(time.Minute) {
		if off--; off > 0 {
			continue
		}
		if faults && rng.IntN(400) == 0 {
			off, c.in, c.out, c.all, c.sequence = 1+rng.IntN(15), 0, 0, [2]int{}, 0
			c.boot++
			continue
		}
		seconds := rng.Perm(59)[:rng.IntN(5)]
		slices.Sort(seconds)
		for _, s := range seconds {
			c.at = end.Add(time.Duration(s-59) * time.Second)
			way := rng.IntN(2)
			c.all[way]++
			m := saying{tells: [2]bool{way == 0 || f.both, way == 1 || f.both}, person: true, in: 1 - way, out: way}
			c.in, c.out = c.in+m.in, c.out+m.out
			if f.person != nil {
				ways, payload := f.person(c, way)
				say(ways, payload, m)
			}
		}
		c.at = end
		if f.minute != nil {
			ways, payload := f.minute(c)
			say(ways, payload, saying{tells: [2]bool{true, true}, in: c.in, out: c.out})
		}
		c.in, c.out = 0, 0
		if end.Hour() == 0 && end.Minute() == 0 {
			c.all = [2]int{}
		}
	}
	return all
}

// passages are how many passed in and out.
func passages(messages []saying) (n [2]int) {
	f := messages[0].family
	for i := range messages {
		m := &messages[i]
		if m.person || f.person == nil {
			n[0], n[1] = n[0]+m.in, n[1]+m.out
		}
	}
	return n
}

// deliver loses messages, alone and in outages, sends some again, and after the first hour some late.
func deliver(rng *rand.Rand, messages []saying, faults bool) []saying {
	var all []saying
	outage := 0
	for i := range messages {
		m := messages[i]
		if outage--; faults && (outage > 0 || rng.IntN(40) == 0) {
			continue
		}
		if faults && rng.IntN(500) == 0 {
			outage = 20
		}
		if faults && rng.IntN(20) == 0 && m.at.After(messages[0].at.Add(time.Hour)) {
			m.due = m.due.Add(time.Duration(rng.IntN(90)) * time.Second)
		}
		all = append(all, m)
		for again := 0; faults && rng.IntN(10) == 0 && again < 3; again++ {
			m.due = m.due.Add(time.Duration(1+rng.IntN(20*60)) * time.Second)
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b saying) int { return a.due.Compare(b.due) })
	return all
}

// careful is what somebody counts who reads every message once, in the best way that he has seen so far: of a total the steps
// between the values that he has, where a drop is a new beginning.
func careful(f *family, delivered []saying) (n [2]int) {
	known := len(f.prefer)
	seen := make(map[string]bool)
	var totals []saying
	for i := range delivered {
		m := &delivered[i]
		if id := fmt.Sprint(m.at.UnixNano(), m.payload); seen[id] {
			continue
		} else {
			seen[id] = true
		}
		best := len(f.prefer)
		for _, way := range m.ways {
			best = min(best, slices.Index(f.prefer, way))
		}
		first := best < known && known < len(f.prefer) && f.prefer[best] == "period" // counts again whom the lesser way counted
		if known = min(known, best); best > known || first {
			continue
		}
		if f.prefer[best] == "total" {
			totals = append(totals, *m)
			continue
		}
		n[0], n[1] = n[0]+m.in, n[1]+m.out
	}
	slices.SortStableFunc(totals, func(a, b saying) int { return a.at.Compare(b.at) })
	for way := range n {
		last := -1
		for i := range totals {
			if !totals[i].tells[way] {
				continue
			}
			now := totals[i].all[way]
			switch {
			case last < 0:
			case now < last:
				n[way] += now
			default:
				n[way] += now - last
			}
			last = now
		}
	}
	return n
}

// count decodes what was delivered as the gateway does, and has the engine count at the door.
func count(t *testing.T, models []decode.Model, f *family, delivered []saying) [2]int {
	t.Helper()
	site := doorSite(t, f)
	d, err := decode.New(decode.Options{Sites: []facility.Site{site}, Models: models})
	if err != nil {
		t.Fatal(err)
	}
	definition, err := json.Marshal(&rules.Definition{Site: site, Protocols: []rules.Protocol{{ID: "p", Title: "Protocol"}}})
	if err != nil {
		t.Fatal(err)
	}
	engine, out, seq := rules.New(site.ID), &rules.Output{}, uint64(0)
	apply := func(rec telemetry.Record) {
		seq++
		rec.Seq = seq
		if err := engine.Apply(&rec, out); err != nil {
			t.Fatal(err)
		}
	}
	start := telemetry.InstantOf(delivered[0].due.Add(-time.Hour))
	apply(telemetry.Record{Kind: telemetry.KindConfiguration, Site: site.ID, At: start, Received: start,
		Configuration: &telemetry.Configuration{Version: "1", Definition: definition}})
	w, seen := d.Worker(nil), make(map[uint64]bool)
	for i := range delivered {
		m := &delivered[i]
		received := telemetry.InstantOf(m.due)
		for _, rec := range w.Decode(&ingest.Message{Topic: f.topic, Payload: []byte(m.payload), QoS: 1, Received: received}, nil) {
			switch {
			case rec.Rejection != nil:
				t.Fatalf("rejected (%s: %s): %s", rec.Rejection.Reason, rec.Rejection.Detail, m.payload)
			case rec.Identity == 0:
				t.Fatalf("no identity: %s", m.payload)
			case seen[rec.Identity]:
				continue
			}
			seen[rec.Identity] = true
			apply(rec)
		}
	}
	end := telemetry.InstantOf(delivered[len(delivered)-1].due.Add(time.Hour))
	apply(telemetry.Record{Kind: telemetry.KindTick, Site: site.ID, At: end, Received: end})
	door := engine.View().Doors[0]
	return [2]int{int(door.InTotal), int(door.OutTotal)}
}

// doorSite is a hall with one door and the counter at it.
func doorSite(t *testing.T, f *family) facility.Site {
	t.Helper()
	zone, err := facility.LoadLocation("Asia/Jakarta")
	if err != nil {
		t.Fatal(err)
	}
	address := serial
	if f.model == decode.NativeModel {
		address = "d1"
	}
	return facility.Site{
		ID: "mpp", Name: "MPP", Location: zone,
		Zones:   []facility.Zone{{ID: "hall", Name: "Hall", Capacity: 500}},
		Doors:   []facility.Door{{ID: "main", Name: "Main", From: facility.Outside, To: "hall"}},
		Devices: []facility.Device{{ID: "d1", Model: f.model, Address: address, Place: facility.Place{Kind: facility.AtDoor, ID: "main"}}},
	}
}

// serial is what the counter calls itself where its messages name it.
const serial = "B8A44F000017"
