package web

import (
	"errors"
	"html/template"
	"net/http"
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
)

// factorsPage is where a person sets up what is asked for beside the password.
type factorsPage struct {
	frame
	Required   bool // the account must have a second factor
	Any        bool
	Fresh      bool // who is here has shown lately that he is
	Codes      bool
	Unreadable bool
	CodesWhen  string
	Keys       []keyRow
	Recovery   int
	Low        bool
	MadeWhen   string
	Add        *passkeyForm
	Confirm    *passkeyForm // to show who one is by a passkey
	NoPasskey  string
	Enrol      *enrolView // an authenticator that is being set up
	Wrong      string
	Saved      string
}

type keyRow struct {
	ID, Name, Place, Dates string
	Elsewhere              bool // it is for another address than this
}

// enrolView is an authenticator that is being set up.
type enrolView struct {
	QR            codeDrawing
	Secret, Proof string
	URL           template.URL // for a telephone that shows this page itself
	Wrong         string
}

// recoveryPage shows recovery codes, once.
type recoveryPage struct {
	frame
	Codes   []string
	Account string
	When    string
	First   bool // they came with the first factor
}

// signedIn is whoever is signed in with an account of his own; errNoPage for all others: a token is not the person, nor is a PIN.
func (s *Server) signedIn(r *http.Request) (*accounts.Caller, *accounts.Session, *accounts.Account, error) {
	c := callerOf(r.Context())
	_, session := s.access.session(r)
	if c == nil || c.Account == "" || c.ByPIN || session == nil || session.Account != c.Account {
		return nil, nil, nil, errNoPage
	}
	a, err := s.access.keeper.Account(c.Account)
	if err != nil {
		return nil, nil, nil, errNoPage
	}
	return c, session, a, nil
}

func (s *Server) factorsPageOf(r *http.Request) (*factorsPage, error) {
	c, session, a, err := s.signedIn(r)
	if err != nil {
		return nil, err
	}
	lang, keeper := s.tongues.choose(r), s.access.keeper
	f := keeper.Factors(a.ID)
	p := &factorsPage{
		frame: s.frame(r, lang, lang.T("factors.title")), Required: keeper.Required(a), Any: f.Any(), Fresh: keeper.Fresh(session), Codes: f.Codes, Unreadable: f.Unreadable,
		Recovery: f.Recovery, Low: f.Recovery <= accounts.RecoveryLow,
	}
	p.Typing = true
	used := func(at interface{ IsZero() bool }, ago string) string {
		if at.IsZero() {
			return lang.T("factors.unused")
		}
		return lang.T("factors.used", "Ago", ago)
	}
	if f.Codes {
		p.CodesWhen = lang.T("factors.since", "Day", lang.day(f.CodesAt)) + ", " + used(f.CodeUsed, s.agoOf(lang, f.CodeUsed))
	}
	if f.Any() {
		p.MadeWhen = lang.T("factors.made", "Day", lang.day(f.MadeAt))
	}
	place, why := s.placeOf(r)
	p.NoPasskey = lang.hinderedBy(why)
	here := false
	for i := range f.Passkeys {
		k := &f.Passkeys[i]
		elsewhere := k.Place != place.Name
		here = here || !elsewhere
		p.Keys = append(p.Keys, keyRow{
			ID: k.ID, Name: k.Name, Place: k.Place, Elsewhere: elsewhere,
			Dates: lang.T("factors.since", "Day", lang.day(k.Made)) + ", " + used(k.Used, s.agoOf(lang, k.Used)),
		})
	}
	switch {
	case why != "":
	case p.Fresh:
		ask, err := keeper.AskNewPasskey(c, session.ID, place)
		if err != nil && !errors.Is(err, accounts.ErrKeys) {
			return nil, err
		}
		if p.Add = passkeyFormOf(ask, "create", "/account/second/passkey", lang.T("factors.add_passkey")); p.Add != nil {
			p.Add.Naming, p.Add.Name = true, browserOf(r.UserAgent())
		}
	case here:
		ask, err := keeper.AskProofPasskey(c, place)
		if err != nil {
			return nil, err
		}
		p.Confirm = passkeyFormOf(ask, "get", "/account/second/confirm", lang.T("second.passkey"))
	}
	return p, nil
}

