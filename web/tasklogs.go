package web

import (
	"context"
	"net/http"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// taskLogRow is one time that people say a task was done.
type taskLogRow struct {
	When, What, By string
	Marks          []string // what to know of it: manual, unsure
	Remark         string
	Photo          string // hash of a photo of the paper form, for who may see it; empty: there is none
}

// mostLogs is how many logs a page lists.
const mostLogs = 30

// logsOf lists what people logged of a task lately.
func (s *Server) logsOf(r *http.Request, sc *scene, task string) ([]taskLogRow, error) {
	ctx, cancel := context.WithTimeout(r.Context(), apiTimeout)
	defer cancel()
	now := telemetry.InstantOf(s.opts.Now())
	all, err := s.opts.Entries.EntriesDuring(ctx, sc.view.Site, telemetry.EntryTask, now.Add(-7*24*time.Hour), now.Add(time.Hour), 40*mostLogs)
	if err != nil {
		return nil, err
	}
	var rows []taskLogRow
	for i := range all {
		if all[i].Entry.Subject == task && len(rows) < mostLogs {
			rows = append(rows, sc.logRow(&all[i]))
		}
	}
	return rows, nil
}

func (t *scene) logRow(rec *telemetry.Record) taskLogRow {
	e := rec.Entry
	row := taskLogRow{When: t.when(rec.At), What: e.Item, By: t.claims(e.Author, e.Claimed && e.Paper == ""), Remark: e.Reason}
	if e.Text != "" {
		if row.What != "" {
			row.What += " · "
		}
		row.What += e.Text
	}
	if e.Earliest != 0 {
		row.When = t.T("do.between", "From", t.when(e.Earliest), "To", t.when(rec.At))
		row.Marks = append(row.Marks, t.T("mark.unsure"))
	}
	if t.may[string(accounts.Review)] {
		row.Photo = e.Photo
	}
	if e.Paper != "" {
		row.Marks = append(row.Marks, t.T("mark.manual", "By", e.Typist, "Day", t.day(e.Paper)))
	} else if e.Phone.Done != 0 && rec.Received.Sub(rec.At) > 2*time.Minute {
		row.Marks = append(row.Marks, t.T("mark.later", "When", t.when(rec.Received)))
	}
	return row
}

// day is a date as people write it; one that is none stays as it is.
func (t *scene) day(date string) string {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Date(d)
}
