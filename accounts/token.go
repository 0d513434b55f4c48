package accounts

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// tokenMark begins a token, so that it is known where it lies about.
const tokenMark = "gerbang_"

// MaxTokenLife is the longest that a token may live.
const MaxTokenLife = 366 * 24 * time.Hour

// mostTokens is how many tokens that hold an account may have.
const mostTokens = 50

// Pass is what somebody wants a token for.
type Pass struct {
	Name  string
	May   []Permission
	Sites []string // empty: all of the account's
	Life  time.Duration
}

// NewToken makes a token of whoever asks for it, and gives it: it is shown once, only its hash is kept. It is worth what the account is worth at
// that time, and of that what is asked for. Tokens of the account that have
// expired go. The error is ErrNone for who has no account, ErrMany, or of the store.
func (k *Keeper) NewToken(ctx context.Context, by *Caller, p Pass) (string, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	a, err := k.Account(by.Account)
	if err != nil {
		return "", err
	}
	var drop []Row // what has expired is in nobody's way
	valid := 0
	for _, t := range k.Tokens(a.ID) {
		if k.now().Before(t.Expires) {
			valid++
		} else {
			drop = append(drop, Row{Kind: KindToken, ID: t.ID})
		}
	}
	if valid >= mostTokens {
		return "", ErrMany
	}
	value := tokenMark + secret()
	t := Token{
		ID: hashOf(value), Account: a.ID, Name: p.Name, May: slices.Clone(p.May), Sites: slices.Clone(p.Sites), Created: k.now(),
		Expires: k.until(min(max(p.Life, time.Hour), MaxTokenLife)),
	}
	if err := k.keep(ctx, []Row{row(KindToken, t.ID, a.ID, &t)}, drop, Event{What: TokenNew, By: by.Name, About: a.Name, After: t.words()}); err != nil {
		return "", err
	}
	return value, nil
}

func (t *Token) words() string {
	may := make([]string, len(t.May))
	for i, p := range t.May {
		may[i] = string(p)
	}
	where := "*"
	if len(t.Sites) > 0 {
		where = strings.Join(t.Sites, ",")
	}
	return t.Name + "; " + strings.Join(may, ",") + "@" + where + "; until " + t.Expires.UTC().Format(time.RFC3339)
}

// EndToken ends a token of an account.
func (k *Keeper) EndToken(ctx context.Context, by *Caller, account, id string) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	k.mu.RLock()
	t := k.have.tokens[id]
	k.mu.RUnlock()
	if t == nil || t.Account != account {
		return ErrNone
	}
	a, err := k.Account(account)
	if err != nil {
		return err
	}
	return k.keep(ctx, nil, []Row{{Kind: KindToken, ID: id}}, Event{What: TokenEnd, By: by.Name, About: a.Name, Before: t.words()})
}

// ByToken finds who a token lets in. The error is ErrWrong, or a *WaitError where too many wrong ones came from an address.
func (k *Keeper) ByToken(ctx context.Context, value string, from netip.Prefix) (*Caller, error) {
	now := k.now()
	id := hashOf(value)
	k.mu.RLock()
	t := k.have.tokens[id]
	var token Token
	var a *Account
	if t != nil {
		token, a = *t, k.have.accounts[t.Account]
	}
	var c *Caller
	if t != nil && a != nil && !a.Off && now.Before(token.Expires) && k.believes(a) && (!a.External() || now.Sub(a.Proven) < ProvenFor) {
		c = &Caller{Account: a.ID, Name: k.callOf(a) + " (" + token.Name + ")", Grants: narrow(a.Grants(), token.May, token.Sites)}
		if k.lacks(a) {
			c.only(looking)
		}
	}
	k.mu.RUnlock()
	if c != nil {
		if now.Sub(token.Used) >= seenStep {
			k.used(ctx, token, now)
		}
		return c, nil
	}
	// A token that is right is never kept waiting: nobody guesses 256 bits. What waits is the noise.
	if wait := k.tokens.Wait(from, now); wait > 0 {
		return nil, &WaitError{wait}
	}
	k.tokens.Failed(from, now)
	return nil, ErrWrong
}

func (k *Keeper) used(ctx context.Context, t Token, now time.Time) {
	k.changing.Lock()
	defer k.changing.Unlock()
	k.mu.RLock()
	is, due := k.have.tokens[t.ID], false
	if is != nil {
		t, due = *is, now.Sub(is.Used) >= seenStep
	}
	k.mu.RUnlock()
	if due {
		t.Used = now
		k.keepOrGo(ctx, []Row{row(KindToken, t.ID, t.Account, &t)}, nil)
	}
}

// narrow leaves of grants what is asked for.
func narrow(grants []Grant, may []Permission, sites []string) []Grant {
	var left []Grant
	for _, g := range grants {
		n := Grant{Sites: sites}
		for _, p := range g.May {
			if slices.Contains(may, p) {
				n.May = append(n.May, p)
			}
		}
		switch {
		case len(n.May) == 0:
			continue
		case len(sites) == 0:
			n.Sites = g.Sites
		case len(g.Sites) > 0:
			n.Sites = nil
			for _, s := range sites {
				if slices.Contains(g.Sites, s) {
					n.Sites = append(n.Sites, s)
				}
			}
			if len(n.Sites) == 0 {
				continue // none is left, and an empty list would mean all
			}
		}
		left = append(left, n)
	}
	return left
}
