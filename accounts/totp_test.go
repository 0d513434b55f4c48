package accounts

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/testengine"
)

// withCodes is a rig on which Sari has an authenticator; it gives its secret and her recovery codes.
func withCodes(t *testing.T, r *rig) (secret string, recovery []string) {
	t.Helper()
	by, s := r.InSession(t.Context(), r.first().Session, "")
	return enrolled(t, r, by, s.ID)
}

func enrolled(t *testing.T, r *rig, by *Caller, session string) (secret string, recovery []string) {
	t.Helper()
	e, err := r.BeginTOTP(by, session)
	if err != nil {
		t.Fatal(err)
	}
	recovery, err = r.ConfirmTOTP(t.Context(), by, session, e.Proof, r.codeIn(e.Secret, 0))
	if err != nil {
		t.Fatalf("setting an authenticator up: %v", err)
	}
	return e.Secret, recovery
}

// codeIn is what a telephone shows whose clock is off by so much.
func (r *rig) codeIn(secret string, off time.Duration) string {
	r.t.Helper()
	code, err := codeAt(secret, stepOf(r.clock().Add(off)))
	if err != nil {
		r.t.Fatal(err)
	}
	return code
}

// wrong is a code of no time near now: one in two thousand is right for some other time, and then the answer says so.
func (r *rig) wrong(secret string) string {
	r.t.Helper()
	for i := range 1_000_000 {
		code := fmt.Sprintf("%06d", i)
		if _, near, err := find(secret, code, stepOf(r.clock())); err == nil && !near {
			return code
		}
	}
	r.t.Fatal("every code is right")
	return ""
}

// begun is a log-in of Sari whose password was right.
func (r *rig) begun(a Attempt) string {
	r.t.Helper()
	a.Name, a.Password = "sari", goodPassword
	e, err := r.LogIn(r.t.Context(), a)
	if err != nil || e.Step == "" || e.Session != "" || e.Device != "" {
		r.t.Fatalf("the password of an account with a second factor: got %+v, %v, want a step and no session", e, err)
	}
	return e.Step
}

func TestACodeIsAskedForAfterThePassword(t *testing.T) {
	r := newRig(t)
	secret, _ := withCodes(t, r)
	r.later(time.Minute)
	step := r.begun(Attempt{From: home})
	if _, err := r.TakeStep(t.Context(), step, r.wrong(secret), Attempt{From: home}); !errors.Is(err, ErrCode) {
		t.Errorf("a wrong code: got %v, want ErrCode", err)
	}
	code := r.codeIn(secret, 0)
	e, err := r.TakeStep(t.Context(), step, code[:3]+" "+code[3:], Attempt{From: home})
	if err != nil || e.Session == "" || e.Device == "" {
		t.Fatalf("the code: got %+v, %v, want a session", e, err)
	}
	if c, _ := r.InSession(t.Context(), e.Session, ""); c == nil || !c.Everywhere(Administer) {
		t.Errorf("the session: got %+v", c)
	}
	if _, err := r.TakeStep(t.Context(), step, code, Attempt{From: home}); !errors.Is(err, ErrUsed) {
		t.Errorf("the same code again: got %v, want ErrUsed", err)
	}
	for _, bad := range []string{"", "x", strings.Repeat("x", 5000), step + "x", step[:len(step)-1]} {
		if _, err := r.TakeStep(t.Context(), bad, r.codeIn(secret, 30*time.Second), Attempt{From: home}); !errors.Is(err, ErrStep) {
			t.Errorf("step %.20q: got %v, want ErrStep", bad, err)
		}
	}
	r.later(StepFor)
	if _, err := r.TakeStep(t.Context(), step, r.codeIn(secret, 0), Attempt{From: home}); !errors.Is(err, ErrStep) {
		t.Errorf("after %v: got %v, want ErrStep", StepFor, err)
	}
	if n, m := r.told(FactorSet), r.told(StepRefused); n != 1 || m == 0 {
		t.Errorf("events: %d set up, %d refused, want 1 and some", n, m)
	}
	rows, _ := r.store.AccountRows(t.Context())
	for _, row := range rows {
		if strings.Contains(string(row.Body), secret) {
			t.Errorf("a %s is kept with the secret of the codes", row.Kind)
		}
	}
}

