package web

import (
	"errors"
	"net/http"

	"github.com/gerbang-iot/gerbang/accounts"
)

// setupPage is where a one-time link leads: to the first administrator, or to a password.
type setupPage struct {
	frame
	Code    string
	First   bool // an administrator is made
	Name    string
	Display string
	Wrong   string
	Least   int
}

// setup shows what a link is good for.
func (s *Server) setup(w http.ResponseWriter, r *http.Request) error {
	p, err := s.setupPageOf(r, r.URL.Query().Get("code"))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusOK, s.tongues.choose(r), "setup", p)
}

func (s *Server) setupPageOf(r *http.Request, code string) (*setupPage, error) {
	a, err := s.access.keeper.Link(code)
	if err != nil {
		return nil, &fault{status: http.StatusNotFound, key: "error.link", cause: err}
	}
	lang := s.tongues.choose(r)
	p := &setupPage{frame: s.frame(r, lang, lang.T("setup.title")), Code: code, First: a == nil, Least: accounts.MinPassword}
	p.Typing = true
	if a != nil {
		p.Name, p.Display = a.Name, a.Display
	}
	return p, nil
}

// follow uses a link up.
func (s *Server) follow(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	code := r.PostForm.Get("code")
	p, err := s.setupPageOf(r, code)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	person := accounts.Person{Name: r.PostForm.Get("name"), Display: cleanText(r.PostForm.Get("display"), maxName), Lang: lang.Tag}
	e, err := s.access.keeper.Follow(r.Context(), code, r.PostForm.Get("password"), person, s.attempt(r))
	if err == nil {
		s.arrive(w, r, e, "/")
		return nil
	}
	key, known := accountTrouble(err)
	if !known {
		return err
	}
	if p.First {
		p.Name, p.Display = cleanText(person.Name, maxName), person.Display
	}
	p.Wrong = lang.T(key, "Least", accounts.MinPassword, "Most", accounts.MaxPassword)
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusUnprocessableEntity, lang, "setup", p)
}

// accountTrouble is the key of the sentence about what a person can mend; false: it is none of those.
func accountTrouble(err error) (key string, known bool) {
	var weak *accounts.WeakError
	var wait *accounts.WaitError
	switch {
	case errors.As(err, &weak):
		return "password." + string(weak.Why), true
	case errors.As(err, &wait):
		return "error.too_many", true
	}
	for is, key := range map[error]string{
		accounts.ErrName: "account.bad_name", accounts.ErrTaken: "account.taken", accounts.ErrDisplay: "account.called", accounts.ErrWrong: "account.wrong_password", accounts.ErrLast: "account.last", accounts.ErrMany: "account.many_tokens",
		accounts.ErrRole: "error.bad_request", errSites: "account.bad_sites", errNowhere: "people.nowhere", accounts.ErrExpired: "error.link",
		accounts.ErrPIN: "account.bad_pin",
	} {
		if errors.Is(err, is) {
			return key, true
		}
	}
	return "", false
}
