package web

import (
	"context"
	"fmt"
	"html"
	"html/template"
	"strconv"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

type heatRow struct {
	Name, Link string
	Cells      []heatCell
}

// heatCell is a day or an hour: how full it was.
type heatCell struct{ Class, Text, Title, Link, Day string }

// historyOfWeek is seven days by hours.
func (s *Server) historyOfWeek(ctx context.Context, sc *scene, page *historyPage, p past, zone string) error {
	from, until := p.times(sc.loc)
	days := dayCuts(p.first, p.behind(), sc.loc)
	var cuts []telemetry.Instant
	for i := 0; i+1 < len(days); i++ {
		hours := hourCuts(days[i], days[i+1])
		cuts = append(cuts, hours[:len(hours)-1]...)
	}
	cuts = append(cuts, until)
	parts, err := s.hoursOf(ctx, page.Site, zone, from, until, cuts)
	if err != nil {
		return err
	}
	sum := whole(parts)
	page.Figures = sc.figuresOf(&sum)
	most := mostOf(parts)
	for h := range 24 {
		page.Hours = append(page.Hours, fmt.Sprintf("%02d", h))
	}
	base := page.Back + "/history"
	i := 0
	for d := p.first; d.Before(p.behind()); d = d.AddDays(1) {
		next := telemetry.InstantOf(d.AddDays(1).In(sc.loc))
		first := i
		row := heatRow{Name: sc.weekdayOf(d) + " " + strconv.Itoa(d.Day)}
		if i < len(parts) && parts[i].long() > 0 {
			row.Link = base + past{span: spanDay, first: d}.query(nil)
		}
		for i < len(parts) && parts[i].from < next {
			row.Cells = append(row.Cells, sc.cellOf(&parts[i], most, parts[i].from.In(sc.loc).Format(sc.clock), "", ""))
			i++
		}
		page.Week = append(page.Week, row)
		if one := whole(parts[first:i]); one.long() > 0 {
			page.Rows = append(page.Rows, sc.rowOf(&one, row.Name, row.Link))
		}
	}
	return nil
}

// cellOf is one square of a heat map: its shade, its number, and both in words.
func (t *scene) cellOf(s *stretch, most float64, name, link, text string) heatCell {
	c := heatCell{Class: shadeOf(s, most), Link: link, Day: text, Title: name}
	switch {
	case c.Class == "none":
	case !s.peak.Known:
		c.Title += ": " + t.T("past.unknown")
	default:
		c.Text = t.Number(s.peak.Persons, 0)
		c.Title += ": " + t.T("past.cell", "Peak", peakText(t, &s.peak), "When", s.peak.At.In(t.loc).Format(t.clock))
		if partly(s) {
			c.Class += " partly"
			c.Title += ", " + t.T("past.cell_unknown", "Long", t.long(s.unknown()))
		}
	}
	return c
}

// historyOfDays is a month or a year by days.
func (s *Server) historyOfDays(ctx context.Context, sc *scene, page *historyPage, p past, zone string) error {
	from, until := p.times(sc.loc)
	parts, err := s.hoursOf(ctx, page.Site, zone, from, until, dayCuts(p.first, p.behind(), sc.loc))
	if err != nil {
		return err
	}
	sum := whole(parts)
	page.Figures = sc.figuresOf(&sum)
	base, most := page.Back+"/history", mostOf(parts)
	dayLink := func(d facility.Date) string { return base + past{span: spanDay, first: d}.query(nil) }
	if p.span == spanMonth {
		lead := (int(p.first.Weekday()) + 6) % 7
		row := heatRow{Cells: make([]heatCell, lead)}
		for i := range parts {
			d := p.first.AddDays(i)
			link := ""
			if parts[i].long() > 0 {
				link = dayLink(d)
				page.Rows = append(page.Rows, sc.rowOf(&parts[i], sc.weekdayOf(d)+" "+strconv.Itoa(d.Day), link))
			}
			row.Cells = append(row.Cells, sc.cellOf(&parts[i], most, sc.weekdayOf(d)+" "+sc.Date(d.In(time.UTC)), link, strconv.Itoa(d.Day)))
			if len(row.Cells) == 7 {
				page.Month = append(page.Month, row)
				row = heatRow{}
			}
		}
		if len(row.Cells) > 0 {
			row.Cells = append(row.Cells, make([]heatCell, 7-len(row.Cells))...)
			page.Month = append(page.Month, row)
		}
		return nil
	}
	page.Year = sc.yearDrawing(string(s.base), parts, p.first, most, dayLink, page.Name+", "+page.Period)
	for m := time.January; m <= time.December; m++ {
		month := past{span: spanMonth, first: facility.Date{Year: p.first.Year, Month: m, Day: 1}}
		a, b := dayIndex(p.first, month.first), dayIndex(p.first, month.behind())
		if one := whole(parts[a:b]); one.long() > 0 {
			page.Rows = append(page.Rows, sc.rowOf(&one, sc.months[m-1], base+month.query(nil)))
		}
	}
	return nil
}

func dayIndex(first, d facility.Date) int {
	return int(d.In(time.UTC).Sub(first.In(time.UTC)) / (24 * time.Hour))
}

// yearDrawing is the calendar of a year: a column a week, a square a day.
func (t *scene) yearDrawing(base string, parts []stretch, first facility.Date, most float64, link func(facility.Date) string, label string) template.HTML {
	const cell, gap, left, top = 15.0, 3.0, 34.0, 18.0
	var g drawing
	g.out(`<svg class="year" viewBox="0 0 %s %s" role="group" aria-label="%s">`, num(left+54*(cell+gap)), num(top+7*(cell+gap)), html.EscapeString(label))
	g.out(`<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="5"/></pattern></defs>`)
	for i, name := range weekdaysOf(t.tongue) {
		if i%2 == 0 {
			g.out(`<text class="axis" x="0" y="%s">%s</text>`, num(top+float64(i)*(cell+gap)+11), html.EscapeString(name))
		}
	}
	lead := (int(first.Weekday()) + 6) % 7
	for i := range parts {
		d := first.AddDays(i)
		x, y := left+float64((i+lead)/7)*(cell+gap), top+float64((i+lead)%7)*(cell+gap)
		if d.Day == 1 {
			g.out(`<text class="axis" x="%s" y="12">%s</text>`, num(x), html.EscapeString(t.months[d.Month-1]))
		}
		c := t.cellOf(&parts[i], most, t.weekdayOf(d)+" "+t.Date(d.In(time.UTC)), "", "")
		rect := fmt.Sprintf(`<rect class="%s" x="%s" y="%s" width="%s" height="%s" rx="2"`, c.Class, num(x), num(y), num(cell), num(cell))
		if c.Class == "unknown" {
			rect += ` fill="url(#hatch)"`
		}
		rect += fmt.Sprintf(`><title>%s</title></rect>`, html.EscapeString(c.Title))
		if parts[i].long() > 0 {
			rect = fmt.Sprintf(`<a href="%s" aria-label="%s">%s</a>`, html.EscapeString(base+link(d)), html.EscapeString(c.Title), rect)
		}
		g.WriteString(rect)
	}
	g.WriteString(`</svg>`)
	return g.html()
}
