package rules

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// secondDay is the calendar day after the rigs begin.
var secondDay = facility.Date{Year: 2022, Month: time.July, Day: 5}

// tooCold is what a thermometer reads that reads too low.
func tooCold(i int) float64 { return well(i) - 1.5 }

// Finding 4: a rule about credibility that is over, or a second one, silenced the one in force: the last wired won.
func TestFinding4EveryCredibilityRuleInForceSpeaks(t *testing.T) {
	lenient := func(id string) Rule {
		r := credibilityRule(func(p *Credibility) { p.MedianMin, p.Low = 30, 30 })
		r.ID = id
		return r
	}
	t.Run("one that is over", func(t *testing.T) {
		d := entrances(t)
		all := d.Protocols[0].Rules
		d.Protocols[0].Rules = all[:2]
		d.Protocols = append(d.Protocols, Protocol{ID: "old", Until: secondDay, Rules: []Rule{lenient("z-credible")}},
			Protocol{ID: "new", From: secondDay, Rules: all[2:]})
		r := newRig(t, d)
		r.measure("thermo", "2022-07-04 09:00:00", 60, tooCold)
		r.tick("2022-07-04 10:00:00")
		r.wantVerdict("fever", "thermo", "within") // the new rule is not in force yet
		r.measure("thermo", "2022-07-05 09:00:00", 60, tooCold)
		r.tick("2022-07-05 10:00:00")
		r.wantVerdict("credible", "thermo", "breached")
		r.wantVerdict("fever", "thermo", "unknown/incredible")
		r.transitions()
		r.late("thermo", "2022-07-04 09:20:10", "2022-07-05 10:00:00", body, 36.4)
		for _, line := range r.transitions() {
			t.Errorf("the first day was judged by the rule of the second: %s", line)
		}
	})
	for _, id := range []string{"a-credible", "z-credible"} {
		t.Run("two at once, "+id, func(t *testing.T) {
			r := newRig(t, with(entrances(t), lenient(id)))
			r.measure("thermo", "2022-07-04 09:00:00", 60, tooCold)
			r.tick("2022-07-04 10:00:00")
			r.wantVerdict(id, "thermo", "within")
			r.wantVerdict("credible", "thermo", "breached")
			r.wantVerdict("fever", "thermo", "unknown/incredible")
		})
	}
}

// Finding 5: what rests on a thermometer is judged again when it is known to be incredible, and not only with its own next window or
// hour: also where the maintenance of the rule that finds it is over.
func TestFinding5CoverageFollowsCredibility(t *testing.T) {
	d := entrances(t)
	d.Protocols[0].Rules[1] = coverageRule(func(p *Coverage) { p.Window = 2 * time.Hour })
	begin := func(value func(int) float64) *rig {
		r := newRig(t, d)
		r.visit("09:00:00", 20, 0)
		r.measure("thermo", "2022-07-04 09:15:00", 60, well)
		r.tick("2022-07-04 11:00:00")
		r.wantVerdict("coverage", "main", "within")
		r.measure("thermo", "2022-07-04 11:00:00", 90, value)
		return r
	}
	r := begin(tooCold)
	r.tick("2022-07-04 12:00:00")
	r.wantVerdict("credible", "thermo", "breached")
	r.wantVerdict("coverage", "main", "unknown/incredible")

	r = begin(tooCold)
	r.enter("2022-07-04 11:50:00", telemetry.Entry{ID: "m", Kind: telemetry.EntryMaintenance, Subject: "rule:credible", Until: r.at("2022-07-04 12:20:00")})
	r.tick("2022-07-04 12:10:00")
	r.wantVerdict("fever", "thermo", "within")
	r.wantVerdict("coverage", "main", "within")
	r.transitions()
	r.tick("2022-07-04 12:20:00")
	r.wantVerdict("credible", "thermo", "breached")
	got := r.transitions()
	for _, want := range []string{"12:20:00 fever device/thermo within>unknown", "12:20:00 coverage door/main within>unknown"} {
		if !slices.Contains(got, want) {
			t.Errorf("got %q, want %q among them", got, want)
		}
	}
}

