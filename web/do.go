package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// doPage is one duty as who does it has it on a phone: what there is to do, a box for each thing, and one button. A checklist of a shift is one,
// too. Without scripts it is a form; with them it works without a network for a shift.
type doPage struct {
	frame
	Site, SiteName string
	Name, Place    string
	Chip           chip
	Why            string
	Done, Due      string
	Checklist      bool
	Saved          *doneCard // what was just recorded; nil: nothing
	ID             string    // of the entry that the button makes without scripts
	Task           string
	Author         string // from signing in; empty: the form asks
	Items          []itemRow
	Shift          shift
}

// doListPage lists the duties of a site for who does them.
type doListPage struct {
	frame
	Site, SiteName string
	Tasks          []taskRow
	Shift          shift
}

// shift is what the scripts of these pages go by.
type shift struct {
	Site, SiteName, Task, TaskName string // the task's are empty on the list
	By, Name                       string // whose entries are made here: an account, and what people call it
	Pages                          string // JSON: what to keep for a shift without a network
	Words                          string // JSON: what the page says by itself
	Why                            string // why no page opens without a network at this address; empty: pages do
}

func doPath(site, task string) string {
	if task == "" {
		return "/site/" + site + "/do"
	}
	return "/site/" + site + "/do/" + task
}

// shiftWords are what the scripts say.
var shiftWords = []string{"waiting", "none", "online", "offline", "insecure", "sent", "unsure", "refused", "kept", "signin", "other", "tick", "remove"}

func (s *Server) shiftOf(r *http.Request, lang *tongue, v *rules.View) shift {
	words := map[string]string{}
	for _, w := range shiftWords {
		words[w] = lang.T("shift." + w)
	}
	pages := []string{s.base.to(doPath(v.Site, ""))}
	for i := range v.Tasks {
		pages = append(pages, s.base.to(doPath(v.Site, v.Tasks[i].ID)))
	}
	c := callerOf(r.Context())
	sh := shift{Site: v.Site, SiteName: v.Name, Name: nameOf(r)}
	if !s.abilitiesOf(r).Offline {
		sh.Why = words["insecure"]
	}
	if c != nil {
		sh.By = cmp.Or(c.Account, c.Name)
	}
	// Strings and string lists: neither can fail.
	p, _ := json.Marshal(pages)
	w, _ := json.Marshal(words)
	sh.Pages, sh.Words = string(p), string(w)
	return sh
}

// doList lists the duties of a site on a phone.
func (s *Server) doList(w http.ResponseWriter, r *http.Request) error {
	v, err := s.judgedView(r.PathValue("site"))
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	p := doListPage{frame: s.frame(r, lang, lang.T("do.title", "Site", v.Name)), Site: v.Site, SiteName: v.Name, Shift: s.shiftOf(r, lang, v)}
	for i, row := range taskRows(sc) {
		row.Page = doPath(v.Site, v.Tasks[i].ID)
		p.Tasks = append(p.Tasks, row)
	}
	return s.render(w, http.StatusOK, lang, "dolist", p)
}

// do shows one duty on a phone.
func (s *Server) do(w http.ResponseWriter, r *http.Request) error {
	v, t, err := s.dutyOf(r)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	p := doPage{
		frame: s.frame(r, lang, v.Name+" · "+t.Name), Site: v.Site, SiteName: v.Name, Name: t.Name, Place: sc.place(t.Place),
		Chip: sc.subjectChip(rules.SubjectTask, t.ID, t.Verdict, false), Why: sc.why(rules.SubjectTask, t.ID), Checklist: t.Kind == facility.TaskChecklist,
		Done: sc.lastDone(t), Due: sc.nextDue(t), ID: newUUID(), Task: t.ID, Author: nameOf(r), Shift: s.shiftOf(r, lang, v),
	}
	p.Shift.Task, p.Shift.TaskName = t.ID, t.Name
	p.Saved = s.doneOf(r, sc, t, r.URL.Query().Get("saved"))
	for _, item := range t.Items {
		p.Items = append(p.Items, itemRow{item.Name, sc.sometime(item.LastSince, item.LastDone)})
	}
	return s.render(w, http.StatusOK, lang, "do", p)
}

