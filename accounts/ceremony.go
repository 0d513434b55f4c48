package accounts

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Ask is what a page needs to ask a browser for a passkey.
type Ask struct {
	Options string // JSON, for the browser
	Proof   string // is given back with what the browser says
	Origin  string // where the page must be
}

// session is what an answer is compared with.
func (p *pass) session(h holder) webauthn.SessionData {
	s := webauthn.SessionData{Challenge: p.Challenge, UserVerification: protocol.VerificationRequired, CredParams: webauthn.CredentialParametersDefault()}
	if h.account != nil {
		s.UserID = h.WebAuthnID()
		for i := range h.keys {
			s.AllowedCredentialIDs = append(s.AllowedCredentialIDs, h.keys[i].Credential.ID)
		}
	}
	return s
}

// ask seals what is asked.
func (k *Keeper) ask(purpose string, place Place, account, challenge string, options any) (*Ask, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	return &Ask{
		Options: string(text), Origin: place.Origin,
		Proof: k.passes.seal(purpose, pass{Account: account, Challenge: challenge, Place: place.Origin, Began: k.now().Unix()}),
	}, nil
}

// answered opens what was asked, and sees that it is answered once. The caller calls it when the answer is right.
func (k *Keeper) answered(p *pass) error {
	now := k.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	for c, at := range k.answers {
		if age := now.Sub(at); age > 2*keyFor {
			delete(k.answers, c)
		}
	}
	if _, twice := k.answers[p.Challenge]; twice {
		return ErrPasskey
	}
	k.answers[p.Challenge] = now
	return nil
}

// AskNewPasskey asks for a new passkey of whoever is signed in. The error is ErrStale, ErrKeys or ErrNone.
func (k *Keeper) AskNewPasskey(by *Caller, session string, place Place) (*Ask, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	if err := k.mayChange(by, session); err != nil {
		return nil, err
	}
	a, err := k.Account(by.Account)
	if err != nil {
		return nil, err
	}
	if len(k.Factors(a.ID).Passkeys) >= mostPasskeys {
		return nil, ErrKeys
	}
	w, err := relying(place)
	if err != nil {
		return nil, err
	}
	h := k.holderAt(a, place)
	exclude := make([]protocol.CredentialDescriptor, len(h.keys))
	for i := range h.keys {
		exclude[i] = h.keys[i].Credential.Descriptor()
	}
	options, session2, err := w.BeginRegistration(h, webauthn.WithExclusions(exclude))
	if err != nil {
		return nil, err
	}
	return k.ask(forNewKey, place, a.ID, session2.Challenge, options)
}

// AddPasskey takes a passkey that a browser has made. It gives the recovery codes that were made with the first factor, to be shown once. The
// error is ErrStale, ErrStep where the page lay open too long, ErrPasskey, ErrKeys, or of the store.
func (k *Keeper) AddPasskey(ctx context.Context, by *Caller, session string, place Place, proof, name string, response []byte) ([]string, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	if err := k.mayChange(by, session); err != nil {
		return nil, err
	}
	p, err := k.passes.open(forNewKey, proof, k.now(), keyFor)
	if err != nil || p.Account != by.Account || p.Place != place.Origin {
		return nil, ErrStep
	}
	a, err := k.Account(by.Account)
	if err != nil {
		return nil, err
	}
	h := k.holderAt(a, place)
	if len(k.Factors(a.ID).Passkeys) >= mostPasskeys {
		return nil, ErrKeys
	}
	credential, err := register(place, p, h, response)
	if err != nil {
		k.log.Info("a new passkey was refused", "account", a.Name, "err", detail(err))
		return nil, ErrPasskey
	}
	id := base64.RawURLEncoding.EncodeToString(credential.ID)
	k.mu.RLock()
	_, taken := k.have.passkeys[id]
	k.mu.RUnlock()
	if taken || k.answered(p) != nil {
		return nil, ErrPasskey
	}
	key := &Passkey{ID: id, Account: a.ID, Name: name, Place: place.Name, Made: k.now(), Credential: *credential}
	return k.added(ctx, by, session, key.words(), row(KindPasskey, id, a.ID, key), "")
}

