package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// jumpy is a loop whose wall clock can be set.
type jumpy struct {
	t      *testing.T
	m      *memory
	b      *bench
	l      *Loop
	off    atomic.Int64 // how far the wall clock is ahead
	seq    int
	cancel context.CancelFunc
	done   chan error
}

// withJumpy runs a test in a bubble of its own time.
func withJumpy(t *testing.T, do func(j *jumpy)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(begin.Time()))
		j := &jumpy{t: t, m: newMemory()}
		j.start()
		do(j)
		j.stop()
	})
}

func (j *jumpy) wall() time.Time { return time.Now().Add(time.Duration(j.off.Load())) }

func (j *jumpy) start() {
	j.t.Helper()
	if j.b == nil {
		j.b = newBench(j.t, j.m, "mall")
	}
	g, err := Open(context.Background(), Options{
		Journal: j.m, Decoder: j.b.decoder, Directory: alerts.NewDirectory(), Logger: slog.New(slog.DiscardHandler), Window: 1000,
	})
	if err != nil {
		j.t.Fatal(err)
	}
	now, err := g.Resume(context.Background(), telemetry.InstantOf(j.wall()))
	if err != nil {
		j.t.Fatal(err)
	}
	if err := g.Configure(context.Background(), j.b.defs, "test", now); err != nil {
		j.t.Fatal(err)
	}
	j.b.Gateway = g
	j.l = NewLoop(LoopOptions{Gateway: g, Live: NewLive(), Logger: slog.New(slog.DiscardHandler), Now: j.wall})
	var ctx context.Context
	ctx, j.cancel = context.WithCancel(context.Background())
	j.done = make(chan error, 1)
	go func() { j.done <- j.l.Run(ctx) }()
}

func (j *jumpy) stop() {
	j.cancel()
	if err := <-j.done; err != nil {
		j.t.Error(err)
	}
}

// count sends a count of people and waits until it is acknowledged.
func (j *jumpy) count(in, out int) {
	j.t.Helper()
	j.seq++
	var acked atomic.Bool
	msg := ingest.Message{
		Topic: "gerbang/v1/mall/count", Payload: []byte(counted(j.seq, in, out)), QoS: 1, Received: telemetry.InstantOf(j.wall()),
		Ack: func() { acked.Store(true) },
	}
	if err := j.l.Intake().Put(msg); err != nil {
		j.t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	if !acked.Load() {
		j.t.Fatal("the message is not acknowledged")
	}
}

// run lets time pass with a message every 20 seconds.
func (j *jumpy) run(d time.Duration) {
	j.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(18 * time.Second) {
		j.count(0, 0)
	}
}

func (j *jumpy) open(rule string) bool {
	return slices.ContainsFunc(j.l.live.Open(), func(a alerts.Alert) bool { return a.Rule == rule })
}

// breach fills the hall and empties it again, and wants an alert that opens now and closes.
func (j *jumpy) breach(when string) {
	j.t.Helper()
	j.count(12, 0)
	if !j.open("capacity") {
		j.t.Errorf("%s: no alert opens", when)
	}
	for _, a := range j.l.live.Open() {
		if off := a.Opened.Sub(telemetry.InstantOf(time.Now())); a.Rule == "capacity" && (off > time.Minute || off < -time.Minute) {
			j.t.Errorf("%s: the alert opens at %v, now it is %v", when, a.Opened, time.Now())
		}
	}
	j.count(0, 12)
	if j.open("capacity") {
		j.t.Errorf("%s: the alert does not close", when)
	}
}

// replayed judges the journal again and wants the transitions that were recorded.
func (j *jumpy) wantReplay() {
	j.t.Helper()
	j.m.mu.Lock()
	defer j.m.mu.Unlock()
	e, n := rules.New("mall"), 0
	var out rules.Output
	for i := range j.m.records {
		if rec := &j.m.records[i]; rec.Kind != telemetry.KindRejection {
			out.Reset()
			if err := e.Apply(rec, &out); err != nil {
				j.t.Fatal(err)
			}
			n += len(out.Transitions)
		}
	}
	if n != len(j.m.transitions) {
		j.t.Errorf("a replay gives %d transitions, %d were recorded", n, len(j.m.transitions))
	}
}

// Finding L1: a wall clock that is ahead for seconds changes nothing; people are told, and that it is over.
func TestL1_ClockAheadForSeconds(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, 24 * time.Hour, 80 * 365 * 24 * time.Hour, -time.Hour, -56 * 365 * 24 * time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			withJumpy(t, func(j *jumpy) {
				j.run(time.Minute)
				j.breach("before")
				j.off.Store(int64(by))
				j.count(1, 0)
				if !j.open(string(alerts.FaultClockJump)) {
					t.Error("nobody is told that the clock jumped")
				}
				j.breach("while it is ahead")
				j.off.Store(0)
				j.count(0, 1)
				if j.open(string(alerts.FaultClockJump)) {
					t.Error("nobody is told that the clock is right again")
				}
				j.breach("after")
				j.stop()
				j.start()
				j.breach("after a restart")
				if notes := j.notes(); len(notes) != 0 {
					t.Errorf("the clock was set by a jump of seconds: %+v", notes)
				}
				j.wantReplay()
			})
		})
	}
}

