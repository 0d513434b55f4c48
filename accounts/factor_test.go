package accounts

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRecoveryCodesOpenOnceEach(t *testing.T) {
	r := newRig(t)
	_, codes := withCodes(t, r)
	by := &Caller{Account: r.byName["sari"]}
	if got := r.Factors(by.Account); got.Recovery != RecoveryCodes || len(slices.Compact(slices.Sorted(slices.Values(codes)))) != RecoveryCodes {
		t.Fatalf("recovery codes: got %d of %q", got.Recovery, codes)
	}
	rows, _ := r.store.AccountRows(t.Context())
	for _, row := range rows {
		for _, code := range codes {
			if strings.Contains(string(row.Body), code) || strings.Contains(string(row.Body), cleanCode(code)) {
				t.Fatalf("a %s is kept with a recovery code", row.Kind)
			}
		}
	}
	typed := []string{codes[0], strings.ToUpper(codes[1]), strings.ReplaceAll(codes[2], "-", " "), strings.ReplaceAll(codes[3], "-", "")}
	var in *Entrance
	for i, code := range typed {
		e, err := r.TakeStep(t.Context(), r.begun(Attempt{}), code, Attempt{})
		if err != nil {
			t.Fatalf("recovery code %d as %q: %v", i, code, err)
		}
		in = e
		r.open(cheap)
		if _, err := r.TakeStep(t.Context(), r.begun(Attempt{}), code, Attempt{}); !errors.Is(err, ErrCode) {
			t.Errorf("recovery code %d again: got %v, want ErrCode", i, err)
		}
	}
	if got := r.Factors(by.Account).Recovery; got != RecoveryCodes-len(typed) || r.told(RecoveryUsed) != len(typed) {
		t.Errorf("left: got %d, told %d times", got, r.told(RecoveryUsed))
	}
	who, s := r.InSession(t.Context(), in.Session, "")
	fresh, err := r.NewRecovery(t.Context(), who, s.ID)
	if err != nil || len(fresh) != RecoveryCodes {
		t.Fatalf("new ones: got %d, %v", len(fresh), err)
	}
	if _, err := r.TakeStep(t.Context(), r.begun(Attempt{}), codes[5], Attempt{}); !errors.Is(err, ErrCode) {
		t.Errorf("one of before: got %v, want ErrCode", err)
	}
	if _, err := r.TakeStep(t.Context(), r.begun(Attempt{}), fresh[5], Attempt{}); err != nil {
		t.Errorf("one of the new ones: %v", err)
	}
}

