package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const mostMarks = 60

// historyPage is a part of the past of a zone, or of a building, ready to print: no script is needed.
type historyPage struct {
	frame
	Site, SiteName, Zone, Name string
	Back                       string // to what is so now
	Spans, Quick               []choice
	Period                     string
	Previous, Next             string
	On, Hour, By               string // of the form
	Figures                    []measure
	Compared                   []measure
	ComparedDay                string
	With                       string
	Chart                      template.HTML
	Ribbons                    []ribbonRow
	Kept, More, Compliance     string // rules that were always kept; how many are not shown, and where they are
	Known                      []choice
	Week                       []heatRow
	Hours                      []string // heads of the week's columns
	Month                      []heatRow
	Weekdays                   []string
	Year                       template.HTML
	Rows                       []historyRow
	Marks                      []markRow
	MoreMarks                  string // how many are not shown; empty: all are
	Alerts                     string // address of the list
	Events                     string // address of the table of what happened
	Table                      string
	Note                       string // why something is missing
}

type ribbonRow struct {
	Name string
	Bar  template.HTML
	Text string
}

type historyRow struct{ Name, Link, Peak, When, Mean, Over, Unknown string }

// markRow is a mark in words: who did what, when, why, and what became of what.
type markRow struct{ When, Text, Link, Class, Who, Why, Change, Unsure string }

func (s *Server) history(w http.ResponseWriter, r *http.Request) error {
	v, ok := s.opts.Live.Outline(r.PathValue("site"))
	if !ok || s.opts.Hours == nil {
		return errNoPage
	}
	lang, q := s.tongues.choose(r), r.URL.Query()
	sc := s.scene(lang, v)
	zone, name, people := "", v.Name, v.Persons
	base := "/site/" + v.Site
	if id := r.PathValue("zone"); id != "" {
		z, ok := zoneByID(v, id)
		if !ok {
			return &fault{status: http.StatusNotFound, key: "error.not_found", cause: errNoZone}
		}
		zone, name, people, base = id, z.Name, z.Persons, base+"/zone/"+id
	}
	p, err := pastOf(q, facility.DateOf(sc.now.In(sc.loc)))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), apiTimeout)
	defer cancel()
	page := &historyPage{
		frame: s.frame(r, lang, name+" · "+lang.T("past.title")), Site: v.Site, SiteName: v.Name, Zone: zone, Name: name, Back: base, On: p.first.String(), By: string(p.span),
		With: q.Get("with"), Weekdays: weekdaysOf(lang),
	}
	page.Typing = true
	page.navigate(sc, p, base+"/history")
	page.Table = "/api/v1/sites/" + v.Site
	if zone != "" {
		page.Table += "/zones/" + zone
	}
	unit := "day"
	if p.span == spanDay || p.span == spanWeek || p.span == spanHour {
		unit = "hour"
	}
	page.Table += "/history.csv?" + url.Values{"from": {p.first.String()}, "to": {p.behind().AddDays(-1).String()}, "by": {unit}}.Encode()
	if uncounted(people) {
		page.Note = lang.T("persons.uncounted")
	}
	switch p.span {
	case spanHour, spanDay:
		err = s.historyOfDay(ctx, sc, page, p, zone, q)
	case spanWeek:
		err = s.historyOfWeek(ctx, sc, page, p, zone)
	default:
		err = s.historyOfDays(ctx, sc, page, p, zone)
	}
	if err != nil {
		return err
	}
	return s.render(w, http.StatusOK, lang, "history", page)
}

func weekdaysOf(lang *tongue) []string {
	var all []string
	monday := facility.Date{Year: 2024, Month: time.January, Day: 1}
	for i := range 7 {
		all = append(all, lang.weekdayOf(monday.AddDays(i)))
	}
	return all
}

