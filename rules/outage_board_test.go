package rules

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// simpleLook is what an outage's judge sees at a time, device by device: with no board, no classes and no counters.
func simpleLook(j *outageJudge, t telemetry.Instant) (l outageLook) {
	deafness := &j.engine.deafness
	if l.deaf, _ = deafness.at(t); l.deaf {
		return l
	}
	type kid struct {
		*behind
		last   telemetry.Instant
		silent bool
	}
	var kids []kid
	for _, k := range j.kids {
		last, _ := k.watch.lastBefore(t)
		silent := last != 0 && t >= deafness.due(last, k.watch.bound, k.interval)
		if last != 0 {
			kids = append(kids, kid{k, last, silent})
		}
		if silent {
			l.last = max(l.last, last)
		}
	}
	l.heard = len(kids)
	bounds := map[time.Duration]bool{}
	for _, k := range kids {
		if k.silent && k.together(k.last, l.last) {
			l.silent++
			l.slow = max(l.slow, k.interval)
			bounds[k.watch.bound] = true
		}
	}
	weigh := func(slowest time.Duration) outageLook {
		l, branches, open := l, map[int]bool{}, 0
		tell := func(k *behind) (spoke, unsure bool) {
			known := t >= l.last.Add(k.interval+k.watch.bound)
			return known, !known && k.watch.bound <= 2*slowest
		}
		silent, back := 0, telemetry.Never
		for _, k := range kids {
			if k.silent {
				if k.together(k.last, l.last) && k.watch.bound <= slowest {
					silent++
					branches[k.branch] = true
				}
				continue
			}
			if at := k.returned(l.last, t); at != 0 {
				back = min(back, at)
				l.spoke++
				continue
			}
			if spoke, unsure := tell(k.behind); spoke {
				l.spoke++
			} else if unsure {
				open++
			}
		}
		l.least = max(min(j.params.Devices, max(2, l.heard)), int(math.Ceil(j.params.Share*float64(silent+l.spoke))))
		selfSilent := false
		if j.self != nil {
			last, _ := j.self.watch.lastBefore(t)
			if selfSilent = last != 0 && t >= deafness.due(last, j.self.watch.bound, j.self.interval); !selfSilent && last != 0 {
				if spoke, unsure := tell(j.self); spoke {
					return l
				} else if unsure {
					open++
				}
			}
		}
		if back != telemetry.Never && t < back.Add(l.slow+l.slow/2) {
			l.pending = true
			return l
		}
		one := -1
		if len(branches) == 1 {
			for b := range branches {
				one = b
			}
		}
		switch {
		case one >= 0 && j.shared[one]:
		case selfSilent:
			l.verdict = Breached
		case open > 0:
			l.pending = silent+open >= l.least && float64(silent) >= j.params.Share*float64(silent+l.spoke)
		case silent >= l.least:
			l.verdict = Breached
		}
		return l
	}
	best := l
	for s := time.Duration(0); len(bounds) > 0; delete(bounds, s) {
		s = math.MaxInt64
		for b := range bounds {
			s = min(s, b)
		}
		if best = weigh(s); best.verdict == Breached {
			break
		}
	}
	return best
}

// watchLooks compares every look with the simple one until the test ends, and what those behind a parent were told with what is true.
func watchLooks(t *testing.T) (looks *int) {
	looks = new(int)
	looked = func(j *outageJudge, at telemetry.Instant, l outageLook) {
		*looks++
		got, want := l, simpleLook(j, at)
		got.until, want.until = 0, 0
		if got != want {
			t.Errorf("%s at %v (clock %v): got %+v, want %+v", j.id, at, j.engine.clock, got, want)
		}
		if at == j.engine.clock {
			if s := j.scan(at); s.until != l.until {
				t.Errorf("%s at %v: to be asked again at %v, want %v", j.id, at, l.until, s.until)
			}
		}
	}
	t.Cleanup(func() { looked = nil })
	return looks
}

