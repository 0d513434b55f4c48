package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// apiTimeout bounds what one call may ask of the journal.
const apiTimeout = 10 * time.Second

type apiList[T any] struct {
	Body struct {
		Items []T `json:"items"`
	}
}

type apiOne[T any] struct{ Body T }

func listOf[T any](items []T) *apiList[T] {
	out := &apiList[T]{}
	out.Body.Items = items
	if items == nil {
		out.Body.Items = []T{}
	}
	return out
}

type siteInput struct {
	Site     string `path:"site" maxLength:"64" example:"mpp-gresik" doc:"The site's id"`
	Language string `header:"Accept-Language" doc:"Language of sentences: id or en"`
}

type listInput struct {
	Site     string `query:"site" maxLength:"64" doc:"Only this site"`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Language string `header:"Accept-Language" doc:"Language of sentences: id or en"`
}

// api mounts the JSON API and its OpenAPI document. There is no page of documentation: it would load from elsewhere.
func (s *Server) api(mux humago.Mux) error {
	config := huma.DefaultConfig("Gerbang", "1")
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil // no $schema links: they point to the path that is off
	config.Info.Description = "What a Gerbang gateway knows: sites, zones, verdicts with their explanations, devices, tasks, alerts, rejections and raw readings."
	config.Servers = []*huma.Server{{URL: cmp.Or(string(s.base), "/")}}
	if s.opts.Token != "" {
		config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
		config.Security = []map[string][]string{{"token": {}}}
	}
	api := humago.New(mux, config)
	api.UseMiddleware(onlyKnown(api))
	s.apiSites(api)
	s.apiEntries(api)
	s.apiLevels(api)
	s.apiLimits(api)
	s.apiDevices(api)
	s.apiEvidence(api)
	s.apiWhatIf(api)
	s.apiAlerts(api)
	s.apiAlertLog(api)
	s.apiReach(api)
	s.apiHistory(api)
	s.apiHappened(api)
	s.apiGateway(api)
	s.apiReadings(api)
	s.apiRefused(api)
	s.apiCompliance(api)
	s.apiRanking(api)

	documentGate(api.OpenAPI())
	// Marshalled once, before anyone asks: the document never changes while the server runs.
	document, err := json.MarshalIndent(api.OpenAPI(), "", " ")
	if err != nil {
		return fmt.Errorf("encoding the OpenAPI document: %w", err)
	}
	s.document = document
	return nil
}

// documentGate adds to each operation what is answered before it is asked: by the gate, by onlyKnown, and to a body that is no JSON.
func documentGate(document *huma.OpenAPI) {
	schema := document.Components.Schemas.Schema(reflect.TypeFor[huma.ErrorModel](), true, "ErrorModel")
	table := map[string]route{}
	for _, rt := range routeTable() {
		table[rt.pattern] = rt
	}
	for path, item := range document.Paths {
		for method, op := range map[string]*huma.Operation{http.MethodGet: item.Get, http.MethodPost: item.Post} {
			if op == nil {
				continue
			}
			statuses := []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError}
			if method == http.MethodPost {
				statuses = append(statuses, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
			}
			if table[method+" "+path].at == ofAlert {
				statuses = append(statuses, http.StatusServiceUnavailable)
			}
			for _, status := range statuses {
				code := strconv.Itoa(status)
				if op.Responses[code] == nil {
					op.Responses[code] = &huma.Response{Description: http.StatusText(status), Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}}
				}
			}
			delete(op.Responses, "default") // all that there is has a name now
		}
	}
}

// openAPI is the API's description of itself.
func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(s.document)
	return nil
}

func get(path, id, summary, tag string, errs ...int) huma.Operation {
	return huma.Operation{Method: http.MethodGet, Path: "/api/v1" + path, OperationID: id, Summary: summary, Tags: []string{tag}, Errors: errs}
}

// apiError turns a port's error into a problem document. The cause of a 500 goes to the log only.
func (s *Server) apiError(what string, err error) error {
	if errors.Is(err, ErrNotFound) {
		return huma.Error404NotFound(what + ": not found")
	}
	s.opts.Log.Error("answering the API failed", "what", what, "err", err)
	return huma.Error500InternalServerError("the gateway could not answer; its log says why")
}

// misaskedAPI says to a program what is wrong with a parameter that a page takes as well.
func (s *Server) misaskedAPI(err error) error {
	f, ok := errors.AsType[*fault](err)
	if !ok {
		return s.apiError("query", err)
	}
	return huma.Error422UnprocessableEntity("query: " + f.say(s.tongues.byTag("en")))
}

// in makes the scene of a site in the language a caller accepts.
func (s *Server) in(accept string, v *rules.View) *scene {
	r := &http.Request{Header: http.Header{"Accept-Language": {accept}}, URL: &url.URL{}}
	return s.scene(s.tongues.choose(r), v)
}

