package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// base is the path under which people reach the server, without a slash at its end: empty, or such as /gerbang. Inside the server all
// paths are without it. It is added where they go out (the template function url, redirects, cookies), and taken away where they come in.
type base string

var baseSegment = regexp.MustCompile(`^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$`)

// BasePath gives the path of an external address, for Options.Base: empty, or such as /gerbang. The error says what the address cannot be.
func BasePath(external string) (string, error) {
	u, err := url.Parse(external)
	if err != nil {
		return "", errors.New("want a URL such as https://www.example.go.id/gerbang/")
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errors.New("there is a query or a fragment, want a URL such as https://www.example.go.id/gerbang/")
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	if path == "" {
		return "", nil
	}
	segments := strings.Split(path[1:], "/")
	for _, s := range segments {
		if !baseSegment.MatchString(s) {
			return "", fmt.Errorf("path %q: %q is no plain name, want letters, digits, and ._~- within", path, s)
		}
	}
	if ownPath(segments[0]) {
		return "", fmt.Errorf("path %q begins like a page of the gateway's own, want another name, such as /gerbang", path)
	}
	return path, nil
}

// ownPath tells the first segments of the server's own addresses. A base may not begin with one: whether a proxy has taken the base away
// could not be told then.
func ownPath(segment string) bool {
	return slices.ContainsFunc(routeTable(), func(rt route) bool {
		_, path, _ := strings.Cut(rt.pattern, "/")
		first, _, _ := strings.Cut(path, "/")
		return first == segment
	})
}

// to is a path of this server as a browser has to ask for it.
func (b base) to(path string) string { return string(b) + path }

// within serves both what a proxy does with the base: requests that still have it lose it here, those that have not stay as they are. What
// the server redirects to gets it.
func (b base) within(next http.Handler) http.Handler {
	if b == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = &based{ResponseWriter: w, base: b}
		if r.URL.Path == string(b) {
			// Relative links of a page at this address would lead elsewhere.
			http.Redirect(w, r, (&url.URL{Path: "/", RawQuery: r.URL.RawQuery}).String(), http.StatusPermanentRedirect)
			return
		}
		if strings.HasPrefix(r.URL.Path, string(b)+"/") {
			inner := new(http.Request)
			*inner = *r
			inner.URL = new(url.URL)
			*inner.URL = *r.URL
			inner.URL.Path = strings.TrimPrefix(r.URL.Path, string(b))
			inner.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, string(b))
			r = inner
		}
		next.ServeHTTP(w, r)
	})
}

// based adds the base to where a response redirects, also where net/http does that by itself. The short page that net/http writes beside it
// has the path without the base and is left out.
type based struct {
	http.ResponseWriter
	base  base
	moved bool
}

// Unwrap lets http.ResponseController reach what is behind.
func (w *based) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader sends the header.
func (w *based) WriteHeader(status int) {
	h := w.Header()
	if to := h.Get("Location"); strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
		h.Set("Location", w.base.to(to))
		h.Del("Content-Type")
		w.moved = true
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (w *based) Write(b []byte) (int, error) {
	if w.moved {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}
