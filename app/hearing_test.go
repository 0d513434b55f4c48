package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// saying is an announcer whose topics the test sets.
type saying struct {
	topics  []string
	changed chan struct{}
}

func (a *saying) Announced() []string            { return slices.Clone(a.topics) }
func (a *saying) TopicsChanged() <-chan struct{} { return a.changed }

// TestHearing: topics are followed at the start, when they change, after a reload, and again after a failure.
func TestHearing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := &saying{topics: []string{"a"}, changed: make(chan struct{}, 1)}
		second := &saying{topics: []string{"z"}, changed: make(chan struct{}, 1)}
		h := newHearing(first)
		var mu sync.Mutex // of both
		var followed [][]string
		failures := 0
		follow := func(_ context.Context, topics []string) error {
			mu.Lock()
			defer mu.Unlock()
			followed = append(followed, topics)
			if failures > 0 {
				failures--
				return errors.New("no answer")
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- h.run(follow, slog.New(slog.DiscardHandler))(ctx) }()
		want := func(step string, topics ...[]string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.EqualFunc(followed, topics, slices.Equal[[]string]) {
				t.Errorf("%s: followed %v, want %v", step, followed, topics)
			}
			followed = nil
		}
		want("at the start", []string{"a"})
		time.Sleep(time.Hour)
		want("nothing happens")
		first.topics = []string{"a", "b"}
		first.changed <- struct{}{}
		want("a device announces a topic", []string{"a", "b"})
		mu.Lock()
		failures = 2
		mu.Unlock()
		first.changed <- struct{}{}
		want("the broker does not answer", []string{"a", "b"})
		time.Sleep(2*h.retry + time.Second)
		want("it is tried again until it does", []string{"a", "b"}, []string{"a", "b"})
		h.swap(first)
		h.swap(second)
		synctest.Wait()
		mu.Lock()
		followed = followed[len(followed)-1:] // the first may have been taken already
		mu.Unlock()
		want("after a reload", []string{"z"})
		first.changed <- struct{}{}
		want("the old decoder says something")
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
