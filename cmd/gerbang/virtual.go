package main

import (
	"context"

	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// virtual drives a gateway on the clock of its messages: as fast as it can, with their own times.
type virtual struct {
	gateway *gateway.Gateway
	now     telemetry.Instant
	pending int
	// observe sees every committed batch; nil: nobody looks.
	observe func(*journal.Batch)
}

// virtualBatch is how many messages share a commit.
const virtualBatch = 1_000

// accept takes a message that is received at the later of its own time and the present.
func (v *virtual) accept(ctx context.Context, m *ingest.Message) error {
	v.now = max(v.now, m.Received)
	m.Received = v.now
	if err := v.gateway.Accept(ctx, m); err != nil {
		return err
	}
	if v.pending++; v.pending >= virtualBatch {
		return v.commit(ctx)
	}
	return nil
}

// advance moves the clock and fires what came due.
func (v *virtual) advance(ctx context.Context, now telemetry.Instant) error {
	v.now = max(v.now, now)
	if err := v.gateway.Advance(ctx, v.now); err != nil {
		return err
	}
	return v.commit(ctx)
}

func (v *virtual) commit(ctx context.Context) error {
	v.pending = 0
	batch, err := v.gateway.Commit(ctx, v.now)
	if err != nil || batch == nil {
		return err
	}
	if v.observe != nil {
		v.observe(batch)
	}
	v.gateway.Begin()
	return nil
}
