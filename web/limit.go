package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// maxLimit bounds a number that somebody types, in runes.
const maxLimit = 40

// limitsPage is where a manager changes a number by which the site is judged, sees what it would be, and what was changed so far. It works
// without scripts.
type limitsPage struct {
	frame
	Site, SiteName string
	Groups         []limitGroup
	Picked         *limitRow // what is about to be changed; nil: nothing is picked
	Form           limitForm
	Asked          *limitAsked // what is about to be confirmed; nil: the form is filled in
	Trouble, Saved string
	Mistakes       []string // in the words of gerbang check
	Differ         string   // files that are not in force
	ReadOnly       string   // files that may not be written
	NoFiles        bool
	Versions       []limitVersion
	Named          bool // the person signed in with a name
}

// limitGroup are the numbers of one file: those of the rooms, or of a protocol.
type limitGroup struct {
	Name, File string
	Locked     string // why they cannot be changed here; empty: they can
	Parts      []limitPart
}

// limitPart are the numbers of one room or one rule, or the levels.
type limitPart struct {
	Name string
	Rows []limitRow
}

// limitRow is a number with its present value.
type limitRow struct {
	Limit
	Word, Whole string // what it is called within its group, and alone
	Shown       string // its value for the eye
	From        string // file and line
	Change      string // address of its form; empty: it cannot be changed
	Locked      string // why, where that is not so of all its file
}

// limitForm is what somebody typed.
type limitForm struct {
	ID, Limit, Value, Version, Reason, Author string
}

// limitAsked is a change in words, before it is confirmed.
type limitAsked struct {
	Before, After, File, By string
	ReadOnly                bool // it cannot be put in force
	Diff                    []diffLine
	Warnings                []string   // of gerbang check, that were not there before
	Tried                   *rehearsed // what it would have made of last week; nil: nobody can tell
}

// diffLine is a line of a file as it was or will be.
type diffLine struct {
	Sign   string // "+", "−", or empty
	Number int    // 0: lines are left out
	Text   string
	Word   string // for whoever does not see the sign
}

// limitVersion is a change that was put in force.
type limitVersion struct {
	What, Before, After, When, By, Why string
	Back                               string // address of the form that goes back; empty: there is nothing to go back to
}

func (s *Server) limits(w http.ResponseWriter, r *http.Request) error {
	p, sc, err := s.limitsPageOf(r, r.URL.Query().Get("limit"))
	if err != nil {
		return err
	}
	if p.Picked != nil {
		if q := r.URL.Query(); q.Has("value") { // also an empty one: it was not said then
			p.Form.Value = cleanText(q.Get("value"), maxLimit)
		}
	}
	if r.URL.Query().Get("saved") == "limit" {
		p.Saved = sc.T("limits.saved")
	}
	return s.render(w, http.StatusOK, sc.tongue, "limits", p)
}