// Finding L1: a wall clock that stays where it jumped is followed, in either direction, and the journal says so.
func TestL1_ClockThatStays(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, 26 * time.Hour, 90 * 24 * time.Hour, -time.Hour, -26 * time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			withJumpy(t, func(j *jumpy) {
				j.run(time.Minute)
				j.off.Store(int64(by))
				j.run(time.Minute)
				set := j.set()
				if len(set) != 1 || set[0].Received.Sub(telemetry.InstantOf(time.Now())) < by-2*time.Minute {
					t.Fatalf("the clock was set %d times: %+v, want once, by %v", len(set), set, by)
				}
				// The alert's time is the new one, so compare with the wall clock.
				j.count(12, 0)
				for _, a := range j.l.live.Open() {
					if off := a.Opened.Sub(telemetry.InstantOf(j.wall())); a.Rule == "capacity" && (off > time.Minute || off < -time.Minute) {
						t.Errorf("the alert opens at %v, now it is %v", a.Opened, j.wall())
					}
				}
				if !j.open("capacity") {
					t.Error("no alert opens after the clock was set")
				}
				if j.open("silence") {
					t.Error("a device is silent because the clock was set")
				}
				// And back: RTC in local time, set right later.
				j.off.Store(0)
				j.run(time.Minute)
				if n := len(j.set()); n != 2 {
					t.Fatalf("the clock was set %d times, want twice", n)
				}
				if !j.open(string(alerts.FaultClockJump)) {
					t.Error("nobody is told that the clock was set")
				}
				j.count(0, 12)
				j.breach("after it was set back")
				j.stop()
				j.start()
				j.breach("after a restart")
				j.run(11 * time.Minute)
				if j.open(string(alerts.FaultClockJump)) {
					t.Error("the alert about the clock does not end")
				}
				time.Sleep(5 * time.Minute)
				if !j.open("silence") {
					t.Error("a silent device is not told after the clock was set")
				}
				j.wantReplay()
			})
		})
	}
}

// set lists the records of a clock that was set.
func (j *jumpy) set() (all []telemetry.Record) {
	j.m.mu.Lock()
	defer j.m.mu.Unlock()
	for _, rec := range j.m.records {
		if rec.Kind == telemetry.KindService && rec.Service.Set {
			all = append(all, rec)
		}
	}
	return all
}

// A clock that shows a time that cannot be is never believed, however long it stays.
func TestL1_ImpossibleClockIsNotBelieved(t *testing.T) {
	withJumpy(t, func(j *jumpy) {
		j.off.Store(int64(80 * 365 * 24 * time.Hour))
		j.run(5 * time.Minute)
		if len(j.set()) != 0 {
			t.Error("the year 2106 was believed")
		}
		j.breach("while the clock is impossible")
		j.stop()
		j.start()
		j.breach("after a restart with an impossible clock")
		j.off.Store(0)
		j.run(time.Minute)
		j.breach("after it was right again")
	})
}

