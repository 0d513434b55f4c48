package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Finding R10: a change was durable a moment before its entry was: killed in between, nobody ever learned of it. It is kept with its event, which is
// told at the next start, and told once more rather than never.
func TestR10_AChangeIsNeverWithoutItsEvent(t *testing.T) {
	r := newRig(t)
	by, _ := r.InSession(t.Context(), r.first().Session, "")
	if got := r.told(Made); got != 1 {
		t.Fatalf("the first account: told %d times, want 1", got)
	}
	r.deaf = errors.New("nobody records")
	const many = 700 // more than a queue holds
	for i := range many {
		if _, err := r.Make(t.Context(), by, Person{Name: fmt.Sprint("orang", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.tell(t.Context()); err == nil {
		t.Fatal("told although nobody records")
	}
	r.open(cheap) // killed and started again
	r.deaf = nil
	if got := r.told(Made); got != 1+many {
		t.Errorf("accounts that were made: %d, and told: %d", 1+many, got)
	}
	if !slices.IsSortedFunc(r.events, compareEvents) {
		t.Error("events are not told in the order in which they happened")
	}
	for _, e := range r.events {
		if !e.At.Equal(testNow) {
			t.Fatalf("event %+v: want when it happened", e)
		}
	}
	// What was told is forgotten, and told again only where the process ended before it was.
	before := len(r.events)
	r.open(cheap)
	if r.told(Made); len(r.events) != before {
		t.Errorf("told again: %d events, want none", len(r.events)-before)
	}
}

func compareEvents(a, b Event) int {
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
}

// Events are told as soon as there are any, those that could not be told are tried again, and what waits at the end is told.
func TestR10_EventsAreToldWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.first()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Tell(ctx) }()
		synctest.Wait()
		if got := len(r.events); got != 3 { // made, password, login
			t.Errorf("events told: got %d, want 3", got)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// Finding R10: two people of one name were one person in the record.
func TestR10_TwoPeopleAreNotCalledTheSame(t *testing.T) {
	r := newRig(t)
	by, _ := r.InSession(t.Context(), r.first().Session, "") // Sari Dewi
	budi, err := r.Make(t.Context(), by, Person{Name: "budi", Display: "Budi Santoso"})
	if err != nil {
		t.Fatal(err)
	}
	for _, display := range []string{"Sari Dewi", "sari  dewi", " SARI DEWI", "Ｓari Dewi", "budi", "token", "Local"} {
		if _, err := r.Make(t.Context(), by, Person{Name: "ani", Display: display}); !errors.Is(err, ErrDisplay) {
			t.Errorf("somebody called %q: got %v, want ErrDisplay", display, err)
		}
	}
	if err := r.Change(t.Context(), by, budi.ID, Person{Name: "budi", Display: "sari dewi"}, ""); !errors.Is(err, ErrDisplay) {
		t.Errorf("to be called like another: got %v, want ErrDisplay", err)
	}
	if err := r.Change(t.Context(), by, budi.ID, Person{Name: "budi", Display: "Budi"}, ""); err != nil {
		t.Errorf("to be called as one signs in: got %v", err)
	}
	if _, err := r.Make(t.Context(), by, Person{Name: "ani", Display: "Ani"}); err != nil {
		t.Errorf("a name of one's own: got %v", err)
	}
	// Two whom an older version let have one name are told apart, and may be changed otherwise.
	twin := &Account{ID: "twin", Name: "budi2", Display: "BUDI", Hash: "x", Created: testNow}
	if err := r.keep(t.Context(), []Row{row(KindAccount, twin.ID, twin.ID, twin)}, nil); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"twin": "BUDI (budi2)", budi.ID: "Budi (budi)"} {
		a, _ := r.Account(id)
		if got := r.callerOf(a).Name; got != want {
			t.Errorf("in the record: got %q, want %q", got, want)
		}
		if err := r.Change(t.Context(), by, id, Person{Name: a.Name, Display: a.Display, Posts: []Post{{Role: Cleaner}}}, "x"); err != nil {
			t.Errorf("another role for %s: got %v", a.Name, err)
		}
	}
}

// Finding R10: while a name was guessed from many addresses, its owner waited for minutes on a device that nobody knew. A password that is right is
// let through at its first try; one that is wrong waits as guesses do, from an address that has guessed as well.
func TestR10_TheOwnerOfAGuessedNameIsLetIn(t *testing.T) {
	r := newRig(t)
	r.first()
	address := func(i int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
	}
	guesses, tried := 0, 0
	for range 20 { // seconds, of a thousand guesses each
		for range 1000 {
			_, err := r.LogIn(t.Context(), Attempt{Name: "sari", Password: fmt.Sprint("tebakan ", guesses), From: address(guesses)})
			if errors.Is(err, ErrWrong) {
				tried++
			} else if _, held := errors.AsType[*WaitError](err); !held {
				t.Fatalf("a guess: got %v", err)
			}
			guesses++
			r.later(time.Millisecond)
		}
		if _, err := r.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword, From: away}); err != nil {
			t.Fatalf("the owner on a new device after %d guesses: got %v, want to be let in", guesses, err)
		}
	}
	if tried > 20 {
		t.Errorf("guesses that were told to be wrong: %d of %d, want those before the waits", tried, guesses)
	}
	if _, err := r.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword + "!", From: away}); err == nil {
		t.Error("a wrong password was let in")
	}
	// From an address that has guessed itself, the right password waits its turn.
	for i := range FreeTries + 1 {
		_, _ = r.LogIn(t.Context(), Attempt{Name: "sari", Password: fmt.Sprint("lagi ", i), From: home})
		r.later(2 * time.Minute / 100)
	}
	guess := address(1 << 20)
	for range FreeTries {
		r.from.Failed(guess, r.clock())
	}
	var wait *WaitError
	if _, err := r.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword, From: guess}); !errors.As(err, &wait) || wait.Wait > LongestWait {
		t.Errorf("from an address that guesses: got %v, want a wait of a minute at most", err)
	}
	// A password that was replaced is known by its successor only.
	by, s := r.InSession(t.Context(), func() string {
		e, err := r.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword, From: away})
		if err != nil {
			t.Fatal(err)
		}
		return e.Session
	}(), "")
	if err := r.Repassword(t.Context(), by, s.ID, goodPassword, newPassword); err != nil {
		t.Fatal(err)
	}
	if _, err := r.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword, From: away}); err == nil {
		t.Error("the old password was let in")
	}
	if _, err := r.LogIn(t.Context(), Attempt{Name: "sari", Password: newPassword, From: address(2 << 20)}); err != nil {
		t.Errorf("the new password: got %v, want to be let in", err)
	}
}

