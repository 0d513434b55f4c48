package web

import (
	"context"
	"encoding/csv"
	"errors"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
)

// pastWeeks are the weeks of many sites: all went well but for some rooms that were too full, one site that nobody listened to, and one, Sumenep,
// of which only the rooms were counted.
type pastWeeks struct {
	mu    sync.Mutex
	week  *pastWeek
	slow  time.Duration
	asked int
}

func (p *pastWeeks) History(ctx context.Context, q HistoryQuery) (*compliance.Input, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	time.Sleep(p.slow)
	in, err := p.week.History(ctx, q)
	if err != nil {
		return nil, err
	}
	in.Transitions = slices.DeleteFunc(slices.Clone(in.Transitions), func(t rules.Transition) bool {
		switch q.Site {
		case "mpp-gresik", "mpp-banjar":
			return q.Site == "mpp-banjar" && t.Rule == "kapasitas" && (t.To == rules.Breached || t.Near)
		case "mpp-belu":
			return true
		case "mpp-sumenep":
			return t.Rule != "kapasitas" || t.To == rules.Breached || t.Near
		}
		return t.To == rules.Breached || t.Near
	})
	if q.Site != "mpp-gresik" {
		in.Gaps = nil
	}
	return in, nil
}

// Five sites that fail this month: the ranking puts what was kept least first, beside it what was observed, and by the same function as the
// site's own page. A site that nobody observed is not among those that kept their rules.
func TestRankingOfSites(t *testing.T) {
	f := inProvinces(newFleet(), 2)
	past := &pastWeeks{week: aWeek(t)}
	r := start(t, f, func(o *Options) { o.Histories = past })
	var k struct {
		From, To, Before string
		Complete         bool
		Of               int
		Items            []apiRanked
	}
	r.json(t, "/api/v1/ranking", &k)
	if k.From != "2026-01-01" || k.To != "2026-01-31" || k.Before != "2025-12-01/2025-12-31" || !k.Complete || k.Of != 10 || len(k.Items) != 10 {
		t.Fatalf("this month: got %+v", k)
	}
	var groups, places []string
	for _, x := range k.Items {
		groups, places = append(groups, x.Group), append(places, x.Site)
		if x.Place != len(places) {
			t.Errorf("%s stands at %d, want %d", x.Site, x.Place, len(places))
		}
		var own apiCompliance
		r.json(t, "/api/v1/sites/"+x.Site+"/compliance?from=2026-01-01&to=2026-01-31&by=total", &own)
		if !sameShare(own.Figure.Kept, x.Figure.Kept) || !sameShare(own.Figure.Observed, x.Figure.Observed) || own.Figure.Rule != x.Figure.Rule || own.Figure.State != x.Figure.State || own.Figure.Sentence != x.Figure.Sentence {
			t.Errorf("%s: the ranking says %+v, its own page %+v", x.Site, x.Figure, own.Figure)
		}
		var before apiCompliance
		r.json(t, "/api/v1/sites/"+x.Site+"/compliance?from=2025-12-01&to=2025-12-31&by=total", &before)
		if !sameShare(before.Figure.Kept, x.Before) {
			t.Errorf("%s: the month before it says %v, its own page %v", x.Site, x.Before, before.Figure.Kept)
		}
		if (x.Change != nil) != (x.Before != nil && x.Figure.Kept != nil) || x.Change != nil && math.Abs(*x.Change-(*x.Figure.Kept-*x.Before)) > 1e-12 {
			t.Errorf("%s: change %v of %v and %v", x.Site, x.Change, x.Figure.Kept, x.Before)
		}
	}
	if !slices.Equal(groups[:4], []string{"failed", "failed", "unknown", "partly"}) || !slices.Contains(places[:2], "mpp-gresik") || !slices.Contains(places[:2], "mpp-banjar") || *k.Items[0].Figure.Kept > *k.Items[1].Figure.Kept {
		t.Errorf("the order: got %q as %q, want what was kept least first", places, groups)
	}
	if i := slices.Index(places, "mpp-belu"); i != 2 {
		t.Errorf("a site that nobody observed: it stands %d. of %q, want it above those that kept all", i+1, places)
	}

	page := r.get("/ranking?lang=en").body
	wants(t, "the page", page, "1 Jan 2026 – 31 Jan 2026", "against 1 Dec 2025 – 31 Dec 2025", "not always kept", "Disinfection, ", "/site/mpp-gresik/compliance?to=2026-01-31", `aria-current="page">Ranking`)
	// Each row has the colour of the state that the site's own page says, and stands where that state belongs.
	colours := regexp.MustCompile(`<tr class="(\w+)"><td class="num place">`).FindAllStringSubmatch(page, -1)
	for i, x := range k.Items[:min(len(colours), len(k.Items))] {
		if got := strings.Replace(colours[i][1], "closed", "idle", 1); got != x.Figure.State {
			t.Errorf("%s is %s in the ranking, its own page says %s", x.Site, got, x.Figure.State)
		}
	}
	rows := func(body string) int { return strings.Count(body, `class="num place"`) }
	if n := rows(page); n != 10 {
		t.Errorf("the page has %d rows, want 10", n)
	}
	for path, want := range map[string]int{
		"/ranking?group=failed": strings.Count(strings.Join(groups, " "), "failed"), "/ranking?region=Provinsi+00": 5, "/ranking?find=gresik&by=week": 1, "/ranking?find=nothing": 0, "/ranking?from=2025-12-25&to=2026-01-02": 10,
		"/ranking?by=month&on=2025-12-07": 10, "/ranking?by=month&on=2027-01-01": 10,
	} {
		if got := rows(r.get(path).body); got != want {
			t.Errorf("%s: got %d rows, want %d", path, got, want)
		}
	}
	for _, path := range []string{"/ranking?from=x", "/ranking?from=2026-01-05&to=2026-01-01", "/ranking?from=2020-01-01&to=2026-01-01", "/ranking?from=2026-02-01&to=2026-02-03"} {
		if got := r.status(http.MethodGet, path); got != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", path, got)
		}
		if got := r.status(http.MethodGet, "/api/v1"+path); got != http.StatusUnprocessableEntity {
			t.Errorf("/api/v1%s: got %d, want 422", path, got)
		}
	}
	table, err := csv.NewReader(strings.NewReader(r.get("/api/v1/ranking.csv").body)).ReadAll()
	if err != nil || len(table) != 11 || table[1][1] != places[0] || table[1][11] != "semprot" || table[1][14] == "" || table[3][9] != "" {
		t.Errorf("the table: %v, %q", err, table)
	}
	wants(t, "the way from the overview", r.get("/?lang=en").body, `href="/ranking"`)
	r.access.identify = func(*http.Request) (*accounts.Caller, error) {
		return &accounts.Caller{Account: "1", Name: "Sari", Grants: []accounts.Grant{{May: accounts.Manager.May(), Sites: []string{"mpp-gresik"}}}}, nil
	}
	wants(t, "who has one site", r.get("/ranking").body, "gresik", "-magetan", "-mpp-belu")
}

