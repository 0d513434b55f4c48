package alerts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// callDay is when the alerts of these tests open.
var callDay = telemetry.InstantOf(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))

func second(s int) telemetry.Instant { return callDay.Add(time.Duration(s) * time.Second) }

// escalated is a book whose sites call guards at once, managers after a minute unless it was shown, and a siren two minutes later; ten minutes
// later it begins again.
func escalated(open ...Alert) *Book {
	b := NewBook(open, nil)
	b.Plan(func(string) *facility.Escalation {
		return &facility.Escalation{Repeat: 10 * time.Minute, Steps: []facility.Call{
			{Role: "security"}, {Role: "manager", After: time.Minute, Unless: facility.UntilShown}, {Channel: "sirene", After: 2 * time.Minute},
		}}
	})
	return b
}

func raisedNow(at telemetry.Instant, severity rules.Severity) *rules.Alarm {
	return &rules.Alarm{Site: "mall", Rule: "capacity", Kind: "capacity", Class: rules.ClassBreach, Severity: severity, Phase: rules.Firing, Subject: rules.Subject{Kind: rules.SubjectZone, ID: "hall"}, At: at}
}

// course runs a book second by second and writes down what it changes, as "second what step".
func course(b *Book, from, until int, dst []string) []string {
	for s := from; s <= until; s++ {
		for _, c := range b.Tick(second(s), nil) {
			dst = append(dst, written(&c))
		}
	}
	return dst
}

func written(c *Change) string {
	line := fmt.Sprintf("%d %s", int(c.At.Sub(callDay)/time.Second), c.What)
	if n := len(c.Alert.Calls); c.What == Called && n > 0 {
		x := c.Alert.Calls[n-1]
		line += fmt.Sprintf(" %d.%d %s%s", x.Round, x.Step, x.Role, x.Channel)
	}
	return line
}

func writtenAll(changes []Change) (all []string) {
	for i := range changes {
		all = append(all, written(&changes[i]))
	}
	return all
}

func sameLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "; "), strings.Join(want, "; "))
	}
}

// Nobody sees it: each step comes at its time, the first in the commit that opens the alert, and it begins again until it ends.
func TestEscalationCallsOneAfterAnother(t *testing.T) {
	b := escalated()
	got := writtenAll(b.Alarm(raisedNow(callDay, rules.Critical), nil))
	got = course(b, 1, 850, got)
	sameLines(t, "nobody sees it", got, "0 opened", "0 called 1.1 security", "60 called 1.2 manager", "180 called 1.3 sirene", "780 called 2.1 security", "840 called 2.2 manager")
	over := raisedNow(second(860), rules.Critical)
	over.Phase = rules.Quiet
	b.Alarm(over, nil)
	sameLines(t, "when it is over", course(b, 861, 3000, nil))
	sameLines(t, "what is a note calls nobody", writtenAll(escalated().Alarm(raisedNow(callDay, rules.Info), nil)), "0 opened")
}

// What was shown passes the step that waits for that; what is acknowledged calls nobody, and calls again once nobody works on it any more.
func TestEscalationEndsWhenSomebodySeesToIt(t *testing.T) {
	b := escalated()
	opened := b.Alarm(raisedNow(callDay, rules.Critical), nil)
	id := opened[0].Alert.ID
	shown := Report{Alert: id, Call: 1, Delivery: Delivery{Key: "k", To: "Siti", Via: ViaPush, Sent: second(1), Shown: second(2)}}
	sameLines(t, "it is shown", writtenAll(b.Reached([]Report{shown}, second(2), nil)), "2 shown")
	sameLines(t, "told once more", writtenAll(b.Reached([]Report{shown}, second(3), nil)))
	sameLines(t, "the manager is passed", course(b, 3, 200, nil), "180 called 1.3 sirene")
	if a := b.Open()[0]; a.Shown != second(2) || a.Looked != 0 || !a.Sounds("sirene") {
		t.Errorf("after the siren: shown %v, opened %v, sounds %t", a.Shown, a.Looked, a.Sounds("sirene"))
	}
	ack := &telemetry.Record{Kind: telemetry.KindEntry, Site: "mall", At: second(210), Entry: &telemetry.Entry{ID: "e", Kind: telemetry.EntryAcknowledge, Author: "Siti", Subject: id, Until: second(510)}}
	b.Entry(ack, nil)
	if a := b.Open()[0]; a.Sounds("sirene") {
		t.Error("the siren sounds although somebody is on it")
	}
	sameLines(t, "while somebody is on it, and after", course(b, 211, 580, nil), "510 expired", "510 called 2.1 security", "570 called 2.2 manager")
}

