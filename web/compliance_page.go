package web

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// compliancePage is a week of a building: days × rules.
type compliancePage struct {
	frame
	Site, SiteName  string
	From, To        string // in words
	Last            string // the last day, as a field has it
	Older, Newer    string // addresses; empty: there is none
	Today           string
	Chip            chip
	Kept            string // the figure; empty: unknown
	Observed        string
	Sentence        string
	Days            []complianceDay
	All             complianceRow // the building
	Rows, Devices   []complianceRow
	Maintained      bool // some of the week was under maintenance: a column says how much
	Detail          *complianceDetail
	Known           []choice // whose knowledge: addresses and words
	KnownAt         string   // as a field has it
	Late            []lateRow
	Sums, Intervals string // addresses of the tables of the same period
}

type complianceDay struct {
	Name, Date string
	Today      bool
}

type complianceRow struct {
	Name, Note string
	Whole      complianceCell
	Cells      []complianceCell
	Maintained string // the share of the week's opening time under maintenance; empty: none of it
}

// complianceCell is a rule on a day.
type complianceCell struct {
	Chip     chip
	Kept     string // in whole percents; empty: unknown, or nothing to tell
	Observed string // only where it is not all of the time
	Full     string // in words, for readers aloud and a pointer that rests
	URL      string
	Chosen   bool
	Empty    bool // it has not come yet
}

// complianceDetail is a rule on one day: its hours, and the intervals behind them.
type complianceDetail struct {
	Title    string
	Subjects []complianceSubject
}

type complianceSubject struct {
	Name      string
	Sentence  string
	Hours     []complianceCell // while it is open; Chip.Word is the hour
	Intervals []complianceInterval
}

type complianceInterval struct {
	Chip        chip
	When, Lasts string
	Text        string
	Notes       []string
}

type lateRow struct{ Name, When, Then, Now, Told, Readings string }

func (s *Server) compliance(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Histories == nil {
		return errNoPage
	}
	lang, q := s.tongues.choose(r), r.URL.Query()
	v, ok := s.opts.Live.Outline(r.PathValue("site"))
	if !ok {
		return ErrNotFound
	}
	sc := s.scene(lang, v)
	p, last, err := weekOf(sc, q)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), apiTimeout)
	defer cancel()
	_, report, err := s.report(ctx, v.Site, &p, false)
	if err != nil {
		return fmt.Errorf("adding up site %q: %w", v.Site, err)
	}
	page := compliancePage{frame: s.frame(r, lang, lang.T("compliance.title")), Site: v.Site, SiteName: v.Name}
	page.week(sc, last, q)
	page.table(sc, report, q)
	if err := s.openCell(ctx, sc, &page, report, q, &p); err != nil {
		return err
	}
	if err := s.lateData(ctx, sc, &page, report, &p); err != nil {
		return err
	}
	return s.render(w, http.StatusOK, lang, "compliance", page)
}

// weekOf reads which seven days are shown, and as they were known when.
func weekOf(sc *scene, q url.Values) (p period, last facility.Date, err error) {
	last = facility.DateOf(sc.now.In(sc.loc))
	if text := q.Get("to"); text != "" {
		d, err := facility.ParseDate(text)
		if err != nil {
			return p, last, misasked("to", text, "day")
		}
		if d.Before(last) {
			last = d
		}
	}
	if p, err = periodOf(last.AddDays(1-shownDays).String(), last.String(), compliance.ByDay, sc.now, sc.loc); err != nil {
		return p, last, misasked("to", q.Get("to"), "day")
	}
	known := q.Get("known")
	if at, err := time.ParseInLocation(localTime, known, sc.loc); err == nil {
		known = at.Format(time.RFC3339)
	}
	if err := p.knownAt(known, sc.now); err != nil {
		return p, last, misasked("known", known, "known")
	}
	return p, last, nil
}

// address is one of this page with some of the question changed: pairs of a name and a value, an empty one leaves it out.
func address(site string, q url.Values, change ...string) string {
	to := url.Values{}
	for _, name := range []string{"to", "known", "day", "rule"} {
		if value := q.Get(name); value != "" {
			to.Set(name, value)
		}
	}
	for i := 0; i+1 < len(change); i += 2 {
		if to.Set(change[i], change[i+1]); change[i+1] == "" {
			to.Del(change[i])
		}
	}
	path := "/site/" + site + "/compliance"
	if len(to) > 0 {
		path += "?" + to.Encode()
	}
	return path
}

