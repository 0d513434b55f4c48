package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// mostEvents is how many events of accounts are looked through for a day, the newest first.
const mostEvents = 5_000

// accountLog is what happened to accounts on a day: who came in, who was refused, what was changed.
type accountLog struct {
	Day, DayText   string
	Zone           string // of the times
	Previous, Next string // addresses of the days around; Next is empty today
	Rows           []accountEvent
	Trouble        string // why there may be more
}

// accountEvent is one of them.
type accountEvent struct {
	When, What    string
	About, By     string
	From, Why     string
	Before, After string
	Refused       bool
}

// accountLogOf is the day that is asked for, or today.
func (s *Server) accountLogOf(r *http.Request, lang *tongue) *accountLog {
	loc := s.commonZone("")
	now := s.opts.Now().In(loc)
	today := facility.DateOf(now)
	day, err := facility.ParseDate(r.URL.Query().Get("day"))
	if err != nil || day.Year < 2000 || today.Before(day) {
		day = today
	}
	to := func(d facility.Date) string { return "/people?day=" + d.String() + "#log" }
	l := &accountLog{
		Day: day.String(), DayText: lang.weekdayOf(day) + " " + lang.Date(day.In(time.UTC)), Zone: now.Format("MST"), Previous: to(day.AddDays(-1)),
	}
	if day.Before(today) {
		l.Next = to(day.AddDays(1))
	}
	ctx, cancel := context.WithTimeout(r.Context(), apiTimeout)
	defer cancel()
	records, err := s.opts.Entries.Entries(ctx, "", telemetry.EntryAccount, mostEvents)
	if err != nil { // who may sign in is shown all the same
		s.opts.Log.Warn("listing what happened to accounts failed", "err", err)
		l.Trouble = lang.T("accountlog.failed")
		return l
	}
	from, until := telemetry.InstantOf(day.In(loc)), telemetry.InstantOf(day.AddDays(1).In(loc))
	for i := range records {
		if at := records[i].At; at >= from && at < until {
			l.Rows = append(l.Rows, lang.accountEvent(&records[i], loc))
		}
	}
	slices.Reverse(l.Rows) // a day is read from its morning on
	if n := len(records); n == mostEvents && records[n-1].At >= from {
		l.Trouble = lang.T("accountlog.more")
	}
	return l
}

// accountEvent puts an entry into words.
func (t *tongue) accountEvent(rec *telemetry.Record, loc *time.Location) accountEvent {
	e := rec.Entry
	row := accountEvent{
		When: rec.At.In(loc).Format(t.clock), What: t.orName("accountlog.", e.Text), About: e.Subject, By: e.Author, From: e.Item, Why: e.Reason,
		Before: e.Before, After: e.After,
	}
	switch e.Text {
	case "account_made", "account_changed", "token_made", "token_ended": // names may be any words
	default:
		row.Before, row.After = t.eventFactors(e.Before), t.eventFactors(e.After)
	}
	switch e.Text {
	case "login_refused", "second_step_refused":
		row.What, row.Refused = t.T("accountlog."+e.Text, "Count", int(max(1, e.Value))), true
	case "recovery_used":
		row.What = t.T("accountlog.recovery_used", "Count", int(e.Value))
	}
	if row.By == row.About {
		row.By = ""
	}
	return row
}
