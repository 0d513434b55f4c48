package gateway

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// The verdicts of a site with their explanations are most of its view. Of a few sites all are kept as they are published; of
// thousands those that somebody looks at, and of the others an outline. Whoever looks at another one waits until the loop has made
// its view, which takes it a millisecond.
//
//	word     where                 meaning
//	view     rules.View            all that is known of a site; "full" where its verdicts are in it
//	outline  rules.View.Outline    what stands in a view in place of its verdicts
//	shelf    Live.shelf            the sites whose published views are full
//	looked   Live.looked           when somebody last called View for a site: its place on the shelf
//	asked    Live.asked            sites of which somebody waits for a full view, in await
//	wanted   Live.wanted           wakes the loop when something is asked
//	shown    Live.shown            makes of new views those that are published, full or outlines
//	shown    site.shown            the last view that was published before the site stopped, if it stops: see unjudged
const (
	// keepVerdicts is how many verdicts are kept in views, at some 500 bytes each, beyond those of sites that somebody looks at.
	keepVerdicts = 16_000
	// lookFor is how long somebody who has looked at a site is taken to look at it.
	lookFor = time.Minute
	// awaitFor is how long View waits: the loop may be held up by an engine that does not come back.
	awaitFor = 2 * time.Second
	// serveBudget is how long the loop makes views that somebody waits for before it turns to messages again.
	serveBudget = 5 * time.Millisecond
)

// shelf knows whose verdicts are kept. It is the loop's.
type shelf struct {
	most, held int            // verdicts
	full       map[string]int // how many, by site
}

// keeps decides whether a site's verdicts are kept. looked tells when somebody last looked at a site. gone are the sites whose verdicts
// are let go to make room.
func (h *shelf) keeps(site string, verdicts int, looked map[string]time.Time, now time.Time) (keep bool, gone []string) {
	h.drop(site)
	seen := now.Sub(looked[site]) < lookFor
	for h.held > h.most || seen && h.held+verdicts > h.most {
		oldest, at := "", now.Add(-lookFor)
		for other := range h.full {
			if t := looked[other]; t.Before(at) || t.Equal(at) && other < oldest {
				oldest, at = other, t
			}
		}
		if oldest == "" {
			break // somebody looks at each of them
		}
		h.drop(oldest)
		gone = append(gone, oldest)
	}
	if !seen && h.held+verdicts > h.most {
		return false, gone
	}
	if h.full == nil {
		h.full = map[string]int{}
	}
	h.full[site] = verdicts
	h.held += verdicts
	return true, gone
}

func (h *shelf) drop(site string) {
	h.held -= h.full[site]
	delete(h.full, site)
}

// shown gives the views as they are published: new ones, and those that lose their verdicts to them.
func (l *Live) shown(g *Gateway, made ...rules.View) []*rules.View {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	all := make([]*rules.View, 0, len(made))
	var gone []string
	for i := range made {
		v := made[i]
		if v.Outline == nil {
			keep, less := l.shelf.keeps(v.Site, len(v.Verdicts), l.looked, now)
			if !keep {
				v = v.Outlined()
			}
			gone = append(gone, less...)
		}
		all = append(all, &v)
	}
	views := l.state.Load().views
	for _, site := range gone {
		if _, kept := l.shelf.full[site]; kept {
			continue // it was let go, and then made
		}
		// One that was made before it was let go is in the list already.
		if i := slices.IndexFunc(all, func(v *rules.View) bool { return v.Site == site }); i >= 0 {
			*all[i] = all[i].Outlined()
		} else if at, ok := slices.BinarySearchFunc(views, site, bySite); ok {
			less := views[at].Outlined()
			all = append(all, &less)
		}
	}
	for _, v := range all {
		if s := g.sites[v.Site]; s != nil && s.stopped == "" {
			s.shown = *v
		}
	}
	return all
}

// await waits until the loop has made the full view of a site. Where that takes longer than awaitFor it gives the outline: the caller
// looks at View.Outline, and does not take it for a site that no rule judges.
func (l *Live) await(site string) (*rules.View, bool) {
	changed, cancel := l.Subscribe()
	defer cancel()
	l.mu.Lock()
	l.asked[site] = true
	l.mu.Unlock()
	l.want()
	late := time.NewTimer(awaitFor)
	defer late.Stop()
	for waiting := true; waiting; {
		select {
		case <-changed:
			l.mu.Lock()
			waiting = l.asked[site]
			l.mu.Unlock()
		case <-late.C:
			waiting = false
		}
	}
	return l.Outline(site)
}

// want wakes the loop: somebody waits.
func (l *Live) want() {
	select {
	case l.wanted <- struct{}{}:
	default:
	}
}

// serve makes the views that somebody waits for, publishes and returns them.
func (l *Live) serve(g *Gateway) []rules.View {
	l.mu.Lock()
	asked := make([]string, 0, len(l.asked))
	for site := range l.asked {
		asked = append(asked, site)
	}
	l.mu.Unlock()
	begin := time.Now()
	var made []rules.View
	for i, site := range asked {
		if time.Since(begin) > serveBudget {
			asked = asked[:i]
			l.want()
			break
		}
		if s := g.sites[site]; s != nil {
			made = append(made, g.view(s))
		}
	}
	if len(asked) == 0 {
		return nil
	}
	s := *l.state.Load()
	s.views = merge(s.views, l.shown(g, made...))
	l.state.Store(&s)
	l.mu.Lock()
	for _, site := range asked {
		delete(l.asked, site)
	}
	l.mu.Unlock()
	l.notify()
	return made
}
