package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	// mostSteps bounds the steps of an alert that are told, and the comments; shownSteps are on one page.
	mostSteps  = 2_000
	shownSteps = 100
)

// alertPage is one alert: what and where, what to do, a button, the response clock and all that happened.
type alertPage struct {
	frame
	Row        alertRow
	Is         bool // open
	May        bool // the reader may do something about it
	MaySilence bool
	ID         string
	Basis      string
	Doubt      string
	Values     []measure // raised by, worst, last
	Clock      []clockStep
	Steps      []alertStep // of this page, in order
	StepPages  stepPages
	Called     []calledRow // whom it has called, and what became of it
	Drill      bool
	Seen       bool   // this page tells that it was opened
	Button     string // of the large button
	Holder     string // who has it already
	Minutes    int
	Presets    []preset
	Form       string // UUID of the next entry
	Author     string // of the person who signed in; empty: the forms ask
	Silences   []choice
	Silence    string // the entry of the silence that stands; empty: none
	Bound      string // how long it may be silenced
	Saved      string
	SitePath   string
}

// clockStep is one of the response clock: from the moment it was raised to the moment all is well again.
type clockStep struct {
	Word, When, After, Note string
	Known                   bool
}

// alertStep is something that happened to an alert.
type alertStep struct {
	When, What, Text string
	at               telemetry.Instant
	seen             alerts.What // Shown or Looked: before whose eyes it came is told together; empty: any other step
	who              string      // of seen
}

// stepPages leads through the steps of an alert that has more than a page shows. The last page is the one that is opened.
type stepPages struct {
	Text           string // which of how many; empty: all are on the page
	Earlier, Later string // addresses; empty: there are none
	More           bool   // there are, or may be, older ones that are not told
}

// pageOf cuts the page of steps out that is asked for: 1 is the oldest.
func (t *tongue) pageOf(all []alertStep, id, asked string) ([]alertStep, stepPages) {
	last := max(1, (len(all)+shownSteps-1)/shownSteps)
	if last == 1 {
		return all, stepPages{}
	}
	n, err := strconv.Atoi(asked)
	if err != nil || n < 1 || n > last {
		n = last
	}
	from, to := (n-1)*shownSteps, min(n*shownSteps, len(all))
	p := stepPages{Text: t.T("alertlog.steps", "From", from+1, "To", to, "Of", len(all))}
	if n > 1 {
		p.Earlier = fmt.Sprintf("/alert/%s?steps=%d#course", url.PathEscape(id), n-1)
	}
	if n < last {
		p.Later = fmt.Sprintf("/alert/%s?steps=%d#course", url.PathEscape(id), n+1)
	}
	return all[from:to], p
}

// alertBy finds an alert and the scene of its site.
func (s *Server) alertBy(ctx context.Context, lang *tongue, id string) (*alerts.Alert, *scene, error) {
	a, ok, err := s.opts.AlertLog.Alert(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("looking for an alert: %w", err)
	}
	if !ok {
		return nil, nil, &fault{status: http.StatusNotFound, key: "error.not_found", cause: errNoAlert}
	}
	v, _ := s.opts.Live.Outline(a.Site)
	return &a, s.scene(lang, v), nil
}

func (s *Server) alert(w http.ResponseWriter, r *http.Request) error {
	lang := s.tongues.choose(r)
	ctx, cancel := context.WithTimeout(r.Context(), apiTimeout)
	defer cancel()
	a, sc, err := s.alertBy(ctx, lang, r.PathValue("alert"))
	if err != nil {
		return err
	}
	course, more, err := s.course(ctx, sc, a)
	if err != nil {
		return err
	}
	steps, pages := lang.pageOf(sc.together(course), a.ID, r.URL.Query().Get("steps"))
	pages.More = more
	card, c := alertCardOf(sc, a), callerOf(r.Context())
	p := alertPage{
		frame: s.frame(r, lang, card.Title), Row: s.alertRow(c, lang, a, s.opts.Now()), ID: a.ID, Is: a.Open(), Basis: card.Basis, Doubt: card.Unconfirmed,
		Values: sc.valuesOf(a), Clock: sc.responseClock(a), Steps: steps, StepPages: pages, Button: lang.T("alert.take"), Minutes: card.Minutes, Presets: card.Presets,
		Form: newUUID(), SitePath: "/status",
	}
	p.frame.Typing = true
	p.May, p.MaySilence = c.At(accounts.Acknowledge, a.Site), c.At(accounts.Maintain, a.Site)
	p.Author = nameOf(r)
	p.Called, p.Drill, p.Seen = sc.calledRows(a), a.Drill != nil, s.opts.Reach != nil && a.Open() && p.May
	if a.Ack != nil {
		p.Holder, p.Button = card.Acknowledged, lang.T("alertlog.take_over")
	}
	if sc.view != nil {
		p.SitePath = "/site/" + a.Site
	}
	if a.Silenced != nil && a.Silenced.Until > telemetry.InstantOf(s.opts.Now()) {
		p.Silence = a.Silenced.Entry
	}
	bound := alerts.SilenceBound(a.Severity)
	p.Bound = lang.T("alertlog.silence_bound", "Long", sc.texts.Duration(lang.Tag, bound))
	for _, d := range []time.Duration{30 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour, alerts.MaxSilence} {
		if d <= bound {
			p.Silences = append(p.Silences, choice{fmt.Sprint(int(d / time.Minute)), sc.texts.Duration(lang.Tag, d), false})
		}
	}
	switch saved := r.URL.Query().Get("saved"); saved {
	case "acknowledge", "comment", "assign", "silence", "end":
		p.Saved = lang.T("alertlog.saved." + saved)
	}
	return s.render(w, http.StatusOK, lang, "alert", p)
}