// The code that sets an authenticator up is used by that; before it, the authenticator counts for nothing.
func TestAnAuthenticatorCountsFromItsFirstCode(t *testing.T) {
	r := newRig(t)
	by, s := r.InSession(t.Context(), r.first().Session, "")
	e, err := r.BeginTOTP(by, s.ID)
	if err != nil || !strings.HasPrefix(e.URL, "otpauth://totp/Gerbang:sari?") || !strings.Contains(e.URL, "secret="+e.Secret) {
		t.Fatalf("beginning: got %+v, %v", e, err)
	}
	if got := r.Factors(by.Account); got.Any() {
		t.Errorf("before a code was shown: got %+v, want nothing", got)
	}
	if _, err := r.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword}); err != nil {
		t.Errorf("signing in before: %v", err)
	}
	for _, wrong := range []string{r.wrong(e.Secret), "", "abc"} {
		if _, err := r.ConfirmTOTP(t.Context(), by, s.ID, e.Proof, wrong); !errors.Is(err, ErrCode) {
			t.Errorf("the first code %q: got %v, want ErrCode", wrong, err)
		}
	}
	if again, err := r.AgainTOTP(by, e.Proof); err != nil || again.Secret != e.Secret || again.URL != e.URL {
		t.Errorf("the same once more: got %+v, %v", again, err)
	}
	code := r.codeIn(e.Secret, 0)
	codes, err := r.ConfirmTOTP(t.Context(), by, s.ID, e.Proof, code)
	if err != nil || len(codes) != RecoveryCodes {
		t.Fatalf("the first code: got %d recovery codes, %v", len(codes), err)
	}
	if n := len(r.Sessions(by.Account)); n != 1 {
		t.Errorf("sessions after the first factor: got %d, want the one in which it was set up", n)
	}
	if _, err := r.TakeStep(t.Context(), r.begun(Attempt{}), code, Attempt{}); !errors.Is(err, ErrUsed) {
		t.Errorf("signing in with the code that set it up: got %v, want ErrUsed", err)
	}
	other := &Caller{Account: "other", Name: "x"}
	if _, err := r.ConfirmTOTP(t.Context(), other, s.ID, e.Proof, code); !errors.Is(err, ErrNone) {
		t.Errorf("in somebody else's session: got %v, want ErrNone", err)
	}
}

// Clocks: half a minute is nothing, ten minutes are told, and what was told is worth nothing later.
func TestClocksThatDiffer(t *testing.T) {
	for _, tc := range []struct {
		off time.Duration
		ok  bool
	}{{-30 * time.Second, true}, {30 * time.Second, true}, {-10 * time.Minute, false}, {10 * time.Minute, false}, {-time.Hour, false}, {2 * time.Hour, false}} {
		r := newRig(t)
		secret, _ := withCodes(t, r)
		r.later(time.Hour)
		step := r.begun(Attempt{})
		code := r.codeIn(secret, tc.off)
		_, err := r.TakeStep(t.Context(), step, code, Attempt{})
		var drift *DriftError
		switch {
		case tc.ok && err != nil:
			t.Errorf("%v off: got %v, want it accepted", tc.off, err)
		case !tc.ok && (!errors.As(err, &drift) || drift.Ahead != tc.off || !drift.Now.Equal(r.clock())):
			t.Errorf("%v off: got %v, want that it is told by how much", tc.off, err)
		}
		if tc.ok || tc.off < 0 {
			continue
		}
		// Whoever guessed it knows now when it would be right.
		r.open(cheap)
		r.later(tc.off)
		if _, err := r.TakeStep(t.Context(), r.begun(Attempt{}), code, Attempt{}); !errors.Is(err, ErrUsed) {
			t.Errorf("a code of which was told that it is right in %v, then: got %v, want ErrUsed", tc.off, err)
		}
		r.later(stepLength)
		if _, err := r.TakeStep(t.Context(), r.begun(Attempt{}), r.codeIn(secret, 0), Attempt{}); err != nil {
			t.Errorf("the code after that: %v", err)
		}
	}
}