// What changes factors wants somebody who has shown a short while ago that he is who is signed in.
func TestChangingFactorsWantsAFreshProof(t *testing.T) {
	r := newRig(t)
	secret, recovery := withCodes(t, r)
	e, err := r.TakeStep(t.Context(), r.begun(Attempt{}), recovery[0], Attempt{})
	if err != nil {
		t.Fatal(err)
	}
	by, s := r.InSession(t.Context(), e.Session, "")
	change := func() error {
		_, err := r.NewRecovery(t.Context(), by, s.ID)
		return err
	}
	if err := change(); err != nil {
		t.Errorf("right after signing in: %v", err)
	}
	r.later(FreshFor)
	for what, err := range map[string]error{
		"recovery codes": change(), "removing": r.RemoveFactor(t.Context(), by, s.ID, FactorCodes),
		"a new app": func() error { _, err := r.BeginTOTP(by, s.ID); return err }(),
		"a passkey": func() error {
			_, err := r.AskNewPasskey(by, s.ID, Place{"https://gerbang.example", "gerbang.example"})
			return err
		}(),
	} {
		if !errors.Is(err, ErrStale) {
			t.Errorf("%s after %v: got %v, want ErrStale", what, FreshFor, err)
		}
	}
	if err := r.Confirm(t.Context(), by, s.ID, "wrong", ""); !errors.Is(err, ErrWrong) {
		t.Errorf("a wrong password: got %v, want ErrWrong", err)
	}
	if err := r.Confirm(t.Context(), by, s.ID, "", r.wrong(secret)); !errors.Is(err, ErrCode) {
		t.Errorf("a wrong code: got %v, want ErrCode", err)
	}
	if err := change(); !errors.Is(err, ErrStale) {
		t.Errorf("after wrong proofs: got %v, want ErrStale", err)
	}
	code := r.codeIn(secret, 0)
	if err := r.Confirm(t.Context(), by, s.ID, "", code); err != nil || change() != nil {
		t.Errorf("by a code: got %v", err)
	}
	if err := r.Confirm(t.Context(), by, s.ID, "", code); !errors.Is(err, ErrUsed) {
		t.Errorf("by the same code: got %v, want ErrUsed", err)
	}
	r.later(FreshFor)
	if err := r.Confirm(t.Context(), by, s.ID, goodPassword, ""); err != nil {
		t.Errorf("by the password: %v", err)
	}
	r.later(-time.Minute) // a clock that was set back makes nothing fresh
	if err := change(); !errors.Is(err, ErrStale) {
		t.Errorf("by a clock that was set back: got %v, want ErrStale", err)
	}
	r.later(2 * time.Minute)
	if err := r.RemoveFactor(t.Context(), by, s.ID, "nothing"); !errors.Is(err, ErrFactor) {
		t.Errorf("removing what is not there: got %v, want ErrFactor", err)
	}
	if err := r.RemoveFactor(t.Context(), by, s.ID, FactorCodes); err != nil {
		t.Fatal(err)
	}
	if f := r.Factors(by.Account); f.Any() || f.Recovery != 0 || r.told(FactorGone) != 1 {
		t.Errorf("after the last one was removed: got %+v", f)
	}
	if e, err := r.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword}); err != nil || e.Session == "" {
		t.Errorf("signing in without: got %+v, %v", e, err)
	}
}

