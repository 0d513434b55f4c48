package web

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// Issue 9, "A site's compliance figure": the overview has it in each row, leads to the page that it is of, and says its method once.
func TestOverviewHasTheFigureOfEachSite(t *testing.T) {
	r, p := weekly(t, nil)
	page := ""
	for range 500 { // the first look waits only a moment for what is being added up
		if page = r.get("/", "Accept-Language", "en", "Accept", "text/html").body; strings.Count(page, `<small class="week`) == 10 {
			break
		}
	}
	row := one(t, page, "div#site-mpp-gresik")
	c := r.compliance(t, "")
	if !strings.Contains(row, "7 days: kept ") || !strings.Contains(row, "; worst: ") || !strings.Contains(page, `href="/site/mpp-gresik/compliance" title="Of the observed time kept `) || !strings.Contains(page, "the smallest share of the observed opening time") {
		t.Errorf("got %s, want the figure, its sentence and its method", row)
	}
	if c.Figure.Kept == nil {
		t.Fatal("the week has no figure")
	}
	asked := len(p.asked)
	r.get("/", "Accept", "text/html")
	if len(p.asked) != asked {
		t.Errorf("the overview again: the week was added up %d times more, want none within %v", len(p.asked)-asked, 10*time.Minute)
	}
	if none := start(t, newFleet(), nil).get("/", "Accept", "text/html").body; strings.Contains(none, `class="week`) {
		t.Error("without histories there is a figure")
	}
}

// Finding: a level stood in the overview by its id ("level penuh").
func TestOverviewNamesTheLevel(t *testing.T) {
	f := newFleet()
	f.change("mpp-gresik", func(v *rules.View) { v.LevelName = map[string]string{"en": "full", "id": "penuh"} })
	if row := one(t, start(t, f, nil).get("/", "Accept-Language", "en").body, "div#site-mpp-gresik"); !strings.Contains(row, "· full") || strings.Contains(row, "level 2") {
		t.Errorf("got %s, want the level's name", row)
	}
}

// Finding: a page polled until nobody's figure was wanted any more: behind a fleet it always waited its whole patience.
func TestAPageWaitsForItsOwnFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{figures: newFigures()}
		for _, site := range []string{"a", "b", "others"} {
			s.figures.of(site, time.Now())
		}
		go func() {
			for _, long := range []time.Duration{20 * time.Millisecond, 30 * time.Millisecond} {
				time.Sleep(long)
				s.figures.keep(s.figures.next(), weekFigure{at: time.Now()})
			}
		}()
		begin := time.Now()
		if !s.awaitFigures(t.Context(), []string{"a", "b"}) || time.Since(begin) != 50*time.Millisecond {
			t.Errorf("waited %v, want until the page's own are there, after 50 ms", time.Since(begin))
		}
		if begin = time.Now(); s.awaitFigures(t.Context(), []string{"a", "b"}) || time.Since(begin) != 0 {
			t.Errorf("once more: waited %v, want not at all", time.Since(begin))
		}
		if !s.awaitFigures(t.Context(), []string{"a", "others"}) || time.Since(begin) != figurePatience {
			t.Errorf("one that does not come: waited %v, want %v", time.Since(begin), figurePatience)
		}
	})
}