func (s *Server) apiSites(api huma.API) {
	huma.Register(api, get("/sites", "list-sites", "Sites by id, a page at a time", "sites"), s.apiListSites)
	huma.Register(api, get("/sites/{site}", "get-site", "One site", "sites", 404), func(_ context.Context, in *siteInput) (*apiOne[apiSite], error) {
		v, ok := s.opts.Live.Outline(in.Site)
		if !ok {
			return nil, noSite(in.Site)
		}
		return &apiOne[apiSite]{apiSiteOf(&standingsOf([]rules.View{*v}, s.opts.Now())[0], s.opts.Alerts.Open())}, nil
	})
	ofSite(s, api, "zones", "Zones with people, limit and advice", func(sc *scene) []apiZone { return apiZonesOf(sc.view) })
	ofSite(s, api, "doors", "Doors with today's counts", func(sc *scene) []apiDoor { return apiDoorsOf(sc.view) })
	ofSite(s, api, "devices", "Devices and when they were heard", func(sc *scene) []apiDevice { return apiDevicesOf(sc.view) })
	ofSite(s, api, "tasks", "Duties: last done, next due", func(sc *scene) []apiTask { return apiTasksOf(sc.view) })
	ofSite(s, api, "verdicts", "Every rule's verdict with its explanation", apiVerdictsOf)

	huma.Register(api, get("/sites/{site}/zones/{zone}/occupancy", "get-occupancy", "People in a zone over a local day, each value until the next; quiet minutes have none", "sites", 404), s.apiOccupancy)
}

// ofSite registers a list that is read from a site's view.
func ofSite[T any](s *Server, api huma.API, name, summary string, items func(*scene) []T) {
	huma.Register(api, get("/sites/{site}/"+name, "list-"+name, summary, "sites", 404, 503), func(_ context.Context, in *siteInput) (*apiList[T], error) {
		v, err := s.apiJudged(in.Site)
		if err != nil {
			return nil, err
		}
		return listOf(items(s.in(in.Language, v))), nil
	})
}

// apiJudged is a site with its verdicts, or the problem that says why there is none.
func (s *Server) apiJudged(site string) (*rules.View, error) {
	v, err := s.judgedView(site)
	switch {
	case errors.Is(err, errVerdicts):
		busy := huma.Error503ServiceUnavailable("the gateway is busy and cannot give this site's verdicts just now; ask again")
		return nil, huma.ErrorWithHeaders(busy, http.Header{"Retry-After": {strconv.Itoa(errVerdicts.retry)}})
	case err != nil:
		return nil, noSite(site)
	}
	return v, nil
}

// noSite says which site there is not.
func noSite(id string) error {
	return huma.Error404NotFound(fmt.Sprintf("no such site: %q; /api/v1/sites lists those that there are", id))
}

// onlyKnown refuses a query with a parameter that the operation does not have, and names those that it has: a mistyped one must not be
// answered as if it had not been asked.
func onlyKnown(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		var names []string
		for _, p := range ctx.Operation().Parameters {
			if p.In == "query" {
				names = append(names, p.Name)
			}
		}
		asked := ctx.URL()
		for _, name := range slices.Sorted(maps.Keys(asked.Query())) {
			if slices.Contains(names, name) {
				continue
			}
			known := "it has none"
			if len(names) > 0 {
				slices.Sort(names)
				known = "it has " + strings.Join(names, ", ")
			}
			_ = huma.WriteErr(api, ctx, http.StatusUnprocessableEntity, fmt.Sprintf("no query parameter is called %q here: %s", cleanText(name, 40), known))
			return
		}
		next(ctx)
	}
}

type occupancyInput struct {
	Site string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Zone string `path:"zone" maxLength:"64" example:"waiting-room"`
	Day  string `query:"day" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}$" example:"2026-01-05" doc:"A day of the site's calendar; today if left out"`
}

