package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// cases renders the cases of a view, one line each, in local time.
func (r *rig) cases() []string {
	var all []string
	clock := func(at telemetry.Instant) string { return at.In(r.loc).Format("15:04:05") }
	for _, c := range r.engine.View().Cases {
		line := fmt.Sprintf("%s %s %s %v %s", clock(c.Opened), c.Door, c.Device, c.Value, c.State)
		if c.Checked != 0 {
			line += fmt.Sprintf(" %v at %s", c.Second, clock(c.Checked))
		}
		if c.Closed != 0 {
			line += fmt.Sprintf(" closed %s by %s %s", clock(c.Closed), c.How, c.Outcome)
		}
		all = append(all, strings.TrimSpace(line))
	}
	return all
}

func (r *rig) wantCases(want ...string) {
	r.t.Helper()
	if got := r.cases(); !slices.Equal(got, want) {
		r.t.Errorf("cases:\n got %q\nwant %q", got, want)
	}
}

// caseAt is the id of the n-th case.
func (r *rig) caseAt(n int) string {
	r.t.Helper()
	all := r.engine.View().Cases
	if n >= len(all) {
		r.t.Fatalf("%d cases, want one at %d", len(all), n)
	}
	return all[n].ID
}

func (r *rig) ended(at, id string, o Outcome) {
	r.t.Helper()
	r.enter(at, telemetry.Entry{ID: at + id, Kind: telemetry.EntryOutcome, Subject: id, Text: string(o)})
}

// Several visitors wait at one door: each second reading is of the oldest that is due, and the alert ends with the last case.
func TestSecondCheckIsOfTheOldestThatIsDue(t *testing.T) {
	r := newRig(t, with(mall(t), feverRule(nil)))
	r.read("thermo", "2022-07-04 09:00:00", body, 38.1)
	r.read("thermo", "2022-07-04 09:01:00", body, 37.9)
	r.read("thermo", "2022-07-04 09:02:00", body, 39.0)
	r.read("thermo", "2022-07-04 09:03:00", body, 36.3)
	r.wantCases("09:00:00 main thermo 38.1 waiting", "09:01:00 main thermo 37.9 waiting", "09:02:00 main thermo 39 waiting")
	if x := r.explanation("fever", "thermo"); !slices.Contains(x.Inputs, Input{Name: InputCases, Value: 3, Unit: "1"}) || !slices.Contains(x.Inputs, Input{Name: InputRecheck, Value: -2, Unit: "min"}) {
		t.Errorf("inputs: got %+v, want three cases, the second check in two minutes", x.Inputs)
	}
	r.read("thermo", "2022-07-04 09:05:10", body, 36.6)
	r.read("thermo", "2022-07-04 09:06:20", body, 38.0)
	r.wantCases("09:00:00 main thermo 38.1 closed 36.6 at 09:05:10 closed 09:05:10 by reading cleared", "09:01:00 main thermo 37.9 confirmed 38 at 09:06:20",
		"09:02:00 main thermo 39 waiting")
	r.wantVerdict("fever", "thermo", "breached/confirmed")
	r.ended("2022-07-04 09:07:30", r.caseAt(1), Refused)
	r.wantVerdict("fever", "thermo", "breached/due")
	r.ended("2022-07-04 09:08:00", r.caseAt(2), Unmeasured)
	r.wantVerdict("fever", "thermo", "within")
	r.wantCases("09:00:00 main thermo 38.1 closed 36.6 at 09:05:10 closed 09:05:10 by reading cleared",
		"09:01:00 main thermo 37.9 closed 38 at 09:06:20 closed 09:07:30 by person refused", "09:02:00 main thermo 39 closed closed 09:08:00 by person unmeasured")
	r.wantAlarms("09:00:00 fever device/thermo firing", "09:08:00 fever device/thermo quiet")
}

// What a person says has the last word on how a case ended, and does not open it again.
func TestAPersonCorrectsAnOutcome(t *testing.T) {
	r := newRig(t, with(mall(t), feverRule(nil)))
	r.read("thermo", "2022-07-04 09:00:00", body, 38.1)
	r.read("thermo", "2022-07-04 09:05:10", body, 36.6) // of the next visitor
	r.ended("2022-07-04 09:06:00", r.caseAt(0), Refused)
	r.wantCases("09:00:00 main thermo 38.1 closed 36.6 at 09:05:10 closed 09:05:10 by reading refused")
	r.ended("2022-07-04 09:06:10", "thermo-1", Cleared)
	r.ended("2022-07-04 09:06:20", "nonsense", Cleared)
	r.ended("2022-07-04 09:06:30", r.caseAt(0), "maybe")
	r.wantCases("09:00:00 main thermo 38.1 closed 36.6 at 09:05:10 closed 09:05:10 by reading refused")
	r.tick("2022-07-11 23:59:59")
	if got := len(r.cases()); got != 0 {
		t.Errorf("on the eighth day: %d cases, want none", got)
	}
}

// A second thermometer at the same door makes the second check, one at another door does not.
func TestSecondCheckAtTheSameDoor(t *testing.T) {
	d := with(mall(t), feverRule(nil))
	hand, back := d.Site.Devices[3], d.Site.Devices[3]
	hand.ID, back.ID, back.Place.ID = "hand", "there", "back"
	d.Site.Devices = append(d.Site.Devices, hand, back)
	r := newRig(t, d)
	r.read("thermo", "2022-07-04 09:00:00", body, 38.1)
	r.read("there", "2022-07-04 09:05:10", body, 36.6)
	r.wantVerdict("fever", "thermo", "breached/due")
	r.read("hand", "2022-07-04 09:05:20", body, 36.6)
	r.wantVerdict("fever", "thermo", "within")
	r.wantCases("09:00:00 main thermo 38.1 closed 36.6 at 09:05:20 closed 09:05:20 by reading cleared")
}

