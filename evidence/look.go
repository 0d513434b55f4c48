package evidence

import (
	"context"
	"fmt"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Outline is what a pack would hold.
type Outline struct {
	Verdicts, Alerts, Policies, Gaps int
	// Again: its verdicts can be judged again, as far as is known before the records are read.
	Again bool
	AsOf  telemetry.Instant
}

// Look says what a pack would hold, without reading its records. The errors are those of Export, but for ErrNoRule.
func Look(ctx context.Context, src Source, o *Options) (Outline, error) {
	x := &exporter{src: src, o: o, b: &book{texts: map[string][]byte{}}}
	if err := x.gather(ctx); err != nil {
		return Outline{}, fmt.Errorf("looking at site %q: %w", o.Site, err)
	}
	b := x.b
	h, err := src.VerdictHistory(ctx, journal.HistoryQuery{Site: o.Site, From: o.From, Until: o.Until, Most: mostVerdicts})
	if err != nil {
		return Outline{}, fmt.Errorf("looking at site %q: %w", o.Site, err)
	}
	if len(h.Configurations) == 0 {
		return Outline{}, fmt.Errorf("looking at site %q: %w: it was not configured yet", o.Site, ErrNothing)
	}
	out := Outline{Verdicts: len(b.verdicts), Alerts: len(b.alerts), Policies: len(h.Configurations), Again: x.engine.why == "", AsOf: b.m.AsOf}
	for _, g := range compliance.GapsOf(h.Notes) {
		if g.From < o.Until && g.Until > o.From {
			out.Gaps++
		}
	}
	return out, nil
}
