package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What is deleted is gone, and a clock may be wrong: a battery that is empty shows any year. So retention goes by the gateway's own clock,
// not while that is in doubt, and a present that is far ahead of what the journal knew is believed little by little: whoever notices the wrong
// year within a day has lost nothing but what was due soon.

// prudentPace is how much faster than time itself the present may come nearer to what the clock shows.
const prudentPace = 24

// prudence is the present as far as deleting by it is safe.
type prudence struct {
	trusted telemetry.Instant // at first the latest time that the journal knew; 0: it is empty
	passed  time.Duration     // when that was
}

// present is the present by a clock that shows now, when the process has run for so long.
func (p *prudence) present(now telemetry.Instant, passed time.Duration) telemetry.Instant {
	if p.trusted != 0 {
		now = min(now, p.trusted.Add(prudentPace*(passed-p.passed)))
	}
	p.trusted, p.passed = now, passed
	return now
}

// keptRejections is how many messages that were not understood are kept.
const keptRejections = 100_000

// retentionOf is what the configuration says of how long things are kept. cursors: InfluxDB may still need old records.
func retentionOf(cfg *configs.Config, cursors bool) journal.Retention {
	return journal.Retention{
		Records: cfg.Retention.Records, Samples: cfg.Retention.Rollups, Rollups: cfg.Retention.Rollups,
		MaxBytes: int64(cfg.Retention.MaxSize), Rejections: keptRejections, Cursors: cursors,
	}
}

// retainer deletes what is past its retention.
type retainer struct {
	condense  func(context.Context, telemetry.Instant) (int, error) // makes hours of samples, before any is deleted
	retain    func(context.Context, journal.Retention, telemetry.Instant) (journal.Removed, error)
	retention journal.Retention
	heard     telemetry.Instant // the latest time that the journal knew at the start
	held      func() error      // why nothing may be deleted from a damaged journal; nil: it is none
	loop      *gateway.Loop     // whose clock counts
	log       *slog.Logger
}

// run deletes now and then until ctx ends.
func (r *retainer) run(ctx context.Context) error {
	log := r.log.With("component", "retention")
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	begin, past := time.Now(), prudence{trusted: r.heard}
	heldBy := ""
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if r.held() != nil || r.loop.Health().Clock != "" {
				continue
			}
			if _, err := r.condense(ctx, r.loop.Now()); err != nil && ctx.Err() == nil {
				log.Error("condensing samples failed; it is tried again, and nothing is deleted before", "err", err)
				continue
			}
			removed, err := r.retain(ctx, r.retention, past.present(r.loop.Now(), time.Since(begin)))
			switch {
			case err != nil && ctx.Err() == nil:
				log.Error("retention failed; it is tried again", "err", err)
			case removed.HeldBy != heldBy:
				if heldBy = removed.HeldBy; heldBy != "" {
					log.Warn("records past their retention are kept: they are still needed", "by", heldBy)
				}
			case removed.Rejections+removed.Records+removed.Samples+removed.Flows+removed.Rollups+removed.Refused > 0:
				log.Info("deleted what is past its retention", "records", removed.Records, "rejections", removed.Rejections,
					"samples", removed.Samples, "flows", removed.Flows, "rollups", removed.Rollups, "refused", removed.Refused)
			}
		}
	}
}
