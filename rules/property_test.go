package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// everything is the mall under a rule of each kind, with counters of every form and devices that promise an interval.
func everything(t testing.TB) *Definition {
	d := mall(t)
	d.Site.Devices = append(d.Site.Devices,
		facility.Device{ID: "c-total", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}, Interval: 5 * time.Minute},
		facility.Device{ID: "camera", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "waiting"}, Interval: 10 * time.Minute},
		facility.Device{ID: "co2", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}, Interval: 10 * time.Minute},
		facility.Device{ID: "lidar", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "waiting"}},
	)
	d.Site.Tasks[0].Items = []string{"floor", "handles"}
	d.Site.Quota, d.Site.Hours.QueueCloses = 150, time.Hour
	d.Site.Zones[1].QueueFor = "hall"
	for i := range 3 {
		id := fmt.Sprintf("a%d", i+1)
		d.Site.Zones[1].SeatMap = append(d.Site.Zones[1].SeatMap, facility.Seat{ID: id, X: 0.6 * float64(i), Blocked: i == 2})
		d.Site.Devices = append(d.Site.Devices, facility.Device{
			ID: "seat-" + id, Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "waiting"}, Seat: id, Interval: time.Duration(i) * time.Hour,
		})
	}
	rule := func(id, kind string, change func(*Rule)) Rule {
		p, err := NewParams(kind)
		if err != nil {
			t.Fatal(err)
		}
		r := Rule{ID: id, Kind: kind, Params: p}
		if change != nil {
			change(&r)
		}
		return r
	}
	return with(d,
		rule("capacity", "capacity", func(r *Rule) {
			r.Params.(*Capacity).Site = true
			r.Params.(*Capacity).Hysteresis = 2
			r.For = 30 * time.Second
			r.KeepFiring = time.Minute
		}),
		rule("distance", "distancing", nil),
		rule("fever", "temperature", func(r *Rule) { r.KeepFiring = 2 * time.Minute }),
		rule("spray", "disinfection", func(r *Rule) {
			p := r.Params.(*Disinfection)
			p.BeforeOpening, p.AfterClosing, p.Every = 2*time.Hour, time.Hour, 3*time.Hour
		}),
		rule("alive", "silence", nil),
		rule("late", "afterhours", nil),
		rule("line", "queue", nil),
		rule("visitors", "quota", nil),
		rule("close", "cutoff", nil),
		rule("apart", "seats", nil),
		rule("air", "expression", func(r *Rule) {
			p := r.Params.(*Expression)
			p.Expr, p.Value, p.Limit, p.Unit = "co2 > 1000 && open", "co2", 1000, "ppm"
			r.Subjects = []string{"hall"}
		}),
	)
}

// traffic makes records of a few days in event order, each received when it happened.
func traffic(rng *rand.Rand, start telemetry.Instant, span time.Duration, n int) []telemetry.Record {
	at := make([]telemetry.Instant, n)
	for i := range at {
		at[i] = start.Add(time.Duration(rng.Int64N(int64(span/time.Second))) * time.Second)
	}
	slices.Sort(at)
	at = slices.Compact(at)
	var records []telemetry.Record
	var total, totalOut float64
	for _, t := range at {
		var r telemetry.Record
		switch rng.IntN(13) {
		case 0, 1:
			r = reading("c-main", t, t, telemetry.PeopleIn, rng.IntN(8), telemetry.PeopleOut, rng.IntN(4))
		case 2, 3:
			r = reading("c-back", t, t, telemetry.PeopleIn, rng.IntN(7), telemetry.PeopleOut, rng.IntN(2))
		case 4:
			r = reading("c-inner", t, t, telemetry.PeopleIn, rng.IntN(3), telemetry.PeopleOut, rng.IntN(3))
		case 5:
			total += float64(rng.IntN(4))
			totalOut += float64(rng.IntN(4))
			if rng.IntN(30) == 0 {
				total = 0
			}
			r = reading("c-total", t, t, telemetry.PeopleInTotal, total, telemetry.PeopleOutTotal, totalOut)
		case 6:
			r = reading("camera", t, t, telemetry.PeoplePresent, rng.IntN(15))
		case 7:
			r = reading("co2", t, t, telemetry.CO2, 400+rng.IntN(900), telemetry.Temperature, 20+rng.IntN(10))
		case 8:
			r = reading("thermo", t, t, telemetry.BodyTemperature, 35+3*rng.Float64())
		case 9:
			r = reading("lidar", t, t, telemetry.Distance, 2*rng.Float64())
		case 10:
			r = reading("button", t, t, telemetry.Button, 1)
		case 12:
			r = reading(fmt.Sprintf("seat-a%d", 1+rng.IntN(3)), t, t, telemetry.Occupied, rng.IntN(2))
		case 11:
			switch rng.IntN(6) {
			case 0:
				r = telemetry.Record{Kind: telemetry.KindEntry, At: t, Received: t, Entry: &telemetry.Entry{Kind: telemetry.EntryCount, Subject: "hall", Value: float64(rng.IntN(60))}}
			case 1:
				r = telemetry.Record{Kind: telemetry.KindEntry, At: t, Received: t, Entry: &telemetry.Entry{Kind: telemetry.EntryLevel, Text: []string{"l1", "l2"}[rng.IntN(2)]}}
			case 2:
				r = telemetry.Record{Kind: telemetry.KindEntry, At: t, Received: t, Entry: &telemetry.Entry{Kind: telemetry.EntryTask, Subject: "spray", Value: 1}}
			default:
				r = reading("air", t, t, telemetry.Humidity, 50)
			}
		}
		r.Site = "mpp"
		records = append(records, r)
	}
	return records
}

