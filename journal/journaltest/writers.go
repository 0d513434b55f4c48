package journaltest

import (
	"context"
	"errors"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// oneWriter opens a journal twice: the second is refused, or the first one is, before it stores anything.
func oneWriter(t testing.TB, h Harness) {
	first, f := open(t, h), newFeed()
	f.commit(t, first, 10)
	second, err := h.Open(t, window)
	switch {
	case err != nil:
		if !errors.Is(err, journal.ErrInUse) {
			t.Errorf("opening a journal that is open: got %v, want ErrInUse", err)
		}
		f.commit(t, first, 3)
		closed(t, first)
		second = open(t, h)
	default:
		has(t, "the second one", second, f.content)
		b := f.batch(3)
		if err := first.Commit(t.Context(), b); !errors.Is(err, journal.ErrInUse) {
			t.Errorf("a commit when another process has taken over: got %v, want ErrInUse", err)
		}
		has(t, "after the first one was refused", second, f.content)
		commit(t, second, b)
		f.took(b)
		if err := first.Commit(t.Context(), f.batch(2)); !journal.Fatal(err) {
			t.Errorf("a commit later: got %v, want what ends the process", err)
		}
		f.batches--
		if err := first.Close(); err != nil {
			t.Errorf("closing the first one: %v", err)
		}
	}
	f.commit(t, second, 4)
	has(t, "in the end", second, f.content)
	has(t, "after a crash", open(t, h.Crash(t)), f.content)
}

func closedTakesNothing(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	f.commit(t, j, 5)
	source := j.Source()
	closed(t, j)
	if err := j.Commit(t.Context(), f.batch(2)); err == nil {
		t.Error("a journal that is closed has taken a batch")
	}
	if err := source.Advance(t.Context(), journal.Position{Record: 5}, nil); err == nil {
		t.Error("a journal that is closed has moved its cursor")
	}
	has(t, "opened again", open(t, h), f.content)
}

// cancelled asks with contexts that end.
func cancelled(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	for range 3 {
		f.commit(t, j, 2000)
	}
	over, end := context.WithCancel(t.Context())
	end()
	nothing := func(*telemetry.Record) error { return nil }
	for what, ask := range map[string]func(ctx context.Context) error{
		"State":    func(ctx context.Context) error { _, err := j.State(ctx); return err },
		"Replay":   func(ctx context.Context) error { return j.Replay(ctx, "", 0, nothing) },
		"Standing": func(ctx context.Context) error { return j.Standing(ctx, "mall", 9, nothing) },
		"Verdicts": func(ctx context.Context) error { _, err := j.Verdicts(ctx, "mall"); return err },
		"Owed":     func(ctx context.Context) error { _, err := j.Owed(ctx, 9); return err },
		"Verify":   func(ctx context.Context) error { _, err := j.Verify(ctx, 0, nil); return err },
	} {
		if err := ask(over); !errors.Is(err, context.Canceled) {
			t.Errorf("%s in a context that is over: got %v", what, err)
		}
		if err := ask(t.Context()); err != nil {
			t.Errorf("%s afterwards: %v", what, err)
		}
	}
	during, stop := context.WithCancel(t.Context())
	defer stop()
	n := 0
	err := j.Replay(during, "", 0, func(*telemetry.Record) error {
		if n++; n == 10 {
			stop()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n == len(f.content.Records) {
		t.Errorf("a replay that was given up at record 10 of %d went on to %d: %v", len(f.content.Records), n, err)
	}
	if _, err := j.Retain(over, journal.Retention{Records: 1}, at(1<<20)); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Retain in a context that is over: %v", err)
	}
	// A commit is whole, whoever waits for it.
	b := f.batch(50)
	switch err := j.Commit(over, b); {
	case err == nil:
		f.took(b)
	case journal.Fatal(err):
		t.Errorf("a commit in a context that is over: %v", err)
	default:
		f.batches--
	}
	f.commit(t, j, 3)
	has(t, "in the end", j, f.content)
}