// Kill and restart at every second: the book that goes on with what the journal has calls neither twice nor too few, and knows what was shown.
func TestEscalationGoesOnAfterARestart(t *testing.T) {
	want := course(escalatedFiring(t), 1, 850, nil)
	b := escalatedFiring(t)
	var got []string
	for s := 1; s <= 850; s++ {
		got = course(b, s, s, got)
		stored := b.Open()
		for i := range stored { // as it comes out of the journal
			text, err := Encode(&stored[i])
			if err != nil {
				t.Fatal(err)
			}
			if err := Decode(text, &stored[i]); err != nil {
				t.Fatal(err)
			}
		}
		b = escalated(stored...)
	}
	sameLines(t, "restarted every second", got, want...)

	// One that was away for long calls the next step at once, and the others at their distance: none is left out, none comes in a heap.
	b = escalatedFiring(t)
	stored := b.Open()
	sameLines(t, "away for an hour", course(escalated(stored...), 3600, 3800, nil), "3600 called 1.2 manager", "3720 called 1.3 sirene")
}

func escalatedFiring(t *testing.T) *Book {
	t.Helper()
	b := escalated()
	b.Alarm(raisedNow(callDay, rules.Critical), nil)
	return b
}

// An alert that is silenced, or whose rule is kept again for now, calls nobody meanwhile.
func TestEscalationIsStillWhileThereIsNothingToDo(t *testing.T) {
	b := escalatedFiring(t)
	id := b.Open()[0].ID
	v := []rules.VerdictView{{Rule: "capacity", Kind: "capacity", Class: rules.ClassBreach, Phase: rules.Firing, Subject: rules.Subject{Kind: rules.SubjectZone, ID: "hall"}, Verdict: rules.Within, Since: second(10)}}
	b.Refresh("mall", v, second(10), nil)
	sameLines(t, "while it is kept again", course(b, 11, 100, nil))
	v[0].Verdict = rules.Breached
	b.Refresh("mall", v, second(101), nil)
	sameLines(t, "broken once more", course(b, 101, 110, nil), "101 called 1.2 manager")
	silence := &telemetry.Record{Kind: telemetry.KindEntry, Site: "mall", At: second(120), Entry: &telemetry.Entry{ID: "s", Kind: telemetry.EntrySilence, Author: "Ibu", Reason: "x", Subject: id, Until: second(300)}}
	b.Entry(silence, nil)
	sameLines(t, "while it is silenced", course(b, 121, 310, nil), "300 loud", "300 called 2.1 security")
}

// A clock that is set back keeps how long a step waits.
func TestEscalationKeepsItsTimesWhenTheClockIsSet(t *testing.T) {
	b := escalatedFiring(t)
	b.SetClock(second(-3600), nil)
	sameLines(t, "an hour earlier", course(b, -3600, -3530, nil), "-3540 called 1.2 manager")
}

// A clock that is set back by hours makes no drill longer, whose siren would sound on.
func TestADrillEndsWhenTheClockIsSetBack(t *testing.T) {
	b := escalated()
	e := &telemetry.Entry{ID: "d1", Kind: telemetry.EntryDrill, Author: "Ibu Rina", Reason: "latihan", Until: second(600)}
	b.Entry(&telemetry.Record{Kind: telemetry.KindEntry, Site: "mall", At: second(0), Entry: e}, nil)
	b.SetClock(second(-6*3600), nil)
	if until := b.Open()[0].Drill.Until; until != second(600-6*3600) {
		t.Errorf("it ends at %v, want ten minutes after the clock was set, %v", until, second(600-6*3600))
	}
}

