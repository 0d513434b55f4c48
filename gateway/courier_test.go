package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
)

func TestCourierDeliversInOrderAtLeastOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &unreliable{}
		outbox := &fakeOutbox{}
		faults := map[alerts.FaultName]bool{}
		c := NewCourier(CourierOptions{
			Publisher: p, Outbox: outbox, Sent: outbox.sent, Logger: slog.New(slog.DiscardHandler),
			Fault: func(f alerts.Fault) { faults[f.Name] = f.Firing },
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		for i := range 3 * courierHolds {
			switch i {
			case 100:
				p.down.Store(true)
			case 2 * courierHolds:
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if !faults[alerts.FaultSignalsWaiting] {
					t.Error("nobody was told that signals wait")
				}
				p.down.Store(false)
			}
			s := alerts.Signal{ID: fmt.Sprint(i), Topic: "t"}
			outbox.add(s)
			c.Owe([]alerts.Signal{s})
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		next := 0
		for _, id := range p.got {
			var n int
			_, _ = fmt.Sscan(id, &n)
			if n > next {
				t.Fatalf("signal %d came before %d", n, next)
			}
			next = max(next, n+1)
		}
		if next != 3*courierHolds {
			t.Errorf("delivered up to %d, want %d", next, 3*courierHolds)
		}
		if faults[alerts.FaultSignalsWaiting] {
			t.Error("the fault is not over")
		}
		if owed, err := c.Waiting(); owed != 0 || err != nil {
			t.Errorf("%d signals wait (%v), want none", owed, err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A signal that becomes owed while the outbox is being read is neither in memory nor in what was read.
func TestSignalOwedDuringRefillIsDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, outbox := &unreliable{}, &fakeOutbox{}
		c := NewCourier(CourierOptions{
			Publisher: p, Outbox: outbox, Sent: outbox.sent, Logger: slog.New(slog.DiscardHandler), Fault: func(alerts.Fault) {},
		})
		outbox.read = func() {
			outbox.read = nil
			s := alerts.Signal{ID: "late", Topic: "t"}
			outbox.add(s)
			c.Owe([]alerts.Signal{s})
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		if !slices.Contains(p.got, "late") {
			t.Errorf("delivered %v, want the late one", p.got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// unreliable is a broker that is sometimes away.
type unreliable struct {
	down atomic.Bool
	got  []string
}

func (p *unreliable) Publish(_ context.Context, signals []alerts.Signal) error {
	if p.down.Load() {
		return errors.New("away")
	}
	for _, s := range signals {
		p.got = append(p.got, s.ID)
	}
	return nil
}

type fakeOutbox struct {
	mu   sync.Mutex
	owed []alerts.Signal
	read func() // called when the outbox was read and before the answer is given
}

func (o *fakeOutbox) add(s alerts.Signal) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.owed = append(o.owed, s)
}

func (o *fakeOutbox) sent(ids []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.owed = slices.DeleteFunc(o.owed, func(s alerts.Signal) bool { return slices.Contains(ids, s.ID) })
}

func (o *fakeOutbox) Owed(_ context.Context, limit int) ([]alerts.Signal, error) {
	o.mu.Lock()
	owed := slices.Clone(o.owed[:min(limit, len(o.owed))])
	read := o.read
	o.mu.Unlock()
	if read != nil {
		read()
	}
	return owed, nil
}

// While the journal takes no commits what was delivered stays in its outbox. It is not sent again and again.
func TestWhatCannotBeDeletedIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, outbox, refuses := &unreliable{}, &fakeOutbox{}, atomic.Bool{}
		refuses.Store(true)
		var mu sync.Mutex
		var waiting []string // of the journal
		c := NewCourier(CourierOptions{
			Publisher: p, Outbox: outbox, Fault: func(alerts.Fault) {}, Logger: slog.New(slog.DiscardHandler),
			Sent: func(ids []string) {
				mu.Lock()
				defer mu.Unlock()
				if waiting = append(waiting, ids...); !refuses.Load() {
					outbox.sent(waiting)
					waiting = nil
				}
			},
		})
		const all = 2*courierHolds + 10
		for i := range all {
			outbox.add(alerts.Signal{ID: fmt.Sprint(i), Topic: "t"})
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		time.Sleep(time.Hour)
		synctest.Wait()
		mu.Lock()
		if n := len(p.got); n != courierHolds || len(waiting) != courierHolds {
			t.Errorf("%d signals were sent in an hour, %d are to be deleted: want each of the %d that can be seen once", n, len(waiting), courierHolds)
		}
		refuses.Store(false)
		outbox.sent(waiting) // the journal takes commits again
		waiting = nil
		mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(p.got); n != all {
			t.Errorf("%d signals were sent, want %d, each once", n, all)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
