package gateway

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// paced runs a loop that waits 10 ms for company, and counts its commits.
func paced(t *testing.T, do func(t *testing.T, l *Loop, commits *atomic.Int64)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(begin.Time()))
		b := newBench(t, newMemory(), "mall")
		var commits atomic.Int64
		l := NewLoop(LoopOptions{Gateway: b.Gateway, Live: NewLive(), Logger: slog.New(slog.DiscardHandler), Linger: 10 * time.Millisecond,
			Committed: func(*journal.Batch) { commits.Add(1) }})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		time.Sleep(time.Second)
		commits.Store(0)
		do(t, l, &commits)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestACommitWaitsForCompany sends as many devices do, each for itself.
func TestACommitWaitsForCompany(t *testing.T) {
	for _, tt := range []struct {
		rate, together int
		most           int64
	}{{100, 1, 80}, {1000, 1, 130}, {1000, 2, 130}} {
		rate, most := tt.rate, tt.most
		paced(t, func(t *testing.T, l *Loop, commits *atomic.Int64) {
			rng := rand.New(rand.NewPCG(1, 0))
			var longest atomic.Int64
			for seq := range rate {
				sent := time.Now()
				ack := func() { longest.Store(max(longest.Load(), int64(time.Since(sent)))) }
				if err := l.Intake().Put(message(seq, ack)); err != nil {
					t.Fatal(err)
				}
				switch {
				case tt.together == 1:
					time.Sleep(time.Duration(rng.ExpFloat64() * float64(time.Second) / float64(rate)))
				case seq%tt.together == 1:
					time.Sleep(time.Duration(tt.together) * time.Second / time.Duration(rate))
				}
			}
			time.Sleep(time.Second)
			if n := commits.Load(); n > most+10 { // of the clock's own
				t.Errorf("%d messages in a second: %d commits, want at most %d", rate, n, most)
			}
			if d := time.Duration(longest.Load()); d > 10*time.Millisecond {
				t.Errorf("%d messages in a second: one was acknowledged after %v, want at most 10 ms", rate, d)
			}
		})
	}
}

// TestNobodyWaitsForWhoWaits sends as a bridge does that waits for an acknowledgement after each message, or each twenty.
func TestNobodyWaitsForWhoWaits(t *testing.T) {
	for window, least := range map[int]int{1: 2000, 2: 2000, 4: 2000, 20: 6000} {
		paced(t, func(t *testing.T, l *Loop, commits *atomic.Int64) {
			free := make(chan struct{}, window)
			for range window {
				free <- struct{}{}
			}
			n := 0
			for end := time.Now().Add(time.Second); time.Now().Before(end); n++ {
				<-free
				if err := l.Intake().Put(message(n, func() { free <- struct{}{} })); err != nil {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Microsecond) // what the message takes on its way
			}
			if n < least {
				t.Errorf("a window of %d: %d messages in a second, want at least %d", window, n, least)
			}
			time.Sleep(time.Second)
		})
	}
}

// TestAnAlertDoesNotWait sends a fever among messages that are waited for.
func TestAnAlertDoesNotWait(t *testing.T) {
	paced(t, func(t *testing.T, l *Loop, _ *atomic.Int64) {
		for seq := range 10 {
			if err := l.Intake().Put(message(seq, nil)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		m, sent, took := message(10, nil), time.Now(), make(chan time.Duration, 1)
		m.Payload = []byte(counted(10, 1000, 0))
		m.Ack = func() { took <- time.Since(sent) }
		if err := l.Intake().Put(m); err != nil {
			t.Fatal(err)
		}
		if d := <-took; d != 0 {
			t.Errorf("the message that raised an alert was acknowledged after %v, want at once", d)
		}
	})
}

// TestWhoWasReachedWaits tells, among messages that are waited for, that a router took an alert: nobody is to learn anything by it, so it
// goes with them. The escalation's next step goes at once.
func TestWhoWasReachedWaits(t *testing.T) {
	paced(t, func(t *testing.T, l *Loop, commits *atomic.Int64) {
		m := message(0, nil)
		m.Payload = []byte(counted(0, 1000, 0))
		if err := l.Intake().Put(m); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		open := make(chan []alerts.Alert, 1)
		l.post(func(context.Context, telemetry.Instant) error {
			open <- l.gw.Open()
			return nil
		})
		all := <-open
		if len(all) == 0 {
			t.Fatal("no alert is open")
		}
		for seq := range 5 {
			if err := l.Intake().Put(message(seq+1, nil)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		before := commits.Load()
		l.Accepted([]alerts.Acceptance{{Alert: all[0].ID, Receivers: []string{"satpam"}}})
		synctest.Wait()
		if n := commits.Load() - before; n != 0 {
			t.Errorf("that a router took an alert made %d commits at once, want it to go with the messages", n)
		}
		time.Sleep(10 * time.Millisecond)
		if n := commits.Load() - before; n != 1 {
			t.Errorf("%d commits after the wait, want 1", n)
		}
	})
}
