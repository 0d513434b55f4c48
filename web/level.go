package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// shownDecisions is how many a page lists.
const shownDecisions = 50

// levelPage is where a person chooses the level of a site, sees what stands, and takes it back. It works without scripts.
type levelPage struct {
	frame
	Site, SiteName, Zone string
	Now                  string // the level that holds; empty: none
	Chosen               []chosenRow
	Choices              []levelOption
	Form                 standingForm
	Asked                *levelAsked // what is about to be confirmed; nil: the form is filled in
	Trouble, Saved       string
	History              []decision
	Named                bool // the person signed in with a name
}

// chosenRow is a level that stands: one tap and a reason take it back.
type chosenRow struct {
	decision
	Entry, ID string // of the level, and of the entry that ends it
	Holds     bool   // it holds now
}

// levelOption is a level with what it means under each protocol.
type levelOption struct {
	Level, Name, Means string
	Current            bool
	Try                string // where it is tried on last week; empty: nowhere
}

// levelAsked is a choice in words, before it is confirmed.
type levelAsked struct {
	Name, Means, When, By string
	Tried                 *rehearsed // what it would have made of last week; nil: nobody can tell
}

func (s *Server) level(w http.ResponseWriter, r *http.Request) error {
	p, err := s.levelPageOf(r)
	if err != nil {
		return err
	}
	switch r.URL.Query().Get("saved") {
	case "level":
		p.Saved = s.tongues.choose(r).T("level.saved")
	case "end":
		p.Saved = s.tongues.choose(r).T("level.saved_end")
	}
	return s.render(w, http.StatusOK, s.tongues.choose(r), "level", p)
}

func (s *Server) levelPageOf(r *http.Request) (*levelPage, error) {
	v, ok := s.opts.Live.Outline(r.PathValue("site"))
	if !ok {
		return nil, errNoPage
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	p := &levelPage{frame: s.frame(r, lang, v.Name+" · "+lang.T("level.title")), Site: v.Site, SiteName: v.Name, Zone: sc.now.In(sc.loc).Format("MST"), Now: sc.levelName()}
	p.Typing = true
	name := nameOf(r)
	p.Form, p.Named = standingForm{ID: newUUID(), Author: name, Choice: r.URL.Query().Get("choice")}, name != ""
	p.Choices = sc.levelOptions()
	if s.opts.Rehearsals != nil {
		for i := range p.Choices {
			p.Choices[i].Try = rehearsalPath(v.Site, p.Choices[i].Level)
		}
	}
	records := s.decided(r.Context(), v.Site, telemetry.EntryLevel)
	p.History = decisions(sc, records)
	for _, c := range v.Chosen {
		row := chosenRow{Entry: c.Entry, ID: newUUID(), Holds: c.From <= v.Now && c.Level == v.Level}
		row.What, row.From = sc.levelWord(c.Level), sc.period(c.From, c.Until)
		for i := range records {
			if e := records[i].Entry; e.ID == c.Entry {
				row.decision = decisions(sc, records[i:i+1])[0]
			}
		}
		p.Chosen = append(p.Chosen, row)
	}
	return p, nil
}

// decided lists the entries of a kind at a site; the page does not fail for want of it.
func (s *Server) decided(ctx context.Context, site string, kind telemetry.EntryKind) []telemetry.Record {
	ctx, cancel := context.WithTimeout(ctx, sparkPatience)
	defer cancel()
	records, err := s.opts.Entries.Entries(ctx, site, kind, shownDecisions)
	if err != nil {
		s.opts.Log.Warn("listing what people decided failed", "site", site, "kind", kind, "err", err)
		return nil
	}
	return records
}

// levelOptions are the levels that can be chosen, and what share of the full limits each leaves.
func (t *scene) levelOptions() []levelOption {
	var all []levelOption
	for _, level := range levelNames(t.view.Levels) {
		all = append(all, levelOption{Level: level, Name: t.levelWord(level), Means: t.levelMeans(level), Current: level == t.view.Level})
	}
	return all
}

// levelWord is what people call a level.
func (t *scene) levelWord(level string) string {
	for _, protocols := range [][]rules.ProtocolView{t.view.InForce, t.view.Coming} {
		if name := t.note(rules.LevelName(protocols, level)); name != "" {
			return name
		}
	}
	return t.T("site.level", "Level", level)
}

// levelMeans says what share of the full limits a level leaves, by protocol where they differ.
func (t *scene) levelMeans(level string) string {
	var parts []string
	for _, c := range t.view.Levels {
		if c.Level == level {
			parts = append(parts, t.Number(100*c.Share, 1)+" % ("+c.Protocol+")")
		}
	}
	return strings.Join(parts, ", ")
}

// chooseLevel takes the form of the level's page: first it shows what would be chosen, then it is confirmed.
func (s *Server) chooseLevel(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	p, err := s.levelPageOf(r)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	v, _ := s.opts.Live.Outline(p.Site)
	if v == nil {
		return errNoPage
	}
	sc := s.scene(lang, v)
	p.Form = standingFormOf(r, s.access.author(r))
	from, until, wrong := p.Form.period(sc.loc)
	d := standing{p.Site, telemetry.Entry{
		ID: p.Form.ID, Kind: telemetry.EntryLevel, Author: p.Form.Author, Claimed: true, Reason: p.Form.Reason, Text: p.Form.Choice,
		From: from, Until: until, Legal: p.Form.Legal,
	}}
	if wrong == "" && r.PostForm.Get("step") == "confirm" {
		if _, err = s.enter(r.Context(), &d); err == nil {
			http.Redirect(w, r, "/site/"+p.Site+"/level?saved=level", http.StatusSeeOther)
			return nil
		}
	} else if err = d.acceptable(s); wrong != "" {
		err = refused(http.StatusUnprocessableEntity, wrong, nil)
	}
	var f *fault
	switch {
	case err == nil:
		p.Asked = &levelAsked{Name: sc.levelWord(d.what.Text), Means: sc.levelMeans(d.what.Text), When: sc.period(max(from, telemetry.InstantOf(sc.now)), until), By: sc.who(p.Form.Author)}
		if s.opts.Rehearsals != nil {
			tried := s.rehearsed(r.Context(), sc, d.what.Text)
			p.Asked.Tried = &tried
		}
		return s.render(w, http.StatusOK, lang, "level", p)
	case errors.As(err, &f) && f.status == http.StatusUnprocessableEntity:
		p.Trouble = lang.T(f.key, f.args...)
		return s.render(w, f.status, lang, "level", p)
	}
	return err
}
