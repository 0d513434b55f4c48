package web

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// maxTaps is the most numbers that are offered as buttons: one tap for each number of people that is likely.
const maxTaps = 13

// countForm is where a person says how many are inside. It works without scripts.
type countForm struct {
	Building   bool   // it is about the whole building
	Asked      bool   // a count would pay now
	ID         string // of the entry that the next button makes
	Count      string // where the forms are sent
	Correction string
	Taps       []string // the likely numbers
	Name       string   // of the person, from signing in; empty: the form asks
}

// countFormOf is the form for a zone, or for the building (wholeSite); nil: nothing counts people there.
func countFormOf(sc *scene, zone string, people rules.Estimate, asked bool, name string) *countForm {
	if uncounted(people) {
		return nil
	}
	base := "/site/" + sc.view.Site + "/zone/" + zone
	f := &countForm{Building: zone == wholeSite, Asked: asked, ID: newUUID(), Count: base + "/count", Correction: base + "/correction", Name: name}
	if people.Known && people.High-people.Low < maxTaps {
		for n := people.Low; n <= people.High; n++ {
			f.Taps = append(f.Taps, strconv.FormatFloat(n, 'f', 0, 64))
		}
	}
	return f
}

// saved says what was just entered; empty: nothing.
func saved(t *tongue, r *http.Request) string {
	kind := r.URL.Query().Get("saved")
	switch telemetry.EntryKind(kind) {
	case telemetry.EntryCount, telemetry.EntryCorrection, telemetry.EntryCalibration, telemetry.EntryAccuracy, telemetry.EntryDrift, telemetry.EntryDirection, "undone":
		return t.T("entries.saved_" + kind)
	}
	return ""
}

// entryRow is what somebody entered.
type entryRow struct {
	Kind, Value, When, By, Reason string
	Change                        string // what it changed into what; empty: not known
	Claimed                       bool
	Gone                          bool   // it was taken back since
	ID, Undo, Form                string // of the entry; where it is taken back, empty: it is not; of the entry that does
}

// shownEntries is how many the page lists.
const shownEntries = 8

func entryRows(sc *scene, records []telemetry.Record) []entryRow {
	rows := make([]entryRow, 0, len(records))
	for i := range records {
		e := records[i].Entry
		row := entryRow{
			Kind: sc.T("entries." + string(e.Kind)), Value: sc.Number(e.Value, 0), When: sc.when(records[i].At), By: sc.who(e.Author),
			Reason: e.Reason, Claimed: e.Claimed,
		}
		if e.Kind == telemetry.EntryCorrection {
			row.Value = signed(sc, e.Value)
		}
		if e.Ends != "" {
			row.Kind = sc.T("entries.undone")
		}
		if e.Before != "" && e.After != "" {
			row.Change = e.Before + " → " + e.After
		}
		row.ID, row.Gone = e.ID, slices.ContainsFunc(records, func(r telemetry.Record) bool { return r.Entry.Ends == e.ID })
		if _, _, ok := takesBack(&records[i]); ok && !row.Gone && !slices.ContainsFunc(records, func(r telemetry.Record) bool { return r.Entry.Kind == telemetry.EntryCount && r.At > records[i].At }) {
			row.Undo, row.Form = "/site/"+sc.view.Site+"/zone/"+cmp.Or(e.Subject, wholeSite)+"/undo", newUUID()
		}
		rows = append(rows, row)
	}
	return rows
}

// enterByForm takes a count or a correction of a zone's page and shows the page again, with what it changed.
func (s *Server) enterByForm(kind telemetry.EntryKind) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := r.ParseForm(); err != nil {
			return badForm(err)
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(r.PostForm.Get("value")), 64)
		if err != nil {
			value = math.NaN() // which is no number of people
		}
		author := cleanText(r.PostForm.Get("author"), maxName)
		if author == "" {
			author = s.access.author(r)
		}
		reason := r.PostForm.Get("reason")
		if len([]rune(reason)) > maxReason {
			return errBadForm
		}
		e := entered{
			kind: kind, site: r.PathValue("site"), zone: r.PathValue("zone"), id: r.PostForm.Get("id"), value: value,
			author: author, reason: cleanText(reason, maxReason),
		}
		if r.PostForm.Get("step") == "look" {
			return s.lookAtCorrection(w, r, &e)
		}
		if _, err := s.enter(r.Context(), &e); err != nil {
			return err
		}
		to := "/site/" + e.site
		if e.zone != wholeSite {
			to += "/zone/" + e.zone
		}
		http.Redirect(w, r, to+"?saved="+string(kind)+"#count", http.StatusSeeOther)
		return nil
	}
}
