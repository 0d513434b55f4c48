package web

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/rules"
)

// livePage is a page whose main part is composed of live chunks.
type livePage struct {
	frame
	Body template.HTML
}

// live answers with a live page: composed by the same code as its stream.
func (s *Server) live(w http.ResponseWriter, r *http.Request, what topic, title func(*tongue) string) error {
	lang := s.tongues.choose(r)
	what.lang = lang.Tag
	chunks, err := s.compose(what)
	if err != nil {
		return err
	}
	f := s.frame(r, lang, title(lang))
	if f.Live = what.path(); what.page == "sign" {
		f.Live += keyOf(r)
	}
	return s.render(w, http.StatusOK, lang, what.page, livePage{f, join(chunks)})
}

// path is where the topic's stream is found.
func (t topic) path() string {
	lang := "?lang=" + t.lang
	switch t.page {
	case "site":
		return "/live/site/" + t.site + lang
	case "devices":
		return "/live/site/" + t.site + "/devices" + lang
	case "sign":
		return "/live/sign/" + t.site + "/" + t.zone + lang
	case "zone":
		return "/live/site/" + t.site + "/zone/" + t.zone + lang
	case "watch":
		return "/live/watch" + lang
	}
	if t.page == "map" {
		box := ""
		if t.box != "" {
			box = "&box=" + url.QueryEscape(t.box)
		}
		return "/live/map" + lang + t.part.query("&") + box
	}
	return "/live/overview" + lang + t.part.query("&")
}

// topicOf is what a caller watches of a page.
func (s *Server) topicOf(page string, r *http.Request, c *accounts.Caller) topic {
	t := topic{page: page, site: r.PathValue("site"), zone: r.PathValue("zone"), lang: s.tongues.choose(r).Tag}
	switch page {
	case "map":
		t.part, t.sites, t.box = partOf(r.URL.Query()), siteList(c, accounts.See), clipped(r.URL.Query().Get("box"), maxBox)
		t.part.page, t.part.rule = 0, ""
	case "overview":
		t.part, t.sites, t.past = partOf(r.URL.Query()), siteList(c, accounts.See), siteList(c, accounts.Review)
	case "watch":
		t.sites = siteList(c, accounts.Acknowledge)
	case "devices":
		t.may = mayAt(c, t.site).words(accounts.Operate)
	case "site":
		t.may = mayAt(c, t.site).words(accounts.See, accounts.Review, accounts.Acknowledge, accounts.Count, accounts.EndCase, accounts.Share, accounts.Export)
	}
	return t
}

func join(chunks []chunk) template.HTML {
	var b []byte
	for _, c := range chunks {
		b = append(b, c.html...)
	}
	return template.HTML(b) //nolint:gosec // rendered by html/template
}

// compose renders a topic's chunks. ErrNotFound: it is about something that is not there. errVerdicts: its verdicts are not to be had.
func (s *Server) compose(what topic) ([]chunk, error) {
	lang := s.tongues.byTag(what.lang)
	c := composer{server: s, lang: lang, may: mayOf(what.may)}
	switch what.page {
	case "overview":
		s.composeOverview(&c, what)
	case "map":
		s.composeMap(&c, what)
	case "site":
		v, err := s.judgedView(what.site)
		if err != nil {
			return nil, err
		}
		s.composeSite(&c, v)
	case "zone":
		v, err := s.judgedView(what.site)
		if err != nil {
			return nil, err
		}
		zone, ok := zoneByID(v, what.zone)
		if !ok {
			return nil, ErrNotFound
		}
		s.composeZone(&c, v, zone)
	case "devices":
		v, err := s.judgedView(what.site)
		if err != nil {
			return nil, err
		}
		s.composeDevices(&c, v)
	case "watch":
		s.composeWatch(&c, what)
	case "sign":
		v, ok := s.opts.Live.Outline(what.site) // its advice is in the zone; a display waits for no verdict
		if !ok {
			return nil, ErrNotFound
		}
		zone, ok := zoneByID(v, what.zone)
		if !ok {
			return nil, ErrNotFound
		}
		s.composeSign(&c, v, zone)
	}
	return c.chunks, c.err
}

// composer collects chunks; after an error it does nothing more.
type composer struct {
	server *Server
	lang   *tongue
	may    may // what of the page is offered
	chunks []chunk
	err    error
}

// add renders a template as the chunk of the element with that id; an empty id is markup around chunks.
func (c *composer) add(id, name string, data any) {
	if c.err != nil {
		return
	}
	var w writer
	if c.err = c.server.pages.execute(&w, c.lang, name, data); c.err == nil {
		// A carriage return ends a line of server-sent events; a name that holds one must not end ours.
		c.chunks = append(c.chunks, chunk{id, bytes.ReplaceAll(w, []byte("\r"), []byte(" "))})
	}
}

// writer is a byte slice that can be written to.
type writer []byte

func (w *writer) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}

func zoneByID(v *rules.View, id string) (*rules.ZoneView, bool) {
	for i := range v.Zones {
		if v.Zones[i].ID == id {
			return &v.Zones[i], true
		}
	}
	return nil, false
}
