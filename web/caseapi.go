package web

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

type apiCase struct {
	ID       string    `json:"id" example:"thermo-1-1767596400000" doc:"The device and when it opened the case; nothing that says who it was"`
	Door     string    `json:"door,omitempty" example:"main" doc:"Absent: the thermometer hangs at no door"`
	Device   string    `json:"device" example:"thermo-1"`
	Rule     string    `json:"rule" example:"suhu-tubuh"`
	Value    float64   `json:"value" example:"37.9" doc:"Temperature of the first check, the device's offset added, Cel"`
	Limit    float64   `json:"limit" example:"37.3"`
	Opened   time.Time `json:"opened"`
	Due      time.Time `json:"due" doc:"When the second check is to be made"`
	Overdue  time.Time `json:"overdue" doc:"From when on a reading at the door is the second check no more"`
	State    string    `json:"state" enum:"waiting,due,overdue,confirmed,closed" doc:"confirmed: too warm at the second check, a refusal is wanted"`
	Second   *float64  `json:"second,omitempty" example:"36.8" doc:"Temperature of the second check; absent: there was none"`
	Checked  time.Time `json:"checked,omitzero" doc:"When the second check was made"`
	Closed   time.Time `json:"closed,omitzero"`
	How      string    `json:"closed_by,omitempty" enum:"reading,person,time" doc:"time: nobody said how it ended"`
	Outcome  string    `json:"outcome,omitempty" enum:"cleared,refused,unmeasured" doc:"What a person said last, else what the second check showed; absent: nobody said, or it is open"`
	Outcomes int       `json:"outcomes_entered" doc:"How often a person said how it ended"`
}

func apiCaseOf(c *rules.CaseView) apiCase {
	a := apiCase{
		ID: c.ID, Door: c.Door, Device: c.Device, Rule: c.Rule, Value: c.Value, Limit: c.Limit, Opened: c.Opened.Time(), Due: c.Due.Time(),
		Overdue: c.Overdue.Time(), State: string(c.State), Checked: c.Checked.Time(), Closed: c.Closed.Time(), How: string(c.How), Outcome: string(c.Outcome),
		Outcomes: c.Words,
	}
	if c.Checked != 0 {
		a.Second = &c.Second
	}
	return a
}

// caseCounts is how the cases of some time ended.
type caseCounts struct {
	Opened     int `json:"opened" doc:"All of them"`
	Open       int `json:"open"`
	Cleared    int `json:"cleared"`
	Refused    int `json:"refused"`
	Unmeasured int `json:"unmeasured" doc:"Left before the second check, as a person said"`
	Unsaid     int `json:"unsaid" doc:"Nobody said how it ended"`
}

// countCases counts the cases of a day, also those that the view leaves out; a zero day: of all that there are.
func countCases(all []rules.CaseView, v *rules.View, day facility.Date) caseCounts {
	var sum rules.CaseTally
	for i := range all {
		sum.Add(&all[i])
	}
	for _, cut := range v.CasesCut {
		if day.IsZero() || cut.Day == day {
			sum.Open, sum.Cleared, sum.Refused = sum.Open+cut.Open, sum.Cleared+cut.Cleared, sum.Refused+cut.Refused
			sum.Unmeasured, sum.Unsaid = sum.Unmeasured+cut.Unmeasured, sum.Unsaid+cut.Unsaid
		}
	}
	n := caseCounts{Open: sum.Open, Cleared: sum.Cleared, Refused: sum.Refused, Unmeasured: sum.Unmeasured, Unsaid: sum.Unsaid}
	n.Opened = n.Open + n.Cleared + n.Refused + n.Unmeasured + n.Unsaid
	return n
}

// casesOf are the cases of a view that were opened on a day of the site's calendar; a zero day: all that it has.
func casesOf(v *rules.View, day facility.Date, loc *time.Location) []rules.CaseView {
	if day.IsZero() {
		return v.Cases
	}
	var of []rules.CaseView
	for i := range v.Cases {
		if facility.DateOf(v.Cases[i].Opened.In(loc)) == day {
			of = append(of, v.Cases[i])
		}
	}
	return of
}

type casesInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Day  string `query:"day" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}$" example:"2026-01-05" doc:"Those that were opened on this day of the site's calendar, one of the last seven; all seven if left out"`
}

type caseList struct {
	Body struct {
		Items  []apiCase  `json:"items" doc:"The oldest first"`
		Counts caseCounts `json:"counts"`
	}
}

func (s *Server) apiListCases(_ context.Context, in *casesInput) (*caseList, error) {
	v, ok := s.opts.Live.Outline(in.Site)
	if !ok {
		return nil, noSite(in.Site)
	}
	var day facility.Date
	if in.Day != "" {
		d, err := facility.ParseDate(in.Day)
		if err != nil {
			return nil, huma.Error422UnprocessableEntity("query day: want a day that exists")
		}
		day = d
	}
	all := casesOf(v, day, s.scene(s.tongues[0], v).loc)
	out := &caseList{}
	out.Body.Items, out.Body.Counts = make([]apiCase, 0, len(all)), countCases(all, v, day)
	for i := range all {
		out.Body.Items = append(out.Body.Items, apiCaseOf(&all[i]))
	}
	return out, nil
}

type outcomeInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Case string `path:"case" maxLength:"100" example:"thermo-1-1767596400000"`
	Body struct {
		ID      string     `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Outcome string     `json:"outcome" enum:"cleared,refused,unmeasured" doc:"unmeasured: left before the second check"`
		Author  string     `json:"author,omitempty" maxLength:"60" example:"satpam pagi" doc:"Who of the staff says so, never a visitor. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		At      *time.Time `json:"at,omitempty" doc:"When it ended; now if left out. Not in the future, and at most seven days ago"`
	}
}

type apiOutcome struct {
	ID       string    `json:"id" format:"uuid"`
	Site     string    `json:"site" example:"mpp-gresik"`
	Case     string    `json:"case" example:"thermo-1-1767596400000"`
	Outcome  string    `json:"outcome" enum:"cleared,refused,unmeasured"`
	Author   string    `json:"author" example:"satpam pagi"`
	Claimed  bool      `json:"author_claimed" doc:"True: the author is what the client said of itself"`
	At       time.Time `json:"at"`
	Received time.Time `json:"received"`
	Record   uint64    `json:"record" example:"184233" doc:"Journal record that holds it"`
}

// apiCases mounts the cases. The law wants no identity, and there is no field for one: not even for a reason in free words.
func (s *Server) apiCases(api huma.API, post func(path, id, summary, description string) huma.Operation) {
	list := get("/sites/{site}/cases", "list-cases", "People who were too warm, without identity: how far the second check has come, and how it ended", "sites", 404)
	huma.Register(api, list, s.apiListCases)
	huma.Register(api, post("cases/{case}/outcome", "enter-outcome", "Say how a case ended", "Closes a case that is open. Of one that is closed it says how it really ended; the last word counts."),
		func(ctx context.Context, in *outcomeInput) (*apiOne[apiOutcome], error) {
			b := &in.Body
			outcome, _ := rules.ParseOutcome(b.Outcome)
			rec, err := s.enterByAPI(ctx, &entered{kind: telemetry.EntryOutcome, site: in.Site, caseID: in.Case, outcome: outcome, id: b.ID, author: b.Author, at: timeOf(b.At)})
			if err != nil {
				return nil, err
			}
			e := rec.Entry
			return &apiOne[apiOutcome]{apiOutcome{e.ID, rec.Site, e.Subject, e.Text, e.Author, e.Claimed, rec.At.Time(), rec.Received.Time(), rec.Seq}}, nil
		})
}