// navigate makes the links to other spans, to the ones before and behind, and to those that people ask for most.
func (h *historyPage) navigate(sc *scene, p past, base string) {
	today := facility.DateOf(sc.now.In(sc.loc))
	for _, s := range spans {
		other := past{span: s, first: p.first, hour: p.hour}
		if s == spanHour && p.span != spanHour {
			continue
		}
		other.first = other.start()
		h.Spans = append(h.Spans, choice{base + other.query(nil), sc.T("past.span." + string(s)), s == p.span})
	}
	h.Previous = base + p.move(-1).query(nil)
	if next := p.move(1); !today.Before(next.first) {
		h.Next = base + next.query(nil)
	}
	quick := func(key string, s span, d facility.Date) {
		one := past{span: s, first: d}
		one.first = one.start()
		h.Quick = append(h.Quick, choice{base + one.query(nil), sc.T("past.quick." + key), one == p})
	}
	quick("today", spanDay, today)
	quick("yesterday", spanDay, today.AddDays(-1))
	quick("this_week", spanWeek, today)
	quick("last_week", spanWeek, today.AddDays(-7))
	quick("this_month", spanMonth, today)
	quick("this_year", spanYear, today)
	day := func(d facility.Date) string { return sc.weekdayOf(d) + " " + sc.Date(d.In(time.UTC)) }
	switch p.span {
	case spanHour:
		from, until := p.times(sc.loc)
		h.Period, h.Hour = day(p.first)+" "+from.In(sc.loc).Format(sc.clock)+"–"+until.In(sc.loc).Format(sc.clock), fmt.Sprintf("%02d", p.hour)
	case spanDay:
		h.Period = day(p.first)
	case spanWeek:
		h.Period = day(p.first) + " – " + day(p.behind().AddDays(-1))
	case spanMonth:
		h.Period = sc.months[p.first.Month-1] + " " + strconv.Itoa(p.first.Year)
	case spanYear:
		h.Period = strconv.Itoa(p.first.Year)
	}
}

// figuresOf are what people ask of a part of the past: its peak, when that was, the limit, and how much nobody knew.
func (t *scene) figuresOf(s *stretch) []measure {
	peak, when := t.T("past.nobody_knew"), ""
	if s.peak.Known {
		peak, when = peakText(t, &s.peak), t.dated(s.peak.At)
	}
	all := []measure{{t.T("past.peak"), peak, when}}
	switch {
	case s.peak.Known && s.peak.HasLimit:
		all = append(all, measure{t.T("past.limit"), t.Number(s.peak.Limit, 0), ""})
	case s.limited:
		all = append(all, measure{t.T("past.limit"), t.Number(s.limit, 0), ""})
	}
	if mean, ok := s.mean(); ok {
		all = append(all, measure{t.T("past.mean"), t.Number(mean, 1), ""})
	}
	all = append(all, measure{t.T("past.over"), t.long(s.over), ""})
	if s.near > 0 {
		all = append(all, measure{t.T("past.near"), t.long(s.near), ""})
	}
	return append(all, measure{t.T("past.not_known"), t.long(s.unknown()), ""})
}

// dated writes a time with its day of the week.
func (t *scene) dated(at telemetry.Instant) string {
	local := at.In(t.loc)
	return t.weekdayOf(facility.DateOf(local)) + " " + t.Date(local) + " " + local.Format(t.clock)
}

func (t *scene) long(d time.Duration) string {
	if d < time.Second {
		return "–"
	}
	return t.texts.Duration(t.Tag, d)
}

