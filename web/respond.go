package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// handlerFunc answers a request or returns why it cannot; respond makes the answer then.
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// fault is an error that a person may see: a status and the key of a safe sentence. The cause goes to the log only.
type fault struct {
	status int
	key    string
	args   []any // of the sentence: pairs of a name and a value
	retry  int   // seconds for Retry-After; 0: none
	cause  error
}

func (f *fault) Error() string {
	if f.cause != nil {
		return fmt.Sprintf("answering %d: %v", f.status, f.cause)
	}
	return fmt.Sprintf("answering %d", f.status)
}

func (f *fault) Unwrap() error { return f.cause }

var (
	errNoPage    = &fault{status: http.StatusNotFound, key: "error.not_found"}
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
	lang := s.tongues.choose(r)
	if r.Header.Get("HX-Request") != "" {
		// htmx swaps it into the notice beside the button.
		w.Header().Set("HX-Retarget", "#notice")
		w.Header().Set("HX-Reswap", "innerHTML")
		s.write(w, r, f.status, lang, "notice", noticePage{Text: lang.T(f.key, f.args...), Bad: true})
		return
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Error(w, lang.T(f.key, f.args...), f.status)
		return
	}
	if f.retry > 0 && r.Method == http.MethodGet {
		w.Header().Set("Refresh", strconv.Itoa(f.retry)) // no browser heeds Retry-After
	}
	s.write(w, r, f.status, lang, "error", errorPage{
		frame:  s.frame(r, lang, lang.T("error.title", "Status", f.status)),
		Status: f.status, Text: lang.T(f.key, f.args...),
	})
}

type errorPage struct {
	frame
	Status int
	Text   string
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