// valuesOf are what raised an alert, the worst, and the last that was known; those that are not known are left out.
func (t *scene) valuesOf(a *alerts.Alert) []measure {
	var all []measure
	for _, v := range []struct {
		key string
		x   *rules.Explanation
	}{{"alertlog.raised_by", &a.Raised}, {"alertlog.worst", &a.Worst}, {"alertlog.last", &a.Explanation}} {
		value := t.texts.Value(t.Tag, a.Kind, v.x)
		if value == "" {
			continue // an alert from before they were kept, or one that is about no value
		}
		m := measure{Name: t.T(v.key), Value: value}
		if n := len(v.x.Evidence); n > 0 {
			m.At = t.when(v.x.Evidence[n-1].At)
		}
		all = append(all, m)
	}
	return all
}

// responseClock is how long each step took. What nothing records is told as unknown, never as not done.
func (t *scene) responseClock(a *alerts.Alert) []clockStep {
	step := func(key string, at telemetry.Instant, note string) clockStep {
		c := clockStep{Word: t.T("alertlog.clock." + key), Note: note, When: t.T("alertlog.unknown")}
		if at != 0 {
			c.When, c.Known = t.when(at), true
			if at > a.Opened {
				c.After = t.T("alertlog.after", "Long", t.texts.Duration(t.Tag, at.Sub(a.Opened)))
			}
		}
		return c
	}
	steps := []clockStep{step("raised", a.Opened, ""), step("accepted", a.Accepted, t.receivers(a.Told)), step("shown", a.Shown, t.firstBy(a, seenAt)), step("opened", a.Looked, t.firstBy(a, lookedAt))}
	handled := a.Acknowledgements()
	if len(handled) > 0 {
		steps = append(steps, step("acknowledged", handled[0].At, t.claims(handled[0].By, !handled[0].Proven)))
	} else {
		word := "alertlog.not_yet"
		if !a.Open() {
			word = "alertlog.never"
		}
		steps = append(steps, clockStep{Word: t.T("alertlog.clock.acknowledged"), When: t.T(word), Known: true})
	}
	back := clockStep{Word: t.T("alertlog.clock.back"), When: t.T("alertlog.not_yet"), Known: true}
	switch {
	case a.Eased != nil:
		back = step("back", a.Eased.Since, t.T("alertlog.eased"))
	case !a.Open():
		back = step("back", a.Resolved, "")
	}
	return append(steps, back)
}

// course is all that happened to an alert, in order; more: there was more than is told.
func (s *Server) course(ctx context.Context, sc *scene, a *alerts.Alert) (all []alertStep, more bool, err error) {
	changes, err := s.opts.AlertLog.AlertChanges(ctx, a.ID, mostSteps)
	if err != nil {
		return nil, false, fmt.Errorf("listing what happened to an alert: %w", err)
	}
	comments, err := s.opts.AlertLog.EntriesAbout(ctx, a.Site, telemetry.EntryComment, a.ID, mostSteps)
	if err != nil {
		return nil, false, fmt.Errorf("listing the comments about an alert: %w", err)
	}
	for i := range changes {
		if step, ok := sc.stepOf(&changes[i]); ok {
			all = append(all, step)
		}
	}
	for i := range comments {
		e := comments[i].Entry
		all = append(all, alertStep{What: sc.claims(e.Author, e.Claimed), Text: e.Reason, at: comments[i].At})
	}
	slices.SortStableFunc(all, func(x, y alertStep) int { return cmp.Compare(x.at, y.at) })
	for i := range all {
		all[i].When = sc.when(all[i].at)
	}
	return all, len(changes) == mostSteps || len(comments) == mostSteps, nil
}

// stepOf puts a change of an alert into words.
func (t *scene) stepOf(c *alerts.Change) (alertStep, bool) {
	a, step := &c.Alert, alertStep{at: c.At}
	say := func(key string, args ...any) string { return t.T("alertlog.step."+key, args...) }
	switch c.What {
	case alerts.Opened:
		step.What, step.Text = say("opened"), t.texts.Value(t.Tag, a.Kind, &a.Raised)
	case alerts.Taken:
		step.What, step.Text = say("accepted"), t.told(a)
	case alerts.Acknowledged:
		if a.Ack == nil {
			return step, false
		}
		step.What = t.because(t.T("alert.acknowledged", "By", t.claims(a.Ack.By, !a.Ack.Proven), "Until", t.when(a.Ack.Until)), a.Ack.Reason)
	case alerts.Expired:
		step.What = say("expired")
	case alerts.Assigned:
		g := a.Assigned
		if g == nil {
			step.What = say("unassigned")
			break
		}
		key := "assigned"
		switch {
		case g.TakenOver():
			key = "taken_over"
		case g.Handover:
			key = "handover"
		}
		step.What, step.Text = say(key, "By", t.claims(g.By, !g.Proven), "To", g.To), g.Reason
	case alerts.Silenced:
		if a.Silenced == nil {
			return step, false
		}
		step.What, step.Text = say("silenced", "By", t.claims(a.Silenced.By, !a.Silenced.Proven), "Until", t.when(a.Silenced.Until)), a.Silenced.Reason
	case alerts.Called, alerts.Sent, alerts.Shown, alerts.Looked:
		return t.reachingStep(c)
	case alerts.Loud:
		step.What = say("loud")
	case alerts.Resolved:
		step.What = say("resolved")
		if a.Class != rules.ClassService {
			step.Text = t.texts.Value(t.Tag, a.Kind, &a.Explanation)
		}
	default:
		return step, false
	}
	return step, true
}
