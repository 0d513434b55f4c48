package web

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pages are the templates by language: the words are bound when they are parsed.
type pages map[string]*template.Template

func parsePages(ts tongues, a assets, b base) (pages, error) {
	all := make(pages, len(ts))
	for _, t := range ts {
		tmpl, err := template.New("").Funcs(template.FuncMap{
			"t":     t.T,
			"count": t.Count,
			"url":   b.to,
			"asset": func(name string) string { return b.to(a.URL(name)) },
			"icon":  icon,
			"pairs": pairs,
		}).ParseFS(templateFiles, "templates/*.html")
		if err != nil {
			return nil, fmt.Errorf("parsing templates in %q: %w", t.Tag, err)
		}
		all[t.Tag] = tmpl
	}
	return all, nil
}

func (p pages) execute(w io.Writer, lang *tongue, name string, data any) error {
	if err := p[lang.Tag].ExecuteTemplate(w, name, data); err != nil {
		return fmt.Errorf("rendering %q in %q: %w", name, lang.Tag, err)
	}
	return nil
}

// pairs makes a map of a template's arguments, for a template that takes several.
func pairs(args ...any) (map[string]any, error) {
	if len(args)%2 != 0 {
		return nil, errors.New("pairs: want names and values")
	}
	m := make(map[string]any, len(args)/2)
	for i := 0; i < len(args); i += 2 {
		name, ok := args[i].(string)
		if !ok {
			return nil, fmt.Errorf("pairs: %v is no name", args[i])
		}
		m[name] = args[i+1]
	}
	return m, nil
}

// frame is what every page shares.
type frame struct {
	Title     string
	Lang      string
	Languages []languageLink
	Here      string // first part of the path, for the navigation
	Assets    string // version of the static files
	Live      string // where the page's stream is; empty: the page does not live
	Typing    bool   // somebody may be typing: without scripts it must not load itself again
	SignedIn  bool
	HasToken  bool // the server asks for one: offer to sign out
	In        bool // may go elsewhere: show the navigation
}

type languageLink struct {
	Tag, Name, URL string
	Current        bool
}

func (s *Server) frame(r *http.Request, lang *tongue, title string) frame {
	f := frame{Title: title, Lang: lang.Tag, Here: r.URL.Path, Assets: s.assets.version, HasToken: s.opts.Token != ""}
	_, f.SignedIn = s.access.session(r)
	f.In = f.SignedIn || !f.HasToken
	for _, t := range s.tongues {
		q := r.URL.Query()
		q.Set("lang", t.Tag)
		f.Languages = append(f.Languages, languageLink{t.Tag, t.Name, (&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).String(), t == lang})
	}
	return f
}

// remember keeps a language that was asked for in the address.
func (s *Server) remember(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t := s.tongues.byTag(r.URL.Query().Get("lang")); t != nil && r.Method == http.MethodGet && r.Header.Get("HX-Request") == "" {
			http.SetCookie(w, &http.Cookie{
				Name: languageCookie, Value: t.Tag, Path: s.base.to("/"), MaxAge: 365 * 24 * 3600,
				HttpOnly: true, Secure: s.opts.TLS != nil || s.opts.Proxy, SameSite: http.SameSiteLaxMode,
			})
		}
		next.ServeHTTP(w, r)
	})
}
