package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
)

// crewCookie is of a phone that the cleaning crew of a site shares.
const (
	crewCookie = "gerbang_crew"
	crewLife   = 366 * 24 * time.Hour
)

// crewPage is where a supervisor enrols the phones of a site's crew.
type crewPage struct {
	frame
	Site, SiteName string
	Phones         []crewRow
	Link           string // that was just made: it is shown once
	Local          string // that it is of this computer only; empty: it is not
	Code           codeDrawing
	Wrong, Saved   string
}

type crewRow struct {
	ID, Name, By, Made string
	Waits              bool // its link was not followed yet
}

// phones lists the phones of a crew.
func (s *Server) phones(w http.ResponseWriter, r *http.Request) error {
	p, err := s.crewPageOf(r)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("saved") != "" {
		p.Saved = s.tongues.choose(r).T("crew.ended")
	}
	return s.showCrew(w, r, http.StatusOK, p)
}

func (s *Server) showCrew(w http.ResponseWriter, r *http.Request, status int, p *crewPage) error {
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, status, s.tongues.choose(r), "crew", p)
}

func (s *Server) crewPageOf(r *http.Request) (*crewPage, error) {
	v, ok := s.opts.Live.Outline(r.PathValue("site"))
	if !ok {
		return nil, errNoPage
	}
	lang := s.tongues.choose(r)
	p := &crewPage{frame: s.frame(r, lang, lang.T("crew.title", "Site", v.Name)), Site: v.Site, SiteName: v.Name}
	for _, ph := range s.access.keeper.Phones(v.Site) {
		p.Phones = append(p.Phones, crewRow{ID: ph.ID, Name: ph.Name, By: ph.By, Made: s.agoOf(lang, ph.Made), Waits: !ph.Expires.IsZero()})
	}
	return p, nil
}

// addPhone makes a link by which a phone is enrolled, and shows it once, as a code for its camera too.
func (s *Server) addPhone(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	lang := s.tongues.choose(r)
	name := cleanText(r.PostForm.Get("name"), maxName)
	if name == "" {
		return errBadForm
	}
	if _, ok := s.opts.Live.Outline(r.PathValue("site")); !ok {
		return errNoPage
	}
	code, err := s.access.keeper.NewPhone(r.Context(), callerOf(r.Context()), r.PathValue("site"), name)
	if err != nil && !errors.Is(err, accounts.ErrMany) {
		return err
	}
	p, pageErr := s.crewPageOf(r)
	if pageErr != nil {
		return pageErr
	}
	if err != nil {
		p.Wrong = lang.T("crew.many")
		return s.showCrew(w, r, http.StatusUnprocessableEntity, p)
	}
	p.Link, p.Local = s.origin(r)+s.base.to("/phone?code="+code), s.local(r)
	if p.Code, err = drawCode(p.Link); err != nil {
		return err
	}
	return s.showCrew(w, r, http.StatusOK, p)
}

// endPhone takes a phone from the crew.
func (s *Server) endPhone(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	site := r.PathValue("site")
	if err := s.access.keeper.EndPhone(r.Context(), callerOf(r.Context()), site, r.PostForm.Get("phone")); err != nil {
		if errors.Is(err, accounts.ErrNone) {
			return errNoPage
		}
		return err
	}
	http.Redirect(w, r, "/site/"+site+"/phones?saved=1", http.StatusSeeOther)
	return nil
}

// enrolPage is what a phone shows that followed a link.
type enrolPage struct {
	frame
	Code, Name, SiteName string
}

func (s *Server) enrolPageOf(r *http.Request, code string) (*enrolPage, error) {
	ph, err := s.access.keeper.PhoneLink(code)
	if err != nil {
		return nil, &fault{status: http.StatusNotFound, key: "error.link", cause: err}
	}
	lang := s.tongues.choose(r)
	p := &enrolPage{frame: s.frame(r, lang, lang.T("crew.enrol")), Code: code, Name: ph.Name, SiteName: ph.Site}
	if v, ok := s.opts.Live.Outline(ph.Site); ok {
		p.SiteName = v.Name
	}
	return p, nil
}

// showEnrol asks whether this phone is to be the crew's.
func (s *Server) showEnrol(w http.ResponseWriter, r *http.Request) error {
	p, err := s.enrolPageOf(r, r.URL.Query().Get("code"))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusOK, s.tongues.choose(r), "enrol", p)
}

// enrol makes this phone the crew's.
func (s *Server) enrol(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	secret, ph, err := s.access.keeper.Enrol(r.Context(), r.PostForm.Get("code"), s.client(r).String())
	if errors.Is(err, accounts.ErrExpired) {
		return &fault{status: http.StatusNotFound, key: "error.link", cause: err}
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, s.access.cookie(crewCookie, secret, crewLife))
	if cookie := secretIn(r, sessionCookie); cookie != "" { // who enrolled it does not stay signed in on it
		s.access.keeper.LogOut(r.Context(), cookie)
		http.SetCookie(w, s.access.cookie(sessionCookie, "", 0))
	}
	http.Redirect(w, r, loginURL(doPath(ph.Site, "")), http.StatusSeeOther)
	return nil
}

// crewForm is where somebody of the crew comes in by PIN; nil: this is no phone of a crew.
type crewForm struct {
	Phone  string
	People []choice
	Least  int
	Most   int
}

func (s *Server) crewFormOf(r *http.Request) *crewForm {
	ph := s.access.keeper.CrewPhone(secretIn(r, crewCookie))
	if ph == nil {
		return nil
	}
	f := &crewForm{Phone: ph.Name, Least: accounts.MinPIN, Most: accounts.MaxPIN}
	for _, a := range s.access.keeper.Crew(ph) {
		f.People = append(f.People, choice{Value: a.ID, Name: a.Display})
	}
	return f
}

// signInByPIN lets somebody of the crew in.
func (s *Server) signInByPIN(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	phone := secretIn(r, crewCookie)
	next := localPath(r.PostForm.Get("next"))
	e, err := s.access.keeper.LogInByPIN(r.Context(), phone, r.PostForm.Get("person"), r.PostForm.Get("pin"), s.attempt(r))
	switch {
	case errors.Is(err, accounts.ErrPhone):
		return &fault{status: http.StatusUnprocessableEntity, key: "crew.no_phone", cause: err}
	case errors.Is(err, accounts.ErrBlocked):
		return s.notIn(w, r, next, &fault{status: http.StatusUnprocessableEntity, key: "crew.blocked", cause: err}, "")
	case err != nil:
		return s.notIn(w, r, next, s.loginFault(err), "crew.wrong")
	}
	_ = s.loginFault(nil)
	http.SetCookie(w, s.access.cookie(sessionCookie, e.Session, accounts.ShiftLimit))
	if t := s.tongues.byTag(e.Account.Lang); t != nil {
		http.SetCookie(w, s.languageCookie(t))
	}
	// Only the tasks are open by PIN: whatever else was asked for leads there.
	site := s.access.keeper.CrewPhone(phone)
	if site == nil {
		return &fault{status: http.StatusUnprocessableEntity, key: "crew.no_phone", cause: accounts.ErrPhone}
	}
	if own := doPath(site.Site, ""); next != own && !strings.HasPrefix(next, own+"/") {
		next = own
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// setPIN gives whoever is signed in by password a PIN.
func (s *Server) setPIN(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	_, session, err := s.accountPageOf(r)
	if err != nil {
		return err
	}
	err = s.access.keeper.SetPIN(r.Context(), callerOf(r.Context()), session.ID, r.PostForm.Get("password"), r.PostForm.Get("pin"))
	return s.changed(w, r, err, "pin")
}