func sameShare(a, b *float64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// With a thousand sites the first answer comes at once and says how far it is; asked again, it is whole, and nothing is added up twice.
func TestRankingOfManySitesComesAtOnce(t *testing.T) {
	f := manyMalls(300)
	past := &pastWeeks{week: aWeek(t), slow: 4 * time.Millisecond}
	past.week.past = past.week.past[:40]
	r := start(t, f, func(o *Options) { o.Histories = past })
	begin := time.Now()
	first := r.get("/ranking?lang=en")
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("the first page took %v, want at most a second on a quiet machine", took)
	}
	wants(t, "the first page", first.body, "of 310 sites are added up")
	if got := first.Header.Get("Refresh"); got == "" {
		t.Error("the first page does not look again by itself")
	}
	if got := r.status(http.MethodGet, "/healthz"); got != http.StatusOK {
		t.Errorf("meanwhile: got %d", got)
	}
	var k struct {
		Complete bool
		AddedUp  int `json:"added_up"`
	}
	for range 200 {
		if r.json(t, "/api/v1/ranking?limit=1", &k); k.Complete {
			break
		}
	}
	if !k.Complete || k.AddedUp != 310 {
		t.Fatalf("it does not get ready: %+v", k)
	}
	past.mu.Lock()
	asked := past.asked
	past.mu.Unlock()
	body := r.get("/ranking?lang=en&page=2").body
	wants(t, "the second page", body, "51 to 100 of 310", "-are added up")
	if len(body) > 150<<10 {
		t.Errorf("a page has %d bytes, want at most 150 kB", len(body))
	}
	past.mu.Lock()
	defer past.mu.Unlock()
	if past.asked != asked || asked > 2*310+50 {
		t.Errorf("%d questions to the journal, and %d more for what is known: want two of each site, and none", asked, past.asked-asked)
	}
}

