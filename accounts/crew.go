package accounts

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// Phone is a phone that the cleaning crew of a site shares. On it, and nowhere else, they come in by a PIN.
type Phone struct {
	ID      string    `json:"id"` // hash of its secret; until it is enrolled, of the code of its link
	Site    string    `json:"site"`
	Name    string    `json:"name"`
	Made    time.Time `json:"made"`
	By      string    `json:"by"`
	Expires time.Time `json:"expires,omitzero"` // of the link; zero: it is enrolled
}

// PIN is what an account comes in by on a shared phone.
type PIN struct {
	Account string    `json:"account"`
	Hash    string    `json:"hash"`
	Failed  int       `json:"failed"` // tries since somebody came in by it, or by the password
	Tried   time.Time `json:"tried,omitzero"`
}

// Bounds of PINs and shared phones.
const (
	MinPIN     = 4
	MaxPIN     = 8
	pinTries   = 5 // then it is worth nothing until its account came in by the password
	pinPause   = 2 // from this many on one waits before the next, pinWait at first and twice as long each time
	pinWait    = 10 * time.Second
	mostPhones = 50
)

// The errors of a PIN.
var (
	ErrBlocked = errors.New("the PIN was wrong too often: it is worth nothing until the password was given")
	ErrPIN     = errors.New("want a PIN of 4 to 8 digits that is no series")
	ErrPhone   = errors.New("that is no phone of a crew")
)

// isCleaner reports whether an account may come in by PIN somewhere.
func (a *Account) isCleaner() bool {
	return slices.ContainsFunc(a.Posts, func(p Post) bool { return p.Role == Cleaner })
}

// cleansAt reports whether an account is a cleaner's at a site.
func (a *Account) cleansAt(site string) bool {
	return slices.ContainsFunc(a.Posts, func(p Post) bool {
		return p.Role == Cleaner && (len(p.Sites) == 0 || slices.Contains(p.Sites, site))
	})
}

// NewPhone makes a link by which a phone becomes one of a site's crew, and gives its code. The error is ErrMany or of the store.
func (k *Keeper) NewPhone(ctx context.Context, by *Caller, site, name string) (string, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	now := k.now()
	var drop []Row
	n := 0
	k.mu.RLock()
	for id, p := range k.have.phones {
		switch {
		case !p.Expires.IsZero() && !now.Before(p.Expires):
			drop = append(drop, Row{Kind: KindPhone, ID: id})
		case p.Site == site:
			n++
		}
	}
	k.mu.RUnlock()
	if n >= mostPhones {
		return "", ErrMany
	}
	code := secret()
	p := Phone{ID: hashOf(code), Site: site, Name: name, Made: now, By: by.Name, Expires: k.until(LinkLife)}
	if err := k.keep(ctx, []Row{row(KindPhone, p.ID, "", &p)}, drop, Event{What: PhoneNew, By: by.Name, About: name, After: site}); err != nil {
		return "", err
	}
	return code, nil
}

// Phones lists the phones of a site's crew, and the links for those that are none yet, the newest first.
func (k *Keeper) Phones(site string) []Phone {
	k.mu.RLock()
	defer k.mu.RUnlock()
	now := k.now()
	var all []Phone
	for _, p := range k.have.phones {
		if p.Site == site && (p.Expires.IsZero() || now.Before(p.Expires)) {
			all = append(all, *p)
		}
	}
	slices.SortFunc(all, func(a, b Phone) int { return b.Made.Compare(a.Made) })
	return all
}

// PhoneLink finds the phone that a code enrols. ErrExpired: none.
func (k *Keeper) PhoneLink(code string) (*Phone, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	p := k.have.phones[hashOf(code)]
	if p == nil || p.Expires.IsZero() || !k.now().Before(p.Expires) {
		return nil, ErrExpired
	}
	c := *p
	return &c, nil
}

// Enrol makes the browser that followed a link a phone of a crew, and gives the secret by which it is known. The link is used up.
func (k *Keeper) Enrol(ctx context.Context, code, from string) (string, *Phone, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	p, err := k.PhoneLink(code)
	if err != nil {
		return "", nil, err
	}
	value := secret()
	link := p.ID
	p.ID, p.Expires, p.Made = hashOf(value), time.Time{}, k.now()
	if err := k.keep(ctx, []Row{row(KindPhone, p.ID, "", p)}, []Row{{Kind: KindPhone, ID: link}}, Event{What: PhoneIn, By: p.By, About: p.Name, After: p.Site, Address: from}); err != nil {
		return "", nil, err
	}
	return value, p, nil
}

