package app

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// slowJournal answers after a while, and with an error, as there is nothing in it.
type slowJournal struct {
	journal.Journal
	long time.Duration
}

var errEmpty = errors.New("nothing in it")

func (s *slowJournal) Before(ctx context.Context, _ telemetry.Instant) (uint64, error) {
	select {
	case <-time.After(s.long):
		return 0, errEmpty
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Finding: the time of a rehearsal began in the queue, so that those behind others failed without having run; a failure was shown for ten
// minutes, and what was tried before a reload as well.
func TestARehearsalHasItsTimeWhenItsTurnComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRehearsals(&slowJournal{long: 50 * time.Second}, func() []alerts.Alert { return nil }, time.Now, slog.New(slog.DiscardHandler))
		defer func() { _ = r.Close() }()
		begin := time.Now()
		for _, level := range []string{"a", "b", "c", "d", "e"} {
			if _, err := r.Rehearse("hall", level); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(4*50*time.Second + time.Second)
		synctest.Wait()
		done := 0
		r.mu.Lock()
		for _, x := range r.kept {
			if x.Done {
				done++
				if x.Took != 50*time.Second || x.Made.Sub(begin)%(50*time.Second) != 0 {
					t.Errorf("one took %v, until %v: want 50 s, one behind the other", x.Took, x.Made.Sub(begin))
				}
			}
		}
		r.mu.Unlock()
		if done != 4 {
			t.Errorf("%d of five are done after 201 s, want 4", done)
		}
		time.Sleep(50*time.Second + failureKept)
		before := time.Now()
		if x, err := r.Rehearse("hall", "a"); err != nil || x.Done || x.Made != before {
			t.Errorf("one that failed, a few seconds later: %+v (%v), want it tried again", x, err)
		}
		// One that takes for ever has two minutes of its own.
		synctest.Wait()
		r.journal = &slowJournal{long: time.Hour}
		if _, err := r.Rehearse("hall", "slow"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50*time.Second + longestTrial + time.Second)
		if x, err := r.Rehearse("hall", "slow"); err != nil || !x.Failed || x.Took != longestTrial {
			t.Errorf("one that takes for ever: %+v (%v), want it ended after %v", x, err, longestTrial)
		}
	})
}

func TestAReloadForgetsWhatWasTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRehearsals(&slowJournal{long: 50 * time.Second}, func() []alerts.Alert { return nil }, time.Now, slog.New(slog.DiscardHandler))
		defer func() { _ = r.Close() }()
		first, err := r.Rehearse("hall", "a")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r.Forget()
		if x, err := r.Rehearse("hall", "a"); err != nil || x.Made.Equal(first.Made) {
			t.Errorf("after a reload: %+v (%v), want a new one", x, err)
		}
		time.Sleep(50 * time.Second)
		synctest.Wait()
		if x, err := r.Rehearse("hall", "a"); err != nil || !x.Done || x.Took != 50*time.Second {
			t.Errorf("the new one: %+v (%v), want it done: the one before is ended and holds up nobody", x, err)
		}
	})
}
