package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// taskPage is how one duty stands, for whoever may see the site. Who does it has a page of his own, see doPage.
type taskPage struct {
	frame
	Site, SiteName string
	Name, Place    string
	Chip           chip
	Why            string
	Done, Due      string
	Do             string // where it is logged
	Items          []itemRow
	Logs           []taskLogRow
	Notes          *noteBox
}

// itemRow is one thing of a task.
type itemRow struct{ Name, Done string }

func taskPath(site, task string) string { return "/site/" + site + "/task/" + task }

func taskByID(v *rules.View, id string) (*rules.TaskView, bool) {
	i := slices.IndexFunc(v.Tasks, func(t rules.TaskView) bool { return t.ID == id })
	if i < 0 {
		return nil, false
	}
	return &v.Tasks[i], true
}

// dutyOf is the site and the task in a request's path.
func (s *Server) dutyOf(r *http.Request) (*rules.View, *rules.TaskView, error) {
	v, err := s.judgedView(r.PathValue("site"))
	if err != nil {
		return nil, nil, err
	}
	t, ok := taskByID(v, r.PathValue("task"))
	if !ok {
		return nil, nil, errNoPage
	}
	return v, t, nil
}

func (s *Server) task(w http.ResponseWriter, r *http.Request) error {
	v, t, err := s.dutyOf(r)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	p := taskPage{
		frame: s.frame(r, lang, v.Name+" · "+t.Name), Site: v.Site, SiteName: v.Name, Name: t.Name, Place: sc.place(t.Place),
		Chip: sc.subjectChip(rules.SubjectTask, t.ID, t.Verdict, false), Why: sc.why(rules.SubjectTask, t.ID),
		Done: sc.lastDone(t), Due: sc.nextDue(t), Do: doPath(v.Site, t.ID),
	}
	sc.may = p.May
	if p.Logs, err = s.logsOf(r, sc, t.ID); err != nil {
		return err
	}
	if p.Notes, err = s.notesOf(r, sc, "task:"+t.ID, facility.DateOf(sc.now.In(sc.loc))); err != nil {
		return err
	}
	p.Typing = p.Notes.Form
	for _, item := range t.Items {
		p.Items = append(p.Items, itemRow{item.Name, sc.sometime(item.LastSince, item.LastDone)})
	}
	return s.render(w, http.StatusOK, lang, "task", p)
}

// taskAcceptable says why a task cannot be logged as done; nil: it can.
func (s *Server) taskAcceptable(v *rules.View, e *entered) error {
	t, ok := taskByID(v, e.task)
	if !ok {
		return errNoPage
	}
	field, key := e.problem(s.opts.Now())
	switch {
	case key != "":
	case e.item != "" && !slices.ContainsFunc(t.Items, func(i rules.ItemView) bool { return i.Name == e.item }):
		field, key = "item", noItem
	case !e.began.IsZero() && (e.began.After(e.finished(s.opts.Now())) || e.began.Before(e.finished(s.opts.Now()).Add(-longestTask))):
		field, key = "started", badBegin
	default:
		return nil
	}
	return refused(http.StatusUnprocessableEntity, key, fmt.Errorf("field %s of an entry", field))
}

// longestTask is how long a task may have taken: what began earlier is a mistyped date.
const longestTask = 24 * time.Hour

// finished is when the task was done.
func (e *entered) finished(now time.Time) time.Time {
	if e.at.IsZero() {
		return now
	}
	return e.at
}

// taskByForm takes a tap on a task's page and shows the page again, with what it changed.
func (s *Server) taskByForm(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	author := cleanText(r.PostForm.Get("author"), maxName)
	if author == "" {
		author = s.access.author(r)
	}
	items := r.PostForm["item"]
	if of := r.PostForm.Get("of"); of == strconv.Itoa(len(items)) || len(items) == 0 && of == "" {
		items = []string{""} // all of it, at one time
	}
	if len(items) == 0 || len(items) > maxItems {
		return refused(http.StatusUnprocessableEntity, noTick, errors.New("no item of a task is ticked"))
	}
	var saved []string
	for i, item := range items {
		saved = append(saved, nthUUID(r.PostForm.Get("id"), i))
		e := entered{kind: telemetry.EntryTask, site: r.PathValue("site"), task: r.PathValue("task"), id: saved[i], value: 1, author: author,
			item: item, agent: cleanText(r.PostForm.Get("agent"), maxName), reason: cleanText(r.PostForm.Get("remark"), maxReason)}
		if _, err := s.enter(r.Context(), &e); err != nil {
			return err
		}
	}
	http.Redirect(w, r, doPath(r.PathValue("site"), r.PathValue("task"))+"?saved="+strings.Join(saved[:min(len(saved), savedNamed)], ","), http.StatusSeeOther)
	return nil
}

