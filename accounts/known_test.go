package accounts

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

const issuer = "https://login.example.go.id/realms/mpp"

func (r *rig) comes(t *testing.T, subject, display string, posts ...Post) (*Entrance, error) {
	t.Helper()
	return r.EnterKnown(t.Context(), Known{Issuer: issuer, Subject: subject, Display: display, Posts: posts, By: "login.example.go.id", Life: 12 * time.Hour}, Attempt{From: home})
}

// Whoever a provider knows has an account from his first log-in on, with his name, his subject and the roles of his groups, and nothing more. What
// changes there changes here at the next log-in.
func TestWhomAProviderKnows(t *testing.T) {
	r := newRig(t)
	guard := Post{Role: Security, Sites: []string{"a"}}
	r.SetIssuer(issuer)
	if _, err := r.comes(t, "u1", "Budi", guard); !errors.Is(err, ErrAlone) || r.FirstCode() == "" {
		t.Fatalf("before there is an administrator here: got %v", err)
	}
	r.first()
	if _, err := r.comes(t, "u0", "Nobody"); !errors.Is(err, ErrNoRole) || len(r.Accounts()) != 1 {
		t.Errorf("somebody without a role: got %v and %d accounts, want ErrNoRole and none made", err, len(r.Accounts()))
	}
	e, err := r.comes(t, "u1", "Budi Santoso", guard)
	if err != nil {
		t.Fatal(err)
	}
	if a := e.Account; a.Display != "Budi Santoso" || !strings.HasPrefix(a.Name, "sso-") || a.Hash != "" || e.Device != "" {
		t.Errorf("the account: got %+v", a)
	}
	in := func(e *Entrance) *Caller { c, _ := r.InSession(t.Context(), e.Session, ""); return c }
	if c := in(e); c == nil || !c.At(Acknowledge, "a") || c.At(Acknowledge, "b") {
		t.Fatalf("the session: got %+v, want a guard of a", c)
	}
	if twin, err := r.comes(t, "u2", "budi santoso", guard); err != nil || !strings.Contains(twin.Account.Display, "(sso-") {
		t.Errorf("another of the same name: got %v, want one who is told apart", err)
	}
	token, err := r.NewToken(t.Context(), in(e), Pass{Name: "papan", May: []Permission{See}, Life: MaxTokenLife})
	if err != nil {
		t.Fatal(err)
	}
	id := e.Account.ID
	// There is no other way in: neither by a link nor by a password.
	if _, err := r.NewLink(t.Context(), in(e), id); !errors.Is(err, ErrNone) {
		t.Errorf("a link for a password: got %v, want ErrNone", err)
	}
	left, _ := LeaveLink(r.file, e.Account.Name, false, r.clock())
	if _, err := r.Link(left); !errors.Is(err, ErrExpired) {
		t.Errorf("a link of the machine: got %v, want ErrExpired", err)
	}
	if _, err := r.LogIn(t.Context(), Attempt{Name: e.Account.Name, Password: goodPassword, From: home}); !errors.Is(err, ErrWrong) {
		t.Errorf("a password: got %v, want ErrWrong", err)
	}
	// Nor by a passkey; and no second factor is asked for beside what the provider asks.
	if _, err := r.enter(t.Context(), id, "", Attempt{From: home}, byTwo); !errors.Is(err, ErrWrong) {
		t.Errorf("a passkey: got %v, want ErrWrong", err)
	}
	if r.Required(e.Account) {
		t.Error("a second factor is required beside the provider's")
	}
	// An administrator changes no role that comes from groups; he can switch the account off.
	boss, _ := r.InSession(t.Context(), func() string {
		e, _ := r.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword, From: home})
		return e.Session
	}(), "")
	if err := r.Change(t.Context(), boss, id, Person{Name: "budi", Display: "X", Posts: []Post{{Role: Administrator}}}, "x"); err != nil {
		t.Fatal(err)
	}
	if c := in(e); c.Anywhere(Administer) || c.Name != "Budi Santoso" {
		t.Errorf("after a change by hand: got %+v, want what the provider says", c)
	}
	// Other groups: other roles from the next log-in on, in every session.
	again, err := r.comes(t, "u1", "Budi S.", Post{Role: Cleaner})
	if err != nil || again.Account.ID != id {
		t.Fatalf("again: %v", err)
	}
	if c := in(e); c.At(Acknowledge, "a") || !c.At(DoTask, "b") || c.Name != "Budi S." {
		t.Errorf("after the groups changed: got %+v, want a cleaner everywhere", c)
	}
	// The session ends sooner than others.
	r.later(12 * time.Hour)
	if in(again) != nil {
		t.Error("the session outlives the time that the configuration gives it")
	}
	if _, err := r.ByToken(t.Context(), token, home); err != nil {
		t.Errorf("the token: got %v", err)
	}
	r.later(ProvenFor)
	if _, err := r.ByToken(t.Context(), token, home); err == nil {
		t.Error("a token of somebody whom the provider has not vouched for in a month")
	}
	e, err = r.comes(t, "u1", "Budi S.", guard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.ByToken(t.Context(), token, home); err != nil {
		t.Errorf("the token after he came again: got %v", err)
	}
	// Another provider, or none: those whom the one before knew are out.
	r.SetIssuer("https://elsewhere.example")
	if _, err := r.ByToken(t.Context(), token, home); err == nil || in(e) != nil {
		t.Error("somebody whom another provider knew is in")
	}
	r.open(cheap)
	if in(e) != nil {
		t.Error("without a provider somebody whom one knew is in")
	}
	r.SetIssuer(issuer)
	if in(e) == nil {
		t.Error("with the provider back he is out, want in")
	}
	// No group has a role any more: out everywhere.
	if _, err := r.comes(t, "u1", "Budi S."); !errors.Is(err, ErrNoRole) || in(e) != nil {
		t.Errorf("without a role: got %v, in: %t", err, in(e) != nil)
	}
	if _, err := r.ByToken(t.Context(), token, home); err == nil {
		t.Error("his token works on")
	}
	if err := r.Change(t.Context(), boss, id, Person{Off: true}, "left"); err != nil {
		t.Fatal(err)
	}
	r.later(tellEvery)
	if _, err := r.comes(t, "u1", "Budi S.", guard); !errors.Is(err, ErrOff) {
		t.Errorf("switched off here: got %v, want ErrOff", err)
	}
	for what, want := range map[What]int{Made: 3, Altered: 4, Refused: 3} {
		if got := r.told(what); got != want {
			t.Errorf("events %s: got %d, want %d", what, got, want)
		}
	}
	rows, _ := r.store.AccountRows(t.Context())
	for _, row := range rows {
		if row.Kind == KindAccount && row.ID == id && strings.Contains(string(row.Body), "@") {
			t.Errorf("kept of somebody: %s", row.Body)
		}
	}
}

