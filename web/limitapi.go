package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/telemetry"
)

type apiLimit struct {
	ID       string   `json:"id" example:"zone:waiting-room:capacity" doc:"Tells the number apart from the others of the site"`
	Part     string   `json:"part" enum:"site,zone,rule,level" doc:"What has the number"`
	Of       string   `json:"of" example:"waiting-room" doc:"The id of that"`
	Key      string   `json:"key" example:"capacity"`
	Value    string   `json:"value,omitempty" example:"80" doc:"As the file says it, with its unit where it has one; absent: it is not said"`
	Unit     string   `json:"unit,omitempty" example:"m²"`
	File     string   `json:"file" example:"sites/mpp-gresik.yaml"`
	Line     int      `json:"line" example:"31"`
	Protocol string   `json:"protocol,omitempty" example:"ours" doc:"Id of the protocol whose file says it; absent: the site's own does"`
	Shared   []string `json:"shared,omitempty" doc:"Other sites with the protocol"`
	Fixed    string   `json:"fixed,omitempty" enum:"built_in,shared,written,large" doc:"Why it is not changed from this site: the protocol came with the gateway, other sites have it, only a person can change its expression, or the file is too large; absent: it can be"`
	Version  string   `json:"version,omitempty" doc:"Of the file that is in force: a change with it is refused where somebody was quicker"`
	Differs  bool     `json:"differs,omitempty" doc:"The file on disk is not the one in force: nothing of it is changed until it was reloaded"`
	ReadOnly bool     `json:"read_only,omitempty" doc:"The gateway may not write the file: a change can be checked, and is not put in force"`
}

func apiLimitOf(l *Limit) apiLimit {
	return apiLimit{l.ID, l.Part, l.Of, l.Key, l.Value, l.Unit, l.File, l.Line, l.Protocol, l.Shared, l.Fixed, l.Version, l.Differs, l.ReadOnly}
}

type limitInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Body struct {
		ID      string `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Limit   string `json:"limit" minLength:"1" maxLength:"300" example:"zone:waiting-room:capacity" doc:"The id of the number"`
		Value   string `json:"value" maxLength:"40" example:"70" doc:"With or without its unit; times have one (30m, 4h). Empty: it is not said any more"`
		Version string `json:"version,omitempty" maxLength:"64" doc:"Of the file that was seen; left out: whatever it is"`
		Author  string `json:"author,omitempty" maxLength:"60" example:"kepala MPP" doc:"Who decides. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Reason  string `json:"reason" minLength:"1" maxLength:"200" example:"seats were taken out"`
		Check   bool   `json:"check,omitempty" doc:"Only say what it would be: nothing is changed"`
	}
}

type apiLimitChange struct {
	Limit    string   `json:"limit" example:"zone:waiting-room:capacity"`
	Before   string   `json:"before,omitempty" example:"80"`
	After    string   `json:"after,omitempty" example:"70"`
	Checked  bool     `json:"checked,omitempty" doc:"True: it was only checked, and nothing was changed"`
	Diff     []string `json:"diff,omitempty" doc:"The lines of the file that go (-), come (+) and stand around"`
	Warnings []string `json:"warnings,omitempty" doc:"What gerbang check warns of then and not before"`
	Version  string   `json:"version,omitempty" doc:"Of the file before; of what was only checked"`
	Record   uint64   `json:"record,omitempty" example:"184233" doc:"Journal record that holds who changed it and why"`
}

