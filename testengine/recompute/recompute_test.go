package recompute

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

var (
	scenarios = flag.Int("scenarios", 50, "how many scenarios are recomputed; .ci/run takes 200")
	firstSeed = flag.Uint64("seed", 1, "the first of their seeds")
)

// Both implementations say the same about every second: what compliance makes of the engine's transitions, the late ones included, and what follows from all records at once. SCENARIOS and SEED in the environment choose others.
func TestRecomputationAgrees(t *testing.T) {
	n, seed := *scenarios, *firstSeed
	if testengine.Racing {
		n = min(n, 3)
	}
	if v, err := strconv.Atoi(os.Getenv("SCENARIOS")); err == nil {
		n = v
	}
	if v, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = v
	}
	if testing.Short() {
		n = min(n, 20)
	}
	t.Cleanup(func() {
		t.Logf("%d answers and %d alarms compared, %d of them exact to the minute only", compared.Load(), alarms.Load(), thinned.Load())
	})
	for i := range n {
		one(t, seed+uint64(i))
	}
	// One of chance may find what those did not: not in CI, which must be the same each time.
	if seed == 1 && os.Getenv("CI") == "" {
		chance := rand.Uint64()
		t.Logf("and of chance: seed %d", chance)
		one(t, chance)
	}
}

// TestUpkeepAgrees is the same with logs that cannot be true, anchors by people, air, masks, dispensers, vehicles and checklists.
func TestUpkeepAgrees(t *testing.T) {
	family(t, 12, func(t *testing.T, seed uint64) { compare(t, makeScenario(t, seed, true, false)) })
}

// TestRoomsAgree is the same with seats, queues, quotas, queues that close and people after hours.
func TestRoomsAgree(t *testing.T) {
	family(t, 12, func(t *testing.T, seed uint64) { compare(t, makeScenario(t, seed, false, true)) })
}

// family compares n scenarios. SCENARIOS and SEED in the environment choose others.
func family(t *testing.T, n int, do func(t *testing.T, seed uint64)) {
	seed := uint64(1)
	if v, err := strconv.Atoi(os.Getenv("SCENARIOS")); err == nil {
		n = v
	}
	if v, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = v
	}
	if testing.Short() || testengine.Racing {
		n = min(n, 1)
	}
	for i := range n {
		seed := seed + uint64(i)
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			do(t, seed)
		})
	}
}

func one(t *testing.T, seed uint64) {
	t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
		t.Parallel()
		compare(t, makeScenario(t, seed, false, false))
	})
}

// compare wants no difference in a scenario.
func compare(t *testing.T, s scenario) {
	if d := differences(t, s, 0); len(d) > 0 {
		t.Error(report(t, s, d[0], len(d)))
	}
}

// compared counts the answers that were compared, thinned those that differ by no more than the engine's past is exact.
var compared, thinned, alarms atomic.Int64

// difference is a time at which the two do not agree.
type difference struct {
	Key
	at        telemetry.Instant
	got, want string
}

// run lets the engine judge a scenario.
func run(t testing.TB, s scenario) (*rules.Engine, *rules.Output) {
	e, out := rules.New(siteID), new(rules.Output)
	for i := range s.records {
		r := s.records[i]
		if err := e.Apply(&r, out); err != nil {
			t.Fatal(err)
		}
	}
	return e, out
}

// past is the last word of the transitions about every time.
type past struct {
	at   []telemetry.Instant
	word []string
}

func (p *past) find(t telemetry.Instant) string {
	i, found := slices.BinarySearch(p.at, t)
	if !found {
		i--
	}
	if i < 0 {
		return "unknown"
	}
	return p.word[i]
}

func word(verdict int, near bool) string {
	if near {
		return "near"
	}
	return rules.Verdict(verdict).String()
}

// fold is the history as compliance makes it: what everybody is shown.
func fold(t testing.TB, s scenario, mine *Site, out *rules.Output) map[Key]*past {
	in := &compliance.Input{Site: siteID, Transitions: out.Transitions, From: mine.configs[0].from, Until: mine.end.Add(time.Second)}
	for i := range s.records {
		if r := &s.records[i]; r.Kind == telemetry.KindConfiguration {
			a, err := rules.NewAgenda(r.Configuration.Definition)
			if err != nil {
				t.Fatal(err)
			}
			in.Terms = append(in.Terms, compliance.Term{From: r.Received, Agenda: a})
		}
	}
	report, err := compliance.Compute(in, compliance.Total)
	if err != nil {
		t.Fatal(err)
	}
	all := map[Key]*past{}
	for i := range report.Measures {
		m := &report.Measures[i]
		p := &past{}
		for _, x := range m.Intervals {
			w := x.State.String()
			if x.State == compliance.Idle {
				w = compliance.Unknown.String()
			}
			p.at, p.word = append(p.at, x.From), append(p.word, w)
		}
		all[Key{m.Rule, string(m.Subject.Kind), m.Subject.ID}] = p
	}
	return all
}

