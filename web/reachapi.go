package web

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// apiDelivery is what became of a call at one device or by one channel.
type apiDelivery struct {
	To     string    `json:"to" doc:"Whom, or by which channel"`
	Via    string    `json:"via" enum:"push,watch,page,ntfy,sms,siren,receiver,nobody"`
	Sent   time.Time `json:"sent,omitzero"`
	Shown  time.Time `json:"shown,omitzero" doc:"A device has shown it"`
	Opened time.Time `json:"opened,omitzero"`
	Failed string    `json:"failed,omitempty" example:"push_status:410" doc:"What came back instead: a code, and what a server answered, where one did"`
	Why    string    `json:"why,omitempty" doc:"The same in words, in the language of Accept-Language"`
}

// apiCall is a step of the site's escalation that was taken.
type apiCall struct {
	Number     int           `json:"number" doc:"0: nobody was called, they saw it by themselves"`
	Step       int           `json:"step,omitempty"`
	Round      int           `json:"round,omitempty" doc:"How often the escalation began"`
	Role       string        `json:"role,omitempty"`
	Account    string        `json:"account,omitempty"`
	Receiver   string        `json:"receiver,omitempty" doc:"Of Alertmanager"`
	Channel    string        `json:"channel,omitempty"`
	At         time.Time     `json:"at"`
	Deliveries []apiDelivery `json:"deliveries"`
}

func apiCallsOf(sc *scene, a *alerts.Alert) []apiCall {
	var all []apiCall
	for i := range a.Calls {
		c := &a.Calls[i]
		x := apiCall{c.Number, c.Step, c.Round, c.Role, c.Account, c.Receiver, c.Channel, c.At.Time(), []apiDelivery{}}
		for _, d := range c.Deliveries {
			y := apiDelivery{To: d.To, Via: d.Via, Sent: d.Sent.Time(), Shown: d.Shown.Time(), Opened: d.Looked.Time(), Failed: d.Failed}
			if d.Failed != "" {
				y.Why = sc.failure(d.Failed)
			}
			x.Deliveries = append(x.Deliveries, y)
		}
		all = append(all, x)
	}
	return all
}

// apiDrill is an entry about a drill.
type apiDrill struct {
	ID       string    `json:"id" format:"uuid"`
	Site     string    `json:"site" example:"mpp-gresik"`
	Zone     string    `json:"zone,omitempty"`
	Author   string    `json:"author"`
	Claimed  bool      `json:"author_claimed" doc:"True: the author is what the client said of itself"`
	Reason   string    `json:"reason"`
	Until    time.Time `json:"until,omitzero"`
	Siren    bool      `json:"siren"`
	Ends     string    `json:"ends,omitempty" doc:"The id of the drill that this entry ends"`
	Received time.Time `json:"received"`
	Record   uint64    `json:"record" doc:"Journal record that holds it"`
}

// apiReached is somebody whom a site calls.
type apiReached struct {
	Name   string    `json:"name"`
	Roles  []string  `json:"roles"`
	Phones int       `json:"phones" doc:"Browsers on which notifications may be shown"`
	Shown  time.Time `json:"shown,omitzero" doc:"When one of them has shown one last"`
	Watch  time.Time `json:"watch,omitzero" doc:"When a page that sounds was heard last"`
	Now    bool      `json:"reachable" doc:"The last that was heard is recent"`
}

type siteReachInput struct {
	Site string `path:"site" maxLength:"64"`
}

