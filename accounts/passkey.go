package accounts

import (
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Passkey is a key pair of which a person's device has the private half, and uses it when the person shows a finger, a face or a PIN. The public half is of no use to
// who reads it.
type Passkey struct {
	ID         string              `json:"id"` // of the credential, in base64url
	Account    string              `json:"account"`
	Name       string              `json:"name"`
	Place      string              `json:"place"` // name of the server that it is for; elsewhere browsers do not offer it
	Made       time.Time           `json:"made"`
	Used       time.Time           `json:"used,omitzero"`
	Credential webauthn.Credential `json:"credential"`
}

func (p *Passkey) words() string { return "passkey: " + p.Name }

// mostPasskeys is how many an account may have.
const mostPasskeys = 20

// keyFor is how long a page that asks for a passkey may lie open.
const keyFor = time.Hour

// Place is where a browser shows the pages: its passkeys are for that name.
type Place struct {
	Origin string // such as https://gerbang.example.go.id
	Name   string // such as gerbang.example.go.id
}

// Hindrance is why there are no passkeys at an address: a word of a closed set, which pages say in a sentence.
type Hindrance string

// The hindrances.
const (
	Unencrypted Hindrance = "unencrypted" // plain HTTP to another computer
	ByNumber    Hindrance = "number"      // an IP address instead of a name
)

// PlaceOf reads an origin as browsers name it. A hindrance says why browsers give no passkeys there.
func PlaceOf(origin string) (Place, Hindrance) {
	u, err := url.Parse(strings.ToLower(origin))
	if err != nil || u.Hostname() == "" {
		return Place{}, ByNumber
	}
	name := strings.TrimSuffix(u.Hostname(), ".")
	local := name == "localhost" || strings.HasSuffix(name, ".localhost")
	if u.Scheme != "https" && !local {
		if ip, err := netip.ParseAddr(name); err == nil && ip.IsLoopback() {
			return Place{}, ByNumber // it would do as localhost
		}
		return Place{}, Unencrypted
	}
	if _, err := netip.ParseAddr(name); err == nil || protocol.ValidateRPID(name) != nil {
		return Place{}, ByNumber
	}
	host := u.Host
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":"+port) // browsers leave it out
	}
	return Place{Origin: u.Scheme + "://" + host, Name: name}, ""
}

// relying is WebAuthn at a place. Whatever a passkey is asked for, it verifies its person: it is two factors then.
func relying(p Place) (*webauthn.WebAuthn, error) {
	must := true
	return webauthn.New(&webauthn.Config{
		RPID: p.Name, RPDisplayName: "Gerbang", RPOrigins: []string{p.Origin}, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &must, ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore, // password managers say more than they were asked
	})
}

// holder is an account as WebAuthn sees it.
type holder struct {
	account *Account
	keys    []Passkey
}

// WebAuthnID is the id of the account: it says nothing of the person.
func (h holder) WebAuthnID() []byte { return []byte(h.account.ID) }

// WebAuthnName is the name to sign in with.
func (h holder) WebAuthnName() string { return h.account.Name }

// WebAuthnDisplayName is how the record calls the person.
func (h holder) WebAuthnDisplayName() string { return h.account.Display }

// WebAuthnCredentials are the passkeys that are for the place.
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	all := make([]webauthn.Credential, len(h.keys))
	for i := range h.keys {
		all[i] = h.keys[i].Credential
	}
	return all
}

// holderAt is an account with its passkeys for a place.
func (k *Keeper) holderAt(a *Account, p Place) holder {
	h := holder{account: a}
	for _, key := range k.Factors(a.ID).Passkeys {
		if key.Place == p.Name {
			h.keys = append(h.keys, key)
		}
	}
	return h
}