// differences compares at all times at which anything may change, a second before, and some seconds of chance.
func differences(t testing.TB, s scenario, most int) []difference {
	e, out := run(t, s)
	mine, err := New(siteID, s.records)
	if err != nil {
		t.Fatal(err)
	}
	told := fold(t, s, mine, out)
	rng := rand.New(rand.NewPCG(s.seed, 1))
	keys := slices.Clone(mine.Keys())
	for k := range told {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	all := others(s, mine, e, out)
	for _, k := range keys {
		p := told[k]
		if p == nil {
			p = &past{}
		}
		times := slices.Concat(mine.Times(k), p.at)
		for range 50 {
			times = append(times, mine.configs[0].from.Add(time.Duration(rng.Int64N(int64(mine.end.Sub(mine.configs[0].from)/time.Second)+1))*time.Second))
		}
		for _, at := range slices.Clone(times) {
			times = append(times, at.Add(-time.Second))
		}
		slices.Sort(times)
		for _, at := range slices.Compact(times) {
			if at < mine.configs[0].from || at > mine.end {
				continue
			}
			compared.Add(1)
			a := mine.At(k, at)
			if got, want := p.find(at), word(a.Verdict, a.Near); got != want {
				d := difference{k, at, got, want}
				if explained(mine, p, d) {
					thinned.Add(1)
					continue
				}
				all = append(all, d)
				if len(all) == most {
					return all
				}
			}
		}
	}
	return all
}

// report drops records as long as there is a difference about the same rule and subject, and tells what is left.
func report(t testing.TB, s scenario, first difference, n int) string {
	if os.Getenv("BRIEF") != "" {
		return summary(t, s, n)
	}
	k := first.Key
	kept := s
	has := func(records []telemetry.Record) bool {
		x := scenario{seed: s.seed, records: records}
		return slices.ContainsFunc(differences(t, x, 0), func(d difference) bool { return d.Key == k && d.got == first.got && d.want == first.want })
	}
	deadline := time.Now().Add(8 * time.Second)
	for size := len(kept.records) / 2; size > 0 && time.Now().Before(deadline); {
		smaller := false
		for from := 1; from < len(kept.records)-1 && time.Now().Before(deadline); {
			to := min(from+size, len(kept.records)-1)
			if less := slices.Delete(slices.Clone(kept.records), from, to); has(less) {
				kept.records, smaller = less, true
			} else {
				from = to
			}
		}
		if !smaller || size > 1 {
			size /= 2
		}
	}
	var b strings.Builder
	mine, _ := New(siteID, kept.records)
	loc := mine.last().Site.Location.Location
	fmt.Fprintf(&b, "seed %d (%s): %d differences; of %d records these are left:\n", s.seed, s.way, n, len(s.records))
	for i := range kept.records {
		fmt.Fprintln(&b, "  ", show(&kept.records[i], loc))
	}
	for _, r := range mine.rulesOf(k) {
		fmt.Fprintf(&b, "  rule %s %s %s for %v keep %v\n", r.ID, r.Kind, r.Params, r.For, r.KeepFiring)
	}
	for i, c := range mine.configs {
		fmt.Fprintf(&b, "  definition %d: hours %v, exceptions %v, levels %v, reset %v\n", i, c.Site.Hours.Weekly[1], c.Site.Hours.Exceptions, c.Site.Levels, c.Site.Reset)
		if i == 0 {
			for _, d := range c.Site.Devices {
				fmt.Fprintf(&b, "    device %s at %v interval %v swap %t error %v whole %t measures %v %v\n", d.ID, d.Place, d.Interval, d.Swap, d.Error, d.Whole, d.Measures, c.Measures[d.ID])
			}
		}
	}
	for i, d := range differences(t, kept, 0) {
		if d.Key == k {
			fmt.Fprintf(&b, "  at %s %v: the engine says %s, recomputed %s\n", d.at.In(loc).Format("01-02 15:04:05"), d.Key, d.got, d.want)
		}
		if i > 12 {
			break
		}
	}
	return b.String()
}

// summary is the first difference about each rule and subject; BRIEF in the environment asks for it instead of the records that are to blame.
func summary(t testing.TB, s scenario, n int) string {
	mine, err := New(siteID, s.records)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d (%s): %d differences\n", s.seed, s.way, n)
	seen := map[Key]int{}
	for _, d := range differences(t, s, 0) {
		if seen[d.Key]++; seen[d.Key] == 1 {
			fmt.Fprintf(&b, "  at %s %v: the engine says %s, recomputed %s\n", d.at.In(mine.last().Site.Location.Location).Format("01-02 15:04:05"), d.Key, d.got, d.want)
		}
	}
	fmt.Fprintln(&b, "  ", seen)
	return b.String()
}

func show(r *telemetry.Record, loc *time.Location) string {
	at := r.At.In(loc).Format("01-02 15:04:05")
	if r.Received != r.At {
		at += " (received " + r.Received.In(loc).Format("01-02 15:04:05") + ")"
	}
	switch r.Kind {
	case telemetry.KindObservation:
		at += " " + r.Observation.Device
		for _, x := range r.Observation.Readings {
			at += fmt.Sprintf(" %s%s=%v%s", x.Quantity, x.Channel, x.Value, x.Text)
		}
		if r.Observation.Task != nil {
			at += fmt.Sprintf(" %+v", *r.Observation.Task)
		}
		if r.Observation.Flags != 0 {
			at += fmt.Sprint(" flags ", r.Observation.Flags)
		}
	case telemetry.KindEntry:
		at += fmt.Sprintf(" %s %q %v %s until %v", r.Entry.Kind, r.Entry.Subject, r.Entry.Value, r.Entry.Text, r.Entry.Until)
	case telemetry.KindService:
		at += fmt.Sprintf(" %+v", *r.Service)
	default:
		at += " " + r.Kind.String()
	}
	return at
}

// TestPlansAreRecomputed is the same about closed days, closings, maintenance, and levels that begin later or are taken back. PLANS in the environment
// is how many.
func TestPlansAreRecomputed(t *testing.T) {
	n := 5 // each takes as long as five others
	if testengine.Racing || testing.Short() {
		n = 1
	}
	if v, err := strconv.Atoi(os.Getenv("PLANS")); err == nil {
		n = v
	}
	for i := range n {
		one(t, firstPlanned+uint64(i))
	}
}
