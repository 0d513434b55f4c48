package accounts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// heldStore counts what is kept, refuses a context that is over as a database does, and holds the next change up when it is told to.
type heldStore struct {
	*Memory
	kept atomic.Int64
	fail error
	hold chan struct{} // nil: nothing is held up
}

func (s *heldStore) KeepAccounts(ctx context.Context, put, drop []Row) error {
	if err := errors.Join(ctx.Err(), s.fail); err != nil {
		return err
	}
	s.kept.Add(1)
	if hold := s.hold; hold != nil {
		s.hold = nil
		<-hold
	}
	return s.Memory.KeepAccounts(ctx, put, drop)
}

func heldRig(t *testing.T) (*rig, *heldStore) {
	t.Helper()
	store := &heldStore{Memory: NewMemory()}
	r := &rig{t: t, store: store, now: testNow, file: filepath.Join(t.TempDir(), "links")}
	r.open(cheap)
	return r, store
}

const newPassword = "kereta lewat jam tujuh"

// pause is what others take to get as far as they can: a mutex holds them up, which no bubble's clock knows. If it is too short, nothing fails wrongly.
const pause = 30 * time.Millisecond

// A log-in that was compared with the password before is refused when that password, or the account, goes meanwhile.
func TestALogInDuringAChangeIsJudgedByWhatIsThen(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(r *rig, by *Caller, session, id string) error
	}{
		{"a new password", func(r *rig, by *Caller, session, _ string) error {
			return r.Repassword(context.Background(), by, session, goodPassword, newPassword)
		}},
		{"switched off", func(r *rig, by *Caller, _, id string) error {
			return r.Change(context.Background(), by, id, Person{Name: "budi", Off: true}, "left")
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, store := heldRig(t)
			boss := r.first()
			by, _ := r.InSession(t.Context(), boss.Session, "")
			budi, err := r.Make(t.Context(), by, Person{Name: "budi"})
			if err != nil {
				t.Fatal(err)
			}
			code, err := r.NewLink(t.Context(), by, budi.ID)
			if err != nil {
				t.Fatal(err)
			}
			mine, err := r.Follow(t.Context(), code, goodPassword, Person{}, Attempt{From: home})
			if err != nil {
				t.Fatal(err)
			}
			who, s := r.InSession(t.Context(), mine.Session, "")
			if tc.name == "switched off" {
				who = by
			}
			hold := make(chan struct{})
			store.hold = hold
			changed, in := make(chan error, 1), make(chan error, 1)
			go func() { changed <- tc.change(r, who, s.ID, budi.ID) }()
			time.Sleep(pause) // the change waits for the store
			var e *Entrance
			go func() {
				var err error
				e, err = r.LogIn(t.Context(), Attempt{Name: "budi", Password: goodPassword, From: away})
				in <- err
			}()
			time.Sleep(pause) // the password is compared
			close(hold)
			if err := <-changed; err != nil {
				t.Fatal(err)
			}
			if err := <-in; !errors.Is(err, ErrWrong) || e != nil {
				t.Errorf("a log-in by what was true before: got %+v, %v, want ErrWrong", e, err)
			}
			for _, s := range r.Sessions(budi.ID) {
				if s.From == addressOf(away) {
					t.Errorf("session %+v outlives what it was begun with", s)
				}
			}
		})
	}
}

// Two who know the same old password cannot both replace it.
func TestAPasswordIsReplacedOnce(t *testing.T) {
	r, store := heldRig(t)
	by, s := r.InSession(t.Context(), r.first().Session, "")
	hold := make(chan struct{})
	store.hold = hold
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- r.Repassword(t.Context(), by, s.ID, goodPassword, newPassword) }()
	time.Sleep(pause)
	go func() { second <- r.Repassword(t.Context(), by, s.ID, goodPassword, "sembilan garpu di meja") }()
	time.Sleep(pause)
	close(hold)
	if a, b := <-first, <-second; a != nil || !errors.Is(b, ErrWrong) {
		t.Errorf("two at once: got %v and %v, want the first only", a, b)
	}
}

// A browser that goes away while it signs out is signed out, after a restart too.
func TestABrowserThatIsGoneRevivesNoSession(t *testing.T) {
	r, _ := heldRig(t)
	out, ended := r.first(), (*Entrance)(nil)
	ended, err := r.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword, From: home})
	if err != nil {
		t.Fatal(err)
	}
	by, s := r.InSession(t.Context(), ended.Session, "")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	r.LogOut(gone, out.Session)
	if err := r.EndSession(gone, by, by.Account, s.ID); err != nil {
		t.Fatal(err)
	}
	entered, err := r.enter(gone, by.Account, r.have.accounts[by.Account].Hash, Attempt{From: home}, byPassword)
	if err != nil {
		t.Fatal(err)
	}
	r.open(cheap)
	for what, e := range map[string]*Entrance{"signed out": out, "ended": ended} {
		if c, _ := r.InSession(t.Context(), e.Session, ""); c != nil {
			t.Errorf("a session that was %s lives after a restart", what)
		}
	}
	if c, _ := r.InSession(t.Context(), entered.Session, ""); c == nil {
		t.Error("a session that was begun is forgotten by a restart")
	}
}

