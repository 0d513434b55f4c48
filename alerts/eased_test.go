package alerts

import (
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// An open alert told the past in the present tense ("8 to 11 people; limit 5. Hold the queue") with three people inside.
func TestAnEasedAlertSaysWhatWasAndWhatIs(t *testing.T) {
	people := func(v, low, high float64) rules.Explanation {
		return rules.Explanation{Value: v, Low: low, High: high, HasRange: true, HasValue: true, Limit: 5, HasLimit: true, Unit: "1", Constraint: "declared"}
	}
	hall := rules.Subject{Kind: rules.SubjectZone, ID: "hall"}
	b := NewBook(nil, namesOf(Description{SubjectName: "Lobi", SiteName: "MPP", Timezone: "Asia/Jakarta"}))
	b.Alarm(&rules.Alarm{Site: "magetan", Rule: "capacity", Kind: "capacity", Class: rules.ClassBreach, Subject: hall, At: t0, Phase: rules.Firing, Explanation: people(9, 8, 11)}, nil)
	view := func(v rules.Verdict, x rules.Explanation, since, ends time.Duration) []rules.VerdictView {
		w := rules.VerdictView{Rule: "capacity", Kind: "capacity", Class: rules.ClassBreach, Subject: hall, Verdict: v, Phase: rules.Firing, Since: after(since), Explanation: x}
		if ends != 0 {
			w.AlarmEnds = after(ends)
		}
		return []rules.VerdictView{w}
	}
	texts := sampleTexts(t)
	changes := b.Refresh("magetan", view(rules.Within, people(3, 3, 4), 20*time.Second, 5*time.Minute), after(21*time.Second), nil)
	if got := steps(changes); got != "updated" {
		t.Fatalf("steps are %q, want that people are told", got)
	}
	for lang, want := range map[string][]string{
		"en": {"Too full: Lobi, MPP (kept again)", "Breached until 08:00 WIB, at worst 8–11 people. Now: 3–4 people inside; limit 5", "The alert ends by itself at 08:05 WIB"},
		"id": {"Terlalu penuh: Lobi, MPP (kini sudah sesuai)", "Melanggar sampai 08.00 WIB, terburuk 8–11 orang. Kini: Ada 3–4 orang; batas 5", "Peringatan berakhir sendiri 08.05 WIB"},
	} {
		title, text, todo := texts.Explain(lang, &b.Open()[0])
		if title != want[0] || !strings.Contains(text, want[1]) || !strings.Contains(text, want[2]) || todo != "" {
			t.Errorf("%s: got %q, %q, %q; want %q and nothing to do", lang, title, text, todo, want)
		}
	}
	// The same again is no news, nor is what swings around the limit more often than once a minute.
	changes = b.Refresh("magetan", view(rules.Within, people(3, 3, 4), 20*time.Second, 5*time.Minute), after(50*time.Second), nil)
	changes = b.Refresh("magetan", view(rules.Breached, people(7, 6, 9), 51*time.Second, 0), after(51*time.Second), changes)
	changes = b.Refresh("magetan", view(rules.Within, people(4, 3, 5), 52*time.Second, 6*time.Minute), after(52*time.Second), changes)
	if got := steps(changes); got != "updated" || b.Open()[0].Eased != nil {
		t.Errorf("steps are %q, eased %v; want one: it is broken again", got, b.Open()[0].Eased)
	}
	b.Refresh("magetan", view(rules.Within, people(4, 3, 5), 52*time.Second, 0), after(3*time.Minute), nil)
	if _, text, _ := texts.Explain("en", &b.Open()[0]); !strings.Contains(text, "ends when the value is far enough") {
		t.Errorf("got %q, want what ends it: the hysteresis", text)
	}
	end := &rules.Alarm{Site: "magetan", Rule: "capacity", Kind: "capacity", Class: rules.ClassBreach, Subject: hall, At: after(9 * time.Minute), Phase: rules.Quiet, Explanation: people(2, 2, 3)}
	if a := b.Alarm(end, nil)[0].Alert; a.Eased != nil || a.Open() {
		t.Errorf("got %+v, want a past alert that is no longer called eased", a)
	}
}

// The worst of an open alert was told only where it was far from the present value.
func TestTheWorstOfAnOpenAlertIsTold(t *testing.T) {
	b := NewBook(nil, nil)
	x := func(v float64) *rules.Explanation {
		return &rules.Explanation{Value: v, Low: v - 1, High: v + 1, HasRange: true, Limit: 24, HasValue: true, HasLimit: true, Unit: "1", Constraint: "declared"}
	}
	b.openAlert(Alert{Site: "magetan", Rule: "r", Kind: "capacity", Class: rules.ClassBreach, Opened: t0, Explanation: *x(39)}, nil)
	a := b.Open()[0]
	a.Explanation = *x(38)
	if _, text, _ := sampleTexts(t).Explain("en", &a); !strings.Contains(text, "At worst so far 38–40 people") {
		t.Errorf("got %q, want the worst", text)
	}
}

// namesOf are the names of whatever is asked for.
type namesOf Description

func (n namesOf) Describe(string, string, rules.Subject) Description { return Description(n) }
