package signon

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// TicketLife is how long somebody may take at the provider.
const TicketLife = 15 * time.Minute

// mostUsed bounds the states that are remembered; one that is forgotten is of no use either: the provider takes its code once.
const mostUsed = 4096

// ticket is what the browser keeps while its person is at the provider. It is sealed under a key that ends with the process, so nothing is kept here
// for those who never come back.
type ticket struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // of PKCE
	Next     string    `json:"to"`
	Until    time.Time `json:"u"`
}

func newSeal() cipher.AEAD {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // a key of 32 bytes: cannot fail
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // likewise
	}
	return seal
}

// Begin is where a browser goes to be known, and the ticket that it keeps meanwhile and brings back. next comes back with it. The error is ErrDown, or
// of the client's secret.
func (p *Provider) Begin(ctx context.Context, next string) (to, sealed string, err error) {
	f, err := p.ask(ctx)
	if err != nil {
		return "", "", err
	}
	c, err := p.client(f)
	if err != nil {
		return "", "", err
	}
	t := ticket{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next, Until: p.o.Now().Add(TicketLife)}
	body, err := json.Marshal(&t)
	if err != nil {
		return "", "", err
	}
	sealed = base64.RawURLEncoding.EncodeToString(p.seal.Seal(nil, nil, body, nil)) //nolint:gosec // this seal draws the nonce itself
	return c.AuthCodeURL(t.State, oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)), sealed, nil
}

// open reads a ticket that has not expired; nil: it is none.
func (p *Provider) open(sealed string) *ticket {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil
	}
	body, err := p.seal.Open(nil, nil, raw, nil)
	if err != nil {
		return nil
	}
	t := new(ticket)
	if json.Unmarshal(body, t) != nil || !p.o.Now().Before(t.Until) {
		return nil
	}
	return t
}

// use reports whether a state comes back for the first time.
func (p *Provider) use(t *ticket) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, used := p.used[t.State]; used {
		return false
	}
	if len(p.used) >= mostUsed {
		now, oldest := p.o.Now(), ""
		for state, until := range p.used {
			if !now.Before(until) {
				delete(p.used, state)
			} else if oldest == "" || until.Before(p.used[oldest]) {
				oldest = state
			}
		}
		if len(p.used) >= mostUsed {
			delete(p.used, oldest)
		}
	}
	p.used[t.State] = t.Until
	return true
}

// EndURL is where people sign out at the provider, to come back to an address that is registered there; empty: it has no such place, or is not
// known. It does not wait.
func (p *Provider) EndURL(back string) string {
	p.mu.Lock()
	f := p.found
	p.mu.Unlock()
	if f == nil || f.end == "" {
		return ""
	}
	u, err := url.Parse(f.end)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.o.ClientID)
	q.Set("post_logout_redirect_uri", back)
	u.RawQuery = q.Encode()
	return u.String()
}

func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Hostname()
	}
	return ""
}
