package web

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/compliance"
)

const (
	// figureAge is how old a figure of the overview may be: it is about seven days.
	figureAge = 10 * time.Minute
	// figurePatience is how long the overview waits for figures that nobody has asked for yet; they come with the next change else.
	figurePatience = 120 * time.Millisecond
	maxFigures     = 5000
)

// figures are the compliance figures of the last seven days, which the overview shows. They are added up one after the other, beside
// everything else, and kept for a while. It is safe for concurrent use.
type figures struct {
	mu     sync.Mutex
	kept   map[string]weekFigure
	wanted []string
	waiter map[string]chan struct{} // of each wanted site: closed when it is kept
	wake   chan struct{}
}

// weekFigure is a site's figure, and the measure that it is of.
type weekFigure struct {
	at     time.Time
	failed bool
	report compliance.Report // of its measures the worst alone
}

func newFigures() *figures {
	return &figures{kept: make(map[string]weekFigure), waiter: make(map[string]chan struct{}), wake: make(chan struct{}, 1)}
}

// of is a site's figure, which may be a little old; false: it is being added up.
func (f *figures) of(site string, now time.Time) (weekFigure, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x, ok := f.kept[site]
	if !ok || now.Sub(x.at) > figureAge {
		if slices.Contains(f.wanted, site) {
			return x, ok
		}
		f.wanted, f.waiter[site] = append(f.wanted, site), make(chan struct{})
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
	return x, ok
}

// next is the site whose figure is wanted; empty: none is.
func (f *figures) next() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.wanted) == 0 {
		return ""
	}
	return f.wanted[0]
}

// keep takes what was added up for the site that next gave.
func (f *figures) keep(site string, x weekFigure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.kept) >= maxFigures {
		clear(f.kept)
	}
	f.kept[site], f.wanted = x, f.wanted[1:]
	close(f.waiter[site])
	delete(f.waiter, site)
}

// coming are the figures of some sites that are being added up: each is closed when it is there.
func (f *figures) coming(sites []string) (all []<-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, site := range sites {
		if there, ok := f.waiter[site]; ok {
			all = append(all, there)
		}
	}
	return all
}

// addUp adds wanted figures up until ctx ends.
func (s *Server) addUp(ctx context.Context) {
	for {
		select {
		case <-s.figures.wake:
		case <-ctx.Done():
			return
		}
		for site := s.figures.next(); site != "" && ctx.Err() == nil; site = s.figures.next() {
			s.figures.keep(site, s.weekFigure(ctx, site))
		}
	}
}

// weekFigure adds up the last seven days of a site: those of its compliance page.
func (s *Server) weekFigure(ctx context.Context, site string) weekFigure {
	x := weekFigure{at: s.opts.Now(), failed: true}
	v, ok := s.opts.Live.Outline(site)
	if !ok {
		return x
	}
	sc := s.scene(s.tongues[0], v)
	p, err := periodOf("", "", compliance.Total, sc.now, sc.loc)
	if err != nil {
		return x
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	_, r, err := s.report(ctx, site, &p, false)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			s.opts.Log.Warn("adding up a site's week for the overview failed", "site", site, "err", err)
		}
		return x
	}
	x.failed, x.report = false, worstOnly(r)
	return x
}

// awaitFigures waits a moment for those figures of some sites that nobody has looked at lately, whatever others want; false: there were none.
func (s *Server) awaitFigures(ctx context.Context, sites []string) bool {
	coming := s.figures.coming(sites)
	if len(coming) == 0 {
		return false
	}
	patience := time.NewTimer(figurePatience)
	defer patience.Stop()
	for _, there := range coming {
		select {
		case <-there:
		case <-patience.C:
			return true
		case <-ctx.Done():
			return true
		}
	}
	return true
}

// weekRow is a figure as a row of the overview has it.
type weekRow struct{ Short, Full, Class, URL string }

// weekRow is the figure of a site; nil: it is not added up, or not yet.
func (s *Server) weekRow(sc *scene) *weekRow {
	if s.opts.Histories == nil {
		return nil
	}
	x, ok := s.figures.of(sc.view.Site, s.opts.Now())
	if !ok || x.failed {
		return nil
	}
	f := &x.report.Figure
	row := &weekRow{Full: sc.figure(&x.report, f), URL: "/site/" + sc.view.Site + "/compliance", Class: sc.complianceChip(f.State).Class}
	switch {
	case !f.Asked:
		row.Short = sc.T("overview.week_idle")
	case !f.Known:
		row.Short = sc.T("overview.week_unknown")
	default:
		row.Short = sc.T("overview.week", "Kept", sc.kept(f), "Observed", sc.percent(f.Observed))
		if f.Kept < 1 {
			row.Short += sc.T("overview.week_worst", "Worst", sc.measureName(&x.report.Measures[f.Worst]))
		}
	}
	return row
}
