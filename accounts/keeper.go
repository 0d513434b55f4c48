package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a Keeper. Store is required.
type Options struct {
	Store Store
	// Record takes what was changed, and who came in or was refused, and returns when it is durable; nil: nobody keeps it. Tell calls it. It may be
	// given an event, by its ID, that it has taken before.
	Record func(context.Context, Event) error
	// LinkFile is where the commands on the machine leave one-time links; empty: they cannot.
	LinkFile string
	// KeyFile holds the key that keeps second factors unreadable in the store; it is made when it is needed first. Empty: it ends with the process.
	KeyFile string
	// Required are the roles that must have a second factor, see Keeper.Require.
	Required []Role
	Cost     Cost             // zero: DefaultCost
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil discards
}

// Keeper knows who is who. All that it needs for a request is in memory; what must outlive the process it gives its Store before it says yes.
// It is safe for concurrent use.
type Keeper struct {
	store    Store
	record   func(context.Context, Event) error
	more     chan struct{} // there are events to tell
	serial   atomic.Uint32 // of events
	linkFile string
	now      func() time.Time
	log      *slog.Logger
	hasher   *hasher
	accounts *Backoff[string] // guesses of devices that are not known, by what they want to be
	from     *Backoff[netip.Prefix]
	devices  *Backoff[string] // wrong passwords on a device that is known
	tokens   *Backoff[netip.Prefix]
	refusals tally
	issuer   atomic.Pointer[string] // of whoever knows people for us

	sealer       *sealer
	passes       passes
	steps        *Backoff[string]       // wrong second factors on devices that are not known, by account
	keyNoise     *Backoff[netip.Prefix] // passkeys that are none
	stepRefusals tally
	required     atomic.Pointer[[]Role]

	following sync.Mutex // one link at a time
	trying    sync.Mutex // one PIN at a time
	changing  sync.Mutex // one change at a time, from the look at what is to what is kept

	mu     sync.RWMutex // of what is below
	have   contents
	byName map[string]string   // ids
	called map[string][]string // ids, by the folded name that the record has
	sieve  sieve
	first  string // code of the link that makes the first administrator

	answers map[string]time.Time // challenges that a passkey has answered: each once
}

