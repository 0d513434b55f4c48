package rules

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// An outline says of a site what its verdicts say, to those who do not look at each.
func TestAnOutlineSaysWhatTheVerdictsSay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 500 {
		v := View{Site: "s"}
		for i := range random.IntN(4) {
			d := DeviceView{ID: fmt.Sprint("d", i)}
			if random.IntN(2) == 0 {
				d.LastSeen = 7
			}
			v.Devices = append(v.Devices, d)
		}
		for range random.IntN(6) {
			w := VerdictView{
				Class: []Class{ClassBreach, ClassSensor}[random.IntN(2)], Severity: []Severity{Critical, Warning, Info}[random.IntN(3)],
				Subject: Subject{[]SubjectKind{SubjectZone, SubjectDevice}[random.IntN(2)], fmt.Sprint("d", random.IntN(4))},
				Verdict: Verdict(random.IntN(3) - 1), Since: 1,
			}
			if w.Verdict == Unknown {
				w.Near = random.IntN(2) == 0
				w.Explanation.Reason = []Reason{ReasonClosed, ReasonNoData, ReasonNear}[random.IntN(3)]
			}
			v.Verdicts = append(v.Verdicts, w)
		}
		short := v.Outlined()
		if short.Verdicts != nil || v.Outline != nil {
			t.Fatalf("round %d: the outline has verdicts, or the view an outline", round)
		}
		worst, ok := v.Worst()
		again, also := short.Worst()
		if ok != also || !reflect.DeepEqual(worst, again) {
			t.Errorf("round %d: worst: got %+v, want %+v", round, again, worst)
		}
		if got, want := short.Unheard(), v.Unheard(); !reflect.DeepEqual(got, want) {
			t.Errorf("round %d: unheard: got %v, want %v", round, got, want)
		}
		if got, want := short.Counts(), v.Counts(); got != want {
			t.Errorf("round %d: counts: got %+v, want %+v", round, got, want)
		}
		if twice := short.Outlined(); !reflect.DeepEqual(twice, short) {
			t.Errorf("round %d: the outline of an outline is another", round)
		}
	}
}

// A thermometer of which little is known yet, and a device that is maintained, are heard.
func TestWhoIsHeardIsNotUnheard(t *testing.T) {
	device := func(id, kind string, verdict Verdict, reason Reason) VerdictView {
		return VerdictView{Kind: kind, Class: ClassSensor, Subject: Subject{SubjectDevice, id}, Verdict: verdict, Explanation: Explanation{Reason: reason}}
	}
	v := View{Verdicts: []VerdictView{
		device("new", "credibility", Unknown, ReasonFew), device("wrong", "credibility", Breached, ""),
		device("maintained", "silence", Unknown, ReasonMaintenance), device("silent", "silence", Breached, ReasonSilent), device("never", "silence", Unknown, ReasonNoData),
	}}
	if got, want := v.Unheard(), []string{"never", "silent", "wrong"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