// limitsPageOf is the page with a number picked.
func (s *Server) limitsPageOf(r *http.Request, picked string) (*limitsPage, *scene, error) {
	v, ok := s.opts.Live.Outline(r.PathValue("site"))
	if !ok || s.opts.Limits == nil {
		return nil, nil, errNoPage
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	p := &limitsPage{frame: s.frame(r, lang, v.Name+" · "+lang.T("limits.title")), Site: v.Site, SiteName: v.Name}
	p.Typing = true
	name := nameOf(r)
	p.Form, p.Named = limitForm{ID: newUUID(), Author: name}, name != ""
	all, err := s.opts.Limits.Limits(r.Context(), v.Site)
	var wrong *LimitMistakes
	switch {
	case errors.Is(err, ErrNoFiles):
		p.NoFiles = true
	case errors.As(err, &wrong):
		p.Trouble, p.Mistakes = lang.T("limits.mistakes"), wrong.Problems
	case err != nil:
		return nil, nil, err
	}
	mayChange := callerOf(r.Context()).At(accounts.SetLimits, v.Site)
	p.group(sc, all, mayChange)
	for i := range all {
		if all[i].ID == picked && mayChange && all[i].Fixed == "" && !all[i].Differs {
			row := limitRowOf(sc, &all[i])
			p.Picked, p.Form.Limit, p.Form.Value, p.Form.Version = &row, picked, sc.plainValue(all[i].Value, &all[i]), all[i].Version
		}
	}
	p.Versions = limitVersions(sc, s.decided(r.Context(), v.Site, telemetry.EntryLimit), all, mayChange)
	return p, sc, nil
}

// group lays the numbers out: by file, and there by room, level and rule.
func (p *limitsPage) group(sc *scene, all []Limit, mayChange bool) {
	var differ, readOnly []string
	protocol, part := "", ""
	for i := range all {
		l := &all[i]
		if len(p.Groups) == 0 || l.Protocol != protocol {
			protocol, part = l.Protocol, ""
			g := limitGroup{Name: sc.T("maintenance.zones"), File: l.File}
			if l.Protocol != "" {
				g.Name = cmp.Or(sc.note(l.Title), l.Protocol)
			}
			if l.Fixed == "built_in" || l.Fixed == "shared" || l.Fixed == "large" {
				g.Locked = sc.limitLocked(l)
			}
			p.Groups = append(p.Groups, g)
		}
		g := &p.Groups[len(p.Groups)-1]
		if of := l.Part + " " + l.Of; part == "" || of != part && (l.Part != "level" || !strings.HasPrefix(part, "level ")) {
			part = of
			name := sc.limitPart(l)
			if l.Part == "level" {
				name = sc.T("limits.levels")
			}
			g.Parts = append(g.Parts, limitPart{Name: name})
		}
		row := limitRowOf(sc, l)
		switch {
		case l.Fixed != "":
			if g.Locked == "" {
				row.Locked = sc.limitLocked(l)
			}
		case !l.Differs && mayChange:
			row.Change = limitPath(p.Site, l.ID)
		}
		if l.Differs && !slices.Contains(differ, l.File) {
			differ = append(differ, l.File)
		}
		if l.ReadOnly && l.Fixed == "" && !slices.Contains(readOnly, l.File) {
			readOnly = append(readOnly, l.File)
		}
		t := &g.Parts[len(g.Parts)-1]
		t.Rows = append(t.Rows, row)
	}
	p.Differ = strings.Join(differ, ", ")
	if mayChange {
		p.ReadOnly = strings.Join(readOnly, ", ")
	}
}

func limitRowOf(sc *scene, l *Limit) limitRow {
	row := limitRow{Limit: *l, Word: sc.limitWord(l), Whole: sc.limitWhole(l.Part, sc.limitPart(l), sc.limitWord(l)), Shown: sc.limitValue(l.Value, l), From: fmt.Sprintf("%s:%d", l.File, l.Line)}
	return row
}

// limitPath is the address of the form that changes a number; with a value it is filled in.
func limitPath(site, id string, value ...string) string {
	q := url.Values{"limit": {id}}
	if len(value) > 0 {
		q.Set("value", value[0])
	}
	return "/site/" + site + "/limits?" + q.Encode() + "#change"
}

// limitPart is what people call what has a number.
func (t *scene) limitPart(l *Limit) string {
	switch name := t.note(l.Name); {
	case l.Part == "rule":
		return t.nameOf(l.Name, l.Kind, &rules.Explanation{})
	case name != "":
		return name
	}
	return l.Of
}

// limitWord is what people call a number of its part.
func (t *scene) limitWord(l *Limit) string {
	if l.Part == "level" {
		return cmp.Or(t.note(l.Name), l.Of)
	}
	if key := "limit." + l.Key; t.Has(key) {
		return t.T(key)
	}
	return l.Key
}

// limitWhole names a number where nothing around it says whose it is.
func (t *scene) limitWhole(part, name, word string) string {
	if part == "level" {
		return t.T("limits.level_of", "Level", word)
	}
	return name + ": " + word
}

// limitValue is a value for the eye.
func (t *scene) limitValue(value string, l *Limit) string {
	switch {
	case value == "":
		return t.T("limits.none")
	case l.Unit != "" && !strings.HasSuffix(value, l.Unit):
		value += " " + l.Unit
	}
	return t.decimal(value)
}

// plainValue is a value as the form has it: without the unit, which stands beside it.
func (t *scene) plainValue(value string, l *Limit) string {
	return t.decimal(strings.TrimSpace(strings.TrimSuffix(value, l.Unit)))
}

// limitLocked says why a number cannot be changed here; empty: it can.
func (t *scene) limitLocked(l *Limit) string {
	switch l.Fixed {
	case "":
		return ""
	case "built_in":
		return t.T("limits.built_in", "Protocol", l.Protocol)
	case "shared":
		var names []string
		for i, id := range l.Shared {
			if i == 3 {
				names = append(names, "…")
				break
			}
			names = append(names, id)
		}
		return t.T("limits.shared", "File", l.File, "Count", len(l.Shared), "Sites", strings.Join(names, ", "))
	}
	return t.T("limits."+l.Fixed, "File", l.File) // written, large
}

// limitVersions are the changes so far as people read them.
func limitVersions(sc *scene, records []telemetry.Record, all []Limit, mayChange bool) []limitVersion {
	var out []limitVersion
	for i := range records {
		e := records[i].Entry
		v := limitVersion{
			What: e.Subject + ": " + e.Item, Before: cmp.Or(e.Before, sc.T("limits.none")), After: cmp.Or(e.After, sc.T("limits.none")), When: sc.when(records[i].At),
			By: sc.claims(e.Author, e.Claimed), Why: e.Reason,
		}
		if k := slices.IndexFunc(all, func(l Limit) bool { return l.ID == e.Text }); k >= 0 {
			l := &all[k]
			v.What = sc.limitWhole(l.Part, sc.limitPart(l), sc.limitWord(l))
			v.Before, v.After = sc.limitValue(e.Before, l), sc.limitValue(e.After, l)
			if mayChange && e.Before != l.Value && l.Fixed == "" && !l.Differs {
				v.Back = limitPath(sc.view.Site, e.Text, sc.plainValue(e.Before, l))
			}
		}
		out = append(out, v)
	}
	return out
}

// changeLimit takes the form of the limits' page: first it shows what would be, then it is confirmed.
func (s *Server) changeLimit(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	get := func(key string, most int) string { return cleanText(r.PostForm.Get(key), most) }
	p, sc, err := s.limitsPageOf(r, r.PostForm.Get("limit"))
	if err != nil {
		return err
	}
	name := cmp.Or(get("author", maxName), s.access.author(r))
	if c := callerOf(r.Context()); c != nil && !c.Claimed {
		name = c.Name
	}
	p.Form = limitForm{ID: get("id", 36), Limit: r.PostForm.Get("limit"), Value: get("value", maxLimit), Version: get("version", 64), Reason: get("reason", maxReason), Author: name}
	d := &limitDeed{site: p.Site, change: LimitChange{Limit: p.Form.Limit, Value: p.Form.Value, Version: p.Form.Version}, what: telemetry.Entry{
		ID: p.Form.ID, Kind: telemetry.EntryLimit, Author: p.Form.Author, Claimed: true, Reason: p.Form.Reason, Text: p.Form.Limit,
	}}
	if r.PostForm.Get("step") == "confirm" {
		if _, err = s.putLimit(r.Context(), d); err == nil {
			http.Redirect(w, r, "/site/"+p.Site+"/limits?saved=limit", http.StatusSeeOther)
			return nil
		}
	} else {
		var draft LimitDraft
		if draft, err = s.opts.Limits.Draft(r.Context(), p.Site, d.change); err == nil {
			err = d.acceptable()
		}
		if err == nil {
			p.Asked = s.limitAskedOf(r.Context(), sc, &draft, p.Form.Author)
			p.Form.Version, p.Form.ID = draft.Version, newUUID() // what is shown now is what this id is for
			return s.render(w, http.StatusOK, sc.tongue, "limits", p)
		}
	}
	return s.limitTrouble(w, p, sc, err)
}

// limitTrouble says on the page why a change cannot be made.
func (s *Server) limitTrouble(w http.ResponseWriter, p *limitsPage, sc *scene, err error) error {
	status := http.StatusUnprocessableEntity
	var mistakes *LimitMistakes
	var differ *FilesDiffer
	var late *NotInForceError
	var two *LimitAmbiguous
	var unnoted *NotNotedError
	var f *fault
	switch {
	case errors.As(err, &late):
		s.opts.Log.Error("a limit could not be put in force", "site", p.Site, "limit", p.Form.Limit, "err", err)
		status, p.Trouble = http.StatusConflict, sc.T("limits.not_in_force")
		if late.Back != nil {
			p.Trouble = sc.T("limits.not_back")
		}
	case errors.As(err, &unnoted):
		s.opts.Log.Error("who changed a limit, which is in force, is not noted yet", "site", p.Site, "limit", p.Form.Limit, "err", err)
		status, p.Trouble = http.StatusServiceUnavailable, sc.T("limits.not_noted")
	case errors.Is(err, ErrUsedOtherwise):
		status, p.Trouble, p.Form.ID = http.StatusConflict, sc.T("limits.used"), newUUID()
	case errors.As(err, &mistakes):
		p.Trouble, p.Mistakes = sc.T("limits.refused"), mistakes.Problems
	case errors.As(err, &differ):
		status, p.Trouble = http.StatusConflict, sc.T("limits.differ", "Files", strings.Join(differ.Files, ", "))
	case errors.Is(err, ErrMeanwhile):
		status, p.Trouble = http.StatusConflict, sc.T("limits.meanwhile")
	case errors.Is(err, ErrSame):
		p.Trouble = sc.T("limits.same")
	case errors.Is(err, ErrNeeded):
		p.Trouble = sc.T("limits.needed")
	case errors.As(err, &two):
		p.Trouble = sc.T("limits.two_ways", "Typed", two.Typed, "Large", two.Large, "Small", sc.decimal(two.Small))
	case errors.Is(err, ErrFixed), errors.Is(err, ErrNoFiles):
		p.Trouble = sc.T("limits.fixed")
	case errors.Is(err, ErrReadOnly):
		status, p.Trouble = http.StatusConflict, sc.T("limits.read_only")
	case errors.As(err, &f) && f.status == http.StatusUnprocessableEntity:
		p.Trouble = f.say(sc.tongue)
	default:
		return err
	}
	return s.render(w, status, sc.tongue, "limits", p)
}

// limitAskedOf is a draft for the eye.
func (s *Server) limitAskedOf(ctx context.Context, sc *scene, d *LimitDraft, by string) *limitAsked {
	a := &limitAsked{Before: sc.limitValue(d.Limit.Value, &d.Limit), After: sc.limitValue(d.After, &d.Limit), File: d.Limit.File, By: sc.who(by), ReadOnly: d.ReadOnly, Diff: diffLines(sc, d.Diff), Warnings: d.Warnings}
	if d.Try != nil {
		var tried rehearsed
		x, err := s.awaited(ctx, d.Try)
		tried.tell(sc, &x, err)
		a.Tried = &tried
	}
	return a
}

func diffLines(sc *scene, lines []revise.Line) []diffLine {
	var all []diffLine
	for _, l := range lines {
		d := diffLine{Number: l.Number, Text: l.Text}
		switch l.Sign {
		case '+':
			d.Sign, d.Word = "+", sc.T("limits.new_line")
		case '-':
			d.Sign, d.Word = "−", sc.T("limits.old_line")
		}
		all = append(all, d)
	}
	return all
}

// limitDeed is a change of a number by a person.
type limitDeed struct {
	site   string
	change LimitChange
	what   telemetry.Entry
}

func (d *limitDeed) signed(c *accounts.Caller) {
	if c != nil && !c.Claimed {
		d.what.Author, d.what.Claimed = c.Name, false
	}
}

func (d *limitDeed) acceptable() error {
	_, key := d.problem()
	if key == "" {
		return nil
	}
	return refused(http.StatusUnprocessableEntity, key, errors.New("a limit"))
}

// problem says what is wrong with it, and with which field; empty: nothing.
func (d *limitDeed) problem() (field, key string) {
	key = lacking(&d.what)
	return map[string]string{badID: "id", noDecider: "author", noWhy: "reason"}[key], key
}

// putLimit brings a change into force and waits a little until it shows. One that was made before is not made again.
func (s *Server) putLimit(ctx context.Context, d *limitDeed) (telemetry.Record, error) {
	d.signed(callerOf(ctx))
	if err := d.acceptable(); err != nil {
		return telemetry.Record{}, err
	}
	d.what.ID = strings.ToLower(d.what.ID)
	d.what.Asked = askedOf("limit", d.change.Limit, d.change.Value)
	rec, err := s.opts.Limits.PutInForce(ctx, d.site, d.change, d.what)
	if err != nil {
		return telemetry.Record{}, err
	}
	s.untilShown(ctx, d.site, rec.Seq)
	return rec, nil
}
