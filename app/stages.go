package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// stage is a part of the running gateway.
type stage struct {
	name string
	run  func(ctx context.Context) error
	// patience is how long the stage may take to stop.
	patience time.Duration
}

// errSlow says that a stage did not stop in time.
var errSlow = errors.New("did not stop in time")

// runStages starts the stages from the last to the first and stops them from the first to the last, each within its
// patience, when ctx ends or any of them fails. A message's way goes along the stages: what stops first brings in nothing
// new, what stops last was needed by all others.
func runStages(ctx context.Context, log *slog.Logger, stages []stage) error {
	type running struct {
		stage
		cancel context.CancelFunc
		done   chan error
	}
	var all []*running
	ended := make(chan *running, len(stages))
	var wg sync.WaitGroup
	for _, s := range slices.Backward(stages) {
		stageCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		r := &running{stage: s, cancel: cancel, done: make(chan error, 1)}
		all = append(all, r)
		wg.Go(func() {
			r.done <- r.run(stageCtx)
			ended <- r
		})
	}
	slices.Reverse(all)

	var first error
	select {
	case <-ctx.Done():
		log.Info("stopping")
	case r := <-ended:
		err := <-r.done
		r.done <- err // its own turn below sees it again
		if err == nil {
			err = errors.New("ended by itself")
		}
		first = fmt.Errorf("%s: %w", r.name, err)
		log.Error("stopping because a part failed", "part", r.name, "err", err)
	}
	errs := []error{first}
	for _, r := range all {
		begin := time.Now()
		r.cancel()
		select {
		case err := <-r.done:
			if err != nil && (first == nil || !errors.Is(first, err)) {
				errs = append(errs, fmt.Errorf("%s: %w", r.name, err))
			}
			log.Debug("stopped", "part", r.name, "took", time.Since(begin).Round(time.Millisecond))
		case <-time.After(r.patience):
			errs = append(errs, fmt.Errorf("%s: %w (%s)", r.name, errSlow, r.patience))
			log.Error("a part does not stop; going on without it", "part", r.name, "patience", r.patience)
		}
	}
	err := errors.Join(errs...)
	if !errors.Is(err, errSlow) {
		wg.Wait()
	}
	return err
}
