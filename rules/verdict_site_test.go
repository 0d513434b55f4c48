package rules

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding: a silent sensor alone called a whole building "breached". It breaks no rule of the protocol; what it should have measured is
// not known, as package compliance has it.
func TestASilentSensorIsNoBreachOfTheSite(t *testing.T) {
	silent := VerdictView{Rule: "silence", Class: ClassSensor, Severity: Critical, Verdict: Breached}
	late := VerdictView{Rule: "duty", Class: ClassOverdue, Severity: Info, Verdict: Breached}
	near := VerdictView{Rule: "capacity", Class: ClassBreach, Verdict: Unknown, Near: true}
	if silent.OfSite() != Unknown || late.OfSite() != Breached || near.OfSite() != Unknown {
		t.Error("got a silent sensor that is a breach, or a missed duty that is none")
	}
	drift := VerdictView{Rule: "balance", Class: ClassSensor, Severity: Critical, Verdict: Unknown, Near: true}
	if drift.OfSite() != Within {
		t.Error("got doors whose balance is too close to tell that leave a building not all measured")
	}
	if drift.NearOfSite() || !near.NearOfSite() {
		t.Error("got doors that make a building nearly full, or people that do not")
	}
	for want, all := range map[string][]VerdictView{"duty": {silent, late, near}, "capacity": {silent, drift, near}, "silence": {drift, silent}} {
		v := View{Verdicts: all}
		if w, ok := v.Worst(); !ok || w.Rule != want {
			t.Errorf("the worst: got %q, want %q", w.Rule, want)
		}
	}
	hung := VerdictView{Rule: "direction", Kind: "direction", Class: ClassSensor, Verdict: Unknown, Explanation: Explanation{Reason: ReasonUncounted}}
	within := VerdictView{Rule: "capacity", Kind: "capacity", Verdict: Within}
	v := View{Verdicts: []VerdictView{hung, within}}
	if w, ok := v.Worst(); ok {
		t.Errorf("a day on which nobody can tell how counters hang is said to be the building's worst: %q", w.Rule)
	}
	d := exact(with(mall(t), kindRule[*Silence]("silence", nil)))
	for i := range d.Site.Devices {
		d.Site.Devices[i].Interval = 5 * time.Minute
	}
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 10:00:00", in, 1)
	r.tick("2022-07-04 18:00:00")
	v = r.engine.View()
	breached := 0
	for i := range v.Verdicts {
		if v.Verdicts[i].Verdict == Breached {
			breached++
		}
	}
	if breached == 0 || v.Verdict != Unknown {
		t.Errorf("the site of %d silent devices: got %s, want unknown", breached, v.Verdict)
	}
}

// On a day on which a counter was not heard, which way round it hangs is unknown, and the building's people are known all the same.
func TestHowCountersHangIsNoStateOfTheSite(t *testing.T) {
	full := capacityRule(nil)
	full.Subjects = []string{"hall"}
	r := newRig(t, exact(with(mall(t), full, kindRule[*Direction]("direction", nil))))
	r.enter("2022-07-04 10:30:00", telemetry.Entry{ID: "c1", Kind: telemetry.EntryCount, Subject: "hall", Value: 3})
	r.read("c-main", "2022-07-04 10:31:00", in, 1)
	r.tick("2022-07-04 10:32:00")
	v := r.engine.View()
	states := map[string]Verdict{}
	for i := range v.Verdicts {
		states[v.Verdicts[i].Kind] = v.Verdicts[i].Verdict
	}
	if states["direction"] != Unknown || v.Verdict != Within {
		t.Errorf("got %v and a site that is %s, want an unknown direction and a site that is within", states, v.Verdict)
	}
}
