package alerts

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// recorded is what a journal has of the changes that a book made: the newest of each alert.
type recorded map[string]Alert

func (r recorded) take(changes []Change) []Change {
	for i := range changes {
		r[changes[i].Alert.ID] = changes[i].Alert
	}
	return changes
}

// restarted is the book after a restart.
func (r recorded) restarted() *Book {
	var all []Alert
	for _, a := range r {
		all = append(all, a)
	}
	return NewBook(all, nil)
}

// A silence that was ended, ran out or was followed by another does not come back after a restart, also where an alert was resolved in it.
func TestAnEndedSilenceStaysEnded(t *testing.T) {
	begin := telemetry.Instant(1e18)
	at := func(d time.Duration) telemetry.Instant { return begin.Add(d) }
	silence := func(id, name string, from, long time.Duration) *telemetry.Record {
		return deed(telemetry.EntrySilence, id, at(from), func(e *telemetry.Entry) { e.ID, e.Until = name, at(from+long) })
	}
	end := func(name string, when time.Duration) *telemetry.Record {
		return deed(telemetry.EntrySilence, "", at(when), func(e *telemetry.Entry) { e.ID, e.Ends = "end", name })
	}
	quiet := func(when time.Duration) *rules.Alarm {
		a := firing("heard", rules.Warning, at(when))
		a.Phase = rules.Quiet
		return a
	}
	loud := func(when time.Duration) *rules.Alarm { return firing("heard", rules.Warning, at(when)) }
	for name, story := range map[string]func(b *Book, r recorded, id string){
		"ended while it is resolved": func(b *Book, r recorded, _ string) {
			r.take(b.Alarm(quiet(time.Minute), nil))
			got := r.take(b.Entry(end("one", 3*time.Minute), nil))
			if len(got) != 1 || got[0].What != Loud || got[0].Alert.Open() {
				t.Errorf("ending: %+v, want the resolved alert's silence to end", got)
			}
		},
		"ended behind two that were resolved": func(b *Book, r recorded, _ string) {
			for i := range 2 {
				r.take(b.Alarm(quiet(time.Duration(2*i+1)*time.Minute), nil))
				r.take(b.Alarm(loud(time.Duration(2*i+2)*time.Minute), nil))
			}
			r.take(b.Alarm(quiet(10*time.Minute), nil))
			r.take(b.Entry(end("one", 11*time.Minute), nil))
		},
		"ended after a restart": func(b *Book, r recorded, _ string) {
			r.take(b.Alarm(quiet(time.Minute), nil))
			r.take(r.restarted().Entry(end("one", 3*time.Minute), nil))
		},
		"ended while it is open again": func(b *Book, r recorded, _ string) {
			r.take(b.Alarm(quiet(time.Minute), nil))
			r.take(b.Alarm(loud(2*time.Minute), nil))
			r.take(b.Entry(end("one", 3*time.Minute), nil))
			r.take(b.Alarm(quiet(4*time.Minute), nil))
		},
		"followed by one that ran out": func(b *Book, r recorded, _ string) {
			r.take(b.Alarm(quiet(time.Minute), nil))
			next := r.take(b.Alarm(loud(2*time.Minute), nil))
			r.take(b.Entry(silence(next[0].Alert.ID, "two", 3*time.Minute, 10*time.Minute), nil))
			r.take(b.Tick(at(13*time.Minute), nil))
			r.take(b.Alarm(quiet(14*time.Minute), nil))
		},
	} {
		b, r := NewBook(nil, nil), recorded{}
		id := r.take(b.Alarm(loud(0), nil))[0].Alert.ID
		r.take(b.Entry(silence(id, "one", 0, 150*time.Hour), nil))
		story(b, r, id)
		if got := r.restarted().Alarm(loud(time.Hour), nil); got[len(got)-1].Alert.Silenced != nil {
			t.Errorf("%s: after a restart it is silenced again: %+v", name, got[0].Alert.Silenced)
		}
	}
}

