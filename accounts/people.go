package accounts

import (
	"context"
	"slices"
	"strings"
)

// Person is what somebody wants an account to be.
type Person struct {
	Name, Display, Lang string
	Posts               []Post
	Off                 bool
}

// Make makes an account that has no password yet; a Link gives it one. The error is ErrName, ErrTaken, ErrDisplay, ErrRole, or of the store.
func (k *Keeper) Make(ctx context.Context, by *Caller, p Person) (*Account, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	return k.made(ctx, by.Name, p, "", nil)
}

// made makes an account with a password at once, if hash is one: both or neither are kept. drop goes with it. The caller holds changing.
func (k *Keeper) made(ctx context.Context, by string, p Person, hash string, drop []Row) (*Account, error) {
	a := &Account{ID: newID(), Created: k.now(), Hash: hash}
	if hash != "" {
		a.Changed = a.Created
	}
	if err := k.shape(a, p); err != nil {
		return nil, err
	}
	told := []Event{{What: Made, By: by, About: a.Name, After: a.words()}}
	if hash != "" {
		told = append(told, Event{What: Password, By: by, About: a.Name})
	}
	if err := k.keep(ctx, []Row{row(KindAccount, a.ID, a.ID, a)}, drop, told...); err != nil {
		return nil, err
	}
	return a.clone(), nil
}

// Change makes an account what a person wants it to be. What it may not do any more it may not do from the next request on; one that is
// switched off is signed out everywhere, and its tokens and links are worth nothing any more, also when it is switched on again. The error is ErrNone,
// ErrLast, those of Make, or of the store.
func (k *Keeper) Change(ctx context.Context, by *Caller, id string, p Person, why string) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	was, err := k.Account(id)
	if err != nil {
		return err
	}
	is := was.clone()
	if err := k.shape(is, p); err != nil {
		return err
	}
	if was.Administers() && !is.Administers() && !k.administered(id) {
		return ErrLast
	}
	var drop []Row
	if !is.isCleaner() {
		drop = append(drop, Row{Kind: KindPIN, ID: id})
	}
	if is.Off {
		k.mu.RLock()
		drop = append(append(drop, k.ends(id, "")...), k.tokensOf(id)...)
		k.mu.RUnlock()
	}
	if is.Off != was.Off || is.Name != was.Name { // a link that a command has left names the account as it was called
		is.Voided = k.now()
	}
	var told []Event
	if before, after := was.words(), is.words(); before != after {
		told = append(told, Event{What: Altered, By: by.Name, About: is.Name, Why: why, Before: before, After: after})
	}
	return k.keep(ctx, []Row{row(KindAccount, id, id, is)}, drop, told...)
}

// administered reports whether somebody other than an account may administer, and has a password to do so.
func (k *Keeper) administered(but string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for id, a := range k.have.accounts {
		if id != but && a.Administers() && a.Hash != "" {
			return true
		}
	}
	return false
}

// shape gives an account what a person wants, where that can be.
func (k *Keeper) shape(a *Account, p Person) error {
	name, ok := CleanName(p.Name)
	if !ok {
		return ErrName
	}
	display := p.Display
	if strings.TrimSpace(display) == "" {
		display = name
	}
	k.mu.RLock()
	other, taken := k.byName[name]
	var err error
	if display != a.Display { // an older version let two have one: who has it keeps it
		err = k.callable(a.ID, display)
	}
	k.mu.RUnlock()
	if taken && other != a.ID {
		return ErrTaken
	}
	if err != nil {
		return err
	}
	for _, post := range p.Posts {
		if !post.Role.Known() {
			return ErrRole
		}
	}
	a.Name, a.Display, a.Lang, a.Posts, a.Off = name, display, p.Lang, slices.Clone(p.Posts), p.Off
	return nil
}

// words are what an account is, for the record: its roles, not its secrets.
func (a *Account) words() string {
	parts := []string{a.Name, a.Display}
	for _, p := range a.Posts {
		where := "*"
		if len(p.Sites) > 0 {
			where = strings.Join(p.Sites, ",")
		}
		parts = append(parts, string(p.Role)+"@"+where)
	}
	if a.Off {
		parts = append(parts, "off")
	}
	return strings.Join(parts, "; ")
}

// Repassword changes a password, for somebody who knows the one there is. All other sessions of the account and all of its tokens end, and no
// device is known any more: who changes a password may fear that somebody else has been in. The error is ErrWrong, a *WaitError, a *WeakError, or of the store.
func (k *Keeper) Repassword(ctx context.Context, by *Caller, session, old, fresh string) error {
	a, err := k.Account(by.Account)
	if err != nil {
		return err
	}
	now := k.now()
	if wait := k.devices.Wait(session, now); wait > 0 {
		return &WaitError{wait}
	}
	if old == "" || len(old) > MaxPassword {
		return ErrWrong
	}
	right, err := k.hasher.matches(ctx, old, a.Hash, true)
	if err != nil {
		return err
	}
	if !right {
		k.devices.Failed(session, now)
		return ErrWrong
	}
	_, err = k.setPassword(ctx, a.ID, a.Hash, fresh, session, nil, by.Name)
	return err
}

// setPassword gives an account a password and ends all of its tokens and links and of its sessions but one. drop goes with it, and more is told with it. It gives the new hash.
// was is the hash that the old password was compared with; another one by now is ErrWrong. Empty: a link is proof enough.
func (k *Keeper) setPassword(ctx context.Context, id, was, fresh, butSession string, drop []Row, by string, more ...Event) (string, error) {
	a, err := k.Account(id)
	if err != nil {
		return "", err
	}
	if why := CheckPassword(fresh, a.Name, a.Display); why != "" {
		return "", &WeakError{why}
	}
	hash, err := k.hasher.hash(ctx, fresh)
	if err != nil {
		return "", err
	}
	k.changing.Lock()
	defer k.changing.Unlock()
	if a, err = k.Account(id); err != nil { // it may have been changed meanwhile
		return "", err
	}
	if was != "" && a.Hash != was {
		return "", ErrWrong
	}
	a.Hash, a.Changed = hash, k.now()
	a.Voided = a.Changed
	k.mu.RLock()
	drop = append(append(drop, k.ends(id, butSession)...), k.tokensOf(id)...)
	k.mu.RUnlock()
	if err := k.keep(ctx, []Row{row(KindAccount, id, id, a)}, drop, append(more, Event{What: Password, By: by, About: a.Name})...); err != nil {
		return "", err
	}
	k.proven(id, fresh, hash)
	return hash, nil
}

// tokensOf are all tokens of an account. The caller holds the lock.
func (k *Keeper) tokensOf(account string) (drop []Row) {
	for id, t := range k.have.tokens {
		if t.Account == account {
			drop = append(drop, Row{Kind: KindToken, ID: id})
		}
	}
	return drop
}
