package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

type alertLogInput struct {
	Site     string `query:"site" maxLength:"64" doc:"Only this site"`
	Zone     string `query:"zone" maxLength:"64" doc:"Only this zone of the site"`
	Kind     string `query:"kind" maxLength:"40" example:"capacity" doc:"Only rules of this kind"`
	State    string `query:"state" enum:"open,taken,silenced,over" doc:"open: nobody works on it"`
	Severity string `query:"severity" enum:"critical,warning,info"`
	Day      string `query:"day" maxLength:"10" example:"2026-11-24" doc:"A day of each site's calendar: what was open at any time in it. Absent: what is open, and what was in the last seven days"`
	At       string `query:"at" maxLength:"5" example:"10:15" doc:"A time of that day: only what was open then"`
	Limit    int    `query:"limit" minimum:"1" maximum:"2000" default:"500"`
	Language string `header:"Accept-Language" doc:"Language of sentences: id or en"`
}

func (in *alertLogInput) values() url.Values {
	return url.Values{"site": {in.Site}, "zone": {in.Zone}, "kind": {in.Kind}, "state": {in.State}, "severity": {in.Severity}, "day": {in.Day}, "at": {in.At}}
}

type apiAssignment struct {
	To       string    `json:"to" example:"satpam malam"`
	By       string    `json:"by"`
	Remark   string    `json:"remark,omitempty"`
	At       time.Time `json:"at"`
	Handover bool      `json:"handover" doc:"All that was open at the site was given at once"`
}

