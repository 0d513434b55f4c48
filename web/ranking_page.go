package web

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
)

const (
	// rankingRows is how many sites a page of the ranking lists.
	rankingRows = 50
	// rankingPatience is how long a page waits for what is being added up; then it shows how far that is, and looks again.
	rankingPatience = 600 * time.Millisecond
	rankingRefresh  = 2 // seconds
)

// rankingPage ranks sites by how they kept their rules in a period.
type rankingPage struct {
	frame
	Views        fleetViews
	Period       string
	Against      string // the period that it is compared with
	Spans        []choice
	Older, Newer string // addresses; empty: there is none
	From, To     string // fields
	Find         string
	Hidden       []choice // what the fields keep
	Groups       []rankGroup
	Regions      []choice
	Region       string // its name, where the list is of one
	NoRegion     string // the list without it
	Rows         []rankingRow
	Added, Of    int // sites that are added up; all of them: no more to wait for
	Waiting      bool
	Percent      int
	Pager        pager
	Table        string // address of the CSV
}

// rankGroup is how many sites stand in a group, and leads to them.
type rankGroup struct {
	Class, Icon, Word string
	N                 int
	To                string
	Shown             bool
}

type rankingRow struct {
	Place      int
	Site, Name string
	Where      string
	Chip       chip
	Kept       string // empty: unknown
	Observed   string // empty: nothing was asked
	Low        bool   // hardly observed: the figure says little
	Worst      string
	Full       string // in a sentence
	Change     string // empty: not known
	Better     bool
	Worse      bool
	To         string
}

// hardlyObserved is the share of the opening time below which a figure is said to say little.
const hardlyObserved = .5

func (s *Server) ranking(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Histories == nil {
		return errNoPage
	}
	lang, q := s.tongues.choose(r), r.URL.Query()
	views := s.viewsFor(r.Context(), accounts.Review)
	ask, by, err := s.rankingAsk(q, views)
	if err != nil {
		return misaskedBy(err)
	}
	k := s.rank(r.Context(), views, ask, rankingPatience)
	p := rankingPage{frame: s.frame(r, lang, lang.T("ranking.title")), Views: s.fleetViews(r, "ranking", views), Find: ask.find, Of: k.of, Added: k.of - k.missing}
	if p.Waiting = k.missing > 0 || k.waiting; p.Waiting && q.Get("page") == "" {
		w.Header().Set("Refresh", strconv.Itoa(rankingRefresh))
	}
	if k.of > 0 {
		p.Percent = 100 * p.Added / k.of
	}
	p.spans(lang, q, ask, by, s.today(views))
	p.narrow(lang, q, k, ask, views)
	from := min(ask.page, max(0, len(k.sites)-1)/rankingRows) * rankingRows
	to := min(from+rankingRows, len(k.sites))
	p.Pager = pager{From: min(from+1, len(k.sites)), To: to, Of: len(k.sites)}
	if from > 0 {
		p.Pager.Newer = rankingAddress(q, "page", strconv.Itoa(from/rankingRows))
	}
	if to < len(k.sites) {
		p.Pager.Older = rankingAddress(q, "page", strconv.Itoa(from/rankingRows+2))
	}
	for i := from; i < to; i++ {
		p.Rows = append(p.Rows, s.rankingRow(lang, &k.sites[i], ask))
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusOK, lang, "ranking", p)
}

// rankingAsk reads a question.
func (s *Server) rankingAsk(q url.Values, views []rules.View) (ask rankingAsk, by string, err error) {
	ask.part = partOf(q)
	ask.show, ask.rule = "", ""
	if ask.group = q.Get("group"); ask.group != "" && !slices.Contains(rankGroups, ask.group) {
		return ask, "", &misdate{"group", ask.group, "choose", wrong("group is none of " + strings.Join(rankGroups, ", "))}
	}
	ask.dates, by, err = datesOf(q, s.today(views))
	return ask, by, err
}

// today is the day at the first of some sites: what a period that nobody names ends with.
func (s *Server) today(views []rules.View) facility.Date {
	loc := time.UTC
	if len(views) > 0 {
		loc = s.zones.named(views[0].Zone)
	}
	return facility.DateOf(s.opts.Now().In(loc))
}

// rankingAddress is one of the ranking with some of the question changed: pairs of a name and a value, an empty one leaves it out.
func rankingAddress(q url.Values, change ...string) string {
	to := url.Values{}
	for _, name := range []string{"by", "on", "from", "to", "region", "find", "group"} {
		if value := q.Get(name); value != "" {
			to.Set(name, value)
		}
	}
	for i := 0; i+1 < len(change); i += 2 {
		if to.Set(change[i], change[i+1]); change[i+1] == "" {
			to.Del(change[i])
		}
	}
	if len(to) == 0 {
		return "/ranking"
	}
	return "/ranking?" + to.Encode()
}

