package rules

import (
	"testing"
	"time"
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
	d := exact(with(mall(t), kindRule[*Silence]("silence", nil)))
	for i := range d.Site.Devices {
		d.Site.Devices[i].Interval = 5 * time.Minute
	}
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 10:00:00", in, 1)
	r.tick("2022-07-04 18:00:00")
	v := r.engine.View()
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
