package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

type complianceInput struct {
	Site     string `path:"site" maxLength:"64" example:"mpp-gresik" doc:"The site's id"`
	From     string `query:"from" maxLength:"40" example:"2026-11-23" doc:"A day of the site's calendar, or a time (RFC 3339); six days before the last one if left out"`
	To       string `query:"to" maxLength:"40" example:"2026-11-29" doc:"The last day, which belongs to the period, or a time, which does not; today if left out"`
	By       string `query:"by" enum:"hour,day,total" default:"day" doc:"Into what the period is cut: hours and days of the site's clocks"`
	Known    string `query:"known" maxLength:"40" default:"now" example:"2026-11-30T08:00:00+07:00" doc:"As it is known now; as it was known of each moment then; or as all was known at a time (RFC 3339)"`
	Language string `header:"Accept-Language" doc:"Language of sentences: id or en"`
}

type fleetComplianceInput struct {
	From     string `query:"from" maxLength:"40" example:"2026-11-23" doc:"A day of each site's calendar, or a time"`
	To       string `query:"to" maxLength:"40" example:"2026-11-29" doc:"The last day, or a time"`
	Known    string `query:"known" maxLength:"40" default:"now" doc:"now, then, or a time (RFC 3339)"`
	After    string `query:"after" maxLength:"64" doc:"Sites behind this one, for the next page"`
	Limit    int    `query:"limit" minimum:"1" maximum:"200" default:"100" doc:"So many sites"`
	Language string `header:"Accept-Language" doc:"Language of sentences: id or en"`
}

// apiTimes is how long it was what, in seconds.
type apiTimes struct {
	Open     float64 `json:"open_s" doc:"While the site was open: within, breached, near, unknown and idle together"`
	Within   float64 `json:"within_s"`
	Breached float64 `json:"breached_s"`
	Near     float64 `json:"near_s" doc:"Measured, and too close to the limit to tell. Not kept"`
	Unknown  float64 `json:"unknown_s" doc:"Nobody knew: silence, a gap of the gateway, a sensor that cannot be believed"`
	Idle     float64 `json:"idle_s" doc:"There was nothing to judge: not in force, not due, nobody came"`
	Closed   float64 `json:"closed_s" doc:"While the site was closed"`
	After    float64 `json:"breached_closed_s" doc:"What of closed it was breached"`
	// Maintenance stands apart: who reads idle must see what of it somebody declared.
	Maintenance float64 `json:"maintenance_s" doc:"What of idle it was under maintenance: nothing was judged, because a person or the plan says so"`

	Kept     *float64 `json:"kept,omitempty" example:"0.982" doc:"within ÷ (within + breached + near). Absent: nobody observed anything"`
	Observed *float64 `json:"observed,omitempty" example:"0.97" doc:"(within + breached + near) ÷ (open − idle). Absent: nothing was asked"`
}

func apiTimesOf(t compliance.Times) apiTimes {
	a := apiTimes{
		Open: t.Open.Seconds(), Within: t.Within.Seconds(), Breached: t.Breached.Seconds(), Near: t.Near.Seconds(), Unknown: t.Unknown.Seconds(),
		Idle: t.Idle.Seconds(), Closed: t.Closed.Seconds(), After: t.After.Seconds(),
		Maintenance: t.Maintenance.Seconds(),
	}
	if kept, ok := t.Kept(); ok {
		a.Kept = &kept
	}
	if share, ok := t.Share(); ok {
		a.Observed = &share
	}
	return a
}