// week fills the head: which days, and the steps to others.
func (p *compliancePage) week(sc *scene, last facility.Date, q url.Values) {
	today, first := facility.DateOf(sc.now.In(sc.loc)), last.AddDays(1-shownDays)
	names := strings.Fields(sc.T("compliance.weekdays"))
	for d := first; !last.Before(d); d = d.AddDays(1) {
		name := ""
		if day := int(d.Weekday()); day < len(names) {
			name = names[day]
		}
		p.Days = append(p.Days, complianceDay{name, fmt.Sprintf("%d %s", d.Day, sc.months[d.Month-1]), d == today})
	}
	p.From, p.To, p.Last = sc.Date(first.In(sc.loc)), sc.Date(last.In(sc.loc)), last.String()
	p.Older = address(p.Site, q, "to", last.AddDays(-shownDays).String(), "day", "", "rule", "")
	if last.Before(today) {
		next := last.AddDays(shownDays)
		if today.Before(next) {
			next = today
		}
		p.Newer = address(p.Site, q, "to", next.String(), "day", "", "rule", "")
		p.Today = address(p.Site, q, "to", "", "day", "", "rule", "")
	}
	known := q.Get("known")
	p.Known = []choice{
		{address(p.Site, q, "known", ""), sc.T("compliance.known_now"), known == "" || known == "now"},
		{address(p.Site, q, "known", "then"), sc.T("compliance.known_then"), known == "then"},
	}
	if at, err := localMoment(known, time.Time{}, sc.loc); err == nil && !at.IsZero() {
		p.KnownAt = at.In(sc.loc).Format(localTime)
	}
	query := url.Values{"from": {first.String()}, "to": {last.String()}, "known": {orNow(q.Get("known"), sc.loc)}}.Encode()
	tables := "/api/v1/sites/" + url.PathEscape(p.Site) + "/"
	p.Sums, p.Intervals = tables+"compliance.csv?"+query, tables+"intervals.csv?"+query
}

// orNow is a moment of knowledge as the API reads it.
func orNow(known string, loc *time.Location) string {
	if at, err := time.ParseInLocation(localTime, known, loc); err == nil {
		return at.Format(time.RFC3339)
	}
	if known == "" {
		return "now"
	}
	return known
}

// table fills days × rules.
func (p *compliancePage) table(sc *scene, r *compliance.Report, q url.Values) {
	f := &r.Figure
	p.Chip, p.Sentence = sc.figureChip(f), sc.figure(r, f)
	if f.Known {
		p.Kept = sc.percent(f.Kept)
	}
	if f.Asked {
		p.Observed = sc.percent(f.Observed)
	}
	cells := func(rule string, fits func(*compliance.Measure) bool) (row complianceRow) {
		whole := r.FigureOf(compliance.Whole, fits)
		row.Whole = sc.complianceCell(&whole)
		if share := whole.Times.Maintained(); share > 0 {
			row.Maintained, p.Maintained = sc.percent(share), true
		}
		for i := range p.Days {
			if i >= len(r.Parts) {
				row.Cells = append(row.Cells, complianceCell{Empty: true})
				continue
			}
			figure := r.FigureOf(i, fits)
			c := sc.complianceCell(&figure)
			day := facility.DateOf(r.Parts[i].From.In(sc.loc)).String()
			if rule != "" {
				c.URL, c.Chosen = address(p.Site, q, "day", day, "rule", rule)+"#detail", q.Get("day") == day && q.Get("rule") == rule
			}
			row.Cells = append(row.Cells, c)
		}
		return row
	}
	p.All = cells("", (*compliance.Measure).Counts)
	for _, d := range rulesOf(r) {
		row := cells(d.rule, func(m *compliance.Measure) bool { return m.Rule == d.rule })
		row.Name = sc.nameOf(d.title, d.kind, &rules.Explanation{})
		if n := len(d.measures); n > 1 {
			row.Note = sc.T("compliance.subjects", "Count", n)
		} else if m := &r.Measures[d.measures[0]]; m.Subject.Kind != rules.SubjectSite {
			row.Note = m.SubjectName
		}
		if d.counts {
			p.Rows = append(p.Rows, row)
		} else {
			p.Devices = append(p.Devices, row)
		}
	}
}

// complianceCell writes a figure as small as a cell is.
func (t *tongue) complianceCell(f *compliance.Figure) complianceCell {
	c := complianceCell{Chip: t.complianceChip(f.State), Full: t.complianceChip(f.State).Word}
	maintained := ""
	if share := f.Times.Maintained(); share > 0 {
		maintained = ", " + t.T("compliance.maintained_of", "Share", t.percent(share))
	}
	if !f.Asked {
		c.Full += maintained
		return c
	}
	if f.Known {
		c.Kept = t.Number(math.Floor(f.Kept*100+1e-9), 0) + " %"
		c.Full += ", " + t.T("compliance.kept_of", "Kept", t.kept(f))
	}
	c.Full += ", " + t.T("compliance.observed_of", "Observed", t.percent(f.Observed)) + maintained
	if f.Observed < 1 {
		c.Observed = t.Number(math.Floor(f.Observed*100+1e-9), 0) + " %"
	}
	return c
}

