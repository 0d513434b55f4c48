package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

type evidenceInput struct {
	Site string   `path:"site" maxLength:"64" example:"mpp-gresik"`
	From string   `query:"from" maxLength:"40" example:"2026-11-23" doc:"First day of the site's calendar, or a time. Absent: seven days, up to today"`
	To   string   `query:"to" maxLength:"40" example:"2026-11-29" doc:"Last day, included, or a time, not included"`
	Rule []string `query:"rule" maxItems:"50" doc:"Only these rules; absent: all"`
}

type apiPackPreview struct {
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	AsOf     time.Time `json:"as_of" doc:"What came later is not known in it"`
	Verdicts int       `json:"verdicts" doc:"Changes of verdict, those that stood when the period began included"`
	Alerts   int       `json:"alerts"`
	Policies int       `json:"policies" doc:"Configurations that were in force"`
	Gaps     int       `json:"gaps" doc:"Times in which nobody listened"`
	Again    bool      `json:"judged_again" doc:"gerbang verify can judge its verdicts again"`
}

type packInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Body struct {
		ID     string   `json:"id" format:"uuid" example:"0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11" doc:"Chosen by the client, of the entry that says who took the pack. Sending the same again gives a pack again and makes no second entry"`
		From   string   `json:"from" minLength:"1" maxLength:"40" example:"2026-11-23" doc:"First day of the site's calendar, or a time"`
		To     string   `json:"to" minLength:"1" maxLength:"40" example:"2026-11-29" doc:"Last day, included, or a time, not included"`
		Rules  []string `json:"rules,omitempty" maxItems:"50" doc:"Only these; absent: all"`
		Author string   `json:"author,omitempty" maxLength:"60" example:"inspektorat" doc:"Who takes it. It is kept as a claim: nobody has checked it. Of a caller with an account it is the name of that, whatever is said here"`
		Reason string   `json:"reason,omitempty" maxLength:"200" example:"yearly inspection"`
	}
}

// siteForPack finds the site of a question about packs.
func (s *Server) siteForPack(site string) (*rules.View, error) {
	v, ok := s.opts.Live.Outline(site)
	if !ok {
		return nil, noSite(site)
	}
	if s.opts.Evidence == nil {
		return nil, huma.Error404NotFound("no packs are made here")
	}
	return v, nil
}

func (s *Server) apiEvidence(api huma.API) {
	huma.Register(api, get("/sites/{site}/evidence", "preview-evidence", "What an evidence pack of a period would hold", "sites", 400, 404, 422),
		func(ctx context.Context, in *evidenceInput) (*apiOne[apiPackPreview], error) {
			v, err := s.siteForPack(in.Site)
			if err != nil {
				return nil, err
			}
			q, p, err := s.evidenceOf(v, in.From, in.To, in.Rule)
			if err != nil {
				return nil, s.packError(err)
			}
			ctx, cancel := context.WithTimeout(ctx, apiTimeout)
			defer cancel()
			x, err := s.opts.Evidence.Preview(ctx, q)
			if err != nil {
				return nil, s.packError(err)
			}
			return &apiOne[apiPackPreview]{apiPackPreview{p.from.UTC(), p.until.UTC(), x.AsOf.Time(), x.Verdicts, x.Alerts, x.Policies, x.Gaps, x.Again}}, nil
		})
	huma.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/sites/{site}/evidence", OperationID: "export-evidence", Summary: "Pack what is known of a site's period into one file that gerbang verify checks",
		Description: "Who took the pack, of which period and with which hash, is an entry of the site before the first byte is sent. One pack of a site is made at a time. The header Gerbang-SHA256 has the hash of the file.",
		Tags:        []string{"sites"}, Errors: []int{400, 404, 422, 503}, MaxBodyBytes: maxForm,
		Responses: map[string]*huma.Response{"200": {
			Description: "The pack", Content: map[string]*huma.MediaType{"application/zip": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		}},
	}, func(ctx context.Context, in *packInput) (*huma.StreamResponse, error) {
		v, err := s.siteForPack(in.Site)
		if err != nil {
			return nil, err
		}
		b := &in.Body
		q, p, err := s.evidenceOf(v, b.From, b.To, b.Rules)
		if err != nil {
			return nil, s.packError(err)
		}
		pack, err := s.packedFor(ctx, q, p, telemetry.Entry{ID: b.ID, Author: cleanText(b.Author, maxName), Reason: cleanText(b.Reason, mostPackPurpose)})
		if err != nil {
			return nil, s.packError(err)
		}
		return &huma.StreamResponse{Body: func(out huma.Context) {
			defer func() { _ = pack.Close() }()
			out.SetHeader("Content-Type", "application/zip")
			out.SetHeader("Content-Disposition", fmt.Sprintf("attachment; filename=%q", packName(v.Site, p)))
			out.SetHeader("Content-Length", strconv.FormatInt(pack.Bytes, 10))
			out.SetHeader("Gerbang-SHA256", pack.SHA256)
			_, _ = io.Copy(out.BodyWriter(), pack) // the reader went away; there is nobody to tell
		}}, nil
	})
}

// packError puts why there is no pack into a problem document.
func (s *Server) packError(err error) error {
	if asked, is := errors.AsType[wrong](err); is {
		return huma.Error400BadRequest(asked.Error())
	}
	if key, status := packRefusal(err); key != "" {
		return huma.NewError(status, s.tongues.byTag("en").T(key))
	}
	if _, known := errors.AsType[*fault](err); known {
		return s.apiRefusal("evidence", err, func(string) string { return "" })
	}
	return s.apiError("evidence", err)
}
