package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// paperPrefix is what the names of the fields begin with.
const paperPrefix = "task."

const (
	typedPath = "/tasks/typed"
	maxTyped  = 16 * maxForm // bytes: a form has four fields of each thing
)

// paperRounds is how often a day a task can be written down on one form.
const paperRounds = 4

// paperPage is a form for a day: to print and fill in by hand, or to copy what was written on it. Both have the same rows and columns.
type paperPage struct {
	frame
	Site, SiteName string
	Day, DayText   string
	Least          string // the first day that can still be typed in
	Tasks          []paperTask
	Rounds         []int
	ID             string // of the entries that the form makes
	Wrong          []string
	Stored         string // what is stored of a form of which some is wrong
	Saved          string
	Photo          string // hash of the photo of the form that is copied; empty: none
	Papers         []paperRow
	Photos         bool // photos can be kept
}

type paperTask struct {
	Name, Place, Key string
	Rounds           []paperRound
	Items            []paperItem
	Checklist        bool
}

type paperRound struct{ Who, Agent paperField }

type paperItem struct {
	Name  string // empty: the task as a whole
	Times []paperField
}

// paperField is one field of the form, and what was typed there.
type paperField struct {
	Key, Value, Label string
	Wrong             bool
}

// paperRow is a photo of a form that is kept, or was.
type paperRow struct {
	ID, Day, When, By, Photo string
	Erased                   string // when and by whom; empty: it is there
}

func (s *Server) paperPageOf(r *http.Request, day string) (*paperPage, *rules.View, facility.Date, error) {
	v, ok := s.opts.Live.Outline(r.PathValue("site"))
	if !ok {
		return nil, nil, facility.Date{}, errNoPage
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	today := facility.DateOf(sc.now.In(sc.loc))
	date := today
	if day != "" {
		d, err := facility.ParseDate(day)
		if err != nil || d.Year < 2000 || d.Year > 2100 {
			return nil, nil, date, misasked("day", day, "day")
		}
		date = d
	}
	p := &paperPage{
		frame: s.frame(r, lang, lang.T("paper.title", "Site", v.Name)), Site: v.Site, SiteName: v.Name, Day: date.String(), DayText: lang.Date(date.In(time.UTC)),
		Least: today.AddDays(-6).String(), ID: newUUID(), Photos: s.opts.Photos != nil,
	}
	for i := range paperRounds {
		p.Rounds = append(p.Rounds, i+1)
	}
	for ti := range v.Tasks {
		t := &v.Tasks[ti]
		task := paperTask{Name: t.Name, Place: sc.place(t.Place), Key: t.ID, Checklist: t.Kind == facility.TaskChecklist}
		field := func(key string, round int, what string) paperField {
			key = fmt.Sprintf("%s%s.%d.%s", paperPrefix, t.ID, round, key) // by names: the tasks may be others, in another order, when it comes back
			return paperField{Key: key, Value: cleanText(r.PostForm.Get(key), maxName), Label: t.Name + ", " + what + ", " + lang.T("paper.round", "N", round+1)}
		}
		items := t.Items
		if len(items) == 0 {
			items = []rules.ItemView{{}}
		}
		for _, item := range items {
			row := paperItem{Name: item.Name}
			for round := range paperRounds {
				what := lang.T("paper.time")
				if item.Name != "" {
					what = item.Name + ", " + what
				}
				row.Times = append(row.Times, field("t."+url.PathEscape(item.Name), round, what))
			}
			task.Items = append(task.Items, row)
		}
		for round := range paperRounds {
			task.Rounds = append(task.Rounds, paperRound{field("w", round, lang.T("paper.who")), field("a", round, lang.T("do.agent"))})
		}
		p.Tasks = append(p.Tasks, task)
	}
	return p, v, date, nil
}

// paper shows a form to print.
func (s *Server) paper(w http.ResponseWriter, r *http.Request) error {
	p, _, _, err := s.paperPageOf(r, r.URL.Query().Get("day"))
	if err != nil {
		return err
	}
	return s.render(w, http.StatusOK, s.tongues.choose(r), "paper", p)
}

// typing shows where a form is copied.
func (s *Server) typing(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	p, v, _, err := s.paperPageOf(r, q.Get("day"))
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	switch n := q.Get("saved"); {
	case n == "photo":
		p.Saved = lang.T("paper.photo_saved")
	case n == "erased":
		p.Saved = lang.T("paper.photo_erased")
	case n != "":
		p.Saved = lang.T("paper.saved")
	}
	if hash := q.Get("photo"); isPhoto(hash) {
		p.Photo = hash
	}
	return s.showTyping(w, r, http.StatusOK, p, v)
}

func (s *Server) showTyping(w http.ResponseWriter, r *http.Request, status int, p *paperPage, v *rules.View) error {
	lang := s.tongues.choose(r)
	var err error
	if p.Papers, err = s.papersOf(r.Context(), s.scene(lang, v)); err != nil {
		return err
	}
	if !callerOf(r.Context()).At(accounts.Review, v.Site) {
		p.Papers = nil
	}
	p.Typing = true
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, status, lang, "typing", p)
}