// Finding T4: a journal that ends in the future. It is said, judged by arrival, and alerts open now.
func TestT4_JournalEndsInTheFuture(t *testing.T) {
	for _, ahead := range []time.Duration{26 * time.Hour, 120 * 24 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			withJumpy(t, func(j *jumpy) {
				// As an earlier version wrote it.
				at := begin.Add(ahead)
				j.m.mu.Lock()
				j.m.records = append(j.m.records, telemetry.Record{
					Seq: uint64(len(j.m.records)) + 1, Kind: telemetry.KindObservation, Site: "mall", At: at, Received: at,
					Observation: telemetry.Observation{Device: "count", Readings: []telemetry.Reading{{Quantity: telemetry.PeopleIn, Value: 1}}},
				})
				j.m.transitions = nil
				clear(j.m.snapshots)
				j.m.mu.Unlock()
				// Nobody commits what the running loop has; it ends as after a crash.
				j.cancel()
				if err := <-j.done; err != nil {
					t.Log(err)
				}
				j.m.mu.Lock()
				j.m.alive = 0
				j.m.records = slices.DeleteFunc(j.m.records, func(r telemetry.Record) bool { return r.Kind == telemetry.KindTick })
				for i := range j.m.records {
					j.m.records[i].Seq = uint64(i) + 1
				}
				clear(j.m.snapshots)
				j.m.mu.Unlock()

				j.start()
				j.count(0, 0)
				if !j.open(string(alerts.FaultClockJump)) {
					t.Error("nobody is told that the journal ends in the future")
				}
				j.run(time.Minute)
				if len(j.set()) != 1 {
					t.Fatalf("the clock was set %d times, want once", len(j.set()))
				}
				j.breach("after the clock was set")
				time.Sleep(5 * time.Minute)
				if !j.open("silence") {
					t.Error("a silent device is not told")
				}
			})
		})
	}
}

// Finding T5: a gateway that was off for twenty minutes opens no alert about devices that went on reporting.
func TestT5_GatewayWasOff(t *testing.T) {
	for _, crash := range []bool{false, true} {
		t.Run(fmt.Sprintf("crash %v", crash), func(t *testing.T) {
			withJumpy(t, func(j *jumpy) {
				j.run(2 * time.Minute)
				time.Sleep(40 * time.Second) // nothing comes, but it runs
				if crash {
					j.m.mu.Lock()
					j.m.fail = func(int) (error, bool) { return journal.ErrOutcomeUnknown, false }
					j.m.mu.Unlock()
					_ = j.l.Intake().Put(message(1000, nil))
					if err := <-j.done; err != nil {
						t.Log(err)
					}
					j.m.mu.Lock()
					j.m.fail = nil
					j.m.mu.Unlock()
				} else {
					j.stop()
				}
				off := time.Now()
				time.Sleep(20 * time.Minute)
				j.start()
				time.Sleep(50 * time.Second) // the device's minute is not over
				for _, a := range j.l.live.Open() {
					if strings.HasPrefix(a.Rule, "silence") && a.Subject.ID == "count" {
						t.Errorf("false alert: %+v", a)
					}
				}
				note := j.notes()
				if len(note) != 1 || off.Sub(note[0].Service.Since.Time()).Abs() > aliveEvery+time.Second {
					t.Errorf("the journal says %+v, want that nobody listened since %v", note, off)
				}
				j.count(0, 0)
				time.Sleep(4 * time.Minute)
				if !j.open("silence") {
					t.Error("a device that is really silent is not told")
				}
				j.wantReplay()
			})
		})
	}
}

// notes lists what the gateway said about itself.
func (j *jumpy) notes() (all []telemetry.Record) {
	j.m.mu.Lock()
	defer j.m.mu.Unlock()
	for _, rec := range j.m.records {
		if rec.Kind == telemetry.KindService {
			all = append(all, rec)
		}
	}
	return all
}

// Finding T5: behind a broker that is away nobody is silent.
func TestT5_BrokerWasAway(t *testing.T) {
	withJumpy(t, func(j *jumpy) {
		j.run(2 * time.Minute)
		lost := time.Now()
		time.Sleep(10 * time.Second)
		j.l.Fault(alerts.Fault{Name: alerts.FaultBrokerDown, Firing: true, Since: lost})
		time.Sleep(30 * time.Minute)
		silent := func() bool {
			return slices.ContainsFunc(j.l.live.Open(), func(a alerts.Alert) bool { return a.Rule == "silence" && a.Subject.ID == "count" })
		}
		if silent() {
			t.Error("a device is silent while the broker is away")
		}
		j.stop()
		time.Sleep(20 * time.Second)
		j.start()
		time.Sleep(15 * time.Second)
		j.l.Fault(alerts.Fault{Name: alerts.FaultBrokerDown, Firing: true, Since: time.Now().Add(-10 * time.Second)})
		time.Sleep(10 * time.Minute)
		if silent() {
			t.Error("a device is silent while the broker is away, after a restart")
		}
		j.l.Fault(alerts.Fault{Name: alerts.FaultBrokerDown})
		time.Sleep(50 * time.Second)
		if silent() {
			t.Error("a device has no time to report after the broker is back")
		}
		time.Sleep(4 * time.Minute)
		if !silent() {
			t.Error("a device that is really silent is not told")
		}
		j.wantReplay()
	})
}
