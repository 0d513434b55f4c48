package reach

import (
	"cmp"
	"context"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
)

// Phone is a browser on which somebody can be reached by Web Push.
type Phone struct {
	ID       string    `json:"id"` // hash of the endpoint
	Account  string    `json:"account"`
	Session  string    `json:"session"` // in which it was told last: it is called as long as that lasts
	Agent    string    `json:"agent"`   // what the browser calls itself, cut
	Lang     string    `json:"language"`
	Endpoint string    `json:"endpoint"`
	P256dh   string    `json:"p256dh"`
	Auth     string    `json:"auth"`
	Added    time.Time `json:"added"`
	Seen     time.Time `json:"seen"`             // when the browser told of it last
	Shown    time.Time `json:"shown,omitzero"`   // when it said last that it has shown a notification
	Failed   string    `json:"failed,omitempty"` // a Failure: why the last push was not taken
}

// The bounds of phones.
const (
	phonesEach  = 8    // of an account: the one that was not seen for longest goes
	phonesMost  = 5000 // of all
	maxEndpoint = 1500
	// seenStep is how exactly it is kept when a phone was seen: each page tells of it.
	seenStep = time.Hour
)

// The errors that a caller tells apart.
var (
	ErrEndpoint = errors.New("that is no address of a push service that may be used")
	ErrKeys     = errors.New("those are no keys of a subscription")
	ErrMany     = errors.New("too many phones are known")
	ErrNone     = errors.New("there is no such phone")
)

// Keep notes a phone, in place of what was known of the same browser. It is cheap where nothing is new, for every page that is loaded tells of
// it. The error is ErrEndpoint, ErrKeys, ErrMany, or of the store.
func (r *Reach) Keep(ctx context.Context, p Phone) (*Phone, error) {
	if len(p.Endpoint) > maxEndpoint || checkEndpoint(p.Endpoint, r.o.Private) != nil {
		return nil, ErrEndpoint
	}
	if !validKeys(p.P256dh, p.Auth) {
		return nil, ErrKeys
	}
	now := r.o.Now()
	p.ID, p.Added, p.Seen = phoneID(p.Endpoint), now, now
	r.changing.Lock()
	defer r.changing.Unlock()
	r.mu.Lock()
	old := r.phones[p.ID]
	mine := r.ofAccount(p.Account)
	total := len(r.phones)
	r.mu.Unlock()
	var drop []accounts.Row
	switch {
	case old != nil:
		p.Added = old.Added
		if old.Account == p.Account {
			p.Shown, p.Failed = old.Shown, old.Failed
			if same := *old; same.P256dh == p.P256dh && same.Auth == p.Auth && same.Session == p.Session && same.Lang == p.Lang && now.Sub(same.Seen) < seenStep {
				return &same, nil
			}
		}
	case len(mine) >= phonesEach:
		drop = append(drop, rowOf(mine[0]))
	case total >= phonesMost:
		return nil, ErrMany
	}
	if err := r.store(ctx, []*Phone{&p}, drop); err != nil {
		return nil, err
	}
	return &p, nil
}

// Drop forgets the phone of an endpoint, if it is of that account.
func (r *Reach) Drop(ctx context.Context, account, endpoint string) error {
	return r.dropIf(ctx, func(p *Phone) bool { return p.Account == account && p.Endpoint == endpoint })
}

// SignedOut forgets the phones of a session that has ended.
func (r *Reach) SignedOut(ctx context.Context, session string) {
	if session == "" {
		return
	}
	if err := r.dropIf(ctx, func(p *Phone) bool { return p.Session == session }); err != nil {
		r.log.Error("the phone of a session that has ended is not forgotten", "err", err)
	}
}

// tidy forgets phones whose session is over, or that nobody has told of for as long as one can last, and those without an account.
func (r *Reach) tidy(ctx context.Context) {
	known := map[string]bool{}
	for _, a := range r.o.People.Accounts() {
		known[a.ID] = true
	}
	now := r.o.Now()
	if err := r.dropIf(ctx, func(p *Phone) bool {
		return now.Sub(p.Seen) > accounts.AbsoluteLimit || !known[p.Account] || !r.o.People.Living(p.Session)
	}); err != nil {
		r.log.Warn("old phones are not forgotten", "err", err)
	}
	r.mu.Lock()
	for id, p := range r.probes {
		if now.Sub(p.Began) > time.Hour {
			delete(r.probes, id)
			delete(r.awaited, p.key)
		}
	}
	for id, w := range r.watches {
		if now.Sub(w.Heard) > time.Hour {
			delete(r.watches, id)
		}
	}
	r.mu.Unlock()
}

