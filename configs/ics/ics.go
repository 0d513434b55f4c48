// Package ics reads calendars as RFC 5545 writes them (.ics), as far as holidays, closings and maintenance need: events of whole days or
// of a time, that come once or again, with days on which they do not. What it does not know it refuses with its line, because a closing that
// is read wrongly is worse than one that is not read. It does no I/O.
//
// It is written here because a library keeps neither the lines of mistakes nor, in a journal that is judged again years later, the meaning of a
// repetition: events become facility.Event, whose meaning belongs to the engine.
package ics

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/facility"
)

// The bounds of a file: a calendar of a country for a hundred years is far smaller.
const (
	MaxSize   = 1 << 20
	MaxEvents = 2000
	maxName   = 200 // runes of an event's name that are kept
	// mostSteps bounds how many days are looked through for the last of a counted repetition: 60 years.
	mostSteps = 60 * 366
)

// Problem is one thing that is wrong, at a line (from 1).
type Problem struct {
	Line int
	Text string
}

func (p Problem) Error() string { return fmt.Sprintf("line %d: %s", p.Line, p.Text) }

// Read gives the events of a file, in order of their first day, and what is wrong with it. Where anything is wrong, the events are not to be
// used. Events that are cancelled are left out.
func Read(data []byte) ([]facility.Event, []Problem) {
	r := &reader{}
	if len(data) > MaxSize {
		r.wrong(1, "%d bytes, want at most %d", len(data), MaxSize)
		return nil, r.problems
	}
	if !utf8.Valid(data) {
		r.wrong(1, "not UTF-8, want a calendar as RFC 5545 says")
		return nil, r.problems
	}
	r.lines(data)
	r.calendar()
	return r.finish(), r.problems
}

// line is a content line: NAME;PARAM=VALUE:VALUE, unfolded.
type line struct {
	at     int
	name   string
	params map[string]string
	value  string
}

type reader struct {
	all      []line
	problems []Problem
	masters  []*event
	moved    []*event // that stand for one occurrence of another
}

// event is a VEVENT while it is read.
type event struct {
	at        int
	uid       string
	cancelled bool
	start     *line
	end       *line
	lasts     *line
	rule      *line
	except    []line
	instead   *line // RECURRENCE-ID: of which occurrence it takes the place
	facility.Event
}

func (r *reader) wrong(at int, format string, args ...any) {
	if len(r.problems) < 100 {
		r.problems = append(r.problems, Problem{at, fmt.Sprintf(format, args...)})
	}
}

// lines unfolds the file: a line that begins with a space or tab goes on with the one before.
func (r *reader) lines(data []byte) {
	var text strings.Builder
	at := 0
	end := func() {
		if s := text.String(); s != "" {
			r.content(at, s)
		}
		text.Reset()
	}
	for n, raw := range bytes.Split(data, []byte("\n")) {
		s := strings.TrimSuffix(string(raw), "\r")
		if n == 0 {
			s = strings.TrimPrefix(s, "\ufeff")
		}
		if s != "" && (s[0] == ' ' || s[0] == '\t') && at > 0 {
			text.WriteString(s[1:])
			continue
		}
		end()
		at = n + 1
		text.WriteString(s)
	}
	end()
}

// content takes a content line apart. Quoted values of parameters may hold any sign but a quote.
func (r *reader) content(at int, s string) {
	l := line{at: at, params: map[string]string{}}
	quoted, from := false, 0
	var parts []string
	i := 0
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ';':
			parts = append(parts, s[from:i])
			from = i + 1
		case c == ':':
			parts = append(parts, s[from:i])
			l.value = s[i+1:]
			i = len(s)
		}
	}
	if i == len(s) || len(parts) == 0 { // without a colon the loop ends at the end, not behind it
		r.wrong(at, "%.40q is no line of a calendar, want NAME:VALUE", s)
		return
	}
	l.name = strings.ToUpper(parts[0])
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(p, "=")
		l.params[strings.ToUpper(name)] = strings.Trim(value, `"`)
	}
	r.all = append(r.all, l)
}

// calendar walks through the components.
func (r *reader) calendar() {
	if len(r.problems) > 0 {
		return
	}
	if len(r.all) == 0 || r.all[0].name != "BEGIN" || !strings.EqualFold(r.all[0].value, "VCALENDAR") {
		r.wrong(1, "does not begin with BEGIN:VCALENDAR, want a calendar as RFC 5545 says")
		return
	}
	var open []string
	var now *event
	for i := range r.all {
		l := &r.all[i]
		switch l.name {
		case "BEGIN":
			open = append(open, strings.ToUpper(l.value))
			if len(open) == 2 && open[1] == "VEVENT" {
				now = &event{at: l.at}
			}
			continue
		case "END":
			if len(open) == 0 || open[len(open)-1] != strings.ToUpper(l.value) {
				r.wrong(l.at, "END:%.40s ends nothing that is open", l.value)
				return
			}
			if open = open[:len(open)-1]; len(open) == 1 && now != nil {
				r.take(now)
				now = nil
			}
			continue
		}
		if now != nil && len(open) == 2 {
			now.property(r, l)
		}
	}
	if len(open) > 0 {
		r.wrong(r.all[len(r.all)-1].at, "%s does not end", open[len(open)-1])
	}
}

