package rules

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestLateFlowRevisesHistory(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil))))
	r.read("c-main", "2022-07-04 09:00:00", in, 48)
	r.read("c-main", "2022-07-04 10:00:00", out, 10)
	r.read("c-main", "2022-07-04 11:00:00", out, 10)
	r.transitions()
	r.late("c-main", "2022-07-04 09:30:00", "2022-07-04 11:30:00", out, 5) // fewer than thought: nothing changes
	r.wantTransitions()
	r.late("c-main", "2022-07-04 09:40:00", "2022-07-04 11:30:10", in, 10) // 53 until 10:00
	r.wantTransitions("09:40:00 capacity zone/hall within>breached until 10:00:00")
	r.wantPersons("hall", 33)
	r.wantVerdict("capacity", "hall", "within")
	r.late("c-main", "2022-07-04 09:40:00", "2022-07-04 11:30:20", in, 20)
	r.wantTransitions(
		"10:00:00 capacity zone/hall within>breached until 11:30:20",
		"11:30:20 capacity zone/hall within>breached", // those people are inside now
	)
}

func TestLateDataIsJudgedByTheRuleThenInForce(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil)))
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 09:00:00", in, 48)
	tight := *d
	tight.Site.Zones = append(tight.Site.Zones[:0:0], d.Site.Zones...)
	tight.Site.Zones[0].Capacity = 20
	r.configure(&tight, r.at("2022-07-04 10:00:00"))
	r.transitions()
	r.late("c-main", "2022-07-04 09:30:00", "2022-07-04 12:00:00", out, 26) // 22: within then, and still too many now
	r.wantTransitions()
	r.late("c-main", "2022-07-04 09:40:00", "2022-07-04 12:00:01", out, 10) // 12
	r.wantTransitions(
		"10:00:00 capacity zone/hall breached>within until 12:00:01",
		"12:00:01 capacity zone/hall breached>within",
	)
}

func TestLateFeverRaisesNoLiveAlert(t *testing.T) {
	r := newRig(t, with(mall(t), feverRule(nil)))
	r.read("thermo", "2022-07-04 09:00:00", body, 36.5)
	r.read("thermo", "2022-07-04 09:10:00", body, 36.5)
	r.transitions()
	r.late("thermo", "2022-07-04 09:05:00", "2022-07-04 10:00:00", body, 39.0)
	r.wantTransitions("09:05:00 fever device/thermo within>breached until 09:10:00")
	r.wantVerdict("fever", "thermo", "within")
}

// A fever that arrives out of order but in time is news: it must reach the people at the door.
func TestFeverOutOfOrderIsNews(t *testing.T) {
	r := newRig(t, with(mall(t), feverRule(nil)))
	r.read("thermo", "2022-07-04 09:00:00", body, 36.5)
	r.read("thermo", "2022-07-04 09:00:40", body, 36.5)
	r.transitions()
	r.late("thermo", "2022-07-04 09:00:20", "2022-07-04 09:00:50", body, 39.0)
	r.wantTransitions("09:00:20 fever device/thermo within>breached")
	r.read("thermo", "2022-07-04 09:05:20", body, 36.5)
	r.wantTransitions("09:05:20 fever device/thermo breached>within")
}

func TestStoredMessagesEndAPastSilence(t *testing.T) {
	d := with(mall(t), silenceRule(nil))
	d.Site.Devices[4].Interval = 10 * time.Minute
	r := newRig(t, d)
	r.read("air", "2022-07-04 00:10:00", telemetry.CO2, 500)
	r.read("air", "2022-07-04 02:00:00", telemetry.CO2, 500)
	r.wantTransitions(
		"00:10:00 alive device/air unknown>within",
		"00:40:00 alive device/air within>breached",
		"02:00:00 alive device/air breached>within",
	)
	r.late("air", "2022-07-04 00:35:00", "2022-07-04 02:05:00", telemetry.CO2, 500)
	r.wantTransitions("00:40:00 alive device/air breached>within until 01:05:00")
}

// Whatever comes late, the transitions so far and the revisions together tell the history the engine has in mind.
func TestTransitionsTellTheHistory(t *testing.T) {
	d := everything(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 20, func(t *testing.T, rng *rand.Rand) {
		records := delayed(rng, traffic(rng, start, 20*time.Hour, 600), time.Duration(1+rng.IntN(180))*time.Minute)
		end := start.Add(26 * time.Hour)
		e, out := run(t, d, start, end, records)
		inOrder(t, out.Transitions)
		for _, i := range e.instances {
			told := history(i, out.Transitions, end)
			for k, c := range i.past {
				until := end
				if k+1 < len(i.past) {
					until = i.past[k+1].at
				}
				for at := c.at; at < until; at = at.Add(time.Minute) {
					if got := told(at); got != c.verdict {
						t.Fatalf("%s on %s at %v: the transitions tell %v, the engine %v", i.rule, i.subject, at, got, c.verdict)
					}
				}
			}
		}
	})
}