func (s *Server) apiReach(api huma.API) {
	huma.Register(api, get("/sites/{site}/reach", "list-reach", "Who can be reached at a site now, and who not", "alerts", 404), func(_ context.Context, in *siteReachInput) (*apiList[apiReached], error) {
		items := []apiReached{}
		if s.opts.Reach != nil {
			for _, p := range s.opts.Reach.Roster(in.Site) {
				x := apiReached{Name: p.Name, Phones: len(p.Phones), Shown: p.Shown, Watch: p.Watch, Now: p.Reachable(s.opts.Now())}
				for _, role := range p.Roles {
					x.Roles = append(x.Roles, string(role))
				}
				items = append(items, x)
			}
		}
		return listOf(items), nil
	})
	post := func(path, id, summary string) huma.Operation {
		return huma.Operation{
			Method: http.MethodPost, Path: "/api/v1/sites/{site}/" + path, OperationID: id, Summary: summary, Description: "Answers after the entry is on disk.", Tags: []string{"alerts"},
			Errors: []int{404, 409, 422, 503}, MaxBodyBytes: maxForm,
		}
	}
	huma.Register(api, post("drill", "begin-drill", "Begin an alarm drill: a marked alert goes the whole way of a real one, and is counted nowhere"), s.apiBeginDrill)
	huma.Register(api, post("drill/end", "end-drill", "End an alarm drill before its time"), s.apiEndDrill)
}

type drillInput struct {
	Site string `path:"site" maxLength:"64"`
	Body struct {
		ID      string `json:"id" format:"uuid" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Author  string `json:"author,omitempty" maxLength:"60" example:"kepala MPP" doc:"Who begins it. Of a caller with an account it is the name of that, whatever is said here"`
		Reason  string `json:"reason" minLength:"1" maxLength:"500" example:"monthly drill"`
		Zone    string `json:"zone,omitempty" maxLength:"64" doc:"Where; absent: the whole site"`
		Minutes int    `json:"minutes,omitempty" minimum:"1" maximum:"60" default:"10" doc:"It ends by itself"`
		Siren   bool   `json:"siren,omitempty" doc:"Sirens sound as well"`
	}
}

type endDrillInput struct {
	Site string `path:"site" maxLength:"64"`
	Body struct {
		ID     string `json:"id" format:"uuid" doc:"Chosen by the client. Sending the same again does nothing and is answered the same"`
		Author string `json:"author,omitempty" maxLength:"60"`
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
		Ends   string `json:"ends" minLength:"1" maxLength:"60" doc:"The id of the entry that began the drill"`
	}
}

func (s *Server) apiBeginDrill(ctx context.Context, in *drillInput) (*apiOne[apiDrill], error) {
	b := &in.Body
	e := telemetry.Entry{ID: b.ID, Author: b.Author, Reason: b.Reason, Subject: b.Zone, Until: telemetry.InstantOf(s.opts.Now().Add(time.Duration(b.Minutes) * time.Minute))}
	if b.Siren {
		e.Item = alerts.DrillWithSiren
	}
	return s.apiDrill(ctx, in.Site, e)
}

func (s *Server) apiEndDrill(ctx context.Context, in *endDrillInput) (*apiOne[apiDrill], error) {
	b := &in.Body
	return s.apiDrill(ctx, in.Site, telemetry.Entry{ID: b.ID, Author: b.Author, Reason: b.Reason, Ends: b.Ends})
}

func (s *Server) apiDrill(ctx context.Context, site string, e telemetry.Entry) (*apiOne[apiDrill], error) {
	e.Kind, e.ID, e.Claimed = telemetry.EntryDrill, strings.ToLower(e.ID), true
	e.Author, e.Reason = cmp.Or(cleanText(e.Author, maxName), authorOf(ctx)), cleanText(e.Reason, maxComment)
	rec, err := s.enterDrill(ctx, &drillDeed{site: site, what: e})
	if err != nil {
		return nil, s.apiRefusal("a drill", err, func(string) string { return "" })
	}
	n := rec.Entry
	return &apiOne[apiDrill]{apiDrill{n.ID, rec.Site, n.Subject, n.Author, n.Claimed, n.Reason, n.Until.Time(), n.Item == alerts.DrillWithSiren, n.Ends, rec.Received.Time(), rec.Seq}}, nil
}
