package accounts

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Screen is a display on a wall: its key shows the signs of a building, or one of them, and nothing else. It belongs to the building, not to
// the person who made it: it goes on when that one leaves.
type Screen struct {
	ID      string    `json:"id"`   // hash of its key
	Name    string    `json:"name"` // where it hangs
	Site    string    `json:"site"`
	Zone    string    `json:"zone,omitempty"` // empty: each sign of the site
	By      string    `json:"by"`             // who made it
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
	Used    time.Time `json:"used,omitzero"`
}

// mostScreens is how many screens a site may have.
const mostScreens = 100

// The errors of screens.
var (
	ErrNoScreen    = errors.New("there is no such display")
	ErrManyScreens = errors.New("the site has as many displays as it may have")
)

// Over reports whether a screen has expired.
func (s *Screen) Over(now time.Time) bool { return !s.Expires.IsZero() && !now.Before(s.Expires) }

// Shows reports whether a screen is for the sign of a zone.
func (s *Screen) Shows(site, zone string) bool {
	return s.Site == site && (s.Zone == "" || s.Zone == zone)
}

// typable writes a key so that a person can type it with the remote control of a television: no letter is taken for a digit.
var typable = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewScreen makes a screen of a name, site, zone and end, and gives its key: it is shown once, only its hash is kept. Screens of the site that
// have expired go. The error is ErrManyScreens, or of the store.
func (k *Keeper) NewScreen(ctx context.Context, by *Caller, s Screen) (string, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	var drop []Row
	valid := 0
	for _, old := range k.Screens(s.Site) {
		if old.Over(k.now()) {
			drop = append(drop, Row{Kind: KindScreen, ID: old.ID})
		} else {
			valid++
		}
	}
	if valid >= mostScreens {
		return "", ErrManyScreens
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	key := strings.ToLower(typable.EncodeToString(b[:]))
	s.ID, s.By, s.Created, s.Used = hashOf(key), by.Name, k.now(), time.Time{}
	if err := k.keep(ctx, []Row{row(KindScreen, s.ID, "", &s)}, drop, Event{What: ScreenNew, By: by.Name, About: s.Name, After: s.words()}); err != nil {
		return "", err
	}
	return key, nil
}

func (s *Screen) words() string {
	words := s.Site + "/" + cmp.Or(s.Zone, "*")
	if !s.Expires.IsZero() {
		words += "; until " + s.Expires.UTC().Format(time.RFC3339)
	}
	return words
}

// EndScreen ends a screen of a site: what hangs there goes dark within seconds. ErrNoScreen: the site has none of that id.
func (k *Keeper) EndScreen(ctx context.Context, by *Caller, site, id string) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	k.mu.RLock()
	s := k.have.screens[id]
	k.mu.RUnlock()
	if s == nil || s.Site != site {
		return ErrNoScreen
	}
	return k.keep(ctx, nil, []Row{{Kind: KindScreen, ID: id}}, Event{What: ScreenEnd, By: by.Name, About: s.Name, Before: s.words()})
}

// Screens lists those of a site, the newest first.
func (k *Keeper) Screens(site string) []Screen {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var all []Screen
	for _, s := range k.have.screens {
		if s.Site == site {
			all = append(all, *s)
		}
	}
	slices.SortFunc(all, func(a, b Screen) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return all
}

// ByScreen finds the screen that a key opens. The error is ErrWrong, or a *WaitError where too many wrong keys came from an address.
func (k *Keeper) ByScreen(ctx context.Context, key string, from netip.Prefix) (Screen, error) {
	now := k.now()
	id := hashOf(strings.ToLower(strings.TrimSpace(key)))
	k.mu.RLock()
	var s Screen
	found := k.have.screens[id]
	if found != nil {
		s = *found
	}
	k.mu.RUnlock()
	if found != nil && !s.Over(now) {
		if now.Sub(s.Used) >= seenStep {
			k.screenUsed(ctx, id, now)
		}
		return s, nil
	}
	if found != nil {
		return Screen{}, ErrWrong // it was right once: a wall that asks on is no guesser
	}
	// A key that is right is never kept waiting, as with tokens.
	if wait := k.tokens.Wait(from, now); wait > 0 {
		return Screen{}, &WaitError{wait}
	}
	k.tokens.Failed(from, now)
	return Screen{}, ErrWrong
}

// screenUsed notes that a screen shows its sign.
func (k *Keeper) screenUsed(ctx context.Context, id string, now time.Time) {
	k.changing.Lock()
	defer k.changing.Unlock()
	k.mu.RLock()
	var s Screen
	is := k.have.screens[id]
	if is != nil {
		s = *is
	}
	k.mu.RUnlock()
	if is == nil || now.Sub(s.Used) < seenStep { // ended meanwhile, or noted
		return
	}
	s.Used = now
	k.keepOrGo(ctx, []Row{row(KindScreen, s.ID, "", &s)}, nil)
}
