package rules

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func conservationRule(subjects ...string) Rule {
	p, _ := NewParams("conservation")
	return Rule{ID: "doors", Kind: "conservation", Subjects: subjects, Params: p}
}

// office has a hall with two doors to outside, and a waiting room and a store behind inner doors.
func office(t testing.TB, rules ...Rule) *Definition {
	midnight := clockTime(0, 0)
	d := &Definition{
		Site: facility.Site{
			ID: "mpp", Location: location(t, "Asia/Jakarta"), Reset: &midnight, Hours: officeHours(),
			Zones: []facility.Zone{{ID: "hall"}, {ID: "waiting"}, {ID: "store"}},
			Doors: []facility.Door{
				{ID: "main", From: facility.Outside, To: "hall"}, {ID: "back", From: facility.Outside, To: "hall"},
				{ID: "inner", From: "hall", To: "waiting"}, {ID: "side", From: "waiting", To: "store"},
			},
		},
		Protocols: []Protocol{{ID: "p", Rules: rules}},
	}
	for _, id := range []string{"main", "back", "inner", "side"} {
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: "c-" + id, Model: "native", Accuracy: 0.98, Place: facility.Place{Kind: facility.AtDoor, ID: id}})
	}
	return d
}

// days lets people pass the office for some days from the n-th on. misses is the share of those going in that a counter misses, by
// door. Both outer doors are used in the same proportion unless mixed is set.
func (r *rig) days(rng *rand.Rand, from, n int, misses map[string]float64, mixed bool) {
	r.t.Helper()
	for day := from; day < from+n; day++ {
		date := time.Date(2022, 7, 5+day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		share := 0.6
		if mixed {
			share = 0.2 + 0.6*rng.Float64()
		}
		for hour := 8; hour < 16; hour++ {
			at := fmt.Sprintf("%s %02d:20:00", date, hour)
			count := func(door string, in, out float64) {
				missed := 0.0
				for range int(in) {
					if rng.Float64() < misses[door] {
						missed++
					}
				}
				r.read("c-"+door, at, telemetry.PeopleIn, math.Round(in)-missed, telemetry.PeopleOut, math.Round(out))
			}
			// Half of those who come in leave by the other door.
			visitors := 40 + float64(rng.IntN(30))
			main := math.Round(visitors * share)
			count("main", main, visitors-math.Round(visitors*0.5))
			count("back", visitors-main, math.Round(visitors*0.5))
			count("inner", math.Round(visitors*0.7), math.Round(visitors*0.7))
			count("side", math.Round(visitors*0.3), math.Round(visitors*0.3))
		}
	}
}

func (r *rig) inputOf(x Explanation, name, text string) float64 {
	r.t.Helper()
	for _, in := range x.Inputs {
		if in.Name == name && in.Text == text {
			return in.Value
		}
	}
	r.t.Errorf("no input %s of %q in %+v", name, text, x.Inputs)
	return 0
}

// TestConservationNamesTheInnerDoor: a door between two rooms is in both balances with opposite signs, so it is told from the others.
func TestConservationNamesTheInnerDoor(t *testing.T) {
	r := newRig(t, office(t, conservationRule()))
	rng := rand.New(rand.NewPCG(1, 1))
	r.wantVerdict("doors", "mpp", "unknown/pending")
	r.days(rng, 0, 12, nil, false)
	r.tick("2022-07-17 07:00:00")
	r.wantVerdict("doors", "mpp", "within")
	r.days(rng, 12, 8, map[string]float64{"inner": 0.08}, false)
	r.tick("2022-07-25 07:00:00")
	r.wantVerdict("doors", "mpp", "breached")
	x := r.explanation("doors", "mpp")
	if x.Detail != "c-inner" || x.Constraint != "door" {
		t.Errorf("named: got %s %q, want the door c-inner: %+v", x.Constraint, x.Detail, x)
	}
	// It misses 8 of 100 who go in, which are half of the passages.
	if bias := r.inputOf(x, InputDoorBias, "c-inner"); bias < 3 || bias > 5 {
		t.Errorf("bias: got %v people of 100 passages, want about 4", bias)
	}
	since := telemetry.Instant(r.inputOf(x, InputSince, "") * 1e9)
	if from, to := r.at("2022-07-17 00:00:00"), r.at("2022-07-20 00:00:00"); since < from || since > to {
		t.Errorf("since: got %v, want the closing of 17 July or one soon after", since.In(r.loc))
	}
	if a := r.inputOf(x, InputProposedAccuracy, "c-inner"); a < 85 || a > 93 {
		t.Errorf("proposed accuracy: got %v %%, want about 91", a)
	}
}

// TestConservationDoesNotGuess: two outer doors that are used alike every day cannot be told apart, and both are named as such.
func TestConservationDoesNotGuess(t *testing.T) {
	r := newRig(t, office(t, conservationRule()))
	r.days(rand.New(rand.NewPCG(2, 1)), 0, 14, map[string]float64{"back": 0.12}, false)
	r.tick("2022-07-19 07:00:00")
	r.wantVerdict("doors", "mpp", "breached")
	if x := r.explanation("doors", "mpp"); x.Detail != "c-back,c-main" || x.Constraint != "one_of" {
		t.Errorf("named: got %s %q, want one of the outer doors: %+v", x.Constraint, x.Detail, x)
	}
	// Where they are used in other proportions each day, they can.
	r = newRig(t, office(t, conservationRule()))
	r.days(rand.New(rand.NewPCG(2, 1)), 0, 20, map[string]float64{"back": 0.12}, true)
	r.tick("2022-07-25 07:00:00")
	if x := r.explanation("doors", "mpp"); x.Detail != "c-back" || x.Constraint != "door" {
		t.Errorf("named: got %s %q, want c-back: %+v", x.Constraint, x.Detail, x)
	}
}

// TestConservationIsAccepted: what a person accepts clears the check from its receipt on, and not before.
func TestConservationIsAccepted(t *testing.T) {
	for _, by := range []telemetry.EntryKind{telemetry.EntryDrift, telemetry.EntryAccuracy} {
		r := newRig(t, office(t, conservationRule()))
		rng := rand.New(rand.NewPCG(3, 1))
		r.days(rng, 0, 8, nil, false)
		r.days(rng, 8, 10, map[string]float64{"inner": 0.08}, false)
		r.tick("2022-07-23 07:00:00")
		x := r.explanation("doors", "mpp")
		if x.Detail != "c-inner" {
			t.Fatalf("%s: named: %+v", by, x)
		}
		n := telemetry.Entry{ID: "1", Kind: by, Author: "teknisi", Subject: "c-inner", Value: r.inputOf(x, InputDoorBias, "c-inner") / 100, Text: facility.BiasText(telemetry.Instant(r.inputOf(x, InputSince, "") * 1e9))}
		if by == telemetry.EntryAccuracy {
			n.Value, n.Text = r.inputOf(x, InputProposedAccuracy, "c-inner")/100, ""
		}
		restored := r.restored()
		for _, rig := range []*rig{r, restored} {
			rig.enter("2022-07-23 09:00:00", n)
			rig.days(rand.New(rand.NewPCG(4, 1)), 18, 7, map[string]float64{"inner": 0.08}, false)
			rig.tick("2022-07-30 07:00:00")
			rig.wantVerdict("doors", "mpp", "within")
		}
		a, _ := r.engine.Snapshot()
		b, _ := restored.engine.Snapshot()
		if string(a) != string(b) {
			t.Errorf("%s: an engine that was restored knows something else", by)
		}
		i := r.engine.instances[slices.IndexFunc(r.engine.instances, func(i *instance) bool { return i.rule == "doors" })]
		if f, _ := i.ask(r.at("2022-07-23 08:59:00"), Within); f.verdict != Breached {
			t.Errorf("%s: before it was accepted: got %s, want breached, as was known then", by, f.verdict)
		}
	}
}

func (r *rig) restored() *rig {
	r.t.Helper()
	b, err := r.engine.Snapshot()
	if err != nil {
		r.t.Fatal(err)
	}
	other := &rig{t: r.t, engine: New(r.engine.site), seq: r.seq, loc: r.loc}
	if err := other.engine.Restore(b); err != nil {
		r.t.Fatal(err)
	}
	return other
}

// TestConservationOfTheDTULibrary: people come in by one door and leave by the other, so each door for itself is off by hundreds; what
// both together cannot explain is little, and no door can be named for it.
func TestConservationOfTheDTULibrary(t *testing.T) {
	f, err := os.Open(filepath.Join(dataDir(t), "dtu-library", "Occu_data_library.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := csv.NewReader(f)
	c.Comma = ';'
	rows, err := c.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	library := func(accuracy float64) *rig {
		d := building(t, "Europe/Copenhagen", 30*time.Minute, "dtu-lyn-indgang", "dtu-lyn-boghandel")
		d.Protocols[0].Rules = []Rule{conservationRule()}
		for i := range d.Site.Devices {
			d.Site.Devices[i].Accuracy = accuracy
		}
		r := &rig{t: t, engine: New("b"), loc: d.Site.Location.Location}
		r.configure(d, r.at("2021-08-02 09:30:00"))
		for _, row := range rows[1:] {
			at := r.at(row[0])
			n, _ := strconv.Atoi(row[2])
			m, _ := strconv.Atoi(row[3])
			r.apply(reading(row[1], at, at, telemetry.PeopleIn, n, telemetry.PeopleOut, m))
		}
		r.tick("2021-12-28 12:00:00")
		return r
	}
	for _, accuracy := range []float64{0.98, 0.99, 0.998} {
		r := library(accuracy)
		x := r.explanation("doors", "b")
		main, books, both := r.inputOf(x, InputDoorBalance, "dtu-lyn-indgang"), r.inputOf(x, InputDoorBalance, "dtu-lyn-boghandel"), r.inputOf(x, InputTogether, "")
		if main != -1295 || books != 528 || both != -767 {
			t.Errorf("balances: got %v and %v, %v together; want -1295 and 528, -767 together", main, books, both)
		}
		if since := telemetry.Instant(r.inputOf(x, InputCountingSince, "") * 1e9); since != r.at("2021-08-02 09:30:00") {
			t.Errorf("since: got %v", since.In(r.loc))
		}
		if n := r.inputOf(x, InputAllPassages, ""); n != 146_968+147_735 {
			t.Errorf("passages: got %v", n)
		}
		breaches := 0
		for _, n := range r.out.Transitions {
			if n.Rule != "doors" || n.To != Breached {
				continue
			}
			breaches++
			x := n.Explanation
			t.Logf("accuracy %v: %s: %v ± %v %% of passages, since %s", accuracy, n.At.In(r.loc).Format(time.DateOnly), x.Value, x.Error,
				telemetry.Instant(r.inputOf(x, InputSince, "")*1e9).In(r.loc).Format(time.DateOnly))
			// Both doors are busy on the same days: nothing tells which of them is off.
			if x.Constraint != "one_of" || x.Detail != "dtu-lyn-boghandel,dtu-lyn-indgang" {
				t.Errorf("accuracy %v, %s: named %s %q, want one of both doors", accuracy, n.At.In(r.loc).Format(time.DateOnly), x.Constraint, x.Detail)
			}
		}
		t.Logf("accuracy %v: in the end %s: %v ± %v %% of passages in %v closings, allowed %v", accuracy, r.verdict("doors", "b"), x.Value, x.Error, r.inputOf(x, InputClosings, ""), x.Limit)
		if within := accuracy == 0.98; within != (breaches == 0) {
			t.Errorf("accuracy %v: %d breaches; want none at 98 %%, and some above", accuracy, breaches)
		}
	}
}
