package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
)

// loginPage asks who somebody is: for a name and a password, or, where nobody has an account yet, for the shared token.
type loginPage struct {
	frame
	Next  string
	Name  string // as it was typed
	Wrong string // why the last try did not work
	Token bool   // the token is asked for
	Empty bool   // nobody can sign in: there is no account, and no token
	Crew  *crewForm
	// Passkey has the browser ask for one, in the place of name and password; nil: it is not possible here, or nobody has one.
	Passkey *passkeyForm
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

func (s *Server) loginPageOf(r *http.Request, next string) loginPage {
	lang := s.tongues.choose(r)
	any, token := s.access.keeper.Any(), s.access.token() != ""
	p := loginPage{frame: s.frame(r, lang, lang.T("login.title")), Next: next, Token: token && !any, Empty: !token && !any, Crew: s.crewFormOf(r)}
	if place, why := s.placeOf(r); why == "" && any && s.access.keeper.AnyPasskey(place) {
		if ask, err := s.access.keeper.AskPasskey(place); err == nil {
			p.Passkey = passkeyFormOf(ask, "get", "/login/passkey", lang.T("login.passkey"))
			p.Passkey.Next = next
		}
	}
	return p
}

// login shows the form.
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	next := localPath(r.URL.Query().Get("next"))
	if callerOf(r.Context()) != nil {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	w.Header().Set("Cache-Control", "no-store")
	p := s.loginPageOf(r, next)
	if r.URL.Query().Get("again") != "" {
		p.Wrong = s.tongues.choose(r).T("second.expired")
	}
	return s.render(w, http.StatusOK, s.tongues.choose(r), "login", p)
}

func (s *Server) attempt(r *http.Request) accounts.Attempt {
	return accounts.Attempt{
		Name: r.PostForm.Get("name"), Password: r.PostForm.Get("password"), From: s.client(r), Agent: cleanText(r.UserAgent(), 200),
		Session: secretIn(r, sessionCookie), Device: secretIn(r, deviceCookie),
	}
}

// welcome lets a browser in.
func (s *Server) welcome(w http.ResponseWriter, e *accounts.Entrance) {
	http.SetCookie(w, s.access.cookie(sessionCookie, e.Session, accounts.AbsoluteLimit))
	http.SetCookie(w, s.access.cookie(deviceCookie, e.Device, deviceLife))
	if t := s.tongues.byTag(e.Account.Lang); t != nil {
		http.SetCookie(w, s.languageCookie(t))
	}
}

// signIn takes a name and a password.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	next := localPath(r.PostForm.Get("next"))
	e, err := s.access.keeper.LogIn(r.Context(), s.attempt(r))
	if err != nil {
		return s.notIn(w, r, next, s.loginFault(err), "login.wrong")
	}
	s.arrive(w, r, e, next)
	return nil
}

// takeToken trades the shared token for a session, until there is an account.
func (s *Server) takeToken(w http.ResponseWriter, r *http.Request) error {
	if s.access.token() == "" || s.access.keeper.Any() {
		return errNoPage
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	next := localPath(r.PostForm.Get("next"))
	token := strings.TrimSpace(r.PostForm.Get("token"))
	if err := s.try(r, token); err != nil {
		return s.notIn(w, r, next, err, "error.token")
	}
	secret := s.access.keeper.Claim(r.Context(), cleanText(r.PostForm.Get("name"), maxName), token, s.attempt(r))
	http.SetCookie(w, s.access.cookie(sessionCookie, secret, accounts.AbsoluteLimit))
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// notIn shows the form again to a browser, and says what was wrong; wrong is the sentence for a secret that is.
func (s *Server) notIn(w http.ResponseWriter, r *http.Request, next string, err error, wrong string) error {
	var f *fault
	if !errors.As(err, &f) || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return err
	}
	lang := s.tongues.choose(r)
	w.Header().Set("Cache-Control", "no-store")
	p := s.loginPageOf(r, next)
	if p.Wrong = lang.T(f.key); f == errNeedToken {
		p.Wrong = lang.T(wrong)
	}
	p.Name = cleanText(r.PostForm.Get("name"), maxName)
	if f.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.retry))
	}
	return s.render(w, f.status, lang, "login", p)
}

// logout ends the session, so that its cookie is worth nothing wherever it is.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	if secret := secretIn(r, sessionCookie); secret != "" {
		if _, session := s.access.session(r); session != nil {
			s.signedOut(r.Context(), session.ID)
		}
		s.access.keeper.LogOut(r.Context(), secret)
	}
	http.SetCookie(w, s.access.cookie(sessionCookie, "", 0))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
	return nil
}
