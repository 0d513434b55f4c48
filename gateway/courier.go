package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
)

// Publisher sends messages to the MQTT broker.
type Publisher interface {
	// Publish returns when the broker has acknowledged all of the signals; an error says that at least one was not.
	Publish(ctx context.Context, signals []alerts.Signal) error
}

// Courier delivers signals: those of the outbox at least once and in order, those of displays while they are fresh. It holds a
// bounded number in memory; when the broker is away for long the outbox in the journal holds the rest. Its methods are
// safe for concurrent use.
type Courier struct {
	publisher Publisher
	outbox    journal.Outbox
	sent      func(ids []string)
	fault     func(alerts.Fault)
	log       *slog.Logger

	mu      sync.Mutex
	owed    []alerts.Signal          // in order, at most courierHolds
	behind  bool                     // the outbox holds more
	missed  bool                     // something was owed while refill was reading
	told    map[string]bool          // of the outbox: delivered, and not yet deleted there
	stuck   bool                     // all that refill sees was delivered: the journal does not delete it
	shown   map[string]alerts.Signal // newest display state by topic
	waiting int                      // signals owed that no broker has acknowledged
	err     error                    // of the last attempt
	since   time.Time                // of err
	warned  bool                     // err was logged
	wake    chan struct{}
}

const (
	courierHolds = 4_096
	courierBatch = 256
	// courierPatience is how long signals may wait before people are told.
	courierPatience = 30 * time.Second
	// courierHush is how long they may wait before it is logged: at the start the broker comes up a moment later.
	courierHush = 2 * time.Second
)

// CourierOptions are what a Courier needs.
type CourierOptions struct {
	Publisher Publisher
	Outbox    journal.Outbox
	Sent      func(ids []string) // takes what the broker has acknowledged
	Fault     func(alerts.Fault)
	Logger    *slog.Logger
}

// NewCourier makes a courier that begins with what an earlier run has left in the outbox.
func NewCourier(o CourierOptions) *Courier {
	return &Courier{publisher: o.Publisher, outbox: o.Outbox, sent: o.Sent, fault: o.Fault, log: o.Logger.With("component", "courier"),
		behind: true, told: map[string]bool{}, shown: map[string]alerts.Signal{}, wake: make(chan struct{}, 1)}
}

// errStuck says that all that can be read of the outbox was delivered, and is still there: the journal takes no commits.
var errStuck = errors.New("what was delivered cannot be deleted")

// Owe takes signals that are durable in the outbox. It never blocks.
func (c *Courier) Owe(signals []alerts.Signal) {
	if len(signals) == 0 {
		return
	}
	c.mu.Lock()
	c.waiting += len(signals)
	if c.behind || len(c.owed)+len(signals) > courierHolds {
		c.behind, c.missed = true, true
	} else {
		c.owed = append(c.owed, signals...)
	}
	c.mu.Unlock()
	c.signal()
}

// Show takes the state of displays. A newer state replaces one that was not sent yet. It never blocks.
func (c *Courier) Show(signals []alerts.Signal) {
	if len(signals) == 0 {
		return
	}
	c.mu.Lock()
	for _, s := range signals {
		c.shown[s.Topic] = s
	}
	c.mu.Unlock()
	c.signal()
}

// Waiting is how many signals are owed, and the error of the last attempt, if it failed.
func (c *Courier) Waiting() (owed int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting, c.err
}

func (c *Courier) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends.
func (c *Courier) Run(ctx context.Context) error {
	pause := time.Duration(0)
	for {
		if pause > 0 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return nil
			}
		}
		more, err := c.deliver(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, errStuck) {
			pause = time.Second
			continue
		}
		c.outcome(err)
		switch {
		case err != nil:
			pause = min(max(2*pause, 200*time.Millisecond), 10*time.Second)
			continue
		case more:
			pause = 0
			continue
		}
		pause = 0
		select {
		case <-c.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// deliver sends one batch and reports whether there is more.
func (c *Courier) deliver(ctx context.Context) (more bool, err error) {
	c.mu.Lock()
	if len(c.owed) == 0 && c.behind {
		c.mu.Unlock()
		if err := c.refill(ctx); err != nil {
			return false, err
		}
		c.mu.Lock()
	}
	owed, stuck := c.owed[:min(len(c.owed), courierBatch)], c.stuck
	batch := append([]alerts.Signal(nil), owed...)
	for topic, s := range c.shown {
		if len(batch) >= 2*courierBatch {
			break
		}
		batch = append(batch, s)
		delete(c.shown, topic)
	}
	c.mu.Unlock()
	if len(batch) == 0 {
		if stuck {
			return true, errStuck
		}
		return false, nil
	}
	if err := c.publisher.Publish(ctx, batch); err != nil {
		c.mu.Lock()
		for _, s := range batch[len(owed):] {
			if _, newer := c.shown[s.Topic]; !newer {
				c.shown[s.Topic] = s
			}
		}
		c.mu.Unlock()
		return false, fmt.Errorf("publishing %d signals: %w", len(batch), err)
	}
	if len(owed) > 0 {
		ids := make([]string, len(owed))
		for i := range owed {
			ids[i] = owed[i].ID
		}
		c.sent(ids)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.behind { // they are read again, if the journal has not deleted them by then
		for i := range owed {
			c.told[owed[i].ID] = true
		}
	}
	c.owed = c.owed[len(owed):]
	c.waiting = max(c.waiting-len(owed), len(c.owed))
	return len(c.owed) > 0 || len(c.shown) > 0 || c.behind, nil
}

// refill takes the oldest signals from the outbox. What was delivered but is not yet deleted there is sent once more: at
// least once.
func (c *Courier) refill(ctx context.Context) error {
	c.mu.Lock()
	c.missed = false
	c.mu.Unlock()
	owed, err := c.outbox.Owed(ctx, courierHolds)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	full, told := len(owed) == courierHolds, map[string]bool{}
	c.owed = owed[:0]
	for _, s := range owed {
		if c.told[s.ID] {
			told[s.ID] = true
			continue
		}
		c.owed = append(c.owed, s)
	}
	c.told = told
	c.behind = full || c.missed
	c.stuck = full && len(c.owed) == 0
	c.waiting = max(c.waiting, len(c.owed))
	if !c.behind {
		c.waiting = len(c.owed)
	}
	return nil
}

// outcome notes whether an attempt failed and tells people when signals wait for too long.
func (c *Courier) outcome(err error) {
	c.mu.Lock()
	was := c.err
	c.err = err
	if err != nil && was == nil {
		c.since = time.Now()
	}
	waited := time.Since(c.since)
	c.mu.Unlock()
	switch {
	case err != nil && waited > courierHush && !c.warned:
		c.warned = true
		c.log.Warn("MQTT signals wait", "err", err)
	case err != nil && waited > courierPatience:
		c.fault(alerts.Fault{Name: alerts.FaultSignalsWaiting, Firing: true})
	case err == nil && was != nil:
		if c.warned {
			c.log.Info("MQTT signals are delivered again")
		}
		c.warned = false
		c.fault(alerts.Fault{Name: alerts.FaultSignalsWaiting})
	}
}
