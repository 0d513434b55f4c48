package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
)

// handlerFunc answers a request or returns why it cannot; respond makes the answer then.
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// fault is an error that a person may see: a status and the key of a safe sentence. The cause goes to the log only.
type fault struct {
	status int
	key    string
	args   []any  // of the sentence: pairs of a name and a value
	want   string // key of a second sentence: what is expected; empty: none
	retry  int    // seconds for Retry-After; 0: none
	cause  error
}

func (f *fault) Error() string {
	if f.cause != nil {
		return fmt.Sprintf("answering %d: %v", f.status, f.cause)
	}
	return fmt.Sprintf("answering %d", f.status)
}

func (f *fault) Unwrap() error { return f.cause }

// say is what people are told.
func (f *fault) say(lang *tongue) string {
	text := lang.T(f.key, f.args...)
	if f.want != "" {
		text += " " + lang.T(f.want)
	}
	return text
}

// misasked answers an address that has a parameter which means nothing: it says which, what it is, and what it can be, by a key below "want.".
func misasked(name, got, want string) *fault {
	return &fault{
		status: http.StatusBadRequest, key: "error.parameter", args: []any{"Name", name, "Got", cleanText(got, 40)}, want: "want." + want,
		cause: fmt.Errorf("parameter %s is %.40q", name, got),
	}
}

// badForm answers a form that cannot be read.
func badForm(err error) *fault {
	if tooMuch := (*http.MaxBytesError)(nil); errors.As(err, &tooMuch) {
		return &fault{status: http.StatusRequestEntityTooLarge, key: "error.too_large", cause: err}
	}
	return &fault{status: http.StatusBadRequest, key: "error.bad_request", cause: fmt.Errorf("reading a form: %w", err)}
}

var (
	errNoPage    = &fault{status: http.StatusNotFound, key: "error.not_found"}
	errMethod    = &fault{status: http.StatusMethodNotAllowed, key: "error.method"}
	errBadForm   = &fault{status: http.StatusBadRequest, key: "error.bad_request"}
	errStreams   = &fault{status: http.StatusServiceUnavailable, key: "error.busy", retry: 10}
	errVerdicts  = &fault{status: http.StatusServiceUnavailable, key: "error.verdicts", retry: 5}
	errStopping  = &fault{status: http.StatusServiceUnavailable, key: "error.stopping", retry: 5}
	errForeign   = &fault{status: http.StatusForbidden, key: "error.cross_origin"}
	errHost      = &fault{status: http.StatusMisdirectedRequest, key: "error.host"}
	errNeedToken = &fault{status: http.StatusUnauthorized, key: "error.token"}
	errForbidden = &fault{status: http.StatusForbidden, key: "error.forbidden"}

	errNeedFactor = &fault{status: http.StatusForbidden, key: "error.need_factor"}
)

// handle turns a handlerFunc into a handler: the one place where errors become responses.
func (s *Server) handle(h handlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.respond(w, r, err)
		}
	})
}

// respond answers with an error, as a page for browsers and as text for everything else.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // nobody is there to read it
	}
	f := &fault{status: http.StatusInternalServerError, key: "error.internal", cause: err}
	var known *fault
	switch {
	case errors.As(err, &known):
		f = known
	case errors.Is(err, ErrNotFound):
		f = errNoPage
	case errors.Is(err, context.DeadlineExceeded): // nothing is broken: the machine is busy with others' questions
		f = &fault{status: http.StatusServiceUnavailable, key: "error.slow", retry: 10}
		s.opts.Log.Warn("a request took too long", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	if f.status >= http.StatusInternalServerError && f.cause != nil {
		s.opts.Log.Error("answering a request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	if f.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.retry))
	}
	w.Header().Set("Cache-Control", "no-store")
	if strings.HasPrefix(r.URL.Path, "/api/") { // a program reads English, and always the same form
		writeProblem(w, f.status, f.say(s.tongues.byTag("en")))
		return
	}
	lang := s.tongues.choose(r)
	text := f.say(lang)
	if r.Header.Get("HX-Request") != "" {
		// htmx swaps it into the notice beside the button.
		w.Header().Set("HX-Retarget", "#notice")
		w.Header().Set("HX-Reswap", "innerHTML")
		s.write(w, r, f.status, lang, "notice", noticePage{Text: text, Bad: true})
		return
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Error(w, text, f.status)
		return
	}
	if f.retry > 0 && r.Method == http.MethodGet {
		w.Header().Set("Refresh", strconv.Itoa(f.retry)) // no browser heeds Retry-After
	}
	s.write(w, r, f.status, lang, "error", errorPage{
		frame:  s.frame(r, lang, lang.T("error.title", "Status", f.status)),
		Status: f.status, Text: text, Ways: s.waysOn(r, lang, f.status),
	})
}

type errorPage struct {
	frame
	Status int
	Text   string
	Ways   []choice // where to go on: an address and what it is
}

// waysOn are the addresses at which somebody goes on who got an error: the same page as it is without what was asked of it, the page of the
// building that it is about, all buildings.
func (s *Server) waysOn(r *http.Request, lang *tongue, status int) []choice {
	var ways []choice
	if r.Method == http.MethodGet && status == http.StatusBadRequest && r.URL.RawQuery != "" {
		ways = append(ways, choice{Value: (&url.URL{Path: r.URL.Path}).String(), Name: lang.T("error.plain")})
	}
	if above := s.above(r.URL.Path); above != "" && status == http.StatusMethodNotAllowed {
		ways = append(ways, choice{Value: above, Name: lang.T("error.above")})
	}
	c := callerOf(r.Context())
	if rest, ok := strings.CutPrefix(r.URL.Path, "/site/"); ok {
		site, _, deeper := strings.Cut(rest, "/")
		if v, ok := s.opts.Live.Outline(site); ok && deeper && c.At(accounts.See, site) {
			ways = append(ways, choice{Value: "/site/" + v.Site, Name: lang.T("error.to_site", "Name", v.Name)})
		}
	}
	if strings.HasPrefix(r.URL.Path, "/alert") && c.Anywhere(accounts.See) {
		ways = append(ways, choice{Value: "/alerts", Name: lang.T("error.to_alerts")})
	}
	return append(ways, choice{Value: "/", Name: lang.T("error.home")})
}

type noticePage struct {
	Text string
	Bad  bool
	Row  *alertRow // of the alert that it is about, for a page that lists it; nil: none
}

// render writes a page as a whole: a template that fails halfway must not leave half a page behind a status of 200.
func (s *Server) render(w http.ResponseWriter, status int, lang *tongue, page string, data any) error {
	var buf bytes.Buffer
	if err := s.pages.execute(&buf, lang, page, data); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang.Tag)
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-cache")
	}
	h.Add("Vary", "Accept-Language, Cookie")
	w.WriteHeader(status)
	_, err := w.Write(buf.Bytes())
	if err != nil {
		return nil //nolint:nilerr // the reader went away; there is nobody to tell
	}
	return nil
}

// write renders an answer to an error, where another error can only be logged.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, lang *tongue, page string, data any) {
	if err := s.render(w, status, lang, page, data); err != nil {
		s.opts.Log.Error("rendering an error failed", "path", r.URL.Path, "err", err)
		http.Error(w, http.StatusText(status), status)
	}
}
