package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
)

// errSites says that there are ids of sites that there are not, errNowhere that nobody said where a role is.
var (
	errSites   = errors.New("there is no such site")
	errNowhere = errors.New("no site is named")
)

// allSites is what one writes for all sites: to leave a field empty is not to choose.
const allSites = "*"

// peoplePage lists who may sign in.
type peoplePage struct {
	frame
	People []personRow
	Form   personForm
	Shared []sharedRow // who came in by the shared token
	Wrong  string
	Log    *accountLog
}

// sharedRow is a browser that was signed in by the shared token.
type sharedRow struct {
	sessionRow
	Name string // as whoever it was called himself; empty: he gave no name
}

type personRow struct {
	ID, Name, Display string
	Posts             []string
	Off, Waits        bool   // switched off; has no password yet
	Provider          string // that knows the person; empty: it is an account of the gateway's own
	Sessions          int
	Factors           string // beside the password
	Missing           bool   // a second factor, which it must have
}

// personForm is what an account is to be.
type personForm struct {
	Name, Display string
	Off           bool
	Roles         []roleField
	Sites         []choice // that there are, to copy their ids from
}

type roleField struct {
	Role, Word, May string
	Has             bool
	Sites           string // ids, or allSites
}

// personPage is one account, for who administers.
type personPage struct {
	frame
	ID, Display  string
	Provider     string // that knows the person; empty: it is an account of the gateway's own
	Posts        []string
	Form         personForm
	Sessions     []sessionRow
	Tokens       []tokenRow
	Waits        bool
	Factors      string // beside the password; empty: none
	Missing      bool   // a second factor, which the account must have
	Link         string // a one-time link that was just made: it is shown once
	Local        string // that Link is of this computer only; empty: it is not
	Wrong, Saved string
}

func (s *Server) people(w http.ResponseWriter, r *http.Request) error {
	return s.showPeople(w, r, http.StatusOK, nil, "")
}

func (s *Server) showPeople(w http.ResponseWriter, r *http.Request, status int, form *personForm, wrong string) error {
	lang := s.tongues.choose(r)
	p := peoplePage{frame: s.frame(r, lang, lang.T("people.title")), Wrong: wrong}
	p.Typing = true
	for _, a := range s.access.keeper.Accounts() {
		row := personRow{
			ID: a.ID, Name: a.Name, Display: a.Display, Posts: s.postWords(lang, a.Posts), Off: a.Off, Waits: a.Hash == "" && !a.External(), Provider: s.providerOf(a), Sessions: len(s.access.keeper.Sessions(a.ID)),
		}
		row.Factors, row.Missing = s.factorWords(lang, a)
		p.People = append(p.People, row)
	}
	if form == nil {
		form = s.personForm(lang, &accounts.Account{})
	}
	shared := s.access.keeper.SharedSessions(s.access.token())
	for i, row := range s.sessionRows(lang, shared, "") {
		p.Shared = append(p.Shared, sharedRow{row, shared[i].Claimed})
	}
	p.Form, p.Log = *form, s.accountLogOf(r, lang)
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, status, lang, "people", p)
}

// personForm is the form with what an account is.
func (s *Server) personForm(lang *tongue, a *accounts.Account) *personForm {
	f := &personForm{Name: a.Name, Display: a.Display, Off: a.Off}
	for _, role := range accounts.Roles() {
		field := roleField{Role: string(role), Word: lang.T("role." + string(role)), May: lang.T("role." + string(role) + "_may")}
		for _, post := range a.Posts {
			if post.Role == role {
				field.Has, field.Sites = true, cmp.Or(strings.Join(post.Sites, ", "), allSites)
			}
		}
		f.Roles = append(f.Roles, field)
	}
	views := s.opts.Live.Views()
	for i := range views[:min(len(views), listLimit)] {
		f.Sites = append(f.Sites, choice{Value: views[i].Site, Name: views[i].Name})
	}
	return f
}

// personIn reads the form, and gives it back as it was filled in.
func (s *Server) personIn(r *http.Request, lang *tongue) (accounts.Person, *personForm, error) {
	p := accounts.Person{Name: r.PostForm.Get("name"), Display: cleanText(r.PostForm.Get("display"), maxName), Off: r.PostForm.Get("off") != ""}
	form := s.personForm(lang, &accounts.Account{Name: cleanText(p.Name, maxName), Display: p.Display, Off: p.Off})
	var wrong error
	for i := range form.Roles {
		f := &form.Roles[i]
		f.Has, f.Sites = r.PostForm.Get("role-"+f.Role) != "", cleanText(r.PostForm.Get("sites-"+f.Role), 2000)
		if !f.Has {
			continue
		}
		var sites []string
		switch f.Sites {
		case allSites:
		case "":
			wrong = errNowhere
		default:
			var err error
			if sites, err = s.sitesIn(f.Sites); err != nil {
				wrong = err
			}
		}
		p.Posts = append(p.Posts, accounts.Post{Role: accounts.Role(f.Role), Sites: sites})
	}
	return p, form, wrong
}

