package web

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func weekly(t *testing.T, edit func(*pastWeek)) (*running, *pastWeek) {
	p := aWeek(t)
	if edit != nil {
		edit(p)
	}
	return start(t, newFleet(), func(o *Options) { o.Histories = p }), p
}

func (r *running) compliance(t *testing.T, query string) (c apiCompliance) {
	t.Helper()
	a := r.get("/api/v1/sites/mpp-gresik/compliance" + query)
	if a.StatusCode != 200 {
		t.Fatalf("%s: %d %s", query, a.StatusCode, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// The API gives what compliance.Compute adds up; its tables add up to the same, by the arithmetic of whoever has only them.
func TestComplianceAddsUpInEveryForm(t *testing.T) {
	r, _ := weekly(t, nil)
	c := r.compliance(t, "?by=hour")
	if len(c.Measures) != 6 || len(c.Parts) < 100 || c.Figure.Kept == nil || c.Figure.Rule != "kapasitas" || c.Figure.State != "breached" || c.Method == "" {
		t.Fatalf("%d measures, %d parts, figure %+v", len(c.Measures), len(c.Parts), c.Figure)
	}
	sums := map[string]map[string]float64{}
	rows, err := csv.NewReader(strings.NewReader(r.get("/api/v1/sites/mpp-gresik/intervals.csv").body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	late := false
	for _, row := range rows[1:] {
		key := row[1] + " " + row[2]
		if sums[key] == nil {
			sums[key] = map[string]float64{}
		}
		seconds, err := strconv.ParseFloat(row[6], 64)
		if err != nil {
			t.Fatal(err)
		}
		if row[7] == "true" {
			sums[key][row[8]] += seconds
			sums[key]["open"] += seconds
		}
		late = late || row[11] == "true"
	}
	if !late {
		t.Error("no interval says that late data made it")
	}
	for _, m := range c.Measures {
		got := sums[m.Rule+" "+m.Subject]
		for state, want := range map[string]float64{"open": m.Total.Open, "within": m.Total.Within, "breached": m.Total.Breached, "near": m.Total.Near, "unknown": m.Total.Unknown, "idle": m.Total.Idle} {
			if math.Abs(got[state]-want) > 1e-6 {
				t.Errorf("%s %s: %s for %v s by the table of intervals, %v s by the sums", m.Rule, m.Subject, state, got[state], want)
			}
		}
		if s := m.Total; math.Abs(s.Within+s.Breached+s.Near+s.Unknown+s.Idle-s.Open) > 1e-6 {
			t.Errorf("%s: %+v does not add up", m.Rule, s)
		}
	}
	table, err := csv.NewReader(strings.NewReader(r.get("/api/v1/sites/mpp-gresik/compliance.csv?by=total").body)).ReadAll()
	if err != nil || len(table) != 1+len(c.Measures) {
		t.Errorf("a table of %d lines (%v), want one for each of %d measures", len(table), err, len(c.Measures))
	}
	var fleet struct{ Items []apiSiteFigure }
	if err := json.Unmarshal([]byte(r.get("/api/v1/compliance").body), &fleet); err != nil || len(fleet.Items) != 10 {
		t.Fatalf("%d sites (%v), want 10", len(fleet.Items), err)
	}
	if got, want := fleet.Items[0].Figure, c.Figure; fmt.Sprint(*got.Kept, *got.Observed, got.Rule) != fmt.Sprint(*want.Kept, *want.Observed, want.Rule) {
		t.Errorf("the fleet says %+v, the site %+v", got, want)
	}
}

// What was known then is not rewritten by what came late; where the two differ is told, with the reading.
func TestComplianceKnownThenAndNow(t *testing.T) {
	r, _ := weekly(t, nil)
	now, then := r.compliance(t, "?by=total"), r.compliance(t, "?by=total&known=then")
	breached := func(c *apiCompliance) (s float64) {
		for _, m := range c.Measures {
			s += m.Total.Breached
		}
		return s
	}
	if d := breached(&now) - breached(&then); d != 25*60 {
		t.Errorf("late data adds %v s of breach, want 1500", d)
	}
	if len(now.Revisions) != 0 || len(then.Revisions) != 1 {
		t.Fatalf("revisions: %+v now, %+v then", now.Revisions, then.Revisions)
	}
	v := then.Revisions[0]
	if v.Then != "within" || v.Now != "breached" || v.To.Sub(v.From).Minutes() != 25 || v.Told.IsZero() || len(v.Readings) != 1 || v.Readings[0].Device != "hitung-utama" {
		t.Errorf("the revision is %+v", v)
	}
	before := r.compliance(t, "?by=total&known="+v.Told.Add(-1).UTC().Format("2006-01-02T15:04:05Z"))
	if after := r.compliance(t, "?by=total&known="+v.Told.UTC().Format("2006-01-02T15:04:05Z")); breached(&after)-breached(&before) != 25*60 || !after.To.Equal(v.Told) {
		t.Errorf("a second before it was told %v s, then %v s up to %v", breached(&before), breached(&after), after.To)
	}
}

// Impossible questions are refused in words that say what is wanted; what is too long never reaches the journal.
func TestComplianceRefusesWhatCannotBe(t *testing.T) {
	r, p := weekly(t, nil)
	for query, want := range map[string]string{
		"?from=2026-02-30":                       "want a day such as",
		"?from=yesterday":                        "want a day such as",
		"?from=1970-01-01":                       "a year from 2000",
		"?to=9999-12-31":                         "a year from 2000",
		"?from=2026-01-05&to=2026-01-01":         "want later than its begin",
		"?from=2199-01-01&to=2199-02-01":         "lies in the future",
		"?from=2001-01-01":                       "more than 400 days",
		"?from=2025-06-01&to=2025-12-01&by=hour": "ask for days",
		"?by=minute":                             "expected value to be one of",
		"?known=soon":                            "want now, then, or a time",
		"?known=2199-01-01T00:00:00Z":            "lies in the future",
		"?known=1999-01-01T00:00:00Z":            "before the year 2000",
		"?from=" + strings.Repeat("9", 50):       "expected length <= 40",
	} {
		if a := r.get("/api/v1/sites/mpp-gresik/compliance" + query); a.StatusCode != 422 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s, want 422 and %q", query, a.StatusCode, a.body, want)
		}
	}
	if a := r.get("/api/v1/compliance?from=2025-06-01&to=2025-12-01"); a.StatusCode != 422 || !strings.Contains(a.body, "62 days") {
		t.Errorf("half a year of all sites: %d %s", a.StatusCode, a.body)
	}
	if len(p.asked) != 0 {
		t.Errorf("the journal was asked %v", p.asked)
	}
	if a := r.get("/api/v1/sites/none/compliance"); a.StatusCode != 404 {
		t.Errorf("no such site: %d", a.StatusCode)
	}
	p.err = fmt.Errorf("reading: %w", ErrTooMuch)
	if a := r.get("/api/v1/sites/mpp-gresik/compliance"); a.StatusCode != 422 || !strings.Contains(a.body, "shorter") {
		t.Errorf("too much: %d %s", a.StatusCode, a.body)
	}
	p.err = errors.New("secret of the disk")
	if a := r.get("/api/v1/sites/mpp-gresik/compliance"); a.StatusCode != 500 || strings.Contains(a.body, "secret") {
		t.Errorf("a failure: %d %s", a.StatusCode, a.body)
	}
}

// Where nothing was observed the figure is unknown, not 100 %.
func TestComplianceOfNothingIsUnknown(t *testing.T) {
	r, _ := weekly(t, func(p *pastWeek) { p.past = nil })
	c := r.compliance(t, "")
	if c.Figure.Kept != nil || c.Figure.State != "unknown" || c.Figure.Blind == 0 || !strings.Contains(c.Figure.Sentence, "Unknown") {
		t.Errorf("the figure is %+v", c.Figure)
	}
}

// The tables that the page of a week links to are those of that week, as it is known there.
func TestTheTablesOfAWeekAreOfThatWeek(t *testing.T) {
	r, _ := weekly(t, nil)
	page := r.get("/site/mpp-gresik/compliance?to=2025-12-31").body
	for _, table := range []string{"compliance", "intervals"} {
		if want := `href="/api/v1/sites/mpp-gresik/` + table + `.csv?from=2025-12-25&amp;known=now&amp;to=2025-12-31"`; !strings.Contains(page, want) {
			t.Errorf("%s: the page has no %s", table, want)
		}
	}
}

// Finding: the sentence of a past day described the moment at which the state began, even days before, as if it were of that day.
func TestAPastDaySaysSinceWhen(t *testing.T) {
	r, _ := weekly(t, func(p *pastWeek) {
		p.past = slices.DeleteFunc(p.past, func(x rules.Transition) bool {
			return x.Rule == "semprot" && facility.DateOf(x.At.In(time.UTC)) != (facility.Date{Year: 2025, Month: 12, Day: 30}) || x.Rule == "kapasitas" && x.Subject.ID == "loket"
		})
	})
	for _, tc := range []struct{ query, lang, want, not string }{
		{"day=2026-01-02&rule=semprot", "en", "Since 30 Dec 2025, 07:15: To be done before opening, at most 2 h ahead. Last done 06:30 WIB.", "ago"},
		{"day=2026-01-02&rule=semprot", "id", "Sejak 30 Des 2025, 07.15: ", ""},
		{"day=2025-12-30&rule=semprot", "en", "Since 07:15: ", "Since 30"},
		{"day=2026-01-02&rule=suhu", "en", "08:20", "Since 08:20"}, // it began within the interval that is told
	} {
		body := r.get("/site/mpp-gresik/compliance?to=2026-01-04&"+tc.query, "Accept-Language", tc.lang).body
		if _, body, _ = strings.Cut(body, `id="detail"`); !strings.Contains(body, tc.want) || tc.not != "" && strings.Contains(body, tc.not) {
			t.Errorf("%s in %s: want %q and not %q in %s", tc.query, tc.lang, tc.want, tc.not, body)
		}
	}
}

// Finding: time under maintenance could not be told from other time in which nothing was judged.
func TestMaintenanceStandsApart(t *testing.T) {
	r, _ := weekly(t, func(p *pastWeek) {
		loc := time.FixedZone("WIB", 7*3600)
		for i, x := range []rules.Explanation{{Reason: rules.ReasonMaintenance}, {Value: 611, HasValue: true, Limit: 1000, HasLimit: true, Unit: "ppm"}} {
			at := telemetry.InstantOf(time.Date(2026, 1, 2, 9+2*i, 0, 0, 0, loc))
			p.past = append(p.past, rules.Transition{Site: "mpp-gresik", Rule: "udara", Kind: "expression", Subject: rules.Subject{Kind: rules.SubjectZone, ID: "ruang-tunggu"},
				At: at, Told: at, To: []rules.Verdict{rules.Unknown, rules.Within}[i], Idle: x.Reason.Idle(), Explanation: x})
		}
		slices.SortStableFunc(p.past, func(a, b rules.Transition) int { return cmp.Compare(a.Told, b.Told) })
	})
	for _, m := range r.compliance(t, "?from=2025-12-29&to=2026-01-04&by=total").Measures {
		want := map[string]float64{"udara": 2 * 3600}[m.Rule]
		if m.Total.Maintenance != want || m.Total.Idle < want {
			t.Errorf("%s: %v s of maintenance in %v s idle, want %v", m.Rule, m.Total.Maintenance, m.Total.Idle, want)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(r.get("/api/v1/sites/mpp-gresik/compliance.csv?from=2025-12-29&to=2026-01-04&by=total").body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if last := row[len(row)-1]; row[1] == "udara" && last != "7200" || row[1] == "rule" && last != "maintenance_s" {
			t.Errorf("a line ends in %s: %v", last, row)
		}
	}
	for lang, want := range map[string][]string{"en": {">Maintenance</th>", "<b>5.3 %</b>", "under maintenance 26.6 % of the opening time"}, "id": {">Pemeliharaan</th>", "26,6 % dari jam buka dalam pemeliharaan"}} {
		body := r.get("/site/mpp-gresik/compliance?to=2026-01-04", "Accept-Language", lang).body
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: the page has no %q", lang, w)
			}
		}
	}
	if body := r.get("/site/mpp-gresik/compliance?to=2025-12-28").body; strings.Contains(body, ">Maintenance</th>") {
		t.Error("a week without maintenance has a column of it")
	}
}
