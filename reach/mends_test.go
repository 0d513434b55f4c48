package reach

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// leaving are people of whom one has had a session end.
type leaving struct {
	people
	session string
	over    *atomic.Bool
}

func (l leaving) Living(session string) bool { return session != l.session || !l.over.Load() }

// A phone is called, counts and answers only while the session lives that told of it, however that came to its end.
func TestPhoneGoesWithItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var over atomic.Bool
		r := newRig(t, func(o *Options) { o.People = leaving{guards, "s-siti", &over} }, facility.Call{Role: "security"}, facility.Call{Role: "manager", After: time.Minute, Unless: facility.UntilShown})
		defer func() { r.stop() }()
		r.add("siti", phoneA)
		r.service.answers[phoneA] = []int{503}
		r.add("rina", phoneB)
		id := r.raise("mall")
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		over.Store(true) // the phone is stolen, and its owner ends the session before the second try
		time.Sleep(10 * time.Second)
		synctest.Wait()
		got := r.service.messages()
		if len(got) != 1 || got[0].endpoint != phoneA {
			t.Fatalf("%d messages, want the one from before", len(got))
		}
		if r.Answer(t.Context(), got[0].payload.Notification.Data.Token, AnswerShown) {
			t.Error("whoever has the phone now keeps the manager from being called")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		wants(t, "what became of it", r.outcome(id), "1 Siti push: signed_out", "2 Ibu Rina push: sent")
		if roster := r.Roster("mall"); len(roster[0].Phones) != 0 || roster[0].Reachable(time.Now()) {
			t.Errorf("the roster has %+v", roster[0])
		}
		r.tidy(t.Context())
		if r.PhoneAt("siti", phoneA) != nil || r.PhoneAt("rina", phoneB) == nil {
			t.Error("want the phone of the ended session forgotten, and no other")
		}
	})
}

// A modem that is stuck keeps no number from being written, and no phone from being pushed.
func TestStuckModemHoldsUpNobody(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{"outgoing", "sent", "failed"} {
		if err := os.Mkdir(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) {
			o.Channels = map[string]Channel{"sms": {SMS: &SMS{Spool: filepath.Join(root, "outgoing"), Numbers: []string{"+621", "+622"}}}}
		}, facility.Call{Channel: "sms"}, facility.Call{Role: "manager", After: 2 * time.Second})
		defer func() { r.stop() }()
		r.add("rina", phoneB)
		for i := range atOnce {
			r.raise(fmt.Sprintf("site-%d", i))
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		files, err := os.ReadDir(filepath.Join(root, "outgoing"))
		if err != nil || len(files) != 2*atOnce {
			t.Errorf("%d messages lie in the folder (%v), want %d", len(files), err, 2*atOnce)
		}
		if n := len(r.service.messages()); n != atOnce {
			t.Errorf("%d pushes, want %d: they wait behind the modem", n, atOnce)
		}
	})
}

// The tenth number is not taken for the first.
func TestMessagesAreToldApart(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{"outgoing", "sent"} {
		if err := os.Mkdir(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := &SMS{Spool: filepath.Join(root, "outgoing")}
	if err := os.WriteFile(filepath.Join(root, "sent", "gerbang-x-1-10"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.hand("gerbang-x-1-1", "+1", "x"); err != nil || !s.found(s.Spool, "gerbang-x-1-1") || s.found(s.beside("sent"), "gerbang-x-1-1") {
		t.Errorf("handing over the first where the tenth is sent: %v, want it in the folder", err)
	}
}

// A call that waits for its turn does not go out once somebody is on it, and nothing is awaited of an alert that is over.
func TestTurnComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, facility.Call{Role: "security"})
		defer func() { r.stop() }()
		r.add("siti", phoneA)
		for range atOnce {
			r.sends <- struct{}{}
		}
		id := r.raise("mall")
		time.Sleep(time.Second)
		a := *r.alert(id)
		r.do(func(b *alerts.Book, now telemetry.Instant) []alerts.Change {
			return b.Entry(&telemetry.Record{Kind: telemetry.KindEntry, Site: "mall", At: now, Entry: &telemetry.Entry{ID: "e", Kind: telemetry.EntryAcknowledge, Author: "Siti", Subject: id}}, nil)
		})
		for range atOnce {
			<-r.sends
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(r.service.messages()); n != 0 {
			t.Errorf("%d messages after somebody was on it, want none", n)
		}
		r.do(func(b *alerts.Book, now telemetry.Instant) []alerts.Change { return b.Remove("mall", now, nil) })
		r.byPush(t.Context(), &job{alert: a, call: a.Calls[0]})
		if n := len(r.awaited); n != 0 {
			t.Errorf("%d notifications are awaited of alerts that are over", n)
		}
	})
}

// What is published of a siren last is what is so, whoever publishes beside.
func TestSirenSaysLastWhatIsSo(t *testing.T) {
	var mu sync.Mutex
	var said []string
	slow, entered := make(chan struct{}), make(chan struct{})
	var second atomic.Bool
	texts, err := alerts.NewTexts()
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(t.Context(), Options{
		Store: accounts.NewMemory(), People: guards, Texts: texts, Report: func([]alerts.Report) {},
		Channels: map[string]Channel{"sirene": {Siren: &Siren{On: "ON", Off: "OFF"}}}, Sirens: []Place{{"mall", "sirene"}},
		Show: func(all []alerts.Signal) {
			if !second.Swap(true) {
				close(entered)
				<-slow
			}
			mu.Lock()
			defer mu.Unlock()
			for _, s := range all {
				said = append(said, string(s.Payload))
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { r.sound(true) }) // as Run begins
	<-entered
	told := make(chan struct{})
	wg.Go(func() {
		a := alerts.Alert{ID: "a", Site: "mall", Calls: []alerts.Call{{Number: 1, Channel: "sirene"}}}
		r.Notify([]alerts.Change{{Alert: a, What: alerts.Called}})
		close(told)
	})
	select {
	case <-told:
	case <-time.After(50 * time.Millisecond): // it waits for its turn
	}
	close(slow)
	wg.Wait()
	if n := len(said); n == 0 || said[n-1] != "ON" {
		t.Errorf("published %v while the alert sounds, want ON last", said)
	}
}

// A probe that was tidied away while the push service thought about it is still answered.
func TestProbeTidiedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		defer func() { r.stop() }()
		r.add("siti", phoneA)
		r.service.answers[phoneA] = []int{0} // never: until the time is up
		done := make(chan *Probe)
		go func() {
			p, _ := r.Test(t.Context(), "siti", phoneA, "t", "b")
			done <- p
		}()
		synctest.Wait()
		r.mu.Lock()
		clear(r.probes)
		r.mu.Unlock()
		if p := <-done; p == nil || p.Failed != PushSilent || len(r.probes) != 0 {
			t.Errorf("the test: %+v, and %d are kept", p, len(r.probes))
		}
	})
}

// Every failure is read as it was written, and what nobody knows is one that is not known.
func TestFailures(t *testing.T) {
	for _, code := range Failures() {
		if f := (&Failure{code, 410}); ReadFailure(f.String()) != *f || ReadFailure(code) != (Failure{code, 0}) {
			t.Errorf("%s is read as %+v", f, ReadFailure(f.String()))
		}
	}
	if f := ReadFailure("the push service answers 410"); f.Code != Unknown {
		t.Errorf("got %+v", f)
	}
	if !slices.Contains(Failures(), codeOf(&addressError{"x"})) || codeOf(accounts.ErrNone) != Unknown {
		t.Error("errors have other codes")
	}
}
