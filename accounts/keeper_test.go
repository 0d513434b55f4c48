package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/testengine"
)

var testNow = time.Date(2026, 1, 5, 7, 5, 12, 0, time.UTC)

// cheap makes a try of a password cost next to nothing.
var cheap = Cost{Memory: 64, Passes: 1, Lanes: 1}

const goodPassword = "tujuh sendok di laci"

type rig struct {
	*Keeper
	t      *testing.T
	store  Store
	mu     sync.Mutex
	now    time.Time
	events []Event
	deaf   error // of who records
	file   string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, store: NewMemory(), now: testNow, file: filepath.Join(t.TempDir(), "links")}
	r.open(cheap)
	return r
}

func (r *rig) open(cost Cost) {
	r.t.Helper()
	k, err := New(r.t.Context(), Options{Store: r.store, Cost: cost, LinkFile: r.file, KeyFile: r.file + ".key", Now: r.clock, Record: func(_ context.Context, e Event) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.deaf != nil {
			return r.deaf
		}
		r.events = append(r.events, e)
		return nil
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.Keeper = k
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) later(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func (r *rig) told(what What) (n int) {
	r.t.Helper()
	if err := r.tell(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.What == what {
			n++
		}
	}
	return n
}

// first makes the first administrator.
func (r *rig) first() *Entrance {
	r.t.Helper()
	e, err := r.Follow(r.t.Context(), r.FirstCode(), goodPassword, Person{Name: "Sari", Display: "Sari Dewi"}, Attempt{From: home})
	if err != nil {
		r.t.Fatalf("making the first administrator: %v", err)
	}
	return e
}

var (
	home = netip.MustParsePrefix("192.0.2.1/32")
	away = netip.MustParsePrefix("198.51.100.7/32")
)

func TestTheFirstLinkMakesTheAdministratorOnce(t *testing.T) {
	r := newRig(t)
	if r.Any() {
		t.Fatal("a new gateway has an account")
	}
	code := r.FirstCode()
	if code != r.FirstCode() || len(code) < 40 {
		t.Fatalf("first code: got %q, want one long one", code)
	}
	for _, wrong := range []string{"", "x", code + "x", strings.Repeat("x", 1000)} {
		if _, err := r.Follow(t.Context(), wrong, goodPassword, Person{Name: "eve"}, Attempt{}); !errors.Is(err, ErrExpired) {
			t.Errorf("code %.20q: got %v, want ErrExpired", wrong, err)
		}
	}
	if _, err := r.Follow(t.Context(), code, "gerbang2026", Person{Name: "sari"}, Attempt{}); err == nil || r.Any() {
		t.Errorf("with a weak password: got %v, want an error and no account", err)
	}
	e := r.first()
	if !e.Account.Administers() {
		t.Errorf("the first account: got %+v, want an administrator of all sites", e.Account)
	}
	if _, err := r.Follow(t.Context(), code, goodPassword, Person{Name: "eve"}, Attempt{}); !errors.Is(err, ErrExpired) {
		t.Errorf("the code a second time: got %v, want ErrExpired", err)
	}
	if got := r.FirstCode(); got != "" {
		t.Errorf("first code with an account: got one, want none")
	}
	if c, _ := r.InSession(t.Context(), e.Session, ""); c == nil || c.Name != "Sari Dewi" || c.Claimed || !c.Everywhere(Administer) {
		t.Errorf("the session of the set-up: got %+v, want that of the administrator", c)
	}
}

// Finding S11: a session is dead at logout, wherever its cookie is, after a restart too; and by its limits.
func TestS11_SessionsEnd(t *testing.T) {
	r := newRig(t)
	r.first()
	enter := func() *Entrance {
		t.Helper()
		e, err := r.LogIn(t.Context(), Attempt{Name: " SARI ", Password: goodPassword, From: home, Agent: "Firefox"})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	in := func(e *Entrance) bool { c, _ := r.InSession(t.Context(), e.Session, ""); return c != nil }
	out, idle, old := enter(), enter(), enter()
	r.LogOut(t.Context(), out.Session)
	r.open(cheap)
	if in(out) || !in(idle) || !in(old) {
		t.Errorf("after one signed out and a restart: got %t %t %t, want false true true", in(out), in(idle), in(old))
	}
	for range 20 {
		r.later(IdleLimit / 2)
		if !in(old) && r.clock().Sub(testNow) < AbsoluteLimit {
			t.Fatal("a session that is used has ended before its limit")
		}
	}
	if in(idle) || in(old) {
		t.Errorf("after %v: idle %t, used %t, want both over", r.clock().Sub(testNow), in(idle), in(old))
	}
	mine, other := enter(), enter()
	_, s := r.InSession(t.Context(), other.Session, "")
	if err := r.EndSession(t.Context(), &Caller{Name: "x"}, "somebody else", s.ID); !errors.Is(err, ErrNone) || !in(other) {
		t.Errorf("ending a foreign session: got %v", err)
	}
	if err := r.EndSession(t.Context(), &Caller{Name: "x"}, mine.Account.ID, s.ID); err != nil || in(other) || !in(mine) {
		t.Errorf("ending an own session: got %v, ended %t, the other one too %t", err, !in(other), !in(mine))
	}
	// Whoever planted a session in a browser does not share what is signed in there afterwards.
	e, err := r.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword, From: home, Session: mine.Session})
	if err != nil || e.Session == mine.Session || in(mine) {
		t.Errorf("signing in with a session there: got %v, the old one lives: %t", err, in(mine))
	}
	for range mostSessions + 10 {
		enter()
	}
	if n := len(r.Sessions(e.Account.ID)); n > mostSessions {
		t.Errorf("sessions of one account: got %d, want %d or fewer", n, mostSessions)
	}
	rows, _ := r.store.AccountRows(t.Context())
	for _, row := range rows {
		if strings.Contains(string(row.Body), e.Session) || strings.Contains(string(row.Body), e.Device) || strings.Contains(string(row.Body), goodPassword) {
			t.Fatalf("a %s is kept with its secret", row.Kind)
		}
	}
}

func TestWhatChangesEndsWhatWas(t *testing.T) {
	r := newRig(t)
	admin := r.first()
	by, _ := r.InSession(t.Context(), admin.Session, "")
	budi, err := r.Make(t.Context(), by, Person{Name: "budi", Display: "Budi", Posts: []Post{{Role: Security, Sites: []string{"a"}}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.LogIn(t.Context(), Attempt{Name: "budi", Password: "", From: home}); !errors.Is(err, ErrWrong) {
		t.Errorf("an account without a password: got %v, want ErrWrong", err)
	}
	if _, err := r.Make(t.Context(), by, Person{Name: "BUDI"}); !errors.Is(err, ErrTaken) {
		t.Errorf("a second budi: got %v, want ErrTaken", err)
	}
	code, err := r.NewLink(t.Context(), by, budi.ID)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := r.NewLink(t.Context(), by, budi.ID)
	if _, err := r.Follow(t.Context(), code, goodPassword, Person{}, Attempt{}); !errors.Is(err, ErrExpired) {
		t.Errorf("a link that another one replaced: got %v, want ErrExpired", err)
	}
	e, err := r.Follow(t.Context(), again, goodPassword, Person{Posts: []Post{{Role: Administrator}}}, Attempt{From: home})
	if err != nil {
		t.Fatal(err)
	}
	c, s := r.InSession(t.Context(), e.Session, "")
	if c == nil || !c.At(Acknowledge, "a") || c.At(Acknowledge, "b") || c.Anywhere(Administer) {
		t.Fatalf("budi: got %+v, want a guard of a", c)
	}
	token, err := r.NewToken(t.Context(), c, Pass{Name: "papan", May: []Permission{See, Administer}, Life: time.Hour * 24})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.ByToken(t.Context(), token, home)
	if err != nil || !p.At(See, "a") || p.At(See, "b") || p.At(Acknowledge, "a") || p.Anywhere(Administer) {
		t.Fatalf("the token: got %+v, %v, want it to see a and nothing else", p, err)
	}
	// The next request has the new role.
	if err := r.Change(t.Context(), by, budi.ID, Person{Name: "budi", Display: "Budi", Posts: []Post{{Role: Cleaner, Sites: []string{"b"}}}}, "moved"); err != nil {
		t.Fatal(err)
	}
	if c, _ := r.InSession(t.Context(), e.Session, ""); c.At(Acknowledge, "a") || !c.At(DoTask, "b") {
		t.Errorf("after the role changed: got %+v, want a cleaner of b", c)
	}
	if p, _ := r.ByToken(t.Context(), token, home); p.At(See, "a") || !p.At(See, "b") {
		t.Errorf("the token after the role changed: got %+v, want it to see b", p)
	}
	other, err := r.LogIn(t.Context(), Attempt{Name: "budi", Password: goodPassword, From: away})
	if err != nil {
		t.Fatal(err)
	}
	const fresh = "kereta lewat jam tujuh"
	if err := r.Repassword(t.Context(), c, s.ID, "wrong", fresh); !errors.Is(err, ErrWrong) {
		t.Errorf("a new password with a wrong old one: got %v", err)
	}
	if err := r.Repassword(t.Context(), c, s.ID, goodPassword, fresh); err != nil {
		t.Fatal(err)
	}
	if mine, _ := r.InSession(t.Context(), e.Session, ""); mine == nil {
		t.Error("the session in which the password was changed has ended")
	}
	if theirs, _ := r.InSession(t.Context(), other.Session, ""); theirs != nil {
		t.Error("another session outlives the password")
	}
	if err := r.Change(t.Context(), by, budi.ID, Person{Name: "budi", Off: true}, "left"); err != nil {
		t.Fatal(err)
	}
	if c, _ := r.InSession(t.Context(), e.Session, ""); c != nil {
		t.Error("a session of an account that is off")
	}
	if _, err := r.ByToken(t.Context(), token, home); err == nil {
		t.Error("a token of an account that is off")
	}
	if _, err := r.LogIn(t.Context(), Attempt{Name: "budi", Password: fresh, From: home}); !errors.Is(err, ErrWrong) {
		t.Errorf("an account that is off: got %v, want ErrWrong", err)
	}
	for _, p := range []Person{{Name: "sari", Off: true, Posts: []Post{{Role: Administrator}}}, {Name: "sari"}, {Name: "sari", Posts: []Post{{Role: Administrator, Sites: []string{"a"}}}}} {
		if err := r.Change(t.Context(), by, admin.Account.ID, p, ""); !errors.Is(err, ErrLast) {
			t.Errorf("the last administrator as %+v: got %v, want ErrLast", p, err)
		}
	}
	for what, want := range map[What]int{Made: 2, Altered: 2, Password: 3, TokenNew: 1, LinkMade: 2} {
		if got := r.told(what); got != want {
			t.Errorf("events %s: got %d, want %d", what, got, want)
		}
	}
	for _, e := range r.events {
		if e.What == Altered && (e.By != "Sari Dewi" || e.Before == "" || e.After == "" || e.Why == "") {
			t.Errorf("event %+v: want who, why, before and after", e)
		}
	}
}

// A link that a command left on the machine is followed while the gateway runs, once.
func TestLinksOfTheMachine(t *testing.T) {
	r := newRig(t)
	first := r.first()
	code, err := LeaveLink(r.file, "sari", false, r.clock())
	if err != nil {
		t.Fatal(err)
	}
	if a, err := r.Link(code); err != nil || a.ID != first.Account.ID {
		t.Fatalf("the link: got %+v, %v", a, err)
	}
	if _, err := r.Follow(t.Context(), code, "kereta lewat jam tujuh", Person{}, Attempt{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Follow(t.Context(), code, goodPassword, Person{}, Attempt{}); !errors.Is(err, ErrExpired) {
		t.Errorf("the link a second time: got %v, want ErrExpired", err)
	}
	code, _ = LeaveLink(r.file, "", false, r.clock())
	r.later(LocalLife)
	if _, err := r.Link(code); !errors.Is(err, ErrExpired) {
		t.Errorf("the link after %v: got %v, want ErrExpired", LocalLife, err)
	}
	code, _ = LeaveLink(r.file, "", false, r.clock())
	e, err := r.Follow(t.Context(), code, goodPassword, Person{Name: "kedua"}, Attempt{})
	if err != nil || !e.Account.Administers() {
		t.Errorf("a new administrator by a link of the machine: got %v", err)
	}
}

// TestAThousandGuessesASecond: whoever has signed in on a device before does so within two seconds while others guess his name from everywhere,
// and what is remembered of them is bounded.
func TestAThousandGuessesASecond(t *testing.T) {
	k, err := New(t.Context(), Options{Store: NewMemory()}) // on the real clock, and at the real cost
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Follow(t.Context(), k.FirstCode(), goodPassword, Person{Name: "sari"}, Attempt{}); err != nil {
		t.Fatal(err)
	}
	mine, err := k.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword, From: home})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	ctx, stop := context.WithCancel(t.Context())
	var guesses, waits atomic.Int64
	var guessers sync.WaitGroup
	guess := func(i int) {
		name := "sari"
		if i%3 == 0 {
			name = fmt.Sprintf("nobody%d", i)
		}
		from := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		_, err := k.LogIn(context.WithoutCancel(ctx), Attempt{Name: name, Password: fmt.Sprintf("guess number %d", i), From: from})
		guesses.Add(1)
		if _, held := errors.AsType[*WaitError](err); held {
			waits.Add(1)
		} else if !errors.Is(err, ErrWrong) {
			t.Errorf("a guess: got %v", err)
		}
	}
	hundred := make(chan struct{}, 1) // that many more have begun
	guessers.Go(func() {
		begin, pace := time.Now(), time.NewTicker(5*time.Millisecond)
		defer pace.Stop()
		for i := 0; ; {
			select {
			case <-pace.C:
			case <-ctx.Done():
				return
			}
			for due := int(time.Since(begin) / time.Millisecond); i < due; i++ {
				number := i
				guessers.Go(func() { guess(number) })
				if i%100 == 99 {
					select {
					case hundred <- struct{}{}:
					default:
					}
				}
			}
		}
	})
	var took []time.Duration
	for range 5 {
		<-hundred
		begin := time.Now()
		// From an address that guessers use, too: a shared one.
		_, err := k.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword, From: netip.MustParsePrefix("10.0.0.1/32"), Device: mine.Device})
		took = append(took, time.Since(begin))
		if err != nil {
			t.Errorf("the owner among guesses: got %v, want to be let in", err)
		}
	}
	// Finding R10: nor is he locked out where nobody knows the device.
	begin := time.Now()
	if _, err := k.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword, From: away}); err != nil {
		t.Errorf("the owner on a new device among guesses: got %v, want to be let in", err)
	}
	took = append(took, time.Since(begin))
	stop()
	guessers.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d guesses, %d of them refused before hashing; the owner took %v; heap %d kB more", guesses.Load(), waits.Load(), took, (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
	patience := 2 * time.Second
	if testengine.Racing {
		patience *= 5 // argon2 is several times slower under it
	}
	if slowest := slices.Max(took); slowest > patience {
		t.Errorf("the owner's slowest log-in: got %v, want 2 s or less", slowest)
	}
	if waits.Load() == 0 {
		t.Error("no guess was refused before hashing")
	}
	if k.accounts.Len() > maxGuessers || k.from.Len() > maxGuessers {
		t.Errorf("remembered guessers: %d names, %d addresses, want %d or fewer", k.accounts.Len(), k.from.Len(), maxGuessers)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("heap: %d MiB more, want it flat", grown>>20)
	}
	// A guess on a device that is not known waits, and nobody is refused for good.
	for range FreeTries {
		k.accounts.Failed("sari", time.Now())
	}
	var wait *WaitError
	if _, err := k.LogIn(t.Context(), Attempt{Name: "sari", Password: "another guess", From: away}); !errors.As(err, &wait) || wait.Wait > LongestWait {
		t.Errorf("a guess on a new device while the name is guessed: got %v, want a wait of a minute at most", err)
	}
}

func TestRefusalsAreToldNowAndThen(t *testing.T) {
	r := newRig(t)
	r.first()
	for i := range 1000 {
		_, err := r.LogIn(t.Context(), Attempt{Name: "sandi-saya-rahasia", Password: fmt.Sprint(i), From: away})
		if err == nil {
			t.Fatal("let in")
		}
	}
	r.later(tellEvery)
	_, _ = r.LogIn(t.Context(), Attempt{Name: "sari", Password: "x", From: away})
	if got := r.told(Refused); got != 2 {
		t.Errorf("events of 1001 refusals in two minutes: got %d, want 2", got)
	}
	last := r.events[len(r.events)-1]
	if last.Count != 1000 || last.About != "sari" {
		t.Errorf("the last event: got %+v, want the 1000 that were not told yet", last)
	}
	for _, e := range r.events {
		if strings.Contains(e.About, "rahasia") {
			t.Errorf("event %+v: what was typed as a name may be a password", e)
		}
	}
}

func TestTokensGuessed(t *testing.T) {
	r := newRig(t)
	e := r.first()
	by, _ := r.InSession(t.Context(), e.Session, "")
	value, err := r.NewToken(t.Context(), by, Pass{Name: "prometheus", May: []Permission{Scrape}, Life: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for i := range FreeTries + 1 {
		if _, err = r.ByToken(t.Context(), fmt.Sprintf("%s%d", tokenMark, i), away); err == nil {
			t.Fatal("a guessed token is let in")
		}
	}
	if _, held := errors.AsType[*WaitError](err); !held {
		t.Errorf("guess %d: got %v, want a wait", FreeTries+1, err)
	}
	c, err := r.ByToken(t.Context(), value, away)
	if err != nil || !c.Everywhere(Scrape) || c.Anywhere(See) {
		t.Errorf("the right token from where others guess: got %+v, %v, want it let in, to scrape", c, err)
	}
	if got := r.Tokens(by.Account)[0]; got.Used.IsZero() {
		t.Error("when the token was used last is not told")
	}
	r.later(time.Hour)
	if _, err := r.ByToken(t.Context(), value, home); err == nil {
		t.Error("an expired token is let in")
	}
}