func (r *Reach) dropIf(ctx context.Context, gone func(*Phone) bool) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	r.mu.Lock()
	var drop []accounts.Row
	for _, p := range r.phones {
		if gone(p) {
			drop = append(drop, rowOf(p))
		}
	}
	r.mu.Unlock()
	if len(drop) == 0 {
		return nil
	}
	return r.store(ctx, nil, drop)
}

// change keeps something new of a phone that is still known.
func (r *Reach) change(ctx context.Context, id string, change func(*Phone)) {
	r.changing.Lock()
	defer r.changing.Unlock()
	r.mu.Lock()
	old := r.phones[id]
	r.mu.Unlock()
	if old == nil {
		return
	}
	p := *old
	change(&p)
	if p == *old {
		return
	}
	if err := r.store(ctx, []*Phone{&p}, nil); err != nil {
		r.log.Warn("what became of a push is not kept", "err", err)
	}
}

// store makes phones durable and then true. The caller holds changing.
func (r *Reach) store(ctx context.Context, put []*Phone, drop []accounts.Row) error {
	rows := make([]accounts.Row, len(put))
	for i, p := range put {
		rows[i] = rowOf(p)
	}
	if err := r.o.Store.KeepAccounts(ctx, rows, drop); err != nil {
		return fmt.Errorf("keeping phones: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range put {
		r.phones[p.ID] = p
	}
	for _, row := range drop {
		delete(r.phones, row.ID)
	}
	return nil
}

func rowOf(p *Phone) accounts.Row {
	body, _ := json.Marshal(p) // plain values: cannot fail
	return accounts.Row{Kind: accounts.KindReach, ID: p.ID, Account: p.Account, Body: body}
}

// load reads phones and key, and makes the key where there is none.
func (r *Reach) load(ctx context.Context) error {
	rows, err := r.o.Store.AccountRows(ctx)
	if err != nil {
		return fmt.Errorf("reading phones: %w", err)
	}
	for _, row := range rows {
		switch row.Kind {
		case accounts.KindReach:
			p := &Phone{}
			if err := json.Unmarshal(row.Body, p); err != nil {
				return fmt.Errorf("reading phone %q: %w", row.ID, err)
			}
			r.phones[p.ID] = p
		case accounts.KindPushKey:
			if err := json.Unmarshal(row.Body, &r.vapid); err != nil {
				return fmt.Errorf("reading the key of pushes: %w", err)
			}
		}
	}
	if r.vapid.Private != "" {
		return nil
	}
	if r.vapid, err = newVapid(); err != nil {
		return err
	}
	body, _ := json.Marshal(r.vapid) // plain values: cannot fail
	if err := r.o.Store.KeepAccounts(ctx, []accounts.Row{{Kind: accounts.KindPushKey, ID: "vapid", Body: body}}, nil); err != nil {
		// A journal that takes nothing keeps nobody from starting: phones have to tell of themselves again after the next start.
		r.log.Warn("the key of pushes is not kept", "err", err)
	}
	return nil
}

// phonesOf are the phones of an account that may be called, for the sessions that told of them last: the one that was seen longest ago first.
func (r *Reach) phonesOf(account string) []Phone {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Phone
	for _, p := range r.ofAccount(account) {
		if r.o.People.Living(p.Session) {
			all = append(all, *p)
		}
	}
	return all
}

// ofAccount is phonesOf for whoever holds the lock.
func (r *Reach) ofAccount(account string) []*Phone {
	var all []*Phone
	for _, p := range r.phones {
		if p.Account == account {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *Phone) int { return cmp.Or(a.Seen.Compare(b.Seen), cmp.Compare(a.ID, b.ID)) })
	return all
}

// PhoneAt finds the phone of an endpoint that is of an account; nil: there is none.
func (r *Reach) PhoneAt(account, endpoint string) *Phone {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.phones[phoneID(endpoint)]; p != nil && p.Account == account {
		found := *p
		return &found
	}
	return nil
}

func phoneID(endpoint string) string {
	sum := sha256.Sum256([]byte(endpoint))
	return hex.EncodeToString(sum[:8])
}

// validKeys reports whether a browser's keys can be: a point of the curve P-256, and 16 bytes.
func validKeys(p256dh, auth string) bool {
	point, err := decodeKey(p256dh)
	if err != nil {
		return false
	}
	if _, err := ecdh.P256().NewPublicKey(point); err != nil {
		return false
	}
	secret, err := decodeKey(auth)
	return err == nil && len(secret) == 16
}

// decodeKey reads base64 of either alphabet, padded or not, as browsers and libraries write it.
func decodeKey(s string) ([]byte, error) {
	if len(s) > 200 {
		return nil, errors.New("too long")
	}
	for len(s) > 0 && s[len(s)-1] == '=' {
		s = s[:len(s)-1]
	}
	if b, err := base64.RawURLEncoding.DecodeString(s); err == nil {
		return b, nil
	}
	return base64.RawStdEncoding.DecodeString(s)
}