// spans fills the head: which period, and the way to others.
func (p *rankingPage) spans(t *tongue, q url.Values, ask rankingAsk, by string, today facility.Date) {
	p.Period, p.Against = t.days(ask.dates), t.days(ask.dates.before())
	p.From, p.To = ask.from.String(), ask.to.String()
	month := monthOf(today)
	last := month.before()
	for _, x := range []struct {
		word, by string
		dates
	}{{"this_month", byMonth, month}, {"last_month", byMonth, last}, {"seven_days", byWeek, dates{today.AddDays(1 - shownDays), today}}} {
		on := x.to.String()
		if !x.to.Before(today) {
			on = ""
		}
		p.Spans = append(p.Spans, choice{rankingAddress(q, "by", x.by, "on", on, "from", "", "to", ""), t.T("ranking." + x.word), x.dates == ask.dates})
	}
	if by == byDates {
		return
	}
	p.Older = rankingAddress(q, "by", by, "on", ask.from.AddDays(-1).String())
	if ask.to.Before(today) {
		next := ask.to.AddDays(shownDays)
		if by == byMonth {
			next = ask.to.AddDays(1)
		}
		p.Newer = rankingAddress(q, "by", by, "on", next.String())
	}
}

// days writes a period.
func (t *tongue) days(d dates) string {
	return t.Date(d.from.In(time.UTC)) + " – " + t.Date(d.to.In(time.UTC))
}

// narrow fills the ways to a part of the list.
func (p *rankingPage) narrow(t *tongue, q url.Values, k *ranking, ask rankingAsk, views []rules.View) {
	chips := map[string]chip{
		ranksFailed: {Class: "breached", Icon: "breached"}, ranksUnknown: {Class: "unknown", Icon: "unknown"},
		ranksPartly: {Class: "unknown", Icon: "unknown"}, ranksKept: {Class: "within", Icon: "within"}, ranksIdle: {Class: "closed", Icon: "off"},
	}
	for _, g := range rankGroups {
		if g == ranksIdle && k.counts[g] == 0 && ask.group != g {
			continue
		}
		x := rankGroup{Class: chips[g].Class, Icon: chips[g].Icon, Word: t.T("ranking." + g), N: k.counts[g], To: rankingAddress(q, "group", g), Shown: g == ask.group}
		if x.Shown {
			x.To = rankingAddress(q, "group", "")
		}
		p.Groups = append(p.Groups, x)
	}
	var regions []string
	for i := range views {
		if !slices.Contains(regions, views[i].Region) {
			regions = append(regions, views[i].Region)
		}
	}
	slices.Sort(regions)
	if len(regions) > 1 {
		for _, region := range regions {
			id, name := region, region
			if region == "" {
				id, name = noRegion, t.T("overview.no_region")
			}
			p.Regions = append(p.Regions, choice{id, name, ask.region == id})
		}
	}
	if ask.region != "" {
		p.Region, p.NoRegion = ask.region, rankingAddress(q, "region", "")
		if ask.region == noRegion {
			p.Region = t.T("overview.no_region")
		}
	}
	if ask.group != "" {
		p.Hidden = append(p.Hidden, choice{Value: ask.group, Name: "group"})
	}
	p.Table = "/api/v1/ranking.csv?" + url.Values{"from": {ask.from.String()}, "to": {ask.to.String()}}.Encode()
	for _, x := range [][2]string{{"region", ask.region}, {"find", ask.find}, {"group", ask.group}} {
		if x[1] != "" {
			p.Table += "&" + url.Values{x[0]: {x[1]}}.Encode()
		}
	}
}

func (s *Server) rankingRow(t *tongue, x *rankedSite, ask rankingAsk) rankingRow {
	f := &x.sum.report.Figure
	row := rankingRow{
		Place: x.place, Site: x.view.Site, Name: x.view.Name, Where: placeOf(x.view, ask.region != ""), Chip: t.figureChip(f), Full: t.figure(&x.sum.report, f),
		To: "/site/" + x.view.Site + "/compliance?to=" + ask.to.String(),
	}
	if x.sum.failed {
		row.Chip, row.Full = t.complianceChip(compliance.Unknown), t.T("ranking.not_made")
		row.Chip.Word = row.Full
		return row
	}
	if f.Asked {
		row.Observed, row.Low = t.percent(f.Observed), f.Observed < hardlyObserved
	}
	if f.Known {
		row.Kept = t.percent(f.Kept)
		if f.Kept < 1 {
			row.Worst = t.measureName(&x.sum.report.Measures[f.Worst])
		}
	}
	if by, ok := x.change(); ok {
		row.Change, row.Better, row.Worse = t.points(by)
	}
	return row
}

// points writes a difference of shares in percentage points, cut to tenths.
func (t *tongue) points(by float64) (text string, better, worse bool) {
	tenths := math.Trunc(by*1000+math.Copysign(1e-9, by)) / 10
	switch {
	case tenths > 0:
		return "+" + t.Number(tenths, 1), true, false
	case tenths < 0:
		return "−" + t.Number(-tenths, 1), false, true
	}
	return "±" + t.Number(0, 0), false, false
}
