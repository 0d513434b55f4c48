package accounts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	// mostUntold bounds the events that wait in memory while nothing can be recorded; more than that only a store that refuses all changes can
	// bring, which is told by itself.
	mostUntold = 10_000
	tellAgain  = 2 * time.Second
	tellAtEnd  = 3 * time.Second // for what waits when the process ends; the rest is told at the next start
)

// events are rows of events, which are kept with the change that they tell of.
func (k *Keeper) events(told []Event) (put []Row) {
	if k.record == nil {
		return nil
	}
	for _, e := range told {
		e.At = k.now()
		e.ID = fmt.Sprintf("%016x%08x%s", e.At.UnixNano(), k.serial.Add(1), newID())
		k.log.Info("accounts", "what", string(e.What), "by", e.By, "about", e.About)
		put = append(put, row(KindEvent, e.ID, "", &e))
	}
	return put
}

// Tell has events recorded, the oldest first, until ctx ends; what waits then it tells for a moment longer. An event is kept until it was recorded:
// one that was told when the process ended is told once more, under the same ID. It returns nil.
func (k *Keeper) Tell(ctx context.Context) error {
	for {
		err := k.tell(ctx)
		again := make(<-chan time.Time)
		if err != nil && ctx.Err() == nil {
			k.log.Error("what accounts did is not recorded yet", "err", err)
			again = time.After(tellAgain)
		}
		select {
		case <-k.more:
		case <-again:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellAtEnd)
			defer cancel()
			if err := k.tell(last); err != nil {
				k.log.Error("what accounts did is recorded at the next start", "err", err)
			}
			return nil
		}
	}
}

// tell has the events recorded that wait now.
func (k *Keeper) tell(ctx context.Context) error {
	if k.record == nil {
		return nil
	}
	k.mu.RLock()
	waiting := slices.Sorted(maps.Keys(k.have.events))
	k.mu.RUnlock()
	var told []Row
	var failed error
	for _, id := range waiting {
		k.mu.RLock()
		e := k.have.events[id]
		k.mu.RUnlock()
		if failed = k.record(ctx, *e); failed != nil {
			break
		}
		told = append(told, Row{Kind: KindEvent, ID: id})
	}
	if len(told) > 0 {
		k.keepOrGo(ctx, nil, told)
	}
	return failed
}

// makeRoom forgets the oldest events where too many wait. The caller holds the lock.
func (k *Keeper) makeRoom() {
	if over := len(k.have.events) - mostUntold; over > 0 {
		for _, id := range slices.Sorted(maps.Keys(k.have.events))[:over] {
			k.log.Error("too much waits to be recorded of accounts", "what", string(k.have.events[id].What), "about", k.have.events[id].About)
			delete(k.have.events, id)
		}
	}
}