// A site has one state, which its row in the ranking and its own page show alike, whatever share was kept of what was observed.
func TestTheRankingShowsTheSitesState(t *testing.T) {
	r := start(t, newFleet(), nil)
	v, _ := r.opts.Live.Outline("mpp-gresik")
	lang := r.tongues.byTag("en")
	for name, x := range map[string]struct {
		figure      compliance.Figure
		class, word string
		group       string
	}{
		"all kept":                   {compliance.Figure{State: compliance.Within, Kept: 1, Known: true, Observed: 1, Asked: true, Measures: 10, Fully: 10}, "within", "Kept", ranksKept},
		"breached":                   {compliance.Figure{State: compliance.Breached, Kept: .9, Known: true, Observed: 1, Asked: true, Measures: 10, Fully: 9}, "breached", "Breached", ranksFailed},
		"breached for a moment":      {compliance.Figure{State: compliance.Breached, Kept: 1, Known: true, Observed: .4, Asked: true, Measures: 10, Fully: 9}, "breached", "Breached", ranksFailed},
		"near":                       {compliance.Figure{State: compliance.Near, Kept: 1, Known: true, Observed: .4, Asked: true, Measures: 10, Fully: 9}, "near", "Near limit", ranksFailed},
		"one of ten measures, kept":  {compliance.Figure{State: compliance.Unknown, Kept: 1, Known: true, Observed: .1, Asked: true, Measures: 10, Fully: 1, Blind: 9}, "unknown", "Kept, partly observed", ranksPartly},
		"kept, a minute not watched": {compliance.Figure{State: compliance.Unknown, Kept: 1, Known: true, Observed: .999, Asked: true, Measures: 10, Fully: 10}, "unknown", "Kept, partly observed", ranksPartly},
		"nobody observed":            {compliance.Figure{State: compliance.Unknown, Worst: -1, Asked: true, Measures: 10, Blind: 10}, "unknown", "Not observed", ranksUnknown},
		"nothing asked":              {compliance.Figure{State: compliance.Idle, Worst: -1}, "closed", "Nothing to judge", ranksIdle},
	} {
		report := compliance.Report{Site: v.Site, Figure: x.figure, Measures: []compliance.Measure{{Kind: "capacity"}}}
		site := rankedSite{view: v, sum: &siteSum{report: report}, group: groupOf(&x.figure)}
		row := r.rankingRow(lang, &site, rankingAsk{})
		var page compliancePage
		page.table(r.scene(lang, v), &report, url.Values{})
		if row.Chip != page.Chip {
			t.Errorf("%s: the ranking shows %+v, the site's page %+v", name, row.Chip, page.Chip)
		}
		if row.Chip.Class != x.class || row.Chip.Word != x.word || site.group != x.group {
			t.Errorf("%s: got %s, %q among %s, want %s, %q among %s", name, row.Chip.Class, row.Chip.Word, site.group, x.class, x.word, x.group)
		}
	}
}

