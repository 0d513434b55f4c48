package accounts

import (
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// reserved are what the record calls those who have no account.
var reserved = []string{"token", "local", "link", "gerbang"}

// alike is the same for names that people take for one: capitals, forms of letters and spaces make no difference.
func alike(name string) string {
	return strings.Join(strings.Fields(cases.Fold().String(norm.NFKC.String(name))), " ")
}

// callable reports why the record cannot call an account by a name; nil: it can. Whoever reads who did something must know who that was.
// The caller holds the lock.
func (k *Keeper) callable(id, name string) error {
	is := alike(name)
	other := func(x string) bool { return x != id }
	if is == "" || slices.Contains(reserved, is) || slices.ContainsFunc(k.called[is], other) {
		return ErrDisplay
	}
	if x, ok := k.byName[is]; ok && other(x) {
		return ErrDisplay
	}
	return nil
}

// callOf is what the record calls an account: its own words, and the name to sign in with where another account has the same, as an older version
// allowed. The caller holds the lock.
func (k *Keeper) callOf(a *Account) string {
	if len(k.called[alike(a.Display)]) > 1 {
		return a.Display + " (" + a.Name + ")"
	}
	return a.Display
}

// callerOf is an account as who makes a request. The caller holds the lock.
func (k *Keeper) callerOf(a *Account) *Caller {
	return &Caller{Account: a.ID, Name: k.callOf(a), Grants: a.Grants()}
}
