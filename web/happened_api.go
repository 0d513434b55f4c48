package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/telemetry"
)

type eventsInput struct {
	Site     string `path:"site" maxLength:"64" example:"mpp-gresik" doc:"The site's id"`
	Zone     string `query:"zone" maxLength:"64" example:"waiting-room" doc:"Only what concerns this zone"`
	From     string `query:"from" maxLength:"10" example:"2026-11-23" doc:"A day of the site's calendar; six days before the last one if left out"`
	To       string `query:"to" maxLength:"10" example:"2026-11-29" doc:"The last day; today if left out. At most 62 days"`
	Language string `header:"Accept-Language" doc:"Language of sentences: id or en"`
}

// apiEvent is something that happened at a site.
type apiEvent struct {
	At      time.Time `json:"at" doc:"When it was so: of a level that was planned, when it began to hold"`
	Kind    string    `json:"kind" enum:"alert,task,note,count,correction,level,limit,file,silence,maintenance,outcome,handover,calibration,accuracy,drift,direction" doc:"alert: one was raised. The others are what people did; file: the site's file was changed, as for a device"`
	Part    string    `json:"part,omitempty" example:"zone:waiting-room" doc:"What of the site it is about; absent: the site"`
	What    string    `json:"what" example:"Counted by hand" doc:"In the language of Accept-Language"`
	By      string    `json:"by,omitempty" example:"satpam pagi" doc:"Absent: nobody is named, as of a button"`
	Claimed bool      `json:"by_claimed,omitempty" doc:"True: it is what the client said of itself"`
	Why     string    `json:"why,omitempty"`
	Before  string    `json:"before,omitempty" example:"52 (47–57)" doc:"What was changed; absent: not said"`
	After   string    `json:"after,omitempty" example:"48" doc:"Into what"`
	ID      string    `json:"id,omitempty" doc:"Of the entry, or of the alert"`
}

type eventList struct {
	Body struct {
		Items []apiEvent `json:"items"`
		More  bool       `json:"more" doc:"There are, or may be, more than these: ask for a shorter time. Of each kind at most 600 are listed, the newest"`
	}
}

func (s *Server) apiHappened(api huma.API) {
	huma.Register(api, get("/sites/{site}/events", "list-events", "What happened at a site: alerts, and what people counted, corrected, did, changed and silenced, with before and after; the oldest first", "sites", 404, 422), s.apiEvents)
	table := get("/sites/{site}/events.csv", "get-events-csv", "The same as a table", "sites", 404, 422)
	table.Responses = map[string]*huma.Response{"200": {Description: "A table", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}}}}
	huma.Register(api, table, s.apiEventTable)
}

// eventsOf lists what a program asks for, with the scene in whose words it is.
func (s *Server) eventsOf(ctx context.Context, in *eventsInput) ([]happening, *scene, error) {
	v, ok := s.opts.Live.Outline(in.Site)
	if !ok {
		return nil, nil, huma.Error404NotFound("no such site")
	}
	if _, ok := zoneByID(v, in.Zone); in.Zone != "" && !ok {
		return nil, nil, huma.Error404NotFound("no such zone")
	}
	sc := s.in(in.Language, v)
	p, err := periodOf(in.From, in.To, compliance.ByHour, s.opts.Now(), sc.loc)
	if err != nil {
		return nil, nil, huma.Error422UnprocessableEntity("query: " + err.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	all, err := s.happened(ctx, sc, in.Zone, telemetry.InstantOf(p.from), telemetry.InstantOf(p.until))
	if err != nil {
		return nil, nil, s.apiError("events", err)
	}
	return all, sc, nil
}

func (s *Server) apiEvents(ctx context.Context, in *eventsInput) (*eventList, error) {
	all, _, err := s.eventsOf(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &eventList{}
	out.Body.Items = make([]apiEvent, 0, len(all))
	kinds := map[string]int{}
	for i := range all {
		h := &all[i]
		out.Body.Items = append(out.Body.Items, apiEvent{h.at.Time(), h.kind, h.part, h.what, h.who, h.claimed, h.why, h.before, h.after, h.id})
		kinds[h.kind]++
		out.Body.More = out.Body.More || kinds[h.kind] >= mostHappened
	}
	return out, nil
}

func (s *Server) apiEventTable(ctx context.Context, in *eventsInput) (*csvOutput, error) {
	all, sc, err := s.eventsOf(ctx, in)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"at", "kind", "part", "what", "by", "by_claimed", "why", "before", "after", "id"})
	for i := range all {
		h := &all[i]
		claimed := ""
		if h.claimed {
			claimed = "true"
		}
		row := []string{stamp(h.at, sc.loc), h.kind, h.part, h.what, h.who, claimed, h.why, h.before, h.after, h.id}
		for c := 2; c < len(row); c++ {
			row[c] = safeCell(row[c])
		}
		_ = w.Write(row)
	}
	w.Flush()
	return &csvOutput{"text/csv; charset=utf-8", `attachment; filename="` + in.Site + `-events.csv"`, b.Bytes()}, nil
}