// typed takes what was copied from a form. All of it is looked at before any of it is entered: what is wrong is said field by field, and the form
// is shown as it was typed.
func (s *Server) typed(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	p, v, date, err := s.paperPageOf(r, r.PostForm.Get("day"))
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	if p.ID = r.PostForm.Get("id"); !isUUID(p.ID) {
		return refused(http.StatusUnprocessableEntity, badID, errors.New("field id of a paper form"))
	}
	if hash := r.PostForm.Get("photo"); isPhoto(hash) {
		p.Photo = hash
	}
	all, labels := s.copied(lang, p, sc, date, nameOf(r))
	for _, key := range slices.Sorted(maps.Keys(r.PostForm)) { // a time that has no field any more is not dropped without a word
		if strings.HasPrefix(key, paperPrefix) && r.PostForm.Get(key) != "" && !p.has(key) {
			p.Wrong = append(p.Wrong, lang.T("paper.gone", "Field", fieldWords(key)))
		}
	}
	if len(p.Wrong) == 0 && len(all) == 0 {
		p.Wrong = append(p.Wrong, lang.T("paper.empty"))
	}
	var stored []string
	for i := range all { // what cannot be is said before anything is stored
		if _, done, err := s.opts.Entries.Entered(r.Context(), v.Site, strings.ToLower(all[i].id)); err != nil || done {
			if done {
				stored = append(stored, labels[i])
			}
			continue
		}
		if err := all[i].acceptable(s); err != nil {
			p.Wrong = append(p.Wrong, lang.T("paper.wrong", "Field", labels[i], "Why", wordsOf(lang, err)))
		}
	}
	if len(p.Wrong) > 0 {
		p.Stored = strings.Join(stored, "; ")
		return s.showTyping(w, r, http.StatusUnprocessableEntity, p, v)
	}
	stored = nil
	for i := range all {
		if _, err := s.enter(r.Context(), &all[i]); err != nil {
			p.Wrong = append(p.Wrong, lang.T("paper.wrong", "Field", labels[i], "Why", wordsOf(lang, err)))
		} else {
			stored = append(stored, labels[i])
		}
	}
	if len(p.Wrong) > 0 { // those that are stored are found again by their ids
		p.Stored = strings.Join(stored, "; ")
		return s.showTyping(w, r, http.StatusConflict, p, v)
	}
	http.Redirect(w, r, "/site/"+v.Site+"/tasks/typed?saved=1&day="+url.QueryEscape(p.Day), http.StatusSeeOther)
	return nil
}