// factors shows the page.
func (s *Server) factors(w http.ResponseWriter, r *http.Request) error {
	p, err := s.factorsPageOf(r)
	if err != nil {
		return err
	}
	switch saved := r.URL.Query().Get("saved"); saved {
	case "codes", "passkey", "name", "removed":
		p.Saved = s.tongues.choose(r).T("factors.saved." + saved)
	}
	return s.showFactors(w, r, http.StatusOK, p)
}

func (s *Server) showFactors(w http.ResponseWriter, r *http.Request, status int, p *factorsPage) error {
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, status, s.tongues.choose(r), "factors", p)
}

// factorsChanged goes back to the page, or shows it with what is wrong, or shows recovery codes that were made.
func (s *Server) factorsChanged(w http.ResponseWriter, r *http.Request, codes []string, err error, saved string) error {
	if err == nil && codes != nil {
		return s.showCodes(w, r, codes, true)
	}
	if err == nil {
		http.Redirect(w, r, "/account/second?saved="+saved, http.StatusSeeOther)
		return nil
	}
	if errors.Is(err, accounts.ErrNone) {
		return errNoPage
	}
	status, words := http.StatusUnprocessableEntity, ""
	lang := s.tongues.choose(r)
	switch {
	case errors.Is(err, accounts.ErrStale):
		status, words = http.StatusOK, lang.T("factors.stale") // nothing is wrong: the page asks
	case errors.Is(err, accounts.ErrKeys):
		words = lang.T("factors.many")
	case errors.Is(err, accounts.ErrFactor):
		words = lang.T("factors.gone")
	case errors.Is(err, accounts.ErrWrong):
		words = lang.T("account.wrong_password")
	default:
		if status, words, err = s.factorTrouble(w, r, err); err != nil {
			return err
		}
		status = max(status, http.StatusUnprocessableEntity) // who he is, is not in question: a 401 would ask him to sign in
	}
	p, err := s.factorsPageOf(r)
	if err != nil {
		return err
	}
	p.Wrong = words
	return s.showFactors(w, r, status, p)
}

func (s *Server) showCodes(w http.ResponseWriter, r *http.Request, codes []string, first bool) error {
	_, _, a, err := s.signedIn(r)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	p := recoveryPage{frame: s.frame(r, lang, lang.T("recovery.title")), Codes: codes, Account: a.Name, When: lang.Date(s.opts.Now().In(s.commonZone(""))), First: first}
	p.Typing = true
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusOK, lang, "recovery", p)
}

// confirmSelf takes what shows that whoever is signed in is who he is: the password, a code or a passkey.
func (s *Server) confirmSelf(w http.ResponseWriter, r *http.Request) error {
	c, session, err := s.factorForm(r)
	if err != nil {
		return err
	}
	if proof, answer := answerIn(r); len(answer) > 0 {
		place, why := s.placeOf(r)
		if why != "" {
			return errBadForm
		}
		err = s.access.keeper.ConfirmByPasskey(r.Context(), c, session.ID, place, proof, answer)
	} else {
		err = s.access.keeper.Confirm(r.Context(), c, session.ID, r.PostForm.Get("password"), strings.TrimSpace(r.PostForm.Get("code")))
	}
	return s.factorsChanged(w, r, nil, err, "")
}

func (s *Server) factorForm(r *http.Request) (*accounts.Caller, *accounts.Session, error) {
	if err := r.ParseForm(); err != nil {
		return nil, nil, badForm(err)
	}
	c, session, _, err := s.signedIn(r)
	return c, session, err
}

// beginCodes shows the QR code of a new authenticator.
func (s *Server) beginCodes(w http.ResponseWriter, r *http.Request) error {
	c, session, err := s.factorForm(r)
	if err != nil {
		return err
	}
	e, err := s.access.keeper.BeginTOTP(c, session.ID)
	if err != nil {
		return s.factorsChanged(w, r, nil, err, "")
	}
	return s.showEnrolment(w, r, http.StatusOK, e, "")
}

func (s *Server) showEnrolment(w http.ResponseWriter, r *http.Request, status int, e *accounts.Enrolment, wrong string) error {
	p, err := s.factorsPageOf(r)
	if err != nil {
		return err
	}
	code, err := drawCode(e.URL)
	if err != nil {
		return err
	}
	p.Enrol = &enrolView{
		QR: code, Secret: groups(e.Secret), Proof: e.Proof, Wrong: wrong,
		URL: template.URL(e.URL), //nolint:gosec // otpauth: of our own
	}
	return s.showFactors(w, r, status, p)
}

