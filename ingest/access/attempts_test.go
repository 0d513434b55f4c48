package access_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

// clock is a time that a test moves.
type clock struct{ time.Time }

func (c *clock) now() time.Time          { return c.Time }
func (c *clock) forward(d time.Duration) { c.Time = c.Add(d) }

func newClock() *clock { return &clock{time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)} }

// Finding S9: guessing the password of one name is slowed down, and ends being so.
func TestS9_GuessingANameIsSlow(t *testing.T) {
	c := newClock()
	a := access.NewAttempts(c.now)
	guess := access.Attempt{From: access.From("192.0.2.1:4000"), Name: "door", Client: "x"}
	checked := 0
	for range 3600 * 10 { // ten tries a second for an hour
		if a.Wait(guess) == 0 {
			checked++
			a.Failed(guess)
		}
		c.forward(100 * time.Millisecond)
	}
	if checked > 75 { // five, seven while the wait grows, and one a minute
		t.Errorf("%d passwords were looked at in an hour, want at most 75", checked)
	}
	elsewhere := guess
	elsewhere.From = access.From("192.0.2.2:4000")
	if w := a.Wait(elsewhere); w != 0 {
		t.Errorf("the same name waits %v at another address", w)
	}
	if w := a.Wait(guess); w > time.Minute {
		t.Errorf("got a wait of %v, want a minute at most", w)
	}
}

// Finding S9: an address that tries many names is slowed down, too.
func TestS9_TryingNamesIsSlow(t *testing.T) {
	c := newClock()
	a := access.NewAttempts(c.now)
	checked := 0
	for i := range 60_000 { // a thousand a second for a minute
		guess := access.Attempt{From: access.From("192.0.2.1:4000"), Name: fmt.Sprint("door-", i)}
		if a.Wait(guess) == 0 {
			checked++
			a.Failed(guess)
		}
		c.forward(time.Millisecond)
	}
	if checked > 360 {
		t.Errorf("%d passwords were looked at in a minute, want at most 50 and five a second", checked)
	}
}

// Finding S9: a client that has logged in before gets in whatever others do in its name and behind its address.
func TestS9_KnownClientIsNotLockedOut(t *testing.T) {
	c := newClock()
	a := access.NewAttempts(c.now)
	from := access.From("192.0.2.1:4000")
	known := access.Attempt{From: from, Name: "door", Client: "door-1"}
	a.Succeeded(known)
	for i := range 10_000 {
		for _, name := range []string{"door", fmt.Sprint("n", i)} {
			guess := access.Attempt{From: from, Name: name, Client: "guess"}
			if a.Wait(guess) == 0 {
				a.Failed(guess)
			}
		}
	}
	if w := a.Wait(known); w != 0 {
		t.Errorf("it has to wait %v", w)
	}
	stranger := access.Attempt{From: from, Name: "door", Client: "guess"}
	if w := a.Wait(stranger); w == 0 {
		t.Error("the guesser does not have to wait")
	}
	c.forward(access.LongestWait)
	if w := a.Wait(access.Attempt{From: from, Name: "new", Client: "new"}); w != 0 {
		t.Errorf("a new client has to wait %v a minute after the guessing", w)
	}
}

// Finding S9: what is remembered of strangers is bounded.
func TestS9_AttemptsAreBounded(t *testing.T) {
	c := newClock()
	a := access.NewAttempts(c.now)
	for i := range 60_000 {
		guess := access.Attempt{From: access.From(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)), Name: fmt.Sprint(i)}
		a.Failed(guess)
		if i%4 == 0 {
			a.Succeeded(guess)
		}
		c.forward(time.Millisecond)
	}
	if n := a.Remembered(); n > 30_000 {
		t.Errorf("%d things are remembered", n)
	}
}

func TestFrom(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:99": "192.0.2.7/32", "[::ffff:192.0.2.7]:99": "192.0.2.7/32", "[2001:db8:1:2:3::4]:5": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:5": "fe80::/64", "192.0.2.7": "192.0.2.7/32", "pipe": "invalid Prefix",
	} {
		if got := access.From(remote).String(); got != want {
			t.Errorf("From(%q): got %s, want %s", remote, got, want)
		}
	}
}

// Finding S9: failures fill no log: one line a minute of each kind and subject, a bounded number in all, and a count of the rest.
func TestS9_LogLinesAreBounded(t *testing.T) {
	var out bytes.Buffer
	c := newClock()
	n := access.NewNotes(slog.New(slog.NewTextHandler(&out, nil)), c.now)
	lines := func() int { defer out.Reset(); return strings.Count(out.String(), "\n") }
	for range 1000 {
		n.Warn("login refused", "door", "credential", "door")
	}
	if got := lines(); got != 1 {
		t.Errorf("got %d lines for a thousand failures of one, want 1", got)
	}
	for i := range 10_000 {
		n.Warn("login refused", fmt.Sprint(i))
	}
	if got := lines(); got > 60 {
		t.Errorf("got %d lines for ten thousand names, want at most 60", got)
	}
	c.forward(time.Minute)
	n.Info("login refused", "door")
	if want := "left_out=9941"; !strings.Contains(out.String(), want) {
		t.Errorf("got %q, want %s", out.String(), want)
	}
}