func register(place Place, p *pass, h holder, response []byte) (*webauthn.Credential, error) {
	w, err := relying(place)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return nil, err
	}
	credential, err := w.CreateCredential(h, p.session(h), parsed)
	if err != nil {
		return nil, err
	}
	credential.Attestation = webauthn.CredentialAttestation{} // whose make it is was not asked
	return credential, nil
}

// NamePasskey gives a passkey of one's own another name. The error is ErrFactor, or of the store.
func (k *Keeper) NamePasskey(ctx context.Context, by *Caller, id, name string) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	k.mu.RLock()
	p := k.have.passkeys[id]
	k.mu.RUnlock()
	if p == nil || p.Account != by.Account || by.Account == "" {
		return ErrFactor
	}
	is := *p
	is.Name = name
	return k.keep(ctx, []Row{row(KindPasskey, id, p.Account, &is)}, nil)
}

// AskStepPasskey asks for a passkey of somebody whose password was right. The error is ErrStep, or ErrFactor where he has none for the place.
func (k *Keeper) AskStepPasskey(step string, place Place) (*Ask, error) {
	a, err := k.stepped(step)
	if err != nil {
		return nil, err
	}
	return k.askOf(forStepKey, a, place)
}

// AskProofPasskey asks for a passkey of somebody who is signed in. The error is ErrNone, or ErrFactor where he has none for the place.
func (k *Keeper) AskProofPasskey(by *Caller, place Place) (*Ask, error) {
	a, err := k.Account(by.Account)
	if err != nil {
		return nil, err
	}
	return k.askOf(forProofKey, a, place)
}

func (k *Keeper) askOf(purpose string, a *Account, place Place) (*Ask, error) {
	h := k.holderAt(a, place)
	if len(h.keys) == 0 {
		return nil, ErrFactor
	}
	w, err := relying(place)
	if err != nil {
		return nil, err
	}
	options, s, err := w.BeginLogin(h)
	if err != nil {
		return nil, err
	}
	return k.ask(purpose, place, a.ID, s.Challenge, options)
}

// AskPasskey asks for any passkey: whose it is shows when it is used.
func (k *Keeper) AskPasskey(place Place) (*Ask, error) {
	w, err := relying(place)
	if err != nil {
		return nil, err
	}
	options, s, err := w.BeginDiscoverableLogin()
	if err != nil {
		return nil, err
	}
	return k.ask(forEntryKey, place, "", s.Challenge, options)
}

// AnyPasskey reports whether somebody has a passkey for a place: else it is not offered.
func (k *Keeper) AnyPasskey(place Place) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, p := range k.have.passkeys {
		if p.Place == place.Name {
			return true
		}
	}
	return false
}

// signed judges what a passkey signed, and gives it as it is afterwards. h has an account where it is known whose passkey is asked for.
func (k *Keeper) signed(place Place, p *pass, h holder, parsed *protocol.ParsedCredentialAssertionData) (*Passkey, error) {
	w, err := relying(place)
	if err != nil {
		return nil, err
	}
	var credential *webauthn.Credential
	if h.account != nil {
		credential, err = w.ValidateLogin(h, p.session(h), parsed)
	} else {
		_, credential, err = w.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			a, err := k.Account(string(handle))
			if err != nil {
				return nil, err
			}
			return k.holderAt(a, place), nil
		}, p.session(holder{}), parsed)
	}
	if err != nil {
		return nil, err
	}
	if credential.Authenticator.CloneWarning {
		return nil, errors.New("its counter has gone back: there may be a copy of it")
	}
	k.mu.RLock()
	key := k.have.passkeys[base64.RawURLEncoding.EncodeToString(credential.ID)]
	k.mu.RUnlock()
	if key == nil {
		return nil, ErrFactor
	}
	if err := k.answered(p); err != nil {
		return nil, fmt.Errorf("it answers what was answered before: %w", err)
	}
	is := *key
	is.Credential, is.Used = *credential, k.now()
	return &is, nil
}

// detail is why WebAuthn refuses, for the log.
func detail(err error) string {
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		return strings.TrimSpace(e.Type + ": " + e.Details + " " + e.DevInfo)
	}
	return err.Error()
}
