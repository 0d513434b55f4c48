package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A site whose file has a mistake stops nobody: the others are served as their files say, and it goes on with what was in force
// for it before. One that the journal does not know is left out, and its messages become rejections.

// keepDefinitions gives the sites that were left out the last definition that the journal has.
func keepDefinitions(ctx context.Context, cfg *configs.Config, j journal.Recovery, log *slog.Logger) error {
	for _, id := range cfg.LeftOut {
		var last *rules.Definition
		err := j.Standing(ctx, id, math.MaxInt64, func(rec *telemetry.Record) error {
			if rec.Kind != telemetry.KindConfiguration {
				return nil
			}
			last = new(rules.Definition)
			return json.Unmarshal(rec.Configuration.Definition, last)
		})
		if err != nil {
			return fmt.Errorf("reading what was in force for site %q: %w", id, err)
		}
		if last == nil {
			log.Error("a site is left out: its file has problems, and the journal does not know it; its messages become rejections", "site", id)
			continue
		}
		cfg.Keep(*last)
		if _, err := NewDecoder(cfg, Surroundings{}); err != nil {
			cfg.Kept = slices.DeleteFunc(cfg.Kept, func(d rules.Definition) bool { return d.Site.ID == id })
			log.Error("a site is left out: its file has problems, and its devices cannot be read as before", "site", id, "err", err)
			continue
		}
		log.Error("a site goes on with what was in force for it: its file has problems", "site", id)
	}
	return nil
}

// brokenSites is the alert about sites whose files have problems.
func brokenSites(ids []string) alerts.Fault {
	return alerts.Fault{Name: alerts.FaultConfiguration, Detail: strings.Join(ids, ", "), Firing: len(ids) > 0}
}