// The first administrator is made with his password, or not at all.
func TestTheFirstAdministratorIsMadeAsAWhole(t *testing.T) {
	r, store := heldRig(t)
	code, before := r.FirstCode(), store.kept.Load()
	store.fail = errors.New("the disk is full")
	if _, err := r.Follow(t.Context(), code, goodPassword, Person{Name: "sari"}, Attempt{}); err == nil {
		t.Fatal("made without a store")
	}
	store.fail = nil
	if _, err := r.Follow(t.Context(), code, goodPassword, Person{Name: "sari"}, Attempt{}); err != nil {
		t.Fatalf("the next try: %v", err)
	}
	// One change for the account, one for the session.
	if got := store.kept.Load() - before; got != 2 {
		t.Errorf("changes that were kept: got %d, want 2: account and password are one", got)
	}
}

// Tokens that have expired are in nobody's way, and too many have an error of their own.
func TestTokensHaveABound(t *testing.T) {
	r := newRig(t)
	by, s := r.InSession(t.Context(), r.first().Session, "")
	pass := Pass{Name: "papan", May: []Permission{See}, Life: time.Hour}
	for range mostTokens {
		if _, err := r.NewToken(t.Context(), by, pass); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.NewToken(t.Context(), by, pass); !errors.Is(err, ErrMany) {
		t.Errorf("token %d: got %v, want ErrMany", mostTokens+1, err)
	}
	r.later(time.Hour)
	token, err := r.NewToken(t.Context(), by, pass)
	if got := len(r.Tokens(by.Account)); err != nil || got != 1 {
		t.Errorf("a token after the others have expired: got %v and %d tokens, want the new one alone", err, got)
	}
	// Who changes a password may fear that somebody has been in, and has made himself a token.
	if err := r.Repassword(t.Context(), by, s.ID, goodPassword, newPassword); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ByToken(t.Context(), token, home); !errors.Is(err, ErrWrong) {
		t.Errorf("a token after a new password: got %v, want ErrWrong", err)
	}
}

// Many requests at once note once that somebody was here.
func TestManyRequestsAtOnceAreNotedOnce(t *testing.T) {
	r, store := heldRig(t)
	e := r.first()
	by, _ := r.InSession(t.Context(), e.Session, "")
	token, err := r.NewToken(t.Context(), by, Pass{Name: "papan", May: []Permission{See}, Life: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	r.later(seenStep)
	before := store.kept.Load()
	session, pass := *r.have.sessions[hashOf(e.Session)], *r.have.tokens[hashOf(token)]
	var requests sync.WaitGroup
	for range 20 { // each has looked before any of them has noted it
		requests.Go(func() { r.seen(context.Background(), session, r.clock()) })
		requests.Go(func() { r.used(context.Background(), pass, r.clock()) })
	}
	requests.Wait()
	if got := store.kept.Load() - before; got != 2 {
		t.Errorf("20 requests of a session and 20 of a token at once: got %d changes kept, want one of each", got)
	}
}

// Whoever signs in by the shared token has one session in that browser.
func TestSigningInByTheSharedTokenEndsTheSessionBefore(t *testing.T) {
	r := newRig(t)
	before := r.Claim(t.Context(), "petugas", "a token of length", Attempt{})
	after := r.Claim(t.Context(), "petugas", "a token of length", Attempt{Session: before})
	a, _ := r.InSession(t.Context(), before, "a token of length")
	b, _ := r.InSession(t.Context(), after, "a token of length")
	if a != nil || b == nil {
		t.Errorf("sessions before and after: got %v, %v, want the one after", a, b)
	}
}

// What root leaves is the gateway's: its directory's owner.
func TestALinkThatRootLeavesIsTheGateways(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 12345, 12346); err != nil {
		t.Skip(err)
	}
	file := filepath.Join(dir, "links")
	if _, err := LeaveLink(file, "sari", false, testNow); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, file + ".lock"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if uid, gid, ok := ownerOf(info); ok && (uid != 12345 || gid != 12346) || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got user %d, group %d, mode %v, want the directory's 12345, 12346, and 0600", filepath.Base(name), uid, gid, info.Mode())
		}
	}
}

// Commands that leave links at once lose none of them.
func TestLinksLeftAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "links")
	var commands sync.WaitGroup
	for i := range 20 {
		commands.Go(func() {
			if _, err := LeaveLink(file, fmt.Sprint("account", i), false, testNow); err != nil {
				t.Error(err)
			}
		})
	}
	commands.Wait()
	if links, err := readLinks(file); err != nil || len(links) != 20 {
		t.Errorf("20 links left at once: got %d, %v", len(links), err)
	}
}