// delayed gives the records in another order: each is received up to bound after it happened.
func delayed(rng *rand.Rand, records []telemetry.Record, bound time.Duration) []telemetry.Record {
	out := slices.Clone(records)
	for i := range out {
		out[i].Received = out[i].At.Add(time.Duration(rng.Int64N(int64(bound))))
	}
	slices.SortStableFunc(out, func(a, b telemetry.Record) int { return int(max(-1, min(1, a.Received-b.Received))) })
	return out
}

// run applies a configuration at start, the records, and a tick at the end.
func run(t testing.TB, d *Definition, start, end telemetry.Instant, records []telemetry.Record) (*Engine, *Output) {
	t.Helper()
	e, out := New(d.Site.ID), &Output{}
	all := append([]telemetry.Record{configRecord(t, d, start)}, records...)
	all = append(all, telemetry.Record{Kind: telemetry.KindTick, Site: d.Site.ID, At: end, Received: end})
	for i := range all {
		all[i].Seq = uint64(i + 1)
		if err := e.Apply(&all[i], out); err != nil {
			t.Fatal(err)
		}
	}
	return e, out
}

// plain is a view as JSON without record numbers.
func plain(t testing.TB, e *Engine) string {
	t.Helper()
	return asJSON(t, withoutRecords(e))
}

func asJSON(t testing.TB, v View) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// parting shows where two engines part; empty: they do not. Views are alike far more often than they are written, which takes ten times as long.
func parting(t testing.TB, a, b *Engine) string {
	t.Helper()
	v, w := withoutRecords(a), withoutRecords(b)
	if reflect.DeepEqual(v, w) {
		return ""
	}
	x, y := asJSON(t, v), asJSON(t, w)
	if x == y {
		return ""
	}
	return firstDifference(x, y)
}

func withoutRecords(e *Engine) View {
	v := e.View()
	v.Record = 0
	for i := range v.Verdicts {
		for k := range v.Verdicts[i].Explanation.Evidence {
			v.Verdicts[i].Explanation.Evidence[k].Record = 0
		}
	}
	return v
}

// firstDifference shows where two texts part.
func firstDifference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	from := max(0, i-400)
	return fmt.Sprintf("got …%s…\nwant …%s…", a[from:min(len(a), i+200)], b[from:min(len(b), i+200)])
}

func seeds(t *testing.T, n int, f func(t *testing.T, rng *rand.Rand)) {
	seedsFrom(t, testengine.Seed(t), n, f)
}

// seedsFrom runs f with n random streams from a seed on.
func seedsFrom(t *testing.T, first uint64, n int, f func(t *testing.T, rng *rand.Rand)) {
	for i := range n {
		seed := first + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { f(t, rand.New(rand.NewPCG(seed, 0))) })
	}
}