// A case that comes late revises the past and asks nobody to act on it.
func TestLateCaseRaisesNoAlarm(t *testing.T) {
	r := newRig(t, with(mall(t), feverRule(nil)))
	r.read("thermo", "2022-07-04 09:00:00", body, 36.4)
	r.read("thermo", "2022-07-04 09:05:30", body, 36.4)
	r.tick("2022-07-04 11:00:00")
	r.transitions()
	r.late("thermo", "2022-07-04 09:00:10", "2022-07-04 11:00:00", body, 38.0)
	r.wantTransitions("09:00:10 fever device/thermo within>breached until 09:05:30")
	r.wantCases("09:00:10 main thermo 38 closed 36.4 at 09:05:30 closed 09:05:30 by reading cleared")
}

// A thermometer that hangs at no door has cases, too.
func TestCasesOfAThermometerWithoutADoor(t *testing.T) {
	d := with(mall(t), feverRule(nil))
	d.Site.Devices[3].Place = facility.Place{Kind: facility.AtZone, ID: "hall"}
	r := newRig(t, d)
	r.read("thermo", "2022-07-04 09:00:00", body, 38.1)
	r.ended("2022-07-04 09:01:00", r.caseAt(0), Cleared)
	r.wantVerdict("fever", "thermo", "within")
}

// Cases are the same in whatever order their readings and people's words arrive, and after a restart at any time: also where a
// thermometer is stuck, or its readings are thinned out meanwhile.
func TestCasesDoNotDependOnTheOrderOfArrival(t *testing.T) {
	d := with(mall(t), feverRule(func(p *Temperature, _ *Rule) { p.Lapse = 20 * time.Minute }))
	hand := d.Site.Devices[3]
	hand.ID = "hand"
	d.Site.Devices = append(d.Site.Devices, hand)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 8, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 20, func(t *testing.T, rng *rand.Rand) {
		var records []telemetry.Record
		taken := map[telemetry.Instant]bool{}
		stuck := start.Add(time.Duration(rng.IntN(300)) * time.Minute)
		at := start
		for range 600 {
			at = at.Add(time.Duration(1+rng.IntN(60)) * time.Second)
			v := []float64{36.2, 36.5, 36.6, 36.9, 37.2, 24, 37.4, 38}[rng.IntN(8)]
			device := []string{"thermo", "thermo", "hand"}[rng.IntN(3)]
			if at > stuck && at < stuck.Add(30*time.Minute) {
				v, device = 37.8, "thermo"
				at = at.Add(-time.Duration(rng.IntN(50)) * time.Second)
			}
			for taken[at] {
				at = at.Add(time.Second) // of two readings at one time the one that came later is shown
			}
			taken[at] = true
			r := reading(device, at, at, body, v)
			if v > 37.3 && rng.IntN(3) == 0 {
				said := at.Add(time.Duration(rng.IntN(900)) * time.Second)
				records = append(records, telemetry.Record{Site: "mpp", Kind: telemetry.KindEntry, At: said, Received: said, Entry: &telemetry.Entry{
					Kind: telemetry.EntryOutcome, Subject: caseID(device, at), Text: []string{"cleared", "refused", "unmeasured"}[rng.IntN(3)]}})
			}
			r.Site = "mpp"
			records = append(records, r)
		}
		slices.SortStableFunc(records, func(a, b telemetry.Record) int { return int(max(-1, min(1, a.Received-b.Received))) })
		end := records[len(records)-1].Received.Add(10 * time.Minute)
		sorted, _ := run(t, d, start.Add(-time.Hour), end, records)
		shuffled, _ := run(t, d, start.Add(-time.Hour), end, delayed(rng, records, DefaultLateness))
		if got, want := plain(t, shuffled), plain(t, sorted); got != want {
			t.Errorf("the final state depends on the order of arrival:\n%s", firstDifference(got, want))
		}
		if n := len(sorted.View().Cases); n < 20 {
			t.Errorf("%d cases, want more to compare", n)
		}
		// Restored at any time.
		e, out := New("mpp"), &Output{}
		for i, rec := range append([]telemetry.Record{configRecord(t, d, start.Add(-time.Hour))}, records...) {
			rec.Seq = uint64(i + 1)
			if rng.IntN(40) == 0 {
				snap, _ := e.Snapshot()
				e = New("mpp")
				if err := e.Restore(snap); err != nil {
					t.Fatal(err)
				}
			}
			if err := e.Apply(&rec, out); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Apply(&telemetry.Record{Kind: telemetry.KindTick, Site: "mpp", At: end, Received: end}, out); err != nil {
			t.Fatal(err)
		}
		if got, want := plain(t, e), plain(t, sorted); got != want {
			t.Errorf("the final state depends on restarts:\n%s", firstDifference(got, want))
		}
	})
}

// The law: a case has no room for a person.
func TestACaseSaysNothingOfAPerson(t *testing.T) {
	r := newRig(t, with(mall(t), feverRule(nil)))
	r.read("thermo", "2022-07-04 09:00:00", body, 38.1)
	r.enter("2022-07-04 09:01:00", telemetry.Entry{ID: "x", Kind: telemetry.EntryOutcome, Subject: r.caseAt(0), Text: "cleared", Author: "satpam", Reason: "Budi, KTP 3578"})
	snap, _ := r.engine.Snapshot()
	for _, word := range []string{"Budi", "3578", "satpam"} {
		if strings.Contains(string(snap), word) || strings.Contains(plain(t, r.engine), word) {
			t.Errorf("the engine keeps %q", word)
		}
	}
}