// inOrder holds that the ordinary transitions of a verdict never run back in time: who sorts them by time, as a database of
// time series does, sees the last one last.
func inOrder(t *testing.T, all []Transition) {
	t.Helper()
	type verdict struct {
		rule    string
		subject Subject
	}
	last := map[verdict]telemetry.Instant{}
	for _, x := range all {
		if x.Late {
			continue
		}
		of := verdict{x.Rule, x.Subject}
		if x.At < last[of] {
			t.Fatalf("%s on %s: told at %v after %v", x.Rule, x.Subject, x.At, last[of])
		}
		last[of] = x.At
	}
}

// Finding I1: of three messages of one time that arrive half a second later, the second turns the verdict back and the third
// turns it again. What is told last is what stands, by time as well as by record.
func TestI1_TheVerdictToldLastIsTheNewestInTime(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil))))
	r.read("c-main", "2022-07-04 09:00:00", in, 51)
	r.transitions()
	r.late("c-main", "2022-07-04 09:10:00", "2022-07-04 09:10:01", out, 2) // 49
	r.late("c-main", "2022-07-04 09:10:00", "2022-07-04 09:10:01", in, 3)  // 52
	r.late("c-main", "2022-07-04 09:10:00", "2022-07-04 09:10:01", out, 3) // 49
	r.wantTransitions(
		"09:10:00 capacity zone/hall breached>within",
		"09:10:00 capacity zone/hall within>breached until 09:10:01",
		"09:10:01 capacity zone/hall within>breached",
		"09:10:00 capacity zone/hall breached>within until 09:10:01",
		"09:10:01 capacity zone/hall breached>within",
	)
}

// history replays transitions the way a reader of the journal would: later ones overrule earlier ones.
func history(i *instance, all []Transition, end telemetry.Instant) func(telemetry.Instant) Verdict {
	type span struct {
		from, until telemetry.Instant
		verdict     Verdict
	}
	var spans []span
	for _, x := range all {
		if x.Rule != i.rule || x.Subject != i.subject {
			continue
		}
		until := x.Until
		if !x.Late {
			until = end + 1
		}
		spans = append(spans, span{x.At, until, x.To})
	}
	return func(t telemetry.Instant) Verdict {
		for _, span := range slices.Backward(spans) {
			if span.from <= t && t < span.until {
				return span.verdict
			}
		}
		return Unknown
	}
}

// A counter of running totals that drops to 0 began again or failed for a moment; later values say which. Until they do, the past
// stays exact: somebody who came between two values of one minute, when the zone was empty, was inside.
func TestWhatATotalMayStillTellOtherwiseStaysExact(t *testing.T) {
	type said struct {
		device, at, received string
		readings             []any
	}
	minutes := []said{
		{"c-main", "09:01:54", "09:02:03", []any{in, 6, out, 3}},
		{"c-total", "09:00:16", "09:02:06", []any{telemetry.PeopleInTotal, 8, telemetry.PeopleOutTotal, 13}},
		{"c-back", "09:01:38", "09:03:06", []any{in, 6, out, 0}},
		{"c-total", "09:01:11", "09:03:10", []any{telemetry.PeopleInTotal, 0, telemetry.PeopleOutTotal, 16}},
		{"c-main", "09:05:12", "09:05:37", []any{in, 4, out, 0}},
		{"c-total", "09:03:51", "09:05:45", []any{telemetry.PeopleInTotal, 6, telemetry.PeopleOutTotal, 20}},
	}
	state := func(inOrder bool) string {
		r := newRig(t, everything(t))
		all := slices.Clone(minutes)
		if inOrder {
			slices.SortFunc(all, func(a, b said) int { return strings.Compare(a.at, b.at) })
		}
		for _, m := range all {
			received := m.received
			if inOrder {
				received = m.at
			}
			r.late(m.device, "2022-07-04 "+m.at, "2022-07-04 "+received, m.readings...)
		}
		r.tick("2022-07-04 09:20:00")
		return plain(t, r.engine)
	}
	if got, want := state(false), state(true); got != want {
		t.Errorf("the people depend on the order of arrival:\n%s", firstDifference(got, want))
	}
}
