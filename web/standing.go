package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	// maxLegal bounds the number of an order, in runes.
	maxLegal = 120
	// maxScope bounds what is chosen, in runes: a kind and an id, as the API takes it.
	maxScope = 80
	// standingAhead is how far ahead something can be planned. Orders come weeks before they hold, not years.
	standingAhead = 366 * 24 * time.Hour
	// longestStanding is how far ahead an end can lie: ten years; who means for ever names none.
	longestStanding = 10 * standingAhead
)

// standing is something that a person decides and that holds for a while: a level of the protocols, maintenance. Or its end.
type standing struct {
	site string
	what telemetry.Entry
}

// The problems of a standing entry: keys of sentences, "entry." before them.
const (
	unknownLevel = "level"
	pastBegin    = "begin"
	farBegin     = "far"
	badEnd       = "end"
	nothingEnds  = "ends"
	noWhy        = "why"
	noDecider    = "decider"
	noSubject    = "part"
	longUpkeep   = "long"
)

func (d *standing) entry() (string, telemetry.Entry) { return d.site, d.what }

func (d *standing) signed(c *accounts.Caller) {
	if c != nil && !c.Claimed {
		d.what.Author, d.what.Claimed = c.Name, false
	}
}

func (d *standing) moment() telemetry.Instant { return 0 }

// problem says what is wrong with it, and with which field; empty: nothing.
func (d *standing) problem(v *rules.View, now time.Time) (field, key string) {
	e := &d.what
	begin := now
	if e.From != 0 {
		begin = e.From.Time()
	}
	switch {
	case !isUUID(e.ID):
		return "id", badID
	case e.Author == "":
		return "author", noDecider
	case e.Reason == "":
		return "reason", noWhy
	case e.Ends != "":
		if !slices.ContainsFunc(v.Chosen, func(c rules.ChosenLevel) bool { return e.Kind == telemetry.EntryLevel && c.Entry == e.Ends }) &&
			!slices.ContainsFunc(v.Maintenance, func(m rules.MaintenanceView) bool { return e.Kind == telemetry.EntryMaintenance && m.Entry == e.Ends }) {
			return "ends", nothingEnds
		}
		return "", ""
	case e.Kind == telemetry.EntryMaintenance && !scoped(v, e.Subject):
		return "of", noSubject
	case e.Kind == telemetry.EntryMaintenance && e.Until == 0:
		return "until", badEnd
	case e.Kind == telemetry.EntryMaintenance && e.Until.Time().Sub(begin) > facility.MostEventTime:
		return "until", longUpkeep
	case e.Kind == telemetry.EntryLevel && !slices.ContainsFunc(v.Levels, func(c rules.LevelChoice) bool { return c.Level == e.Text }):
		return "level", unknownLevel
	case begin.Before(now.Add(-countFuture)):
		return "from", pastBegin
	case begin.After(now.Add(standingAhead)):
		return "from", farBegin
	case e.Until != 0 && !e.Until.Time().After(begin), e.Until.Time().After(now.Add(longestStanding)):
		return "until", badEnd
	}
	return "", ""
}

func (d *standing) acceptable(s *Server) error {
	v, ok := s.opts.Live.Outline(d.site)
	if !ok {
		return errNoPage
	}
	if field, key := d.problem(v, s.opts.Now()); key != "" {
		err := refused(http.StatusUnprocessableEntity, key, fmt.Errorf("field %s of a %s", field, d.what.Kind))
		if key == unknownLevel {
			err.args = []any{"Levels", strings.Join(levelNames(v.Levels), ", ")}
		}
		return err
	}
	return nil
}

func (d *standing) made(rec *telemetry.Record) bool {
	if rec.Entry == nil {
		return false
	}
	was, is := *rec.Entry, d.what
	is.ID = was.ID
	return was == is
}

// levelNames are the levels that can be chosen, each once.
func levelNames(choices []rules.LevelChoice) []string {
	var names []string
	for _, c := range choices {
		if !slices.Contains(names, c.Level) {
			names = append(names, c.Level)
		}
	}
	return names
}

// decision is a standing entry as lists show it.
type decision struct {
	What    string // the level, or what was taken back
	From    string // and until when
	By, Why string
	Legal   string
	Claimed bool
	Ended   string // when and by whom it was taken back; empty: it was not
}

// decisions are the standing entries of a site as people read them: each with its end, where it was taken back.
func decisions(sc *scene, records []telemetry.Record) []decision {
	ends := map[string]*telemetry.Record{}
	for i := range records {
		if e := records[i].Entry; e.Ends != "" {
			ends[e.Ends] = &records[i]
		}
	}
	var all []decision
	for i := range records {
		e := records[i].Entry
		if e.Ends != "" {
			continue
		}
		d := decision{What: sc.standingName(e), From: sc.period(max(e.From, records[i].At), e.Until), By: sc.who(e.Author), Why: e.Reason, Legal: e.Legal, Claimed: e.Claimed}
		if end := ends[e.ID]; end != nil {
			d.Ended = sc.because(sc.T("level.taken_back", "When", sc.when(end.At), "By", sc.claims(end.Entry.Author, end.Entry.Claimed)), end.Entry.Reason)
		}
		all = append(all, d)
	}
	return all
}

// standingName is what a standing entry is about: the level, or the part of the site.
func (t *scene) standingName(e *telemetry.Entry) string {
	if e.Kind == telemetry.EntryLevel {
		return t.levelWord(e.Text)
	}
	s, ok := rules.ScopeOf(e.Subject)
	if !ok {
		return e.Subject
	}
	return t.scopeName(s)
}

// period writes from when until when something holds.
func (t *scene) period(from, until telemetry.Instant) string {
	if until == 0 {
		return t.T("level.from", "From", t.when(from))
	}
	return t.T("level.from_until", "From", t.when(from), "Until", t.when(until))
}

// standingForm is what somebody typed who decides something.
type standingForm struct {
	ID, Choice, From, Until, Reason, Legal, Author string
}

func standingFormOf(r *http.Request, author string) standingForm {
	get := func(key string, most int) string { return cleanText(r.PostForm.Get(key), most) }
	name := cmp.Or(get("author", maxName), author)
	if c := callerOf(r.Context()); c != nil && !c.Claimed {
		name = author
	}
	return standingForm{
		ID: get("id", 36), Choice: get("choice", maxScope), From: get("from", len(localTime)), Until: get("until", len(localTime)),
		Reason: get("reason", maxReason), Legal: get("legal", maxLegal), Author: name,
	}
}

// period reads the times of a form, which are the site's own; the key names what is wrong with them, as problem does.
func (f *standingForm) period(loc *time.Location) (from, until telemetry.Instant, key string) {
	read := func(text, wrong string) (at telemetry.Instant) {
		if text == "" {
			return 0
		}
		t, err := time.ParseInLocation(localTime, text, loc)
		if err != nil || t.Year() < 1970 || t.Year() > 2200 {
			key = wrong
			return 0
		}
		return telemetry.InstantOf(t)
	}
	return read(f.From, pastBegin), read(f.Until, badEnd), key
}