// historyOfDay is a day, or an hour of one: people as a band, the limit, the verdicts of each rule as ribbons, and what happened.
func (s *Server) historyOfDay(ctx context.Context, sc *scene, page *historyPage, p past, zone string, q url.Values) error {
	from, until := p.times(sc.loc)
	of := func(from, until telemetry.Instant) (*day, error) {
		end := max(from, min(until, telemetry.InstantOf(sc.now)))
		samples, err := s.opts.Rollups.Occupancy(ctx, page.Site, zone, from, end)
		if err != nil {
			return nil, fmt.Errorf("reading the people of a day: %w", err)
		}
		d := dayOf(samples, from, end)
		return &d, nil
	}
	d, err := of(from, until)
	if err != nil {
		return err
	}
	sum := stretchOfDay(d)
	page.Figures = sc.figuresOf(&sum)
	var other *day
	if with := q.Get("with"); with != "" && p.span == spanDay {
		date, err := facility.ParseDate(with)
		if err != nil || date.Year < 2000 || facility.DateOf(sc.now.In(sc.loc)).Before(date) {
			return misasked("with", with, "day")
		}
		if other, err = of(telemetry.InstantOf(date.In(sc.loc)), telemetry.InstantOf(date.AddDays(1).In(sc.loc))); err != nil {
			return err
		}
		was := stretchOfDay(other)
		page.Compared, page.ComparedDay = sc.figuresOf(&was), sc.weekdayOf(date)+" "+sc.Date(date.In(time.UTC))
	}
	open, err := s.ribbons(ctx, sc, page, from, until, zone, q.Get("known") == "then")
	if err != nil {
		return err
	}
	base := page.Back + "/history"
	for _, known := range []string{"now", "then"} {
		page.Known = append(page.Known, choice{base + p.query(url.Values{"known": {known}}), sc.T("compliance.known_" + known), (q.Get("known") == "then") == (known == "then")})
	}
	page.Events = "/api/v1/sites/" + page.Site + "/events.csv?" + url.Values{"from": {p.first.String()}, "to": {p.first.String()}, "zone": {zone}}.Encode()
	marks, err := s.marksOf(ctx, sc, page, from, until, zone)
	if err != nil {
		return err
	}
	page.Alerts = "/alerts?" + url.Values{"site": {page.Site}, "day": {p.first.String()}}.Encode()
	page.Chart = sc.dayDrawing(d, other, until, open, marks, page.Name+", "+page.Period)
	if p.span == spanDay {
		hours := hourCuts(from, until)
		parts, err := s.hoursOf(ctx, page.Site, zone, from, until, hours)
		if err != nil {
			return err
		}
		for i := range parts {
			if parts[i].long() > 0 && (parts[i].peak.Persons > 0 || partly(&parts[i])) {
				at := parts[i].from.In(sc.loc)
				link := past{spanHour, p.first, at.Hour()}
				page.Rows = append(page.Rows, sc.rowOf(&parts[i], at.Format(sc.clock), base+link.query(nil)))
			}
		}
	}
	return nil
}

// stretchOfDay adds a day up from its minutes.
func stretchOfDay(d *day) stretch {
	h, _ := rules.FoldHour(d.samples, d.from, d.end)
	s := stretch{from: d.from, until: d.end, passed: max(0, d.end.Sub(d.from))}
	s.add(&h)
	if d.peak != nil {
		s.peak = *d.peak
	}
	return s
}

func (t *scene) rowOf(s *stretch, name, link string) historyRow {
	row := historyRow{Name: name, Link: link, Peak: "–", When: "", Mean: "–", Over: t.long(s.over), Unknown: t.long(s.unknown())}
	if s.peak.Known {
		row.Peak, row.When = peakText(t, &s.peak), s.peak.At.In(t.loc).Format(t.clock)
		if s.long() > 25*time.Hour {
			row.When = t.dated(s.peak.At)
		}
	}
	if mean, ok := s.mean(); ok {
		row.Mean = t.Number(mean, 1)
	}
	return row
}

