package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/audit"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// notary signs where the transparency logs end, when there is something new in them, and lets the checkpoints leave the machine: what is signed and
// known elsewhere cannot be taken back. Nothing waits for it.
type notary struct {
	logs    journal.Logs
	dir     string // of the key
	gateway string // its id: the first part of the names of its logs
	held    func() error
	doubt   func() bool              // the clock is in doubt
	now     func() telemetry.Instant // of the gateway
	show    func([]alerts.Signal)    // publishes retained messages, the newest of a topic
	log     *slog.Logger

	key audit.Key
}

const (
	// notaryEvery is how old what is new in a log becomes before it is signed.
	notaryEvery = time.Minute
	// notarySoon is when the first checkpoints are signed after a start.
	notarySoon = 200 * time.Millisecond
	// notaryBatch is how many logs are signed in one transaction.
	notaryBatch = 200
)

// run signs now and then until ctx ends, and once more then.
func (n *notary) run(ctx context.Context) error {
	log := n.log.With("component", "transparency log")
	failing := false
	after := time.NewTimer(notarySoon)
	defer after.Stop()
	first := true
	for {
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			if n.key.Is() && n.held() == nil {
				_ = n.sign(ctx) // the next start does it otherwise
			}
			return nil
		case <-after.C:
		}
		after.Reset(notaryEvery)
		if n.held() != nil {
			continue
		}
		err := n.round(ctx, log, first)
		first = first && err != nil
		switch {
		case err != nil && ctx.Err() == nil && !failing:
			log.Error("the logs could not be signed; it is tried again", "err", err)
			failing = true
		case err == nil:
			failing = false
		}
	}
}

// round does what is due.
func (n *notary) round(ctx context.Context, log *slog.Logger, first bool) error {
	if !n.key.Is() {
		if err := n.open(ctx, log); err != nil {
			return err
		}
	}
	if first {
		if err := n.announce(ctx); err != nil {
			return err
		}
	}
	if !n.doubt() { // by a wrong clock a day would seem over
		if err := n.logs.Digest(ctx, n.now()); err != nil {
			return err
		}
	}
	return n.sign(ctx)
}

// open reads the key, or makes it, and brings another one into force where one is to follow.
func (n *notary) open(ctx context.Context, log *slog.Logger) error {
	key, made, err := openLogKey(n.dir)
	if err != nil {
		return err
	}
	if made {
		heads, err := n.logs.LogHeads(ctx, false, nil, 1)
		if err == nil && len(heads) > 0 && heads[0].Checkpoint != nil {
			log.Error("the key of the logs was not there: another one signs from now on, and whoever verifies the logs must be told", "file", LogKeyFile)
		}
	}
	next, err := ReadLogKey(n.dir, LogKeyNextFile)
	if err == nil {
		if err := n.hand(ctx, key, next); err != nil {
			return err
		}
		log.Info("another key signs the logs from now on; the one before has announced it in them")
		key = next
	}
	n.key = key
	return nil
}

// hand lets a key announce the one that follows it in every log.
func (n *notary) hand(ctx context.Context, key, next audit.Key) error {
	err := n.each(ctx, false, func(heads []journal.LogHead) error {
		for i := range heads {
			origin := audit.Origin(n.gateway, heads[i].Site)
			said, err := key.Announce(origin, next.Verifier(origin))
			if err != nil {
				return err
			}
			e := audit.Make(nil, audit.NewKey, heads[i].Site, telemetry.InstantOf(time.Now()))
			e.Text("note", string(said))
			if err := n.logs.Tell(ctx, heads[i].Site, e.End()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("announcing another key in the logs: %w", err)
	}
	return followLogKey(n.dir, time.Now())
}

// each calls fn with logs in portions.
func (n *notary) each(ctx context.Context, due bool, fn func([]journal.LogHead) error) error {
	var after *string
	for ctx.Err() == nil {
		heads, err := n.logs.LogHeads(ctx, due, after, notaryBatch)
		if err != nil || len(heads) == 0 {
			return err
		}
		if err := fn(heads); err != nil {
			return err
		}
		after = &heads[len(heads)-1].Site
	}
	return ctx.Err()
}

// sign makes checkpoints of all logs that have something new. They are durable before anybody sees them.
func (n *notary) sign(ctx context.Context) error {
	return n.each(ctx, true, func(heads []journal.LogHead) error {
		all := make([]journal.SignedCheckpoint, len(heads))
		signals := make([]alerts.Signal, len(heads))
		for i := range heads {
			h := &heads[i]
			text, err := n.key.Sign(audit.Checkpoint{Origin: audit.Origin(n.gateway, h.Site), Size: h.Size, Root: h.Root})
			if err != nil {
				return err
			}
			all[i] = journal.SignedCheckpoint{Site: h.Site, Size: h.Size, Text: text}
			signals[i] = n.signal(h.Site, text)
		}
		if err := n.logs.KeepCheckpoints(ctx, all, nil); err != nil {
			return err
		}
		n.show(signals)
		return nil
	})
}

// announce publishes the newest checkpoints again: whether the last run came to it nobody knows.
func (n *notary) announce(ctx context.Context) error {
	return n.each(ctx, false, func(heads []journal.LogHead) error {
		var signals []alerts.Signal
		for i := range heads {
			if heads[i].Checkpoint != nil {
				signals = append(signals, n.signal(heads[i].Site, heads[i].Checkpoint))
			}
		}
		n.show(signals)
		return nil
	})
}

// signal is a checkpoint as a retained message. Several gateways at one broker have logs of their own about themselves.
func (n *notary) signal(site string, text []byte) alerts.Signal {
	topic := "gerbang/v1/" + site + "/out/checkpoint"
	if site == "" {
		topic = "gerbang/v1/" + audit.GatewayLog + "/out/checkpoint/" + n.gateway
	}
	return alerts.Signal{ID: topic, Topic: topic, Payload: text, Retain: true}
}