// The sieve has twelve bits of a password: of 4,096 guesses one passes.
func TestTheSieveLetsFewPass(t *testing.T) {
	s := newSieve()
	s.knows("a", goodPassword, "hash")
	if !s.passes("a", goodPassword, "hash") || s.passes("a", goodPassword, "another hash") || s.passes("b", goodPassword, "hash") || s.passes("a", goodPassword, "") {
		t.Error("the right password of the right hash, and no other, must pass")
	}
	passed := 0
	for i := range 20_000 {
		if s.passes("a", fmt.Sprint("guess ", i), "hash") {
			passed++
		}
	}
	if passed > 40 { // 5 are to be expected
		t.Errorf("of 20,000 guesses %d pass, want about one of 4,096", passed)
	}
}

// Finding R10: a link for a password outlived the password that the person chose himself, and the account. So did one that a command had left.
func TestR10_LinksEndWithWhatTheyWereMadeFor(t *testing.T) {
	for what, change := range map[string]func(r *rig, boss *Caller, id string) error{
		"a password that he chose himself": func(r *rig, _ *Caller, id string) error {
			e, err := r.LogIn(context.Background(), Attempt{Name: "budi", Password: goodPassword, From: home})
			if err != nil {
				return err
			}
			c, s := r.InSession(context.Background(), e.Session, "")
			return r.Repassword(context.Background(), c, s.ID, goodPassword, newPassword)
		},
		"switched off": func(r *rig, boss *Caller, id string) error {
			return r.Change(context.Background(), boss, id, Person{Name: "budi", Off: true}, "left")
		},
		"switched off and on": func(r *rig, boss *Caller, id string) error {
			if err := r.Change(context.Background(), boss, id, Person{Name: "budi", Off: true}, "left"); err != nil {
				return err
			}
			return r.Change(context.Background(), boss, id, Person{Name: "budi"}, "back")
		},
		"another is called so now": func(r *rig, boss *Caller, id string) error {
			if err := r.Change(context.Background(), boss, id, Person{Name: "budi-lama"}, "moved"); err != nil {
				return err
			}
			r.later(time.Second)
			_, err := r.Make(context.Background(), boss, Person{Name: "budi", Display: "Budi baru"})
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t)
			boss, _ := r.InSession(t.Context(), r.first().Session, "")
			budi, err := r.Make(t.Context(), boss, Person{Name: "budi"})
			if err != nil {
				t.Fatal(err)
			}
			first, _ := r.NewLink(t.Context(), boss, budi.ID)
			if _, err := r.Follow(t.Context(), first, goodPassword, Person{}, Attempt{From: home}); err != nil {
				t.Fatal(err)
			}
			c, _ := r.LogIn(t.Context(), Attempt{Name: "budi", Password: goodPassword, From: home})
			who, _ := r.InSession(t.Context(), c.Session, "")
			token, err := r.NewToken(t.Context(), who, Pass{Name: "papan", May: []Permission{See}, Life: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			kept, _ := r.NewLink(t.Context(), boss, budi.ID)
			left, err := LeaveLink(r.file, "budi", false, r.clock())
			if err != nil {
				t.Fatal(err)
			}
			r.later(time.Second)
			if err := change(r, boss, budi.ID); err != nil {
				t.Fatal(err)
			}
			links := map[string]string{"of the machine": left}
			if what != "another is called so now" { // the administrator's names the account, whatever it is called
				links["of the administrator"] = kept
				if _, err := r.ByToken(t.Context(), token, home); err == nil {
					t.Error("a token lives on")
				}
			}
			for whose, code := range links {
				if a, err := r.Link(code); !errors.Is(err, ErrExpired) {
					t.Errorf("the link %s: got %v, %v, want ErrExpired", whose, a, err)
				}
				if _, err := r.Follow(t.Context(), code, "sembilan garpu di meja", Person{}, Attempt{From: away}); !errors.Is(err, ErrExpired) {
					t.Errorf("following the link %s: got %v, want ErrExpired", whose, err)
				}
			}
		})
	}
}