// ribbons are the verdicts of the rules about a zone, or of all that count for the building, as known now or then; and when it was open.
func (s *Server) ribbons(ctx context.Context, sc *scene, page *historyPage, from, until telemetry.Instant, zone string, then bool) ([]openTime, error) {
	if s.opts.Histories == nil {
		return nil, nil
	}
	in, report, err := s.report(ctx, page.Site, &period{from: from.Time(), until: until.Time(), by: compliance.Total, atTheTime: then}, false)
	switch {
	case errors.Is(err, ErrTooMuch):
		page.Note = sc.T("past.too_much")
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("adding up a day: %w", err)
	}
	var open []openTime
	for _, o := range report.Open {
		open = append(open, openTime{o.From, o.Until})
	}
	all := worstFirst(report.Measures, zone)
	page.Compliance = "/site/" + page.Site + "/compliance?" + url.Values{"from": {page.On}, "to": {page.On}}.Encode()
	nameOf := func(m *compliance.Measure) string {
		w := viewOf(m, in, &m.Intervals[0])
		name := sc.ruleName(&w)
		if zone == "" {
			name += ": " + m.SubjectName
		}
		return name
	}
	var kept []string
	for _, m := range all {
		if len(all) > fewRibbons && alwaysKept(m) {
			kept = append(kept, nameOf(m))
			continue
		}
		if len(page.Ribbons) < mostRibbons {
			page.Ribbons = append(page.Ribbons, sc.ribbonOf(report, m, nameOf(m), from, until))
		}
	}
	if len(kept) > 0 {
		page.Kept = sc.T("past.kept", "Names", strings.Join(kept, "; "))
	}
	if more := len(all) - len(kept) - len(page.Ribbons); more > 0 {
		page.More = sc.T("past.more", "Count", more)
	}
	return open, nil
}

// marksOf are what happened in a time: marks for the drawing, and the rows below it.
func (s *Server) marksOf(ctx context.Context, sc *scene, page *historyPage, from, until telemetry.Instant, zone string) ([]mark, error) {
	all, err := s.happened(ctx, sc, zone, from, until)
	if err != nil {
		return nil, err
	}
	if more := len(all) - mostMarks; more > 0 {
		page.MoreMarks = sc.T("past.more_marks", "Count", more)
		all = all[:mostMarks]
	}
	var marks []mark
	for i := range all {
		h := &all[i]
		m := mark{at: h.at, class: h.markClass(), text: h.text(sc)}
		row := markRow{When: h.at.In(sc.loc).Format(sc.clock), Text: h.what, Link: h.link, Class: m.class, Change: h.change(), Unsure: strings.TrimPrefix(h.unsure, " · ")}
		if h.kind == string(telemetry.EntryNote) {
			row.Text = strings.TrimPrefix(h.what+": "+h.why, ": ")
		} else {
			row.Why = h.why
		}
		if h.who != "" {
			row.Who = sc.claims(h.who, h.claimed)
		}
		if h.link != "" {
			m.link = string(s.base) + h.link
		}
		marks, page.Marks = append(marks, m), append(page.Marks, row)
	}
	return marks, nil
}

// pressesOf are the times in [from, until) at which the buttons of a task were pressed, as far as readings are kept; what cannot be read is left
// out: the day is shown all the same.
func (s *Server) pressesOf(ctx context.Context, sc *scene, task string, from, until telemetry.Instant) []telemetry.Instant {
	if s.opts.Readings == nil {
		return nil
	}
	var all []telemetry.Instant
	for i := range sc.view.Devices {
		d := &sc.view.Devices[i]
		if d.Place.Kind != facility.AtTask || d.Place.ID != task {
			continue
		}
		page, err := s.opts.Readings.Readings(ctx, ReadingsQuery{Site: sc.view.Site, Device: d.ID, Quantity: telemetry.Button, From: from, Until: until, Limit: mostMarks})
		if err != nil {
			s.opts.Log.Warn("the presses of a button cannot be read", "site", sc.view.Site, "device", d.ID, "err", err)
			continue
		}
		for _, row := range page.Rows {
			if row.Quantity == telemetry.Button && row.At >= from && row.At < until {
				all = append(all, row.At)
			}
		}
	}
	return all
}
