package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/rules"
)

// accountPage is what a person's own account is, and where it is signed in.
type accountPage struct {
	frame
	Name, Display string
	Posts         []string
	Sessions      []sessionRow
	Tokens        []tokenRow
	May           []preset // what a token may be given
	Fresh         string   // a token that was just made: it is shown once
	Wrong, Saved  string
	Least         int
	PIN, HasPIN   bool // a PIN for the crew's phones may be set, and is
	LeastPIN      int
	MostPIN       int
	Factors       string // beside the password; empty: none
	Abilities     abilities
}

type sessionRow struct {
	ID, Agent, From, Began, Seen string
	Here                         bool
}

type tokenRow struct{ ID, Name, May, Created, Expires, Used string }

// account shows it.
func (s *Server) account(w http.ResponseWriter, r *http.Request) error {
	if c := callerOf(r.Context()); c != nil && c.Unready { // what is here is refused until there is a second factor
		http.Redirect(w, r, "/account/second", http.StatusSeeOther)
		return nil
	}
	p, _, err := s.accountPageOf(r)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	switch r.URL.Query().Get("saved") {
	case "password":
		p.Saved = lang.T("account.saved_password")
	case "session":
		p.Saved = lang.T("account.saved_session")
	case "pin":
		p.Saved = lang.T("account.saved_pin")
	case "token":
		p.Saved = lang.T("account.saved_token")
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusOK, lang, "account", p)
}

func (s *Server) accountPageOf(r *http.Request) (*accountPage, *accounts.Session, error) {
	c := callerOf(r.Context())
	_, session := s.access.session(r)
	if c == nil || c.Account == "" || session == nil { // a token is not the person
		return nil, nil, errNoPage
	}
	a, err := s.access.keeper.Account(c.Account)
	if err != nil {
		return nil, nil, errNoPage
	}
	lang := s.tongues.choose(r)
	p := &accountPage{frame: s.frame(r, lang, lang.T("account.title")), Name: a.Name, Display: a.Display, Posts: s.postWords(lang, a.Posts), Least: accounts.MinPassword}
	p.Typing, p.Abilities = true, s.abilitiesOf(r)
	p.HasPIN, p.PIN = s.access.keeper.HasPIN(a.ID)
	p.LeastPIN, p.MostPIN = accounts.MinPIN, accounts.MaxPIN
	p.Factors, _ = s.factorWords(lang, a)
	p.Sessions = s.sessionRows(lang, s.access.keeper.Sessions(a.ID), session.ID)
	p.Tokens = s.tokenRows(lang, s.access.keeper.Tokens(a.ID))
	for _, m := range accounts.Permissions() {
		if m != accounts.Administer && c.Anywhere(m) {
			p.May = append(p.May, preset{string(m), lang.T("may." + string(m))})
		}
	}
	return p, session, nil
}

