package accounts

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
)

// Lives of links: one that an administrator hands over may lie for a few days, one that is made on the machine is used at once.
const (
	LinkLife   = 3 * 24 * time.Hour
	LocalLife  = 30 * time.Minute
	mostInFile = 64 << 10 // bytes of a link file
	lockFor    = 5 * time.Second
)

// FirstCode is the code of the link that makes the first administrator, the same while the process lives; empty: there is an account already.
// It is kept nowhere: who starts the gateway reads it there.
func (k *Keeper) FirstCode() string {
	if k.Any() {
		return ""
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.first == "" {
		k.first = secret()
	}
	return k.first
}

// NewLink makes a one-time link by which an account gets a password, and gives its code. An earlier one for it is worth nothing any more.
func (k *Keeper) NewLink(ctx context.Context, by *Caller, account string) (string, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	a, err := k.Account(account)
	if err != nil {
		return "", err
	}
	code := secret()
	l := Link{ID: hashOf(code), Account: account, Made: k.now(), Expires: k.until(LinkLife)}
	k.mu.RLock()
	var drop []Row
	for id, old := range k.have.links {
		if old.Account == account {
			drop = append(drop, Row{Kind: KindLink, ID: id})
		}
	}
	k.mu.RUnlock()
	if err := k.keep(ctx, []Row{row(KindLink, l.ID, account, &l)}, drop, Event{What: LinkMade, By: by.Name, About: a.Name}); err != nil {
		return "", err
	}
	return code, nil
}

// Link finds what a code is good for: the account that gets a password, nil for a new administrator. ErrExpired: nothing.
func (k *Keeper) Link(code string) (*Account, error) {
	l, err := k.link(code)
	if err != nil {
		return nil, err
	}
	if l.Account == "" {
		return nil, nil
	}
	a, err := k.Account(l.Account)
	if err != nil {
		return nil, ErrExpired
	}
	return a, nil
}

// link finds a link of the process, the store or the file.
func (k *Keeper) link(code string) (*Link, error) {
	if code == "" || len(code) > 100 {
		return nil, ErrExpired
	}
	k.mu.RLock()
	first, l := k.first, k.have.links[hashOf(code)]
	k.mu.RUnlock()
	switch {
	case first != "" && subtle.ConstantTimeCompare([]byte(hashOf(first)), []byte(hashOf(code))) == 1:
		if k.Any() {
			return nil, ErrExpired
		}
		return &Link{ID: hashOf(code)}, nil
	case l != nil && k.now().Before(l.Expires):
		if !k.good(*l, LinkLife) {
			return nil, ErrExpired
		}
		return l, nil
	}
	left, err := readLinks(k.linkFile)
	if err != nil {
		k.log.Error("the links that commands have made cannot be read", "err", err)
	}
	for _, l := range left {
		if l.ID == hashOf(code) && k.now().Before(l.Expires) {
			if l.Account != "" { // the command names the account as people do
				k.mu.RLock()
				id, ok := k.byName[l.Account]
				k.mu.RUnlock()
				if !ok {
					return nil, ErrExpired
				}
				if l.Account = id; !k.good(l, LocalLife) {
					return nil, ErrExpired
				}
			}
			return &l, nil
		}
	}
	return nil, ErrExpired
}

// good reports whether an account may be let in by a link that names it: not one that is switched off, and none that was made before the person
// chose a password himself, before the account was switched off, or before it had its name. life is how long such a link lives.
func (k *Keeper) good(l Link, life time.Duration) bool {
	a, err := k.Account(l.Account)
	if l.Made.IsZero() { // an older version made it
		l.Made = l.Expires.Add(-life)
	}
	return err == nil && !a.Off && !l.Made.Before(a.Voided) && !l.Made.Before(a.Created)
}

// Follow uses a link up: it gives its account the password, or makes the administrator whom p describes, and lets the browser in. The error is
// ErrExpired, those of Make, a *WeakError, or of the store; then the link is as good as before.
func (k *Keeper) Follow(ctx context.Context, code, password string, p Person, a Attempt) (*Entrance, error) {
	k.following.Lock() // a link is good for one
	defer k.following.Unlock()
	l, err := k.link(code)
	if err != nil {
		return nil, err
	}
	const by = "link"
	id, hash, drop := l.Account, "", []Row{{Kind: KindLink, ID: l.ID}}
	var told []Event
	if id == "" {
		id, hash, err = k.makeFirst(ctx, by, password, p, drop)
	} else {
		if l.Reset {
			k.mu.RLock()
			factors, words := k.allFactors(id)
			if a := k.have.accounts[id]; a != nil && words != "" {
				told = []Event{{What: FactorsReset, By: by, About: a.Name, Before: words}}
			}
			k.mu.RUnlock()
			drop = append(drop, factors...)
		}
		hash, err = k.setPassword(ctx, id, "", password, "", drop, by, told...)
	}
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	k.first = ""
	k.mu.Unlock()
	if err := dropLink(k.linkFile, l.ID); err != nil {
		k.log.Error("a link that was used stays in its file until it expires", "err", err)
	}
	e, err := k.enter(ctx, id, hash, a, byLink) // a link is worth a password, no second factor
	if err != nil {                             // the account is switched off
		return nil, ErrExpired
	}
	return e, nil
}

// makeFirst makes an administrator with a password: one change, so that a crash leaves no account that nobody can use in the way of the next try.
func (k *Keeper) makeFirst(ctx context.Context, by, password string, p Person, drop []Row) (id, hash string, err error) {
	if why := CheckPassword(password, p.Name, p.Display); why != "" {
		return "", "", &WeakError{why}
	}
	if hash, err = k.hasher.hash(ctx, password); err != nil {
		return "", "", err
	}
	p.Posts = []Post{{Role: Administrator}}
	k.changing.Lock()
	defer k.changing.Unlock()
	a, err := k.made(ctx, by, p, hash, drop)
	if err != nil {
		return "", "", err
	}
	k.proven(a.ID, password, hash)
	return a.ID, hash, nil
}

// LeaveLink leaves a link in a file, for a gateway that runs or will run, and gives its code: for an account by its name, or, with an empty
// name, for a new administrator. With reset whoever follows it loses the account's second factors, too. Whoever may write there may do so anyway.
//
// Where root leaves it, the file becomes that of the owner of its directory, as whom the gateway runs.
func LeaveLink(file, account string, reset bool, now time.Time) (string, error) {
	unlock, err := lockLinks(file)
	if err != nil {
		return "", err
	}
	defer unlock()
	links, err := readLinks(file)
	if err != nil {
		return "", err
	}
	code := secret()
	kept := []Link{{ID: hashOf(code), Account: account, Made: now, Expires: now.Add(LocalLife), Reset: reset}}
	for _, l := range links {
		if now.Before(l.Expires) && l.Account != account {
			kept = append(kept, l)
		}
	}
	return code, writeLinks(file, kept)
}

// lockLinks lets one process at a time change a file of links: what a command adds while a gateway takes another away would be lost.
func lockLinks(file string) (unlock func(), err error) {
	lock := flock.New(file+".lock", flock.SetPermissions(0o600))
	ctx, cancel := context.WithTimeout(context.Background(), lockFor)
	defer cancel()
	if _, err := lock.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		return nil, ofAnother(fmt.Errorf("locking %q: %w", file, err))
	}
	giveAway(lock.Path())
	return func() { _ = lock.Unlock() }, nil
}