// makePerson makes an account and shows the link by which its person gets a password.
func (s *Server) makePerson(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	lang := s.tongues.choose(r)
	p, form, err := s.personIn(r, lang)
	var a *accounts.Account
	if err == nil {
		a, err = s.access.keeper.Make(r.Context(), callerOf(r.Context()), p)
	}
	if err != nil {
		key, known := accountTrouble(err)
		if !known {
			return err
		}
		return s.showPeople(w, r, http.StatusUnprocessableEntity, form, lang.T(key))
	}
	return s.showLink(w, r, a.ID)
}

func (s *Server) person(w http.ResponseWriter, r *http.Request) error {
	p, err := s.personPageOf(r, r.PathValue("account"))
	if err != nil {
		return err
	}
	if r.URL.Query().Get("saved") != "" {
		p.Saved = s.tongues.choose(r).T("person.saved")
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusOK, s.tongues.choose(r), "person", p)
}

func (s *Server) personPageOf(r *http.Request, id string) (*personPage, error) {
	a, err := s.access.keeper.Account(id)
	if err != nil {
		return nil, errNoPage
	}
	lang := s.tongues.choose(r)
	_, here := s.access.session(r)
	p := &personPage{frame: s.frame(r, lang, a.Display), ID: a.ID, Display: a.Display, Form: *s.personForm(lang, a), Waits: a.Hash == ""}
	p.Typing = true
	session := ""
	if here != nil {
		session = here.ID
	}
	p.Sessions = s.sessionRows(lang, s.access.keeper.Sessions(a.ID), session)
	p.Factors, p.Missing = s.factorWords(lang, a)
	p.Tokens = s.tokenRows(lang, s.access.keeper.Tokens(a.ID))
	p.Provider, p.Posts = s.providerOf(a), s.postWords(lang, a.Posts)
	return p, nil
}

// changePerson makes an account what the form says.
func (s *Server) changePerson(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	id, lang := r.PathValue("account"), s.tongues.choose(r)
	was, err := s.access.keeper.Account(id)
	if err != nil {
		return errNoPage
	}
	p, form, err := s.personIn(r, lang)
	p.Lang = was.Lang
	if was.External() { // its form has no roles
		err = nil
	}
	if err == nil {
		err = s.access.keeper.Change(r.Context(), callerOf(r.Context()), id, p, cleanText(r.PostForm.Get("reason"), maxReason))
	}
	if err == nil {
		http.Redirect(w, r, "/people/"+id+"?saved=1", http.StatusSeeOther)
		return nil
	}
	key, known := accountTrouble(err)
	if !known {
		return err
	}
	page, err := s.personPageOf(r, id)
	if err != nil {
		return err
	}
	page.Form, page.Wrong = *form, lang.T(key)
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusUnprocessableEntity, lang, "person", page)
}

// linkPerson makes a one-time link for an account, for instance because its password is forgotten.
func (s *Server) linkPerson(w http.ResponseWriter, r *http.Request) error {
	return s.showLink(w, r, r.PathValue("account"))
}

func (s *Server) showLink(w http.ResponseWriter, r *http.Request, id string) error {
	code, err := s.access.keeper.NewLink(r.Context(), callerOf(r.Context()), id)
	if errors.Is(err, accounts.ErrNone) {
		return errNoPage
	}
	if err != nil {
		return err
	}
	p, err := s.personPageOf(r, id)
	if err != nil {
		return err
	}
	p.Link, p.Local = s.origin(r)+s.base.to("/setup?code="+code), s.local(r)
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusOK, s.tongues.choose(r), "person", p)
}

// origin is where people find the server: where the configuration says, for a proxy may ask under another name, else where the request asked.
func (s *Server) origin(r *http.Request) string {
	switch {
	case s.opts.Origin != "":
		return s.opts.Origin
	case s.access.secure:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// local says that an address that is shown is of this computer only; empty: others can open it, as far as an address tells.
func (s *Server) local(r *http.Request) string {
	origin := s.origin(r)
	if u, err := url.Parse(origin); err != nil || !onlyHere(u.Hostname()) {
		return ""
	}
	return s.tongues.choose(r).T("links.local", "Address", origin)
}

// endPersonSession signs an account out of one browser.
func (s *Server) endPersonSession(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	id := r.PathValue("account")
	if err := s.access.keeper.EndSession(r.Context(), callerOf(r.Context()), id, r.PostForm.Get("session")); err != nil {
		return errNoPage
	}
	s.signedOut(r.Context(), r.PostForm.Get("session"))
	http.Redirect(w, r, "/people/"+id+"?saved=1", http.StatusSeeOther)
	return nil
}

// endPersonToken ends a token of an account.
func (s *Server) endPersonToken(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	id := r.PathValue("account")
	err := s.access.keeper.EndToken(r.Context(), callerOf(r.Context()), id, r.PostForm.Get("token"))
	if errors.Is(err, accounts.ErrNone) {
		return errNoPage
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/people/"+id+"?saved=1", http.StatusSeeOther)
	return nil
}

// endSharedSession signs out a browser that came in by the shared token.
func (s *Server) endSharedSession(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	id := r.PostForm.Get("session")
	for _, x := range s.access.keeper.SharedSessions(s.access.token()) {
		if x.ID == id {
			if err := s.access.keeper.EndSession(r.Context(), callerOf(r.Context()), "", id); err != nil {
				return errNoPage
			}
			http.Redirect(w, r, "/people#shared", http.StatusSeeOther)
			return nil
		}
	}
	return errNoPage
}
