package web

import (
	"net/http"

	"github.com/gerbang-iot/gerbang/accounts"
)

// maxAnswer bounds what a browser says for a passkey, in bytes.
const maxAnswer = 12 << 10

// passkeyForm is a form that has a browser ask for a passkey, and sends what comes of it as any other form.
type passkeyForm struct {
	Kind    string // create or get
	Action  string // where it is sent
	Options string // JSON, for the browser
	Proof   string // what was asked
	Origin  string // where the page must be
	Next    string
	Label   string // of the button
	Name    string // suggested for a new one
	Naming  bool   // a name is asked for
}

// passkeyFormOf is a form for what was asked; nil: nothing was.
func passkeyFormOf(ask *accounts.Ask, kind, action, label string) *passkeyForm {
	if ask == nil {
		return nil
	}
	return &passkeyForm{Kind: kind, Action: action, Options: ask.Options, Proof: ask.Proof, Origin: ask.Origin, Label: label}
}

// placeOf is where the browser shows the page, and why there may be no passkeys there.
func (s *Server) placeOf(r *http.Request) (accounts.Place, accounts.Hindrance) {
	return accounts.PlaceOf(s.realOrigin(r))
}

// hinderedBy says why there are no passkeys at a page.
func (t *tongue) hinderedBy(why accounts.Hindrance) string {
	if why == "" {
		return ""
	}
	return t.T("passkey.not." + string(why))
}

// answerIn is what a browser said for a passkey, and what it was asked.
func answerIn(r *http.Request) (proof string, answer []byte) {
	text := r.PostForm.Get("answer")
	if len(text) > maxAnswer {
		text = ""
	}
	return r.PostForm.Get("proof"), []byte(text)
}