// apiFigure is a site's compliance figure.
type apiFigure struct {
	State    string   `json:"state" enum:"within,breached,near,unknown,idle" doc:"The worst that any measure was"`
	Kept     *float64 `json:"kept,omitempty" example:"0.982" doc:"Of the worst measure. Absent: unknown, nobody observed anything"`
	Near     *float64 `json:"near,omitempty" example:"0.01" doc:"Of the worst measure's observed time, the share in which it was too close to its limit to tell. Absent: unknown"`
	Breached *float64 `json:"breached,omitempty" example:"0.008" doc:"The share in which it was breached. Kept, near and breached add up to 1"`
	Observed *float64 `json:"observed,omitempty" example:"0.97" doc:"The share of the opening time of all measures in which anybody knew"`
	Rule     string   `json:"worst_rule,omitempty" example:"kapasitas"`
	Subject  string   `json:"worst_subject,omitempty" example:"zone/waiting-room"`
	Measures int      `json:"measures" doc:"So many were asked"`
	Fully    int      `json:"kept_fully" doc:"So many were kept all the time in which they were observed"`
	Blind    int      `json:"not_observed" doc:"So many nobody observed"`
	Sentence string   `json:"sentence" doc:"All of this in words"`
}

func (t *tongue) apiFigureOf(r *compliance.Report, f *compliance.Figure) apiFigure {
	a := apiFigure{State: f.State.String(), Measures: f.Measures, Fully: f.Fully, Blind: f.Blind, Sentence: t.figure(r, f)}
	if f.Known {
		m := &r.Measures[f.Worst]
		a.Kept, a.Near, a.Breached, a.Rule, a.Subject = &f.Kept, &f.Near, &f.Broken, m.Rule, m.Subject.String()
	}
	if f.Asked {
		a.Observed = &f.Observed
	}
	return a
}

type apiPart struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Figure apiFigure `json:"figure"`
}

type apiMeasure struct {
	Rule    string     `json:"rule" example:"kapasitas"`
	Kind    string     `json:"kind" example:"capacity"`
	Class   string     `json:"class" example:"breach"`
	Counts  bool       `json:"counts" doc:"False: about a device, or a finding such as a fever. It is added up, and does not count for the site's figure"`
	Subject string     `json:"subject" example:"zone/waiting-room"`
	Name    string     `json:"name" doc:"What people call rule and subject"`
	Legal   string     `json:"legal,omitempty"`
	Total   apiTimes   `json:"total"`
	Parts   []apiTimes `json:"parts" doc:"Of each part of the period"`
}

// apiRevision is a time about which late data changed what is known.
type apiRevision struct {
	Rule     string            `json:"rule"`
	Subject  string            `json:"subject"`
	From     time.Time         `json:"from"`
	To       time.Time         `json:"to"`
	Then     string            `json:"then" enum:"within,breached,near,unknown,idle"`
	Now      string            `json:"now" enum:"within,breached,near,unknown,idle"`
	Told     time.Time         `json:"told,omitzero" doc:"When what changed it was received"`
	Record   uint64            `json:"record,omitempty" doc:"The journal record that changed it"`
	Readings []apiLateEvidence `json:"readings,omitempty" doc:"The readings that the new verdict rests on"`
}

type apiLateEvidence struct {
	Device   string    `json:"device"`
	Quantity string    `json:"quantity,omitempty"`
	At       time.Time `json:"at"`
	Value    float64   `json:"value"`
	Record   uint64    `json:"record,omitempty"`
}

type apiCompliance struct {
	Site      string        `json:"site"`
	Name      string        `json:"name"`
	Timezone  string        `json:"timezone"`
	From      time.Time     `json:"from"`
	To        time.Time     `json:"to" doc:"The end of the period, or up to when anything can be known of it"`
	Known     string        `json:"known" doc:"now, then, or the moment whose knowledge this is"`
	Method    string        `json:"method" doc:"How the figure is made, in one sentence"`
	Figure    apiFigure     `json:"figure"`
	Parts     []apiPart     `json:"parts"`
	Measures  []apiMeasure  `json:"measures"`
	Revisions []apiRevision `json:"revisions" doc:"Where late data says something else now than was known; only of an older knowledge"`
}

