package rules

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// healthKinds are the kinds that judge devices by themselves.
var healthKinds = []string{"battery", "clock", "dead_counter", "expression", "frozen", "lost", "outage", "rejected", "silence", "tamper"}

// clinic is a building whose devices hang on a gateway and a switch, under a rule of each of these kinds with short times.
func clinic(t testing.TB) *Definition {
	d := mall(t)
	d.Site.Devices = append(d.Site.Devices, facility.Device{ID: "gateway", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}},
		facility.Device{ID: "air2", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}},
		facility.Device{ID: "air3", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "waiting"}})
	d.Site.Uplinks = []facility.Uplink{{ID: "switch"}}
	d.Measures = map[string][]telemetry.Quantity{}
	for i := range d.Site.Devices {
		x := &d.Site.Devices[i]
		x.Interval = 10 * time.Minute
		x.Parent = "gateway"
		d.Measures[x.ID] = []telemetry.Quantity{telemetry.Temperature, telemetry.Battery, telemetry.Tamper}
		if x.Place.Kind == facility.AtDoor && x.ID != "thermo" {
			d.Measures[x.ID] = []telemetry.Quantity{telemetry.PeopleIn, telemetry.PeopleOut}
			x.Parent = "switch"
		}
	}
	for i := range d.Site.Devices {
		if x := &d.Site.Devices[i]; x.ID == "gateway" {
			x.Parent = "switch"
		}
	}
	d.Measures["air3"] = append(d.Measures["air3"], telemetry.Dispensed)
	return with(d,
		about(SubjectSite, "dispensed_today > 60"),
		about(SubjectDoor, "in_hour > 8", "main", "back"),
		healthRule(t, "battery", func(p *Battery) { p.Stale = 3 * time.Hour }),
		healthRule(t, "clock", func(p *Clock) { p.Window, p.Messages = 3*time.Hour, 2 }),
		healthRule(t, "dead_counter", func(p *DeadCounter) { p.Window, p.People = time.Hour, 3 }),
		healthRule(t, "frozen", func(p *Frozen) { p.After, p.Readings = time.Hour, 3 }),
		healthRule(t, "lost", func(p *Lost) { p.Window, p.Messages = 4*time.Hour, 3 }),
		healthRule[*Outage](t, "outage", nil),
		healthRule(t, "rejected", func(p *Rejected) { p.Window, p.Messages = 2*time.Hour, 2 }),
		healthRule[*Silence](t, "silence", nil),
		healthRule(t, "tamper", func(p *Tamper) { p.Stale = 2 * time.Hour }),
	)
}

// ailing makes what the devices of a clinic say, in event order: they fall silent alone and together, hang, lose messages and their
// clocks, begin to count anew.
//
// Of a device that does not tell its boot nobody knows which of two countings a number belongs to that comes in bulk, days late; boots
// says that all do.
func ailing(rng *rand.Rand, d *Definition, start telemetry.Instant, span time.Duration, boots bool) []telemetry.Record {
	var all []telemetry.Record
	end := start.Add(span)
	chance := func(p float64) bool { return rng.Float64() < p }
	within := func(most time.Duration) time.Duration {
		return time.Duration(rng.Int64N(int64(most/time.Second))) * time.Second
	}
	var cuts [][2]telemetry.Instant
	for range 1 + int(span/(20*time.Hour)) {
		from := start.Add(within(span))
		cuts = append(cuts, [2]telemetry.Instant{from, from.Add(within(5 * time.Hour))})
	}
	taken := map[telemetry.Instant]bool{}
	for i := range d.Site.Devices {
		id := d.Site.Devices[i].ID
		measures := d.Measures[id]
		boot, seq := "", uint64(1000+rng.IntN(500))
		if boots || chance(0.5) {
			boot = "b0"
		}
		temperature, battery := 24.0, float64(15+rng.IntN(20))
		hangs, quiet, dead := telemetry.Instant(0), telemetry.Instant(0), telemetry.Instant(0)
		for at := start.Add(within(20 * time.Minute)); at < end; at = at.Add(5*time.Minute + within(5*time.Minute)) {
			for taken[at] {
				at = at.Add(time.Second)
			}
			taken[at] = true
			seq++
			if chance(0.01) {
				quiet = at.Add(within(6 * time.Hour))
			}
			if at < quiet || chance(0.05) || slices.ContainsFunc(cuts, func(c [2]telemetry.Instant) bool { return at >= c[0] && at < c[1] }) {
				continue
			}
			if chance(0.01) {
				seq = uint64(rng.IntN(3))
				if boot != "" {
					boot = fmt.Sprint("b", at)
				}
			}
			if chance(0.04) {
				all = append(all, telemetry.Record{Kind: telemetry.KindRejection, Site: d.Site.ID, At: at, Received: at, Rejection: &telemetry.Rejection{Device: id, Reason: telemetry.ReasonRange, More: uint64(rng.IntN(3))}})
				continue
			}
			r := reading(id, at, at)
			r.Site = d.Site.ID
			o := &r.Observation
			o.Boot, o.Sequence, o.HasSequence = boot, seq, !chance(0.02)
			add := func(q telemetry.Quantity, v float64) {
				o.Readings = append(o.Readings, telemetry.Reading{Quantity: q, Value: v})
			}
			for _, q := range measures {
				switch q {
				case telemetry.Temperature:
					if chance(0.02) {
						hangs = at.Add(within(5 * time.Hour))
					}
					if at >= hangs {
						temperature = 20 + float64(rng.IntN(40))/10
					}
					add(q, temperature)
				case telemetry.Dispensed:
					add(q, float64(rng.IntN(3)))
				case telemetry.Battery:
					if chance(0.2) {
						add(q, battery+float64(rng.IntN(3)))
					}
					battery -= 0.02
				case telemetry.Tamper:
					if chance(0.1) {
						add(q, float64(rng.IntN(2)))
					}
				default:
					if chance(0.01) {
						dead = at.Add(within(8 * time.Hour))
					}
					if at < dead {
						add(q, 0)
					} else {
						add(q, float64(rng.IntN(4)))
					}
				}
			}
			if chance(0.03) {
				o.Flags |= telemetry.FlagClock
				o.DeviceTime = fmt.Sprint(rng.IntN(2_000_000_000))
			}
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b telemetry.Record) int { return int(max(-1, min(1, a.At-b.At))) })
	return all
}

