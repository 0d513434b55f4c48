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
	// tallyAge is how old a figure may be of a period that is not over, pastTallyAge of one that is: late data may still revise it.
	tallyAge     = 10 * time.Minute
	pastTallyAge = time.Hour
	// failedAge is how old a figure may be that could not be made: the journal was busy.
	failedAge = 5 * time.Second
	// tallyInterest is how long nobody may have asked for a period before it is not gone on with.
	tallyInterest = 2 * time.Minute
	// mostTallies is how many periods are kept. One of 1,000 sites is some 600 kB.
	mostTallies = 8
)

// tallies are the compliance figures of all sites over periods that somebody asked for. They are added up one site after the other beside
// everything else, the period that was asked for last first, by the same function that adds up a site's own page. It is safe for concurrent
// use.
type tallies struct {
	mu    sync.Mutex
	all   []*tally // the one that was asked for last first
	wake  chan struct{}
	moved chan struct{} // closed when a site was added up
}

// tally is one period.
type tally struct {
	dates
	asked time.Time
	sums  map[string]siteSum
	queue []string // sites whose figures are wanted
	wants map[string]bool
}

// siteSum is the figure of a site over a period.
type siteSum struct {
	at     time.Time
	failed bool
	report compliance.Report // of its measures the worst alone
}

func newTallies() *tallies {
	return &tallies{wake: make(chan struct{}, 1), moved: make(chan struct{})}
}

// want asks for the figures of some sites over a period. It gives those that there are, which may be a little old, how many are still missing,
// and a channel that is closed when there is one more.
func (t *tallies) want(d dates, sites []string, now time.Time, over bool) (sums map[string]siteSum, missing int, moved <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.of(d)
	x.asked = now
	age := tallyAge
	if over {
		age = pastTallyAge
	}
	sums = make(map[string]siteSum, len(sites))
	for _, site := range sites {
		sum, ok := x.sums[site]
		if ok {
			sums[site] = sum
		} else {
			missing++
		}
		most := age
		if sum.failed {
			most = failedAge
		}
		if (!ok || now.Sub(sum.at) > most) && !x.wants[site] {
			x.wants[site] = true
			x.queue = append(x.queue, site)
		}
	}
	// Those of which nothing is known come before those that are only old.
	if missing > 0 && missing < len(sites) {
		slices.SortStableFunc(x.queue, func(a, b string) int {
			_, first := x.sums[a]
			_, second := x.sums[b]
			return compareBool(first, second)
		})
	}
	if len(x.queue) > 0 {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	return sums, missing, t.moved
}

// of is the tally of a period, brought to the front.
func (t *tallies) of(d dates) *tally {
	i := slices.IndexFunc(t.all, func(x *tally) bool { return x.dates == d })
	var x *tally
	if i >= 0 {
		x = t.all[i]
		t.all = slices.Delete(t.all, i, i+1)
	} else {
		x = &tally{dates: d, sums: map[string]siteSum{}, wants: map[string]bool{}}
	}
	t.all = slices.Insert(t.all, 0, x)
	t.all = t.all[:min(len(t.all), mostTallies)]
	return x
}

// next is what is added up next; false: nothing is wanted. What nobody has asked for lately is given up.
func (t *tallies) next(now time.Time) (d dates, site string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.all {
		if now.Sub(x.asked) > tallyInterest {
			x.queue = nil
			clear(x.wants)
		}
		if len(x.queue) > 0 {
			return x.dates, x.queue[0], true
		}
	}
	return d, "", false
}

// keep takes what was added up for what next gave.
func (t *tallies) keep(d dates, site string, sum siteSum) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.all {
		if x.dates != d {
			continue
		}
		x.sums[site] = sum
		delete(x.wants, site)
		if i := slices.Index(x.queue, site); i >= 0 {
			x.queue = slices.Delete(x.queue, i, i+1)
		}
	}
	close(t.moved)
	t.moved = make(chan struct{})
}

// addUpPeriods adds wanted figures up until ctx ends.
func (s *Server) addUpPeriods(ctx context.Context) {
	for {
		select {
		case <-s.tallies.wake:
		case <-ctx.Done():
			return
		}
		for ctx.Err() == nil {
			d, site, ok := s.tallies.next(s.opts.Now())
			if !ok {
				break
			}
			s.tallies.keep(d, site, s.siteSum(ctx, d, site))
		}
	}
}

// siteSum adds up one site over a period of its own calendar, as its compliance page does.
func (s *Server) siteSum(ctx context.Context, d dates, site string) siteSum {
	sum := siteSum{at: s.opts.Now(), failed: true, report: compliance.Report{Site: site, Figure: compliance.Figure{State: compliance.Unknown, Worst: -1}}}
	v, ok := s.opts.Live.Outline(site)
	if !ok {
		return sum
	}
	p, err := periodOf(d.from.String(), d.to.String(), compliance.Total, sum.at, s.zones.named(v.Zone))
	if err != nil {
		// The day has not begun there yet: there is nothing to add up.
		sum.failed, sum.report = false, compliance.Report{Site: site, Figure: compliance.Figure{State: compliance.Idle, Worst: -1}}
		return sum
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	_, r, err := s.report(ctx, site, &p, false)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			s.opts.Log.Warn("adding up a site for the ranking failed", "site", site, "from", d.from.String(), "to", d.to.String(), "err", err)
		}
		sum.at = s.opts.Now() // it may have waited long: not again at once
		return sum
	}
	sum.failed, sum.report = false, worstOnly(r)
	return sum
}

// worstOnly is a report with its figure, and of its measures and times only what the sentence about the figure needs.
func worstOnly(r *compliance.Report) compliance.Report {
	short := compliance.Report{Site: r.Site, From: r.From, Until: r.Until, Figure: r.Figure}
	if w := r.Figure.Worst; w >= 0 {
		m := &r.Measures[w]
		short.Measures, short.Figure.Worst = []compliance.Measure{{Key: m.Key, Kind: m.Kind, SubjectName: m.SubjectName, Title: m.Title}}, 0
	}
	return short
}