// What is kept of the present is what all devices say that are asked one by one, whatever falls silent, comes back late or early, and
// while nobody listens.
func TestAnOutagesBoardIsTrue(t *testing.T) {
	looks := watchLooks(t)
	d := clinic(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 4, func(t *testing.T, rng *rand.Rand) {
		records := delayed(rng, ailing(rng, d, start, 30*time.Hour, false), []time.Duration{time.Second, DefaultLateness, 3 * time.Hour}[rng.IntN(3)])
		run(t, d, start, start.Add(36*time.Hour), records)
	})
	ahead := 0 // whose clock is ahead falls silent and comes back in the future: of that nobody is told when it comes
	seeds(t, 6, func(t *testing.T, rng *rand.Rand) {
		ahead++
		d := branched(t, 6+rng.IntN(30))
		r := newRig(t, d)
		told := func() { // what those behind a parent were told is what is so, after every record
			if ahead%2 == 0 {
				return
			}
			for _, all := range r.engine.outages {
				for _, i := range all {
					j := i.now().judge.(*outageJudge)
					if l := j.look(r.engine.clock); j.kin.explaining != l.explaining() {
						t.Errorf("%s: those behind it were told %+v, want %+v", j.id, j.kin.explaining, l.explaining())
					}
				}
			}
		}
		now, dead := r.at("2022-07-04 08:00:00"), map[string]bool{}
		down, deaf := "", false
		for range 1500 {
			now = now.Add(time.Duration(1+rng.IntN(12)) * time.Second)
			x := &d.Site.Devices[rng.IntN(len(d.Site.Devices))]
			switch rng.IntN(120) {
			case 0:
				dead[x.ID] = !dead[x.ID]
			case 1:
				if down = ""; rng.IntN(2) == 0 {
					down = []string{"switch", "inner"}[rng.IntN(2)]
				}
			case 2:
				clear(dead)
			case 3:
				now = now.Add(time.Duration(rng.IntN(600)) * time.Second)
			case 4:
				deaf = !deaf
				r.apply(telemetry.Record{Kind: telemetry.KindService, Received: now, Service: &telemetry.Service{Deaf: deaf}})
			}
			if dead[x.ID] || x.Parent == down || down == "switch" || deaf {
				r.apply(telemetry.Record{Kind: telemetry.KindTick, Received: now})
				told()
				continue
			}
			at := now
			switch rng.IntN(12) {
			case 0:
				at = now.Add(-time.Duration(rng.IntN(100)) * time.Second)
			case 1:
				at = now.Add(-time.Duration(rng.IntN(1000)) * time.Second)
			case 2:
				if ahead%2 > 0 {
					break
				}
				at = now.Add(time.Duration(rng.IntN(110)) * time.Second)
			}
			r.apply(reading(x.ID, at, now, telemetry.Temperature, 25))
			told()
		}
	})
	if *looks < 10_000 {
		t.Errorf("%d looks were compared: the test says little", *looks)
	}
}

// branched is a hall of n devices behind a switch, some of them behind a second one, that promise different things.
func branched(t testing.TB, n int) *Definition {
	d := &Definition{
		Site:      facility.Site{ID: "s", Location: location(t, "Asia/Jakarta"), Hours: officeHours(), Uplinks: []facility.Uplink{{ID: "switch"}}, Zones: []facility.Zone{{ID: "hall"}}},
		Protocols: []Protocol{{ID: "p", Title: "P", Rules: []Rule{healthRule(t, "silence", func(p *Silence) { p.Factor = 2 }), healthRule[*Outage](t, "outage", nil)}}},
		Measures:  map[string][]telemetry.Quantity{},
	}
	add := func(id, parent string, interval time.Duration) {
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: id, Model: "native", Interval: interval, Parent: parent, Place: facility.Place{Kind: facility.AtZone, ID: "hall"}})
		d.Measures[id] = []telemetry.Quantity{telemetry.Temperature}
	}
	add("inner", "switch", time.Minute)
	for i := range n {
		add(fmt.Sprintf("d%04d", i), []string{"switch", "inner"}[i%3/2], []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute}[i%7/3])
	}
	return d
}
