package accounts

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Factors are what an account has beside its password: whoever signs in with the password shows one of them as well.
type Factors struct {
	Codes    bool      // an authenticator that shows codes
	CodesAt  time.Time // when it was set up
	CodeUsed time.Time // zero: not yet
	Passkeys []Passkey // the oldest first
	Recovery int       // recovery codes that are left
	MadeAt   time.Time // the recovery codes
	// Unreadable says that codes cannot be compared: the key beside the journal is lost or another one.
	Unreadable bool
}

// Any reports whether there is one. Recovery codes alone are none: they stand in for another.
func (f Factors) Any() bool { return f.Codes || len(f.Passkeys) > 0 }

// The errors about second factors that a caller tells apart.
var (
	// ErrStep says that nobody is between password and second step with that proof, or not any more.
	ErrStep = errors.New("the password is asked for again: too much time went by, or it was changed")
	// ErrCode says that a code is wrong.
	ErrCode = errors.New("the code is wrong")
	// ErrUsed says that a code was right, and has been used.
	ErrUsed = errors.New("the code has been used: the next one is good")
	// ErrStale says that somebody must show again that he is who is signed in.
	ErrStale = errors.New("it is too long ago that whoever is signed in has shown it")
	// ErrUnreadable says that codes cannot be compared, because the key beside the journal is gone.
	ErrUnreadable = errors.New("the gateway cannot read its codes any more")
	// ErrKeys says that an account has as many passkeys as it may have.
	ErrKeys = errors.New("the account has as many passkeys as it may have")
	// ErrPasskey says that a passkey is not taken.
	ErrPasskey = errors.New("the passkey was not accepted")
	// ErrFactor says that there is no such factor.
	ErrFactor = errors.New("there is no such second factor")
)

// DriftError says that a code is right for another time: a clock is wrong, that of the device or the gateway's.
type DriftError struct {
	Ahead time.Duration // of the device; negative: it is behind
	Now   time.Time     // of the gateway
}

func (e *DriftError) Error() string { return "the code is one of " + e.Ahead.String() + " from now" }

// FreshFor is how long somebody who has shown that he is who is signed in may change his factors.
const FreshFor = 10 * time.Minute

// Require says which roles must have a second factor: whoever has such a role and no factor may look, and set one up, and do nothing else.
func (k *Keeper) Require(roles []Role) {
	fresh := slices.Clone(roles)
	k.required.Store(&fresh)
}

// Required reports whether an account must have a second factor.
func (k *Keeper) Required(a *Account) bool {
	roles := k.required.Load()
	return roles != nil && !a.External() && slices.ContainsFunc(a.Posts, func(p Post) bool { return slices.Contains(*roles, p.Role) })
}

// Factors are those of an account.
func (k *Keeper) Factors(account string) Factors {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.factorsOf(account)
}

// factorsOf is Factors. The caller holds the lock.
func (k *Keeper) factorsOf(account string) Factors {
	var f Factors
	if t := k.have.totps[account]; t != nil {
		f.Codes, f.CodesAt, f.CodeUsed = true, t.Made, t.Used
		_, err := k.sealer.open(totpPurpose(account), t.Secret)
		f.Unreadable = err != nil
	}
	for _, p := range k.have.passkeys {
		if p.Account == account {
			f.Passkeys = append(f.Passkeys, *p)
		}
	}
	slices.SortFunc(f.Passkeys, func(a, b Passkey) int { return a.Made.Compare(b.Made) })
	if r := k.have.recoveries[account]; r != nil {
		f.Recovery, f.MadeAt = len(r.Codes), r.Made
	}
	return f
}

// hasFactor reports whether an account has one. The caller holds the lock.
func (k *Keeper) hasFactor(account string) bool {
	if k.have.totps[account] != nil {
		return true
	}
	for _, p := range k.have.passkeys {
		if p.Account == account {
			return true
		}
	}
	return false
}

// lacks reports whether an account must have a second factor and has none. The caller holds the lock.
func (k *Keeper) lacks(a *Account) bool { return k.Required(a) && !k.hasFactor(a.ID) }

// only leaves of a caller what changes nothing: until there is a second factor.
func (c *Caller) only(looking []Permission) {
	c.Unready = true
	c.Grants = narrow(c.Grants, looking, nil)
}

// looking are the permissions by which nothing is changed.
var looking = []Permission{See, Display, Review, Inspect, Scrape}

// Fresh reports whether whoever is in a session has shown a short while ago that he is who he is. A clock that was set back makes nothing fresh.
func (k *Keeper) Fresh(s *Session) bool {
	age := k.now().Sub(s.Proven)
	return age >= 0 && age < FreshFor
}

// Confirm has whoever is signed in show again that he is: by the password, a code or a recovery code. The error is ErrWrong, ErrCode, ErrUsed, a *DriftError, a *WaitError, or of
// the store.
func (k *Keeper) Confirm(ctx context.Context, by *Caller, session, password, code string) error {
	a, err := k.Account(by.Account)
	if err != nil {
		return err
	}
	now := k.now()
	if wait := k.devices.Wait(session, now); wait > 0 {
		return &WaitError{wait}
	}
	if code != "" {
		return k.proveByCode(ctx, by, a, session, code)
	}
	if password == "" || len(password) > MaxPassword {
		return ErrWrong
	}
	right, err := k.hasher.matches(ctx, password, a.Hash, true)
	if err != nil {
		return err
	}
	if !right {
		k.devices.Failed(session, now)
		k.stepRefused(ctx, a, "password", "", now)
		return ErrWrong
	}
	k.changing.Lock()
	defer k.changing.Unlock()
	if is, err := k.Account(a.ID); err != nil || is.Hash != a.Hash { // it may have been changed meanwhile
		return ErrWrong
	}
	return k.confirmed(ctx, session, nil)
}

