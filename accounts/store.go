package accounts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// Kind is the closed set of what a Store keeps.
type Kind string

// The kinds of row.
const (
	KindAccount Kind = "account"
	KindSession Kind = "session"
	KindDevice  Kind = "device"
	KindToken   Kind = "token"
	KindLink    Kind = "link"
	KindScreen  Kind = "screen"
	KindPhone   Kind = "phone"
	KindPIN     Kind = "pin"
	KindEvent   Kind = "event" // not recorded yet

	KindTOTP     Kind = "totp"     // by the id of its account
	KindRecovery Kind = "recovery" // likewise
	KindPasskey  Kind = "passkey"

	KindReach   Kind = "reach"   // where an account can be reached by notifications; of package reach
	KindPushKey Kind = "pushkey" // with which the gateway shows push services who it is; likewise
)

// Entrances are the kinds that let somebody in by themselves, and the phones that their sessions have told of. A copy of a store that is put in place later must not bring them back: what was
// ended meanwhile would be open again.
func Entrances() []Kind {
	return []Kind{KindSession, KindDevice, KindToken, KindLink, KindScreen, KindPhone, KindReach}
}

// Kinds lists all of them.
func Kinds() []Kind {
	return []Kind{
		KindAccount, KindSession, KindDevice, KindToken, KindLink, KindScreen, KindPhone, KindPIN, KindEvent, KindTOTP, KindRecovery, KindPasskey, KindReach, KindPushKey,
	}
}

// Row is one thing that is kept. Of secrets it has hashes only, or what a key that lies elsewhere has sealed.
type Row struct {
	Kind    Kind
	ID      string // unique among its kind
	Account string // whose it is; empty: nobody's
	Body    []byte // JSON
}

// Store keeps accounts and what belongs to them. It is safe for concurrent use.
type Store interface {
	// AccountRows gives all that is kept.
	AccountRows(ctx context.Context) ([]Row, error)
	// KeepAccounts puts rows in the place of those of the same kind and ID and drops others, as one transaction: when it returns nil, all of
	// it is durable, else nothing of it is stored.
	KeepAccounts(ctx context.Context, put, drop []Row) error
}

// Memory is a Store that ends with the process.
type Memory struct {
	mu   sync.Mutex
	rows map[Kind]map[string]Row
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty one.
func NewMemory() *Memory { return &Memory{rows: map[Kind]map[string]Row{}} }

// AccountRows gives all that is kept.
func (m *Memory) AccountRows(context.Context) ([]Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Row
	for _, rows := range m.rows {
		for _, r := range rows {
			all = append(all, r)
		}
	}
	return all, nil
}

// KeepAccounts changes what is kept.
func (m *Memory) KeepAccounts(_ context.Context, put, drop []Row) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range put {
		if m.rows[r.Kind] == nil {
			m.rows[r.Kind] = map[string]Row{}
		}
		r.Body = slices.Clone(r.Body)
		m.rows[r.Kind][r.ID] = r
	}
	for _, r := range drop {
		delete(m.rows[r.Kind], r.ID)
	}
	return nil
}

// row makes what is kept of a value.
func row(kind Kind, id, account string, value any) Row {
	body, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("encoding a %s: %v", kind, err)) // plain values: cannot fail
	}
	return Row{Kind: kind, ID: id, Account: account, Body: body}
}

// contents are rows, read.
type contents struct {
	accounts map[string]*Account
	sessions map[string]*Session
	devices  map[string]*Device
	tokens   map[string]*Token
	links    map[string]*Link
	screens  map[string]*Screen
	phones   map[string]*Phone
	pins     map[string]*PIN
	events   map[string]*Event

	totps      map[string]*TOTP
	recoveries map[string]*Recovery
	passkeys   map[string]*Passkey
}

func emptyContents() contents {
	return contents{
		accounts: map[string]*Account{}, sessions: map[string]*Session{}, devices: map[string]*Device{}, tokens: map[string]*Token{}, links: map[string]*Link{},
		screens: map[string]*Screen{}, phones: map[string]*Phone{}, pins: map[string]*PIN{}, events: map[string]*Event{},
		totps: map[string]*TOTP{}, recoveries: map[string]*Recovery{}, passkeys: map[string]*Passkey{},
	}
}

func readRows(rows []Row) (contents, error) {
	c := emptyContents()
	for _, r := range rows {
		var err error
		switch r.Kind {
		case KindAccount:
			err = into(c.accounts, r)
		case KindSession:
			err = into(c.sessions, r)
		case KindDevice:
			err = into(c.devices, r)
		case KindToken:
			err = into(c.tokens, r)
		case KindLink:
			err = into(c.links, r)
		case KindScreen:
			err = into(c.screens, r)
		case KindPhone:
			err = into(c.phones, r)
		case KindPIN:
			err = into(c.pins, r)
		case KindTOTP:
			err = into(c.totps, r)
		case KindRecovery:
			err = into(c.recoveries, r)
		case KindPasskey:
			err = into(c.passkeys, r)
		case KindEvent:
			err = into(c.events, r)
		case KindReach, KindPushKey: // not of the Keeper
		default:
			err = fmt.Errorf("kind %q is not known", r.Kind)
		}
		if err != nil {
			return c, fmt.Errorf("reading accounts: %s %q: %w", r.Kind, r.ID, err)
		}
	}
	return c, nil
}

func into[T any](m map[string]*T, r Row) error {
	v := new(T)
	if err := json.Unmarshal(r.Body, v); err != nil {
		return err
	}
	m[r.ID] = v
	return nil
}
