package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

// mostChanges bounds how many changes of verdict one answer adds up: a year of a busy building.
const mostChanges = 300_000

// mostAgendas is how many definitions are kept ready. One is some hundred kilobytes.
const mostAgendas = 256

// historyPort gathers what is recorded of verdicts. It reads beside the loop, and never waits for it.
type historyPort struct {
	journal journal.Histories
	now     func() time.Time

	lock    sync.Mutex
	agendas map[uint64]*rules.Agenda // by the record of their configuration
}

func newHistoryPort(j journal.Histories) *historyPort {
	return &historyPort{journal: j, now: time.Now, agendas: make(map[uint64]*rules.Agenda)}
}

var _ web.Histories = (*historyPort)(nil)

// History gathers what one site's report is made of.
func (p *historyPort) History(ctx context.Context, q web.HistoryQuery) (*compliance.Input, error) {
	h, err := p.journal.VerdictHistory(ctx, journal.HistoryQuery{
		Site: q.Site, From: q.From, Until: q.Until, Known: q.Known, Explained: q.Explained, Most: mostChanges,
	})
	switch {
	case errors.Is(err, journal.ErrTooMuch):
		return nil, fmt.Errorf("%w: %w", web.ErrTooMuch, err)
	case err != nil:
		return nil, err
	}
	in := &compliance.Input{
		Site: q.Site, Transitions: h.Transitions, Gaps: compliance.GapsOf(h.Notes), From: q.From, Until: q.Until, Known: q.Known, AtTheTime: q.AtTheTime,
		Now: telemetry.InstantOf(p.now()), Judged: h.Stopped,
	}
	for i := range h.Configurations {
		c := &h.Configurations[i]
		a, err := p.agenda(c)
		if err != nil {
			return nil, fmt.Errorf("reading what was in force at record %d: %w", c.Seq, err)
		}
		in.Terms = append(in.Terms, compliance.Term{From: c.Received, Agenda: a})
	}
	return in, nil
}

// agenda is a configuration made ready; the ones that were asked for lately are kept.
func (p *historyPort) agenda(rec *telemetry.Record) (*rules.Agenda, error) {
	p.lock.Lock()
	a := p.agendas[rec.Seq]
	p.lock.Unlock()
	if a != nil || rec.Configuration == nil {
		return a, nil
	}
	a, err := rules.NewAgenda(rec.Configuration.Definition)
	if err != nil {
		return nil, err
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	for seq := range p.agendas {
		if len(p.agendas) < mostAgendas {
			break
		}
		delete(p.agendas, seq)
	}
	p.agendas[rec.Seq] = a
	return a, nil
}
