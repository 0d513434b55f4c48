package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// gated is the one way by which an address gets a handler: it takes what the table has and nothing else, and puts the table's question
// before it. It is what huma registers the API's operations with.
type gated struct {
	server  *Server
	mux     *http.ServeMux
	table   map[string]route
	strange []error // what is not in the table
}

// HandleFunc registers a handler for a pattern of the table.
func (g *gated) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	rt, ok := g.table[pattern]
	if !ok {
		g.strange = append(g.strange, fmt.Errorf("route %q: it is not in the table of routes, want its line there", pattern))
		return
	}
	g.mux.Handle(pattern, g.server.gate(rt, http.HandlerFunc(h)))
}

// ServeHTTP answers a request.
func (g *gated) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }

// routes registers every address of the table.
func (s *Server) routes() (http.Handler, error) {
	g := &gated{server: s, mux: http.NewServeMux(), table: map[string]route{}}
	for _, rt := range routeTable() {
		if _, twice := g.table[rt.pattern]; twice {
			g.strange = append(g.strange, fmt.Errorf("route %q: it is in the table twice", rt.pattern))
		}
		g.table[rt.pattern] = rt
		if rt.handler != nil {
			g.HandleFunc(rt.pattern, s.handle(rt.handler(s)).ServeHTTP)
		}
	}
	if err := s.api(g); err != nil {
		return nil, err
	}
	if s.opts.Gatherer != nil {
		g.HandleFunc("GET /metrics", promhttp.HandlerFor(s.opts.Gatherer, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP)
	}
	if s.opts.Push != nil {
		g.HandleFunc("/ingest/", s.opts.Push.ServeHTTP)
	}
	if err := errors.Join(g.strange...); err != nil {
		return nil, err
	}
	s.mux = g.mux
	// From the inside out: who asks is found out after where the request comes from.
	var h http.Handler = g
	h = limitBody(h)
	h = s.remember(h)
	h = s.recognise(h)
	h = s.sameOrigin(h)
	h = s.ownHost(h)
	return s.secure(s.base.within(h)), nil
}

// nowhere answers an address that there is not, or not with this method.
func (s *Server) nowhere(w http.ResponseWriter, r *http.Request) error {
	if methods := s.otherMethods(r); len(methods) > 0 {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		return errMethod
	}
	return errNoPage
}

// noAPI answers what the API does not have.
func (s *Server) noAPI(w http.ResponseWriter, r *http.Request) error {
	detail := "there is no " + r.Method + " at this address; see " + s.base.to("/api/v1/openapi.json")
	if methods := s.otherMethods(r); len(methods) > 0 {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		writeProblem(w, http.StatusMethodNotAllowed, detail+"; there is "+strings.Join(methods, ", "))
		return nil
	}
	writeProblem(w, http.StatusNotFound, detail)
	return nil
}

// otherMethods are those with which there is something at the address of a request.
func (s *Server) otherMethods(r *http.Request) []string {
	var all []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if method != r.Method && s.has(method, r.URL.Path) {
			all = append(all, method)
		}
	}
	return all
}

// has reports whether a pattern of the table is about an address, other than those that answer what there is not.
func (s *Server) has(method, path string) bool {
	_, pattern := s.mux.Handler(&http.Request{Method: method, URL: &url.URL{Path: path}})
	return pattern != "" && pattern != "/" && pattern != "/api/"
}

// above is the nearest page over an address; empty: there is none.
func (s *Server) above(address string) string {
	for p := path.Dir(path.Clean(address)); len(p) > 1; p = path.Dir(p) {
		if s.has(http.MethodGet, p) {
			return p
		}
	}
	return ""
}
