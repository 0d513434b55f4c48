package accounts

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"
)

// Known is somebody whom a provider knows and has let go to us. Of all that a provider says of people this is what is kept.
type Known struct {
	Issuer, Subject string
	Display         string // empty: it tells no name
	Posts           []Post // that his groups give now; none: nobody has given one of them a role
	Lang            string
	// By is what the record calls the provider.
	By string
	// Life is how long the session lasts at most; 0: AbsoluteLimit.
	Life time.Duration
}

// ProvenFor is how long a token of somebody whom a provider knows works after he came in last: what the provider takes from him meanwhile nobody
// tells us.
const ProvenFor = 30 * 24 * time.Hour

// The errors of EnterKnown.
var (
	ErrNoRole = errors.New("none of the groups has a role")
	ErrOff    = errors.New("the account is switched off")
	ErrAlone  = errors.New("there is no administrator yet who has a password here")
)

// SetIssuer says whom we believe: accounts that another provider knew are out from now on, and come back with it. Empty: nobody.
func (k *Keeper) SetIssuer(issuer string) { k.issuer.Store(&issuer) }

// believes reports whether whoever has an account is let in: everybody with one of our own, and of a provider's those whom the one of now knows.
func (k *Keeper) believes(a *Account) bool {
	if a.Issuer == "" {
		return true
	}
	issuer := k.issuer.Load()
	return issuer != nil && *issuer == a.Issuer
}

// External reports whether a provider knows the account: its name and roles come from there, and it has no password here.
func (a *Account) External() bool { return a.Issuer != "" }

// EnterKnown lets somebody in whom a provider knows. His account is made when he comes first, and has the roles that his groups give whenever he
// comes. The error is ErrNoRole, ErrOff, ErrAlone, or of the store. Whoever has no role any more is out everywhere.
func (k *Keeper) EnterKnown(ctx context.Context, n Known, a Attempt) (*Entrance, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	if !k.administered("") { // he whom no provider has to vouch for comes first
		return nil, ErrAlone
	}
	was := k.known(n.Issuer, n.Subject)
	refuse := func(err error) error { // told now and then, with all others who were refused meanwhile
		count := k.refusals.add(k.now())
		if count == 0 {
			return err
		}
		about := ""
		if was != nil {
			about = was.Name
		}
		k.keepOrGo(ctx, nil, nil, Event{What: Refused, By: n.By, About: about, Why: err.Error(), Count: count, Address: addressOf(a.From)})
		return err
	}
	switch {
	case was == nil && len(n.Posts) == 0:
		return nil, refuse(ErrNoRole)
	case was != nil && was.Off:
		return nil, refuse(ErrOff)
	}
	now := k.now()
	is := &Account{ID: newID(), Name: nameOfSubject(n.Issuer, n.Subject), Issuer: n.Issuer, Subject: n.Subject, Lang: n.Lang, Created: now}
	if was != nil {
		is = was.clone()
	}
	k.mu.RLock()
	is.Display = k.displayOf(is, n.Display)
	k.mu.RUnlock()
	is.Posts, is.Proven = slices.Clone(n.Posts), now
	var told []Event
	switch before := ""; was {
	case nil:
		told = append(told, Event{What: Made, By: n.By, About: is.Name, After: is.words()})
	default:
		if before = was.words(); before != is.words() {
			told = append(told, Event{What: Altered, By: n.By, About: is.Name, Before: before, After: is.words()})
		}
	}
	put := []Row{row(KindAccount, is.ID, is.ID, is)}
	if len(is.Posts) == 0 {
		k.mu.RLock()
		drop := append(k.ends(is.ID, ""), k.tokensOf(is.ID)...)
		k.mu.RUnlock()
		if err := k.keep(ctx, put, drop, told...); err != nil {
			return nil, err
		}
		return nil, refuse(ErrNoRole)
	}
	if err := k.keep(ctx, put, nil, told...); err != nil {
		return nil, err
	}
	return k.begin(ctx, is, a, min(cmp.Or(n.Life, AbsoluteLimit), AbsoluteLimit)), nil
}

// begin begins a session of somebody whom a provider knows, which ends after life at the latest. His second factor is the provider's business. The caller
// holds changing.
func (k *Keeper) begin(ctx context.Context, account *Account, a Attempt, life time.Duration) *Entrance {
	now := k.now()
	e := &Entrance{Session: secret(), Account: account}
	session := Session{
		ID: hashOf(e.Session), Account: account.ID, Agent: cut(a.Agent, maxAgent), From: addressOf(a.From), Began: now, Seen: now, Until: now.Add(life), Proven: now,
	}
	k.mu.RLock()
	by, drop := k.callOf(account), k.surplus(account.ID, now)
	if old, ok := k.have.sessions[hashOf(a.Session)]; ok && a.Session != "" {
		drop = append(drop, Row{Kind: KindSession, ID: old.ID})
	}
	k.mu.RUnlock()
	k.keepOrGo(ctx, []Row{row(KindSession, session.ID, account.ID, &session)}, drop, Event{What: LoggedIn, By: by, About: account.Name, Address: addressOf(a.From)})
	return e
}

// known finds the account of somebody whom a provider knows; nil: he comes for the first time.
func (k *Keeper) known(issuer, subject string) *Account {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, a := range k.have.accounts {
		if a.Issuer == issuer && a.Subject == subject && issuer != "" {
			return a.clone()
		}
	}
	return nil
}

// nameOfSubject names an account by what the provider calls the person, which says nothing about him: it is unique, and always the same.
func nameOfSubject(issuer, subject string) string {
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	return "sso-" + hex.EncodeToString(sum[:])[:12]
}

// displayOf is what the record calls somebody whom a provider knows by a name that others may have as well. The caller holds the lock.
func (k *Keeper) displayOf(a *Account, name string) string {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return a.Name
	case k.callable(a.ID, name) != nil:
		return name + " (" + a.Name + ")"
	}
	return name
}
