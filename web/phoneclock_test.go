package web

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// phone is a phone in a pocket: its clock is off by anything, runs a little fast or slow and is set now and then; its other clock stands still
// while it sleeps and begins anew with each page.
type phone struct {
	*rand.Rand
	now, off, slept time.Duration // of the truth; by which its clock is ahead; how long it has slept
	life            int
	last            time.Duration // what its clock showed when a page looked last
	back            bool          // a page saw it go backwards since the gateway was heard
	set             []time.Duration
	rate            float64
}

func (p *phone) wall() time.Duration { return p.now + p.off + time.Duration(float64(p.now)*p.rate) }
func (p *phone) mono() time.Duration { return p.now - p.slept }

// look is what each page does every few seconds, and as it is opened.
func (p *phone) look() {
	if p.wall() < p.last-2*time.Second {
		p.back = true
	}
	p.last = p.wall()
}

// pass lets hours go by, with what happens to a phone in them.
func (p *phone) pass(most time.Duration) {
	for range 1 + p.IntN(4) {
		d := time.Duration(p.Int64N(int64(most/3) + 1))
		p.now += d
		switch p.IntN(6) {
		case 0, 1:
			p.slept += d // the screen was off
		case 2:
			p.life++ // the page was closed, or the phone started again
		}
		p.look()
		if p.IntN(5) == 0 { // a person, or the network, sets the clock while the screen is on
			by := time.Duration(p.Int64N(int64(14*time.Hour))) - 7*time.Hour
			if p.IntN(3) == 0 && len(p.set) > 0 {
				by = -p.set[len(p.set)-1] // and back again
			}
			p.off += by
			p.set = append(p.set, by)
			p.look()
		}
	}
}

// TestWhenItWasDone: a time that is said to be certain is right within what its comment promises, and a range holds the truth, whatever a
// phone's clock does.
func TestWhenItWasDone(t *testing.T) {
	start := telemetry.InstantOf(fleetNow)
	n, certain, honest := 40_000, 0, 0
	if testengine.Racing {
		n = 4_000
	}
	for seed := range uint64(n) {
		r := rand.New(rand.NewPCG(seed, 10))
		p := &phone{Rand: r, off: time.Duration(r.Int64N(int64(40*time.Hour))) - 20*time.Hour, rate: (r.Float64() - .5) / 10_000}
		quiet := seed%2 == 0 // a phone that nobody sets
		p.look()
		at := func(d time.Duration) telemetry.Instant { return start.Add(d) }
		c := telemetry.PhoneClock{Elapsed: -1}
		if r.IntN(5) > 0 {
			c.Heard, c.HeardAt, p.back = at(p.now), at(p.wall()), false
		}
		pass := func(most time.Duration) {
			p.pass(most)
			if quiet {
				for _, by := range p.set {
					p.off -= by
				}
				p.set, p.back, p.last = nil, false, p.wall()
			}
		}
		pass(8 * time.Hour)
		truth, life, mono := at(p.now), p.life, p.mono()
		c.Done = at(p.wall())
		if r.IntN(3) > 0 {
			pass(10 * time.Hour)
		}
		c.Sent, c.SetBack = at(p.wall()), p.back
		if p.life == life {
			c.Elapsed = p.mono() - mono
		}
		received := at(p.now + time.Duration(r.Int64N(int64(sendLimit))))
		got, earliest := whenDone(c, received)
		bound := agreeing(received.Sub(start)) + sendLimit
		if got > received || earliest != 0 && earliest >= got {
			t.Fatalf("seed %d: got %v to %v, received %v", seed, earliest, got, received)
		}
		if earliest != 0 {
			if truth < earliest.Add(-bound) || truth > got.Add(bound) {
				t.Fatalf("seed %d: it was done %v, the range %v to %v does not hold it (%+v)", seed, truth, earliest, got, c)
			}
			continue
		}
		certain++
		if quiet {
			honest++
		}
		if off := got.Sub(truth); max(off, -off) > bound {
			t.Fatalf("seed %d: it was done %v, said to be %v for sure, off by %v, want at most %v (set by %v; %+v)", seed, truth, got, off, bound, p.set, c)
		}
	}
	t.Logf("%d of %d times are certain, %d of %d of phones that nobody sets", certain, n, honest, n/2)
	if honest < n/2*3/4 {
		t.Errorf("of %d times of phones that nobody sets %d are certain, want most of them", n/2, honest)
	}
}

// TestAJumpIsNotBelieved: the plain cases, for whoever reads them.
func TestAJumpIsNotBelieved(t *testing.T) {
	now := telemetry.InstantOf(fleetNow)
	phone := now.Add(-3 * time.Hour) // three hours slow
	for _, tc := range []struct {
		name     string
		p        telemetry.PhoneClock
		at       time.Duration // before now
		earliest time.Duration // 0: certain
	}{
		{"sent at once", telemetry.PhoneClock{Done: phone, Sent: phone}, 0, 0},
		{"two hours in the pocket, the page open", telemetry.PhoneClock{Done: phone.Add(-2 * time.Hour), Sent: phone, Elapsed: 2 * time.Hour}, 2 * time.Hour, 0},
		{"two hours asleep, the clock right before and after", telemetry.PhoneClock{Done: phone.Add(-2 * time.Hour), Sent: phone, Elapsed: time.Minute, Heard: now.Add(-4 * time.Hour), HeardAt: phone.Add(-4 * time.Hour)}, 2 * time.Hour, 0},
		{"started again, the clock right before and after", telemetry.PhoneClock{Done: phone.Add(-2 * time.Hour), Sent: phone, Elapsed: -1, Heard: now.Add(-4 * time.Hour), HeardAt: phone.Add(-4 * time.Hour)}, 2 * time.Hour, 0},
		{"set an hour forward meanwhile", telemetry.PhoneClock{Done: phone.Add(-3 * time.Hour), Sent: phone, Elapsed: 2 * time.Hour, Heard: now.Add(-4 * time.Hour), HeardAt: phone.Add(-5 * time.Hour)}, 2 * time.Hour, 4 * time.Hour},
		{"set back meanwhile", telemetry.PhoneClock{Done: phone.Add(-time.Hour), Sent: phone, Elapsed: 2 * time.Hour, Heard: now.Add(-4 * time.Hour), HeardAt: phone.Add(-3 * time.Hour)}, 2 * time.Hour, 4 * time.Hour},
		{"started again, nothing else known", telemetry.PhoneClock{Done: phone.Add(-2 * time.Hour), Sent: phone, Elapsed: -1}, 0, countPast},
		{"seen to go back, and forward again", telemetry.PhoneClock{Done: phone.Add(-2 * time.Hour), Sent: phone, Elapsed: -1, Heard: now.Add(-4 * time.Hour), HeardAt: phone.Add(-4 * time.Hour), SetBack: true}, 0, 4 * time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at, earliest := whenDone(tc.p, now)
			want := telemetry.Instant(0)
			if tc.earliest != 0 {
				want = now.Add(-tc.earliest)
			}
			if at != now.Add(-tc.at) || earliest != want {
				t.Errorf("got %v to %v, want %v to %v", earliest, at, want, now.Add(-tc.at))
			}
		})
	}
}