// CrewPhone finds the phone that has a secret; nil: it is none of a crew's.
func (k *Keeper) CrewPhone(secret string) *Phone {
	if secret == "" {
		return nil
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	p := k.have.phones[hashOf(secret)]
	if p == nil || !p.Expires.IsZero() {
		return nil
	}
	c := *p
	return &c
}

// EndPhone makes a phone one of the crew's no more: whoever came in on it by PIN is out.
func (k *Keeper) EndPhone(ctx context.Context, by *Caller, site, id string) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	k.mu.RLock()
	p := k.have.phones[id]
	drop := []Row{{Kind: KindPhone, ID: id}}
	for s := range k.have.sessions {
		if k.have.sessions[s].Phone == id {
			drop = append(drop, Row{Kind: KindSession, ID: s})
		}
	}
	k.mu.RUnlock()
	if p == nil || p.Site != site {
		return ErrNone
	}
	return k.keep(ctx, nil, drop, Event{What: PhoneEnd, By: by.Name, About: p.Name, Before: site})
}

// Crew lists who may come in on a phone by PIN, by name.
func (k *Keeper) Crew(p *Phone) []*Account {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var all []*Account
	for id := range k.have.pins {
		if a := k.have.accounts[id]; a != nil && !a.Off && a.cleansAt(p.Site) {
			all = append(all, a.clone())
		}
	}
	slices.SortFunc(all, func(a, b *Account) int { return strings.Compare(a.Display, b.Display) })
	return all
}

// HasPIN reports whether an account has a PIN, and whether it may have one.
func (k *Keeper) HasPIN(account string) (has, may bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	a := k.have.accounts[account]
	return k.have.pins[account] != nil, a != nil && a.mayHavePIN()
}

// CheckPIN reports whether a PIN is one that is taken: digits, neither alike nor in a row.
func CheckPIN(pin string) error {
	if len(pin) < MinPIN || len(pin) > MaxPIN || strings.Trim(pin, "0123456789") != "" || series(pin) == len(pin) {
		return ErrPIN
	}
	return nil
}

// mayHavePIN reports whether somebody may come in by a PIN on shared phones. Whom a provider knows has no password here that would set or unblock one.
func (a *Account) mayHavePIN() bool { return a.isCleaner() && !a.External() }

// SetPIN gives whoever knows the password, see Confirm, a PIN for shared phones. The error is ErrWrong, ErrPIN, ErrRole of who may have none, a
// *WaitError, or of the store.
func (k *Keeper) SetPIN(ctx context.Context, by *Caller, session, password, pin string) error {
	a, err := k.Account(by.Account)
	if err != nil {
		return err
	}
	if !a.mayHavePIN() {
		return ErrRole
	}
	if err := CheckPIN(pin); err != nil {
		return err
	}
	if err := k.Confirm(ctx, by, session, password, ""); err != nil {
		return err
	}
	hash, err := k.hasher.hash(ctx, pin)
	if err != nil {
		return err
	}
	k.changing.Lock()
	defer k.changing.Unlock()
	if err := k.mayChange(by, session); err != nil {
		return err
	}
	if is, err := k.Account(a.ID); err != nil || is.Hash != a.Hash || !is.mayHavePIN() { // it was changed meanwhile
		return ErrWrong
	}
	return k.keep(ctx, []Row{row(KindPIN, a.ID, a.ID, &PIN{Account: a.ID, Hash: hash})}, nil, Event{What: PINSet, By: by.Name, About: a.Name})
}

