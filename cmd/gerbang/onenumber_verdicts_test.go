package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/testengine"
)

// shares is how many milliseconds of each day a verdict was what.
func shares(steps []change, days []time.Time) []map[string]int64 {
	all := make([]map[string]int64, len(days)-1)
	for d := range all {
		from, to := days[d].UnixMilli(), days[d+1].UnixMilli()
		all[d] = map[string]int64{}
		for i, s := range steps {
			end := to
			if i+1 < len(steps) {
				end = min(to, steps[i+1].at)
			}
			if begin := max(from, s.at); begin < end {
				all[d][s.state] += end - begin
			}
		}
	}
	return all
}

// compareVerdicts holds how long each verdict held on each day against the journal's history.
func compareVerdicts(t *testing.T, r *rig, db *testengine.InfluxServer, weeks map[string]*week) {
	t.Helper()
	j, err := sqlite.OpenReader(t.Context(), r.data())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	state := func(v rules.Verdict, near bool) string { return fmt.Sprint(int(v), near) }
	want := map[string][]change{}
	late := 0
	err = j.Transitions(t.Context(), func(body string) error {
		var tr rules.Transition
		if err := json.Unmarshal([]byte(body), &tr); err != nil {
			return err
		}
		if tr.Late {
			late++
			return nil
		}
		key := tr.Site + " " + tr.Rule + " " + tr.Subject.String()
		want[key] = append(want[key], change{tr.At.Time().UnixMilli(), state(tr.To, tr.Near)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]change{}
	for _, s := range db.Query("gerbang", `SELECT state, near FROM verdict WHERE "late" = '' GROUP BY site, rule, subject`) {
		key := s.Tags["site"] + " " + s.Tags["rule"] + " " + s.Tags["subject"]
		for _, row := range s.Values {
			ns, _ := row[0].(json.Number).Int64()
			got[key] = append(got[key], change{time.Unix(0, ns).UnixMilli(), state(rules.Verdict(number(t, row[1])), number(t, row[2]) != 0)})
		}
	}
	if len(got) != len(want) || len(want) < 8 {
		t.Errorf("verdicts: InfluxDB has %v, the journal %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	breached := false
	for key := range want {
		site, _, _ := strings.Cut(key, " ")
		days := weeks[site].days
		g, w := shares(got[key], days), shares(want[key], days)
		for d := range w {
			if !maps.Equal(g[d], w[d]) {
				t.Errorf("%s on day %d, ms by verdict: InfluxDB %v, journal %v", key, d, g[d], w[d])
			}
			breached = breached || w[d][state(rules.Breached, false)] > 0
		}
	}
	if revised := db.Query("gerbang", `SELECT count(state) FROM verdict WHERE "late" = 'true'`); late > 0 && len(revised) == 0 {
		t.Errorf("%d late revisions are not in InfluxDB", late)
	}
	if !breached {
		t.Error("no verdict was breached all week: nothing was compared")
	}
}

// compareShares holds how long each verdict held on each day while the building was open, as one adds up the points of InfluxDB, against what the
// API adds up of the same knowledge. The buildings are open from eight to four, on clocks that nobody changes.
func compareShares(t *testing.T, r *rig, db *testengine.InfluxServer, weeks map[string]*week) {
	t.Helper()
	points := map[string][]change{}
	for _, s := range db.Query("gerbang", `SELECT state, near, idle FROM verdict WHERE "late" = '' GROUP BY site, rule, subject`) {
		key := s.Tags["site"] + " " + s.Tags["rule"] + " " + s.Tags["subject"]
		for _, row := range s.Values {
			ns, _ := row[0].(json.Number).Int64()
			state := compliance.StateOf(rules.Verdict(number(t, row[1])), number(t, row[2]) != 0, number(t, row[3]) != 0)
			points[key] = append(points[key], change{time.Unix(0, ns).UnixMilli(), state.String()})
		}
	}
	type sums struct {
		Within   float64 `json:"within_s"`
		Breached float64 `json:"breached_s"`
		Near     float64 `json:"near_s"`
		Open     float64 `json:"open_s"`
	}
	compared, breached := 0, 0.0
	for site, w := range weeks {
		var got struct {
			Measures []struct {
				Rule, Subject string
				Parts         []sums
			}
		}
		last := w.days[len(w.days)-2]
		if err := r.get(fmt.Sprintf("/api/v1/sites/%s/compliance?from=%s&to=%s&known=then", site, w.days[0].Format(time.DateOnly), last.Format(time.DateOnly)), &got); err != nil {
			t.Fatal(err)
		}
		for _, m := range got.Measures {
			steps := points[site+" "+m.Rule+" "+m.Subject]
			for d, part := range m.Parts {
				open := []time.Time{w.days[d].Add(8 * time.Hour), w.days[d].Add(16 * time.Hour)}
				want := shares(steps, open)[0]
				for state, s := range map[string]float64{"within": part.Within, "breached": part.Breached, "near": part.Near} {
					if ms := float64(want[state]); math.Abs(ms-1000*s) > 2*float64(len(steps)+1) {
						t.Errorf("%s %s %s on day %d, %s: InfluxDB %v ms, API %v s", site, m.Rule, m.Subject, d, state, ms, s)
					}
				}
				if part.Open != 8*3600 {
					t.Errorf("%s %s on day %d: open for %v s, want 8 h", site, m.Rule, d, part.Open)
				}
				compared++
				breached += part.Breached
			}
		}
	}
	if compared < 7*8 || breached == 0 {
		t.Errorf("only %d days of a verdict were compared, with %v s of breach", compared, breached)
	}
}
