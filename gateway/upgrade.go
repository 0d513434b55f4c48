package gateway

import (
	"context"
	"fmt"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// mostWarming bounds how many records an engine reads to know the present when it takes over from another version. A site of
// twenty devices makes as many in five months; ten sites under load are read in two seconds.
const mostWarming = 1_000_000

// takeover says from where an engine of this version begins to read, when the journal was judged by another one: the present
// depends on the records of the horizon and on what stands before them, so an upgrade takes as long with ten years behind it.
func takeover(ctx context.Context, j journal.Recovery, st *journal.State) (telemetry.Engine, error) {
	after, err := j.Before(ctx, st.LastReceived.Add(-rules.Horizon))
	if err != nil {
		return telemetry.Engine{}, err
	}
	if st.LastSeq > mostWarming {
		after = max(after, st.LastSeq-mostWarming)
	}
	return telemetry.Engine{Version: rules.EngineVersion, After: after}, nil
}

// Standing applies to an engine what stands at the record behind which it begins to read: the site's last configuration, the
// levels that people chose, the maintenance that they entered and the calibrations of thermometers, also before it, and that nobody
// listens.
func Standing(ctx context.Context, j journal.Recovery, site string, from telemetry.Engine, apply func(*telemetry.Record) error) error {
	var last *telemetry.Record
	var entries []*telemetry.Record
	err := j.Standing(ctx, site, from.After, func(rec *telemetry.Record) error {
		switch {
		case rec.Kind == telemetry.KindConfiguration:
			kept := *rec
			last = &kept
		case rec.Kind == telemetry.KindEntry && rec.Entry != nil && stands(rec.Entry.Kind):
			kept := *rec
			entries = append(entries, &kept)
		}
		return nil
	})
	if err != nil || last == nil {
		return err
	}
	if err := apply(last); err != nil {
		return err
	}
	for _, rec := range entries {
		if fromReceipt(rec.Entry.Kind) {
			// It holds from its receipt on, which is not moved: what was measured before the last configuration, and comes late, is read by it.
			if err := apply(rec); err != nil {
				return err
			}
			continue
		}
		// A level that was chosen under an earlier configuration still stands.
		rec.Received = max(rec.Received, last.Received)
		if err := apply(rec); err != nil {
			return err
		}
		last = rec
	}
	if from.Deaf == 0 {
		return nil
	}
	at := max(from.Deaf, last.Received)
	return apply(&telemetry.Record{Seq: from.After, Kind: telemetry.KindService, Site: site, At: at, Received: at,
		Service: &telemetry.Service{Since: from.Deaf, Deaf: true, Door: doorBroker}})
}

// stands reports whether what a person entered holds until another entry says otherwise, however long ago it was.
func stands(k telemetry.EntryKind) bool {
	return k == telemetry.EntryLevel || k == telemetry.EntryMaintenance || fromReceipt(k)
}

// fromReceipt reports whether what a person entered is about a device, and holds for what it measures from the entry's receipt on.
func fromReceipt(k telemetry.EntryKind) bool {
	return k == telemetry.EntryCalibration || k == telemetry.EntryAccuracy || k == telemetry.EntryDrift || k == telemetry.EntryDirection
}

// News keeps of the verdicts that an engine restates when it takes over those that differ from what was recorded, and says
// what they differ from. recorded is the newest change of each rule and subject.
func News(restated, recorded []rules.Transition) []rules.Transition {
	type key struct {
		rule    string
		subject rules.Subject
	}
	was := make(map[key]*rules.Transition, len(recorded))
	for i := range recorded {
		was[key{recorded[i].Rule, recorded[i].Subject}] = &recorded[i]
	}
	news := restated[:0]
	for _, t := range restated {
		t.From, t.FromNear = rules.Unknown, false
		if w := was[key{t.Rule, t.Subject}]; w != nil {
			t.From, t.FromNear = w.To, w.Near
		}
		if t.From != t.To || t.FromNear != t.Near {
			t.Index = len(news)
			news = append(news, t)
		}
	}
	return news
}

// recorded are the newest changes of verdict of a site, those of the batch included: what was judged again is not committed yet.
func (g *Gateway) recorded(ctx context.Context, site string) ([]rules.Transition, error) {
	all, err := g.journal.Verdicts(ctx, site)
	if err != nil {
		return nil, err
	}
	for i := range g.batch.Transitions {
		if t := &g.batch.Transitions[i]; t.Site == site && !t.Late {
			all = append(all, *t)
		}
	}
	return all, nil
}

// adopt writes into the journal that this version of the engine judges the sites from here on that another one judged before.
func (g *Gateway) adopt(ctx context.Context, now telemetry.Instant) error {
	for _, s := range g.order {
		if s.takes == nil || s.stopped != "" {
			continue
		}
		engine := *s.takes
		s.takes, s.origin = nil, engine
		at := max(now, s.engine.Clock())
		if err := g.append(ctx, telemetry.Record{Kind: telemetry.KindEngine, Site: s.id, At: at, Received: at, Engine: &engine}); err != nil {
			return fmt.Errorf("taking over site %q: %w", s.id, err)
		}
		s.snapshotDue, g.hurry = true, true
		g.log.Info("another version of the rule engine judges the site from here on", "site", s.id, "engine", engine.Version, "record", g.seq)
	}
	return nil
}