// doneCard says what a button has recorded: what, by whom, when, and what comes next. The same to who presses it again.
type doneCard struct{ What, By, When, Next, Remark string }

// savedNamed is how many entries of one button are told of by name.
const savedNamed = 24

// doneOf looks up what was recorded by its ids, as a page that was sent names them; nil: none of them is a record of the task.
func (s *Server) doneOf(r *http.Request, sc *scene, t *rules.TaskView, ids string) *doneCard {
	ctx, cancel := context.WithTimeout(r.Context(), entryPatience)
	defer cancel()
	var card *doneCard
	var items []string
	for i, id := range strings.SplitN(ids, ",", savedNamed+1) {
		if !isUUID(id) || i == savedNamed {
			break
		}
		rec, ok, err := s.opts.Entries.Entered(ctx, sc.view.Site, strings.ToLower(id))
		if err != nil || !ok || rec.Entry == nil || rec.Entry.Kind != telemetry.EntryTask || rec.Entry.Subject != t.ID {
			continue
		}
		e := rec.Entry
		card = &doneCard{What: t.Name, By: sc.claims(e.Author, e.Claimed), When: sc.sometime(e.Earliest, rec.At), Remark: e.Reason}
		if e.Item != "" {
			items = append(items, e.Item)
		}
	}
	if card == nil {
		return nil
	}
	if len(items) > 0 {
		card.What += ": " + strings.Join(items, ", ")
	}
	switch left := itemsLeft(t); {
	case left > 0:
		card.Next = sc.T("do.left", "Count", left)
	case t.NextDue != 0 && t.NextDue != telemetry.Never:
		card.Next = sc.T("do.due", "When", sc.nextDue(t))
	default:
		card.Next = sc.T("do.no_more")
	}
	return card
}

// itemsLeft is how many things of a task are still to be done, where some of them were since it was done whole.
func itemsLeft(t *rules.TaskView) int {
	done, left := 0, 0
	for _, item := range t.Items {
		if item.LastDone > t.LastDone {
			done++
		} else {
			left++
		}
	}
	if done == 0 {
		return 0
	}
	return left
}

// lastDone is when a task was done last, as well as anybody knows, and how many of its things were since, where it is not kept.
func (t *scene) lastDone(task *rules.TaskView) string {
	last := t.sometime(task.LastSince, task.LastDone)
	begun := 0
	for _, item := range task.Items {
		if item.LastDone > task.LastDone {
			begun++
		}
	}
	if begun == 0 || task.Verdict == rules.Within {
		return last
	}
	return t.T("do.begun", "Last", last, "Done", begun, "Of", len(task.Items))
}

// sometime is a time at which something was done or, where nobody knows that, since when it may have been.
func (t *scene) sometime(since, at telemetry.Instant) string {
	if since != 0 && since != at {
		return t.T("do.between", "From", t.when(since), "To", t.when(at))
	}
	return t.when(at)
}

// unsure is what stands behind a time which is the latest of those at which something may have been done; empty: the time is known.
func (t *scene) unsure(since, at telemetry.Instant) string {
	if since == 0 || since == at {
		return ""
	}
	return " · " + t.T("mark.unsure") + ": " + t.sometime(since, at)
}

func (t *scene) nextDue(task *rules.TaskView) string {
	if task.NextDue == 0 || task.NextDue == telemetry.Never {
		return "–"
	}
	return t.when(task.NextDue)
}

// shiftNow tells a phone what time it is here, and for whom it may send.
func (s *Server) shiftNow(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r.Context())
	return writeJSON(w, http.StatusOK, map[string]any{"now": s.opts.Now().UnixMilli(), "by": cmp.Or(c.Account, c.Name), "name": nameOf(r)})
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding an answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the reader may have gone away
	return nil
}