// openCell fills what stands behind the cell that somebody opened.
func (s *Server) openCell(ctx context.Context, sc *scene, page *compliancePage, week *compliance.Report, q url.Values, p *period) error {
	rule := q.Get("rule")
	day, err := facility.ParseDate(q.Get("day"))
	if rule == "" || err != nil {
		return nil
	}
	one := *p
	one.from, one.until, one.by = day.In(sc.loc), day.AddDays(1).In(sc.loc), compliance.ByHour
	if telemetry.InstantOf(one.from) < week.From || telemetry.InstantOf(one.from) >= week.Until {
		return nil
	}
	in, r, err := s.report(ctx, page.Site, &one, true)
	if err != nil {
		return fmt.Errorf("adding up a day of site %q: %w", page.Site, err)
	}
	for i := range r.Measures {
		m := &r.Measures[i]
		if m.Rule != rule {
			continue
		}
		if page.Detail == nil {
			page.Detail = &complianceDetail{Title: sc.nameOf(m.Title, m.Kind, &rules.Explanation{}) + ", " + sc.Date(one.from)}
		}
		subject := complianceSubject{Name: m.SubjectName}
		alone := r.FigureOf(compliance.Whole, func(o *compliance.Measure) bool { return o == m })
		subject.Sentence = sc.complianceCell(&alone).Full
		for k, part := range r.Parts {
			if m.Parts[k].Open == 0 {
				continue
			}
			f := r.FigureOf(k, func(o *compliance.Measure) bool { return o == m })
			c := sc.complianceCell(&f)
			c.Full = part.From.In(sc.loc).Format(sc.clock) + ": " + c.Full
			c.Chip.Word = part.From.In(sc.loc).Format("15")
			subject.Hours = append(subject.Hours, c)
		}
		for _, x := range r.Pieces(m) {
			if x.Open || x.State == compliance.Breached {
				subject.Intervals = append(subject.Intervals, sc.complianceInterval(in, m, &x))
			}
		}
		page.Detail.Subjects = append(page.Detail.Subjects, subject)
	}
	return nil
}

// complianceInterval tells one interval with its reason.
func (t *scene) complianceInterval(in *compliance.Input, m *compliance.Measure, x *compliance.Piece) complianceInterval {
	row := complianceInterval{
		Chip: t.complianceChip(x.State), When: x.From.In(t.loc).Format(t.clock) + "–" + x.Until.In(t.loc).Format(t.clock),
		Lasts: t.texts.Duration(t.Tag, x.Until.Sub(x.From)), Text: t.was(in, m, x),
	}
	if !x.Open {
		row.Notes = append(row.Notes, t.T("compliance.while_closed"))
	}
	if x.Change >= 0 && in.Transitions[x.Change].Late {
		row.Notes = append(row.Notes, t.T("compliance.late", "When", t.when(in.Transitions[x.Change].Told)))
	}
	return row
}

// was is the sentence of an interval. What was told describes the moment at which the state began: where that lies before the
// interval, the sentence says since when.
func (t *scene) was(in *compliance.Input, m *compliance.Measure, x *compliance.Piece) string {
	w := viewOf(m, in, &x.Interval)
	if x.Change < 0 {
		return t.brief(&w)
	}
	at, then := in.Transitions[x.Change].At, *t
	then.past = at
	text := then.brief(&w)
	if at >= x.From {
		return text
	}
	when := at.In(t.loc).Format(t.clock)
	if facility.DateOf(at.In(t.loc)) != facility.DateOf(x.From.In(t.loc)) {
		when = t.Date(at.In(t.loc)) + ", " + when
	}
	return t.T("compliance.since", "When", when, "Text", text)
}

// mostLateRows is how many differences the page lists.
const mostLateRows = 50

// lateData lists where what is known now differs from what was known then, whichever of the two is shown.
func (s *Server) lateData(ctx context.Context, sc *scene, page *compliancePage, r *compliance.Report, p *period) error {
	then, now := *p, *p
	then.until, now.until = r.Until.Time(), r.Until.Time()
	if !then.from.Before(then.until) {
		return nil
	}
	now.known, now.atTheTime, now.by = 0, false, compliance.Total
	if then.by = compliance.Total; then.known == 0 {
		then.atTheTime = true
	}
	_, before, err := s.report(ctx, page.Site, &then, false)
	if err != nil {
		return fmt.Errorf("adding up what was known of site %q: %w", page.Site, err)
	}
	in, after, err := s.report(ctx, page.Site, &now, false)
	if err != nil {
		return fmt.Errorf("adding up what is known of site %q: %w", page.Site, err)
	}
	differences := compliance.Differences(before, after)
	if len(differences) == 0 {
		return nil
	}
	for _, d := range differences[:min(len(differences), mostLateRows)] {
		row := lateRow{Name: d.Rule, Then: sc.complianceChip(d.Then).Word, Now: sc.complianceChip(d.Now).Word}
		row.When = sc.when(d.From) + "–" + d.Until.In(sc.loc).Format(sc.clock)
		if i := slices.IndexFunc(after.Measures, func(m compliance.Measure) bool { return m.Key == d.Key }); i >= 0 {
			row.Name = sc.measureName(&after.Measures[i])
		}
		if d.Change >= 0 {
			t := &in.Transitions[d.Change]
			row.Told, row.Readings = sc.when(t.Told), sc.T("explain.record", "Record", sc.Count(t.Record))
		}
		page.Late = append(page.Late, row)
	}
	return nil
}
