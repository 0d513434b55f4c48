package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/telemetry"
)

type levelInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Body struct {
		ID     string     `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Level  string     `json:"level" minLength:"1" maxLength:"60" example:"2" doc:"One of the levels of the site's protocols"`
		Author string     `json:"author,omitempty" maxLength:"60" example:"kepala MPP" doc:"Who decides. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Reason string     `json:"reason" minLength:"1" maxLength:"200" example:"cases in the city"`
		Legal  string     `json:"legal,omitempty" maxLength:"120" example:"Inmendagri 33/2022" doc:"Number of the order behind it"`
		From   *time.Time `json:"from,omitempty" doc:"When it begins; now if left out. Not in the past, and at most a year ahead"`
		Until  *time.Time `json:"until,omitempty" doc:"When it ends by itself; open if left out"`
	}
}

type endInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Body struct {
		ID     string `json:"id" format:"uuid" example:"5f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a10" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Ends   string `json:"ends" minLength:"1" maxLength:"60" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"The id of what is taken back"`
		Author string `json:"author,omitempty" maxLength:"60" example:"kepala MPP" doc:"Who decides. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Reason string `json:"reason" minLength:"1" maxLength:"200" example:"the order was withdrawn"`
	}
}

type apiDecision struct {
	ID       string    `json:"id" format:"uuid"`
	Site     string    `json:"site" example:"mpp-gresik"`
	Level    string    `json:"level,omitempty" example:"2" doc:"Absent: it takes another one back, or is no level"`
	Of       string    `json:"of,omitempty" example:"zone:waiting-room" doc:"What maintenance is about; absent: the whole site, or it is none"`
	Ends     string    `json:"ends,omitempty" doc:"The id of what it takes back"`
	From     time.Time `json:"from" doc:"When it begins; of an end, when it was taken back"`
	Until    time.Time `json:"until,omitzero" doc:"Absent: open"`
	Author   string    `json:"author" example:"kepala MPP"`
	Claimed  bool      `json:"author_claimed" doc:"True: the author is what the client said of itself"`
	Reason   string    `json:"reason"`
	Legal    string    `json:"legal,omitempty" example:"Inmendagri 33/2022"`
	Received time.Time `json:"received"`
	Record   uint64    `json:"record" example:"184233" doc:"Journal record that holds it"`
}

func apiDecisionOf(rec *telemetry.Record) apiDecision {
	e := rec.Entry
	return apiDecision{e.ID, rec.Site, e.Text, e.Subject, e.Ends, max(e.From, rec.At).Time(), e.Until.Time(), e.Author, e.Claimed, e.Reason, e.Legal, rec.Received.Time(), rec.Seq}
}

type apiLevel struct {
	Level   string      `json:"level,omitempty" example:"2" doc:"The level that holds; absent: none"`
	Choices []apiChoice `json:"choices" doc:"What can be chosen"`
	Chosen  []apiChosen `json:"chosen" doc:"The levels that people chose and that hold or will hold. Of several the one that began last holds"`
}

type apiChoice struct {
	Level    string  `json:"level" example:"2"`
	Share    float64 `json:"share" example:"0.75" doc:"Of the full limits"`
	Protocol string  `json:"protocol" example:"PPKM, Inmendagri 33/2022"`
}

type apiChosen struct {
	ID    string    `json:"id"`
	Level string    `json:"level" example:"2"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"`
}

func (s *Server) apiLevels(api huma.API) {
	huma.Register(api, get("/sites/{site}/level", "get-level", "The level that holds, and what can be chosen", "sites", 404), func(_ context.Context, in *siteInput) (*apiOne[apiLevel], error) {
		v, ok := s.opts.Live.Outline(in.Site)
		if !ok {
			return nil, noSite(in.Site)
		}
		a := apiLevel{Level: v.Level, Choices: []apiChoice{}, Chosen: []apiChosen{}}
		for _, c := range v.Levels {
			a.Choices = append(a.Choices, apiChoice(c))
		}
		for _, c := range v.Chosen {
			a.Chosen = append(a.Chosen, apiChosen{c.Entry, c.Level, c.From.Time(), c.Until.Time()})
		}
		return &apiOne[apiLevel]{a}, nil
	})
	post := func(path, id, summary string) huma.Operation {
		return huma.Operation{
			Method: http.MethodPost, Path: "/api/v1/sites/{site}/" + path, OperationID: id, Summary: summary,
			Description: "Answers after the entry is on disk.", Tags: []string{"sites"}, Errors: []int{404, 409, 422, 503}, MaxBodyBytes: maxForm,
		}
	}
	huma.Register(api, post("level", "choose-level", "Choose the level of a site, from now or later on"), func(ctx context.Context, in *levelInput) (*apiOne[apiDecision], error) {
		b := &in.Body
		return s.apiDecide(ctx, &standing{in.Site, telemetry.Entry{
			ID: b.ID, Kind: telemetry.EntryLevel, Author: b.Author, Claimed: true, Reason: b.Reason, Text: b.Level, Legal: cleanText(b.Legal, maxLegal),
			From: instantOf(b.From), Until: instantOf(b.Until),
		}})
	})
	huma.Register(api, post("level/end", "end-level", "Take a chosen level back, before or after it began"), func(ctx context.Context, in *endInput) (*apiOne[apiDecision], error) {
		b := &in.Body
		return s.apiDecide(ctx, &standing{in.Site, telemetry.Entry{ID: b.ID, Kind: telemetry.EntryLevel, Author: b.Author, Claimed: true, Reason: b.Reason, Ends: b.Ends}})
	})
	s.apiMaintenance(api, post)
	s.apiRehearsals(api)
	huma.Register(api, get("/sites/{site}/levels", "list-levels", "Levels that people chose and took back, the newest first", "sites", 404), s.apiDecisions(telemetry.EntryLevel))
}