// healthHistory tells at many times what every instance of the kinds about devices says, asked now.
func healthHistory(t testing.TB, e *Engine, start, end telemetry.Instant) string {
	t.Helper()
	var b bytes.Buffer
	rng := rand.New(rand.NewPCG(1, 1))
	for _, i := range e.instances {
		if !slices.Contains(healthKinds, i.now().rule.Kind) {
			continue
		}
		for at := start; at < end; at = at.Add(7*time.Minute + time.Duration(rng.IntN(1000))*time.Second) {
			f, _ := i.ask(at, Within)
			fmt.Fprintf(&b, "%v %s %s: %v %s %v\n", at, i.rule, i.subject, f.verdict, f.reason, f.value)
			// What was recorded of that time is what is answered now.
			k := len(i.past) - 1
			for k > 0 && i.past[k].at > at {
				k--
			}
			if got := i.past[k]; got.at <= at && got.verdict != f.verdict {
				t.Fatalf("%v: %s on %s: history has %v since %v, asked now it is %v %s", at, i.rule, i.subject, got.verdict, got.at, f.verdict, f.reason)
			}
		}
	}
	return b.String()
}

// The answer about any time does not depend on when a message comes: punctual, within the lateness bound, or days late in bulk.
func TestHealthDoesNotDependOnTheOrderOfArrival(t *testing.T) {
	d := clinic(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	for _, bound := range []time.Duration{DefaultLateness, 30 * time.Hour} {
		n := 5
		if bound > DefaultLateness {
			n = 1
		}
		seeds(t, n, func(t *testing.T, rng *rand.Rand) {
			span := time.Duration(30+rng.IntN(30)) * time.Hour
			end := start.Add(span + 31*time.Hour)
			records := ailing(rng, d, start, span, bound > DefaultLateness)
			sorted, out := run(t, d, start, end, records)
			var late []telemetry.Record
			if bound == DefaultLateness {
				late = delayed(rng, records, bound)
			} else {
				// One device in three keeps what it has to say, and says it in bulk.
				late = slices.Clone(records)
				for i := range late {
					if dev := late[i].Observation.Device; dev != "" && len(dev)%3 == 0 && !late[i].Observation.Flags.Has(telemetry.FlagClock) {
						late[i].Received = late[i].At.Add(bound - time.Duration(late[i].At-start)%bound)
					}
				}
				slices.SortStableFunc(late, func(a, b telemetry.Record) int { return int(max(-1, min(1, a.Received-b.Received))) })
			}
			shuffled, _ := run(t, d, start, end, late)
			if got, want := healthHistory(t, shuffled, start, end), healthHistory(t, sorted, start, end); got != want {
				t.Errorf("what was depends on the order of arrival:\n%s", firstDifference(got, want))
			}
			seen := map[string]bool{}
			for _, x := range out.Transitions {
				seen[x.Kind+" "+x.To.String()] = true
			}
			if span > 50*time.Hour {
				for _, k := range healthKinds {
					if k != "battery" && !seen[k+" breached"] {
						t.Errorf("%s was never breached: the test says nothing of it", k)
					}
				}
			}
		})
	}
}

// A snapshot anywhere, and a replay from the start, change nothing.
func TestHealthSurvivesSnapshots(t *testing.T) {
	d := clinic(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 3, func(t *testing.T, rng *rand.Rand) {
		records := append([]telemetry.Record{configRecord(t, d, start)}, delayed(rng, ailing(rng, d, start, 50*time.Hour, false), 3*time.Hour)...)
		sameThroughRestarts(t, rng, 30, "mpp", records)
	})
}
