package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

type siteHistoryInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik" doc:"The site's id"`
	From string `query:"from" maxLength:"10" example:"2026-11-23" doc:"A day of the site's calendar; six days before the last one if left out"`
	To   string `query:"to" maxLength:"10" example:"2026-11-29" doc:"The last day; today if left out"`
	By   string `query:"by" enum:"hour,day" default:"day" doc:"Into what the period is cut. Hours: at most 62 days; days: at most 400"`
}

type zoneHistoryInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik" doc:"The site's id"`
	Zone string `path:"zone" maxLength:"64" example:"waiting-room" doc:"The zone's id"`
	From string `query:"from" maxLength:"10" example:"2026-11-23" doc:"A day of the site's calendar; six days before the last one if left out"`
	To   string `query:"to" maxLength:"10" example:"2026-11-29" doc:"The last day; today if left out"`
	By   string `query:"by" enum:"hour,day" default:"day" doc:"Into what the period is cut. Hours: at most 62 days; days: at most 400"`
}

// apiPast is what was known of the people in a zone in a part of the past.
type apiPast struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to" doc:"Its end, or now"`
	Known   float64   `json:"known_s" doc:"For so many seconds anybody knew how many people were inside"`
	Unknown float64   `json:"unknown_s"`
	Over    float64   `json:"over_s" doc:"For so many seconds they were above the limit, as was known then"`
	Near    float64   `json:"near_s" doc:"Too close to the limit to tell"`
	Mean    *float64  `json:"mean,omitempty" example:"31.4" doc:"In the time in which anybody knew; absent: nobody did"`
	Peak    *float64  `json:"peak,omitempty" example:"61"`
	PeakAt  time.Time `json:"peak_at,omitzero"`
	Low     *float64  `json:"low,omitempty" example:"58" doc:"At the peak at least so many, in whole people, at 90 % confidence"`
	High    *float64  `json:"high,omitempty" example:"64"`
	Limit   *float64  `json:"limit,omitempty" example:"50" doc:"At the peak; absent: there was none"`
}

func apiPastOf(s *stretch) apiPast {
	a := apiPast{From: s.from.Time(), To: s.until.Time(), Known: s.known.Seconds(), Unknown: s.unknown().Seconds(), Over: s.over.Seconds(), Near: s.near.Seconds()}
	if mean, ok := s.mean(); ok {
		a.Mean = &mean
	}
	if p := &s.peak; p.Known {
		a.Peak, a.PeakAt, a.Low, a.High = &p.Persons, p.At.Time(), &p.Low, &p.High
		if p.HasLimit {
			a.Limit = &p.Limit
		}
	}
	return a
}

func (s *Server) apiHistory(api huma.API) {
	if s.opts.Hours == nil {
		return
	}
	table := func(path, id, summary string) huma.Operation {
		op := get(path, id, summary, "sites", 404, 422)
		op.Responses = map[string]*huma.Response{"200": {Description: "A table", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}}}}
		return op
	}
	huma.Register(api, get("/sites/{site}/history", "get-site-history", "People in the building by days or hours: peak, mean, time above the limit, time in which nobody knew", "sites", 404, 422),
		func(ctx context.Context, in *siteHistoryInput) (*apiList[apiPast], error) {
			return s.apiPasts(ctx, in.Site, "", in.From, in.To, in.By)
		})
	huma.Register(api, get("/sites/{site}/zones/{zone}/history", "get-zone-history", "People in a zone by days or hours: peak, mean, time above the limit, time in which nobody knew", "sites", 404, 422),
		func(ctx context.Context, in *zoneHistoryInput) (*apiList[apiPast], error) {
			return s.apiPasts(ctx, in.Site, in.Zone, in.From, in.To, in.By)
		})
	huma.Register(api, table("/sites/{site}/history.csv", "get-site-history-csv", "The same as a table"), func(ctx context.Context, in *siteHistoryInput) (*csvOutput, error) {
		return s.pastTable(ctx, in.Site, "", in.From, in.To, in.By)
	})
	huma.Register(api, table("/sites/{site}/zones/{zone}/history.csv", "get-zone-history-csv", "The same as a table"), func(ctx context.Context, in *zoneHistoryInput) (*csvOutput, error) {
		return s.pastTable(ctx, in.Site, in.Zone, in.From, in.To, in.By)
	})
}

// pasts are the stretches that a program asks for, with the time zone they were cut in.
func (s *Server) pasts(ctx context.Context, site, zone, from, to, by string) ([]stretch, *time.Location, error) {
	v, ok := s.opts.Live.Outline(site)
	if !ok {
		return nil, nil, huma.Error404NotFound("no such site")
	}
	if _, ok := zoneByID(v, zone); zone != "" && !ok {
		return nil, nil, huma.Error404NotFound("no such zone")
	}
	loc := s.scene(s.tongues[0], v).loc
	p, err := periodOf(from, to, compliance.By(by), s.opts.Now(), loc)
	if err != nil {
		return nil, nil, huma.Error422UnprocessableEntity("query: " + err.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	first, behind := facility.DateOf(p.from.In(loc)), facility.DateOf(p.until.Add(-1).In(loc)).AddDays(1)
	begin, end := telemetry.InstantOf(first.In(loc)), telemetry.InstantOf(behind.In(loc))
	cuts := dayCuts(first, behind, loc)
	if by == "hour" {
		cuts = hourCuts(begin, end)
	}
	parts, err := s.hoursOf(ctx, site, zone, begin, end, cuts)
	if err != nil {
		return nil, nil, s.apiError("history", err)
	}
	now := telemetry.InstantOf(s.opts.Now())
	for i := range parts {
		if parts[i].from >= now {
			return parts[:i], loc, nil
		}
	}
	return parts, loc, nil
}

func (s *Server) apiPasts(ctx context.Context, site, zone, from, to, by string) (*apiList[apiPast], error) {
	parts, _, err := s.pasts(ctx, site, zone, from, to, by)
	if err != nil {
		return nil, err
	}
	items := make([]apiPast, 0, len(parts))
	for i := range parts {
		items = append(items, apiPastOf(&parts[i]))
	}
	return listOf(items), nil
}

func (s *Server) pastTable(ctx context.Context, site, zone, from, to, by string) (*csvOutput, error) {
	parts, loc, err := s.pasts(ctx, site, zone, from, to, by)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"site", "zone", "from", "to", "peak", "peak_at", "low", "high", "limit", "mean", "known_s", "unknown_s", "over_s", "near_s"})
	number := func(f *float64) string {
		if f == nil {
			return ""
		}
		return strconv.FormatFloat(*f, 'f', -1, 64)
	}
	for i := range parts {
		a, at := apiPastOf(&parts[i]), ""
		if a.Peak != nil {
			at = stamp(parts[i].peak.At, loc)
		}
		_ = w.Write([]string{
			safeCell(site), safeCell(zone), stamp(parts[i].from, loc), stamp(parts[i].until, loc), number(a.Peak), at, number(a.Low), number(a.High), number(a.Limit), number(a.Mean),
			number(&a.Known), number(&a.Unknown), number(&a.Over), number(&a.Near),
		})
	}
	w.Flush()
	name := site
	if zone != "" {
		name += "-" + zone
	}
	return &csvOutput{"text/csv; charset=utf-8", `attachment; filename="` + name + `-history.csv"`, b.Bytes()}, nil
}