// A drill is an alert of its own kind that goes the same way, survives a new configuration, ends by itself or by hand, and never twice at once.
func TestDrill(t *testing.T) {
	b := escalated()
	entry := func(id string, at int, change func(*telemetry.Entry)) []Change {
		e := &telemetry.Entry{ID: id, Kind: telemetry.EntryDrill, Author: "Ibu Rina", Claimed: true, Reason: "latihan bulanan", Until: second(at + 600)}
		if change != nil {
			change(e)
		}
		return b.Entry(&telemetry.Record{Kind: telemetry.KindEntry, Site: "mall", At: second(at), Entry: e}, nil)
	}
	first := entry("d1", 0, nil)
	sameLines(t, "it begins", writtenAll(first), "0 opened", "0 called 1.1 security")
	a := first[0].Alert
	if a.Drill == nil || a.Drill.By != "Ibu Rina" || a.Drill.Until != second(600) || a.Drill.Siren || a.Kind != KindDrill || !a.Urgent() {
		t.Fatalf("the drill's alert: %+v", a)
	}
	sameLines(t, "another one at once", writtenAll(entry("d2", 5, nil)))
	def := &rules.Definition{Site: facility.Site{ID: "mall"}}
	sameLines(t, "a new configuration", writtenAll(b.Configure(def, second(6), nil)))
	sameLines(t, "judged anew", writtenAll(b.Reconcile("mall", nil, second(7), nil)))
	sameLines(t, "it ends by itself", course(b, 10, 700, nil), "60 called 1.2 manager", "180 called 1.3 sirene", "600 resolved")
	entry("d3", 1000, func(e *telemetry.Entry) { e.Item = DrillWithSiren })
	if d := b.Open()[0].Drill; !d.Siren {
		t.Error("the siren was not chosen")
	}
	over := entry("d4", 1010, func(e *telemetry.Entry) { e.Ends, e.Author = "d3", "Budi" })
	if len(over) != 1 || over[0].What != Resolved || over[0].Alert.Drill.Ended != "Budi" || b.Len() != 0 {
		t.Errorf("ended by hand: %+v", over)
	}
	texts, err := NewTexts()
	if err != nil {
		t.Fatal(err)
	}
	a.SiteName = "Mal"
	for lang, mark := range map[string]string{"id": "LATIHAN", "en": "DRILL"} {
		title, text, todo := texts.Explain(lang, &a)
		if !strings.HasPrefix(title, mark) || !strings.Contains(text, "Ibu Rina") || todo == "" {
			t.Errorf("%s: %q %q %q", lang, title, text, todo)
		}
		if title, body := texts.Brief(lang, &a); !strings.HasPrefix(title, mark) || strings.Contains(title+body, "Rina") || strings.Contains(body, "bulanan") {
			t.Errorf("on a lock screen in %s: %q %q, want nobody's name", lang, title, body)
		}
	}
}

// A step that names a receiver of Alertmanager is a notice with a label more, and ends with the alert.
func TestEscalationToAReceiver(t *testing.T) {
	a := Alert{ID: "x", Site: "mall", Rule: "r", Opened: callDay, Severity: rules.Critical, Calls: []Call{{Number: 1, Receiver: "kepala"}, {Number: 2, Receiver: "kepala"}}}
	texts, err := NewTexts()
	if err != nil {
		t.Fatal(err)
	}
	n := notices{gateway: "g", texts: texts, ends: time.Minute}
	got := n.escalated(&a, callDay.Time())
	if len(got) != 1 || got[0].Labels["escalation"] != "kepala" || got[0].Labels["alertname"] != "r" {
		t.Fatalf("notices: %+v, want one for the receiver", got)
	}
	a.Resolved = second(10)
	if got := n.escalated(&a, second(20).Time()); !got[0].Ends.Equal(second(10).Time()) {
		t.Errorf("when it is over it ends at %v", got[0].Ends)
	}
}
