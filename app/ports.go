package app

import (
	"context"
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

type strangerPort struct{ sightings *decode.Sightings }

var _ web.Strangers = strangerPort{}

func (p strangerPort) Strangers() []web.Stranger {
	seen := p.sightings.List()
	all := make([]web.Stranger, len(seen))
	for i, s := range seen {
		all[i] = web.Stranger{Topic: s.Topic, Why: s.Why, First: s.First.Time(), Last: s.Last.Time(), Messages: s.Messages}
		all[i].Guesses = guessesOf(s.Candidates)
	}
	return all
}

type earPort struct{ ear *decode.Ear }

var _ web.Ear = earPort{}

func (p earPort) Listen() time.Time { return p.ear.Listen() }
func (p earPort) Stop()             { p.ear.Stop() }

func (p earPort) Heard() ([]web.Heard, time.Time) {
	heard, until := p.ear.Heard()
	all := make([]web.Heard, len(heard))
	for i, h := range heard {
		all[i] = web.Heard(h)
	}
	return all, until
}

type alertPort struct {
	*gateway.Live
	journal journal.Journal
}

var _ web.Alerts = alertPort{}

func (p alertPort) History(ctx context.Context, site string, limit int) ([]alerts.Alert, error) {
	return p.journal.History(ctx, site, limit)
}

type entryPort struct {
	live    *gateway.Live
	loop    *gateway.Loop
	journal journal.Journal
}

var _ web.Entries = entryPort{}

// Acknowledge makes the acknowledgement a record of the alert's site.
func (p entryPort) Acknowledge(ctx context.Context, alert, author string, claimed bool, reason string, until telemetry.Instant) error {
	for _, open := range p.live.Open() {
		if open.ID != alert {
			continue
		}
		return p.loop.Enter(ctx, open.Site, telemetry.Entry{
			ID: fmt.Sprintf("ack-%s-%d", alert, time.Now().UnixNano()), Kind: telemetry.EntryAcknowledge, Author: author,
			Claimed: claimed, Reason: reason, Subject: alert, Until: until,
		}, 0)
	}
	return fmt.Errorf("acknowledging alert %q: %w", alert, web.ErrNotFound)
}

// Enter makes what a person says or decides a record of the site. The journal knows the ids of all entries, the gateway those of the
// newest: a repeat is found whenever it comes, and is answered with what is on disk, as the first was.
func (p entryPort) Enter(ctx context.Context, site string, e telemetry.Entry, at telemetry.Instant) (telemetry.Record, error) {
	rec, done, err := p.Entered(ctx, site, e.ID)
	if err == nil && !done {
		if err = p.loop.Enter(ctx, site, e, at); err == nil {
			rec, done, err = p.Entered(ctx, site, e.ID)
		}
	}
	switch {
	case err != nil:
		return telemetry.Record{}, err
	case !done:
		return telemetry.Record{}, fmt.Errorf("entry %q of site %q: the journal took it and does not have it", e.ID, site)
	}
	return rec, nil
}

// Entered finds an entry of the site on disk.
func (p entryPort) Entered(ctx context.Context, site, id string) (telemetry.Record, bool, error) {
	return p.journal.Entry(ctx, site, id)
}

// Counts lists what was entered for a zone.
func (p entryPort) Counts(ctx context.Context, site, zone string, limit int) ([]telemetry.Record, error) {
	return p.journal.Counts(ctx, site, zone, limit)
}

// Entries lists what was entered of one kind.
func (p entryPort) Entries(ctx context.Context, site string, kind telemetry.EntryKind, limit int) ([]telemetry.Record, error) {
	return p.journal.Entries(ctx, site, kind, limit)
}

// EntriesDuring lists what was entered of one kind about a period.
func (p entryPort) EntriesDuring(ctx context.Context, site string, kind telemetry.EntryKind, from, until telemetry.Instant, limit int) ([]telemetry.Record, error) {
	return p.journal.EntriesDuring(ctx, site, kind, from, until, limit)
}
