package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
)

// stepCookie is of a browser whose person has shown the password and not the second factor yet.
const stepCookie = "gerbang_step"

// mostStep bounds that cookie: it is sealed, and longer than others.
const mostStep = 1000

// stepPage asks for the second factor.
type stepPage struct {
	frame
	Next, Display string
	Codes         bool // an app shows codes
	Recovery      bool // there are recovery codes left
	Passkey       *passkeyForm
	NoPasskey     string // why a passkey cannot be used here
	Wrong         string
}

func stepURL(next string) string { return "/login/second?next=" + url.QueryEscape(next) }

func stepIn(r *http.Request) string {
	if c, err := r.Cookie(stepCookie); err == nil && len(c.Value) <= mostStep {
		return c.Value
	}
	return ""
}

// arrive lets a browser in whose person has shown all that is asked for, or asks for the second factor.
func (s *Server) arrive(w http.ResponseWriter, r *http.Request, e *accounts.Entrance, next string) {
	if e.Step != "" {
		http.SetCookie(w, s.access.cookie(stepCookie, e.Step, accounts.StepFor))
		http.Redirect(w, r, stepURL(next), http.StatusSeeOther)
		return
	}
	_ = s.loginFault(nil)
	s.welcome(w, e)
	if stepIn(r) != "" {
		http.SetCookie(w, s.access.cookie(stepCookie, "", 0))
	}
	if e.Unready {
		next = "/account/second"
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// secondStep shows the form.
func (s *Server) secondStep(w http.ResponseWriter, r *http.Request) error {
	return s.showStep(w, r, http.StatusOK, localPath(r.URL.Query().Get("next")), "")
}

func (s *Server) showStep(w http.ResponseWriter, r *http.Request, status int, next, wrong string) error {
	text := stepIn(r)
	step, err := s.access.keeper.Step(text)
	if err != nil {
		return s.loginAgain(w, r, next)
	}
	lang := s.tongues.choose(r)
	p := stepPage{
		frame: s.frame(r, lang, lang.T("second.title")), Next: next, Display: step.Account.Display, Codes: step.Factors.Codes, Recovery: step.Factors.Recovery > 0, Wrong: wrong,
	}
	p.Typing = true
	if len(step.Factors.Passkeys) > 0 {
		place, why := s.placeOf(r)
		ask, err := s.access.keeper.AskStepPasskey(text, place)
		switch {
		case why != "":
			p.NoPasskey = lang.hinderedBy(why)
		case errors.Is(err, accounts.ErrFactor):
			p.NoPasskey = lang.T("passkey.of_others", "Place", step.Factors.Passkeys[0].Place)
		case err != nil:
			return err
		default:
			p.Passkey = passkeyFormOf(ask, "get", "/login/second", lang.T("second.passkey"))
			p.Passkey.Next = next
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, status, lang, "second", p)
}

// loginAgain sends a browser back to the password.
func (s *Server) loginAgain(w http.ResponseWriter, r *http.Request, next string) error {
	http.SetCookie(w, s.access.cookie(stepCookie, "", 0))
	http.Redirect(w, r, loginURL(next)+"&again=1", http.StatusSeeOther)
	return nil
}

// takeStep takes a code, a recovery code or a passkey.
func (s *Server) takeStep(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	next, step := localPath(r.PostForm.Get("next")), stepIn(r)
	var e *accounts.Entrance
	var err error
	if proof, answer := answerIn(r); len(answer) > 0 {
		place, why := s.placeOf(r)
		if why != "" {
			return errBadForm
		}
		e, err = s.access.keeper.StepByPasskey(r.Context(), step, place, proof, answer, s.attempt(r))
	} else {
		e, err = s.access.keeper.TakeStep(r.Context(), step, r.PostForm.Get("code"), s.attempt(r))
	}
	switch {
	case err == nil:
		s.arrive(w, r, e, next)
		return nil
	case errors.Is(err, accounts.ErrStep):
		if _, still := s.access.keeper.Step(step); still != nil {
			return s.loginAgain(w, r, next)
		}
		return s.showStep(w, r, http.StatusUnprocessableEntity, next, s.tongues.choose(r).T("passkey.expired")) // the page lay open
	}
	status, words, err := s.factorTrouble(w, r, err)
	if err != nil {
		return err
	}
	return s.showStep(w, r, status, next, words)
}

// logInByPasskey takes a passkey in the place of a name and a password.
func (s *Server) logInByPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	next := localPath(r.PostForm.Get("next"))
	proof, answer := answerIn(r)
	place, why := s.placeOf(r)
	if len(answer) == 0 || why != "" {
		return errBadForm
	}
	e, err := s.access.keeper.LogInByPasskey(r.Context(), place, proof, answer, s.attempt(r))
	if err == nil {
		s.arrive(w, r, e, next)
		return nil
	}
	status, words, err := s.factorTrouble(w, r, err)
	if err != nil {
		return err
	}
	p := s.loginPageOf(r, next)
	p.Wrong = words
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, status, s.tongues.choose(r), "login", p)
}

// factorTrouble is what people are told about a second factor that was not taken, and with which status. Other errors come back.
func (s *Server) factorTrouble(w http.ResponseWriter, r *http.Request, err error) (status int, words string, _ error) {
	lang := s.tongues.choose(r)
	var drift *accounts.DriftError
	var wait *accounts.WaitError
	key := ""
	switch {
	case errors.As(err, &wait):
		s.metrics.login("held")
		seconds := int(wait.Wait/time.Second) + 1
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		return http.StatusTooManyRequests, lang.T("second.wait", "Wait", lang.Span(time.Duration(seconds)*time.Second)), nil
	case errors.As(err, &drift):
		key = "second.ahead"
		if drift.Ahead < 0 {
			key = "second.behind"
		}
		s.metrics.login("refused")
		return http.StatusUnauthorized, lang.T(key, "Span", lang.Span(drift.Ahead.Abs()), "Now", drift.Now.In(s.commonZone("")).Format(lang.clock+" MST")), nil
	case errors.Is(err, accounts.ErrCode):
		key = "second.wrong"
	case errors.Is(err, accounts.ErrUsed):
		key = "second.used"
	case errors.Is(err, accounts.ErrUnreadable):
		key = "second.unreadable"
	case errors.Is(err, accounts.ErrPasskey):
		key = "passkey.refused"
	case errors.Is(err, accounts.ErrStep):
		return http.StatusUnprocessableEntity, lang.T("passkey.expired"), nil
	default:
		return 0, "", err
	}
	s.metrics.login("refused")
	return http.StatusUnauthorized, lang.T(key), nil
}

// groups writes a long text in groups of four, to be read aloud and typed.
func groups(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
