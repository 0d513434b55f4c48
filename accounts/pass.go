package accounts

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"
)

// pass is what somebody has shown already, or was asked, on the way to something that takes two steps. He carries it himself, sealed, so that
// however many are on the way, nothing of them is kept here, and nobody crowds another out.
type pass struct {
	Account   string `json:"a,omitempty"`
	Hash      string `json:"h,omitempty"` // of the hash of the password that was right: with another password it is worth nothing
	Secret    string `json:"s,omitempty"` // of an authenticator that is being set up
	Challenge string `json:"c,omitempty"` // that a passkey is asked to sign
	Place     string `json:"p,omitempty"` // origin where it was asked
	Began     int64  `json:"b"`           // Unix time
}

// What passes are for. One for one thing opens for no other.
const (
	forStep      = "second step"
	forEnrolment = "enrolment"
	forNewKey    = "new passkey"
	forStepKey   = "passkey as second step"
	forEntryKey  = "passkey alone"
	forProofKey  = "passkey as proof"
)

// clockSlack is how far a clock may be set back while somebody is on the way.
const clockSlack = time.Minute

// passes are sealed with a key that ends with the process: a restart asks everybody on the way to begin again.
type passes struct{ aead cipher.AEAD }

func newPasses() passes {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	return passes{aead(key)}
}

func (p passes) seal(purpose string, x pass) string {
	text, err := json.Marshal(x)
	if err != nil {
		panic(err) // plain values
	}
	return base64.RawURLEncoding.EncodeToString(p.aead.Seal(nil, nil, text, []byte(purpose))) //nolint:gosec // it makes its own nonce
}

// maxPass bounds what is decoded.
const maxPass = 1000

// open reads a pass that is not older than life. The error is ErrStep.
func (p passes) open(purpose, text string, now time.Time, life time.Duration) (*pass, error) {
	if len(text) > maxPass {
		return nil, ErrStep
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, ErrStep
	}
	if b, err = p.aead.Open(nil, nil, b, []byte(purpose)); err != nil {
		return nil, ErrStep
	}
	var x pass
	if err := json.Unmarshal(b, &x); err != nil {
		return nil, ErrStep
	}
	if age := now.Sub(time.Unix(x.Began, 0)); age < -clockSlack || age >= life {
		return nil, ErrStep
	}
	return &x, nil
}
