package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Hours are the long memory of how many people were where.
type Hours interface {
	// Hours lists the hours of a zone (empty: the building) that begin in [from, until), in order. One in which nothing changed is left out: it
	// is as the one before ended. One before the beginning may come first.
	Hours(ctx context.Context, site, zone string, from, until telemetry.Instant) ([]rules.Hour, error)
}

// span is how much of the past one page shows.
type span string

// The spans.
const (
	spanHour  span = "hour"
	spanDay   span = "day"
	spanWeek  span = "week"
	spanMonth span = "month"
	spanYear  span = "year"
)

var spans = []span{spanHour, spanDay, spanWeek, spanMonth, spanYear}

// past is a part of the history of a zone.
type past struct {
	span
	first facility.Date // its first day, of the site's calendar
	hour  int           // of an hour
}

// pastOf reads a part of history from the parameters of an address: any day of a week, month or year stands for it.
func pastOf(q url.Values, today facility.Date) (p past, err error) {
	p = past{span: spanDay, first: today}
	if by := q.Get("by"); by != "" {
		p.span = ""
		for _, s := range spans {
			if string(s) == by {
				p.span = s
			}
		}
		if p.span == "" {
			return p, misasked("by", by, "span")
		}
	}
	if on := q.Get("on"); on != "" {
		if p.first, err = facility.ParseDate(on); err != nil || p.first.Year < 2000 || today.Before(p.first) {
			return p, misasked("on", on, "day")
		}
	}
	if p.span == spanHour {
		at, err := time.Parse("15", q.Get("hour"))
		if err != nil {
			return p, misasked("hour", q.Get("hour"), "hour")
		}
		p.hour = at.Hour()
	}
	p.first = p.start()
	return p, nil
}

// start is the first day of the span in which a day lies. Weeks begin on Monday.
func (p past) start() facility.Date {
	d := p.first
	switch p.span {
	case spanWeek:
		return d.AddDays(-(int(d.In(time.UTC).Weekday()) + 6) % 7)
	case spanMonth:
		return facility.Date{Year: d.Year, Month: d.Month, Day: 1}
	case spanYear:
		return facility.Date{Year: d.Year, Month: time.January, Day: 1}
	}
	return d
}

// behind is the first day behind the span.
func (p past) behind() facility.Date {
	switch p.span {
	case spanWeek:
		return p.first.AddDays(7)
	case spanMonth:
		return facility.DateOf(p.first.In(time.UTC).AddDate(0, 1, 0))
	case spanYear:
		return facility.Date{Year: p.first.Year + 1, Month: time.January, Day: 1}
	}
	return p.first.AddDays(1)
}

// move is the span before (-1) or behind (1).
func (p past) move(by int) past {
	switch {
	case p.span == spanHour:
		at := p.first.In(time.UTC).Add(time.Duration(p.hour+by) * time.Hour)
		return past{p.span, facility.DateOf(at), at.Hour()}
	case by > 0:
		p.first = p.behind()
	default:
		p.first = p.first.AddDays(-1)
		p.first = p.start()
	}
	return p
}

// times are when it begins and ends.
func (p past) times(loc *time.Location) (from, until telemetry.Instant) {
	if p.span == spanHour {
		d := p.first.In(loc)
		at := telemetry.InstantOf(time.Date(d.Year(), d.Month(), d.Day(), p.hour, 0, 0, 0, loc))
		return at, at.Add(time.Hour)
	}
	return telemetry.InstantOf(p.first.In(loc)), telemetry.InstantOf(p.behind().In(loc))
}

// query is its address.
func (p past) query(more url.Values) string {
	q := url.Values{"by": {string(p.span)}, "on": {p.first.String()}}
	if p.span == spanHour {
		q.Set("hour", fmt.Sprintf("%02d", p.hour))
	}
	maps.Copy(q, more)
	return "?" + q.Encode()
}

// stretch is what was known of the people in a zone in a part of the past.
type stretch struct {
	from, until telemetry.Instant
	known       time.Duration
	area        float64 // people × seconds
	over, near  time.Duration
	peak        rules.Sample // Known false: nobody ever knew
	limit       float64      // the last one
	limited     bool
	passed      time.Duration // of what belongs to it; in a zone of time that is half an hour off, that begins half an hour after it
}

