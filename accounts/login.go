package accounts

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"
)

// Attempt is somebody who wants to sign in.
type Attempt struct {
	Name, Password string
	From           netip.Prefix
	Agent          string // what the browser calls itself
	Session        string // secret of a session that the browser has; it ends: what was known before somebody signed in is worth nothing after
	Device         string // secret of a browser in which somebody signed in before; empty: none
}

// Entrance is what a browser gets that is signed in: two secrets, of which only hashes are kept.
type Entrance struct {
	Session, Device string
	Account         *Account
	// Step, if not empty, is what the browser gets instead, to bring it back with a second factor.
	Step string
	// Unready says that a second factor must be set up before anything else.
	Unready bool
}

// mostDevices and mostSessions bound what is kept for one account: the one seen longest ago makes room.
const (
	mostDevices  = 20
	mostSessions = 50
	maxAgent     = 120
)

// LogIn lets somebody in who knows an account's password. Guesses are refused before anything is spent on them: by the account, by the
// address, and where too many wait. None of that is asked of a device that is known, which has a patience of its own, so that others' guesses
// lock nobody out there. A password that may be right, see sieve, waits for nobody else's guesses either: for those of its own address only.
// The error is ErrWrong, a *WaitError, or of the store.
func (k *Keeper) LogIn(ctx context.Context, a Attempt) (*Entrance, error) {
	now := k.now()
	name, ok := CleanName(a.Name)
	if !ok || a.Password == "" || len(a.Password) > MaxPassword {
		k.refused(ctx, a, name, now)
		return nil, ErrWrong
	}
	k.mu.RLock()
	account := k.have.accounts[k.byName[name]]
	device := k.have.devices[hashOf(a.Device)]
	hash, likely := "", false
	if account != nil && !account.Off {
		hash = account.Hash
		likely = k.sieve.passes(account.ID, a.Password, hash)
	}
	k.mu.RUnlock()
	trusted := account != nil && device != nil && device.Account == account.ID
	guessed, wait := k.accounts.Wait(name, now), k.from.Wait(a.From, now)
	switch {
	case trusted:
		wait = k.devices.Wait(device.ID, now)
	case !likely:
		wait = max(wait, guessed)
	}
	if wait > 0 {
		k.refused(ctx, a, name, now)
		return nil, &WaitError{wait}
	}
	right, err := k.hasher.matches(ctx, a.Password, hash, trusted || likely)
	if err != nil {
		k.refused(ctx, a, name, now)
		return nil, err
	}
	if !right {
		if trusted {
			k.devices.Failed(device.ID, now)
		} else {
			k.accounts.Failed(name, now)
			k.from.Failed(a.From, now)
		}
		k.refused(ctx, a, name, now)
		if guessed > 0 && !trusted { // whether the sieve let it pass is not told
			return nil, &WaitError{guessed}
		}
		return nil, ErrWrong
	}
	if trusted {
		k.devices.Succeeded(device.ID)
	} else {
		k.from.Succeeded(a.From)
	}
	k.proven(account.ID, a.Password, hash)
	e, err := k.enter(ctx, account.ID, hash, a, byPassword)
	if err != nil {
		k.refused(ctx, a, name, now)
		return nil, err
	}
	return e, nil
}

// proven tells the sieve of a password.
func (k *Keeper) proven(account, password, hash string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sieve.knows(account, password, hash)
}

// refused tells of a refusal, now and then. What was typed as a name is told only if there is such an account: it may be a password.
func (k *Keeper) refused(ctx context.Context, a Attempt, name string, now time.Time) {
	n := k.refusals.add(now)
	if n == 0 {
		return
	}
	k.mu.RLock()
	_, known := k.byName[name]
	k.mu.RUnlock()
	if !known {
		name = ""
	}
	k.keepOrGo(ctx, nil, nil, Event{What: Refused, About: name, Count: n, Address: addressOf(a.From)})
}

