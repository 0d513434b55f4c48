package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/telemetry"
)

type countInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Zone string `path:"zone" maxLength:"64" example:"waiting-room" doc:"The zone's id; _site: the whole building"`
	Body struct {
		ID     string     `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Value  float64    `json:"value" minimum:"0" maximum:"100000" multipleOf:"1" example:"48" doc:"How many people are inside"`
		Author string     `json:"author,omitempty" maxLength:"60" example:"satpam pagi" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Reason string     `json:"reason,omitempty" maxLength:"200" example:"walked through"`
		At     *time.Time `json:"at,omitempty" doc:"When it was so; now if left out. Not in the future, and at most seven days ago"`
	}
}

type correctionInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Zone string `path:"zone" maxLength:"64" example:"waiting-room" doc:"The zone's id; _site: the whole building"`
	Body struct {
		ID     string     `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Value  float64    `json:"value" minimum:"-100000" maximum:"100000" multipleOf:"1" example:"-3" doc:"How many people are added; negative: taken away. Not 0, and no more may be taken away than can be inside (persons.high)"`
		Author string     `json:"author,omitempty" maxLength:"60" example:"satpam pagi" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Reason string     `json:"reason" minLength:"1" maxLength:"200" example:"a group left through the fire door"`
		At     *time.Time `json:"at,omitempty" doc:"When it was so; now if left out. Not in the future, and at most seven days ago"`
	}
}

type apiEntry struct {
	ID       string    `json:"id" format:"uuid"`
	Site     string    `json:"site" example:"mpp-gresik"`
	Zone     string    `json:"zone" example:"waiting-room" doc:"_site: the whole building"`
	Kind     string    `json:"kind" enum:"count,correction"`
	Value    float64   `json:"value" example:"48"`
	Author   string    `json:"author" example:"satpam pagi"`
	Claimed  bool      `json:"author_claimed" doc:"True: the author is what the client said of itself"`
	Reason   string    `json:"reason,omitempty"`
	Before   string    `json:"before,omitempty" example:"52 (47–57)" doc:"How many there were, as was known then, with at least and at most; absent: nobody knew, or it is about a time that was past"`
	After    string    `json:"after,omitempty" example:"48"`
	Ends     string    `json:"ends,omitempty" format:"uuid" doc:"The entry that this one takes back"`
	At       time.Time `json:"at"`
	Received time.Time `json:"received"`
	Record   uint64    `json:"record" example:"184233" doc:"Journal record that holds it"`
}

func apiEntryOf(rec *telemetry.Record) apiEntry {
	e := rec.Entry
	a := apiEntry{e.ID, rec.Site, e.Subject, string(e.Kind), e.Value, e.Author, e.Claimed, e.Reason, e.Before, e.After, e.Ends, rec.At.Time(), rec.Received.Time(), rec.Seq}
	if a.Zone == "" {
		a.Zone = wholeSite
	}
	return a
}

func (s *Server) apiEntries(api huma.API) {
	post := func(path, id, summary, description string) huma.Operation {
		return huma.Operation{
			Method: http.MethodPost, Path: "/api/v1/sites/{site}/" + path, OperationID: id, Summary: summary,
			Description: description + " Answers after the entry is on disk.", Tags: []string{"sites"}, Errors: []int{404, 409, 422, 503}, MaxBodyBytes: maxForm,
		}
	}
	huma.Register(api, post("zones/{zone}/count", "enter-count", "Say how many people are inside", "A person counted. The estimate begins anew from there."),
		func(ctx context.Context, in *countInput) (*apiOne[apiEntry], error) {
			b := &in.Body
			return s.apiEnter(ctx, &entered{kind: telemetry.EntryCount, site: in.Site, zone: in.Zone, id: b.ID, value: b.Value, author: b.Author, reason: b.Reason, at: timeOf(b.At)})
		})
	huma.Register(api, post("zones/{zone}/correction", "enter-correction", "Add people, or take them away", "People passed whom no counter saw, or a counter saw who did not pass."),
		func(ctx context.Context, in *correctionInput) (*apiOne[apiEntry], error) {
			b := &in.Body
			return s.apiEnter(ctx, &entered{kind: telemetry.EntryCorrection, site: in.Site, zone: in.Zone, id: b.ID, value: b.Value, author: b.Author, reason: b.Reason, at: timeOf(b.At)})
		})
	huma.Register(api, post("zones/{zone}/undo", "undo-entry", "Take a count or a correction back", "An entry of its own, and a correction: the number is what it would be without, and after a count as unsure as before. Not once people were counted again, or the building was verified empty."),
		func(ctx context.Context, in *undoInput) (*apiOne[apiEntry], error) {
			b := &in.Body
			e := &entered{kind: telemetry.EntryCorrection, site: in.Site, zone: in.Zone, id: b.ID, ends: b.Ends, author: b.Author, reason: b.Reason}
			if _, ok := s.opts.Live.Outline(in.Site); !ok {
				return nil, s.apiEntryError(e, errNoPage)
			}
			if err := s.undoOf(ctx, e); err != nil {
				return nil, s.apiEntryError(e, err)
			}
			return s.apiEnter(ctx, e)
		})
	s.apiCases(api, post)
	s.apiCalibrations(api, post)
	s.apiCounting(api, post)
	s.apiTasks(api)
	huma.Register(api, get("/sites/{site}/zones/{zone}/entries", "list-entries", "Counts and corrections that people entered, the newest first", "sites", 404), s.apiListEntries)
}

type undoInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Zone string `path:"zone" maxLength:"64" example:"waiting-room" doc:"A zone's id, or _site for the whole building"`
	Body struct {
		ID     string `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Ends   string `json:"ends" format:"uuid" doc:"The entry that is to be taken back"`
		Author string `json:"author,omitempty" maxLength:"60" example:"satpam pagi" doc:"Who says so. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Reason string `json:"reason" minLength:"1" maxLength:"200" example:"typed in the wrong zone"`
	}
}

// timeOf is zero for nil, and only for nil: the first moment of the year 1 is no "now".
func timeOf(t *time.Time) time.Time {
	switch {
	case t == nil:
		return time.Time{}
	case t.IsZero():
		return t.Add(1)
	}
	return *t
}

func (s *Server) apiEnter(ctx context.Context, e *entered) (*apiOne[apiEntry], error) {
	rec, err := s.enterByAPI(ctx, e)
	if err != nil {
		return nil, err
	}
	return &apiOne[apiEntry]{apiEntryOf(&rec)}, nil
}

// enterByAPI makes an entry; the error says in English what is wrong, and with which field.
func (s *Server) enterByAPI(ctx context.Context, e *entered) (telemetry.Record, error) {
	e.author, e.reason = cleanText(e.author, maxName), cleanText(e.reason, maxReason)
	rec, err := s.enter(ctx, e)
	if err == nil {
		return rec, nil
	}
	return telemetry.Record{}, s.apiEntryError(e, err)
}

// apiEntryError says to a program why an entry was not made.
func (s *Server) apiEntryError(e *entered, err error) error {
	return s.apiRefusal("entry", err, func(key string) string {
		if field, _ := e.problem(s.opts.Now()); field != "" || key != "entry."+tooFew {
			return field
		}
		return "value"
	})
}

// apiRefusal is why an entry was not made. A program reads English, and which field it is about (empty: none).
func (s *Server) apiRefusal(what string, err error, field func(key string) string) error {
	var f *fault
	if !errors.As(err, &f) {
		return s.apiError(what, err)
	}
	text := s.tongues.byTag("en").T(f.key, f.args...)
	if f.status == http.StatusUnprocessableEntity {
		if about := field(f.key); about != "" {
			text = "body " + about + ": " + text
		}
	}
	err = huma.NewError(f.status, text)
	if f.retry > 0 {
		err = huma.ErrorWithHeaders(err, http.Header{"Retry-After": {strconv.Itoa(f.retry)}})
	}
	return err
}

type entriesInput struct {
	Site  string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Zone  string `path:"zone" maxLength:"64" example:"waiting-room" doc:"The zone's id; _site: the whole building"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s *Server) apiListEntries(ctx context.Context, in *entriesInput) (*apiList[apiEntry], error) {
	v, ok := s.opts.Live.Outline(in.Site)
	if !ok {
		return nil, noSite(in.Site)
	}
	zone := in.Zone
	if zone == wholeSite {
		zone = ""
	} else if _, ok := zoneByID(v, zone); !ok {
		return nil, huma.Error404NotFound("no such zone")
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	records, err := s.opts.Entries.Counts(ctx, in.Site, zone, in.Limit)
	if err != nil {
		return nil, s.apiError("entries", err)
	}
	items := make([]apiEntry, 0, len(records))
	for i := range records {
		items = append(items, apiEntryOf(&records[i]))
	}
	return listOf(items), nil
}