// maxItems is how many things are logged with one button.
const maxItems = 200

// nthUUID is the id of the i-th entry that one button makes, the same whenever it is pressed again; of the first it is the form's own.
func nthUUID(id string, i int) string {
	if i == 0 || !isUUID(id) {
		return id
	}
	return derivedUUID(id, strconv.Itoa(i))
}

// derivedUUID is the id of what a part of a form makes, by the form's id, the same whenever it is sent again.
func derivedUUID(id, part string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(id) + " " + part))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // version 8: made by a rule of our own
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

type taskInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Task string `path:"task" maxLength:"64" example:"gagang-pintu" doc:"The task's id"`
	Body struct {
		ID      string     `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Item    string     `json:"item,omitempty" maxLength:"64" example:"pintu utama" doc:"What of the task was done; all of it if left out"`
		Author  string     `json:"author,omitempty" maxLength:"60" example:"petugas kebersihan" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Agent   string     `json:"agent,omitempty" maxLength:"60" example:"alkohol 70%" doc:"The disinfectant or tool"`
		Started *time.Time `json:"started,omitempty" doc:"When it began, where that is known: it was finished at the time at"`
		At      *time.Time `json:"at,omitempty" doc:"When it was done; now if left out. Not in the future, and at most seven days ago"`
	}
}

type apiTaskLog struct {
	ID       string     `json:"id" format:"uuid"`
	Site     string     `json:"site" example:"mpp-gresik"`
	Task     string     `json:"task" example:"gagang-pintu"`
	Item     string     `json:"item,omitempty" example:"pintu utama"`
	Agent    string     `json:"agent,omitempty" example:"alkohol 70%"`
	Author   string     `json:"author" example:"petugas kebersihan"`
	Claimed  bool       `json:"author_claimed" doc:"True: the author is what the client said of itself"`
	Started  *time.Time `json:"started,omitempty"`
	At       time.Time  `json:"at"`
	Received time.Time  `json:"received"`
	Record   uint64     `json:"record" example:"184233" doc:"Journal record that holds it"`
}

// apiTasks lets programs log a task.
func (s *Server) apiTasks(api huma.API) {
	huma.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/sites/{site}/tasks/{task}/done", OperationID: "enter-task", Summary: "Say that a task, or a thing of it, was done",
		Description: "A person did it, or ticked it off. A log that cannot be true stays, and is no evidence. Answers after the entry is on disk.",
		Tags:        []string{"sites"}, Errors: []int{404, 409, 422, 503}, MaxBodyBytes: maxForm,
	}, func(ctx context.Context, in *taskInput) (*apiOne[apiTaskLog], error) {
		b := &in.Body
		e := &entered{kind: telemetry.EntryTask, site: in.Site, task: in.Task, id: b.ID, value: 1, author: cleanText(b.Author, maxName), item: b.Item,
			agent: cleanText(b.Agent, maxName), at: timeOf(b.At), began: timeOf(b.Started)}
		rec, err := s.enter(ctx, e)
		if err != nil {
			return nil, s.apiEntryError(e, err)
		}
		n := rec.Entry
		out := apiTaskLog{ID: n.ID, Site: rec.Site, Task: n.Subject, Item: n.Item, Agent: n.Text, Author: n.Author, Claimed: n.Claimed, At: rec.At.Time(), Received: rec.Received.Time(), Record: rec.Seq}
		if n.Began != 0 {
			began := n.Began.Time()
			out.Started = &began
		}
		return &apiOne[apiTaskLog]{out}, nil
	})
}
