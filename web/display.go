package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/rules"
)

// errScreen answers a display whose link is worth nothing any more: nobody stands there who could sign in.
var errScreen = &fault{status: http.StatusForbidden, key: "error.screen"}

// maxDisplayDays is the longest that a link with an end may hold.
const maxDisplayDays = 3650

// opensSign reports why a key does not open the sign that is asked for; nil: it does.
func (s *Server) opensSign(r *http.Request, key string) error {
	screen, err := s.access.keeper.ByScreen(r.Context(), key, s.client(r))
	var wait *accounts.WaitError
	switch {
	case errors.As(err, &wait):
		return s.loginFault(err)
	case err != nil, !screen.Shows(r.PathValue("site"), r.PathValue("zone")):
		return errScreen
	}
	return nil
}

// keyOf is the key of a display for the address of its stream.
func keyOf(r *http.Request) string {
	if key := r.URL.Query().Get("key"); key != "" {
		return "&key=" + url.QueryEscape(key)
	}
	return ""
}

// displaysPage is where links for the displays of a site are made and ended.
type displaysPage struct {
	frame
	Site, SiteName string
	Open           bool // whoever reaches the gateway sees the signs
	Signs          []signRow
	Screens        []screenRow
	Form           displayForm
	Fresh          []signRow // addresses with a key that was just made: they are shown once
	Local          string    // that they are of this computer only; empty: they are not
	Wrong, Saved   string
}

// signRow is the sign of a zone.
type signRow struct{ Name, URL string }

// screenRow is a display that has a link.
type screenRow struct{ ID, Name, Sign, Basis, Seen string }

type displayForm struct {
	Name  string
	Zones []choice
	Lives []choice
}

func (s *Server) displaysPageOf(r *http.Request) (*displaysPage, *rules.View, error) {
	v, ok := s.opts.Live.Outline(r.PathValue("site"))
	if !ok {
		return nil, nil, ErrNotFound
	}
	lang := s.tongues.choose(r)
	p := &displaysPage{frame: s.frame(r, lang, v.Name+" · "+lang.T("displays.title")), Site: v.Site, SiteName: v.Name, Open: s.opts.PublicSigns}
	p.Typing = true
	for i := range v.Zones {
		z := &v.Zones[i]
		p.Signs = append(p.Signs, signRow{z.Name, "/sign/" + v.Site + "/" + z.ID})
		p.Form.Zones = append(p.Form.Zones, choice{z.ID, z.Name, z.ID == r.PostForm.Get("zone")})
	}
	for _, days := range []int{0, 30, 90, 365} {
		word := lang.T("displays.days", "Count", days)
		if days == 0 {
			word = lang.T("displays.for_ever")
		}
		p.Form.Lives = append(p.Form.Lives, choice{strconv.Itoa(days), word, strconv.Itoa(days) == r.PostForm.Get("days")})
	}
	now := s.opts.Now()
	for _, x := range s.access.keeper.Screens(v.Site) {
		row := screenRow{ID: x.ID, Name: x.Name, Sign: lang.T("displays.all_signs"), Seen: lang.T("displays.never_seen")}
		if x.Zone != "" {
			if row.Sign = x.Zone; zoneName(v, x.Zone) != "" {
				row.Sign = zoneName(v, x.Zone)
			}
		}
		row.Basis = lang.T("displays.made", "By", x.By, "Ago", s.agoOf(lang, x.Created))
		switch {
		case x.Over(now):
			row.Basis += " " + lang.T("displays.over")
		case !x.Expires.IsZero():
			row.Basis += " " + lang.T("displays.until", "Day", lang.Date(x.Expires.In(s.zones.named(v.Zone))))
		}
		if !x.Used.IsZero() {
			row.Seen = lang.T("displays.seen", "Ago", s.agoOf(lang, x.Used))
		}
		p.Screens = append(p.Screens, row)
	}
	return p, v, nil
}

// zoneName is what people call a zone; empty: the site has none of that id.
func zoneName(v *rules.View, id string) string {
	if z, ok := zoneByID(v, id); ok {
		return z.Name
	}
	return ""
}

func (s *Server) displays(w http.ResponseWriter, r *http.Request) error {
	p, _, err := s.displaysPageOf(r)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	if r.URL.Query().Get("saved") == "end" {
		p.Saved = lang.T("displays.saved_end")
	}
	return s.render(w, http.StatusOK, lang, "displays", p)
}

// makeDisplay makes a link and shows it, once.
func (s *Server) makeDisplay(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	p, v, err := s.displaysPageOf(r)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	w.Header().Set("Cache-Control", "no-store")
	screen := accounts.Screen{Name: cleanText(r.PostForm.Get("name"), maxName), Site: v.Site, Zone: r.PostForm.Get("zone")}
	days, err := strconv.Atoi(r.PostForm.Get("days"))
	refused := ""
	switch {
	case screen.Name == "":
		refused = "displays.no_name"
	case screen.Zone != "" && zoneName(v, screen.Zone) == "":
		refused = "displays.no_zone"
	case err != nil || days < 0 || days > maxDisplayDays:
		refused = "displays.no_days"
	case days > 0:
		screen.Expires = s.opts.Now().Add(time.Duration(days) * 24 * time.Hour)
	}
	var key string
	if refused == "" {
		key, err = s.access.keeper.NewScreen(r.Context(), callerOf(r.Context()), screen)
		switch {
		case errors.Is(err, accounts.ErrManyScreens):
			refused = "displays.many"
		case err != nil:
			return err
		}
	}
	if refused != "" {
		p.Wrong, p.Form.Name = lang.T(refused), screen.Name
		return s.render(w, http.StatusUnprocessableEntity, lang, "displays", p)
	}
	if p, _, err = s.displaysPageOf(r); err != nil { // with the new one in its list
		return err
	}
	p.Local = s.local(r)
	for i := range v.Zones {
		if z := &v.Zones[i]; screen.Shows(v.Site, z.ID) {
			p.Fresh = append(p.Fresh, signRow{z.Name, s.origin(r) + s.base.to("/sign/"+v.Site+"/"+z.ID+"?key="+key)})
		}
	}
	return s.render(w, http.StatusOK, lang, "displays", p)
}

// endDisplay ends a link.
func (s *Server) endDisplay(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	site := r.PathValue("site")
	err := s.access.keeper.EndScreen(r.Context(), callerOf(r.Context()), site, r.PostForm.Get("screen"))
	if err != nil && !errors.Is(err, accounts.ErrNoScreen) { // one that has ended already is what is wanted
		return err
	}
	http.Redirect(w, r, "/site/"+url.PathEscape(site)+"/displays?saved=end", http.StatusSeeOther)
	return nil
}
