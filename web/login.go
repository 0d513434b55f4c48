package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// loginPage asks for the token.
type loginPage struct {
	frame
	Next  string
	Wrong string // why the last try did not work
}

func loginURL(next string) string { return "/login?next=" + url.QueryEscape(next) }

// localPath keeps a redirect inside this server: a path, never another host.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
}

// login shows the form.
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	next := localPath(r.URL.Query().Get("next"))
	if _, in := s.access.session(r); in || s.opts.Token == "" {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	lang := s.tongues.choose(r)
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusOK, lang, "login", loginPage{frame: s.frame(r, lang, lang.T("login.title")), Next: next})
}

// takeToken trades the token for a session cookie.
func (s *Server) takeToken(w http.ResponseWriter, r *http.Request) error {
	if s.opts.Token == "" {
		return errNoPage
	}
	if err := r.ParseForm(); err != nil {
		return errBadForm
	}
	next := localPath(r.PostForm.Get("next"))
	if err := s.try(r, strings.TrimSpace(r.PostForm.Get("token"))); err != nil {
		f, ok := err.(*fault) //nolint:errorlint // try returns faults only
		if !ok || !strings.Contains(r.Header.Get("Accept"), "text/html") {
			return err
		}
		lang := s.tongues.choose(r)
		w.Header().Set("Cache-Control", "no-store")
		if f.retry > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.retry))
		}
		return s.render(w, f.status, lang, "login", loginPage{
			frame: s.frame(r, lang, lang.T("login.title")), Next: next, Wrong: lang.T(f.key),
		})
	}
	http.SetCookie(w, s.access.cookie(cleanText(r.PostForm.Get("name"), maxName)))
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// logout ends the session, so that its cookie is worth nothing wherever it is.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	if err := s.access.end(r); err != nil {
		s.opts.Log.Error("a session is over and may come back after a restart", "err", err)
	}
	c := s.access.cookie("")
	c.Value, c.MaxAge = "", -1
	http.SetCookie(w, c)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
	return nil
}