// ofAnother says what to do about a file that another user has made.
func ofAnother(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: it is another user's; run gerbang accounts link as the user of the gateway, or as root", err)
	}
	return err
}

// giveAway makes a file that root has written that of the owner of its directory; a failure shows when that one reads it.
func giveAway(file string) {
	if info, err := os.Stat(filepath.Dir(file)); err == nil && os.Geteuid() == 0 {
		if uid, gid, ok := ownerOf(info); ok {
			_ = os.Lchown(file, uid, gid)
		}
	}
}

func dropLink(file, id string) error {
	if links, err := readLinks(file); err != nil || !slices.ContainsFunc(links, func(l Link) bool { return l.ID == id }) {
		return err
	}
	unlock, err := lockLinks(file)
	if err != nil {
		return err
	}
	defer unlock()
	links, err := readLinks(file)
	if err != nil {
		return err
	}
	var kept []Link
	for _, l := range links {
		if l.ID != id {
			kept = append(kept, l)
		}
	}
	return writeLinks(file, kept)
}

// readLinks reads a file of links; none where there is no file.
func readLinks(file string) ([]Link, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, ofAnother(err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, mostInFile))
	if err != nil {
		return nil, err
	}
	var links []Link
	if len(bytes.TrimSpace(data)) > 0 {
		if err := json.Unmarshal(data, &links); err != nil {
			return nil, fmt.Errorf("reading %q: %w", file, err)
		}
	}
	return links, nil
}

// writeLinks puts a file in its place as a whole, for its owner only.
func writeLinks(file string, links []Link) error {
	data, err := json.Marshal(links)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		giveAway(temp.Name())
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}
