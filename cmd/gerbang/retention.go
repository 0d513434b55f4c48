package main

import (
	"context"
	"time"

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

// retain deletes what is past its retention, now and then.
func (a *app) retain(ctx context.Context) error {
	retention := journal.Retention{
		Records: a.cfg.Retention.Records, Samples: a.cfg.Retention.Rollups, Rollups: a.cfg.Retention.Rollups,
		MaxBytes: int64(a.cfg.Retention.MaxSize), Rejections: keptRejections, Cursors: a.influx != nil,
	}
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	begin, past := time.Now(), prudence{trusted: a.gateway.Heard()}
	held := ""
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if a.journal.Held() != nil || a.loop.Health().Clock != "" {
				continue
			}
			removed, err := a.journal.Retain(ctx, retention, past.present(a.loop.Now(), time.Since(begin)))
			switch {
			case err != nil && ctx.Err() == nil:
				a.log.Error("retention failed; it is tried again", "component", "retention", "err", err)
			case removed.HeldBy != held:
				if held = removed.HeldBy; held != "" {
					a.log.Warn("records past their retention are kept: they are still needed", "component", "retention", "by", held)
				}
			case removed.Rejections+removed.Records+removed.Samples+removed.Flows+removed.Rollups+removed.Refused > 0:
				a.log.Info("deleted what is past its retention", "component", "retention", "records", removed.Records, "rejections", removed.Rejections,
					"samples", removed.Samples, "flows", removed.Flows, "rollups", removed.Rollups, "refused", removed.Refused)
			}
		}
	}
}