// instantOf is 0 for nil.
func instantOf(t *time.Time) telemetry.Instant {
	if t == nil {
		return 0
	}
	return max(1, telemetry.InstantOf(*t))
}

func (s *Server) apiDecide(ctx context.Context, d *standing) (*apiOne[apiDecision], error) {
	d.what.Author, d.what.Reason = cleanText(d.what.Author, maxName), cleanText(d.what.Reason, maxReason)
	rec, err := s.enter(ctx, d)
	if err != nil {
		return nil, s.apiRefusal("site", err, func(string) string {
			v, ok := s.opts.Live.Outline(d.site)
			if !ok {
				return ""
			}
			field, _ := d.problem(v, s.opts.Now())
			return field
		})
	}
	return &apiOne[apiDecision]{apiDecisionOf(&rec)}, nil
}

type decisionsInput struct {
	Site  string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s *Server) apiDecisions(kind telemetry.EntryKind) func(context.Context, *decisionsInput) (*apiList[apiDecision], error) {
	return func(ctx context.Context, in *decisionsInput) (*apiList[apiDecision], error) {
		if _, ok := s.opts.Live.Outline(in.Site); !ok {
			return nil, noSite(in.Site)
		}
		ctx, cancel := context.WithTimeout(ctx, apiTimeout)
		defer cancel()
		records, err := s.opts.Entries.Entries(ctx, in.Site, kind, in.Limit)
		if err != nil {
			return nil, s.apiError("entries", err)
		}
		items := make([]apiDecision, 0, len(records))
		for i := range records {
			items = append(items, apiDecisionOf(&records[i]))
		}
		return listOf(items), nil
	}
}

type maintenanceInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Body struct {
		ID     string     `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Of     string     `json:"of,omitempty" maxLength:"80" example:"zone:waiting-room" doc:"zone:ID, door:ID, device:ID or rule:ID; absent: the whole site"`
		Author string     `json:"author,omitempty" maxLength:"60" example:"PT Teknik" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Reason string     `json:"reason" minLength:"1" maxLength:"200" example:"air conditioning"`
		From   *time.Time `json:"from,omitempty" doc:"When it begins; now if left out"`
		Until  *time.Time `json:"until" doc:"When it ends, at most 31 days after its begin"`
	}
}

type apiUpkeep struct {
	ID     string    `json:"id,omitempty" doc:"Of the entry; absent: it is planned in the configuration"`
	Of     string    `json:"of,omitempty" example:"zone:waiting-room"`
	From   time.Time `json:"from,omitzero"`
	Until  time.Time `json:"until"`
	Author string    `json:"author,omitempty" example:"PT Teknik"`
	Reason string    `json:"reason,omitempty"`
}

func (s *Server) apiMaintenance(api huma.API, post func(path, id, summary string) huma.Operation) {
	huma.Register(api, get("/sites/{site}/maintenance", "get-maintenance", "What is under maintenance now, or will be by an entry: nothing of it is judged, and readings stay visible", "sites", 404),
		func(_ context.Context, in *siteInput) (*apiList[apiUpkeep], error) {
			v, ok := s.opts.Live.Outline(in.Site)
			if !ok {
				return nil, noSite(in.Site)
			}
			var items []apiUpkeep
			for _, m := range v.Maintenance {
				u := apiUpkeep{ID: m.Entry, From: m.From.Time(), Until: m.Until.Time(), Author: m.By, Reason: m.Reason}
				if m.Scope.Kind != "" {
					u.Of = string(m.Scope.Kind) + ":" + m.Scope.ID
				}
				items = append(items, u)
			}
			return listOf(items), nil
		})
	huma.Register(api, post("maintenance", "begin-maintenance", "Say that a part of a site is under maintenance, from now or later on"), func(ctx context.Context, in *maintenanceInput) (*apiOne[apiDecision], error) {
		b := &in.Body
		return s.apiDecide(ctx, &standing{in.Site, telemetry.Entry{
			ID: b.ID, Kind: telemetry.EntryMaintenance, Author: b.Author, Claimed: true, Reason: b.Reason, Subject: b.Of, From: instantOf(b.From), Until: instantOf(b.Until),
		}})
	})
	huma.Register(api, post("maintenance/end", "end-maintenance", "Say that maintenance is over, or will not be"), func(ctx context.Context, in *endInput) (*apiOne[apiDecision], error) {
		b := &in.Body
		return s.apiDecide(ctx, &standing{in.Site, telemetry.Entry{ID: b.ID, Kind: telemetry.EntryMaintenance, Author: b.Author, Claimed: true, Reason: b.Reason, Ends: b.Ends}})
	})
	huma.Register(api, get("/sites/{site}/maintenances", "list-maintenance", "Maintenance that people entered and ended, the newest first", "sites", 404), s.apiDecisions(telemetry.EntryMaintenance))
}