// has reports whether a form has a field.
func (p *paperPage) has(key string) bool {
	for i := range p.Tasks {
		t := &p.Tasks[i]
		for _, r := range t.Rounds {
			if r.Who.Key == key || r.Agent.Key == key {
				return true
			}
		}
		for _, item := range t.Items {
			if slices.ContainsFunc(item.Times, func(f paperField) bool { return f.Key == key }) {
				return true
			}
		}
	}
	return false
}

// fieldWords are what is known of a field that is on the form no more, by its name.
func fieldWords(key string) string {
	words, err := url.PathUnescape(strings.TrimPrefix(key, paperPrefix))
	if err != nil {
		words = key
	}
	return cleanText(words, 2*maxName)
}

func wordsOf(lang *tongue, err error) string {
	if f, ok := errors.AsType[*fault](err); ok {
		return lang.T(f.key, f.args...)
	}
	return lang.T("error.internal")
}

// copied are the entries that the fields of a form make, and what the fields are called; what is wrong with them is left in the page.
func (s *Server) copied(lang *tongue, p *paperPage, sc *scene, date facility.Date, typist string) (all []entered, labels []string) {
	wrong := func(f *paperField, key string) {
		f.Wrong = true
		p.Wrong = append(p.Wrong, lang.T("paper.wrong", "Field", f.Label, "Why", lang.T(key)))
	}
	for ti := range p.Tasks {
		t := &p.Tasks[ti]
		used := make([]bool, paperRounds)
		for ii := range t.Items {
			for round := range paperRounds {
				f := &t.Items[ii].Times[round]
				if f.Value == "" {
					continue
				}
				used[round] = true
				written := strings.Replace(f.Value, ".", ":", 1)
				if strings.IndexByte(written, ':') == 1 {
					written = "0" + written
				}
				clock, err := facility.ParseTimeOfDay(written)
				if err != nil {
					wrong(f, "paper.bad_time")
					continue
				}
				at := clock.On(date, sc.loc)
				switch {
				case at.After(sc.now.Add(countFuture)):
					wrong(f, "entry.future")
				case at.Before(sc.now.Add(-countPast)):
					wrong(f, "entry.old")
				}
				labels = append(labels, f.Label)
				all = append(all, entered{
					kind: telemetry.EntryTask, site: p.Site, task: t.Key, item: t.Items[ii].Name, id: derivedUUID(p.ID, f.Key), value: 1,
					author: t.Rounds[round].Who.Value, agent: t.Rounds[round].Agent.Value, at: at, paper: date.String(), typist: typist, photo: p.Photo,
				})
			}
		}
		for round := range paperRounds {
			switch r := &t.Rounds[round]; {
			case used[round] && r.Who.Value == "":
				wrong(&r.Who, "paper.no_name")
			case !used[round] && r.Who.Value+r.Agent.Value != "":
				wrong(&t.Items[0].Times[round], "paper.no_time")
			}
		}
	}
	return all, labels
}

// papersOf lists the photos of paper forms of a site, the newest first.
func (s *Server) papersOf(ctx context.Context, sc *scene) ([]paperRow, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	records, err := s.opts.Entries.Entries(ctx, sc.view.Site, telemetry.EntryPaper, 400)
	if err != nil {
		return nil, fmt.Errorf("listing photos of paper forms: %w", err)
	}
	erased := map[string]string{}
	var rows []paperRow
	for i := range records {
		e := records[i].Entry
		if e.Ends != "" {
			erased[e.Ends] = sc.T("paper.erased", "When", sc.when(records[i].At), "By", sc.claims(e.Author, e.Claimed), "Why", e.Reason)
			continue
		}
		rows = append(rows, paperRow{ID: e.ID, Day: sc.day(e.Paper), When: sc.when(records[i].At), By: sc.claims(e.Author, e.Claimed), Photo: e.Photo})
	}
	for i := range rows {
		rows[i].Erased = erased[rows[i].ID]
	}
	return rows, nil
}