func TestAClockThatWasSetBackAcceptsNothingTwice(t *testing.T) {
	r := newRig(t)
	secret, _ := withCodes(t, r)
	var seen []string
	for range 4 {
		r.later(stepLength)
		seen = append(seen, r.codeIn(secret, 0))
		if _, err := r.TakeStep(t.Context(), r.begun(Attempt{}), seen[len(seen)-1], Attempt{}); err != nil {
			t.Fatal(err)
		}
	}
	r.later(-4 * stepLength)
	for i, code := range seen {
		r.later(stepLength)
		r.open(cheap)
		if e, err := r.TakeStep(t.Context(), r.begun(Attempt{}), code, Attempt{}); err == nil {
			t.Errorf("code %d after the clock was set back: accepted again, %+v", i, e.Account.Name)
		}
	}
}

// killed is a store of which the journal on disk can be looked at at any moment, as after a kill: what a call has not returned for yet may be there or not.
type killed struct {
	*Memory
	mu   sync.Mutex
	rand *rand.Rand
	fail float64 // how often keeping fails
}

func (s *killed) KeepAccounts(ctx context.Context, put, drop []Row) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rand.Float64() < s.fail {
		if s.rand.Float64() < .5 { // a commit of unknown outcome
			_ = s.Memory.KeepAccounts(ctx, put, drop)
		}
		return errors.New("the disk is full")
	}
	return s.Memory.KeepAccounts(ctx, put, drop)
}

// disk is what a process finds that starts after a kill.
func (s *killed) disk(t *testing.T) *Memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, _ := s.AccountRows(t.Context())
	m := NewMemory()
	_ = m.KeepAccounts(t.Context(), rows, nil)
	return m
}

// A code opens once, and a recovery code once, whatever happens in between: restarts, kills as soon as somebody has his session, commits that fail or whose outcome nobody knows,
// clocks that jump, many at once.
func TestACodeOpensOnceWhateverHappens(t *testing.T) {
	rounds := 30
	for seed := range uint64(rounds) {
		chance := rand.New(rand.NewPCG(seed, 7))
		store := &killed{Memory: NewMemory(), rand: rand.New(rand.NewPCG(seed, 8))}
		r := &rig{t: t, store: store, now: testNow, file: t.TempDir() + "/links"}
		r.open(cheap)
		secret, recovery := withCodes(t, r)
		store.fail = .2
		opened := map[string]int{}
		var seen []string
		for i := range 60 {
			switch chance.IntN(6) {
			case 0:
				r.later(stepLength)
			case 1:
				r.later(-time.Duration(chance.IntN(3)) * stepLength)
			case 2: // killed, and started again
				store.Memory = store.disk(t)
				r.open(cheap)
			}
			code := r.codeIn(secret, 0)
			switch {
			case chance.IntN(3) == 0 && len(seen) > 0:
				code = seen[chance.IntN(len(seen))]
			case chance.IntN(4) == 0:
				code = recovery[chance.IntN(len(recovery))]
			}
			seen = append(seen, code)
			step := r.beginStep(r.have.accounts[r.byName["sari"]], r.have.accounts[r.byName["sari"]].Hash).Step
			r.steps.Succeeded(r.byName["sari"]) // patience is another test's
			var mu sync.Mutex
			var at sync.WaitGroup
			for range 3 {
				at.Go(func() {
					if _, err := r.TakeStep(context.Background(), step, code, Attempt{}); err == nil {
						mu.Lock()
						opened[code]++
						mu.Unlock()
					}
				})
			}
			at.Wait()
			if opened[code] > 1 {
				t.Fatalf("seed %d, try %d: the code %s has opened %d times", seed, i, code, opened[code])
			}
		}
		if len(opened) == 0 {
			t.Fatalf("seed %d: no code has opened", seed)
		}
	}
}

