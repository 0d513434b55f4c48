package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// The problems of taking something back: keys of sentences, "entry." before them.
const (
	undoNothing = "undo_nothing"
	undoTwice   = "undo_twice"
	undoPassed  = "undo_passed"
)

// interval is a number of people in the record, in no language: "52 (47–57)", or "52" where it is exact.
func interval(persons, low, high float64) string {
	number := func(v float64) string { return strconv.FormatFloat(math.Round(max(0, v)), 'f', -1, 64) }
	if high <= low {
		return number(persons)
	}
	return number(persons) + " (" + number(low) + "–" + number(high) + ")"
}

// readInterval reads what interval wrote.
func readInterval(text string) (persons, low, high float64, ok bool) {
	if n, err := fmt.Sscanf(text, "%g (%g–%g)", &persons, &low, &high); err == nil && n == 3 {
		return persons, low, high, low <= persons && persons <= high
	}
	persons, err := strconv.ParseFloat(text, 64)
	return persons, persons, persons, err == nil && persons >= 0
}

// changes are what an entry makes of the people that are inside now, before and after; empty: nobody knows how many there are.
func (e *entered) changes(people *rules.Estimate) (before, after string) {
	if people.Known {
		before = interval(people.Persons, people.Low, people.High)
	}
	switch {
	case e.kind == telemetry.EntryCount:
		after = interval(e.value, e.value, e.value)
	case e.kind == telemetry.EntryCorrection && people.Known:
		low, high := people.Low+e.value, people.High+e.value
		if wide := e.off * deviations; wide > 0 { // it is as unsure again as it was
			half := math.Hypot((high-low)/2, wide)
			low, high = people.Persons+e.value-half, people.Persons+e.value+half
		}
		after = interval(people.Persons+e.value, low, high)
	}
	return before, after
}

// deviations are half the width of an interval at 90 % confidence, in deviations.
const deviations = 1.645

// takesBack is what a correction adds to take an entry back, and how unsure the number is again, as a deviation; false: it cannot be,
// because it is no count and no correction, or nobody knew what there was before.
func takesBack(rec *telemetry.Record) (change, off float64, ok bool) {
	switch e := rec.Entry; e.Kind {
	case telemetry.EntryCorrection:
		return -e.Value, 0, true
	case telemetry.EntryCount:
		persons, low, high, ok := readInterval(e.Before)
		// Of a number that was right nothing is to be taken back.
		return persons - e.Value, (high - low) / 2 / deviations, ok && persons != e.Value
	}
	return 0, 0, false
}

// canTakeBack says why an entry cannot be taken back now; nil: it can.
func (s *Server) canTakeBack(e *entered, people *rules.Estimate) error {
	ctx, cancel := context.WithTimeout(context.Background(), entryPatience)
	defer cancel()
	zone := e.zone
	if zone == wholeSite {
		zone = ""
	}
	records, err := s.opts.Entries.Counts(ctx, e.site, zone, undoable)
	if err != nil {
		return fmt.Errorf("looking for what was entered: %w", err)
	}
	for i := range records {
		switch is := records[i].Entry; {
		case is.Ends == e.ends:
			return refused(http.StatusConflict, undoTwice, errors.New("an entry is taken back twice"))
		case is.ID == e.ends:
			if people.Known && people.Anchor > records[i].At {
				return refused(http.StatusConflict, undoPassed, errors.New("people were counted since"))
			}
			return nil
		}
	}
	return refused(http.StatusConflict, undoNothing, errors.New("no such entry, or a long time ago"))
}

// undoable is how many of the newest entries of a zone can be taken back.
const undoable = 200

// undoOf is what takes the entry ends of a zone back.
func (s *Server) undoOf(ctx context.Context, e *entered) error {
	e.ends = strings.ToLower(e.ends)
	rec, ok, err := s.opts.Entries.Entered(ctx, e.site, e.ends)
	if err != nil {
		return fmt.Errorf("looking for an entry: %w", err)
	}
	zone := e.zone
	if zone == wholeSite {
		zone = ""
	}
	if !ok || rec.Entry == nil || rec.Entry.Subject != zone {
		return refused(http.StatusConflict, undoNothing, errors.New("no such entry"))
	}
	if e.value, e.off, ok = takesBack(&rec); !ok {
		return refused(http.StatusConflict, undoNothing, errors.New("it is not known what there was before"))
	}
	e.value = math.Round(e.value)
	return nil
}

// undo takes a count or a correction back: first it shows what that would make of the number, then it is confirmed.
func (s *Server) undo(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	e := entered{
		kind: telemetry.EntryCorrection, site: r.PathValue("site"), zone: r.PathValue("zone"), id: r.PostForm.Get("id"), ends: r.PostForm.Get("ends"),
		author: cmp.Or(cleanText(r.PostForm.Get("author"), maxName), s.access.author(r)), reason: cleanText(r.PostForm.Get("reason"), maxReason),
	}
	if err := s.undoOf(r.Context(), &e); err != nil {
		return err
	}
	if r.PostForm.Get("step") == "look" {
		return s.lookAtCorrection(w, r, &e)
	}
	if _, err := s.enter(r.Context(), &e); err != nil {
		return err
	}
	http.Redirect(w, r, zonePath(&e)+"?saved=undone#count", http.StatusSeeOther)
	return nil
}

// zonePath is the page that shows what an entry changes.
func zonePath(e *entered) string {
	if e.zone == wholeSite {
		return "/site/" + e.site
	}
	return "/site/" + e.site + "/zone/" + e.zone
}

// correctionPage is what a correction, or taking something back, would make of the number, before it is confirmed.
type correctionPage struct {
	frame
	Site, SiteName, Name, Back string
	Undo                       bool
	Before, After, Change      string // Before and After are empty where nobody knows how many are inside
	By, Why                    string
	Action, ID, Value, Ends    string // of the form that confirms
	Author                     string // as it was typed; empty: the person signed in
}

// lookAtCorrection shows what an entry would change. It changes nothing.
func (s *Server) lookAtCorrection(w http.ResponseWriter, r *http.Request, e *entered) error {
	e.signed(callerOf(r.Context()))
	if err := e.acceptable(s); err != nil {
		return err
	}
	v, ok := s.opts.Live.Outline(e.site)
	if !ok {
		return errNoPage
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	name := v.Name
	if z, ok := zoneByID(v, e.zone); ok {
		name = z.Name
	}
	title := lang.T("entries.correct")
	p := correctionPage{Site: v.Site, SiteName: v.Name, Name: name, Back: zonePath(e), Undo: e.ends != "", Change: signed(sc, e.value), By: lang.claims(e.author, !e.proven), Why: e.reason, ID: e.id, Ends: e.ends, Author: e.author}
	p.Before, p.After, p.Action, p.Value = e.before, e.after, "/site/"+e.site+"/zone/"+e.zone+"/correction", strconv.FormatFloat(e.value, 'f', -1, 64)
	if p.Undo {
		title, p.Action = lang.T("entries.undo_title"), "/site/"+e.site+"/zone/"+e.zone+"/undo"
	}
	p.frame = s.frame(r, lang, title+": "+name)
	p.Typing = true
	for i := range p.Languages { // this page cannot be asked for again: nothing is entered yet
		p.Languages[i].URL = p.Back + "?lang=" + p.Languages[i].Tag
	}
	return s.render(w, http.StatusOK, lang, "correction", p)
}