// New reads what is kept.
func New(ctx context.Context, o Options) (*Keeper, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Cost == (Cost{}) {
		o.Cost = DefaultCost
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	rows, err := o.Store.AccountRows(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	k := &Keeper{
		store: o.Store, record: o.Record, linkFile: o.LinkFile, now: o.Now, log: o.Log.With("component", "accounts"), hasher: newHasher(o.Cost),
		accounts: NewBackoff[string](), from: NewBackoff[netip.Prefix](), devices: NewBackoff[string](), tokens: NewBackoff[netip.Prefix](),
		more: make(chan struct{}, 1), sieve: newSieve(), passes: newPasses(), steps: NewBackoff[string](), keyNoise: NewBackoff[netip.Prefix](),
		answers: map[string]time.Time{},
	}
	k.Require(o.Required)
	if k.sealer, err = openSealer(o.KeyFile); err != nil {
		return nil, err
	}
	if k.have, err = readRows(rows); err != nil {
		return nil, err
	}
	k.index()
	return k, nil
}

// index finds accounts by their names. The caller holds the lock, or is New.
func (k *Keeper) index() {
	k.byName, k.called = map[string]string{}, map[string][]string{}
	for id, a := range k.have.accounts {
		k.byName[a.Name] = id
		k.called[alike(a.Display)] = append(k.called[alike(a.Display)], id)
	}
}

// Any reports whether there is an account that may sign in: from then on everybody has to.
func (k *Keeper) Any() bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, a := range k.have.accounts {
		if !a.Off && a.Hash != "" {
			return true
		}
	}
	return false
}

// Account gives an account by its id; ErrNone: there is none.
func (k *Keeper) Account(id string) (*Account, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if a, ok := k.have.accounts[id]; ok {
		return a.clone(), nil
	}
	return nil, ErrNone
}

// Accounts lists all, by name.
func (k *Keeper) Accounts() []*Account {
	k.mu.RLock()
	defer k.mu.RUnlock()
	all := make([]*Account, 0, len(k.have.accounts))
	for _, a := range k.have.accounts {
		all = append(all, a.clone())
	}
	slices.SortFunc(all, func(a, b *Account) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Sessions lists those of an account that have not ended, the last seen first; an empty account means all.
func (k *Keeper) Sessions(account string) []Session {
	k.mu.RLock()
	defer k.mu.RUnlock()
	now := k.now()
	var all []Session
	for _, s := range k.have.sessions {
		if (account == "" || s.Account == account) && !s.Over(now) {
			all = append(all, *s)
		}
	}
	slices.SortFunc(all, func(a, b Session) int { return b.Seen.Compare(a.Seen) })
	return all
}

// Living reports whether a session lasts, by its id: neither ended nor over by itself, and its account may sign in.
func (k *Keeper) Living(session string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	s := k.have.sessions[session]
	if s == nil || s.Over(k.now()) {
		return false
	}
	a := k.have.accounts[s.Account]
	return a != nil && !a.Off
}

// SharedSessions lists those that were begun by the shared token in force and have not ended, the last seen first.
func (k *Keeper) SharedSessions(token string) []Session {
	if token == "" {
		return nil
	}
	of := hashOf(token)
	return slices.DeleteFunc(k.Sessions(""), func(s Session) bool { return s.Account != "" || s.Token != of })
}

// Tokens lists those of an account, the newest first.
func (k *Keeper) Tokens(account string) []Token {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var all []Token
	for _, t := range k.have.tokens {
		if t.Account == account {
			all = append(all, *t)
		}
	}
	slices.SortFunc(all, func(a, b Token) int { return b.Created.Compare(a.Created) })
	return all
}

// The errors that a caller tells apart.
var (
	ErrNone    = errors.New("there is no such account")
	ErrTaken   = errors.New("another account has that name")
	ErrName    = errors.New("that cannot be a name to sign in with")
	ErrWrong   = errors.New("name or password is wrong")
	ErrExpired = errors.New("the link is used, expired or unknown")
	ErrLast    = errors.New("nobody could administer the gateway any more")
	ErrMany    = errors.New("the account has as many tokens as it may have")
	ErrRole    = errors.New("there is no such role")
	ErrDisplay = errors.New("somebody else is called that in the record")
)

// WaitError says that somebody has tried too much, and when he may try again.
type WaitError struct{ Wait time.Duration }

func (e *WaitError) Error() string { return fmt.Sprintf("too many tries: want %v of patience", e.Wait) }

// WeakError says why a password is not taken.
type WeakError struct{ Why Weakness }

func (e *WeakError) Error() string { return "the password is not taken: " + string(e.Why) }

// keep makes a change durable, together with what is told of it, and then true. What it cannot store is not so.
func (k *Keeper) keep(ctx context.Context, put, drop []Row, told ...Event) error {
	put = append(put, k.events(told)...)
	if err := k.store.KeepAccounts(ctx, put, drop); err != nil {
		return fmt.Errorf("keeping a change of accounts: %w", err)
	}
	k.apply(put, drop)
	return nil
}

// keepFor is how long the store may take for what is true in memory already.
const keepFor = 10 * time.Second

// keepOrGo is keep for what is true in memory in any case, such as that a session is over: a full disk keeps nobody in, nor out.
// Nor does a browser that has gone away: what it asked for is stored nevertheless, or a restart would revive a session that was ended.
func (k *Keeper) keepOrGo(ctx context.Context, put, drop []Row, told ...Event) {
	put = append(put, k.events(told)...)
	k.apply(put, drop)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepFor)
	defer cancel()
	if err := k.store.KeepAccounts(ctx, put, drop); err != nil {
		k.log.Error("a change of sessions is not stored; a restart forgets it", "err", err)
	}
}

// apply brings rows into memory.
func (k *Keeper) apply(put, drop []Row) {
	fresh, err := readRows(put)
	if err != nil {
		k.log.Error("rows of our own cannot be read", "err", err)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	maps.Copy(k.have.accounts, fresh.accounts)
	maps.Copy(k.have.sessions, fresh.sessions)
	maps.Copy(k.have.devices, fresh.devices)
	maps.Copy(k.have.tokens, fresh.tokens)
	maps.Copy(k.have.links, fresh.links)
	maps.Copy(k.have.screens, fresh.screens)
	maps.Copy(k.have.phones, fresh.phones)
	maps.Copy(k.have.pins, fresh.pins)
	maps.Copy(k.have.totps, fresh.totps)
	maps.Copy(k.have.recoveries, fresh.recoveries)
	maps.Copy(k.have.passkeys, fresh.passkeys)
	maps.Copy(k.have.events, fresh.events)
	gone := false
	for _, r := range drop {
		switch r.Kind {
		case KindAccount:
			delete(k.have.accounts, r.ID)
			gone = true
		case KindSession:
			delete(k.have.sessions, r.ID)
		case KindDevice:
			delete(k.have.devices, r.ID)
		case KindToken:
			delete(k.have.tokens, r.ID)
		case KindLink:
			delete(k.have.links, r.ID)
		case KindScreen:
			delete(k.have.screens, r.ID)
		case KindPhone:
			delete(k.have.phones, r.ID)
		case KindPIN:
			delete(k.have.pins, r.ID)
		case KindTOTP:
			delete(k.have.totps, r.ID)
		case KindRecovery:
			delete(k.have.recoveries, r.ID)
		case KindPasskey:
			delete(k.have.passkeys, r.ID)
		case KindEvent:
			delete(k.have.events, r.ID)
		}
	}
	if gone || len(fresh.accounts) > 0 {
		k.index()
	}
	if len(fresh.events) > 0 {
		k.makeRoom()
		select {
		case k.more <- struct{}{}:
		default:
		}
	}
}

// secret is something that nobody can guess.
func secret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashOf is what is kept of a secret. It needs no salt: nobody can guess what it is of.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