// Many guesses at once have the patience of one: all have looked whether they must wait before any of them was judged.
func TestGuessesAtOnceHaveOnePatience(t *testing.T) {
	r := newRig(t)
	withCodes(t, r)
	step := r.begun(Attempt{})
	r.changing.Lock()
	judged := make(chan bool, 50)
	for i := range cap(judged) {
		go func() {
			_, err := r.TakeStep(context.Background(), step, fmt.Sprintf("%06d", i), Attempt{})
			var wait *WaitError
			judged <- !errors.As(err, &wait)
		}()
	}
	time.Sleep(pause)
	r.changing.Unlock()
	n := 0
	for range cap(judged) {
		if <-judged {
			n++
		}
	}
	if n != FreeTries {
		t.Errorf("judged of 50 at once: got %d, want %d", n, FreeTries)
	}
}

// Guesses of whoever knows the password do not get in, do not lock the owner out where he has signed in before, and leave memory as it is.
func TestAThousandGuessesOfCodesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := NewMemory()
		k, err := New(t.Context(), Options{Store: store, Cost: cheap})
		if err != nil {
			t.Fatal(err)
		}
		first, err := k.Follow(t.Context(), k.FirstCode(), goodPassword, Person{Name: "sari"}, Attempt{From: home})
		if err != nil {
			t.Fatal(err)
		}
		by, s := k.InSession(t.Context(), first.Session, "")
		enrol, err := k.BeginTOTP(by, s.ID)
		if err != nil {
			t.Fatal(err)
		}
		now := func(at time.Time) string { c, _ := codeAt(enrol.Secret, stepOf(at)); return c }
		if _, err := k.ConfirmTOTP(t.Context(), by, s.ID, enrol.Proof, now(time.Now())); err != nil {
			t.Fatal(err)
		}
		passwordOf := func(device string, from Attempt) string {
			t.Helper()
			from.Name, from.Password, from.Device = "sari", goodPassword, device
			e, err := k.LogIn(t.Context(), from)
			if err != nil {
				t.Fatalf("the password: %v", err)
			}
			return e.Step
		}
		time.Sleep(time.Minute) // the code that set it up is used
		stolen := passwordOf("", Attempt{From: away})
		judged, rows, seconds := 0, 0, 120
		if testengine.Racing {
			seconds = 20
		}
		for second := range seconds {
			for i := range 1000 {
				guess := fmt.Sprintf("%06d", (second*1000+i)%1_000_000)
				if guess == now(time.Now()) || guess == now(time.Now().Add(-stepLength)) || guess == now(time.Now().Add(stepLength)) {
					continue // one in 333,333: a test must not depend on luck
				}
				_, err := k.TakeStep(t.Context(), stolen, guess, Attempt{From: away})
				var wait *WaitError
				switch {
				case err == nil:
					t.Fatalf("guess %s got in", guess)
				case !errors.As(err, &wait):
					judged++
				}
			}
			if second == 0 {
				all, _ := store.AccountRows(t.Context())
				rows = len(all)
			}
			time.Sleep(time.Second)
		}
		if judged > 15 {
			t.Errorf("guesses that were judged in %d s: got %d, want 15 or fewer of a thousand a second", seconds, judged)
		}
		all, _ := store.AccountRows(t.Context())
		if len(all) > rows+40 || k.steps.Len() > 1 || len(k.answers) > 0 {
			t.Errorf("what is remembered: %d rows after %d, %d of patience, want no more than there were", len(all), rows, k.steps.Len())
		}
		begin := time.Now()
		step := passwordOf(first.Device, Attempt{From: away}) // at the same address even
		if _, err := k.TakeStep(t.Context(), step, now(time.Now()), Attempt{From: away, Device: first.Device}); err != nil || time.Since(begin) > 2*time.Second {
			t.Errorf("the owner, where he has signed in before: got %v after %v, want him in", err, time.Since(begin))
		}
		if _, err := k.TakeStep(t.Context(), stolen, now(time.Now().Add(stepLength)), Attempt{From: away}); err == nil {
			t.Error("the thief is let in because the owner was")
		}
	})
}
