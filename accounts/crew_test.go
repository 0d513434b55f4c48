package accounts

import (
	"errors"
	"testing"
	"time"
)

// crewRig has an administrator, a cleaner with a PIN at one site, and an enrolled phone there. It gives the secret of the phone.
func crewRig(t *testing.T) (r *rig, boss *Caller, siti *Account, phone string) {
	t.Helper()
	r = newRig(t)
	boss, _ = r.InSession(t.Context(), r.first().Session, "")
	siti, err := r.Make(t.Context(), boss, Person{Name: "siti", Posts: []Post{{Role: Cleaner, Sites: []string{"mall"}}}})
	if err != nil {
		t.Fatal(err)
	}
	link, err := r.NewLink(t.Context(), boss, siti.ID)
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Follow(t.Context(), link, goodPassword, Person{}, Attempt{From: home})
	if err != nil {
		t.Fatal(err)
	}
	own, s := r.InSession(t.Context(), e.Session, "")
	if err := r.SetPIN(t.Context(), own, s.ID, goodPassword, "4711"); err != nil {
		t.Fatal(err)
	}
	code, err := r.NewPhone(t.Context(), boss, "mall", "troli")
	if err != nil {
		t.Fatal(err)
	}
	if phone, _, err = r.Enrol(t.Context(), code, ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Enrol(t.Context(), code, ""); !errors.Is(err, ErrExpired) {
		t.Errorf("the link once more: got %v, want ErrExpired", err)
	}
	return r, boss, siti, phone
}

// A PIN opens the tasks of the phone's site for a shift, and nothing else; who came in is the person.
func TestAPINOpensTasksOnly(t *testing.T) {
	r, boss, siti, phone := crewRig(t)
	e, err := r.LogInByPIN(t.Context(), phone, siti.ID, "4711", Attempt{})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := r.InSession(t.Context(), e.Session, "")
	if c == nil || c.Account != siti.ID || !c.ByPIN {
		t.Fatalf("got %+v, want siti by PIN", c)
	}
	for _, p := range Permissions() {
		if got, want := c.At(p, "mall"), p == DoTask; got != want {
			t.Errorf("%s at the phone's site: got %t, want %t", p, got, want)
		}
		if c.At(p, "other") || c.Everywhere(p) {
			t.Errorf("%s elsewhere: got it", p)
		}
	}
	r.now = r.now.Add(ShiftLimit)
	if c, _ := r.InSession(t.Context(), e.Session, ""); c != nil {
		t.Error("the session outlives the shift")
	}
	e, err = r.LogInByPIN(t.Context(), phone, siti.ID, "4711", Attempt{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.EndPhone(t.Context(), boss, "other", r.Phones("mall")[0].ID); !errors.Is(err, ErrNone) {
		t.Errorf("ending the phone of another site: got %v, want ErrNone", err)
	}
	if err := r.EndPhone(t.Context(), boss, "mall", r.Phones("mall")[0].ID); err != nil {
		t.Fatal(err)
	}
	if c, _ := r.InSession(t.Context(), e.Session, ""); c != nil {
		t.Error("a session lives on a phone that was taken out")
	}
	if _, err := r.LogInByPIN(t.Context(), phone, siti.ID, "4711", Attempt{}); !errors.Is(err, ErrPhone) {
		t.Errorf("on a phone that was taken out: got %v, want ErrPhone", err)
	}
}

// Five wrong tries, whatever time lies between them and across restarts, and the PIN is worth nothing until the password was given.
func TestAPINIsGuessedFiveTimes(t *testing.T) {
	r, _, siti, phone := crewRig(t)
	tries := 0
	for i := range 40 {
		_, err := r.LogInByPIN(t.Context(), phone, siti.ID, "8064", Attempt{})
		var wait *WaitError
		switch {
		case errors.As(err, &wait):
			r.now = r.now.Add(wait.Wait)
		case errors.Is(err, ErrWrong):
			tries++
		case errors.Is(err, ErrBlocked):
		default:
			t.Fatalf("try %d: got %v", i, err)
		}
		if i == 3 {
			r.open(cheap) // a restart gives no more tries
		}
	}
	if tries != pinTries-1 {
		t.Errorf("wrong tries that were answered before it was blocked: got %d, want %d", tries, pinTries-1)
	}
	if _, err := r.LogInByPIN(t.Context(), phone, siti.ID, "4711", Attempt{}); !errors.Is(err, ErrBlocked) {
		t.Errorf("the right one afterwards: got %v, want ErrBlocked", err)
	}
	if _, err := r.LogIn(t.Context(), Attempt{Name: "siti", Password: goodPassword, From: home}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.LogInByPIN(t.Context(), phone, siti.ID, "4711", Attempt{}); err != nil {
		t.Errorf("after the password: got %v, want to be in", err)
	}
}

// A PIN is none without its phone, role or account.
func TestAPINHoldsWithItsAccount(t *testing.T) {
	r, boss, siti, phone := crewRig(t)
	in := func(want error, what string) {
		t.Helper()
		if _, err := r.LogInByPIN(t.Context(), phone, siti.ID, "4711", Attempt{}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
	if _, err := r.LogInByPIN(t.Context(), "", siti.ID, "4711", Attempt{}); !errors.Is(err, ErrPhone) {
		t.Errorf("without a phone: got %v, want ErrPhone", err)
	}
	for _, pin := range []string{"", "123", "1234", "0000", "9876", "abcd", "47114711471", "４７１１"} {
		if CheckPIN(pin) == nil {
			t.Errorf("PIN %q: it is taken", pin)
		}
	}
	person := Person{Name: "siti", Posts: []Post{{Role: Cleaner, Sites: []string{"other"}}}}
	if err := r.Change(t.Context(), boss, siti.ID, person, "moved"); err != nil {
		t.Fatal(err)
	}
	in(ErrWrong, "a cleaner of another site")
	person.Posts = []Post{{Role: Security, Sites: []string{"mall"}}}
	if err := r.Change(t.Context(), boss, siti.ID, person, "promoted"); err != nil {
		t.Fatal(err)
	}
	in(ErrWrong, "no cleaner any more")
	person.Posts = []Post{{Role: Cleaner}}
	if err := r.Change(t.Context(), boss, siti.ID, person, "back"); err != nil {
		t.Fatal(err)
	}
	in(ErrWrong, "a cleaner again, who has to set it anew")
}

// A PIN that is blocked is given its tries back by a log-in with all that is asked for, and by half of one it is not.
func TestASecondFactorUnblocksAPIN(t *testing.T) {
	r, _, siti, phone := crewRig(t)
	own, err := r.LogIn(t.Context(), Attempt{Name: "siti", Password: goodPassword, From: home})
	if err != nil {
		t.Fatal(err)
	}
	by, s := r.InSession(t.Context(), own.Session, "")
	secret, _ := enrolled(t, r, by, s.ID)
	d := newDevice(t)
	ask, err := r.AskNewPasskey(by, s.ID, here)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.AddPasskey(t.Context(), by, s.ID, here, ask.Proof, "x", d.make(ask)); err != nil {
		t.Fatal(err)
	}
	for what, in := range map[string]func(step string) error{
		"a code": func(step string) error {
			r.later(time.Minute)
			_, err := r.TakeStep(t.Context(), step, r.codeIn(secret, 0), Attempt{From: home})
			return err
		},
		"a passkey as second step": func(step string) error {
			ask, err := r.AskStepPasskey(step, here)
			if err == nil {
				_, err = r.StepByPasskey(t.Context(), step, here, ask.Proof, d.sign(ask), Attempt{From: home})
			}
			return err
		},
		"a passkey alone": func(string) error { return r.alone(d, nil) },
	} {
		r.Keeper.mu.Lock()
		pin := *r.have.pins[siti.ID]
		pin.Failed, pin.Tried = pinTries, r.clock()
		r.have.pins[siti.ID] = &pin
		r.Keeper.mu.Unlock()
		half, err := r.LogIn(t.Context(), Attempt{Name: "siti", Password: goodPassword, From: home})
		if err != nil || half.Step == "" {
			t.Fatalf("%s: the password: got %+v, %v, want a step", what, half, err)
		}
		if _, err := r.LogInByPIN(t.Context(), phone, siti.ID, "4711", Attempt{}); !errors.Is(err, ErrBlocked) {
			t.Errorf("%s: after the password alone: got %v, want ErrBlocked", what, err)
		}
		if err := in(half.Step); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if _, err := r.LogInByPIN(t.Context(), phone, siti.ID, "4711", Attempt{}); err != nil {
			t.Errorf("%s: got %v, want to be in by PIN", what, err)
		}
	}
}

// Whom a provider knows has no password here, so no PIN that one would set or unblock.
func TestWhomAProviderKnowsHasNoPIN(t *testing.T) {
	r, _, siti, _ := crewRig(t)
	by := &Caller{Account: siti.ID, Name: "siti"}
	if _, may := r.HasPIN(siti.ID); !may {
		t.Error("a cleaner of the gateway's own: may have no PIN")
	}
	r.Keeper.mu.Lock()
	r.have.accounts[siti.ID].Issuer = "https://idp.example"
	r.Keeper.mu.Unlock()
	if _, may := r.HasPIN(siti.ID); may {
		t.Error("a cleaner whom a provider knows: is offered a PIN")
	}
	if err := r.SetPIN(t.Context(), by, "", goodPassword, "4711"); !errors.Is(err, ErrRole) {
		t.Errorf("setting one all the same: got %v, want ErrRole", err)
	}
}

// Setting a PIN asks for the password as the other factors do: wrong ones are told, and wait.
func TestAPINIsSetByAPasswordThatIsConfirmed(t *testing.T) {
	r, _, _, _ := crewRig(t)
	own, err := r.LogIn(t.Context(), Attempt{Name: "siti", Password: goodPassword, From: home})
	if err != nil {
		t.Fatal(err)
	}
	by, s := r.InSession(t.Context(), own.Session, "")
	if err := r.SetPIN(t.Context(), by, s.ID, "another password", "4711"); !errors.Is(err, ErrWrong) {
		t.Errorf("a wrong password: got %v, want ErrWrong", err)
	}
	if r.told(StepRefused) == 0 {
		t.Error("a wrong password is not told")
	}
	if err := r.SetPIN(t.Context(), by, "another session", goodPassword, "4711"); !errors.Is(err, ErrNone) {
		t.Errorf("in a session that is over: got %v, want ErrNone", err)
	}
}
