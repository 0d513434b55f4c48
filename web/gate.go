package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

type contextKey int

const (
	callerKey contextKey = iota
	routeKey
)

// callerOf is who makes a request; nil: a stranger.
func callerOf(ctx context.Context) *accounts.Caller {
	c, _ := ctx.Value(callerKey).(*accounts.Caller)
	return c
}

// recognise finds out who asks, for all that comes behind. A stranger gets no further by a path that the router would clean first: where it
// leads is not known yet. Credentials that are wrong are refused whatever is asked for with them.
func (s *Server) recognise(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.pushed(r.URL.Path) { // what is shown there is for that door
			next.ServeHTTP(w, r)
			return
		}
		c, err := s.access.identify(r)
		if clean := path.Clean(r.URL.Path); err == nil && c == nil && r.URL.Path != clean && !strings.HasPrefix(clean+"/", "/static/") {
			err = errNeedToken
		}
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey, c)))
	})
}

// pushed reports whether a path is of the door that asks for credentials of its own.
func (s *Server) pushed(p string) bool {
	return s.opts.PushHasCredentials && strings.HasPrefix(p, "/ingest/") && p == path.Clean(p)
}

// gate lets a request pass to a route's handler if its caller may.
func (s *Server) gate(rt route, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.admits(rt, r, callerOf(r.Context())); err != nil {
			s.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), routeKey, rt)))
	})
}

// stillIn is who opened a stream as he is now, and whether he could open it.
func (s *Server) stillIn(r *http.Request) (*accounts.Caller, bool) {
	rt, _ := r.Context().Value(routeKey).(route)
	c, err := s.access.identify(r)
	return c, err == nil && s.admits(rt, r, c) == nil
}

// admits reports why a caller may not have a route; nil: he may.
func (s *Server) admits(rt route, r *http.Request, c *accounts.Caller) error {
	if rt.at == inPath && rt.may == accounts.Display {
		if key := r.URL.Query().Get("key"); key != "" { // a link that was ended is dark, also where signs are open
			err := s.opensSign(r, key)
			if err == nil || c == nil {
				return err
			}
		}
	}
	switch { // what strangers may have, too
	case rt.at == open, rt.at == ownDoor && s.opts.PushHasCredentials, rt.at == inPath && rt.may == accounts.Display && s.opts.PublicSigns:
		return nil
	case c == nil: // nothing is looked up for one
		return errNeedToken
	}
	query, err := onceEach(r)
	if err != nil {
		return err
	}
	var allowed bool
	switch rt.at {
	case open:
	case known:
		allowed = !c.ByPIN || !strings.Contains(rt.pattern, " /account") // of the account itself a PIN opens nothing
	case anywhere:
		allowed = c.Anywhere(rt.may)
	case everywhere:
		allowed = c.Everywhere(rt.may)
	case inPath:
		allowed = c.At(rt.may, r.PathValue("site"))
	case inQuery:
		if site := query.Get("site"); site != "" {
			allowed = c.At(rt.may, site)
		} else {
			allowed = c.Anywhere(rt.may)
		}
	case ofAlert:
		// Whether there is an alert is told to nobody who may not see its site: one of another site is answered as one that does not exist.
		site, ok, err := s.siteOfAlert(r.Context(), r.PathValue("alert"))
		switch {
		case err != nil: // whose it is cannot be told now: that opens no door
			return &fault{status: http.StatusServiceUnavailable, key: "error.crowded", retry: 10, cause: err}
		case ok && (c.At(rt.may, site) || c.At(accounts.See, site)):
			allowed = c.At(rt.may, site)
		case c.Everywhere(rt.may): // the handler knows best how to say that there is none
			allowed = true
		case c.Anywhere(rt.may):
			return errNoPage
		}
	case ownDoor:
		allowed = c.Everywhere(rt.may)
	}
	switch {
	case c.Unready && (!allowed || !beforeFactor(rt, r)):
		return errNeedFactor
	case !allowed:
		return errForbidden
	}
	return nil
}

// beforeFactor reports whether somebody may have a route who must set up a second factor first: whatever changes nothing, that, and the way out.
func beforeFactor(rt route, r *http.Request) bool {
	return rt.at == open || r.Method == http.MethodGet || r.Method == http.MethodHead || rt.pattern == "POST /logout" || strings.HasPrefix(rt.pattern, "POST /account/second")
}

// onceEach is the query of a request. One that has a parameter twice, or cannot be read as a whole, is refused: the gate and the handler might
// read different values of it.
func onceEach(r *http.Request) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &fault{status: http.StatusBadRequest, key: "error.query", cause: err}
	}
	for name, values := range query {
		if len(values) > 1 {
			return nil, &fault{status: http.StatusBadRequest, key: "error.query", cause: fmt.Errorf("query parameter %q: it is there %d times, want it once", name, len(values))}
		}
	}
	return query, nil
}

// siteOfAlert is the site of an alert, open or past; false: there is no such alert. The error is of the journal.
func (s *Server) siteOfAlert(ctx context.Context, id string) (string, bool, error) {
	for _, a := range s.opts.Alerts.Open() {
		if a.ID == id {
			return a.Site, true, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	a, ok, err := s.opts.AlertLog.Alert(ctx, id)
	return a.Site, ok, err
}

// refuse answers a request that may not pass: a browser without a session is sent to sign in.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f, _ := err.(*fault) //nolint:errorlint // admits and identify return faults only
	if f == errNeedToken {
		if _, tried := bearer(r); !tried && r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
			http.Redirect(w, r, loginURL(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="gerbang"`)
	}
	s.respond(w, r, err)
}

// writeProblem answers a program.
func writeProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail})
}

// viewsFor are the views of the sites at which the caller may do something.
func (s *Server) viewsFor(ctx context.Context, p accounts.Permission) []rules.View {
	c := callerOf(ctx)
	return slices.DeleteFunc(s.opts.Live.Views(), func(v rules.View) bool { return !c.At(p, v.Site) })
}

// askedSites are the sites that a list is about: the one that was asked for if the caller may have it, those of the caller, or all, which is a list with an empty name.
func askedSites(ctx context.Context, p accounts.Permission, site string) []string {
	if site != "" {
		if !callerOf(ctx).At(p, site) { // the gate has asked; this is the second wall
			return nil
		}
		return []string{site}
	}
	sites, all := callerOf(ctx).Sites(p)
	if all {
		return []string{""}
	}
	return sites
}

// pastAlerts lists the resolved alerts of a site, or of all sites of the caller, the newest first.
func (s *Server) pastAlerts(ctx context.Context, site string, limit int) ([]alerts.Alert, error) {
	var all []alerts.Alert
	sites := askedSites(ctx, accounts.See, site)
	for _, site := range sites {
		past, err := s.opts.Alerts.History(ctx, site, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, past...)
	}
	if len(sites) > 1 {
		slices.SortStableFunc(all, func(a, b alerts.Alert) int { return cmp.Compare(b.Resolved, a.Resolved) })
	}
	return all[:min(len(all), limit)], nil
}

// notUnderstood lists the messages that were not understood, of a site or of all sites of the caller, the newest first.
func (s *Server) notUnderstood(ctx context.Context, site string, limit int) ([]telemetry.Record, error) {
	var all []telemetry.Record
	sites := askedSites(ctx, accounts.Inspect, site)
	for _, site := range sites {
		records, err := s.opts.Rejections.Rejections(ctx, site, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
	}
	if len(sites) > 1 {
		slices.SortStableFunc(all, func(a, b telemetry.Record) int { return cmp.Compare(b.Seq, a.Seq) })
	}
	return all[:min(len(all), limit)], nil
}
