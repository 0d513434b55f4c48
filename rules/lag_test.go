package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding 9 (a week of ordinary life): a counter speaks for the time since its last message. The last visitors of the morning are measured
// as they come, and counted up to five minutes later; nobody comes after them.
func TestFinding9WhoIsCountedLateWasMeasured(t *testing.T) {
	for _, interval := range []time.Duration{0, 5 * time.Minute, time.Hour} {
		t.Run(interval.String(), func(t *testing.T) {
			d := screened(t, screeningRule(nil))
			for i := range d.Site.Devices {
				if d.Site.Devices[i].ID == "c-main" {
					d.Site.Devices[i].Interval = interval
				}
			}
			r := newRig(t, d)
			for i := range 6 {
				r.read("c-main", fmt.Sprintf("2022-07-04 11:%02d:00", 5*i), in, 6)
				for k := range 6 {
					r.read("thermo", fmt.Sprintf("2022-07-04 11:%02d:%02d", 5*i+1, 10*k), body, 36.5)
				}
			}
			r.read("c-main", "2022-07-04 11:30:00", in, 6)
			want := "within"
			if interval == 0 {
				want = "breached/silent" // each passage is counted as it happens: those six were not measured
			}
			for _, at := range []string{"11:41:00", "11:43:00", "11:45:00", "11:47:00"} {
				r.tick("2022-07-04 " + at)
			}
			r.wantVerdict("screening", "main", want)
			r.read("c-main", "2022-07-04 11:50:00", in, 6)
			r.tick("2022-07-04 12:06:00")
			r.wantVerdict("screening", "main", "breached/silent") // these came in when nothing was measured
		})
	}
}

// Finding 9: who is counted just after the queue closed came just before.
func TestFinding9WhoIsCountedLateCameBeforeTheQueueClosed(t *testing.T) {
	for _, interval := range []time.Duration{0, 5 * time.Minute} {
		t.Run(interval.String(), func(t *testing.T) {
			d := exact(with(mall(t), ruleOf("cutoff", nil)))
			d.Site.Hours.QueueCloses = time.Hour
			d.Measures = map[string][]telemetry.Quantity{"c-main": {in, out}, "c-back": {in, out}}
			for i := range d.Site.Devices {
				d.Site.Devices[i].Interval = 0
				if d.Site.Devices[i].ID == "c-main" {
					d.Site.Devices[i].Interval = interval
				}
			}
			r := newRig(t, d)
			for m := 0; m < 60; m += 5 {
				r.read("c-main", fmt.Sprintf("2022-07-04 14:%02d:00", m), in, 3)
				r.read("c-back", fmt.Sprintf("2022-07-04 14:%02d:01", m), in, 0)
			}
			r.read("c-main", "2022-07-04 15:02:00", in, 3)
			r.tick("2022-07-04 15:10:00")
			want := map[bool]string{true: "breached", false: "within/pending"}[interval == 0]
			r.wantVerdict("cutoff", "mpp", want)
			r.read("c-main", "2022-07-04 15:15:00", in, 0)
			r.tick("2022-07-04 15:20:00")
			r.wantVerdict("cutoff", "mpp", "within")
			r.read("c-main", "2022-07-04 15:21:00", in, 3)
			r.tick("2022-07-04 15:30:00")
			r.wantVerdict("cutoff", "mpp", "breached")
		})
	}
}

// Finding 9: the counts of a dispenser age at any second, and the rule looks at whole minutes. It is asked again at the next of them;
// until then each nanosecond was another deadline, and Apply gave up (ErrNoProgress).
func TestFinding9CountsThatAgeBetweenMinutesAreAskedAboutAtTheNext(t *testing.T) {
	for _, rest := range []time.Duration{0, time.Nanosecond, 43 * time.Second, time.Minute - 1} {
		t.Run(rest.String(), func(t *testing.T) {
			d := exact(with(mall(t), ruleOf("hygiene", func(p Params) { p.(*Hygiene).Stale, p.(*Hygiene).People = time.Hour+rest, 1 })))
			d.Site.Devices = append(d.Site.Devices, facility.Device{ID: "gel", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}})
			d.Measures = map[string][]telemetry.Quantity{"gel": {telemetry.Dispensed}, "c-main": {in, out}, "c-back": {in, out}}
			r := newRig(t, d)
			r.read("c-main", "2022-07-04 11:00:05", in, 6)
			r.read("gel", "2022-07-04 11:00:10", telemetry.Dispensed, 3)
			r.read("c-main", "2022-07-04 11:00:15", in, 6)
			r.tick("2022-07-04 13:00:00")
			if n := r.engine.work.steps; n > 1000 {
				t.Errorf("%d questions in two hours", n)
			}
		})
	}
}