// A role that must have a second factor: until there is one its people look, and change nothing.
func TestARoleThatMustHaveASecondFactor(t *testing.T) {
	r := newRig(t)
	r.Require([]Role{Administrator, Manager})
	e := r.first()
	if !e.Unready {
		t.Error("the first administrator is not told")
	}
	by, s := r.InSession(t.Context(), e.Session, "")
	if !by.Unready || by.Everywhere(Administer) || by.Anywhere(SetLevel) || by.Anywhere(Acknowledge) || !by.Everywhere(See) || !by.Everywhere(Inspect) {
		t.Errorf("without a factor: got %+v, want what changes nothing", by)
	}
	r.Require(nil)
	chief, _ := r.InSession(t.Context(), e.Session, "")
	token, err := r.NewToken(t.Context(), chief, Pass{Name: "program", May: []Permission{See, SetLevel}, Life: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	r.Require([]Role{Administrator, Manager})
	if c, err := r.ByToken(t.Context(), token, home); err != nil || !c.Anywhere(See) || c.Anywhere(SetLevel) {
		t.Errorf("by a token without a factor: got %+v, %v, want what changes nothing", c, err)
	}
	enrolled(t, r, by, s.ID)
	if c, err := r.ByToken(t.Context(), token, home); err != nil || !c.Anywhere(SetLevel) {
		t.Errorf("by a token with one: got %+v, %v", c, err)
	}
	if by, _ = r.InSession(t.Context(), e.Session, ""); by == nil || by.Unready || !by.Everywhere(Administer) {
		t.Errorf("with one, in the same session: got %+v", by)
	}
	guard, err := r.Make(t.Context(), by, Person{Name: "budi", Posts: []Post{{Role: Security}}})
	if err != nil {
		t.Fatal(err)
	}
	code, _ := r.NewLink(t.Context(), by, guard.ID)
	in, err := r.Follow(t.Context(), code, goodPassword, Person{}, Attempt{})
	if err != nil || in.Unready {
		t.Fatalf("a role of which none is asked: got %+v, %v", in, err)
	}
	if err := r.Change(t.Context(), by, guard.ID, Person{Name: "budi", Posts: []Post{{Role: Manager, Sites: []string{"a"}}}}, "promoted"); err != nil {
		t.Fatal(err)
	}
	if c, _ := r.InSession(t.Context(), in.Session, ""); !c.Unready || c.At(SetLevel, "a") || !c.At(See, "a") {
		t.Errorf("with a role that must have one, from the next request on: got %+v", c)
	}
	r.Require(nil)
	if c, _ := r.InSession(t.Context(), in.Session, ""); c.Unready || !c.At(SetLevel, "a") {
		t.Errorf("when none is asked any more: got %+v", c)
	}
}

// A link is worth a password, and no second factor; one that is made on the machine can take the factors away.
func TestALinkIsNoSecondFactor(t *testing.T) {
	r := newRig(t)
	secret, _ := withCodes(t, r)
	by := &Caller{Account: r.byName["sari"], Name: "Sari"}
	code, err := r.NewLink(t.Context(), by, by.Account)
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Follow(t.Context(), code, newPassword, Person{}, Attempt{})
	if err != nil || e.Step == "" || e.Session != "" {
		t.Fatalf("following a link: got %+v, %v, want the second step", e, err)
	}
	r.later(time.Minute)
	if e, err = r.TakeStep(t.Context(), e.Step, r.codeIn(secret, 0), Attempt{}); err != nil || e.Session == "" {
		t.Fatalf("the code after it: %v", err)
	}
	for _, reset := range []bool{false, true} {
		code, err := LeaveLink(r.file, "sari", reset, r.clock())
		if err != nil {
			t.Fatal(err)
		}
		e, err := r.Follow(t.Context(), code, goodPassword, Person{}, Attempt{})
		if err != nil || (e.Session != "") != reset || r.Factors(by.Account).Any() == reset {
			t.Errorf("a link of the machine, reset %t: got %+v, %v, factors %+v", reset, e, err, r.Factors(by.Account))
		}
	}
	if r.told(FactorsReset) != 1 {
		t.Errorf("told of the reset %d times, want once", r.told(FactorsReset))
	}
}

func TestAnAdministratorResetsWhatSomebodyHasLost(t *testing.T) {
	r := newRig(t)
	withCodes(t, r)
	by := &Caller{Account: r.byName["sari"], Name: "Sari"}
	if err := r.ResetFactors(t.Context(), by, "nobody", "x"); !errors.Is(err, ErrNone) {
		t.Errorf("of nobody: got %v, want ErrNone", err)
	}
	if err := r.ResetFactors(t.Context(), by, by.Account, "telephone lost"); err != nil {
		t.Fatal(err)
	}
	if f := r.Factors(by.Account); f.Any() || f.Recovery > 0 || len(r.Sessions(by.Account)) > 0 {
		t.Errorf("after it: got %+v and %d sessions, want nothing", f, len(r.Sessions(by.Account)))
	}
	if err := r.ResetFactors(t.Context(), by, by.Account, "again"); !errors.Is(err, ErrFactor) {
		t.Errorf("again: got %v, want ErrFactor", err)
	}
	r.told(FactorsReset)
	last := r.events[len(r.events)-1]
	if last.What != FactorsReset || last.Why != "telephone lost" || last.By != "Sari" || last.Before != FactorCodes {
		t.Errorf("the event: got %+v", last)
	}
}

// A log-in that was on its way by the password alone while the second factor was set up gets no session.
func TestALogInOnItsWayMeetsTheNewFactor(t *testing.T) {
	r := newRig(t)
	withCodes(t, r)
	a := r.have.accounts[r.byName["sari"]]
	for _, by := range []proof{byPassword, byLink} {
		if e, err := r.enter(t.Context(), a.ID, a.Hash, Attempt{}, by); err != nil || e.Session != "" || e.Step == "" {
			t.Errorf("by %s: got %+v, %v, want the second step", by, e, err)
		}
	}
	gone := r.begun(Attempt{})
	if err := r.Repassword(t.Context(), &Caller{Account: a.ID, Name: "x"}, "", goodPassword, newPassword); err != nil {
		t.Fatal(err)
	}
	if _, err := r.TakeStep(t.Context(), gone, "123456", Attempt{}); !errors.Is(err, ErrStep) {
		t.Errorf("a step of the password before: got %v, want ErrStep", err)
	}
	if err := r.Repassword(t.Context(), &Caller{Account: a.ID, Name: "x"}, "", newPassword, goodPassword); err != nil {
		t.Fatal(err)
	}
	step := r.begun(Attempt{})
	if err := r.ResetFactors(t.Context(), &Caller{Name: "x"}, a.ID, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.TakeStep(t.Context(), step, "123456", Attempt{}); !errors.Is(err, ErrCode) {
		t.Errorf("a step whose factor is gone: got %v, want ErrCode", err)
	}
}

// What a code opens must not open again after a crash: where it cannot be kept, nobody comes in.
func TestNobodyComesInByWhatCannotBeKept(t *testing.T) {
	r, store := heldRig(t)
	secret, recovery := withCodes(t, r)
	r.later(time.Minute)
	store.fail = errors.New("the disk is full")
	for _, code := range []string{r.codeIn(secret, 0), recovery[0]} {
		if e, err := r.TakeStep(t.Context(), r.begun(Attempt{}), code, Attempt{}); err == nil {
			t.Errorf("with a full disk: got %+v, want an error", e)
		}
	}
	store.fail = nil
	for _, code := range []string{r.codeIn(secret, 0), recovery[0]} {
		if _, err := r.TakeStep(t.Context(), r.begun(Attempt{}), code, Attempt{}); err != nil {
			t.Errorf("when there is room again: %v", err)
		}
	}
}

// The journal alone gives nobody a code: its key lies in a file of its own.
func TestABackupAloneGivesNobodyACode(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "factors.key")
	store := NewMemory()
	r := &rig{t: t, store: store, now: testNow, file: filepath.Join(dir, "links")}
	open := func(key string) error {
		k, err := New(t.Context(), Options{Store: store, Cost: cheap, KeyFile: key, LinkFile: r.file, Now: r.clock})
		if err == nil {
			r.Keeper = k
		}
		return err
	}
	if err := open(file); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("before it is needed: got %v, want no key", err)
	}
	secret, recovery := withCodes(t, r)
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key: got %v, %v, want a file of its owner", info, err)
	}
	r.later(time.Minute)
	if err := open(file); err != nil {
		t.Fatal(err)
	}
	if _, err := r.TakeStep(t.Context(), r.begun(Attempt{}), r.codeIn(secret, 0), Attempt{}); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	for what, key := range map[string]string{"no key": filepath.Join(dir, "other.key"), "none but in memory": ""} {
		if err := open(key); err != nil {
			t.Fatal(err)
		}
		r.later(time.Minute)
		if _, err := r.TakeStep(t.Context(), r.begun(Attempt{}), r.codeIn(secret, 0), Attempt{}); !errors.Is(err, ErrUnreadable) {
			t.Errorf("with %s: got %v, want ErrUnreadable", what, err)
		}
		if f := r.Factors(r.byName["sari"]); !f.Unreadable || !f.Any() {
			t.Errorf("with %s: got %+v, want it said", what, f)
		}
	}
	if _, err := r.TakeStep(t.Context(), r.begun(Attempt{}), recovery[0], Attempt{}); err != nil {
		t.Errorf("a recovery code without the key: %v", err)
	}
	if err := os.WriteFile(file, []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(file); err == nil || strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a key that is none: got %v, want an error without what stands there", err)
	}
}
