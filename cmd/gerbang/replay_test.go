package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/replay"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// recorded is the folder with the public data sets, or the test is skipped.
func recorded(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("GERBANG_DATA")
	if folder == "" {
		t.Skip("GERBANG_DATA names no folder with the data sets")
	}
	return folder
}

// replayed plays a table into a new journal, checks the journal against itself, and gives its folder and the summary.
func replayed(t *testing.T, args ...string) (dir string, sum replay.Summary) {
	t.Helper()
	dir = t.TempDir()
	code, out, errs := run(t, "", slices.Concat([]string{"replay", "--json", "--journal", dir}, args)...)
	if err := json.Unmarshal([]byte(out), &sum); err != nil {
		t.Fatalf("replay: got code %d: %s (%v)", code, errs, err)
	}
	if want := min(int(sum.Problems), 1); code != want {
		t.Fatalf("replay: got code %d, want %d: %s", code, want, errs)
	}
	if code, out, errs := run(t, "", "journal", "check", "--data", dir); code != 0 {
		t.Errorf("journal check: got code %d: %s%s", code, out, errs)
	}
	return dir, sum
}

// totals are those of the one site that a table is about.
func totals(t *testing.T, sum *replay.Summary, site string) (in, out float64) {
	t.Helper()
	for _, s := range sum.Sites {
		if s.ID == site {
			return s.In, s.Out
		}
	}
	t.Fatalf("no site %s in %+v", site, sum)
	return 0, 0
}

// Every table in the order of its file, shuffled within the lateness bound, and twice over: the numbers counted in the files
// by other means, and the same state at the end of every day.
func TestReplayInAnyOrderGivesTheSame(t *testing.T) {
	folder := recorded(t)
	for _, tt := range []struct {
		mapping, file, site string
		messages            uint64
		in, out             float64
	}{
		{"calit2", "calit2/CalIt2.data", "calit2", 5040, 19597, 18837},
		{"dtu-library", "dtu-library/Occu_data_library.csv", "dtu-library", 10721, 146968, 147735},
		{"mta-110528", "mta-turnstile/turnstile_110528.part.txt", "mta", 6183, 1772266, 1534923},
	} {
		if testengine.Racing && tt.mapping != "calit2" {
			continue
		}
		t.Run(tt.mapping, func(t *testing.T) {
			args := []string{"--mapping", "../../replay/mappings/" + tt.mapping + ".yaml", filepath.Join(folder, tt.file)}
			plain, sum := replayed(t, args...)
			want := days(t, plain, tt.site)
			if len(want) < 7 {
				t.Fatalf("only %d days", len(want))
			}
			if in, out := totals(t, &sum, tt.site); sum.Stored != tt.messages || in != tt.in || out != tt.out {
				t.Errorf("got %d messages, in %v, out %v; want %d, %v, %v", sum.Stored, in, out, tt.messages, tt.in, tt.out)
			}
			for name, more := range map[string][]string{"shuffled": {"--shuffle", "100s", "--seed", "7"}, "twice": {"--times", "2"}} {
				dir, again := replayed(t, append(more, args...)...)
				if in, out := totals(t, &again, tt.site); again.Stored != tt.messages || in != tt.in || out != tt.out {
					t.Errorf("%s: got %d messages, in %v, out %v; want %d, %v, %v", name, again.Stored, in, out, tt.messages, tt.in, tt.out)
				}
				if got := map[string]uint64{"shuffled": 0, "twice": tt.messages}[name]; again.Duplicates != got {
					t.Errorf("%s: got %d duplicates, want %d", name, again.Duplicates, got)
				}
				compareDays(t, name, days(t, dir, tt.site), want)
			}
		})
	}
}

// day is what is known at a time of day at which no message is under way.
type day struct {
	at       time.Time
	persons  rules.Estimate
	doors    string
	verdicts string
}

// days rebuilds a site from its journal and looks at it once a day, at a quarter past an hour: the tables are written at
// hours and half hours, and the shuffle is shorter than a quarter.
func days(t *testing.T, dir, site string) (all []day) {
	t.Helper()
	j, err := sqlite.OpenReader(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	engine := rules.New(site)
	var out rules.Output
	var next telemetry.Instant
	err = j.Replay(t.Context(), site, 0, func(rec *telemetry.Record) error {
		for next != 0 && rec.Received > next {
			all = append(all, look(engine.View(), next))
			next = next.Add(24 * time.Hour)
		}
		if rec.Kind == telemetry.KindObservation && next == 0 {
			first := rec.Received.Time()
			next = telemetry.InstantOf(time.Date(first.Year(), first.Month(), first.Day(), 14, 15, 0, 0, time.UTC))
		}
		if rec.Kind == telemetry.KindRejection {
			return nil
		}
		out.Reset()
		return engine.Apply(rec, &out)
	})
	if err != nil {
		t.Fatal(err)
	}
	return append(all, look(engine.View(), next))
}

func look(v rules.View, at telemetry.Instant) day {
	var doors, verdicts strings.Builder
	for _, d := range v.Doors {
		fmt.Fprintf(&doors, "%s %v/%v, ", d.ID, d.InTotal, d.OutTotal)
	}
	for _, x := range v.Verdicts {
		fmt.Fprintf(&verdicts, "%s of %s: %v, ", x.Rule, x.Subject, x.Verdict)
	}
	return day{at.Time(), v.Persons, doors.String(), verdicts.String()}
}

func compareDays(t *testing.T, name string, got, want []day) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d days, want %d", name, len(got), len(want))
	}
	for i := range want {
		g, w := got[i], want[i]
		g.persons.Anchor, w.persons.Anchor = 0, 0 // counting begins with the configuration, which comes with the first message
		if g != w {
			t.Fatalf("%s: on %s got\n%+v\nwant\n%+v", name, want[i].at.Format(time.DateTime), g, w)
		}
	}
}