// manyThermometers is the hall with n thermometers that read what living people have, for two days.
func manyThermometers(t testing.TB, n int) *rig {
	d := entrances(t)
	for k := range n - 3 {
		x := d.Site.Devices[3]
		x.ID, x.Place.ID = fmt.Sprintf("t%03d", k), "back"
		d.Site.Devices = append(d.Site.Devices, x)
		d.Measures[x.ID] = []telemetry.Quantity{body}
	}
	r := newRig(t, d)
	for i := range 2 * 30 * 4 { // four in each quarter of an hour of nine hours
		at := r.at([]string{"2022-07-04 08:00:00", "2022-07-05 08:00:00"}[i/120]).Add(time.Duration(i%120) * 4 * time.Minute)
		for k, x := range d.Site.Devices {
			if slices.Contains(d.Measures[x.ID], body) {
				r.apply(reading(x.ID, at, at, body, well(i+k)))
			}
		}
	}
	r.tick("2022-07-06 02:00:00")
	return r
}

// Finding 11: the medians of two periods were remembered, and of each hour that a late reading makes all thermometers look at they were
// found anew by each of them. They are remembered for all of these hours, and what comes late clears those that rest on it.
func TestFinding11MediansAreRememberedByPeriod(t *testing.T) {
	r := manyThermometers(t, 6)
	e := r.engine
	day := r.at("2022-07-04 00:00:00")
	ask := func() {
		for h := range 48 {
			e.mediansOf(day.Add(time.Duration(h/24*24)*time.Hour), day.Add(time.Duration(h+1)*time.Hour), 30)
		}
	}
	ask()
	if n := testing.AllocsPerRun(5, ask); n != 0 {
		t.Errorf("medians of 48 hours: got %v allocations when they are known, want none", n)
	}
	before := slices.Clone(e.mediansOf(day, day.Add(24*time.Hour), 30))
	for i := range 400 {
		r.apply(reading("thermo", day.Add(10*time.Hour+time.Duration(i)*time.Second), e.clock, body, 34.1))
	}
	known := e.mediansOf(day, day.Add(24*time.Hour), 30)
	if slices.Equal(known, before) || known[0].median != 34.1 {
		t.Errorf("after 400 late readings: got a least median of %v, want 34.1", known[0].median)
	}
	for h := range 48 {
		from, to := day.Add(time.Duration(h/24*24)*time.Hour), day.Add(time.Duration(h+1)*time.Hour)
		remembered, kept := e.mediansOf(from, to, 30), e.medians
		e.medians = medians{}
		if anew := e.mediansOf(from, to, 30); !slices.Equal(remembered, anew) {
			t.Errorf("hour %d: remembered %v, found anew %v", h, remembered, anew)
		}
		e.medians = kept
	}
}

// BenchmarkLateTemperature is a body temperature that comes 40 hours late, among 41 thermometers.
func BenchmarkLateTemperature(b *testing.B) {
	r := manyThermometers(b, 41)
	at := r.at("2022-07-04 10:00:00")
	for i := 0; b.Loop(); i++ {
		r.apply(reading("thermo", at.Add(time.Duration(i)*time.Millisecond), r.engine.clock, body, well(i)))
		r.out.Reset()
	}
}

// Of a thermometer that has said nothing at all nothing is known; once it speaks, readings are waited for, which is no ignorance any more. It
// was recorded with the next whole hour.
func TestAThermometerThatSpeaksForTheFirstTimeIsWaitedFor(t *testing.T) {
	r := newRig(t, entrances(t))
	r.tick("2022-07-04 08:00:00")
	r.transitions()
	r.read("thermo", "2022-07-04 08:10:00", body, 36.5)
	for _, x := range r.out.Transitions {
		if x.Kind == "credibility" && x.Subject.ID == "thermo" && x.Idle && x.At == r.at("2022-07-04 08:10:00") {
			return
		}
	}
	t.Errorf("got %+v, want that nothing is to be judged yet from 08:10 on", r.out.Transitions)
}
