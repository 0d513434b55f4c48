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
	"time"
)

// Lives of links: one that an administrator hands over may lie for a few days, one that is made on the machine is used at once.
const (
	LinkLife   = 3 * 24 * time.Hour
	LocalLife  = 30 * time.Minute
	mostInFile = 64 << 10 // bytes of a link file
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
	l := Link{ID: hashOf(code), Account: account, Expires: k.until(LinkLife)}
	k.mu.RLock()
	var drop []Row
	for id, old := range k.have.links {
		if old.Account == account {
			drop = append(drop, Row{Kind: KindLink, ID: id})
		}
	}
	k.mu.RUnlock()
	if err := k.keep(ctx, []Row{row(KindLink, l.ID, account, &l)}, drop); err != nil {
		return "", err
	}
	k.record(Event{What: LinkMade, By: by.Name, About: a.Name})
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
				l.Account = id
			}
			return &l, nil
		}
	}
	return nil, ErrExpired
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
	by := "link"
	id := l.Account
	if id == "" {
		if why := CheckPassword(password, p.Name, p.Display); why != "" {
			return nil, &WeakError{why}
		}
		p.Posts = []Post{{Role: Administrator}}
		made, err := k.Make(ctx, &Caller{Name: by}, p)
		if err != nil {
			return nil, err
		}
		id = made.ID
	}
	if err := k.setPassword(ctx, id, password, "", []Row{{Kind: KindLink, ID: l.ID}}, by); err != nil {
		if l.Account == "" { // an account that nobody can use would be in the way of the next try
			k.keepOrGo(ctx, nil, []Row{{Kind: KindAccount, ID: id}})
		}
		return nil, err
	}
	k.mu.Lock()
	k.first = ""
	k.mu.Unlock()
	if err := dropLink(k.linkFile, l.ID); err != nil {
		k.log.Error("a link that was used stays in its file until it expires", "err", err)
	}
	if account, err := k.Account(id); err != nil || account.Off {
		return nil, ErrExpired
	}
	return k.enter(ctx, id, a), nil
}

// LeaveLink leaves a link in a file, for a gateway that runs or will run, and gives its code: for an account by its name, or, with an empty
// name, for a new administrator. Whoever may write there may do so anyway.
func LeaveLink(file, account string, now time.Time) (string, error) {
	links, err := readLinks(file)
	if err != nil {
		return "", err
	}
	code := secret()
	kept := []Link{{ID: hashOf(code), Account: account, Expires: now.Add(LocalLife)}}
	for _, l := range links {
		if now.Before(l.Expires) && l.Account != account {
			kept = append(kept, l)
		}
	}
	return code, writeLinks(file, kept)
}

func dropLink(file, id string) error {
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
	if len(kept) == len(links) {
		return nil
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
		return nil, err
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
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}