// confirmCodes takes the first code of an authenticator.
func (s *Server) confirmCodes(w http.ResponseWriter, r *http.Request) error {
	c, session, err := s.factorForm(r)
	if err != nil {
		return err
	}
	proof := r.PostForm.Get("proof")
	codes, err := s.access.keeper.ConfirmTOTP(r.Context(), c, session.ID, proof, r.PostForm.Get("code"))
	var drift *accounts.DriftError
	if errors.Is(err, accounts.ErrCode) || errors.As(err, &drift) {
		e, again := s.access.keeper.AgainTOTP(c, proof)
		if again != nil {
			return s.factorsChanged(w, r, nil, again, "")
		}
		_, words, _ := s.factorTrouble(w, r, err)
		return s.showEnrolment(w, r, http.StatusUnprocessableEntity, e, words)
	}
	return s.factorsChanged(w, r, codes, err, "codes")
}

// addPasskey takes a passkey that the browser has made.
func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request) error {
	c, session, err := s.factorForm(r)
	if err != nil {
		return err
	}
	proof, answer := answerIn(r)
	place, why := s.placeOf(r)
	if len(answer) == 0 || why != "" {
		return errBadForm
	}
	codes, err := s.access.keeper.AddPasskey(r.Context(), c, session.ID, place, proof, s.passkeyName(r), answer)
	return s.factorsChanged(w, r, codes, err, "passkey")
}

func (s *Server) passkeyName(r *http.Request) string {
	if name := cleanText(r.PostForm.Get("name"), maxName); name != "" {
		return name
	}
	return s.tongues.choose(r).T("factors.passkey")
}

// namePasskey gives a passkey another name.
func (s *Server) namePasskey(w http.ResponseWriter, r *http.Request) error {
	c, _, err := s.factorForm(r)
	if err != nil {
		return err
	}
	return s.factorsChanged(w, r, nil, s.access.keeper.NamePasskey(r.Context(), c, r.PostForm.Get("factor"), s.passkeyName(r)), "name")
}

// removeFactor takes the authenticator or a passkey away.
func (s *Server) removeFactor(w http.ResponseWriter, r *http.Request) error {
	c, session, err := s.factorForm(r)
	if err != nil {
		return err
	}
	return s.factorsChanged(w, r, nil, s.access.keeper.RemoveFactor(r.Context(), c, session.ID, r.PostForm.Get("factor")), "removed")
}

// makeCodes makes new recovery codes and shows them, once.
func (s *Server) makeCodes(w http.ResponseWriter, r *http.Request) error {
	c, session, err := s.factorForm(r)
	if err != nil {
		return err
	}
	codes, err := s.access.keeper.NewRecovery(r.Context(), c, session.ID)
	if err != nil {
		return s.factorsChanged(w, r, nil, err, "")
	}
	return s.showCodes(w, r, codes, false)
}

// resetPerson takes the second factors of somebody away who has lost them.
func (s *Server) resetPerson(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	id := r.PathValue("account")
	why := cleanText(r.PostForm.Get("reason"), maxReason)
	if why == "" {
		return errBadForm
	}
	err := s.access.keeper.ResetFactors(r.Context(), callerOf(r.Context()), id, why)
	switch {
	case errors.Is(err, accounts.ErrNone):
		return errNoPage
	case err != nil && !errors.Is(err, accounts.ErrFactor): // none is as good as reset
		return err
	}
	http.Redirect(w, r, "/people/"+id+"?saved=1", http.StatusSeeOther)
	return nil
}

// factorWords say what an account has beside its password.
func (s *Server) factorWords(lang *tongue, a *accounts.Account) (words string, missing bool) {
	f := s.access.keeper.Factors(a.ID)
	var all []string
	if f.Codes {
		all = append(all, lang.T("factor.totp"))
	}
	if n := len(f.Passkeys); n > 0 {
		all = append(all, lang.T("factor.passkeys", "Count", n))
	}
	return strings.Join(all, ", "), s.access.keeper.Required(a) && !f.Any()
}

// eventFactors says in words what an event of accounts has in its own.
func (t *tongue) eventFactors(text string) string {
	parts := strings.Split(text, "; ")
	for i, p := range parts {
		kind, name, named := strings.Cut(p, ": ")
		switch kind {
		case "totp", "recovery", "passkey", "password":
			parts[i] = t.T("factor." + kind)
			if named {
				parts[i] += " " + name
			}
		}
	}
	return strings.Join(parts, "; ")
}