// More people leave by this door than come in: the raw balance goes far below zero, and nobody is ever shown a negative
// number of people.
func TestReplayNeverShowsNegativeOccupancy(t *testing.T) {
	if testengine.Racing {
		t.Skip("weeks of a real series: CI replays them without the detector")
	}
	dir, sum := replayed(t, "--mapping", "../../replay/mappings/calit2.yaml", filepath.Join(recorded(t), "calit2/CalIt2.data"))
	for _, s := range sum.Sites {
		if s.Lowest != nil && s.Lowest.Persons < 0 {
			t.Errorf("lowest: got %v", s.Lowest)
		}
	}
	j, err := sqlite.OpenReader(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	engine := rules.New("calit2")
	var out rules.Output
	negative := 0
	err = j.Replay(t.Context(), "calit2", 0, func(rec *telemetry.Record) error {
		out.Reset()
		if err := engine.Apply(rec, &out); err != nil {
			return err
		}
		for _, s := range out.Samples {
			if s.Persons < 0 {
				t.Errorf("sample %+v", s)
			}
		}
		p := engine.View().Persons
		if p.Raw < 0 {
			negative++
			// More left than came, so somebody was inside before: who came since may still be there.
			if p.Persons < 0 || p.Low < 0 || p.High < p.Persons || p.Known && p.Reason != rules.ReasonNegative {
				t.Errorf("raw %v: shown as %+v, want nobody or more and the reason negative", p.Raw, p)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if negative < 97 {
		t.Errorf("the raw balance was negative %d times, want at least once on 97 days", negative)
	}
}

// From the end of September to the end of October nobody heard anything: that is unknown, not empty and not compliant.
func TestReplayTakesAGapForUnknown(t *testing.T) {
	if testengine.Racing {
		t.Skip("weeks of a real series: CI replays them without the detector")
	}
	dir, _ := replayed(t, "--mapping", "../../replay/mappings/dtu-library.yaml", filepath.Join(recorded(t), "dtu-library/Occu_data_library.csv"))
	j, err := sqlite.OpenReader(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	from := telemetry.InstantOf(time.Date(2021, 10, 1, 0, 0, 0, 0, time.UTC))
	until := telemetry.InstantOf(time.Date(2021, 10, 31, 0, 0, 0, 0, time.UTC))
	state := map[rules.Subject]rules.Verdict{}
	empty := map[rules.Subject]time.Duration{}
	seen := 0
	err = j.Transitions(t.Context(), func(body string) error {
		var tr rules.Transition
		if err := json.Unmarshal([]byte(body), &tr); err != nil {
			return err
		}
		switch {
		case tr.Rule != "capacity":
		case tr.At < from && (!tr.Late || tr.Until > from):
			state[tr.Subject] = tr.To
		case tr.At < until:
			seen++
			// Each night the building is verified empty: it is, until it opens and nobody hears who comes.
			if at := tr.At.Time(); tr.To == rules.Within && at.Minute() == 0 && tr.Explanation.High == 0 && !tr.Late {
				empty[tr.Subject] -= time.Duration(tr.At)
			} else if tr.To != rules.Unknown {
				t.Errorf("within the gap: %s", body)
			} else if tr.From == rules.Within && !tr.Late {
				empty[tr.Subject] += time.Duration(tr.At)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(state) == 0 {
		t.Error("no verdict of capacity before the gap")
	}
	for subject, long := range empty {
		if long > 30*5*time.Hour {
			t.Errorf("%s was known to be empty for %v of 30 days, want the nights from the reset to the opening", subject, long)
		}
	}
	for subject, v := range state {
		if v != rules.Unknown {
			t.Errorf("%s when the gap began: got %v, want unknown (%d changes within)", subject, v, seen)
		}
	}
}

// A reading that repeats the time and the totals of the one before adds nothing; neither does the order of arrival.
func TestReplayedRepetitionsOfATotalAddNothing(t *testing.T) {
	if testengine.Racing {
		t.Skip("weeks of a real series: CI replays them without the detector")
	}
	folder := recorded(t)
	mapping, err := os.ReadFile("../../replay/mappings/mta-110528.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config, err := filepath.Abs("../../replay/mappings/gerbang.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// All audits, not only the regular ones: 286 of them repeat a time.
	all := strings.NewReplacer("only: {DESC: [REGULAR]}\n", "", "config: gerbang.yaml", "config: "+config).Replace(string(mapping))
	path := writeFile(t, t.TempDir(), "mta-all.yaml", all)
	for _, more := range [][]string{nil, {"--shuffle", "100s"}, {"--times", "2"}} {
		_, sum := replayed(t, slices.Concat([]string{"--mapping", path}, more, []string{filepath.Join(folder, "mta-turnstile/turnstile_110528.part.txt")})...)
		// Of each turnstile the last total less the first, summed up outside of this program.
		if in, out := totals(t, &sum, "mta"); sum.Messages%7343 != 0 || in != 1781626 || out != 1539103 {
			t.Errorf("%v: got %d messages, in %v, out %v; want 7343, 1781626, 1539103", more, sum.Messages, in, out)
		}
	}
}