// apiOccupancy lists the minutes in which something changed.
func (s *Server) apiOccupancy(ctx context.Context, in *occupancyInput) (*apiOne[apiDay], error) {
	v, ok := s.opts.Live.Outline(in.Site)
	if !ok {
		return nil, noSite(in.Site)
	}
	if _, ok := zoneByID(v, in.Zone); !ok {
		return nil, huma.Error404NotFound("no such zone")
	}
	sc := s.scene(s.tongues[0], v)
	day := facility.DateOf(sc.now.In(sc.loc))
	if in.Day != "" {
		d, err := facility.ParseDate(in.Day)
		if err != nil {
			return nil, huma.Error422UnprocessableEntity("query day: want a day that exists")
		}
		day = d
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	from, end := telemetry.InstantOf(day.In(sc.loc)), min(telemetry.InstantOf(day.AddDays(1).In(sc.loc)), telemetry.InstantOf(sc.now))
	samples, err := s.opts.Rollups.Occupancy(ctx, in.Site, in.Zone, from, end)
	if err != nil {
		return nil, s.apiError("occupancy", err)
	}
	return &apiOne[apiDay]{apiDayOf(dayOf(samples, from, max(from, end)))}, nil
}

func (s *Server) apiAlerts(api huma.API) {
	items := func(ctx context.Context, in *listInput, list []alerts.Alert) *apiList[apiAlert] {
		out := make([]apiAlert, 0, len(list))
		c := callerOf(ctx)
		for i := range list {
			if (in.Site == "" || list[i].Site == in.Site) && len(out) < in.Limit && c.At(accounts.See, list[i].Site) {
				v, _ := s.opts.Live.Outline(list[i].Site)
				out = append(out, apiAlertOf(s.in(in.Language, v), &list[i]))
			}
		}
		return listOf(out)
	}
	huma.Register(api, get("/alerts", "list-alerts", "Open alerts, the oldest first", "alerts"), func(ctx context.Context, in *listInput) (*apiList[apiAlert], error) {
		return items(ctx, in, s.opts.Alerts.Open()), nil
	})
	huma.Register(api, get("/alerts/history", "list-past-alerts", "Resolved alerts, the newest first", "alerts"), func(ctx context.Context, in *listInput) (*apiList[apiAlert], error) {
		ctx, cancel := context.WithTimeout(ctx, apiTimeout)
		defer cancel()
		past, err := s.pastAlerts(ctx, in.Site, in.Limit)
		if err != nil {
			return nil, s.apiError("past alerts", err)
		}
		return items(ctx, in, past), nil
	})
	huma.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/api/v1/alerts/{alert}/acknowledge", OperationID: "acknowledge-alert", DefaultStatus: http.StatusNoContent,
		Summary: "Say that somebody handles an alert", Description: "Answers after the entry is on disk. The acknowledgement expires; an alert that is still open is loud again then.",
		Tags: []string{"alerts"}, Errors: []int{404}, MaxBodyBytes: maxForm,
	}, s.apiAcknowledge)
}

type acknowledgeInput struct {
	Alert string `path:"alert" maxLength:"200" doc:"The alert's id"`
	Body  struct {
		Author  string `json:"author,omitempty" maxLength:"60" example:"satpam pagi" doc:"Who handles it. Of a caller with an account it is the name of that, whatever is said here"`
		Reason  string `json:"reason,omitempty" maxLength:"200" example:"entrance_held"`
		Minutes int    `json:"minutes,omitempty" minimum:"1" maximum:"1440" default:"30" doc:"How long it lasts"`
	}
}

func (s *Server) apiAcknowledge(ctx context.Context, in *acknowledgeInput) (*struct{}, error) {
	author, claimed := cleanText(in.Body.Author, maxName), true
	if c := callerOf(ctx); !c.Claimed {
		author, claimed = c.Name, false
	}
	if author == "" {
		return nil, huma.Error422UnprocessableEntity("body author: want a name that can be read")
	}
	until := s.opts.Now().Add(time.Duration(in.Body.Minutes) * time.Minute)
	if err := s.opts.Entries.Acknowledge(ctx, in.Alert, author, claimed, cleanText(in.Body.Reason, maxReason), telemetry.InstantOf(until)); err != nil {
		return nil, s.apiError("alert", err)
	}
	return nil, nil
}

func (s *Server) apiGateway(api huma.API) {
	huma.Register(api, get("/rejections", "list-rejections", "Messages that were not understood, the newest first", "gateway"), func(ctx context.Context, in *listInput) (*apiList[apiRejection], error) {
		ctx, cancel := context.WithTimeout(ctx, apiTimeout)
		defer cancel()
		records, err := s.notUnderstood(ctx, in.Site, in.Limit)
		if err != nil {
			return nil, s.apiError("rejections", err)
		}
		items := make([]apiRejection, 0, len(records))
		for i := range records {
			if x := records[i].Rejection; x != nil {
				items = append(items, apiRejection{records[i].Received.Time(), records[i].Site, x.Device, x.Topic, string(x.Reason), x.Detail, x.Size, printable(x.Raw), records[i].Seq, x.More})
			}
		}
		return listOf(items), nil
	})
	huma.Register(api, get("/devices/unconfigured", "list-unconfigured-devices", "Devices that publish and are not configured, the newest first", "gateway"), func(context.Context, *struct{}) (*apiList[apiStranger], error) {
		items := make([]apiStranger, 0)
		for _, x := range s.listStrangers() {
			items = append(items, apiStrangerOf(&x))
		}
		return listOf(items), nil
	})
	huma.Register(api, get("/status", "get-status", "The gateway's own state", "gateway"), func(context.Context, *struct{}) (*apiOne[apiStatus], error) {
		return &apiOne[apiStatus]{apiStatusOf(s.opts.Health.Status())}, nil
	})
}