// A figure that could not be made, as the journal was busy, is no site that nobody observed: its row says so, and in some seconds it is made again.
func TestASumThatFailedIsMadeAgainSoon(t *testing.T) {
	k, day := newTallies(), dates{facility.Date{Year: 2026, Month: 1, Day: 1}, facility.Date{Year: 2026, Month: 1, Day: 1}}
	for _, over := range []bool{false, true} {
		k.want(day, []string{"a"}, fleetNow, over)
		k.keep(day, "a", siteSum{at: fleetNow, failed: true})
		k.want(day, []string{"a"}, fleetNow.Add(time.Second), over)
		if _, _, again := k.next(fleetNow.Add(time.Second)); again {
			t.Errorf("over: %t: a second later it is made again: a busy journal is asked without a pause", over)
		}
		k.want(day, []string{"a"}, fleetNow.Add(failedAge+time.Second), over)
		if _, _, again := k.next(fleetNow.Add(failedAge + time.Second)); !again {
			t.Errorf("over: %t: %v later it is not made again", over, failedAge+time.Second)
		}
		k = newTallies()
	}
	var mu sync.Mutex
	now, past := fleetNow, &pastWeeks{week: aWeek(t)}
	past.week.err = errors.New("busy")
	r := start(t, newFleet(), func(o *Options) {
		o.Histories = past
		o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	wants(t, "while the journal is busy", one(t, r.get("/ranking?lang=en&find=gresik").body, "table.ranking"), "Could not be added up now", "-Not observed", "-Nothing to judge")
	var said struct{ Items []apiRanked }
	if r.json(t, "/api/v1/ranking?find=gresik", &said); len(said.Items) == 0 || said.Items[0].Figure.State != "unknown" || !strings.Contains(said.Items[0].Figure.Sentence, "added up now") {
		t.Errorf("below /api/v1: got %+v", said.Items)
	}
	past.mu.Lock()
	past.week.err = nil
	past.mu.Unlock()
	mu.Lock()
	now = now.Add(failedAge + time.Second)
	mu.Unlock()
	for deadline := time.Now().Add(10 * time.Second); ; {
		if body := r.get("/ranking?lang=en&find=gresik").body; strings.Contains(body, "Disinfection, ") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("some seconds later it is not made again")
		}
	}
}

// A period is compared with the one before it.
func TestDatesBefore(t *testing.T) {
	day := func(s string) facility.Date {
		d, err := facility.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, x := range [][4]string{
		{"2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"}, {"2026-01-01", "2026-01-31", "2025-12-01", "2025-12-31"},
		{"2026-01-01", "2026-01-07", "2025-12-25", "2025-12-31"}, {"2026-01-05", "2026-01-05", "2026-01-04", "2026-01-04"},
	} {
		if got, want := (dates{day(x[0]), day(x[1])}).before(), (dates{day(x[2]), day(x[3])}); got != want {
			t.Errorf("%s to %s: got %v, want %v", x[0], x[1], got, want)
		}
	}
}

// What nobody asks for any more is not gone on with, and only so many periods are kept.
func TestTalliesAreBounded(t *testing.T) {
	k := newTallies()
	day := func(n int) dates {
		d := facility.Date{Year: 2026, Month: 1, Day: 1}.AddDays(n)
		return dates{d, d}
	}
	for n := range 3 * mostTallies {
		k.want(day(n), []string{"a", "b"}, fleetNow, false)
	}
	if len(k.all) != mostTallies {
		t.Errorf("%d periods are kept, want %d", len(k.all), mostTallies)
	}
	d, site, ok := k.next(fleetNow)
	if !ok || site != "a" || d != day(3*mostTallies-1) {
		t.Errorf("next: got %v, %s, %t, want the period that was asked for last", d, site, ok)
	}
	k.keep(d, "a", siteSum{at: fleetNow})
	if _, site, _ = k.next(fleetNow); site != "b" {
		t.Errorf("next: got %s, want b", site)
	}
	if _, _, ok = k.next(fleetNow.Add(tallyInterest + time.Second)); ok {
		t.Error("what nobody asks for any more is gone on with")
	}
	sums, missing, _ := k.want(d, []string{"a", "b"}, fleetNow.Add(2*tallyAge), false)
	if len(sums) != 1 || missing != 1 {
		t.Errorf("got %d sums and %d missing, want one that is old, and one", len(sums), missing)
	}
	if _, site, _ = k.next(fleetNow.Add(2 * tallyAge)); site != "b" {
		t.Errorf("next: got %s, want the one that is missing before the one that is old", site)
	}
}