// That the silence of a resolved alert is over says nothing to a router or a sign: another alert of the same may be open.
func TestTheEndOfAResolvedAlertsSilenceIsForTheRecord(t *testing.T) {
	begin := telemetry.Instant(1e18)
	b := NewBook(nil, nil)
	id := b.Alarm(firing("heard", rules.Warning, begin), nil)[0].Alert.ID
	b.Entry(deed(telemetry.EntrySilence, id, begin, func(e *telemetry.Entry) { e.ID, e.Until = "one", begin.Add(time.Hour) }), nil)
	quiet := firing("heard", rules.Warning, begin.Add(time.Minute))
	quiet.Phase = rules.Quiet
	changes := b.Entry(deed(telemetry.EntrySilence, "", begin.Add(2*time.Minute), func(e *telemetry.Entry) { e.Ends = "one" }), b.Alarm(quiet, nil))
	if s := Signals(changes, nil); len(changes) != 2 || len(s) != 1 || len(s[0].Payload) != 0 {
		t.Errorf("signals of %d changes: %+v, want the one that clears the alert", len(changes), s)
	}
	open := firing("heard", rules.Warning, begin.Add(3*time.Minute))
	r := &Resender{levels: map[key]*level{}, poke: make(chan struct{}, 1)}
	r.Notify(b.Alarm(open, nil))
	r.Notify(changes[1:])
	if l := r.levels[key{"mall", "heard", open.Subject}]; l == nil || !l.alert.Open() {
		t.Errorf("the router is told that %+v, want the open alert", l)
	}
}

// What was silenced as a warning and is critical by now is covered for as long as something critical may be, and no longer.
func TestASilenceOfAWarningDoesNotCoverWhatIsCritical(t *testing.T) {
	begin := telemetry.Instant(1e18)
	for _, c := range []struct {
		again  time.Duration
		silent bool
	}{{30 * time.Minute, true}, {2 * time.Hour, false}} {
		b, r := NewBook(nil, nil), recorded{}
		id := r.take(b.Alarm(firing("heard", rules.Warning, begin), nil))[0].Alert.ID
		r.take(b.Entry(deed(telemetry.EntrySilence, id, begin, func(e *telemetry.Entry) { e.ID, e.Until = "one", begin.Add(150*time.Hour) }), nil))
		quiet := firing("heard", rules.Warning, begin.Add(time.Minute))
		quiet.Phase = rules.Quiet
		r.take(b.Alarm(quiet, nil))
		for name, b := range map[string]*Book{"the same run": b, "after a restart": r.restarted()} {
			got := b.Alarm(firing("heard", rules.Critical, begin.Add(c.again)), nil)
			s := got[len(got)-1].Alert.Silenced
			if (s != nil) != c.silent || s != nil && s.Until != begin.Add(MaxCriticalSilence) {
				t.Errorf("%s, critical after %v: %+v, want it silenced: %v, for an hour at most", name, c.again, s, c.silent)
			}
			if c.silent && b.Due() != begin.Add(MaxCriticalSilence) {
				t.Errorf("%s: due %v", name, b.Due())
			}
		}
	}
}

// A router's silence says what it comes from, and is known again as ours.
func TestTheCommentOfASilenceSaysWhatItIs(t *testing.T) {
	now := telemetry.Instant(1e18)
	ack := Alert{ID: "a1", Ack: &Acknowledgement{Reason: "servis", Until: now.Add(time.Hour)}}
	silenced := Alert{ID: "a1", Silenced: &Silencing{Reason: "servis", Until: now.Add(time.Hour)}}
	for want, a := range map[string]*Alert{"gerbang acknowledgement a1: servis": &ack, "gerbang silence a1: servis": &silenced} {
		got := silenceComment(a, hush(a, now))
		if id, ours := silencedAlert(got); got != want || id != "a1" || !ours {
			t.Errorf("%q (alert %q, ours: %v), want %q", got, id, ours, want)
		}
	}
}