type apiSilence struct {
	ID     string    `json:"id" doc:"Of the entry: what ends it names it"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	Until  time.Time `json:"until"`
}

// apiClock is the response clock. What is absent is not known, or has not happened yet.
type apiClock struct {
	Raised       time.Time `json:"raised"`
	Accepted     time.Time `json:"accepted,omitzero" doc:"A router took it"`
	Shown        time.Time `json:"shown,omitzero" doc:"A device has shown it to somebody"`
	Opened       time.Time `json:"opened,omitzero" doc:"Somebody has opened it"`
	Acknowledged time.Time `json:"acknowledged,omitzero" doc:"For the first time"`
	Back         time.Time `json:"back_within,omitzero"`
}

// apiStep is something that happened to an alert.
type apiStep struct {
	At   time.Time `json:"at"`
	What string    `json:"what" doc:"In the language of Accept-Language"`
	Text string    `json:"text,omitempty"`
}

type apiWhole struct {
	Alert  apiAlert  `json:"alert"`
	Course []apiStep `json:"course" doc:"All that happened to it, in order, comments too"`
	More   bool      `json:"more,omitempty" doc:"More happened than is told here: at most 2,000 comments, and as many other steps"`
}

// surround adds what is recorded around an alert.
func (l *apiAlert) surround(sc *scene, a *alerts.Alert) {
	l.State, l.Told, l.Calls, l.Drill = stateOf(a), a.Told, apiCallsOf(sc, a), a.Drill != nil
	c := a.Clock()
	l.Clock = apiClock{
		Raised: c.Raised.Time(), Accepted: c.Accepted.Time(), Shown: c.Shown.Time(), Opened: c.Opened.Time(), Acknowledged: c.Acknowledged.Time(), Back: c.Back.Time(),
	}
	_, l.Advice = sc.demand(a)
	if g := a.Assigned; g != nil {
		l.Assigned = &apiAssignment{g.To, g.By, g.Reason, g.At.Time(), g.Handover}
	}
	if q := a.Silenced; q != nil {
		l.Silenced = &apiSilence{q.Entry, q.By, q.Reason, q.At.Time(), q.Until.Time()}
	}
}

type alertInput struct {
	Alert    string `path:"alert" maxLength:"200" doc:"The alert's id"`
	Language string `header:"Accept-Language" doc:"Language of sentences: id or en"`
}

type commentInput struct {
	Alert string `path:"alert" maxLength:"200" doc:"The alert's id"`
	Body  struct {
		ID     string `json:"id" format:"uuid" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Author string `json:"author,omitempty" maxLength:"60" example:"satpam pagi" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Text   string `json:"text" minLength:"1" maxLength:"500" example:"The side door was open"`
	}
}

type assignInput struct {
	Alert string `path:"alert" maxLength:"200" doc:"The alert's id"`
	Body  struct {
		ID     string `json:"id" format:"uuid" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Author string `json:"author,omitempty" maxLength:"60" example:"satpam pagi" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		To     string `json:"to" maxLength:"60" example:"Budi" doc:"Empty: nobody's any more"`
		Remark string `json:"remark,omitempty" maxLength:"500"`
	}
}

type silenceInput struct {
	Alert string `path:"alert" maxLength:"200" doc:"The alert's id"`
	Body  struct {
		ID      string `json:"id" format:"uuid" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Author  string `json:"author,omitempty" maxLength:"60" example:"kepala MPP" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Reason  string `json:"reason" minLength:"1" maxLength:"500" example:"the sensor is being repaired"`
		Minutes int    `json:"minutes" minimum:"1" maximum:"10080" doc:"How long. What is critical at most 60"`
	}
}

type endSilenceInput struct {
	Alert string `path:"alert" maxLength:"200" doc:"The alert's id"`
	Body  struct {
		ID     string `json:"id" format:"uuid" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Author string `json:"author,omitempty" maxLength:"60" example:"kepala MPP" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
		Ends   string `json:"ends" minLength:"1" maxLength:"60" doc:"The id of the silence"`
	}
}

type handoverInput struct {
	Body struct {
		ID     string `json:"id" format:"uuid" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Author string `json:"author,omitempty" maxLength:"60" example:"satpam pagi" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		To     string `json:"to" minLength:"1" maxLength:"60" example:"satpam malam"`
		Remark string `json:"remark,omitempty" maxLength:"500" example:"the side door sticks"`
		Site   string `json:"site,omitempty" maxLength:"64" doc:"Absent: all sites"`
	}
}

// apiDeed is an entry about an alert, as it stands in the journal.
type apiDeed struct {
	ID       string    `json:"id"`
	Site     string    `json:"site,omitempty"`
	Alert    string    `json:"alert,omitempty" doc:"Absent: all that was open at the site"`
	Kind     string    `json:"kind" enum:"comment,assign,handover,silence"`
	Author   string    `json:"author"`
	Claimed  bool      `json:"author_claimed" doc:"True: the author is what the client said of itself"`
	Text     string    `json:"text,omitempty" doc:"The comment, the remark, the reason"`
	To       string    `json:"to,omitempty"`
	Until    time.Time `json:"until,omitzero"`
	Received time.Time `json:"received"`
	Record   uint64    `json:"record" doc:"Journal record that holds it"`
	Handover string    `json:"handover,omitempty" format:"uuid" doc:"Of taking a shift over: the entry that handed it over"`
}

func apiDeedOf(rec *telemetry.Record) apiDeed {
	e := rec.Entry
	return apiDeed{e.ID, rec.Site, e.Subject, string(e.Kind), e.Author, e.Claimed, e.Reason, e.Text, e.Until.Time(), rec.Received.Time(), rec.Seq, ""}
}

func (s *Server) apiAlertLog(api huma.API) {
	huma.Register(api, get("/alerts/log", "list-alert-log", "Alerts, open and past, with who was told and what was done; the newest first", "alerts", 422), s.apiListAlerts)
	table := get("/alerts.csv", "get-alerts-csv", "The same as a table", "alerts", 422)
	table.Responses = map[string]*huma.Response{"200": {Description: "A table", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}}}}
	huma.Register(api, table, s.apiAlertTable)
	huma.Register(api, get("/alerts/{alert}", "get-alert", "One alert, with all that happened to it", "alerts", 404), s.apiGetAlert)
	post := func(path, id, summary string) huma.Operation {
		return huma.Operation{
			Method: http.MethodPost, Path: "/api/v1/alerts/" + path, OperationID: id, Summary: summary, Description: "Answers after the entry is on disk.", Tags: []string{"alerts"},
			Errors: []int{404, 409, 422, 503}, MaxBodyBytes: maxForm,
		}
	}
	huma.Register(api, post("{alert}/comment", "comment-alert", "Say something about an alert, open or past"), func(ctx context.Context, in *commentInput) (*apiOne[apiDeed], error) {
		b := &in.Body
		return s.apiDo(ctx, in.Alert, telemetry.Entry{ID: b.ID, Kind: telemetry.EntryComment, Author: b.Author, Reason: b.Text})
	})
	huma.Register(api, post("{alert}/assign", "assign-alert", "Give an open alert to a person"), func(ctx context.Context, in *assignInput) (*apiOne[apiDeed], error) {
		b := &in.Body
		return s.apiDo(ctx, in.Alert, telemetry.Entry{ID: b.ID, Kind: telemetry.EntryAssign, Author: b.Author, Text: cleanText(b.To, maxName), Reason: b.Remark})
	})
	huma.Register(api, post("{alert}/silence", "silence-alert", "Notify nobody of an open alert, and of what its rule raises again about the same, for a while. It is recorded and shown all the same"), func(ctx context.Context, in *silenceInput) (*apiOne[apiDeed], error) {
		b := &in.Body
		until := telemetry.InstantOf(s.opts.Now().Add(time.Duration(b.Minutes) * time.Minute))
		return s.apiDo(ctx, in.Alert, telemetry.Entry{ID: b.ID, Kind: telemetry.EntrySilence, Author: b.Author, Reason: b.Reason, Until: until})
	})
	huma.Register(api, post("{alert}/silence/end", "end-silence", "End a silence before its time"), func(ctx context.Context, in *endSilenceInput) (*apiOne[apiDeed], error) {
		b := &in.Body
		return s.apiDo(ctx, in.Alert, telemetry.Entry{ID: b.ID, Kind: telemetry.EntrySilence, Author: b.Author, Reason: b.Reason, Ends: b.Ends})
	})
	huma.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/sites/{site}/handover/take", OperationID: "take-over-shift", Summary: "Take a shift that was handed over: all that is open at the site is yours",
		Description: "Answers after the entry is on disk. 409: somebody has taken it already, or there is no such handover.", Tags: []string{"alerts"}, Errors: []int{404, 409, 422, 503}, MaxBodyBytes: maxForm,
	}, s.apiTakeOver)
	huma.Register(api, post("handover", "hand-over-alerts", "Give all open alerts of a site, or of all sites, to a person"), func(ctx context.Context, in *handoverInput) (*apiList[apiDeed], error) {
		b := &in.Body
		d := &alertDeed{what: telemetry.Entry{
			ID: strings.ToLower(b.ID), Kind: telemetry.EntryHandover, Claimed: true, Author: cleanText(b.Author, maxName), Text: cleanText(b.To, maxName), Reason: cleanText(b.Remark, maxComment),
		}}
		made, err := s.handOverAll(ctx, d, b.Site)
		if err != nil {
			return nil, s.apiRefusal("alerts", err, func(string) string { return "" })
		}
		items := make([]apiDeed, 0, len(made))
		for i := range made {
			items = append(items, apiDeedOf(&made[i]))
		}
		return listOf(items), nil
	})
}

type takeoverInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Body struct {
		ID       string `json:"id" format:"uuid" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Handover string `json:"handover" format:"uuid" doc:"The entry that handed the shift over"`
		Author   string `json:"author,omitempty" maxLength:"60" example:"satpam malam" doc:"Who takes it. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
	}
}

// apiTakeOver takes a shift that was handed over.
func (s *Server) apiTakeOver(ctx context.Context, in *takeoverInput) (*apiOne[apiDeed], error) {
	d := takeoverOf(in.Site, in.Body.ID, in.Body.Handover, cleanText(in.Body.Author, maxName))
	if _, ok := s.opts.Live.Outline(in.Site); !ok {
		return nil, huma.Error404NotFound("no such site")
	}
	rec, err := s.enter(ctx, d)
	if err != nil {
		return nil, s.apiRefusal("site", err, func(string) string { return "" })
	}
	one := apiDeedOf(&rec)
	one.Alert, one.Handover = "", rec.Entry.Subject
	return &apiOne[apiDeed]{one}, nil
}

// apiDo makes an entry about an alert.
func (s *Server) apiDo(ctx context.Context, id string, e telemetry.Entry) (*apiOne[apiDeed], error) {
	a, ok, err := s.opts.AlertLog.Alert(ctx, id)
	switch {
	case err != nil:
		return nil, s.apiError("alert", err)
	case !ok:
		return nil, huma.Error404NotFound("no such alert")
	}
	e.ID, e.Subject, e.Claimed, e.Author, e.Reason = strings.ToLower(e.ID), a.ID, true, cleanText(e.Author, maxName), cleanText(e.Reason, maxComment)
	d := &alertDeed{site: a.Site, alert: &a, what: e}
	rec, err := s.enter(ctx, d)
	if err != nil {
		return nil, s.apiRefusal("alert", err, func(string) string {
			field, _ := d.problem(s)
			return field
		})
	}
	return &apiOne[apiDeed]{apiDeedOf(&rec)}, nil
}

// apiAlertLogList is a list that says where it ends early.
type apiAlertLogList struct {
	Body struct {
		Items []apiAlert `json:"items"`
		More  bool       `json:"more" doc:"There are, or may be, more than these: ask for a day, a site, or with a higher limit"`
	}
}

type alertTable struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	More        bool   `header:"Gerbang-More" doc:"There are, or may be, more than these"`
	Body        []byte
}

// apiFound lists the alerts that are asked for; more: there are, or may be, others.
func (s *Server) apiFound(ctx context.Context, in *alertLogInput) (found []alerts.Alert, more bool, err error) {
	f, err := alertFilterOf(in.values(), facility.DateOf(s.opts.Now().In(s.commonZone(in.Site))))
	if err != nil {
		return nil, false, s.misaskedAPI(err)
	}
	found, more, err = s.matching(ctx, &f)
	if err != nil {
		return nil, false, s.apiError("alerts", err)
	}
	return found[:min(len(found), in.Limit)], more || len(found) > in.Limit, nil
}

func (s *Server) apiListAlerts(ctx context.Context, in *alertLogInput) (*apiAlertLogList, error) {
	found, more, err := s.apiFound(ctx, in)
	if err != nil {
		return nil, err
	}
	items := make([]apiAlert, 0, len(found))
	for i := range found {
		v, _ := s.opts.Live.Outline(found[i].Site)
		items = append(items, apiAlertOf(s.in(in.Language, v), &found[i]))
	}
	out := &apiAlertLogList{}
	out.Body.Items, out.Body.More = items, more
	return out, nil
}

func (s *Server) apiGetAlert(ctx context.Context, in *alertInput) (*apiOne[apiWhole], error) {
	a, ok, err := s.opts.AlertLog.Alert(ctx, in.Alert)
	switch {
	case err != nil:
		return nil, s.apiError("alert", err)
	case !ok:
		return nil, huma.Error404NotFound("no such alert")
	}
	v, _ := s.opts.Live.Outline(a.Site)
	sc := s.in(in.Language, v)
	steps, more, err := s.course(ctx, sc, &a)
	if err != nil {
		return nil, s.apiError("alert", err)
	}
	whole := apiWhole{Alert: apiAlertOf(sc, &a), Course: make([]apiStep, 0, len(steps)), More: more}
	for _, x := range steps {
		whole.Course = append(whole.Course, apiStep{x.at.Time(), x.What, x.Text})
	}
	return &apiOne[apiWhole]{whole}, nil
}

// apiAlertTable writes the alerts as a table for a spreadsheet.
func (s *Server) apiAlertTable(ctx context.Context, in *alertLogInput) (*alertTable, error) {
	found, more, err := s.apiFound(ctx, in)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"id", "site", "zone", "rule", "kind", "severity", "subject", "name", "opened", "resolved", "state", "raised", "worst", "last", "accepted", "told", "shown", "opened", "acknowledged", "by", "reason", "assigned_to", "silenced_until", "text"})
	moment := func(at telemetry.Instant, loc *time.Location) string {
		if at == 0 {
			return ""
		}
		return stamp(at, loc)
	}
	number := func(m *apiMoment) string {
		if m == nil {
			return ""
		}
		return strconv.FormatFloat(m.Value, 'f', -1, 64)
	}
	for i := range found {
		a := &found[i]
		loc := s.zoneOf(a)
		v, _ := s.opts.Live.Outline(a.Site)
		text, _ := s.in(in.Language, v).demand(a)
		acknowledged, by, reason, to, quiet := "", "", "", "", ""
		if all := a.Acknowledgements(); len(all) > 0 {
			acknowledged, by, reason = moment(all[0].At, loc), all[0].By, all[0].Reason
		}
		if a.Assigned != nil {
			to = a.Assigned.To
		}
		if a.Silenced != nil {
			quiet = moment(a.Silenced.Until, loc)
		}
		row := []string{
			a.ID, a.Site, a.Zone, a.Rule, a.Kind, string(a.Severity), a.Subject.String(), a.SubjectName, moment(a.Opened, loc), moment(a.Resolved, loc), stateOf(a),
			number(apiMomentOf(&a.Raised)), number(apiMomentOf(&a.Worst)), number(apiMomentOf(&a.Explanation)), moment(a.Accepted, loc), strings.Join(a.Told, " "), moment(a.Shown, loc), moment(a.Looked, loc), acknowledged, by, reason, to, quiet, text,
		}
		for c, cell := range row {
			if _, err := strconv.ParseFloat(cell, 64); err != nil {
				row[c] = safeCell(cell)
			}
		}
		_ = w.Write(row)
	}
	w.Flush()
	name := "alerts.csv"
	if more { // whoever opens the file sees no header of an answer
		name = fmt.Sprintf("alerts-first-%d.csv", len(found))
	}
	return &alertTable{"text/csv; charset=utf-8", fmt.Sprintf("attachment; filename=%q", name), more, b.Bytes()}, nil
}
