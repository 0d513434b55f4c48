package accounts

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"slices"
	"strings"
	"time"
)

// Recovery are codes for whoever has lost the telephone. Each is good once. Only hashes are kept; they need no salt, for nobody guesses 80 bits.
type Recovery struct {
	Account string    `json:"account"`
	Codes   []string  `json:"codes"` // hashes of those that are left
	Made    time.Time `json:"made"`
}

const (
	// RecoveryCodes is how many are made.
	RecoveryCodes = 10
	// RecoveryLow is how few are so few that new ones should be made.
	RecoveryLow   = 3
	recoveryBytes = 10
	recoveryGroup = 4 // letters between dashes
)

var letters = base32.StdEncoding.WithPadding(base32.NoPadding)

func decodeSecret(secret string) []byte {
	b, _ := letters.DecodeString(strings.ToUpper(secret))
	return b
}

func recoveryHash(account, code string) string {
	return hashOf("recovery of " + account + " " + code)
}

// newRecovery makes codes: what is kept, and what is shown.
func newRecovery(account string, now time.Time) (*Recovery, []string) {
	r := &Recovery{Account: account, Made: now}
	shown := make([]string, RecoveryCodes)
	for i := range shown {
		var b [recoveryBytes]byte
		_, _ = rand.Read(b[:]) // never fails
		code := strings.ToLower(letters.EncodeToString(b[:]))
		r.Codes = append(r.Codes, recoveryHash(account, code))
		var groups []string
		for g := range slices.Chunk([]byte(code), recoveryGroup) {
			groups = append(groups, string(g))
		}
		shown[i] = strings.Join(groups, "-")
	}
	return r, shown
}

// readable takes a recovery code as people write it down: a code has no 0, 1 and 8, so each is read as the letter that looks like it. 1 is l: it may be an i
// as well, and then the code is not taken.
var readable = strings.NewReplacer("0", "o", "1", "l", "8", "b")

// takeRecovery is take for a recovery code. The caller holds changing.
func (k *Keeper) takeRecovery(a *Account, code string) (*used, error) {
	k.mu.RLock()
	r, has := k.have.recoveries[a.ID], k.hasFactor(a.ID)
	k.mu.RUnlock()
	if r == nil || !has || len(code) != recoveryBytes*8/5 {
		return nil, ErrCode
	}
	at := slices.Index(r.Codes, recoveryHash(a.ID, readable.Replace(code)))
	if at < 0 {
		return nil, ErrCode
	}
	is := *r
	is.Codes = slices.Delete(slices.Clone(r.Codes), at, at+1)
	return &used{put: []Row{row(KindRecovery, a.ID, a.ID, &is)}, how: "recovery", told: []Event{{What: RecoveryUsed, About: a.Name, Count: len(is.Codes)}}}, nil
}

// NewRecovery makes recovery codes in the place of those before, and gives them: they are shown once. The error is ErrStale, ErrFactor where
// there is nothing that they could stand in for, or of the store.
func (k *Keeper) NewRecovery(ctx context.Context, by *Caller, session string) ([]string, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	if err := k.mayChange(by, session); err != nil {
		return nil, err
	}
	a, err := k.Account(by.Account)
	if err != nil {
		return nil, err
	}
	k.mu.RLock()
	has := k.hasFactor(a.ID)
	k.mu.RUnlock()
	if !has {
		return nil, ErrFactor
	}
	r, codes := newRecovery(a.ID, k.now())
	if err := k.keep(ctx, []Row{row(KindRecovery, a.ID, a.ID, r)}, nil, Event{What: RecoveryNew, By: by.Name, About: a.Name}); err != nil {
		return nil, err
	}
	return codes, nil
}