// property notes one property of an event.
func (e *event) property(r *reader, l *line) {
	switch l.name {
	case "UID":
		e.uid = l.value
	case "SUMMARY":
		e.Name = text(l.value)
	case "STATUS":
		e.cancelled = strings.EqualFold(l.value, "CANCELLED")
	case "DTSTART":
		e.start = l
	case "DTEND":
		e.end = l
	case "DURATION":
		e.lasts = l
	case "RRULE":
		if e.rule != nil {
			r.wrong(l.at, "RRULE is given twice, want one")
		}
		e.rule = l
	case "EXDATE":
		e.except = append(e.except, *l)
	case "RECURRENCE-ID":
		e.instead = l
	case "RDATE", "EXRULE":
		r.wrong(l.at, "%s is not supported, want RRULE and EXDATE, or an event for each day", l.name)
	}
}

// text undoes the escapes of a text and bounds it.
func text(s string) string {
	s = strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(s)
	s = strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c >= 0x200b && c <= 0x200f || c >= 0x202a && c <= 0x202e || c >= 0x2060 && c <= 0x2069 {
			return -1
		}
		return c
	}, s))
	if runes := []rune(s); len(runes) > maxName {
		s = string(runes[:maxName])
	}
	return s
}

// take makes an event of what was read of it.
func (r *reader) take(e *event) {
	if len(r.masters)+len(r.moved) >= MaxEvents {
		r.wrong(e.at, "more than %d events", MaxEvents)
		return
	}
	if e.start == nil {
		r.wrong(e.at, "an event without DTSTART")
		return
	}
	from, whole, ok := r.moment(e.start)
	if !ok {
		return
	}
	e.From, e.At, e.Location = from.day, from.clock, from.location
	if !e.span(r, from, whole) || e.rule != nil && !e.repeat(r, from) {
		return
	}
	for i := range e.except {
		for value := range strings.SplitSeq(e.except[i].value, ",") {
			l := e.except[i]
			l.value = value
			m, _, ok := r.moment(&l)
			if !ok {
				return
			}
			e.Except = append(e.Except, m.in(e.Location).day)
		}
	}
	if e.instead == nil {
		r.masters = append(r.masters, e)
		return
	}
	r.moved = append(r.moved, e)
}

// span finds how long the event lasts.
func (e *event) span(r *reader, from moment, whole bool) bool {
	switch {
	case e.end != nil:
		until, wholeEnd, ok := r.moment(e.end)
		if !ok {
			return false
		}
		if wholeEnd != whole {
			r.wrong(e.end.at, "DTEND is a day where DTSTART is a time, or the other way round")
			return false
		}
		if whole {
			e.Days = int(until.utc().Sub(from.utc()) / (24 * time.Hour))
		} else {
			e.Lasts = until.time().Sub(from.time())
		}
	case e.lasts != nil:
		d, ok := duration(e.lasts.value)
		if !ok {
			r.wrong(e.lasts.at, "DURATION %.40q, want such as P1D or PT2H", e.lasts.value)
			return false
		}
		if e.Lasts = d; whole {
			e.Days, e.Lasts = int(d/(24*time.Hour)), 0
		}
	case whole:
		e.Days = 1
	default:
		r.wrong(e.at, "an event that begins at a time and has no end, want DTEND or DURATION")
		return false
	}
	if whole && (e.Days < 1 || e.Days > facility.MostEventDays) {
		r.wrong(e.at, "the event lasts %d days, want 1 to %d", e.Days, facility.MostEventDays)
		return false
	}
	if !whole && (e.Lasts <= 0 || e.Lasts > facility.MostEventTime) {
		r.wrong(e.at, "the event lasts %v, want more than nothing and at most 31 days", e.Lasts)
		return false
	}
	return true
}

// finish puts the occurrences that were moved in their places, and sorts.
func (r *reader) finish() []facility.Event {
	var all []facility.Event
	for _, m := range r.moved {
		of, _, ok := r.moment(m.instead)
		if !ok {
			return nil
		}
		for _, e := range r.masters {
			if e.uid == m.uid {
				e.Except = append(e.Except, of.in(e.Location).day)
			}
		}
	}
	for _, e := range append(r.masters, r.moved...) {
		if e.cancelled {
			continue
		}
		slices.SortFunc(e.Except, compareDates)
		e.Except = slices.Compact(e.Except)
		all = append(all, e.Event)
	}
	slices.SortStableFunc(all, func(a, b facility.Event) int { return compareDates(a.From, b.From) })
	return all
}

func compareDates(a, b facility.Date) int {
	return cmp.Or(cmp.Compare(a.Year, b.Year), cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day))
}
