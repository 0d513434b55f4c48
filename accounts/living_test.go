package accounts

import (
	"testing"
	"time"
)

// A session lives until it is ended, is over by itself, or its account may not sign in: phones are called for as long.
func TestLivingSessions(t *testing.T) {
	for name, end := range map[string]func(r *rig, by *Caller, a *Account, session string) error{
		"ended by its owner": func(r *rig, by *Caller, a *Account, s string) error { return r.EndSession(t.Context(), by, a.ID, s) },
		"not seen for days":  func(r *rig, _ *Caller, _ *Account, _ string) error { r.later(IdleLimit + time.Second); return nil },
		"account switched off": func(r *rig, _ *Caller, a *Account, _ string) error {
			off := *a
			off.Off = true
			return r.keep(t.Context(), []Row{row(KindAccount, a.ID, a.ID, &off)}, nil)
		},
	} {
		r := newRig(t)
		by, s := r.InSession(t.Context(), r.first().Session, "")
		if s == nil || !r.Living(s.ID) || r.Living("none") {
			t.Fatalf("%s: before: want the session living, and no other", name)
		}
		a, err := r.Account(by.Account)
		if err != nil {
			t.Fatal(err)
		}
		if err := end(r, by, a, s.ID); err != nil || r.Living(s.ID) {
			t.Errorf("%s (%v): the session lives", name, err)
		}
	}
}