// sent is what a phone is told about one entry that it sent. The answer to the same entry is the same, whenever it is sent again.
type sent struct {
	State string `json:"state"` // stored, refused: never sent again; later: to be tried again; other: by whom it is must sign in
	Words string `json:"words,omitempty"`
	At    int64  `json:"at,omitempty"` // when it was done by the gateway's clock, ms
	Since int64  `json:"since,omitempty"`
}

// logShift takes what was entered on a phone, now or hours ago.
func (s *Server) logShift(w http.ResponseWriter, r *http.Request) error {
	lang := s.tongues.choose(r)
	if err := r.ParseForm(); err != nil {
		return writeJSON(w, http.StatusBadRequest, sent{State: "refused", Words: lang.T("error.bad_request")})
	}
	c := callerOf(r.Context())
	if by := r.PostForm.Get("by"); by != cmp.Or(c.Account, c.Name) {
		return writeJSON(w, http.StatusConflict, sent{State: "other", Words: lang.T("shift.other")})
	}
	phone, ok := phoneIn(r)
	if !ok {
		return writeJSON(w, http.StatusBadRequest, sent{State: "refused", Words: lang.T("error.bad_request")})
	}
	at, earliest := whenDone(phone, telemetry.InstantOf(s.opts.Now()))
	e := entered{
		kind: telemetry.EntryTask, site: r.PathValue("site"), task: r.PathValue("task"), id: r.PostForm.Get("id"), value: 1,
		author: cmp.Or(cleanText(r.PostForm.Get("author"), maxName), s.access.author(r)), item: r.PostForm.Get("item"),
		agent: cleanText(r.PostForm.Get("agent"), maxName), reason: cleanText(r.PostForm.Get("remark"), maxReason),
		at: at.Time(), phone: phone, earliest: earliest,
	}
	rec, err := s.enter(r.Context(), &e)
	if err != nil {
		return s.notLogged(w, r, lang, err)
	}
	answer := sent{State: "stored", At: rec.At.Time().UnixMilli()}
	if n := rec.Entry; n.Earliest != 0 {
		answer.Since = n.Earliest.Time().UnixMilli()
		answer.Words = lang.T("shift.unsure")
	}
	return writeJSON(w, http.StatusOK, answer)
}

// notLogged tells a phone why not, and whether to try again.
func (s *Server) notLogged(w http.ResponseWriter, r *http.Request, lang *tongue, err error) error {
	var f *fault
	if errors.As(err, &f) && f.status == http.StatusTooManyRequests { // the phone keeps it, and sends it again
		w.Header().Set("Retry-After", strconv.Itoa(f.retry))
		return writeJSON(w, f.status, sent{State: "later", Words: lang.T(f.key, f.args...)})
	}
	if !errors.As(err, &f) || f.status >= http.StatusInternalServerError {
		s.opts.Log.Error("an entry of a phone is not stored", "path", r.URL.Path, "err", err)
		return writeJSON(w, http.StatusServiceUnavailable, sent{State: "later", Words: lang.T("entry.stored")})
	}
	return writeJSON(w, f.status, sent{State: "refused", Words: lang.T(f.key, f.args...)})
}

// phoneIn reads what a phone says of its clock; false: it says nothing that can be read.
func phoneIn(r *http.Request) (p telemetry.PhoneClock, ok bool) {
	ok = true
	number := func(name string, least, most int64) int64 {
		text := r.PostForm.Get(name)
		if text == "" && name != "done" && name != "sent" {
			return least
		}
		n, err := strconv.ParseInt(text, 10, 64)
		ok = ok && err == nil && n >= least && n <= most
		return n
	}
	const farthest = 8_000_000_000_000 // ms: the year 2223, of a phone that has it all wrong
	instant := func(name string) telemetry.Instant {
		return telemetry.Instant(number(name, 0, farthest) * int64(time.Millisecond))
	}
	p.Done, p.Sent, p.Heard, p.HeardAt = max(1, instant("done")), instant("sent"), instant("heard"), instant("heard_at")
	p.Elapsed = time.Duration(number("elapsed", -1, 1<<40)) * time.Millisecond
	p.SetBack = r.PostForm.Get("set_back") != ""
	return p, ok
}
