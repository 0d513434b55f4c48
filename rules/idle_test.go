package rules

import "testing"

// Finding N3: a building that is closed is not an unknown one. Nobody is measured at night, the thermometer's verdict says so, and the
// site keeps to what is judged; while it is open, a thermometer that says nothing makes it unknown.
func TestN3ClosedIsNotUnknown(t *testing.T) {
	r := newRig(t, with(mall(t), feverRule(nil), capacityRule(nil)))
	r.read("c-main", "2022-07-04 07:00:00", in, 0, out, 0)
	r.read("c-back", "2022-07-04 07:00:00", in, 0, out, 0)
	r.read("c-inner", "2022-07-04 07:00:00", in, 0, out, 0)
	r.read("thermo", "2022-07-04 09:00:00", body, 36.5)
	for _, tt := range []struct {
		at, fever string
		site      Verdict
	}{
		{"2022-07-04 09:00:00", "within", Within},
		{"2022-07-04 14:00:00", "unknown/silent", Unknown},
		{"2022-07-04 20:00:00", "unknown/closed", Within},
		{"2022-07-05 08:00:00", "unknown/pending", Within},
	} {
		r.tick(tt.at)
		r.wantVerdict("fever", "thermo", tt.fever)
		if got := r.engine.View().Verdict; got != tt.site {
			t.Errorf("%s: the site is %s, want %s", tt.at, got, tt.site)
		}
	}
}