// tokenRows are tokens in words.
func (s *Server) tokenRows(lang *tongue, all []accounts.Token) []tokenRow {
	rows := make([]tokenRow, 0, len(all))
	for _, t := range all {
		row := tokenRow{ID: t.ID, Name: t.Name, Created: s.agoOf(lang, t.Created), Expires: lang.day(t.Expires), Used: "–"}
		var may []string
		for _, m := range t.May {
			may = append(may, lang.T("may."+string(m)))
		}
		row.May = strings.Join(may, ", ")
		if len(t.Sites) > 0 {
			row.May += " (" + strings.Join(t.Sites, ", ") + ")"
		}
		if !t.Used.IsZero() {
			row.Used = s.agoOf(lang, t.Used)
		}
		if !s.opts.Now().Before(t.Expires) {
			row.Expires = lang.T("account.expired")
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *Server) agoOf(lang *tongue, t time.Time) string { return lang.Ago(s.opts.Now().Sub(t)) }

// day is a date for a table.
func (t *tongue) day(at time.Time) string { return at.UTC().Format("2006-01-02") }

func (s *Server) sessionRows(lang *tongue, all []accounts.Session, here string) []sessionRow {
	rows := make([]sessionRow, 0, len(all))
	for _, x := range all {
		rows = append(rows, sessionRow{ID: x.ID, Agent: browserOf(x.Agent), From: strings.TrimSuffix(x.From, "/32"), Began: s.agoOf(lang, x.Began), Seen: s.agoOf(lang, x.Seen), Here: x.ID == here})
	}
	return rows
}

// browserOf is what a person would call a browser: its name and system, as far as it says.
func browserOf(agent string) string {
	var words []string
	for _, names := range [][2]string{{"Edg/", "Edge"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox", "Firefox"}, {"Chrome", "Chrome"}, {"Safari", "Safari"}} {
		if strings.Contains(agent, names[0]) {
			words = append(words, names[1])
			break
		}
	}
	for _, names := range [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}} {
		if strings.Contains(agent, names[0]) {
			words = append(words, names[1])
			break
		}
	}
	if len(words) == 0 {
		agent, _, _ = strings.Cut(agent, " ")
		return cleanText(agent, 40)
	}
	return strings.Join(words, ", ")
}

// postWords say what an account is where.
func (s *Server) postWords(lang *tongue, posts []accounts.Post) []string {
	var words []string
	for _, p := range posts {
		where := lang.T("account.all_sites")
		if len(p.Sites) > 0 {
			names := make([]string, len(p.Sites))
			for i, id := range p.Sites {
				if names[i] = id; s.siteName(id) != "" {
					names[i] = s.siteName(id)
				}
			}
			where = strings.Join(names, ", ")
		}
		words = append(words, lang.T("role."+string(p.Role))+": "+where)
	}
	return words
}

func (s *Server) siteName(id string) string {
	if v, ok := s.opts.Live.Outline(id); ok {
		return v.Name
	}
	return ""
}

// changed goes back to the account's page, or shows it with what is wrong.
func (s *Server) changed(w http.ResponseWriter, r *http.Request, err error, saved string) error {
	if err == nil {
		http.Redirect(w, r, "/account?saved="+saved, http.StatusSeeOther)
		return nil
	}
	key, known := accountTrouble(err)
	if !known {
		return err
	}
	p, _, err := s.accountPageOf(r)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	p.Wrong = lang.T(key, "Least", accounts.MinPassword, "Most", accounts.MaxPassword)
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusUnprocessableEntity, lang, "account", p)
}

// repassword changes the own password.
func (s *Server) repassword(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	_, session, err := s.accountPageOf(r)
	if err != nil {
		return err
	}
	err = s.access.keeper.Repassword(r.Context(), callerOf(r.Context()), session.ID, r.PostForm.Get("old"), r.PostForm.Get("password"))
	return s.changed(w, r, err, "password")
}

// endOwnSession signs out another browser of one's own.
func (s *Server) endOwnSession(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	c := callerOf(r.Context())
	if c.Account == "" {
		return errNoPage
	}
	if err := s.access.keeper.EndSession(r.Context(), c, c.Account, r.PostForm.Get("session")); err != nil {
		return errNoPage
	}
	return s.changed(w, r, nil, "session")
}

// makeToken makes a token of one's own and shows it, once.
func (s *Server) makeToken(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	if _, _, err := s.accountPageOf(r); err != nil {
		return err // a token makes no token
	}
	c := callerOf(r.Context())
	pass := accounts.Pass{Name: cleanText(r.PostForm.Get("name"), maxName)}
	for _, m := range r.PostForm["may"] {
		if p := accounts.Permission(m); p != accounts.Administer && c.Anywhere(p) {
			pass.May = append(pass.May, p)
		}
	}
	days, err := strconv.Atoi(r.PostForm.Get("days"))
	if err != nil || days < 1 || days > 366 || pass.Name == "" || len(pass.May) == 0 {
		return errBadForm
	}
	pass.Life = time.Duration(days) * 24 * time.Hour
	if pass.Sites, err = s.sitesIn(r.PostForm.Get("sites")); err != nil {
		return s.changed(w, r, err, "")
	}
	value, err := s.access.keeper.NewToken(r.Context(), c, pass)
	if err != nil {
		return s.changed(w, r, err, "")
	}
	p, _, err := s.accountPageOf(r)
	if err != nil {
		return err
	}
	p.Fresh = value
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusOK, s.tongues.choose(r), "account", p)
}

// endToken ends a token of one's own.
func (s *Server) endToken(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	c := callerOf(r.Context())
	if c.Account == "" || s.access.keeper.EndToken(r.Context(), c, c.Account, r.PostForm.Get("token")) != nil {
		return errNoPage
	}
	return s.changed(w, r, nil, "token")
}

// sitesIn reads ids of sites between commas or blanks.
func (s *Server) sitesIn(text string) ([]string, error) {
	ids := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == ';' || r == '\n' || r == '\r' })
	if len(ids) == 0 && text != "" { // separators alone name no site, and must not mean all of them
		return nil, errSites
	}
	views := s.opts.Live.Views()
	for _, id := range ids {
		if !slices.ContainsFunc(views, func(v rules.View) bool { return v.Site == id }) {
			return nil, errSites
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