func addressOf(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

// enter begins a session of an account whose password was compared with hash. It looks again, while nothing changes: comparing takes a while, and
// a session by a password that was replaced meanwhile would outlive the end of all sessions. Where a second factor is asked for and none was shown, what begins is
// that step. The error is ErrWrong.
func (k *Keeper) enter(ctx context.Context, id, hash string, a Attempt, by proof) (*Entrance, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	return k.entered(ctx, id, hash, a, by, nil)
}

// entered is enter. What was used up is kept with the session, and where it cannot be kept nobody comes in: it would be good once more after a
// crash. The caller holds changing.
func (k *Keeper) entered(ctx context.Context, id, hash string, a Attempt, by proof, u *used) (*Entrance, error) {
	account, err := k.Account(id)
	if err != nil || account.Off || account.External() || account.Hash != hash || account.Hash == "" && by != byTwo { // whom a provider knows comes by it alone
		return nil, ErrWrong
	}
	k.mu.RLock()
	asked, unready := k.hasFactor(id) && by != byTwo, k.lacks(account)
	k.mu.RUnlock()
	if asked {
		return k.beginStep(account, hash), nil
	}
	now := k.now()
	e := &Entrance{Session: secret(), Device: a.Device, Account: account, Unready: unready}
	session := Session{ID: hashOf(e.Session), Account: id, Agent: cut(a.Agent, maxAgent), From: addressOf(a.From), Began: now, Seen: now, Proven: now}
	put := append([]Row{row(KindSession, session.ID, id, &session)}, k.unblocked(id)...)
	k.mu.RLock()
	call := k.callOf(account)
	device := k.have.devices[hashOf(a.Device)]
	drop := k.surplus(id, now)
	if old, ok := k.have.sessions[hashOf(a.Session)]; ok && a.Session != "" {
		drop = append(drop, Row{Kind: KindSession, ID: old.ID})
	}
	k.mu.RUnlock()
	if device == nil || device.Account != id {
		e.Device = secret()
		device = &Device{ID: hashOf(e.Device), Account: id}
	}
	seen := *device
	seen.Seen = now
	put = append(put, row(KindDevice, seen.ID, id, &seen))
	told := Event{What: LoggedIn, By: call, About: e.Account.Name, Address: addressOf(a.From)}
	if u == nil {
		k.keepOrGo(ctx, put, drop, told)
		return e, nil
	}
	told.After = u.how
	if err := k.keep(ctx, append(u.put, put...), drop, append(u.by(call, told.Address), told)...); err != nil {
		return nil, err
	}
	return e, nil
}

// surplus is what must go before an account gets one more session and device, and what is over anyway. The caller holds the lock.
func (k *Keeper) surplus(account string, now time.Time) (drop []Row) {
	var sessions []*Session
	for _, s := range k.have.sessions {
		switch {
		case s.Over(now):
			drop = append(drop, Row{Kind: KindSession, ID: s.ID})
		case s.Account == account:
			sessions = append(sessions, s)
		}
	}
	slices.SortFunc(sessions, func(a, b *Session) int { return b.Seen.Compare(a.Seen) })
	for _, s := range sessions[min(len(sessions), mostSessions-1):] {
		drop = append(drop, Row{Kind: KindSession, ID: s.ID})
	}
	var devices []*Device
	for _, d := range k.have.devices {
		if d.Account == account {
			devices = append(devices, d)
		}
	}
	slices.SortFunc(devices, func(a, b *Device) int { return b.Seen.Compare(a.Seen) })
	for _, d := range devices[min(len(devices), mostDevices-1):] {
		drop = append(drop, Row{Kind: KindDevice, ID: d.ID})
	}
	return drop
}

// Claim begins a session for somebody who came by the shared token, under the name that he gave himself.
func (k *Keeper) Claim(ctx context.Context, name, token string, a Attempt) string {
	k.changing.Lock()
	defer k.changing.Unlock()
	now, secret := k.now(), secret()
	s := Session{ID: hashOf(secret), Claimed: name, Token: hashOf(token), Agent: cut(a.Agent, maxAgent), From: addressOf(a.From), Began: now, Seen: now}
	k.mu.RLock()
	drop := k.surplus("", now)
	if old, ok := k.have.sessions[hashOf(a.Session)]; ok && a.Session != "" {
		drop = append(drop, Row{Kind: KindSession, ID: old.ID})
	}
	k.mu.RUnlock()
	k.keepOrGo(ctx, []Row{row(KindSession, s.ID, "", &s)}, drop, Event{What: LoggedIn, By: cmp.Or(name, "token"), Address: addressOf(a.From)})
	return secret
}

// InSession finds who a session is of; nil: it is none, or over. Sessions by the shared token hold while that one is in force.
func (k *Keeper) InSession(ctx context.Context, secret, token string) (*Caller, *Session) {
	now := k.now()
	k.mu.RLock()
	s := k.have.sessions[hashOf(secret)]
	if s == nil || s.Over(now) {
		k.mu.RUnlock()
		return nil, nil
	}
	session := *s
	var c *Caller
	if s.Account == "" {
		if token != "" && s.Token == hashOf(token) {
			c = &Caller{Name: cmp.Or(s.Claimed, "token"), Claimed: true, Grants: All(Administer)}
		}
	} else if a := k.have.accounts[s.Account]; a != nil && !a.Off && k.believes(a) {
		c = k.callerOf(a)
		switch {
		case s.Phone != "": // a PIN opens so little that no second factor is asked for
			c = k.byPIN(c, s.Phone)
		case k.lacks(a):
			c.only(looking)
		}
	}
	k.mu.RUnlock()
	if c == nil {
		return nil, nil
	}
	if now.Sub(session.Seen) >= seenStep {
		k.seen(ctx, session, now)
	}
	return c, &session
}

// seen notes that somebody is here.
func (k *Keeper) seen(ctx context.Context, s Session, now time.Time) {
	k.changing.Lock()
	defer k.changing.Unlock()
	k.mu.RLock()
	is, due := k.have.sessions[s.ID], false
	if is != nil {
		s, due = *is, now.Sub(is.Seen) >= seenStep
	}
	k.mu.RUnlock()
	if due { // it may have been ended meanwhile, and of many requests at once one notes it
		s.Seen = now
		k.keepOrGo(ctx, []Row{row(KindSession, s.ID, s.Account, &s)}, nil)
	}
}

// LogOut ends a session by its secret.
func (k *Keeper) LogOut(ctx context.Context, secret string) {
	k.changing.Lock()
	defer k.changing.Unlock()
	k.mu.RLock()
	s := k.have.sessions[hashOf(secret)]
	k.mu.RUnlock()
	if s != nil {
		k.keepOrGo(ctx, nil, []Row{{Kind: KindSession, ID: s.ID}})
	}
}

// EndSession ends a session of an account by its id, because somebody says so; by an administrator of anybody, where account is empty.
func (k *Keeper) EndSession(ctx context.Context, by *Caller, account, id string) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	k.mu.RLock()
	s := k.have.sessions[id]
	name := ""
	if s != nil {
		if name = cmp.Or(s.Claimed, "token"); s.Account != "" {
			name = ""
			if a := k.have.accounts[s.Account]; a != nil {
				name = a.Name
			}
		}
	}
	k.mu.RUnlock()
	if s == nil || account != "" && s.Account != account {
		return ErrNone
	}
	k.keepOrGo(ctx, nil, []Row{{Kind: KindSession, ID: id}}, Event{What: Ended, By: by.Name, About: name})
	return nil
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// ends are all sessions, devices and links of an account but one session. The caller holds the lock.
func (k *Keeper) ends(account, butSession string) (drop []Row) {
	for id, s := range k.have.sessions {
		if s.Account == account && id != butSession {
			drop = append(drop, Row{Kind: KindSession, ID: id})
		}
	}
	for id, d := range k.have.devices {
		if d.Account == account {
			drop = append(drop, Row{Kind: KindDevice, ID: id})
		}
	}
	for id, l := range k.have.links {
		if l.Account == account {
			drop = append(drop, Row{Kind: KindLink, ID: id})
		}
	}
	return drop
}

// until is a time from now on.
func (k *Keeper) until(d time.Duration) time.Time { return k.now().Add(d) }
