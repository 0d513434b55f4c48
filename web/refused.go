package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// againFor bounds how long refused points are sent again in one request.
const againFor = 30 * time.Second

// refusedLimit is how many points a page shows: on a phone one takes 150 pixels.
const refusedLimit = 30

// refusedPage lists the points that InfluxDB refused.
type refusedPage struct {
	frame
	Rows    []refusedRow
	Said    string // what came of sending them again
	SaidBad bool
	Newest  string // empty: this is the page of the newest
	Older   string // empty: there are no older ones
}

type refusedRow struct{ When, At, Site, Device, Line, Reason string }

func (s *Server) refused(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Refused == nil {
		return errNoPage
	}
	lang, in := s.tongues.choose(r), r.URL.Query()
	before, _ := strconv.ParseInt(in.Get("before"), 10, 64) // nonsense is the first page
	points, err := s.opts.Refused.Refused(r.Context(), in.Get("site"), before, refusedLimit+1)
	if err != nil {
		return fmt.Errorf("listing refused points: %w", err)
	}
	p := refusedPage{frame: s.frame(r, lang, lang.T("refused.title"))}
	to := url.Values{}
	if site := in.Get("site"); site != "" {
		to.Set("site", site)
	}
	if before > 0 {
		p.Newest = (&url.URL{Path: "/refused", RawQuery: to.Encode()}).String()
	}
	if len(points) > refusedLimit {
		points = points[:refusedLimit]
		to.Set("before", strconv.FormatInt(points[refusedLimit-1].Number, 10))
		p.Older = "/refused?" + to.Encode()
	}
	if stored, err := strconv.ParseUint(in.Get("stored"), 10, 32); err == nil {
		still, _ := strconv.ParseUint(in.Get("refused"), 10, 32)
		p.Said, p.SaidBad = lang.T("refused.sent", "Stored", lang.Count(stored), "Refused", lang.Count(still)), still > 0
	} else if in.Get("failed") != "" {
		p.Said, p.SaidBad = lang.T("refused.failed"), true
	}
	for _, x := range points {
		v, _ := s.opts.Live.Outline(x.Site)
		sc := s.scene(lang, v)
		sc.zoned = true
		row := refusedRow{When: sc.when(x.When), At: sc.when(x.At), Site: x.Site, Device: x.Device, Line: x.Line, Reason: x.Reason}
		if v != nil {
			row.Site = v.Name
		}
		p.Rows = append(p.Rows, row)
	}
	return s.render(w, http.StatusOK, lang, "refused", p)
}

// sendAgain sends the refused points once more, and shows the page with what came of it.
func (s *Server) sendAgain(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Refused == nil {
		return errNoPage
	}
	ctx, cancel := context.WithTimeout(r.Context(), againFor)
	defer cancel()
	to := url.Values{}
	stored, refused, err := s.opts.Refused.Again(ctx, "")
	if err != nil {
		s.opts.Log.Warn("refused points were not all sent again", "stored", stored, "refused", refused, "err", err)
		to.Set("failed", "1")
	} else {
		to.Set("stored", strconv.Itoa(stored))
		to.Set("refused", strconv.Itoa(refused))
	}
	http.Redirect(w, r, "/refused?"+to.Encode(), http.StatusSeeOther)
	return nil
}

type refusedInput struct {
	Site   string `query:"site" maxLength:"64" doc:"Only this site"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Before int64  `query:"before" minimum:"0" doc:"Only those with a smaller number: the last of the page before"`
}

type apiRefused struct {
	Number int64      `json:"number"`
	When   *time.Time `json:"refused_at,omitempty" doc:"Missing: by an older version"`
	At     time.Time  `json:"at" doc:"Time of the point"`
	Site   string     `json:"site,omitempty"`
	Device string     `json:"device,omitempty"`
	Line   string     `json:"line" doc:"The point, or the one field of it that was refused, in line protocol"`
	Reason string     `json:"reason" doc:"InfluxDB's words"`
}

type apiAgain struct {
	Stored  int `json:"stored" doc:"Points that InfluxDB has taken now, and that are forgotten"`
	Refused int `json:"refused" doc:"Points that it refuses still"`
}

func (s *Server) apiRefused(api huma.API) {
	if s.opts.Refused == nil {
		return
	}
	huma.Register(api, get("/refused", "list-refused-points", "Points that InfluxDB refused for good, the newest first", "gateway"),
		func(ctx context.Context, in *refusedInput) (*apiList[apiRefused], error) {
			ctx, cancel := context.WithTimeout(ctx, apiTimeout)
			defer cancel()
			points, err := s.opts.Refused.Refused(ctx, in.Site, in.Before, in.Limit)
			if err != nil {
				return nil, s.apiError("refused points", err)
			}
			items := make([]apiRefused, 0, len(points))
			for _, p := range points {
				x := apiRefused{Number: p.Number, At: p.At.Time(), Site: p.Site, Device: p.Device, Line: p.Line, Reason: p.Reason}
				if p.When != 0 {
					at := p.When.Time()
					x.When = &at
				}
				items = append(items, x)
			}
			return listOf(items), nil
		})
	huma.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/refused/again", OperationID: "send-refused-points-again", Tags: []string{"gateway"}, Errors: []int{404, 502},
		Summary: "Send the refused points to InfluxDB once more", Description: "After what was wrong was mended. Answers when InfluxDB has taken or refused each of them, within 30 s.",
	}, func(ctx context.Context, in *struct {
		Site string `query:"site" maxLength:"64" doc:"Only this site"`
	}) (*apiOne[apiAgain], error) {
		ctx, cancel := context.WithTimeout(ctx, againFor)
		defer cancel()
		stored, refused, err := s.opts.Refused.Again(ctx, in.Site)
		if err != nil {
			if ctx.Err() != nil {
				return nil, huma.NewError(http.StatusBadGateway, fmt.Sprintf("InfluxDB does not answer about all of them: %d stored, %d refused", stored, refused))
			}
			return nil, s.apiError("refused points", err)
		}
		return &apiOne[apiAgain]{apiAgain{stored, refused}}, nil
	})
}