// proveByCode is Confirm with a code.
func (k *Keeper) proveByCode(ctx context.Context, by *Caller, a *Account, session, code string) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	now := k.now()
	if wait := k.devices.Wait(session, now); wait > 0 { // many at once have one patience
		return &WaitError{wait}
	}
	used, err := k.take(ctx, a, code, now)
	if err != nil {
		k.devices.Failed(session, now)
		k.stepRefused(ctx, a, kindOfCode(code), "", now)
		return err
	}
	return k.confirmed(ctx, session, used.put, used.by(by.Name, "")...)
}

// confirmed notes in a session that whoever is in it has shown it, durably with what was used up for that. The caller holds changing.
func (k *Keeper) confirmed(ctx context.Context, session string, put []Row, told ...Event) error {
	k.mu.RLock()
	s := k.have.sessions[session]
	k.mu.RUnlock()
	if s == nil {
		return ErrNone
	}
	is := *s
	is.Proven = k.now()
	return k.keep(ctx, append(put, row(KindSession, is.ID, is.Account, &is)), nil, told...)
}

// mayChange reports why somebody may not change his factors now: ErrStale, or ErrNone where the session is over. The caller holds changing.
func (k *Keeper) mayChange(by *Caller, session string) error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	s := k.have.sessions[session]
	switch {
	case s == nil || s.Account != by.Account || s.Account == "":
		return ErrNone
	case !k.Fresh(s):
		return ErrStale
	}
	return nil
}

// added keeps a new factor. With the first one all other sessions of the account end: whoever is in by the password alone, and has taken it from
// somebody, is out. It gives the recovery codes that were made with the first one; they are shown once. The caller holds changing.
func (k *Keeper) added(ctx context.Context, by *Caller, session, what string, put Row, before string) ([]string, error) {
	a, err := k.Account(by.Account)
	if err != nil {
		return nil, err
	}
	all := []Row{put}
	var drop []Row
	var codes []string
	k.mu.RLock()
	if !k.hasFactor(a.ID) {
		for id, s := range k.have.sessions {
			if s.Account == a.ID && id != session {
				drop = append(drop, Row{Kind: KindSession, ID: id})
			}
		}
	}
	none := k.have.recoveries[a.ID] == nil
	k.mu.RUnlock()
	if none {
		r, fresh := newRecovery(a.ID, k.now())
		all, codes = append(all, row(KindRecovery, a.ID, a.ID, r)), fresh
	}
	told := []Event{{What: FactorSet, By: by.Name, About: a.Name, Before: before, After: what}}
	if codes != nil {
		told = append(told, Event{What: RecoveryNew, By: by.Name, About: a.Name})
	}
	if err := k.keep(ctx, all, drop, told...); err != nil {
		return nil, err
	}
	return codes, nil
}

// FactorCodes names the authenticator among an account's factors; passkeys are named by their ids.
const FactorCodes = "totp"

// RemoveFactor takes a factor of one's own away. With the last one its recovery codes go. The error is ErrStale, ErrFactor, or of the store.
func (k *Keeper) RemoveFactor(ctx context.Context, by *Caller, session, id string) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	if err := k.mayChange(by, session); err != nil {
		return err
	}
	f := k.Factors(by.Account)
	var drop []Row
	what := ""
	left := len(f.Passkeys)
	if f.Codes {
		left++
	}
	if id == FactorCodes && f.Codes {
		what, drop = FactorCodes, []Row{{Kind: KindTOTP, ID: by.Account}}
	}
	for _, p := range f.Passkeys {
		if p.ID == id {
			what, drop = p.words(), []Row{{Kind: KindPasskey, ID: p.ID}}
		}
	}
	if drop == nil {
		return ErrFactor
	}
	if left == 1 {
		drop = append(drop, Row{Kind: KindRecovery, ID: by.Account})
	}
	a, err := k.Account(by.Account)
	if err != nil {
		return err
	}
	return k.keep(ctx, nil, drop, Event{What: FactorGone, By: by.Name, About: a.Name, Before: what})
}

// ResetFactors takes all factors of an account away, for somebody who has lost them, and ends its sessions: whoever has found what was lost may
// be in one. The error is ErrNone, ErrFactor where there are none, or of the store.
func (k *Keeper) ResetFactors(ctx context.Context, by *Caller, account, why string) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	a, err := k.Account(account)
	if err != nil {
		return err
	}
	k.mu.RLock()
	drop, what := k.allFactors(account)
	if len(drop) > 0 {
		drop = append(append(drop, k.ends(account, "")...), k.tokensOf(account)...)
	}
	k.mu.RUnlock()
	if len(drop) == 0 {
		return ErrFactor
	}
	return k.keep(ctx, nil, drop, Event{What: FactorsReset, By: by.Name, About: a.Name, Why: why, Before: what})
}

// allFactors are the rows of an account's factors, and what they are in words. The caller holds the lock.
func (k *Keeper) allFactors(account string) (drop []Row, words string) {
	f := k.factorsOf(account)
	var all []string
	if f.Codes {
		drop, all = append(drop, Row{Kind: KindTOTP, ID: account}), append(all, FactorCodes)
	}
	for _, p := range f.Passkeys {
		drop, all = append(drop, Row{Kind: KindPasskey, ID: p.ID}), append(all, p.words())
	}
	if k.have.recoveries[account] != nil {
		drop = append(drop, Row{Kind: KindRecovery, ID: account})
	}
	return drop, joined(all)
}
