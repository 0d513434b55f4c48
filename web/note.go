package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// noteBox is what people have written about a part of a site on a day, and where one writes more.
type noteBox struct {
	Site, About string
	ID          string
	Rows        []noteRow
	Form        bool // who looks may write
	Named       bool
	Saved       string
}

type noteRow struct{ When, About, By, Text string }

// mostNotes is how many notes of a day a page lists.
const mostNotes = 50

// notesOf lists a day's notes about a part of a site ("zone:hall", "task:wipe"; empty: all of them). One writes for today only.
func (s *Server) notesOf(r *http.Request, sc *scene, about string, day facility.Date) (*noteBox, error) {
	rows, err := s.notesDuring(r.Context(), sc, about, telemetry.InstantOf(day.In(sc.loc)), telemetry.InstantOf(day.AddDays(1).In(sc.loc)))
	if err != nil {
		return nil, err
	}
	b := &noteBox{Site: sc.view.Site, About: about, ID: newUUID(), Rows: rows, Named: nameOf(r) != ""}
	b.Form = day == facility.DateOf(sc.now.In(sc.loc)) && callerOf(r.Context()).At(accounts.Note, sc.view.Site)
	if r.URL.Query().Get("saved") == string(telemetry.EntryNote) {
		b.Saved = sc.T("note.saved")
	}
	return b, nil
}

func (s *Server) notesDuring(ctx context.Context, sc *scene, about string, from, until telemetry.Instant) ([]noteRow, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	all, err := s.opts.Entries.EntriesDuring(ctx, sc.view.Site, telemetry.EntryNote, from, until, 10*mostNotes)
	if err != nil { // the live state, which needs no journal, is shown all the same
		s.opts.Log.Warn("listing the notes of a day failed", "site", sc.view.Site, "err", err)
		all = nil
	}
	var rows []noteRow
	for i := range all {
		e := all[i].Entry
		if len(rows) < mostNotes && (about == "" || sc.concerns(e.Subject, about)) {
			rows = append(rows, noteRow{When: sc.when(all[i].At), About: sc.partName(e.Subject), By: sc.claims(e.Author, e.Claimed), Text: e.Reason})
		}
	}
	return rows, nil
}

// concerns reports whether a note about one part belongs to another: what is said of a task is said of its zone.
func (t *scene) concerns(subject, about string) bool {
	if subject == about {
		return true
	}
	id, isTask := strings.CutPrefix(subject, "task:")
	zone, isZone := strings.CutPrefix(about, "zone:")
	if !isTask || !isZone {
		return false
	}
	task, ok := taskByID(t.view, id)
	return ok && task.Place.Kind == facility.AtZone && task.Place.ID == zone
}

// partName names what a note is about; of the site as a whole it is empty.
func (t *scene) partName(subject string) string {
	kind, id, _ := strings.Cut(subject, ":")
	if kind == "task" {
		if task, ok := taskByID(t.view, id); ok {
			return task.Name
		}
	}
	if id == "" {
		return ""
	}
	return t.subjectName(id)
}

// noteDeed is a note that somebody writes.
type noteDeed struct {
	site string
	what telemetry.Entry
}

func (d *noteDeed) entry() (string, telemetry.Entry) { return d.site, d.what }

func (d *noteDeed) moment() telemetry.Instant { return 0 }

func (d *noteDeed) signed(c *accounts.Caller) {
	d.what.Claimed = true
	if c != nil && !c.Claimed {
		d.what.Author, d.what.Claimed = c.Name, false
	}
}

func (d *noteDeed) acceptable(s *Server) error {
	v, ok := s.opts.Live.Outline(d.site)
	if !ok {
		return errNoPage
	}
	kind, id, _ := strings.Cut(d.what.Subject, ":")
	switch {
	case d.what.Subject == "":
	case kind == "zone" && slices.ContainsFunc(v.Zones, func(z rules.ZoneView) bool { return z.ID == id }):
	case kind == "task" && slices.ContainsFunc(v.Tasks, func(t rules.TaskView) bool { return t.ID == id }):
	default:
		return errNoPage
	}
	switch {
	case !isUUID(d.what.ID):
		return refused(http.StatusUnprocessableEntity, badID, errors.New("field id of a note"))
	case d.what.Author == "":
		return refused(http.StatusUnprocessableEntity, noAuthor, errors.New("field author of a note"))
	case d.what.Reason == "":
		return refused(http.StatusUnprocessableEntity, noText, errors.New("field text of a note"))
	}
	return nil
}

func (d *noteDeed) made(rec *telemetry.Record) bool {
	was := rec.Entry
	return was != nil && was.Kind == d.what.Kind && was.Subject == d.what.Subject && was.Reason == d.what.Reason && was.Author == d.what.Author
}

// maxNote bounds a note, in runes.
const maxNote = 500

// writeNote takes a note, and shows the page again that it was written on.
func (s *Server) writeNote(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	text := r.PostForm.Get("text")
	if len([]rune(text)) > maxNote {
		return errBadForm
	}
	author := cleanText(r.PostForm.Get("author"), maxName)
	if author == "" {
		author = s.access.author(r)
	}
	d := &noteDeed{site: r.PathValue("site"), what: telemetry.Entry{
		ID: r.PostForm.Get("id"), Kind: telemetry.EntryNote, Subject: r.PostForm.Get("about"), Author: author, Reason: cleanText(text, maxNote),
	}}
	d.what.ID = strings.ToLower(d.what.ID)
	if _, err := s.enter(r.Context(), d); err != nil {
		return err
	}
	to := "/site/" + d.site
	switch kind, id, _ := strings.Cut(d.what.Subject, ":"); kind {
	case "zone":
		to += "/zone/" + id
	case "task":
		to = taskPath(d.site, id)
	}
	http.Redirect(w, r, to+"?saved=note#notes", http.StatusSeeOther)
	return nil
}
