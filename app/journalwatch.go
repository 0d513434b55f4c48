package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

const (
	// lookEvery is how often the files of the journal are looked at while nothing is committed.
	lookEvery = 250 * time.Millisecond
	// rescueAgain is how soon a rescue that failed is tried again; each time twice as late, up to rescuePause.
	rescueAgain, rescuePause = 2 * time.Second, time.Minute
	// compareEvery is how often all records are compared with their checksums.
	compareEvery = 24 * time.Hour
	// compareShare is the share of the time that comparing takes: one part in so many.
	compareShare = 50
	// acceptedEvery is how often it is looked whether somebody has accepted damage.
	acceptedEvery = 10 * time.Second
	// damageTold is for how long people are told of damage that nobody has accepted. The status shows it for ever.
	damageTold = 7 * 24 * time.Hour
)

// journalWatch looks after the journal from outside: its files, and its checksums. run and compareNow are one goroutine each.
type journalWatch struct {
	journal journal.Journal
	report  func(alerts.Fault)
	log     *slog.Logger

	damage  atomic.Pointer[damage] // nil: not looked for yet
	rescued bool                   // it was tried; of run
}

// run says when the files of the journal are taken away, and when they are back: the loop notices by itself only where
// it has something to commit.
func (w *journalWatch) run(ctx context.Context) error {
	files, ok := w.journal.(journal.Files)
	if !ok { // it lies elsewhere: the loop notices what commits find
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	gone := false
	var again, pause = time.Time{}, time.Duration(0) // when a rescue that failed is tried again
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := files.Look()
		if err == nil {
			w.rescued, again, pause = false, time.Time{}, 0 // if they go once more, they go with what was written since
		}
		if is := err != nil; is != gone {
			gone = is
			fault := alerts.Fault{Name: alerts.FaultJournalGone, Firing: gone}
			if gone {
				if w.journal.Held() != nil {
					continue // the loop tells, and why
				}
				w.log.Error("the files of the journal are not what they were", "err", err)
				fault.Detail = err.Error()
			}
			w.report(fault)
		}
		if gone && !w.rescued && w.journal.Held() == nil && time.Now().After(again) {
			if w.rescueJournal(ctx, files); !w.rescued {
				pause = min(max(2*pause, rescueAgain), rescuePause)
				again = time.Now().Add(pause)
			}
		}
	}
}

// rescueJournal copies what only this process can still read: it dies with it, so it is tried until it succeeds.
func (w *journalWatch) rescueJournal(ctx context.Context, files journal.Files) {
	c, err := files.Rescue(ctx)
	if err != nil {
		if ctx.Err() == nil {
			w.log.Error("the journal cannot be rescued; it is tried again", "err", err)
		}
		return
	}
	w.rescued = true
	w.log.Warn("what the journal held is rescued: stop the gateway and restore it (gerbang restore)", "file", c.Path, "last", c.Last)
}

// compareNow compares all records with their checksums, once after the start and then now and then, in its spare time.
func (w *journalWatch) compareNow(ctx context.Context) error {
	w.tellDamage(ctx)
	wait := time.NewTimer(time.Minute)
	defer wait.Stop()
	again := time.NewTicker(acceptedEvery)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
			w.tellDamage(ctx)
			continue
		case <-wait.C:
		}
		next := compareEvery
		if w.journal.Held() != nil {
			next = time.Minute
		} else if err := w.compare(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("the journal could not be compared with its checksums", "err", err)
		}
		wait.Reset(next)
	}
}

func (w *journalWatch) compare(ctx context.Context) error {
	begin, step := time.Now(), time.Now()
	v, err := w.journal.Verify(ctx, 0, func() {
		select {
		case <-ctx.Done():
		case <-time.After(compareShare * time.Since(step)):
		}
		step = time.Now()
	})
	if err != nil {
		return err
	}
	w.log.Info("the journal was compared with its checksums", "from", v.Begins, "records", v.Records, "damaged", len(v.Findings),
		"took", time.Since(begin).Round(time.Millisecond))
	if err := w.journal.Note(ctx, v.Findings); err != nil {
		return err
	}
	w.tellDamage(ctx)
	return nil
}

// tellDamage brings what is known to be damaged to the status and, while it is news, to people.
func (w *journalWatch) tellDamage(ctx context.Context) {
	if w.journal.Held() != nil {
		return
	}
	noted, err := w.journal.Damage(ctx)
	if err != nil {
		if ctx.Err() == nil && !errors.Is(err, context.Canceled) {
			w.log.Error("what is damaged cannot be read", "err", err)
		}
		return
	}
	accepted, err := w.journal.Accepted(ctx)
	if err != nil {
		w.log.Error("what was accepted of the damage cannot be read", "err", err)
	}
	var told damage
	var news []journal.Finding
	for _, n := range noted {
		if by := accepted.Of(n.String(), n.Finding); by != nil {
			told.accepted = append(told.accepted, by)
			continue
		}
		told.open = append(told.open, n.Finding)
		if telemetry.InstantOf(time.Now()).Sub(n.Noticed) < damageTold {
			news = append(news, n.Finding)
		}
	}
	w.damage.Store(&told)
	w.report(alerts.Fault{Name: alerts.FaultJournalDamaged, Firing: len(news) > 0, Detail: journal.Sentence(news)})
}

// damage is what is known to be damaged: what is open, and what somebody has accepted.
type damage struct {
	open     []journal.Finding
	accepted []*journal.Acceptance
}

// service says what is damaged. What was accepted is a plain line.
func (w *journalWatch) service() web.Service {
	s := web.Service{Name: "journal", State: web.ServiceOK}
	told := w.damage.Load()
	switch {
	case told == nil:
	case len(told.open) > 0:
		s.State, s.Detail = web.ServiceFailing, journal.Sentence(told.open)
	case len(told.accepted) > 0:
		s.Detail = told.accepted[0].String()
		if more := len(told.accepted) - 1; more > 0 {
			s.Detail += fmt.Sprintf(", and %d more", more)
		}
	}
	return s
}