// long is how much of it has passed.
func (s *stretch) long() time.Duration { return s.passed }

// unknown is for how long of it nobody knew. A day that is half an hour short or long has an hour of UTC less or more than it would have.
func (s *stretch) unknown() time.Duration { return max(0, s.long()-s.known) }

func (s *stretch) mean() (float64, bool) {
	if s.known <= 0 {
		return 0, false
	}
	return s.area / s.known.Seconds(), true
}

func (s *stretch) add(h *rules.Hour) {
	s.known += h.Known
	s.area += h.Area
	s.over += h.Over
	s.near += h.Near
	if h.Peak.Known && (!s.peak.Known || h.Peak.Persons > s.peak.Persons) {
		s.peak = h.Peak
	}
	if h.Last.At != 0 {
		s.limit, s.limited = h.Last.Limit, h.Last.HasLimit
	}
}

// stretchesOf adds hours up to parts that lie between cuts, in order. An hour of UTC that a cut goes through, as in zones of time that are half an hour
// off, belongs to the part in which it begins.
func stretchesOf(hours []rules.Hour, cuts []telemetry.Instant, now telemetry.Instant) []stretch {
	var all []stretch
	i := 0
	var last *rules.Hour
	for c := 0; c+1 < len(cuts); c++ {
		s := stretch{from: cuts[c], until: max(cuts[c], min(cuts[c+1], now))}
		s.passed = max(0, min(ceilHour(cuts[c+1]), now).Sub(ceilHour(cuts[c])))
		for at := ceilHour(cuts[c]); at < min(ceilHour(cuts[c+1]), now); at = at.Add(time.Hour) {
			for i < len(hours) && hours[i].At < at {
				last = &hours[i]
				i++
			}
			switch {
			case i < len(hours) && hours[i].At == at:
				s.add(&hours[i])
			case last != nil:
				quiet := last.Quiet(at, min(time.Hour, now.Sub(at)))
				s.add(&quiet)
			}
		}
		all = append(all, s)
	}
	return all
}

// ceilHour is the first whole hour of UTC that is not before a moment.
func ceilHour(t telemetry.Instant) telemetry.Instant { return rules.HourOf(t.Add(time.Hour - 1)) }

// hoursOf are the hours of a part of the past and what they add up to, cut by days or by hours of the site's clocks.
func (s *Server) hoursOf(ctx context.Context, site, zone string, from, until telemetry.Instant, cuts []telemetry.Instant) ([]stretch, error) {
	if s.opts.Hours == nil {
		return nil, errNoPage
	}
	now := telemetry.InstantOf(s.opts.Now())
	hours, err := s.opts.Hours.Hours(ctx, site, zone, rules.HourOf(from), min(until, now))
	if err != nil {
		return nil, fmt.Errorf("reading the hours of a zone: %w", err)
	}
	return stretchesOf(hours, cuts, now), nil
}

// dayCuts are where the days of [first, behind) begin, and where the last one ends.
func dayCuts(first, behind facility.Date, loc *time.Location) []telemetry.Instant {
	var cuts []telemetry.Instant
	for d := first; d.Before(behind); d = d.AddDays(1) {
		cuts = append(cuts, telemetry.InstantOf(d.In(loc)))
	}
	return append(cuts, telemetry.InstantOf(behind.In(loc)))
}

// hourCuts are the hours of [from, until).
func hourCuts(from, until telemetry.Instant) []telemetry.Instant {
	var cuts []telemetry.Instant
	for at := from; at < until; at = at.Add(time.Hour) {
		cuts = append(cuts, at)
	}
	return append(cuts, until)
}

// whole adds parts up.
func whole(all []stretch) stretch {
	var sum stretch
	for i := range all {
		s := &all[i]
		if i == 0 {
			sum.from, sum.until = s.from, s.from
		}
		if s.long() > 0 { // a part that is still to come begins and ends where it will begin
			sum.until = s.until
		}
		sum.passed += s.passed
		sum.known += s.known
		sum.area += s.area
		sum.over += s.over
		sum.near += s.near
		if s.peak.Known && (!sum.peak.Known || s.peak.Persons > sum.peak.Persons) {
			sum.peak = s.peak
		}
		if s.long() > 0 {
			sum.limit, sum.limited = s.limit, s.limited
		}
	}
	return sum
}

var errNoZone = errors.New("no such zone")
