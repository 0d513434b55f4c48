package reach

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
)

// What a notification answers.
const (
	AnswerShown  = "shown"
	AnswerOpened = "opened"
)

// Answer takes what a notification tells of itself, by its token. false: no such notification is awaited any more.
func (r *Reach) Answer(ctx context.Context, token, what string) bool {
	key := keyOf(token)
	r.mu.Lock()
	w, ok := r.awaited[key]
	p := r.phones[w.phone]
	if ok && (p == nil || !r.o.People.Living(p.Session)) { // whoever holds it now is nobody who could see to anything
		ok = false
	}
	if !ok || what != AnswerShown && what != AnswerOpened {
		r.mu.Unlock()
		return false
	}
	now := r.o.Now()
	if p := r.probes[w.probe]; p != nil && p.Shown.IsZero() {
		shown := *p
		shown.Shown = now
		r.probes[w.probe] = &shown
	}
	r.mu.Unlock()
	if w.phone != "" {
		r.change(ctx, w.phone, func(p *Phone) { p.Shown, p.Failed = now, "" })
	}
	if w.alert != "" {
		d := alerts.Delivery{Key: key, Via: alerts.ViaPush, Device: w.phone, Shown: r.now()}
		if what == AnswerOpened {
			d.Shown, d.Looked = 0, r.now()
		}
		r.o.Report([]alerts.Report{{Alert: w.alert, Call: w.call, Delivery: d}})
	}
	return true
}

// Saw notes that somebody has an alert before his eyes: on a page that sounds, or because he opened it.
func (r *Reach) Saw(alert string, by *accounts.Caller, via, what string) {
	d := alerts.Delivery{Key: via + "-" + by.Account + "-" + by.Name, To: by.Name, Via: via, Shown: r.now()}
	if what == AnswerOpened {
		d.Shown, d.Looked = 0, r.now()
	}
	r.o.Report([]alerts.Report{{Alert: alert, Delivery: d}})
}

// Probe is a notification that finds out whether a phone can be reached.
type Probe struct {
	ID     string
	Began  time.Time
	Sent   time.Time // the push service took it; zero: not yet, or never
	Shown  time.Time // the phone has shown it; zero: not yet
	Failed string    // a Failure: why it was not sent
	key    string
	of     string // the account
}

// An account may send so many tests in testsWithin: one guard with a restless finger takes no test from the others.
const (
	testsEach   = 6
	testsWithin = 10 * time.Minute
)

// OftenError says that an account has sent as many tests as it may.
type OftenError struct {
	// Wait is how long until the next one may be sent.
	Wait time.Duration
}

func (e *OftenError) Error() string {
	return fmt.Sprintf("too many tests: the next one in %v", e.Wait.Round(time.Second))
}

// testsLeft is nil if an account may send another test. The caller holds the lock.
func (r *Reach) testsLeft(account string, now time.Time) error {
	var at []time.Time
	for _, p := range r.probes {
		if p.of == account && now.Sub(p.Began) < testsWithin {
			at = append(at, p.Began)
		}
	}
	if len(at) < testsEach {
		return nil
	}
	slices.SortFunc(at, time.Time.Compare)
	return &OftenError{Wait: at[len(at)-testsEach].Add(testsWithin).Sub(now)}
}

// probesMost bounds the probes of an hour.
const probesMost = 2000

// Test sends a phone of an account a notification that says nothing but that it can be reached. It returns when the push service has answered.
// The error is ErrNone, ErrMany or *OftenError.
func (r *Reach) Test(ctx context.Context, account, endpoint, title, body string) (*Probe, error) {
	p := r.PhoneAt(account, endpoint)
	if p == nil {
		return nil, ErrNone
	}
	token := rand.Text()
	probe := &Probe{ID: rand.Text(), Began: r.o.Now(), key: keyOf(token), of: account}
	r.mu.Lock()
	if err := r.testsLeft(account, probe.Began); err != nil {
		r.mu.Unlock()
		return nil, err
	}
	if len(r.probes) >= probesMost {
		r.mu.Unlock()
		return nil, ErrMany
	}
	r.probes[probe.ID] = probe
	r.awaited[probe.key] = awaited{phone: p.ID, probe: probe.ID}
	r.mu.Unlock()
	_, err := r.push(ctx, *p, "test", notification{Title: clip(title), Body: clip(body), Lang: p.Lang, Tag: "test", Renotify: true, Data: told{token, "alerts"}})
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.probes[probe.ID]
	if kept == nil { // its hour was over meanwhile
		kept = probe
	}
	is := *kept // it may have been shown already
	if err != nil {
		is.Failed = codeOf(err)
	} else {
		is.Sent = r.o.Now()
	}
	if r.probes[probe.ID] != nil {
		r.probes[probe.ID] = &is
	}
	return &is, nil
}

// Probe gives a probe as it stands; false: there is none.
func (r *Reach) Probe(id string) (Probe, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.probes[id]; p != nil {
		return *p, true
	}
	return Probe{}, false
}

// Watch is an open page that sounds.
type Watch struct {
	Account string
	Heard   time.Time
}

// WatchLost is how long nothing may be heard of a page that sounds until it counts as closed.
const WatchLost = time.Minute

// What is known of pages is bounded: of all, and of an account, of which the page that was heard longest ago goes.
const (
	watchesMost = 5000
	watchesEach = 20
)

// Watching notes that a page that sounds is open; page tells it from others of the account.
func (r *Reach) Watching(account, page string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := account + "\x00" + page
	if _, known := r.watches[key]; !known && !r.roomFor(account) {
		return
	}
	r.watches[key] = Watch{account, r.o.Now()}
}

// roomFor makes room for another page of an account; false: there is none. The caller holds the lock.
func (r *Reach) roomFor(account string) bool {
	oldest, mine := "", 0
	for key, w := range r.watches {
		if w.Account == account {
			if mine++; oldest == "" || w.Heard.Before(r.watches[oldest].Heard) {
				oldest = key
			}
		}
	}
	if mine >= watchesEach {
		delete(r.watches, oldest)
	}
	return len(r.watches) < watchesMost
}

// watched is when a page of an account that sounds was heard last.
func (r *Reach) watched(account string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	var last time.Time
	for _, w := range r.watches {
		if w.Account == account && w.Heard.After(last) {
			last = w.Heard
		}
	}
	return last
}