type apiSiteFigure struct {
	Site     string    `json:"site"`
	Name     string    `json:"name"`
	Timezone string    `json:"timezone"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Figure   apiFigure `json:"figure"`
}

type fleetCompliance struct {
	Body struct {
		Method string          `json:"method"`
		Items  []apiSiteFigure `json:"items"`
		Next   string          `json:"next,omitempty" doc:"The site to ask behind for more; absent: there are no more"`
	}
}

type csvOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// apiCompliance mounts what adds up.
func (s *Server) apiCompliance(api huma.API) {
	if s.opts.Histories == nil {
		return
	}
	huma.Register(api, get("/sites/{site}/compliance", "get-compliance", "How long each measure was kept, and how much of it anybody observed", "compliance", 404, 422, 503), s.apiSiteCompliance)
	csvOf := func(path, id, summary string, write func(*scene, *complianceInput, *compliance.Input, *compliance.Report) []byte) {
		op := get(path, id, summary, "compliance", 404, 422, 503)
		op.Responses = map[string]*huma.Response{"200": {Description: "A table", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}}}}
		huma.Register(api, op, func(ctx context.Context, in *complianceInput) (*csvOutput, error) {
			sc, input, report, err := s.asked(ctx, in)
			if err != nil {
				return nil, err
			}
			return &csvOutput{"text/csv; charset=utf-8", `attachment; filename="` + in.Site + "-" + id + `.csv"`, write(sc, in, input, report)}, nil
		})
	}
	csvOf("/sites/{site}/compliance.csv", "get-compliance-csv", "The same as a table: a line for each measure and part", writeTimes)
	csvOf("/sites/{site}/intervals.csv", "get-intervals-csv", "The history that the sums are made of: a line for each interval, cut where the site opens and closes", writeIntervals)
	huma.Register(api, get("/compliance", "list-compliance", "Every site's figure, one row each", "compliance", 422, 503), s.apiFleetCompliance)
}

// complianceError is what a caller is told.
func (s *Server) complianceError(err error) error {
	if w, ok := errors.AsType[wrong](err); ok {
		return huma.Error422UnprocessableEntity(string(w))
	}
	switch {
	case errors.Is(err, ErrTooMuch):
		return huma.Error422UnprocessableEntity("the period has more changes of verdict than are added up at once: ask for a shorter one")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return huma.Error503ServiceUnavailable("the gateway is busy, or the period is long: ask again, or for a shorter one")
	}
	return s.apiError("compliance", err)
}

// asked makes the report that a caller asks for.
func (s *Server) asked(ctx context.Context, in *complianceInput) (*scene, *compliance.Input, *compliance.Report, error) {
	v, ok := s.opts.Live.Outline(in.Site)
	if !ok {
		return nil, nil, nil, noSite(in.Site)
	}
	sc := s.in(in.Language, v)
	p, err := periodOf(in.From, in.To, compliance.By(in.By), sc.now, sc.loc)
	if err == nil {
		err = p.knownAt(in.Known, sc.now)
	}
	if err != nil {
		return nil, nil, nil, s.complianceError(err)
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	input, report, err := s.report(ctx, in.Site, &p, false)
	if err != nil {
		return nil, nil, nil, s.complianceError(err)
	}
	return sc, input, report, nil
}

func (s *Server) apiSiteCompliance(ctx context.Context, in *complianceInput) (*apiOne[apiCompliance], error) {
	sc, _, r, err := s.asked(ctx, in)
	if err != nil {
		return nil, err
	}
	out := apiCompliance{
		Site: r.Site, Name: sc.view.Name, Timezone: r.Location.String(), From: r.From.Time(), To: r.Until.Time(), Known: cmp.Or(in.Known, "now"),
		Method: sc.T("compliance.method"), Figure: sc.apiFigureOf(r, &r.Figure), Parts: []apiPart{}, Measures: []apiMeasure{}, Revisions: []apiRevision{},
	}
	for i, p := range r.Parts {
		out.Parts = append(out.Parts, apiPart{p.From.Time(), p.Until.Time(), sc.apiFigureOf(r, &r.Figures[i])})
	}
	for i := range r.Measures {
		m := &r.Measures[i]
		a := apiMeasure{
			Rule: m.Rule, Kind: m.Kind, Class: string(m.Class), Counts: m.Counts(), Subject: m.Subject.String(), Name: sc.measureName(m), Legal: m.Legal,
			Total: apiTimesOf(m.Times), Parts: make([]apiTimes, len(m.Parts)),
		}
		for k := range m.Parts {
			a.Parts[k] = apiTimesOf(m.Parts[k])
		}
		out.Measures = append(out.Measures, a)
	}
	if out.Known != "now" {
		if out.Revisions, err = s.revisions(ctx, in, r); err != nil {
			return nil, s.complianceError(err)
		}
	}
	return &apiOne[apiCompliance]{out}, nil
}

// mostRevisions bounds how many differences one answer tells.
const mostRevisions = 1000

// revisions tells where an older knowledge differs from what is known now, and which readings came late.
func (s *Server) revisions(ctx context.Context, in *complianceInput, then *compliance.Report) ([]apiRevision, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	p := period{from: then.From.Time(), until: then.Until.Time(), by: compliance.Total}
	all := []apiRevision{}
	if !p.from.Before(p.until) {
		return all, nil
	}
	input, now, err := s.report(ctx, in.Site, &p, true)
	if err != nil {
		return nil, err
	}
	for _, d := range compliance.Differences(then, now) {
		if len(all) == mostRevisions {
			break
		}
		a := apiRevision{Rule: d.Rule, Subject: d.Subject.String(), From: d.From.Time(), To: d.Until.Time(), Then: d.Then.String(), Now: d.Now.String()}
		if d.Change >= 0 {
			t := &input.Transitions[d.Change]
			a.Told, a.Record = t.Told.Time(), t.Record
			for _, e := range t.Explanation.Evidence {
				a.Readings = append(a.Readings, lateEvidenceOf(&e))
			}
		}
		all = append(all, a)
	}
	return all, nil
}

func lateEvidenceOf(e *rules.Evidence) apiLateEvidence {
	a := apiLateEvidence{Device: e.Device, At: e.At.Time(), Value: e.Value, Record: e.Record}
	if e.Quantity != telemetry.NoQuantity {
		a.Quantity = e.Quantity.String()
	}
	return a
}

// apiFleetCompliance goes through the sites by id. A site whose figure cannot be made within the time ends the page.
func (s *Server) apiFleetCompliance(ctx context.Context, in *fleetComplianceInput) (*fleetCompliance, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	out := &fleetCompliance{}
	out.Body.Items = []apiSiteFigure{}
	views := s.viewsFor(ctx, accounts.Review)
	first, found := slices.BinarySearchFunc(views, in.After, func(v rules.View, id string) int { return cmp.Compare(v.Site, id) })
	if found {
		first++
	}
	for i := first; i < len(views); i++ {
		sc := s.in(in.Language, &views[i])
		out.Body.Method = sc.T("compliance.method")
		if len(out.Body.Items) == in.Limit {
			out.Body.Next = out.Body.Items[in.Limit-1].Site
			break
		}
		p, err := periodOf(in.From, in.To, compliance.Total, sc.now, sc.loc)
		if err == nil {
			err = p.knownAt(in.Known, sc.now)
		}
		if err == nil && p.until.Sub(p.from) > (mostFleetDays*24+1)*time.Hour {
			err = wrong(fmt.Sprintf("the period has more than %d days, which is as much as is added up of all sites", mostFleetDays))
		}
		if err != nil {
			return nil, s.complianceError(err)
		}
		_, r, err := s.report(ctx, views[i].Site, &p, false)
		if errors.Is(err, context.DeadlineExceeded) && len(out.Body.Items) > 0 {
			out.Body.Next = out.Body.Items[len(out.Body.Items)-1].Site
			break
		}
		if err != nil {
			return nil, s.complianceError(err)
		}
		out.Body.Items = append(out.Body.Items, apiSiteFigure{
			Site: r.Site, Name: views[i].Name, Timezone: r.Location.String(), From: r.From.Time(), To: r.Until.Time(), Figure: sc.apiFigureOf(r, &r.Figure),
		})
	}
	return out, nil
}

// writeTimes writes the sums, one line for each measure and part, and one for the whole period.
func writeTimes(_ *scene, in *complianceInput, _ *compliance.Input, r *compliance.Report) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"site", "rule", "kind", "counts", "subject", "from", "to", "open_s", "within_s", "breached_s", "near_s", "unknown_s", "idle_s", "closed_s", "breached_closed_s", "kept", "observed", "maintenance_s"})
	line := func(m *compliance.Measure, p compliance.Span, t compliance.Times) {
		kept, observed := "", ""
		if v, ok := t.Kept(); ok {
			kept = strconv.FormatFloat(v, 'f', 6, 64)
		}
		if v, ok := t.Share(); ok {
			observed = strconv.FormatFloat(v, 'f', 6, 64)
		}
		_ = w.Write([]string{
			r.Site, safeCell(m.Rule), m.Kind, strconv.FormatBool(m.Counts()), m.Subject.String(), stamp(p.From, r.Location), stamp(p.Until, r.Location), seconds(t.Open), seconds(t.Within),
			seconds(t.Breached), seconds(t.Near), seconds(t.Unknown), seconds(t.Idle), seconds(t.Closed), seconds(t.After), kept, observed, seconds(t.Maintenance),
		})
	}
	for i := range r.Measures {
		m := &r.Measures[i]
		if in.By == string(compliance.Total) {
			line(m, compliance.Span{From: r.From, Until: r.Until}, m.Times)
			continue
		}
		for k := range m.Parts {
			line(m, r.Parts[k], m.Parts[k])
		}
	}
	w.Flush()
	return b.Bytes()
}

// writeIntervals writes the history that the sums are made of, cut where the site opens and closes.
func writeIntervals(_ *scene, _ *complianceInput, in *compliance.Input, r *compliance.Report) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"site", "rule", "subject", "counts", "from", "to", "seconds", "open", "state", "reason", "told", "late", "record"})
	for i := range r.Measures {
		m := &r.Measures[i]
		for _, p := range r.Pieces(m) {
			told, late, record := "", "", ""
			if p.Change >= 0 {
				t := &in.Transitions[p.Change]
				told, late, record = stamp(t.Told, r.Location), strconv.FormatBool(t.Late), strconv.FormatUint(t.Record, 10)
			}
			_ = w.Write([]string{
				r.Site, safeCell(m.Rule), m.Subject.String(), strconv.FormatBool(m.Counts()), stamp(p.From, r.Location), stamp(p.Until, r.Location), seconds(p.Until.Sub(p.From)),
				strconv.FormatBool(p.Open), p.State.String(), string(p.Reason), told, late, record,
			})
		}
	}
	w.Flush()
	return b.Bytes()
}

// stamp writes a time with all its digits and its distance to UTC.
func stamp(at telemetry.Instant, loc *time.Location) string {
	return at.In(loc).Format(time.RFC3339Nano)
}

// seconds writes a time exactly.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

// safeCell keeps a spreadsheet from taking a text for a formula: one that begins with a sign of formulas, also behind space, which some take
// away, and as the wide characters of East Asian keyboards.
func safeCell(text string) string {
	bare := strings.TrimLeft(text, " \t\r\n\x00\u00a0\u3000\ufeff")
	if text != "" && (strings.IndexAny(bare, "=+-@＝＋－＠") == 0 || strings.ContainsRune("\t\r\n\x00", rune(text[0]))) {
		return "'" + text
	}
	return text
}
