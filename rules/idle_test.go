package rules

import (
	"fmt"
	"slices"
	"testing"
)

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

// A thermometer that falls silent before the day's first visitor waits for nobody any more: history tells the two apart, though the
// verdict is unknown all the time, and the record says when it could be known.
func TestNothingToJudgeIsNotIgnorance(t *testing.T) {
	r := newRig(t, with(mall(t), feverRule(nil)))
	r.read("thermo", "2022-07-04 09:00:00", body, 36.5)
	r.tick("2022-07-04 20:00:00")
	r.out.Reset()
	r.tick("2022-07-05 20:00:00")
	var got []string
	for _, x := range r.out.Transitions {
		got = append(got, fmt.Sprintf("%s %s %t>%t %s told %s", x.At.In(r.loc).Format("15:04"), x.To, x.FromIdle, x.Idle, x.Explanation.Reason, x.Told.In(r.loc).Format("15:04")))
	}
	want := []string{"12:00 unknown true>false silent told 20:00", "16:00 unknown false>true closed told 20:00"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	b, err := r.engine.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	back := New("mpp")
	if err := back.Restore(b); err != nil {
		t.Fatal(err)
	}
	for k, i := range back.instances {
		if !slices.Equal(i.past, r.engine.instances[k].past) {
			t.Errorf("%s after a restart: %+v, want %+v", i.rule, i.past, r.engine.instances[k].past)
		}
	}
}