func (s *Server) apiLimits(api huma.API) {
	huma.Register(api, get("/sites/{site}/limits", "list-limits", "The numbers by which a site is judged, as its files say them, and where each is written", "sites", 404, 409),
		func(ctx context.Context, in *siteInput) (*apiList[apiLimit], error) {
			if _, ok := s.opts.Live.Outline(in.Site); !ok {
				return nil, noSite(in.Site)
			}
			if s.opts.Limits == nil {
				return nil, huma.Error404NotFound("limits are changed in files alone here")
			}
			all, err := s.opts.Limits.Limits(ctx, in.Site)
			if err != nil {
				return nil, s.limitRefusal(nil, err)
			}
			items := make([]apiLimit, 0, len(all))
			for i := range all {
				items = append(items, apiLimitOf(&all[i]))
			}
			return listOf(items), nil
		})
	huma.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/sites/{site}/limits", OperationID: "change-limit", Summary: "Change a number by which a site is judged, in its file, and put it in force",
		Description: "Answers after it is in force and the entry is on disk. Problems are those that gerbang check prints.", Tags: []string{"sites"}, Errors: []int{404, 409, 422, 503}, MaxBodyBytes: maxForm,
	}, func(ctx context.Context, in *limitInput) (*apiOne[apiLimitChange], error) {
		if _, ok := s.opts.Live.Outline(in.Site); !ok {
			return nil, noSite(in.Site)
		}
		if s.opts.Limits == nil {
			return nil, huma.Error404NotFound("limits are changed in files alone here")
		}
		b := &in.Body
		d := &limitDeed{site: in.Site, change: LimitChange{Limit: b.Limit, Value: cleanText(b.Value, maxLimit), Version: b.Version}, what: telemetry.Entry{
			ID: b.ID, Kind: telemetry.EntryLimit, Author: cleanText(b.Author, maxName), Claimed: true, Reason: cleanText(b.Reason, maxReason), Text: b.Limit,
		}}
		d.signed(callerOf(ctx))
		if b.Check {
			if err := d.acceptable(); err != nil {
				return nil, s.limitRefusal(d, err)
			}
			draft, err := s.opts.Limits.Draft(ctx, in.Site, d.change)
			if err != nil {
				return nil, s.limitRefusal(d, err)
			}
			a := apiLimitChange{Limit: b.Limit, Before: draft.Limit.Value, After: draft.After, Checked: true, Warnings: draft.Warnings, Version: draft.Version}
			for _, l := range draft.Diff {
				a.Diff = append(a.Diff, string(l.Sign)+l.Text)
			}
			return &apiOne[apiLimitChange]{a}, nil
		}
		rec, err := s.putLimit(ctx, d)
		if err != nil {
			return nil, s.limitRefusal(d, err)
		}
		return &apiOne[apiLimitChange]{apiLimitChange{Limit: rec.Entry.Text, Before: rec.Entry.Before, After: rec.Entry.After, Record: rec.Seq}}, nil
	})
	huma.Register(api, get("/sites/{site}/limits/changes", "list-limit-changes", "Numbers that people changed, the newest first", "sites", 404), s.apiLimitChanges)
}

type apiLimitEntry struct {
	Limit   string    `json:"limit" example:"zone:waiting-room:capacity"`
	Before  string    `json:"before,omitempty" example:"80"`
	After   string    `json:"after,omitempty" example:"70"`
	Author  string    `json:"author" example:"kepala MPP"`
	Claimed bool      `json:"author_claimed" doc:"True: the author is what the client said of itself"`
	Reason  string    `json:"reason"`
	ID      string    `json:"id"`
	Record  uint64    `json:"record" example:"184233" doc:"Journal record that holds it"`
	At      time.Time `json:"at"`
}

func (s *Server) apiLimitChanges(ctx context.Context, in *decisionsInput) (*apiList[apiLimitEntry], error) {
	if _, ok := s.opts.Live.Outline(in.Site); !ok {
		return nil, noSite(in.Site)
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	records, err := s.opts.Entries.Entries(ctx, in.Site, telemetry.EntryLimit, in.Limit)
	if err != nil {
		return nil, s.apiError("entries", err)
	}
	items := make([]apiLimitEntry, 0, len(records))
	for i := range records {
		e := records[i].Entry
		items = append(items, apiLimitEntry{e.Text, e.Before, e.After, e.Author, e.Claimed, e.Reason, e.ID, records[i].Seq, records[i].At.Time()})
	}
	return listOf(items), nil
}

// limitRefusal tells a program why a limit is not changed.
func (s *Server) limitRefusal(d *limitDeed, err error) error {
	var mistakes *LimitMistakes
	var differ *FilesDiffer
	var late *NotInForceError
	var two *LimitAmbiguous
	var unnoted *NotNotedError
	switch {
	case errors.As(err, &mistakes):
		if d == nil {
			return huma.Error409Conflict("the files on disk have mistakes: " + strings.Join(mistakes.Problems, "; "))
		}
		return huma.Error422UnprocessableEntity("body value: the configuration would have mistakes: " + strings.Join(mistakes.Problems, "; "))
	case errors.As(err, &differ), errors.Is(err, ErrMeanwhile), errors.Is(err, ErrReadOnly), errors.Is(err, ErrNoFiles), errors.Is(err, ErrUsedOtherwise):
		return huma.Error409Conflict(err.Error() + "; nothing was changed")
	case errors.As(err, &late):
		s.opts.Log.Error("a limit could not be put in force", "err", err)
		if late.Back != nil {
			return huma.Error409Conflict("it could not be put in force, and the file could not be put back: it says what is not in force; the gateway's log says why")
		}
		return huma.Error409Conflict("it could not be put in force, and the file is as it was; the gateway's log says why")
	case errors.As(err, &unnoted):
		s.opts.Log.Error("who changed a limit, which is in force, is not noted yet", "err", err)
		return huma.Error503ServiceUnavailable("it is in force; who changed it and why is noted as soon as the journal takes it")
	case errors.Is(err, ErrSame), errors.Is(err, ErrFixed), errors.Is(err, ErrNeeded), errors.As(err, &two):
		return huma.Error422UnprocessableEntity("body value: " + err.Error())
	}
	return s.apiRefusal("limit", err, func(string) string {
		if d == nil {
			return ""
		}
		field, _ := d.problem()
		return field
	})
}