// Whoever a provider knows and we refuse is told like all who are refused: once a minute, and none is lost.
func TestRefusalsOfAProvidersPeopleAreCounted(t *testing.T) {
	r := newRig(t)
	r.SetIssuer(issuer)
	r.first()
	for range 4 {
		if _, err := r.LogIn(t.Context(), Attempt{Name: "sari", Password: "wrong wrong wrong", From: home}); err == nil {
			t.Fatal("a wrong password is taken")
		}
		r.later(10 * time.Second)
	}
	r.later(tellEvery)
	if _, err := r.comes(t, "u0", "Nobody"); !errors.Is(err, ErrNoRole) {
		t.Fatal(err)
	}
	counts := func() (n []int) {
		r.told(Refused)
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, e := range r.events {
			if e.What == Refused {
				n = append(n, e.Count)
			}
		}
		return n
	}
	if got := counts(); !slices.Equal(got, []int{1, 4}) {
		t.Errorf("four wrong passwords and one without a role: the record counts %v, want 1 and 4", got)
	}
	e, err := r.comes(t, "u1", "Budi", Post{Role: Cleaner})
	if err != nil {
		t.Fatal(err)
	}
	boss, _ := r.LogIn(t.Context(), Attempt{Name: "sari", Password: goodPassword, From: home})
	by, _ := r.InSession(t.Context(), boss.Session, "")
	if err := r.Change(t.Context(), by, e.Account.ID, Person{Off: true}, "left"); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := r.comes(t, "u1", "Budi", Post{Role: Cleaner}); !errors.Is(err, ErrOff) {
			t.Fatal(err)
		}
	}
	if got := counts(); len(got) != 2 {
		t.Errorf("a hundred times at once by an account that is off: the record has %d refusals, want no more", len(got)-2)
	}
	r.later(tellEvery)
	if _, err := r.comes(t, "u1", "Budi", Post{Role: Cleaner}); !errors.Is(err, ErrOff) || !slices.Equal(counts(), []int{1, 4, 101}) {
		t.Errorf("a minute later: the record counts %v, %v, want 101 more", counts(), err)
	}
}