func TestShuffledRecordsGiveTheSameState(t *testing.T) {
	d := everything(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 30, func(t *testing.T, rng *rand.Rand) {
		span := time.Duration(1+rng.IntN(40)) * time.Hour
		end := start.Add(span + 10*time.Minute)
		records := traffic(rng, start, span, 1500)
		sorted, _ := run(t, d, start, end, records)
		shuffled, _ := run(t, d, start, end, delayed(rng, records, DefaultLateness))
		if got, want := plain(t, shuffled), plain(t, sorted); got != want {
			t.Errorf("the final state depends on the order of arrival:\n%s", firstDifference(got, want))
		}
	})
}

func TestReplayIsDeterministic(t *testing.T) {
	d := everything(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 3, func(t *testing.T, rng *rand.Rand) {
		records := delayed(rng, traffic(rng, start, 30*time.Hour, 1500), time.Hour)
		end := start.Add(40 * time.Hour)
		a, outA := run(t, d, start, end, records)
		b, outB := run(t, d, start, end, records)
		if got, want := fmt.Sprintf("%+v", *outB), fmt.Sprintf("%+v", *outA); got != want {
			t.Errorf("outputs differ:\n%s", firstDifference(got, want))
		}
		snapA, _ := a.Snapshot()
		snapB, _ := b.Snapshot()
		if !bytes.Equal(snapA, snapB) {
			t.Error("snapshots differ")
		}
	})
}

func TestRestoredEngineGoesOnIdentically(t *testing.T) {
	d := everything(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 8, func(t *testing.T, rng *rand.Rand) {
		records := delayed(rng, traffic(rng, start, 50*time.Hour, 2000), 3*time.Hour)
		// In the middle the definition changes: a rule goes, a limit moves.
		changed := *d
		changed.Protocols = []Protocol{d.Protocols[0]}
		changed.Protocols[0].Rules = slices.DeleteFunc(slices.Clone(d.Protocols[0].Rules), func(r Rule) bool { return r.ID == "distance" })
		changed.Site.Zones = slices.Clone(d.Site.Zones)
		changed.Site.Zones[0].Capacity = 30
		half := len(records) / 2
		records = slices.Insert(records, half, configRecord(t, &changed, records[half].Received))
		records = slices.Insert(records, 0, configRecord(t, d, start))
		sameThroughRestarts(t, rng, 20, "mpp", records)
	})
}

// TestTicksOnlyMoveTheClock: when deadlines fire does not depend on whether somebody ticks.
func TestTicksOnlyMoveTheClock(t *testing.T) {
	d := everything(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 5, func(t *testing.T, rng *rand.Rand) {
		records := traffic(rng, start, 30*time.Hour, 800)
		end := start.Add(40 * time.Hour)
		_, want := run(t, d, start, end, records)
		e, got := New("mpp"), &Output{}
		all := append([]telemetry.Record{configRecord(t, d, start)}, records...)
		all = append(all, telemetry.Record{Kind: telemetry.KindTick, Site: "mpp", At: end, Received: end})
		for i := range all {
			for due := e.Due(); due <= all[i].Received; due = e.Due() {
				tick := telemetry.Record{Kind: telemetry.KindTick, Site: "mpp", At: due, Received: due}
				if err := e.Apply(&tick, got); err != nil {
					t.Fatal(err)
				}
				if e.Due() <= due {
					t.Fatalf("a tick at %v leaves the deadline at %v", due, e.Due())
				}
			}
			if err := e.Apply(&all[i], got); err != nil {
				t.Fatal(err)
			}
		}
		strip := func(o *Output) string {
			var s string
			for _, x := range o.Transitions {
				s += fmt.Sprintf("%v %s %v %v>%v %v\n", x.At, x.Rule, x.Subject, x.From, x.To, x.Late)
			}
			return s
		}
		if strip(got) != strip(want) {
			t.Errorf("transitions differ:\n%s", firstDifference(strip(got), strip(want)))
		}
	})
}