// LogInByPIN lets somebody of the crew in on a shared phone, for one shift and for its tasks alone. A few wrong tries, on all phones together, and
// the PIN is worth nothing until its account came in by the password: a PIN is guessed soon, so hardly any guess is let through. The error is
// ErrWrong, ErrPhone, ErrBlocked, a *WaitError, or of the store.
func (k *Keeper) LogInByPIN(ctx context.Context, phone, account, pin string, a Attempt) (*Entrance, error) {
	p := k.CrewPhone(phone)
	if p == nil {
		return nil, ErrPhone
	}
	k.trying.Lock() // one try at a time: many at once are as many guesses
	defer k.trying.Unlock()
	now := k.now()
	k.mu.RLock()
	who, have := k.have.accounts[account], k.have.pins[account]
	var is PIN
	if have != nil {
		is = *have
	}
	k.mu.RUnlock()
	if who == nil || have == nil || who.Off || !who.cleansAt(p.Site) || CheckPIN(pin) != nil {
		return nil, ErrWrong
	}
	if is.Failed >= pinTries {
		return nil, ErrBlocked
	}
	if is.Failed >= pinPause {
		if wait := is.Tried.Add(pinWait << (is.Failed - pinPause)).Sub(now); wait > 0 {
			return nil, &WaitError{wait}
		}
	}
	// The try is counted before it is made: what a crash makes of it is a failure.
	is.Failed, is.Tried = is.Failed+1, now
	if err := k.keepPIN(ctx, is); err != nil {
		return nil, err
	}
	right, err := k.hasher.matches(ctx, pin, is.Hash, true)
	if err != nil {
		is.Failed--
		return nil, errors.Join(err, k.keepPIN(ctx, is))
	}
	if !right {
		k.refused(ctx, a, who.Name, now)
		if is.Failed >= pinTries {
			return nil, ErrBlocked
		}
		return nil, ErrWrong
	}
	is.Failed = 0
	if err := k.keepPIN(ctx, is); err != nil {
		return nil, err
	}
	return k.enterByPIN(ctx, p, account, is.Hash, a)
}

// keepPIN keeps the tries of a PIN, if it is still the one.
func (k *Keeper) keepPIN(ctx context.Context, is PIN) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	k.mu.RLock()
	was := k.have.pins[is.Account]
	k.mu.RUnlock()
	if was == nil || was.Hash != is.Hash {
		return ErrWrong
	}
	return k.keep(ctx, []Row{row(KindPIN, is.Account, is.Account, &is)}, nil)
}

func (k *Keeper) enterByPIN(ctx context.Context, p *Phone, account, hash string, a Attempt) (*Entrance, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	who, err := k.Account(account)
	k.mu.RLock()
	pin, phone := k.have.pins[account], k.have.phones[p.ID]
	k.mu.RUnlock()
	if err != nil || who.Off || pin == nil || pin.Hash != hash || phone == nil {
		return nil, ErrWrong
	}
	now := k.now()
	e := &Entrance{Session: secret(), Account: who}
	s := Session{ID: hashOf(e.Session), Account: account, Agent: cut(p.Name, maxAgent), From: addressOf(a.From), Began: now, Seen: now, Phone: p.ID}
	k.mu.RLock()
	by := k.callOf(who)
	drop := k.surplus(account, now)
	if old, ok := k.have.sessions[hashOf(a.Session)]; ok && a.Session != "" {
		drop = append(drop, Row{Kind: KindSession, ID: old.ID})
	}
	k.mu.RUnlock()
	k.keepOrGo(ctx, []Row{row(KindSession, s.ID, account, &s)}, drop, Event{What: LoggedIn, By: by, About: who.Name, Why: "PIN, " + p.Name, Address: addressOf(a.From)})
	return e, nil
}

// unblocked gives a PIN its tries back: its account comes in by all that is asked of it. The caller holds changing.
func (k *Keeper) unblocked(account string) []Row {
	k.mu.RLock()
	defer k.mu.RUnlock()
	pin := k.have.pins[account]
	if pin == nil || pin.Failed == 0 {
		return nil
	}
	is := *pin
	is.Failed = 0
	return []Row{row(KindPIN, account, account, &is)}
}

// byPIN is what of a caller came in by PIN on a phone; nil: the phone is none of the crew's any more. The caller holds the lock.
func (k *Keeper) byPIN(c *Caller, phone string) *Caller {
	p := k.have.phones[phone]
	if p == nil {
		return nil
	}
	c.ByPIN = true
	c.Grants = narrow(c.Grants, []Permission{DoTask}, []string{p.Site})
	return c
}
