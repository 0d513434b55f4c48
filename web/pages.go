package web

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"

	"github.com/gerbang-iot/gerbang/accounts"
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
	In        bool   // is no stranger: show the navigation
	Can       may    // what the person may do somewhere, of the gateway's own things there
	May       may    // what the person may do at the site of the page; of a page of no site nothing
	Person    string // whose account it is; empty: no account
	ByPIN     bool   // by PIN: the account itself is not to be seen
	SignedIn  bool   // there is a session, to be ended
	Push      string // what the browser subscribes to notifications with; empty: whoever looks is not called
	Unready   bool   // the person must set up a second factor before anything else
}

type languageLink struct {
	Tag, Name, URL string
	Current        bool
}

func (s *Server) frame(r *http.Request, lang *tongue, title string) frame {
	f := frame{Title: title, Lang: lang.Tag, Here: r.URL.Path, Assets: s.assets.version, Can: may{}}
	if c := callerOf(r.Context()); c != nil {
		f.In, f.Unready = true, c.Unready
		for _, p := range accounts.Permissions() {
			f.Can[string(p)] = c.Anywhere(p)
		}
		f.Can["everywhere"] = c.Everywhere(accounts.Inspect)
		for _, p := range []accounts.Permission{accounts.Administer, accounts.Operate} {
			f.Can[string(p)] = c.Everywhere(p)
		}
		if site := r.PathValue("site"); site != "" {
			f.May = mayAt(c, site)
		}
		if secretIn(r, sessionCookie) != "" {
			_, session := s.access.session(r)
			if f.SignedIn = session != nil; f.SignedIn && c.Account != "" {
				f.Person, f.ByPIN, f.Push = c.Name, c.ByPIN, s.pushKey(c)
			}
		}
	}
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
			http.SetCookie(w, s.languageCookie(t))
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) languageCookie(t *tongue) *http.Cookie {
	return &http.Cookie{
		Name: languageCookie, Value: t.Tag, Path: s.base.to("/"), MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: s.access.secure, SameSite: http.SameSiteLaxMode,
	}
}