// checkSane holds an engine to what must be true of every view.
func checkSane(t testing.TB, e *Engine) {
	t.Helper()
	v := e.View()
	estimate := func(name string, p Estimate) {
		if p.Persons < 0 || p.Error < 0 || math.IsNaN(p.Persons+p.Error+p.Raw) || math.IsInf(p.Persons+p.Error+p.Raw, 0) {
			t.Fatalf("%s: got %+v, want persons and error of 0 or more", name, p)
		}
		if p.Low > p.Persons || p.Persons > p.High || p.Low != math.Trunc(p.Low) || p.High != math.Trunc(p.High) || p.Error != (p.High-p.Low)/2 {
			t.Fatalf("%s: got %+v, want an interval of whole people that holds them", name, p)
		}
	}
	estimate("building", v.Persons)
	silent := make(map[string]bool)
	for _, d := range e.devices {
		silent[d.id] = d.silent(e.clock)
	}
	for i, z := range v.Zones {
		estimate(z.ID, z.Persons)
		if e.zones[i].derived() {
			continue
		}
		if last := e.zones[i].line.last(); last != nil && z.Persons.Measured && z.Persons.High < last.v.reflected().number() {
			t.Fatalf("zone %s: got %+v, want the reflected balance of %v in it", z.ID, z.Persons, last.v.reflected().number())
		}
		absolute := len(e.zones[i].absolute) > 0 && e.zones[i].promised()
		for _, d := range e.zones[i].absolute {
			absolute = absolute && !silent[d.id]
		}
		for _, d := range e.zones[i].feeders {
			// In a closed building, and until it ought to have spoken again after opening, silence says nothing.
			if open, opened, _ := e.plan.open(e.clock); d.pulse == nil || !open || opened.Add(d.pulse.bound) > e.clock || d.pulse.last > 0 && openFor(e, d.pulse.last, d.pulse.bound) > e.clock {
				continue
			}
			if silent[d.id] && z.Persons.Known && !absolute {
				t.Fatalf("zone %s is known though %s is silent at %v", z.ID, d.id, e.clock)
			}
		}
	}
	for _, x := range v.Verdicts {
		p := x.Explanation
		if math.IsNaN(p.Value+p.Error+p.Limit) || math.IsInf(p.Value+p.Error+p.Limit, 0) {
			t.Fatalf("%s on %s: got %+v, want finite numbers", x.Rule, x.Subject, p)
		}
		if len(p.Evidence) > MaxEvidence {
			t.Fatalf("%s on %s: %d readings as evidence, want at most %d", x.Rule, x.Subject, len(p.Evidence), MaxEvidence)
		}
		if x.Verdict == Within && x.Subject.Kind == SubjectDevice && x.Kind == "silence" && silent[x.Subject.ID] {
			t.Fatalf("%s on %s is within though the device is silent", x.Rule, x.Subject)
		}
		if lost, _, _ := e.arrivalsMissed(e.day, e.clock); x.Verdict == Within && x.Kind == "quota" && lost != "" {
			t.Fatalf("%s on %s is within though not all who came were counted (%s)", x.Rule, x.Subject, lost)
		}
		if x.Verdict == Within && x.Kind == "capacity" && x.Subject.Kind == SubjectZone {
			if est, _ := e.zoneByID[x.Subject.ID].estimate(e.clock); !est.known {
				t.Fatalf("%s on %s is within though the estimate is not known (%s)", x.Rule, x.Subject, est.reason)
			}
		}
	}
}

// TestTwiceTheSameTotals: a message that slips past the duplicate window adds nothing, if it carries running totals,
// absolute counts or gauges.
func TestTwiceTheSameTotals(t *testing.T) {
	d := everything(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 10, func(t *testing.T, rng *rand.Rand) {
		records := traffic(rng, start, 20*time.Hour, 1000)
		var twice []telemetry.Record
		for _, r := range records {
			twice = append(twice, r)
			if o := r.Observation.Device; o == "c-total" || o == "camera" || o == "co2" || o == "lidar" || o == "button" {
				twice = append(twice, r)
			}
		}
		end := start.Add(21 * time.Hour)
		once, _ := run(t, d, start, end, records)
		again, _ := run(t, d, start, end, twice)
		for _, e := range []*Engine{once, again} {
			for _, dev := range e.devices {
				dev.messages = 0
			}
		}
		if got, want := plain(t, again), plain(t, once); got != want {
			t.Errorf("the second delivery counted:\n%s", firstDifference(got, want))
		}
	})
}
